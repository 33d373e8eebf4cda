//! Statistics of the scatter of a survey.

use crate::{
    distributions::{fisher_median, student_975},
    known_tests::{CommonRatio, RatioTest},
    scale::Scale,
    shares::{SharesOfSquares, to_whole_units},
};
use isopach_cloud::TICK;
use isopach_compute::{Error, Result};
use rayon::prelude::*;
use std::{
    collections::{HashMap, HashSet},
    f64::consts::PI,
};

/// Statistics of the scatter of a survey: from a sample of the whole survey, the same for every
/// tile.
///
/// An in-memory run estimates them from its own places if they are not given. A tiled run needs
/// them, since no tile knows the survey: see [`SurveySample`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SurveyStatistics {
    /// Ratio of the variances of the compared and the reference epoch in the same place. `None` if
    /// there were too few places: then variances are not pooled, and Welch's test replaces
    /// Student's.
    pub variance_ratio: Option<f64>,
    /// Root mean square deviation within a place, metres: reference, compared; NaN if no place
    /// has two points. Used as the scatter of an epoch with a single point.
    pub pooled_spread: [f64; 2],
    /// Ratio of the standard error of a median to that of a mean of as many points; 1.2533 for
    /// Gaussian offsets. `None` if there were too few well-filled places: then medians have no
    /// level of detection.
    pub median_factor: Option<f64>,
    /// Step that the coordinates of each epoch are rounded to, metres: the scale of its file; 0 if
    /// unknown.
    pub resolution: [f64; 2],
    /// Number of places with two points of each epoch.
    pub places: usize,
}

/// Ratio of the standard error of a median to that of a mean for Gaussian offsets: √(π/2).
pub const GAUSSIAN_MEDIAN_FACTOR: f64 = 1.253_314_137_315_500_3;

impl SurveyStatistics {
    /// Statistics of two epochs with the same scatter and without rounding: for a pair from one
    /// flight, and for tests. The spread of single points and the precision of medians are unknown.
    #[must_use]
    pub fn equal_epochs() -> Self {
        Self {
            variance_ratio: Some(1.0),
            pooled_spread: [f64::NAN; 2],
            median_factor: None,
            resolution: [0.0; 2],
            places: 0,
        }
    }

    /// Variance of rounding a coordinate to the step q of an epoch (0 or 1): q²/12, m². A tick is
    /// the smallest step.
    #[must_use]
    pub fn rounding_variance(&self, epoch: usize) -> f64 {
        self.rounding_step(epoch).powi(2) / 12.0
    }

    /// Variance of the part of the rounding error that all points of a place share, m².
    ///
    /// Noise of deviation s dithers the rounding: the mean of many points is off by (q/π) Σ (−1)ᵏ
    /// sin(2πkμ/q) exp(−2π²k²s²/q²)/k, where μ is the true height. Its variance over μ is (q²/2π²)
    /// Σ exp(−4π²k²s²/q²)/k²: q²/12 without noise, 10⁻⁴ of it at s = q/2.
    #[must_use]
    pub fn shared_rounding_variance(&self, epoch: usize, observed_variance: f64) -> f64 {
        let step = self.rounding_step(epoch);
        let noise = (observed_variance - self.rounding_variance(epoch)).max(0.0) / (step * step);
        step * step / (2.0 * PI * PI) * damped_series(4.0 * PI * PI * noise)
    }

    /// Checks all numbers.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] names the number, its value and its range.
    pub fn check(&self) -> Result<()> {
        if let Some(ratio) = self.variance_ratio {
            Error::positive("ratio of the epochs' variances", ratio)?;
        }
        if let Some(factor) = self.median_factor {
            Error::positive("factor of the medians", factor)?;
        }
        for spread in self.pooled_spread {
            Error::check(
                "pooled spread",
                spread,
                spread.is_nan() || spread >= 0.0,
                "be zero or above, or NaN if unknown",
            )?;
        }
        self.resolution
            .iter()
            .try_for_each(|&step| Error::not_negative("resolution", step).map(drop))
    }

    fn rounding_step(&self, epoch: usize) -> f64 {
        self.resolution[epoch].max(TICK)
    }
}

/// Two scales of one place, and how well each is known.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct PairOfScales {
    variance: [f64; 2],
    freedom: [f64; 2],
}

