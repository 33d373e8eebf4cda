//! Which kernels compute a statistic.

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
    /// Every statistic has a kernel here: the match has no catch-all, so that a new statistic does
    /// not compile until it has one, or is declined.
    pub(super) fn classify(statistic: CellStatistic) -> Self {
        match statistic {
            CellStatistic::Count => Self::Sums(SumStatistic::Count),
            CellStatistic::Min => Self::Sums(SumStatistic::Min),
            CellStatistic::Max => Self::Sums(SumStatistic::Max),
            CellStatistic::Mean => Self::Sums(SumStatistic::Mean),
            CellStatistic::StandardDeviation => Self::Sums(SumStatistic::StandardDeviation),
            CellStatistic::Median => Self::Quantile(0.5),
            CellStatistic::Percentile(percent) => Self::Quantile(percent / 100.0),
        }
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

    #[test]
    fn a_statistic_is_a_quantile_here_where_the_definition_says_so() {
        let all = [
            CellStatistic::Mean,
            CellStatistic::Median,
            CellStatistic::Min,
            CellStatistic::Max,
            CellStatistic::Percentile(12.5),
            CellStatistic::Count,
            CellStatistic::StandardDeviation,
        ];
        for statistic in all {
            let kernel = KernelStatistic::classify(statistic);
            assert_eq!(kernel.quantile(), statistic.share(), "{statistic:?}");
            let sums = kernel.sums().map(SumStatistic::cell_statistic);
            assert_eq!(sums.is_none(), statistic.share().is_some());
            assert!(sums.is_none_or(|found| found == statistic));
        }
    }
}
