//! Outliers: points far from all others.

mod convention;
mod distances;
#[cfg(feature = "tiling")]
mod tile;
mod voxels;

pub use convention::OutlierConvention;
pub use distances::DistanceSums;
#[cfg(feature = "tiling")]
pub use tile::{AfterOutliers, DistanceTiles, OutlierTile};

use isopach_cloud::{Positions, checked_cell_size};
use isopach_compute::{Error, Result};
use isopach_neighbours::NeighbourSearch;

/// A filter of outliers: points with too few others around.
///
/// The point itself never counts, other points at its place do. The result does not depend on the
/// order of the points, on threads or tiles.
///
/// ```
/// use isopach_features::{Cloud, Cpu, OutlierFilter};
/// let ground = (0..400).map(|i| [f64::from(i % 20), f64::from(i / 20), 0.0]);
/// let bird = [[9.5, 9.5, 30.0]];
/// let points: Vec<[f64; 3]> = ground.chain(bird).collect();
/// let cloud = Cloud::from_points(&points)?;
/// let filter = OutlierFilter::Radius { radius: 1.5, fewest: 2 };
/// let found = filter.run(&Cpu, cloud.positions())?;
/// assert_eq!(found.is_outlier.iter().position(|is_outlier| *is_outlier), Some(400));
/// # Ok::<(), isopach_features::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum OutlierFilter {
    /// Points whose mean distance to their nearest points is large among those of all points (Rusu
    /// et al. 2008).
    Statistical(StatisticalFilter),
    /// Points with fewer than `fewest` other points within the radius, those at exactly this
    /// distance included.
    Radius {
        /// Radius, metres.
        radius: f64,
        /// Number of other points.
        fewest: usize,
    },
    /// Points with fewer than `fewest` other points in the 27 voxels around and with their own: the
    /// isolated voxels filter of LAStools and lidR, on the absolute grid.
    Voxels {
        /// Side of a voxel, metres.
        side: f64,
        /// Number of other points.
        fewest: usize,
    },
}

/// Parameters of [`OutlierFilter::Statistical`].
///
/// The threshold is the mean of the mean distances of all points plus `deviations` times their
/// standard deviation. A point with fewer than `k` others within `max_distance` is an outlier
/// without a mean distance: it is counted ([`OutlierMask::out_of_reach`]), and is no part of the
/// threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct StatisticalFilter {
    /// Number of nearest points, ties by distance alone.
    pub k: usize,
    /// Standard deviations above the mean.
    pub deviations: f64,
    /// Largest distance of a nearest point, metres; may be infinite in memory.
    pub max_distance: f64,
    /// Details by tool.
    pub convention: OutlierConvention,
}

impl StatisticalFilter {
    /// Number of other points that a mean is of.
    fn others(&self) -> usize {
        self.k - usize::from(self.convention.counts_itself)
    }

    /// The threshold from the sums of all points, metres.
    #[must_use]
    pub fn threshold(&self, sums: DistanceSums) -> f64 {
        sums.mean() + self.deviations * sums.deviation(self.convention.divisor)
    }

    fn verdict_of(&self, mean: Option<f64>, threshold: f64) -> Verdict {
        let Some(mean) = mean else {
            return Verdict::OutOfReach;
        };
        let is_far = mean > threshold || (self.convention.at_threshold && mean == threshold);
        Verdict::from(is_far || (self.convention.coincident && mean == 0.0))
    }
}

/// Which points are outliers.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OutlierMask {
    /// One entry a point.
    pub is_outlier: Vec<bool>,
    /// Outliers of the statistical filter without k others within the largest distance.
    pub out_of_reach: u64,
}

/// Result of a filter for a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Inlier,
    Outlier,
    /// An outlier without k others within the largest distance.
    OutOfReach,
}

impl From<bool> for Verdict {
    fn from(is_outlier: bool) -> Self {
        if is_outlier {
            Self::Outlier
        } else {
            Self::Inlier
        }
    }
}

impl OutlierMask {
    fn of_verdicts(verdicts: &[Verdict]) -> Self {
        let out_of_reach = verdicts
            .iter()
            .filter(|verdict| **verdict == Verdict::OutOfReach);
        Self {
            out_of_reach: out_of_reach.count() as u64,
            is_outlier: verdicts
                .iter()
                .map(|verdict| *verdict != Verdict::Inlier)
                .collect(),
        }
    }
}

/// A filter that knows the whole survey: it can decide on any part of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutlierRule {
    filter: OutlierFilter,
    /// Of the statistical filter, metres.
    threshold: f64,
}

impl OutlierFilter {
    /// Finds the outliers of a cloud.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a number, length or side without meaning; any error of the
    /// backend.
    pub fn run(
        &self,
        on: &(impl NeighbourSearch + ?Sized),
        points: Positions<'_>,
    ) -> Result<OutlierMask> {
        let sums = self.sums_of(on, points, points)?;
        self.rule(sums)?.answer(on, points, points)
    }