/// Sample of the scatter of a survey. Samples of parts merge in any order to the same statistics.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SurveySample {
    pairs: Vec<PairOfScales>,
    /// |difference of the medians of two halves of a place| over the half-width that a mean would have.
    medians: Vec<f64>,
    /// Σ ν and Σ ν s² in units of 10⁻⁹ and 10⁻¹⁸ m²: whole, so that no order shows.
    freedom: [i128; 2],
    squares: [i128; 2],
    resolution: [f64; 2],
}

/// Least sum of harmonic degrees of freedom: below it a ratio of variances is off by a third.
const LEAST_WEIGHT: f64 = 30.0;

/// Least number of places for a 95th percentile.
const LEAST_MEDIANS: usize = 200;

impl SurveySample {
    /// Adds the scales of both epochs in one place.
    pub(crate) fn add_scales(&mut self, scales: [Scale; 2]) {
        for (epoch, scale) in scales.iter().enumerate() {
            if scale.freedom > 0.0 {
                self.freedom[epoch] += to_whole_units(scale.freedom, 1e9);
                self.squares[epoch] += to_whole_units(scale.freedom * scale.variance, 1e18);
            }
        }
        if scales.iter().all(|scale| scale.freedom > 0.0) {
            self.pairs.push(PairOfScales {
                variance: scales.map(|scale| scale.variance),
                freedom: scales.map(|scale| scale.freedom),
            });
        }
    }

    /// Adds the medians of two random halves of the points of one place, `difference` apart.
    pub(crate) fn add_halves(&mut self, difference: f64, halves: [Scale; 2], count: [u32; 2]) {
        let freedom = halves[0].freedom + halves[1].freedom;
        let pooled = halves
            .iter()
            .map(|half| half.freedom * half.variance)
            .sum::<f64>()
            / freedom;
        let error = (pooled * count.iter().map(|n| 1.0 / f64::from(*n)).sum::<f64>()).sqrt();
        let ratio = difference.abs() / (student_975(freedom) * error);
        if ratio.is_finite() {
            self.medians.push(ratio);
        }
    }

    /// States the steps that the coordinates of both epochs are rounded to, metres. The coarsest of
    /// all samples counts.
    pub fn rounded_to(&mut self, resolution: [f64; 2]) {
        self.resolution =
            std::array::from_fn(|epoch| self.resolution[epoch].max(resolution[epoch]));
    }

    /// Adds the sample of another part of the survey.
    pub fn merge(&mut self, other: &Self) {
        self.pairs.extend_from_slice(&other.pairs);
        self.medians.extend_from_slice(&other.medians);
        for epoch in 0..2 {
            self.freedom[epoch] += other.freedom[epoch];
            self.squares[epoch] += other.squares[epoch];
        }
        self.rounded_to(other.resolution);
    }

    /// Computes the statistics of the sample. O(n log n).
    #[must_use]
    pub fn statistics(&self) -> SurveyStatistics {
        let pooled =
            |epoch: usize| (self.squares[epoch] as f64 * 1e-9 / self.freedom[epoch] as f64).sqrt();
        let mut statistics = SurveyStatistics {
            variance_ratio: None,
            pooled_spread: [pooled(0), pooled(1)],
            median_factor: self.median_factor(),
            resolution: self.resolution,
            places: self.pairs.len(),
        };
        statistics.variance_ratio = self.variance_ratio(&statistics);
        statistics
    }

    /// The ratio at which the share of the compared epoch in the pooled sum of squares is, on
    /// average over the places, that of its degrees of freedom: the maximum of the likelihood of a
    /// common ratio, for any variance of each place. A place counts by no more than its degrees of
    /// freedom, and those that contradict the ratio (vegetation or change in one epoch) are left
    /// out, again and again, from a start by the median.
    fn variance_ratio(&self, rounding: &SurveyStatistics) -> Option<f64> {
        let mut places = self.pairs.clone();
        for place in &mut places {
            for (epoch, variance) in place.variance.iter_mut().enumerate() {
                *variance = variance.max(rounding.rounding_variance(epoch));
            }
        }
        let mut ratio = median_ratio(&places)?;
        let tests: Vec<RatioTest> = places
            .par_iter()
            .map(|place| RatioTest::new(place.variance, place.freedom))
            .collect();
        let mut before: Vec<bool> = Vec::new();
        for _ in 0..TRIMS {
            let common = CommonRatio::new(ratio);
            let agree: Vec<bool> = tests
                .par_iter()
                .map(|test| !test.contradicts(common))
                .collect();
            if agree == before {
                // The same places have the same ratio again.
                break;
            }
            let agreeing = places.iter().zip(&agree).filter(|(_, agrees)| **agrees);
            let shares =
                SharesOfSquares::new(agreeing.map(|(place, _)| (place.variance, place.freedom)));
            let next = shares.likeliest_ratio(ratio);
            before = agree;
            let settled = (next / ratio).ln().abs() < 1e-6;
            ratio = next;
            if settled {
                break;
            }
        }
        Some(ratio)
    }

