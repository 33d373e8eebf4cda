//! What is found.

use crate::{Inversion, Real, Status};
use ndarray::{ArrayD, IxDyn};

/// Emission measure of every pixel. Arrays have the leading shape of the counts. Without a result ([`Status::has_result`]) numbers are NaN.
#[derive(Clone, Debug, PartialEq)]
pub struct EmissionMap<T> {
    /// The measure that was asked for, shape (.., bins): cm⁻⁵ K⁻¹ or cm⁻⁵.
    pub emission: ArrayD<T>,
    /// Its vertical error (one standard deviation from the errors of the counts, no bias), same shape and unit, if asked for.
    pub uncertainty: Option<ArrayD<T>>,
    /// Its horizontal error, shape (.., bins), Δ log₁₀ T, as the reference defines it: full width at half maximum of the column of the averaging
    /// kernel, halved, over 2 √(2 ln 2). A Gaussian kernel has *twice* this as its standard deviation. If asked for.
    pub log_t_resolution: Option<ArrayD<T>>,
    /// `Σ ((counts − synthetic) / σ)² / channels`, shape (..).
    pub chi_squared: ArrayD<T>,
    /// Counts of the solution, shape (.., channels), dropped channels included.
    pub synthetic: ArrayD<T>,
    /// Regularisation parameter, shape (..), in the reference's units.
    pub lambda: ArrayD<f64>,
    /// Iterations made, shape (..); 0 where there is no result.
    pub iterations: ArrayD<u32>,
    /// How each pixel ended, shape (..).
    pub status: ArrayD<Status>,
    /// Channels left out of each pixel, shape (..): bit *f* for channel *f*.
    pub dropped: ArrayD<u32>,
}

impl<T: Real> EmissionMap<T> {
    /// Room for the pixels of a leading shape.
    pub(crate) fn empty(inversion: &Inversion, leading: &[usize]) -> Self {
        let with = |last: usize| IxDyn(&[leading, &[last]].concat());
        let (bins, one) = (with(inversion.bins()), IxDyn(leading));
        let asked = |asked: bool| asked.then(|| ArrayD::from_elem(bins.clone(), T::default()));
        Self {
            emission: ArrayD::from_elem(bins.clone(), T::default()),
            uncertainty: asked(inversion.outputs.uncertainty),
            log_t_resolution: asked(inversion.outputs.log_t_resolution),
            chi_squared: ArrayD::from_elem(one.clone(), T::default()),
            synthetic: ArrayD::from_elem(with(inversion.channels()), T::default()),
            lambda: ArrayD::zeros(one.clone()),
            iterations: ArrayD::zeros(one.clone()),
            status: ArrayD::from_elem(one.clone(), Status::default()),
            dropped: ArrayD::zeros(one),
        }
    }

    /// The same in the other precision, rounded once.
    pub(crate) fn rounded<U: Real>(&self) -> EmissionMap<U> {
        let round = |array: &ArrayD<T>| array.mapv(|x| U::of(x.wide()));
        EmissionMap {
            emission: round(&self.emission),
            uncertainty: self.uncertainty.as_ref().map(round),
            log_t_resolution: self.log_t_resolution.as_ref().map(round),
            chi_squared: round(&self.chi_squared),
            synthetic: round(&self.synthetic),
            lambda: self.lambda.clone(),
            iterations: self.iterations.clone(),
            status: self.status.clone(),
            dropped: self.dropped.clone(),
        }
    }

    /// Number of pixels.
    #[must_use]
    pub fn len(&self) -> usize {
        self.status.len()
    }

    /// Whether there is no pixel.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.status.is_empty()
    }

    /// Number of pixels with a status.
    #[must_use]
    pub fn count_of(&self, status: Status) -> usize {
        self.status.iter().filter(|&&s| s == status).count()
    }

    pub(crate) fn slab(&mut self) -> Slab<'_, T> {
        fn flat<A>(array: &mut ArrayD<A>) -> &mut [A] {
            // Arrays of `empty` are in standard order.
            array.as_slice_mut().unwrap_or_default()
        }
        Slab {
            emission: flat(&mut self.emission),
            uncertainty: self.uncertainty.as_mut().map_or(&mut [], flat),
            log_t_resolution: self.log_t_resolution.as_mut().map_or(&mut [], flat),
            chi_squared: flat(&mut self.chi_squared),
            synthetic: flat(&mut self.synthetic),
            lambda: flat(&mut self.lambda),
            iterations: flat(&mut self.iterations),
            status: flat(&mut self.status),
            dropped: flat(&mut self.dropped),
        }
    }
}

