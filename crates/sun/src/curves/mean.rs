//! The mean counts of a region.

use super::Place;
use crate::source::Source;
use isopach::{compute::Result, emission::Inversion};
use ndarray::ArrayD;

/// The mean of the pixels of a region that have all channels, unsaturated.
pub(super) struct Mean {
    /// Counts by channel.
    pub(super) counts: Vec<f64>,
    pub(super) sigma: Vec<f64>,
    /// Number of pixels in the mean.
    pub(super) used: usize,
}

impl Mean {
    pub(super) fn of(
        place: &Place,
        source: &mut Source,
        at_once: usize,
        inversion: &Inversion,
    ) -> Result<Self> {
        let channels = inversion.channels();
        let levels: Vec<f32> = match &inversion.saturation {
            Some(saturation) => saturation
                .levels
                .iter()
                .map(|level| *level as f32)
                .collect(),
            None => vec![f32::INFINITY; channels],
        };
        let is_pad = |count: f64| {
            inversion
                .pad_value
                .is_some_and(|pad| pad as f32 == count as f32)
        };
        let is_good = |f: usize, count: f64, sigma: f64| {
            count.is_finite()
                && sigma.is_finite()
                && sigma > 0.0
                && (count as f32) < levels[f]
                && !is_pad(count)
        };
        let mut sums = vec![0.0; channels];
        let mut variances = vec![0.0; channels];
        let mut used = 0;
        for first in place.rows.clone().step_by(at_once.max(1)) {
            let rows = first..(first + at_once.max(1)).min(place.rows.end);
            let [counts, errors] = source.read::<f64>(rows.clone())?;
            for row in 0..rows.len() {
                for column in place.columns.clone() {
                    let of = |array: &ArrayD<f64>, f: usize| array[&[row, column, f][..]];
                    if !(0..channels).all(|f| is_good(f, of(&counts, f), of(&errors, f))) {
                        continue;
                    }
                    used += 1;
                    for f in 0..channels {
                        sums[f] += of(&counts, f);
                        variances[f] += of(&errors, f).powi(2);
                    }
                }
            }
        }
        let counts: Vec<f64> = sums.iter().map(|sum| sum / used.max(1) as f64).collect();
        let sigma = source.sigma_of_mean(&counts, used.max(1), &variances);
        Ok(Self {
            counts,
            sigma,
            used,
        })
    }
}
