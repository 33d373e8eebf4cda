//! The empirical variogram: pairs of samples by distance.

use super::{StableSample, VariogramEstimator, VariogramOptions};
use crate::ChangeError;
use isopach_compute::Result;

/// Pairs of about one distance.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LagBin {
    /// Mean distance of the pairs, metres.
    pub lag: f64,
    /// Semivariance γ, m².
    pub semivariance: f64,
    /// Number of pairs.
    pub pairs: usize,
    /// Relative standard error of the semivariance, from the pairs and from how often the reach of
    /// shared errors fits into the extent.
    pub relative_error: f64,
}

/// Most distances that are looked at.
const DISTANCES: usize = 200_000_000;
/// Most pairs of a bin.
const PAIRS: usize = 20_000;
/// Fewest pairs of a bin.
const FEWEST: usize = 30;
/// Most bins: squared distances up to 2⁴⁸ times the shortest.
const BINS: usize = 48;

/// Samples whose difference is within `trim` robust standard deviations of the median.
pub(super) fn trim_outliers(samples: &[StableSample], trim: f64) -> Vec<StableSample> {
    let middle = median(samples.iter().map(|sample| sample.difference).collect());
    let spread = 1.4826
        * median(
            samples
                .iter()
                .map(|sample| (sample.difference - middle).abs())
                .collect(),
        );
    samples
        .iter()
        .filter(|sample: &&StableSample| {
            spread == 0.0 || (sample.difference - middle).abs() <= trim * spread
        })
        .copied()
        .collect()
}

/// Distances grow by √2 from bin to bin.
pub(super) fn bin_pairs(
    samples: &[StableSample],
    options: &VariogramOptions,
) -> Result<Vec<LagBin>> {
    let ranked = rank_by_hash(samples);
    let extent = Extent::of_samples(samples);
    let longest = options.longest_lag.unwrap_or(0.5 * extent.diagonal());
    let centres = (DISTANCES / ranked.len().max(1)).clamp(1, ranked.len());
    let Some(shortest) = shortest_lag(&ranked, centres).filter(|shortest| *shortest < longest)
    else {
        return Err(ChangeError::SamplesTooFarApart {
            longest_lag: longest,
        }
        .into());
    };
    let lags = Lags {
        shortest: shortest * shortest,
        longest: longest * longest,
        centres,
    };
    let mut counts = [0_usize; BINS];
    lags.for_each_pair(&ranked, |bin, _, _| counts[bin] += 1);
    let mut found: Vec<Vec<(f64, f64)>> = vec![Vec::new(); BINS];
    lags.for_each_pair(&ranked, |bin, a, b| {
        // A hash chooses which pairs to keep.
        if mix_bits(a.0 ^ b.0.rotate_left(32)).is_multiple_of(counts[bin].div_ceil(PAIRS) as u64) {
            found[bin].push((
                distance_squared(&a.1, &b.1).sqrt(),
                (a.1.difference - b.1.difference).abs(),
            ));
        }
    });
    let usable = found.into_iter().filter(|pairs| pairs.len() >= FEWEST);
    let mut bins: Vec<LagBin> = usable
        .map(|pairs| summarise_bin(pairs, options.estimator))
        .collect();
    let reach = lag_of_sill(&bins);
    for bin in &mut bins {
        // Errors that are shared over a reach are as many independent ones as the extent holds
        // squares of it.
        let shared = bin.lag.min(reach).powi(2) / extent.area().max(f64::MIN_POSITIVE);
        bin.relative_error *= (1.0 + bin.pairs as f64 * shared).sqrt();
    }
    Ok(bins)
}

/// The lag from which on the semivariance stays within a tenth of that of the longest third of the
/// lags.
fn lag_of_sill(bins: &[LagBin]) -> f64 {
    let longest = bins
        .iter()
        .skip(bins.len() - bins.len() / 3)
        .map(|bin| bin.semivariance);
    let level = 0.9 * median(longest.collect());
    bins.iter()
        .find(|bin| bin.semivariance >= level)
        .or(bins.last())
        .map_or(0.0, |bin| bin.lag)
}

/// A sample behind the hash of its position.
pub(super) type Ranked = (u64, StableSample);

/// Samples in an order that does not depend on theirs, and in which the first ones lie anywhere.
pub(super) fn rank_by_hash(samples: &[StableSample]) -> Vec<Ranked> {
    let mut ranked: Vec<Ranked> = samples
        .iter()
        .map(|sample| (hash_position(sample), *sample))
        .collect();
    ranked.sort_by(|(a, p), (b, q)| {
        let [p, q] = [p, q].map(|s| [s.position[0], s.position[1], s.difference]);
        a.cmp(b).then_with(|| {
            p.iter()
                .zip(&q)
                .map(|(p, q)| p.total_cmp(q))
                .find(|o| o.is_ne())
                .unwrap_or(a.cmp(b))
        })
    });
    ranked
}

