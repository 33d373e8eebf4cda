//! Values at places on the CPU, with the bits of the definition: all bands of a place together,
//! places by several threads.

use super::{
    Gathering, ImageView, Masked, Pixels,
    taps::{Axis, Taps, axes, resolve_place, taps_at},
};
use crate::Sampling;
use half::f16;
use ndarray::Array2;
use rayon::prelude::*;

/// Places that a thread takes at a time.
const AT_ONCE: usize = 1024;

/// A sample of an image.
trait Sample: Copy + Sync {
    /// The sample as `f64`, exactly.
    fn widen(self) -> f64;
}

impl Sample for u8 {
    #[inline(always)]
    fn widen(self) -> f64 {
        f64::from(self)
    }
}

impl Sample for u16 {
    #[inline(always)]
    fn widen(self) -> f64 {
        f64::from(self)
    }
}

impl Sample for f16 {
    #[inline(always)]
    fn widen(self) -> f64 {
        f64::from(self)
    }
}

impl Sample for f32 {
    #[inline(always)]
    fn widen(self) -> f64 {
        f64::from(self)
    }
}

/// [`super::reference::gather`] by several threads.
pub(super) fn gather_values(
    image: ImageView<'_>,
    places: &[[f64; 2]],
    how: Gathering,
) -> Array2<f64> {
    let bands = image.bands();
    let mut values = vec![f64::NAN; places.len() * bands];
    match image.pixels() {
        Pixels::U8(samples) => fill_values(image, samples, places, how, &mut values),
        Pixels::U16(samples) => fill_values(image, samples, places, how, &mut values),
        Pixels::F16(samples) => fill_values(image, samples, places, how, &mut values),
        Pixels::F32(samples) => fill_values(image, samples, places, how, &mut values),
    }
    // As many values as the shape says.
    Array2::from_shape_vec([places.len(), bands], values).unwrap_or_default()
}

fn fill_values<S: Sample>(
    image: ImageView<'_>,
    samples: &[S],
    places: &[[f64; 2]],
    how: Gathering,
    values: &mut [f64],
) {
    let source = Source {
        samples,
        mask: image.mask(),
        size: image.size(),
        axes: axes(image.size(), how.edges),
        bands: image.bands(),
    };
    values
        .par_chunks_mut(AT_ONCE * source.bands)
        .zip(places.par_chunks(AT_ONCE))
        .for_each(|(values, places)| source.fill(places, how, values));
}

/// The samples of an image.
#[derive(Clone, Copy, Debug)]
struct Source<'a, S> {
    samples: &'a [S],
    mask: Option<&'a [u8]>,
    size: [usize; 2],
    axes: [Axis; 2],
    bands: usize,
}

/// Sums of some bands at a place.
#[derive(Clone, Copy, Debug)]
struct Sums<const BANDS: usize> {
    values: [f64; BANDS],
    weights: [f64; BANDS],
    masked: [bool; BANDS],
}

impl<S: Sample> Source<'_, S> {
    fn fill(&self, places: &[[f64; 2]], how: Gathering, values: &mut [f64]) {
        for (&place, values) in places.iter().zip(values.chunks_exact_mut(self.bands)) {
            let Some(place) = resolve_place(place, self.size, how.edges) else {
                values.fill(f64::NAN);
                continue;
            };
            match self.bands {
                3 => self.write_bands::<3>(place, how, 0, values),
                4 => self.write_bands::<4>(place, how, 0, values),
                _ => {
                    for (band, value) in values.chunks_exact_mut(1).enumerate() {
                        self.write_bands::<1>(place, how, band, value);
                    }
                }
            }
        }
    }

    /// Writes the values of bands from `first` on at a place within the image.
    #[inline(always)]
    fn write_bands<const BANDS: usize>(
        &self,
        place: [f64; 2],
        how: Gathering,
        first: usize,
        to: &mut [f64],
    ) {
        let [across, down] = self.axes;
        let renormalised = how.masked == Masked::Renormalised;
        let holder = [across.holder(place[0]), down.holder(place[1])];
        let held = self.pixel::<BANDS>(holder, first);
        if self.is_masked(holder) {
            // Its weight is not zero.
            to.fill(f64::NAN);
            return;
        }
        let taps = taps_at(place, self.axes, how.sampling);
        let sums = self.sum_taps::<BANDS>(taps, first);
        for (band, to) in to.iter_mut().enumerate() {
            *to = match (sums.masked[band], renormalised) {
                (false, _) => sums.values[band],
                (true, false) => f64::NAN,
                (true, true) if held[band].is_nan() => f64::NAN,
                (true, true) if how.sampling == Sampling::Bicubic => {
                    self.bilinear_value(place, first + band)
                }
                (true, true) => sums.values[band] / sums.weights[band],
            };
        }
    }

    /// The linear value of a band with masked pixels left out.
    #[cold]
    fn bilinear_value(&self, place: [f64; 2], band: usize) -> f64 {
        let taps = taps_at(place, self.axes, Sampling::Bilinear);
        let sums = self.sum_taps::<1>(taps, band);
        if sums.masked[0] {
            sums.values[0] / sums.weights[0]
        } else {
            sums.values[0]
        }
    }

    /// Adds up the contributing pixels, row by row.
    #[inline(always)]
    fn sum_taps<const BANDS: usize>(
        &self,
        [columns, rows]: [Taps<f64>; 2],
        first: usize,
    ) -> Sums<BANDS> {
        let [across, down] = self.axes;
        let mut sums = Sums {
            values: [0.0; BANDS],
            weights: [0.0; BANDS],
            masked: [false; BANDS],
        };
        for (row, row_weight) in (rows.first..).zip(rows.weights) {
            if row_weight == 0.0 {
                continue;
            }
            for (column, column_weight) in (columns.first..).zip(columns.weights) {
                if column_weight == 0.0 {
                    continue;
                }
                let weight = row_weight * column_weight;
                let at = [across.pixel(column), down.pixel(row)];
                let pixel_masked = self.is_masked(at);
                let pixel = self.pixel::<BANDS>(at, first);
                for band in 0..BANDS {
                    if pixel_masked || pixel[band].is_nan() {
                        sums.masked[band] = true;
                    } else {
                        sums.values[band] += weight * pixel[band];
                        sums.weights[band] += weight;
                    }
                }
            }
        }
        sums
    }

    #[inline(always)]
    fn is_masked(&self, [column, row]: [usize; 2]) -> bool {
        self.mask
            .is_some_and(|mask| mask[row * self.size[0] + column] == 0)
    }

    /// The samples of some bands of a pixel.
    #[inline(always)]
    fn pixel<const BANDS: usize>(&self, [column, row]: [usize; 2], first: usize) -> [f64; BANDS] {
        let start = (row * self.size[0] + column) * self.bands + first;
        let samples = &self.samples[start..start + BANDS];
        std::array::from_fn(|band| samples[band].widen())
    }
}
