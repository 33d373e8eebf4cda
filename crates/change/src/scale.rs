//! Scatter of one epoch at one place, as a variance with degrees of freedom.

use isopach_neighbours::AxialStatistic;
#[cfg(feature = "dod")]
use isopach_raster::CellStatistic;

/// An estimate of a variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    /// Variance, m²; NaN if unknown.
    pub(crate) variance: f64,
    /// Degrees of freedom of a χ² with the same scatter; 0 if unknown.
    pub(crate) freedom: f64,
}

/// Kind of location of an epoch at a place, and so the meaning of its spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// A mean, with a standard deviation (divisor n − 1).
    Mean,
    /// A median, with an inter-quartile range of a certain rule.
    Median(Quartiles),
    /// A statistic whose standard error does not follow from a spread: minimum, maximum, other
    /// percentiles.
    #[cfg(feature = "dod")]
    Extreme,
}

/// How quartiles are taken from sorted values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quartiles {
    /// v[⌊q n⌋], averaged with the one before where q n is whole ([`AxialStatistic::MedianIqr`]).
    OrderStatistics,
    /// Linear interpolation at q (n − 1) ([`isopach_raster::CellStatistic::Percentile`]).
    #[cfg(feature = "dod")]
    Linear,
}

/// The inter-quartile range of a normal distribution of unit variance.
const NORMAL_IQR: f64 = 1.348_979_500_392_163_5;

/// √E(IQR²) and degrees of freedom of IQR² for two to six normal values, by either rule (from
/// 200,000 samples each).
const FEW: [[[f64; 2]; 2]; 5] = [
    [[1.414, 1.00], [0.707, 1.00]],
    [[1.909, 1.96], [0.955, 1.96]],
    [[1.447, 2.65], [1.082, 1.69]],
    [[1.141, 1.60], [1.141, 1.60]],
    [[1.412, 2.46], [1.171, 2.43]],
];

impl Location {
    pub(crate) fn of_axial(statistic: AxialStatistic) -> Self {
        match statistic {
            AxialStatistic::MeanDeviation => Self::Mean,
            AxialStatistic::MedianIqr => Self::Median(Quartiles::OrderStatistics),
        }
    }

    #[cfg(feature = "dod")]
    pub(crate) fn of_cell(statistic: CellStatistic) -> Self {
        match statistic {
            CellStatistic::Mean => Self::Mean,
            CellStatistic::Median => Self::Median(Quartiles::Linear),
            CellStatistic::Percentile(50.0) => Self::Median(Quartiles::Linear),
            // No spread is known to belong to another statistic.
            _ => Self::Extreme,
        }
    }

    /// Scale of `count` points with that spread (metres).
    pub(crate) fn scale_of(self, spread: f64, count: u32) -> Scale {
        if count < 2 || spread.is_nan() {
            return Scale {
                variance: f64::NAN,
                freedom: 0.0,
            };
        }
        match self {
            Self::Mean => scale_of_deviation(spread, count),
            #[cfg(feature = "dod")]
            Self::Extreme => scale_of_deviation(spread, count),
            Self::Median(quartiles) => {
                let [expected, freedom] = quartiles.of_normal(count);
                Scale {
                    variance: (spread / expected).powi(2),
                    freedom,
                }
            }
        }
    }
}

/// The scale of a standard deviation.
fn scale_of_deviation(spread: f64, count: u32) -> Scale {
    Scale {
        variance: spread * spread,
        freedom: f64::from(count - 1),
    }
}

impl Quartiles {
    /// √E(IQR²) and degrees of freedom of IQR² for `count` ≥ 2 normal values of unit variance.
    /// Above six a fit in 1/n, within 2 % of the expectation and 10 % of the degrees of freedom
    /// (from 200,000 samples each of 7 to 100 values).
    fn of_normal(self, count: u32) -> [f64; 2] {
        let n = f64::from(count);
        let (rule, bias) = match self {
            #[cfg(feature = "dod")]
            Self::Linear => (1, -0.76),
            Self::OrderStatistics => match count % 4 {
                1 => (0, -0.76),
                3 => (0, 1.5),
                _ => (0, 0.35),
            },
        };
        if let Some(few) = FEW.get(count as usize - 2) {
            return few[rule];
        }
        [NORMAL_IQR * (1.0 + bias / n), 0.367 * n + 0.4]
    }
}

#[cfg(all(test, feature = "dod"))]
mod tests {
    use super::*;
    use isopach_neighbours::AxialStatistics;

    /// Normal numbers by a counter, two at a time.
    fn normals(seed: u64) -> impl Iterator<Item = f64> {
        (0_u64..).flat_map(move |i| {
            let uniform = |k: u64| {
                let bits =
                    crate::position_hash::position_hash([seed as i64, i as i64, k as i64]) >> 11;
                (bits as f64 + 0.5) / (1_u64 << 53) as f64
            };
            let radius = (-2.0 * uniform(0).ln()).sqrt();
            let (sine, cosine) = (std::f64::consts::TAU * uniform(1)).sin_cos();
            [radius * sine, radius * cosine]
        })
    }

    #[test]
    fn quartiles_of_normal_values_tell_their_variance() {
        let mut numbers = normals(5);
        for count in [2_u32, 3, 4, 5, 6, 7, 8, 9, 10, 13, 20, 31, 60] {
            for quartiles in [Quartiles::OrderStatistics, Quartiles::Linear] {
                let (mut sum, mut squares) = (0.0, 0.0);
                let trials = 20_000;
                for _ in 0..trials {
                    let mut values: Vec<f64> = numbers.by_ref().take(count as usize).collect();
                    let range = match quartiles {
                        Quartiles::OrderStatistics => {
                            AxialStatistics::median_iqr(&mut values).spread
                        }
                        Quartiles::Linear => linear_range(&mut values),
                    };
                    let scale = Location::Median(quartiles).scale_of(range, count);
                    sum += scale.variance;
                    squares += scale.variance * scale.variance;
                }
                let mean = sum / f64::from(trials);
                let variance = squares / f64::from(trials) - mean * mean;
                let freedom = Location::Median(quartiles).scale_of(1.0, count).freedom;
                assert!(
                    (mean - 1.0).abs() < 0.06,
                    "{quartiles:?} of {count}: a variance of {mean}"
                );
                let found = 2.0 * mean * mean / variance;
                assert!(
                    (found / freedom - 1.0).abs() < 0.2,
                    "{quartiles:?} of {count}: {found}, not {freedom}"
                );
            }
        }
    }

    fn linear_range(values: &mut [f64]) -> f64 {
        values.sort_unstable_by(f64::total_cmp);
        let quantile = |share: f64| {
            let at = share * (values.len() - 1) as f64;
            let (below, above) = (values[at.floor() as usize], values[at.ceil() as usize]);
            below + (at - at.floor()) * (above - below)
        };
        quantile(0.75) - quantile(0.25)
    }

    #[test]
    fn a_single_point_has_no_scale() {
        for location in [
            Location::Mean,
            Location::Median(Quartiles::Linear),
            Location::Extreme,
        ] {
            assert_eq!(location.scale_of(f64::NAN, 1).freedom, 0.0);
            assert!(location.scale_of(0.1, 0).variance.is_nan());
        }
    }
}
