//! Which kernels compute a statistic.

use isopach_compute::{Error, Result};
use isopach_raster::CellStatistic;

/// A statistic that follows from a cell's count, extremes and sums.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum SumStatistic {
    Count,
    Min,
    Max,
    Mean,
    StandardDeviation,
}

impl SumStatistic {
    pub(super) fn needs_extremes(&self) -> bool {
        matches!(self, Self::Min | Self::Max)
    }

    pub(super) fn needs_sum(&self) -> bool {
        matches!(self, Self::Mean | Self::StandardDeviation)
    }

    pub(super) fn needs_squares(&self) -> bool {
        matches!(self, Self::StandardDeviation)
    }

    /// The statistic by its public name.
    pub(super) fn cell_statistic(self) -> CellStatistic {
        match self {
            Self::Count => CellStatistic::Count,
            Self::Min => CellStatistic::Min,
            Self::Max => CellStatistic::Max,
            Self::Mean => CellStatistic::Mean,
            Self::StandardDeviation => CellStatistic::StandardDeviation,
        }
    }
}

/// A statistic by the kernels that compute it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum KernelStatistic {
    /// From sums.wgsl.
    Sums(SumStatistic),
    /// A quantile (0 to 1), from the sorted heights of a cell.
    Quantile(f64),
}

impl KernelStatistic {
    /// The kernels of a statistic. A statistic without one is declined, and the CPU computes it.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a statistic that has no kernel.
    pub(super) fn classify(statistic: CellStatistic) -> Result<Self> {
        if let Some(share) = statistic.share() {
            return Ok(Self::Quantile(share));
        }
        Ok(Self::Sums(match statistic {
            CellStatistic::Count => SumStatistic::Count,
            CellStatistic::Min => SumStatistic::Min,
            CellStatistic::Max => SumStatistic::Max,
            CellStatistic::Mean => SumStatistic::Mean,
            CellStatistic::StandardDeviation => SumStatistic::StandardDeviation,
            _ => {
                return Err(Error::Unsupported {
                    operation: "compute this statistic of a cell",
                });
            }
        }))
    }

    pub(super) fn sums(self) -> Option<SumStatistic> {
        match self {
            Self::Sums(statistic) => Some(statistic),
            Self::Quantile(_) => None,
        }
    }

    pub(super) fn quantile(self) -> Option<f64> {
        match self {
            Self::Sums(_) => None,
            Self::Quantile(share) => Some(share),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isopach_raster::conformance::STATISTICS;

    #[test]
    fn a_statistic_is_the_one_it_is_classified_as_or_is_declined() {
        for statistic in STATISTICS {
            let kernel = match KernelStatistic::classify(statistic) {
                Ok(kernel) => kernel,
                Err(Error::Unsupported { .. }) => continue,
                Err(error) => panic!("{statistic:?}: {error}"),
            };
            assert_eq!(kernel.quantile(), statistic.share(), "{statistic:?}");
            let sums = kernel.sums().map(SumStatistic::cell_statistic);
            assert_eq!(sums.is_none(), statistic.share().is_some());
            assert!(sums.is_none_or(|found| found == statistic));
        }
    }

    #[test]
    fn a_mean_and_a_median_have_kernels() {
        let kernel = |statistic| KernelStatistic::classify(statistic).unwrap();
        assert_eq!(
            kernel(CellStatistic::Mean),
            KernelStatistic::Sums(SumStatistic::Mean)
        );
        assert_eq!(
            kernel(CellStatistic::Median),
            KernelStatistic::Quantile(0.5)
        );
    }
}
