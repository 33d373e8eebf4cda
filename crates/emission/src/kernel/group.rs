//! The input of a group of lanes.

use super::{
    scratch::Scratch,
    shared::{Rows, Shared},
    vectors::{MAX_LANES, Vector},
};
use crate::{
    PixelStatus, Real, Weights,
    lanes::Lanes,
    screen::{Screened, screen_pixel},
};

/// The input of a group of lanes. A lane without a pixel to invert holds harmless numbers.
pub(super) struct LaneGroup<V: Lanes, const NF: usize> {
    pub(super) counts: Vector<V, NF>,
    pub(super) inverse_sigma: Vector<V, NF>,
    pub(super) g: Vector<V, NF>,
    /// Channels in use.
    pub(super) channels: V,
    pub(super) given: bool,
    pub(super) screened: [Screened; MAX_LANES],
}

impl<V: Lanes, const NF: usize> LaneGroup<V, NF> {
    /// Pixels from `first` on.
    #[inline(always)]
    pub(super) fn load_pixels(
        shared: &Shared<'_, V::Scalar, NF>,
        rows: Rows<'_, V::Scalar>,
        first: usize,
        pixels: usize,
        scratch: &mut Scratch<V, NF>,
    ) -> Self {
        let mut numbers = LaneNumbers::new(shared.channels);
        for lane in 0..V::COUNT {
            let pixel = first + lane;
            if pixel >= pixels || !numbers.load_pixel(shared, rows, lane, pixel) {
                numbers.fill_idle(shared.channels, lane);
            }
        }
        let mut screened = numbers.screened;
        let given = load_weights(
            shared,
            rows.first + first,
            pixels - first,
            scratch,
            &mut screened,
        );
        Self {
            counts: load_vector(&numbers.counts),
            inverse_sigma: load_vector(&numbers.inverse_sigma),
            g: load_vector(&numbers.g),
            channels: V::load(&numbers.used),
            given,
            screened,
        }
    }
}

/// Numbers of a group by channel and lane, before they go into lanes.
struct LaneNumbers<T, const NF: usize> {
    counts: [[T; MAX_LANES]; NF],
    inverse_sigma: [[T; MAX_LANES]; NF],
    g: [[T; MAX_LANES]; NF],
    /// Channels in use.
    used: [T; MAX_LANES],
    screened: [Screened; MAX_LANES],
}

impl<T: Real, const NF: usize> LaneNumbers<T, NF> {
    #[inline(always)]
    fn new(channels: usize) -> Self {
        let zero = T::default();
        Self {
            counts: [[zero; MAX_LANES]; NF],
            inverse_sigma: [[zero; MAX_LANES]; NF],
            g: [[zero; MAX_LANES]; NF],
            used: [T::from_f64(channels as f64); MAX_LANES],
            screened: [Screened {
                saturated: 0,
                verdict: Err(PixelStatus::NoChannel),
            }; MAX_LANES],
        }
    }

    /// Loads a pixel into a lane; `false` if it is not to be inverted.
    #[inline(always)]
    fn load_pixel(
        &mut self,
        shared: &Shared<'_, T, NF>,
        rows: Rows<'_, T>,
        lane: usize,
        pixel: usize,
    ) -> bool {
        let n = shared.channels;
        let count = &rows.counts[pixel * n..][..n];
        let sigma = &rows.sigma[pixel * n..][..n];
        self.screened[lane] = screen_pixel(shared.inversion, count, sigma);
        let Ok(dropped) = self.screened[lane].verdict else {
            return false;
        };
        for f in 0..n {
            if dropped & (1 << f) == 0 {
                self.counts[f][lane] = count[f];
                self.inverse_sigma[f][lane] = T::from_f64(1.0) / sigma[f];
                self.g[f][lane] = count[f] / sigma[f];
            }
        }
        self.used[lane] = T::from_f64((n - dropped.count_ones() as usize) as f64);
        true
    }

    /// Fills a lane without a pixel with harmless numbers.
    #[inline(always)]
    fn fill_idle(&mut self, channels: usize, lane: usize) {
        let one = T::from_f64(1.0);
        for f in 0..channels {
            self.counts[f][lane] = one;
            self.inverse_sigma[f][lane] = one;
            self.g[f][lane] = one;
        }
    }
}

#[inline(always)]
fn load_vector<V: Lanes, const NF: usize>(from: &[[V::Scalar; MAX_LANES]; NF]) -> Vector<V, NF> {
    let mut vector = [V::constant(0.0); NF];
    for f in 0..NF {
        vector[f] = V::load(&from[f]);
    }
    vector
}

/// Given weights into `scratch.b`; whether they are to be used. Rows that stand for "not given" are
/// all or none in a group, or solved by the definition (see `cpu`).
#[inline(always)]
fn load_weights<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    first: usize,
    pixels: usize,
    scratch: &mut Scratch<V, NF>,
    screened: &mut [Screened; MAX_LANES],
) -> bool {
    let Weights::Given(given) = &shared.inversion.weights else {
        return false;
    };
    let one_row = given.nrows() == 1;
    for t in 0..shared.response.len() {
        let mut here = [V::Scalar::from_f64(1.0); MAX_LANES];
        for lane in 0..V::COUNT.min(pixels) {
            let weight = given[[if one_row { 0 } else { first + lane }, t]];
            here[lane] = V::Scalar::from_f64(weight);
            if !V::Scalar::has_room_for(weight, shared.constraint) && screened[lane].verdict.is_ok()
            {
                screened[lane].verdict = Err(PixelStatus::OutOfRange);
            }
        }
        scratch.b[t] = V::load(&here).abs();
    }
    true
}