    /// Whether there are enough medians of halves.
    pub(crate) fn tells_median_factor(&self) -> bool {
        self.medians.len() >= LEAST_MEDIANS
    }

    /// The factor that makes one difference in twenty of two halves significant.
    fn median_factor(&self) -> Option<f64> {
        let mut sorted = self.medians.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let at = (0.95 * sorted.len() as f64) as usize;
        if self.tells_median_factor() {
            sorted.get(at).copied()
        } else {
            None
        }
    }
}

/// Σ exp(−a k²)/k² over k from 1.
fn damped_series(a: f64) -> f64 {
    // Every term is zero: exp(−746) is below half of the smallest number.
    const VANISHED: f64 = 746.0;
    if a > VANISHED {
        return 0.0;
    }
    if a < 0.5 {
        // What is left out is below exp(−π²/a).
        return PI * PI / 6.0 - (PI * a).sqrt() + 0.5 * a;
    }
    (1..=9)
        .map(|k: u32| (-a * f64::from(k * k)).exp() / f64::from(k * k))
        .sum()
}

/// Rounds of leaving out places that contradict the ratio.
const TRIMS: usize = 8;

/// Median over the places of v₂/v₁, each over the median that F has, weighted by the harmonic sum
/// of the degrees of freedom; `None` for too few.
fn median_ratio(places: &[PairOfScales]) -> Option<f64> {
    let medians = medians_of_f(places);
    let weigh = |place: &PairOfScales| {
        let [first, second] = place.variance;
        let [below, above] = place.freedom;
        let weight = above * below / (above + below);
        let median = medians.get(&freedom_bits(place)).copied();
        let ratio = second / first / median.unwrap_or(f64::NAN);
        (ratio.ln(), weight)
    };
    let mut weighted: Vec<(f64, f64)> = places.par_iter().map(weigh).collect();
    weighted.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let total: f64 = weighted.iter().map(|(_, weight)| weight).sum();
    if total < LEAST_WEIGHT {
        return None;
    }
    let mut below = 0.0;
    weighted
        .into_iter()
        .find(|(_, weight)| {
            below += weight;
            below >= 0.5 * total
        })
        .map(|(value, _)| value.exp())
}

/// Degrees of freedom beyond which the median of F is 1 to a thousandth of its spread.
const MOST_FREEDOM: f64 = 1000.0;

/// Degrees of freedom of a place, as the key of the median of its F.
fn freedom_bits(place: &PairOfScales) -> [u64; 2] {
    place
        .freedom
        .map(|freedom| freedom.min(MOST_FREEDOM).to_bits())
}

