//! Definitions of the statistical filter by other tools, as data.

use crate::Divisor;

/// Details in which tools differ that filter by the mean distance to the k nearest.
///
/// [`OutlierConvention::PDAL`] is written from PDAL's source and not compared with its output;
/// Open3D and CloudCompare are held against the output of the tools by tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct OutlierConvention {
    /// Its name, for the command line and for records of a run.
    pub name: &'static str,
    /// Whether the point itself is one of the `k`: the mean is then of `k` − 1 distances.
    pub counts_itself: bool,
    /// Divisor of the variance of the mean distances.
    pub divisor: Divisor,
    /// Whether a mean distance equal to the threshold is that of an outlier.
    pub at_threshold: bool,
    /// Whether a point with all of the `k` nearest at its own place is an outlier.
    pub coincident: bool,
}

impl OutlierConvention {
    /// `k` others, n − 1, above the threshold.
    pub const ISOPACH: Self = Self {
        name: "isopach",
        counts_itself: false,
        divisor: Divisor::CountMinusOne,
        at_threshold: false,
        coincident: false,
    };

    /// PDAL's `filters.outlier`: `mean_k` others, n − 1, at or above the threshold.
    pub const PDAL: Self = Self {
        name: "pdal",
        at_threshold: true,
        ..Self::ISOPACH
    };

    /// CloudCompare 2.11: the point is one of the `k`, n, above the threshold.
    pub const CLOUDCOMPARE: Self = Self {
        name: "cloudcompare",
        counts_itself: true,
        divisor: Divisor::Count,
        ..Self::ISOPACH
    };

    /// Open3D's `remove_statistical_outlier` (0.20, not the tensor API): the point is one of the
    /// `k`, n − 1, at or above the threshold; a point whose neighbours are all at its place is
    /// removed.
    pub const OPEN3D: Self = Self {
        name: "open3d",
        counts_itself: true,
        at_threshold: true,
        coincident: true,
        ..Self::ISOPACH
    };

    /// All of them.
    pub const ALL: [Self; 4] = [Self::ISOPACH, Self::PDAL, Self::CLOUDCOMPARE, Self::OPEN3D];

    /// The convention of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name == name)
    }
}