/// Rows of a map to be written: some consecutive pixels. What was not asked for is empty.
#[derive(Debug)]
pub(crate) struct Slab<'a, T> {
    pub(crate) emission: &'a mut [T],
    pub(crate) uncertainty: &'a mut [T],
    pub(crate) log_t_resolution: &'a mut [T],
    pub(crate) chi_squared: &'a mut [T],
    pub(crate) synthetic: &'a mut [T],
    pub(crate) lambda: &'a mut [f64],
    pub(crate) iterations: &'a mut [u32],
    pub(crate) status: &'a mut [Status],
    pub(crate) dropped: &'a mut [u32],
}

impl<'a, T: Real> Slab<'a, T> {
    pub(crate) fn pixels(&self) -> usize {
        self.status.len()
    }

    /// The first `pixels` and the rest.
    pub(crate) fn split(self, pixels: usize) -> (Self, Self) {
        let all = self.pixels().max(1);
        let (bins, channels) = (self.emission.len() / all, self.synthetic.len() / all);
        fn cut<A>(rows: &mut [A], at: usize) -> (&mut [A], &mut [A]) {
            rows.split_at_mut(at.min(rows.len()))
        }
        let emission = cut(self.emission, pixels * bins);
        let uncertainty = cut(self.uncertainty, pixels * bins);
        let resolution = cut(self.log_t_resolution, pixels * bins);
        let chi_squared = cut(self.chi_squared, pixels);
        let synthetic = cut(self.synthetic, pixels * channels);
        let lambda = cut(self.lambda, pixels);
        let iterations = cut(self.iterations, pixels);
        let status = cut(self.status, pixels);
        let dropped = cut(self.dropped, pixels);
        let slab =
            |emission, uncertainty, log_t_resolution, chi_squared, synthetic, lambda, iterations, status, dropped| {
                Slab {
                    emission,
                    uncertainty,
                    log_t_resolution,
                    chi_squared,
                    synthetic,
                    lambda,
                    iterations,
                    status,
                    dropped,
                }
            };
        (
            slab(
                emission.0,
                uncertainty.0,
                resolution.0,
                chi_squared.0,
                synthetic.0,
                lambda.0,
                iterations.0,
                status.0,
                dropped.0,
            ),
            slab(
                emission.1,
                uncertainty.1,
                resolution.1,
                chi_squared.1,
                synthetic.1,
                lambda.1,
                iterations.1,
                status.1,
                dropped.1,
            ),
        )
    }

    /// Pixel `to` becomes pixel `from` of another slab with the same outputs.
    pub(crate) fn copy_pixel(&mut self, to: usize, other: &Self, from: usize) {
        let (own, others) = (self.pixels(), other.pixels());
        for (rows, source) in [
            (&mut *self.emission, &*other.emission),
            (&mut *self.uncertainty, &*other.uncertainty),
            (&mut *self.log_t_resolution, &*other.log_t_resolution),
            (&mut *self.chi_squared, &*other.chi_squared),
            (&mut *self.synthetic, &*other.synthetic),
        ] {
            let (row, length) = (rows.len() / own, source.len() / others);
            rows[to * row..(to + 1) * row].copy_from_slice(&source[from * length..(from + 1) * length]);
        }
        self.lambda[to] = other.lambda[from];
        self.iterations[to] = other.iterations[from];
        self.status[to] = other.status[from];
        self.dropped[to] = other.dropped[from];
    }

    /// Pixel `i` has no result, for this reason.
    pub(crate) fn reject(&mut self, i: usize, status: Status, missing: f64) {
        let all = self.pixels();
        let missing = T::of(missing);
        for rows in [
            &mut *self.emission,
            &mut *self.uncertainty,
            &mut *self.log_t_resolution,
            &mut *self.chi_squared,
            &mut *self.synthetic,
        ] {
            let row = rows.len() / all;
            rows[i * row..(i + 1) * row].fill(missing);
        }
        self.lambda[i] = missing.wide();
        self.iterations[i] = 0;
        self.status[i] = status;
        self.dropped[i] = 0;
    }
}