/// Squared distances between the shortest and the longest, from the first samples (centres) to all.
struct Lags {
    shortest: f64,
    longest: f64,
    centres: usize,
}

impl Lags {
    /// Calls `each` with every pair and its bin.
    fn for_each_pair(&self, ranked: &[Ranked], mut each: impl FnMut(usize, &Ranked, &Ranked)) {
        for (i, centre) in ranked[..self.centres].iter().enumerate() {
            for other in &ranked[i + 1..] {
                let squared = distance_squared(&centre.1, &other.1);
                // The small margin keeps distances that are equal but for rounding in one bin.
                let ratio = squared / self.shortest * (1.0 + 1e-9);
                if squared <= self.longest && ratio >= 1.0 {
                    each((ratio.to_bits() >> 52) as usize - 1023, centre, other);
                }
            }
        }
    }
}

/// The median distance from a sample to its nearest one, over up to 500 of the centres.
fn shortest_lag(ranked: &[Ranked], centres: usize) -> Option<f64> {
    let nearest = |(i, centre): (usize, &Ranked)| {
        let others = ranked.iter().enumerate().filter(|(j, _)| *j != i);
        let distances = others
            .map(|(_, other)| distance_squared(&centre.1, &other.1))
            .filter(|squared| *squared > 0.0);
        distances.min_by(f64::total_cmp).map(f64::sqrt)
    };
    let found: Vec<f64> = ranked[..centres.min(500)]
        .iter()
        .enumerate()
        .filter_map(nearest)
        .collect();
    if found.is_empty() {
        None
    } else {
        Some(median(found))
    }
}

fn summarise_bin(mut pairs: Vec<(f64, f64)>, estimator: VariogramEstimator) -> LagBin {
    // Sums in one order, whatever the order of the samples.
    pairs.sort_by(|(a, p), (b, q)| p.total_cmp(q).then(a.total_cmp(b)));
    let n = pairs.len() as f64;
    let lag = pairs.iter().map(|(distance, _)| distance).sum::<f64>() / n;
    let mean = |power: f64| {
        pairs
            .iter()
            .map(|(_, difference)| difference.powf(power))
            .sum::<f64>()
            / n
    };
    let (semivariance, efficiency) = match estimator {
        VariogramEstimator::Dowd => {
            let middle = median(pairs.iter().map(|(_, difference)| *difference).collect());
            (0.5 * 2.198 * middle * middle, 0.37)
        }
        VariogramEstimator::CressieHawkins => (0.5 * mean(0.5).powi(4) / (0.457 + 0.494 / n), 0.8),
        VariogramEstimator::Matheron => (0.5 * mean(2.0), 1.0),
    };
    LagBin {
        lag,
        semivariance,
        pairs: pairs.len(),
        relative_error: (2.0 / (efficiency * n)).sqrt(),
    }
}

pub(super) fn distance_squared(a: &StableSample, b: &StableSample) -> f64 {
    let [x, y] = [0, 1].map(|axis| a.position[axis] - b.position[axis]);
    x * x + y * y
}

/// Hash of a position.
fn hash_position(sample: &StableSample) -> u64 {
    let [x, y] = sample
        .position
        .map(|coordinate| (coordinate + 0.0).to_bits());
    mix_bits(mix_bits(x) ^ y)
}

/// splitmix64.
fn mix_bits(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    for multiplier in [0xBF58_476D_1CE4_E5B9_u64, 0x94D0_49BB_1331_11EB] {
        z = (z ^ (z >> 29)).wrapping_mul(multiplier);
    }
    z ^ (z >> 32)
}

/// Median; NaN of nothing.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let upper = values.len() / 2;
    match (values.get(upper), values.len() % 2) {
        (Some(middle), 1) => *middle,
        (Some(above), _) => 0.5 * (values[upper - 1] + above),
        (None, _) => f64::NAN,
    }
}

/// Box around samples.
struct Extent {
    sides: [f64; 2],
}

impl Extent {
    fn of_samples(samples: &[StableSample]) -> Self {
        let side = |axis: usize| {
            let along = || samples.iter().map(|sample| sample.position[axis]);
            along().fold(f64::MIN, f64::max) - along().fold(f64::MAX, f64::min)
        };
        Self {
            sides: [side(0), side(1)],
        }
    }

    fn diagonal(&self) -> f64 {
        self.sides[0].hypot(self.sides[1])
    }

    fn area(&self) -> f64 {
        self.sides[0] * self.sides[1]
    }
}