    /// Whether a rule needs the sums of mean distances over the survey.
    #[must_use]
    pub fn needs_sums(&self) -> bool {
        matches!(self, Self::Statistical(_))
    }

    /// The filter with its threshold from the sums over all points; other filters than the
    /// statistical one need none ([`DistanceSums::default`]).
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn rule(self, sums: DistanceSums) -> Result<OutlierRule> {
        self.check()?;
        let threshold = match &self {
            Self::Statistical(filter) => filter.threshold(sums),
            Self::Radius { .. } | Self::Voxels { .. } => f64::NAN,
        };
        Ok(OutlierRule {
            filter: self,
            threshold,
        })
    }

    /// Sums of the mean distances of some of the points.
    fn sums_of(
        &self,
        on: &(impl NeighbourSearch + ?Sized),
        points: Positions<'_>,
        queries: Positions<'_>,
    ) -> Result<DistanceSums> {
        self.check()?;
        let Self::Statistical(filter) = self else {
            return Ok(DistanceSums::default());
        };
        let index = on.index(points)?;
        let others = filter.others();
        let means = distances::mean_distances(&*index, queries, others, filter.max_distance)?;
        Ok(DistanceSums::of_means(&means))
    }

    /// Metres around a point that decide whether it is an outlier.
    #[must_use]
    pub fn reach(&self) -> f64 {
        match self {
            Self::Statistical(filter) => filter.max_distance,
            Self::Radius { radius, .. } => *radius,
            Self::Voxels { side, .. } => 2.0 * side,
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Self::Statistical(filter) => filter.check(),
            Self::Radius { radius, fewest } => {
                let is_radius = radius.is_finite() && *radius > 0.0;
                Error::check(
                    "outlier radius",
                    *radius,
                    is_radius,
                    "be above zero and finite",
                )?;
                check_fewest(*fewest)
            }
            Self::Voxels { side, fewest } => {
                checked_cell_size(*side)?;
                check_fewest(*fewest)
            }
        }
    }
}

fn check_fewest(fewest: usize) -> Result<()> {
    let must = "be at least 1";
    Error::check("number of other points", fewest as f64, fewest > 0, must).map(drop)
}

impl StatisticalFilter {
    fn check(&self) -> Result<()> {
        let least = 1 + usize::from(self.convention.counts_itself);
        let must = "be at least 1, and 2 if the point itself is one of them";
        Error::check("k of outliers", self.k as f64, self.k >= least, must)?;
        let deviations = self.deviations;
        let is_number = deviations.is_finite();
        Error::check("standard deviations", deviations, is_number, "be finite")?;
        let distance = self.max_distance;
        let must = "be above zero";
        Error::check("outlier distance", distance, distance > 0.0, must).map(drop)
    }
}

impl OutlierRule {
    /// The filter.
    #[must_use]
    pub fn filter(&self) -> &OutlierFilter {
        &self.filter
    }

    /// Mean distance (metres) from which a point is an outlier; `None` for filters that have none,
    /// and where no point has a mean distance.
    #[must_use]
    pub fn threshold(&self) -> Option<f64> {
        (!self.threshold.is_nan()).then_some(self.threshold)
    }

    /// Finds the outliers among queries, which are points of the cloud.
    ///
    /// # Errors
    /// Any error of the backend.
    pub fn answer(
        &self,
        on: &(impl NeighbourSearch + ?Sized),
        points: Positions<'_>,
        queries: Positions<'_>,
    ) -> Result<OutlierMask> {
        let verdicts = self.decide(on, points, queries)?;
        Ok(OutlierMask::of_verdicts(&verdicts))
    }

    fn decide(
        &self,
        on: &(impl NeighbourSearch + ?Sized),
        points: Positions<'_>,
        queries: Positions<'_>,
    ) -> Result<Vec<Verdict>> {
        let is_outlier = match &self.filter {
            OutlierFilter::Statistical(filter) => {
                let index = on.index(points)?;
                let others = filter.others();
                let distance = filter.max_distance;
                let means = distances::mean_distances(&*index, queries, others, distance)?;
                let verdict = |&mean: &Option<f64>| filter.verdict_of(mean, self.threshold);
                return Ok(means.iter().map(verdict).collect());
            }
            OutlierFilter::Radius { radius, fewest } => {
                let index = on.index(points)?;
                distances::find_lonely(&*index, queries, *fewest, *radius)?
            }
            OutlierFilter::Voxels { side, fewest } => {
                voxels::find_isolated(points, queries, *side, *fewest)
            }
        };
        Ok(is_outlier.into_iter().map(Verdict::from).collect())
    }
}
