//! What goes into a group of lanes.

use super::{
    Rows, Shared, Vector,
    pixel::{MAX_LANES, Scratch},
};
use crate::{
    PixelStatus, Real, Weights,
    lanes::Lanes,
    screen::{Screened, screen_pixel},
};

/// What goes into a group of lanes. A lane without a pixel to invert holds harmless numbers.
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
        let n = shared.channels;
        let (zero, one) = (V::Scalar::default(), V::Scalar::from_f64(1.0));
        let mut counts = [[zero; MAX_LANES]; NF];
        let mut inverse_sigma = [[zero; MAX_LANES]; NF];
        let mut g = [[zero; MAX_LANES]; NF];
        let mut used = [V::Scalar::from_f64(n as f64); MAX_LANES];
        let mut screened = [Screened {
            saturated: 0,
            verdict: Err(PixelStatus::NoChannel),
        }; MAX_LANES];
        for lane in 0..V::COUNT {
            let pixel = first + lane;
            if pixel < pixels {
                let (count, sigma) = (
                    &rows.counts[pixel * n..][..n],
                    &rows.sigma[pixel * n..][..n],
                );
                screened[lane] = screen_pixel(shared.inversion, count, sigma);
                if let Ok(dropped) = screened[lane].verdict {
                    for f in 0..n {
                        if dropped & (1 << f) == 0 {
                            counts[f][lane] = count[f];
                            inverse_sigma[f][lane] = one / sigma[f];
                            g[f][lane] = count[f] / sigma[f];
                        }
                    }
                    used[lane] = V::Scalar::from_f64((n - dropped.count_ones() as usize) as f64);
                    continue;
                }
            }
            for f in 0..n {
                (counts[f][lane], inverse_sigma[f][lane], g[f][lane]) = (one, one, one);
            }
        }
        let given = load_weights(
            shared,
            rows.first + first,
            pixels - first,
            scratch,
            &mut screened,
        );
        let (mut a, mut b, mut c) = (
            [V::constant(0.0); NF],
            [V::constant(0.0); NF],
            [V::constant(0.0); NF],
        );
        for f in 0..NF {
            (a[f], b[f], c[f]) = (
                V::load(&counts[f]),
                V::load(&inverse_sigma[f]),
                V::load(&g[f]),
            );
        }
        Self {
            counts: a,
            inverse_sigma: b,
            g: c,
            channels: V::load(&used),
            given,
            screened,
        }
    }
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