/// Medians of F by degrees of freedom, each computed once.
fn medians_of_f(places: &[PairOfScales]) -> HashMap<[u64; 2], f64> {
    let distinct: HashSet<[u64; 2]> = places.iter().map(freedom_bits).collect();
    let median = |key: [u64; 2]| {
        let [below, above] = key.map(f64::from_bits);
        (key, fisher_median([above, below]))
    };
    distinct.into_par_iter().map(median).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position_hash::position_hash;
    use proptest::prelude::*;

    /// χ² of `freedom` degrees of freedom over them, times `variance`.
    fn chi_squared(seed: [i64; 2], freedom: u32, variance: f64) -> f64 {
        let uniform = |k: i64| {
            let bits = position_hash([seed[0], seed[1], k]) >> 11;
            (bits as f64 + 0.5) / (1_u64 << 53) as f64
        };
        let normal = |k: i64| {
            (-2.0 * uniform(2 * k).ln()).sqrt() * (std::f64::consts::TAU * uniform(2 * k + 1)).cos()
        };
        variance
            * (0..i64::from(freedom))
                .map(|k| normal(k).powi(2))
                .sum::<f64>()
            / f64::from(freedom)
    }

    fn place(i: i64, freedom: [u32; 2], ratio: f64) -> [Scale; 2] {
        let roughness = (0.6 * (i as f64).sin()).exp() * 1e-3;
        [0, 1].map(|epoch| Scale {
            variance: chi_squared(
                [i, epoch],
                freedom[epoch as usize],
                if epoch == 0 {
                    roughness
                } else {
                    roughness * ratio
                },
            ),
            freedom: f64::from(freedom[epoch as usize]),
        })
    }

    fn sample(places: impl Iterator<Item = [Scale; 2]>) -> SurveySample {
        let mut sample = SurveySample::default();
        places.for_each(|place| sample.add_scales(place));
        sample
    }

    #[test]
    fn the_ratio_is_found_at_any_counts_and_beside_vegetation() {
        for ratio in [0.25, 1.0, 4.0] {
            for freedom in [[1, 1], [1, 49], [4, 4], [4, 99], [30, 2]] {
                let found = sample((0..3000).map(|i| place(i, freedom, ratio)))
                    .statistics()
                    .variance_ratio
                    .unwrap();
                assert!(
                    (found / ratio).ln().abs() < 0.15,
                    "{found} for {ratio} at {freedom:?}"
                );
            }
            // One place in six has vegetation in the second epoch: 100 times the variance.
            let rough = |i: i64| place(i, [9, 9], if i % 6 == 0 { 100.0 * ratio } else { ratio });
            let found = sample((0..3000).map(rough))
                .statistics()
                .variance_ratio
                .unwrap();
            assert!(
                (found / ratio).ln().abs() < 0.15,
                "{found} for {ratio} beside vegetation"
            );
        }
    }

    #[test]
    fn too_few_places_tell_nothing() {
        let few = sample((0..10).map(|i| place(i, [1, 1], 1.0))).statistics();
        assert_eq!(
            (few.variance_ratio, few.median_factor, few.places),
            (None, None, 10)
        );
        let none = SurveySample::default().statistics();
        assert!(none.pooled_spread[0].is_nan() && none.check().is_ok());
    }

    #[test]
    fn equal_heights_everywhere_have_a_ratio() {
        let still = [Scale {
            variance: 0.0,
            freedom: 5.0,
        }; 2];
        let mut all = sample((0..200).map(|_| still));
        all.rounded_to([0.01, 0.01]);
        let statistics = all.statistics();
        assert!((statistics.variance_ratio.unwrap() - 1.0).abs() < 1e-6);
        assert_eq!(statistics.pooled_spread, [0.0, 0.0]);
    }

    #[test]
    fn rounding_that_noise_does_not_dither_is_shared() {
        let rounded = SurveyStatistics {
            resolution: [0.01, 0.02],
            ..SurveyStatistics::equal_epochs()
        };
        let q2 = 1e-4 / 12.0;
        assert!((rounded.shared_rounding_variance(0, 0.0) / q2 - 1.0).abs() < 1e-9);
        assert!((rounded.shared_rounding_variance(1, 0.0) / (4.0 * q2) - 1.0).abs() < 1e-9);
        // Both ways of summing meet, and it is gone at half a step of noise.
        assert!((damped_series(0.5_f64.next_down()) / damped_series(0.5) - 1.0).abs() < 1e-8);
        assert!(rounded.shared_rounding_variance(0, q2 + 0.25e-4) < 1e-3 * q2);
    }

    proptest! {
        #[test]
        fn parts_may_be_added_in_any_order(seed in 0..1000_i64, cut in 1..199_usize) {
            let places: Vec<[Scale; 2]> = (0..200).map(|i| place(i + seed * 1000, [3, 7], 2.0)).collect();
            let whole = sample(places.iter().copied());
            let mut turned = sample(places[cut..].iter().rev().copied());
            turned.merge(&sample(places[..cut].iter().copied()));
            prop_assert_eq!(whole.statistics(), turned.statistics());
        }
    }
}
