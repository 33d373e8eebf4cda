//! Results of an inversion.

use crate::{Inversion, PixelStatus, Real};
use ndarray::{ArrayD, IxDyn};

/// Emission measure of every pixel. Arrays have the leading shape of the counts. Without a result
/// ([`PixelStatus::has_result`]) numbers are NaN.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EmissionMap<T> {
    /// The requested measure, shape (.., bins): cm⁻⁵ K⁻¹ or cm⁻⁵.
    pub emission: ArrayD<T>,
    /// Its vertical error (one standard deviation from the errors of the counts, no bias), same
    /// shape and unit. `None` unless requested.
    pub uncertainty: Option<ArrayD<T>>,
    /// Its horizontal error, shape (.., bins), Δ log₁₀ T, as the reference defines it: full width
    /// at half maximum of the column of the averaging kernel, halved, over 2 √(2 ln 2). A Gaussian
    /// kernel has *twice* this as its standard deviation. `None` unless requested.
    pub log_t_resolution: Option<ArrayD<T>>,
    /// Averaging kernel, shape (.., bins, bins), of the solved quantity: `[.., t, k]` is the
    /// solution in bin t for a unit of emission in bin k. `None` unless requested.
    pub averaging_kernel: Option<ArrayD<T>>,
    /// `Σ ((counts − synthetic) / σ)² / channels`, shape (..).
    pub chi_squared: ArrayD<T>,
    /// Counts of the solution, shape (.., channels), dropped channels included.
    pub synthetic: ArrayD<T>,
    /// Regularisation parameter, shape (..), in the reference's units; the multiplier of
    /// [`crate::Method::Positive`], 0 for [`crate::Method::NonNegative`].
    pub lambda: ArrayD<f64>,
    /// Iterations made, shape (..); 0 if there is no result. Newton steps of
    /// [`crate::Method::Positive`], bins tried by [`crate::Method::NonNegative`].
    pub iterations: ArrayD<u32>,
    /// How each pixel ended, shape (..).
    pub status: ArrayD<PixelStatus>,
    /// Channels left out of each pixel, shape (..): bit *f* for channel *f*.
    pub dropped: ArrayD<u32>,
    /// Channels of each pixel that are saturated, shape (..): bit *f* for channel *f*, whether the
    /// pixel has a result or not.
    pub saturated: ArrayD<u32>,
    /// Pixels that were inverted a second time because the first way had not enough range or
    /// digits: from single to double precision, from lanes to the definition.
    pub inverted_again: usize,
}

impl<T: Real> EmissionMap<T> {
    /// Room for the pixels of a leading shape.
    pub(crate) fn zeroed(inversion: &Inversion, leading: &[usize]) -> Self {
        let with = |last: usize| IxDyn(&[leading, &[last]].concat());
        let bins = with(inversion.bins());
        let one = IxDyn(leading);
        let asked = |asked: bool| asked.then(|| ArrayD::from_elem(bins.clone(), T::default()));
        Self {
            emission: ArrayD::from_elem(bins.clone(), T::default()),
            uncertainty: asked(inversion.outputs.uncertainty),
            log_t_resolution: asked(inversion.outputs.log_t_resolution),
            averaging_kernel: inversion.outputs.averaging_kernel.then(|| {
                ArrayD::from_elem(
                    IxDyn(&[leading, &[inversion.bins(); 2]].concat()),
                    T::default(),
                )
            }),
            chi_squared: ArrayD::from_elem(one.clone(), T::default()),
            synthetic: ArrayD::from_elem(with(inversion.channels()), T::default()),
            lambda: ArrayD::zeros(one.clone()),
            iterations: ArrayD::zeros(one.clone()),
            status: ArrayD::from_elem(one.clone(), PixelStatus::default()),
            dropped: ArrayD::zeros(one.clone()),
            saturated: ArrayD::zeros(one),
            inverted_again: 0,
        }
    }

    /// The same in the other precision, rounded once.
    pub(crate) fn to_precision<U: Real>(&self) -> EmissionMap<U> {
        let round = |array: &ArrayD<T>| array.mapv(|x| U::from_f64(x.to_f64()));
        EmissionMap {
            emission: round(&self.emission),
            uncertainty: self.uncertainty.as_ref().map(round),
            log_t_resolution: self.log_t_resolution.as_ref().map(round),
            averaging_kernel: self.averaging_kernel.as_ref().map(round),
            chi_squared: round(&self.chi_squared),
            synthetic: round(&self.synthetic),
            lambda: self.lambda.clone(),
            iterations: self.iterations.clone(),
            status: self.status.clone(),
            dropped: self.dropped.clone(),
            saturated: self.saturated.clone(),
            inverted_again: self.inverted_again,
        }
    }

    /// Degrees of freedom that the counts fix, shape (..): the trace of the averaging kernel, `Σ s²
    /// / (s² + λ)`, at most the number of channels. None without averaging kernels.
    #[must_use]
    pub fn degrees_of_freedom(&self) -> Option<ArrayD<T>> {
        let kernels = self.averaging_kernel.as_ref()?;
        let bins = *kernels.shape().last()?;
        let mut traces = ArrayD::from_elem(self.status.raw_dim(), T::default());
        let kernels = kernels.as_slice().unwrap_or_default().chunks(bins * bins);
        for (trace, kernel) in traces.iter_mut().zip(kernels) {
            *trace = T::from_f64((0..bins).map(|t| kernel[t * bins + t].to_f64()).sum());
        }
        Some(traces)
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
    pub fn count_of(&self, status: PixelStatus) -> usize {
        self.status.iter().filter(|&&s| s == status).count()
    }

    pub(crate) fn as_slab(&mut self) -> Slab<'_, T> {
        fn flat<A>(array: &mut ArrayD<A>) -> &mut [A] {
            // Arrays of `empty` are in standard order.
            array.as_slice_mut().unwrap_or_default()
        }
        Slab {
            emission: flat(&mut self.emission),
            uncertainty: self.uncertainty.as_mut().map_or(&mut [], flat),
            log_t_resolution: self.log_t_resolution.as_mut().map_or(&mut [], flat),
            averaging_kernel: self.averaging_kernel.as_mut().map_or(&mut [], flat),
            chi_squared: flat(&mut self.chi_squared),
            synthetic: flat(&mut self.synthetic),
            lambda: flat(&mut self.lambda),
            iterations: flat(&mut self.iterations),
            status: flat(&mut self.status),
            dropped: flat(&mut self.dropped),
            saturated: flat(&mut self.saturated),
        }
    }
}

/// Rows of a map to be written: some consecutive pixels. Slices of outputs that were not requested
/// are empty.
#[derive(Debug)]
pub struct Slab<'a, T> {
    /// `[pixel × bins + bin]`, as [`EmissionMap::emission`].
    pub emission: &'a mut [T],
    /// Likewise, as [`EmissionMap::uncertainty`].
    pub uncertainty: &'a mut [T],
    /// Likewise, as [`EmissionMap::log_t_resolution`].
    pub log_t_resolution: &'a mut [T],
    /// `[(pixel × bins + t) × bins + k]`.
    pub averaging_kernel: &'a mut [T],
    /// `[pixel]`.
    pub chi_squared: &'a mut [T],
    /// `[pixel × channels + channel]`.
    pub synthetic: &'a mut [T],
    /// `[pixel]`.
    pub lambda: &'a mut [f64],
    /// `[pixel]`.
    pub iterations: &'a mut [u32],
    /// `[pixel]`.
    pub status: &'a mut [PixelStatus],
    /// `[pixel]`.
    pub dropped: &'a mut [u32],
    /// `[pixel]`.
    pub saturated: &'a mut [u32],
}

impl<'a, T: Real> Slab<'a, T> {
    /// Number of pixels.
    #[must_use]
    pub fn pixel_count(&self) -> usize {
        self.status.len()
    }

    /// Takes the first `pixels` off.
    #[must_use]
    pub fn take_pixels(&mut self, pixels: usize) -> Self {
        fn cut<'a, A>(rows: &mut &'a mut [A], pixels: usize, all: usize) -> &'a mut [A] {
            let at = rows.len() / all * pixels;
            let (front, rest) = std::mem::take(rows).split_at_mut(at);
            *rows = rest;
            front
        }
        let all = self.pixel_count().max(1);
        Self {
            emission: cut(&mut self.emission, pixels, all),
            uncertainty: cut(&mut self.uncertainty, pixels, all),
            log_t_resolution: cut(&mut self.log_t_resolution, pixels, all),
            averaging_kernel: cut(&mut self.averaging_kernel, pixels, all),
            chi_squared: cut(&mut self.chi_squared, pixels, all),
            synthetic: cut(&mut self.synthetic, pixels, all),
            lambda: cut(&mut self.lambda, pixels, all),
            iterations: cut(&mut self.iterations, pixels, all),
            status: cut(&mut self.status, pixels, all),
            dropped: cut(&mut self.dropped, pixels, all),
            saturated: cut(&mut self.saturated, pixels, all),
        }
    }

    /// Pixel `to` becomes pixel `from` of another slab with the same outputs.
    pub(crate) fn copy_pixel(&mut self, to: usize, other: &Self, from: usize) {
        let own = self.pixel_count();
        let others = other.pixel_count();
        for (rows, source) in [
            (&mut *self.emission, &*other.emission),
            (&mut *self.uncertainty, &*other.uncertainty),
            (&mut *self.log_t_resolution, &*other.log_t_resolution),
            (&mut *self.averaging_kernel, &*other.averaging_kernel),
            (&mut *self.chi_squared, &*other.chi_squared),
            (&mut *self.synthetic, &*other.synthetic),
        ] {
            let row = rows.len() / own;
            let length = source.len() / others;
            rows[to * row..(to + 1) * row]
                .copy_from_slice(&source[from * length..(from + 1) * length]);
        }
        self.lambda[to] = other.lambda[from];
        self.iterations[to] = other.iterations[from];
        self.status[to] = other.status[from];
        self.dropped[to] = other.dropped[from];
        self.saturated[to] = other.saturated[from];
    }

    /// Pixel `i` has no result, for this reason.
    pub fn reject_pixel(&mut self, i: usize, status: PixelStatus, missing: f64) {
        let all = self.pixel_count();
        let missing = T::from_f64(missing);
        for rows in [
            &mut *self.emission,
            &mut *self.uncertainty,
            &mut *self.log_t_resolution,
            &mut *self.averaging_kernel,
            &mut *self.chi_squared,
            &mut *self.synthetic,
        ] {
            let row = rows.len() / all;
            rows[i * row..(i + 1) * row].fill(missing);
        }
        self.lambda[i] = missing.to_f64();
        self.iterations[i] = 0;
        self.status[i] = status;
        self.dropped[i] = 0;
    }
}
