//! Outliers of a run: options, the pass over the survey that a threshold needs, and the class that
//! they get.

use super::FeatureOptionError;
use clap::{Args, ValueEnum};
use isopach::{
    cloud::Cloud,
    compute::Result,
    features::{DistanceSums, OutlierConvention, OutlierFilter, OutlierTile, StatisticalFilter},
};
use serde_json::{Value, json};

/// Options of the outlier filter.
#[derive(Args, Clone, Debug)]
pub(crate) struct OutlierArgs {
    /// Find outliers and write them as class 7: points whose mean distance to their nearest is
    /// large among those of all (statistical), or with too few others within a radius or in 27
    /// voxels
    #[arg(long, value_enum)]
    outliers: Option<Method>,
    /// Leave outliers out of all that follows and of the file; they are counted
    #[arg(long, requires = "outliers")]
    pub(crate) without_outliers: bool,
    /// Number of nearest points (statistical)
    #[arg(long, default_value_t = 8, requires = "outliers")]
    outlier_neighbors: usize,
    /// Standard deviations above the mean from which a point is an outlier (statistical)
    #[arg(
        long,
        default_value_t = 3.0,
        allow_negative_numbers = true,
        requires = "outliers"
    )]
    outlier_deviations: f64,
    /// Largest distance of the nearest points, metres: points with fewer within it are outliers
    /// (statistical)
    #[arg(
        long,
        default_value_t = 10.0,
        allow_negative_numbers = true,
        requires = "outliers"
    )]
    outlier_distance: f64,
    /// Whose definition (statistical): isopach, pdal, cloudcompare, open3d
    #[arg(long, default_value = "isopach", requires = "outliers")]
    outlier_convention: String,
    /// Radius (radius), or side of a voxel (voxels), metres; 1 and 5 if not given
    #[arg(long, allow_negative_numbers = true, requires = "outliers")]
    outlier_size: Option<f64>,
    /// Number of other points below which a point is an outlier (radius: 2 if not given, voxels: 6)
    #[arg(long, requires = "outliers")]
    outlier_fewest: Option<usize>,
}

/// A filter of outliers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Method {
    Statistical,
    Radius,
    Voxels,
}

impl OutlierArgs {
    /// The filter that the options ask for.
    pub(crate) fn parsed(&self) -> Result<Option<OutlierFilter>> {
        let Some(method) = self.outliers else {
            return Ok(None);
        };
        let name = &self.outlier_convention;
        let convention = OutlierConvention::named(name).ok_or_else(|| {
            FeatureOptionError::UnknownOutlierConvention {
                given: name.clone(),
            }
        })?;
        Ok(Some(match method {
            Method::Statistical => OutlierFilter::Statistical(StatisticalFilter {
                k: self.outlier_neighbors,
                deviations: self.outlier_deviations,
                max_distance: self.outlier_distance,
                convention,
            }),
            Method::Radius => OutlierFilter::Radius {
                radius: self.outlier_size.unwrap_or(1.0),
                fewest: self.outlier_fewest.unwrap_or(2),
            },
            Method::Voxels => OutlierFilter::Voxels {
                side: self.outlier_size.unwrap_or(5.0),
                fewest: self.outlier_fewest.unwrap_or(6),
            },
        }))
    }
}

/// The filter of a run, and its counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct OutlierRun {
    pub(super) filter: OutlierFilter,
    pub(super) leave_out: bool,
    /// Sums of mean distances over the survey.
    pub(super) sums: DistanceSums,
    pub(super) found: u64,
    pub(super) out_of_reach: u64,
}

impl OutlierRun {
    pub(super) fn new(filter: OutlierFilter, leave_out: bool) -> Self {
        Self {
            filter,
            leave_out,
            sums: DistanceSums::default(),
            found: 0,
            out_of_reach: 0,
        }
    }

    /// Counts the outliers of a tile, and gives them the class of noise.
    pub(super) fn take_tile(&mut self, tile: &OutlierTile, points: &mut Cloud) {
        self.found += tile.found;
        self.out_of_reach += tile.mask.out_of_reach;
        let Some(classes) = &mut points.attributes.classification else {
            return;
        };
        for (class, is_outlier) in classes.iter_mut().zip(&tile.mask.is_outlier) {
            if *is_outlier {
                *class = NOISE;
            }
        }
    }

    /// Its part of the summary.
    pub(super) fn summary(&self) -> Value {
        let filter = match self.filter {
            OutlierFilter::Statistical(statistical) => json!({
                "method": "statistical",
                "nearest": statistical.k,
                "deviations": statistical.deviations,
                "max_distance_m": statistical.max_distance,
                "convention": statistical.convention.name,
                "mean_m": self.sums.mean(),
                "deviation_m": self.sums.deviation(statistical.convention.divisor),
                "threshold_m": statistical.threshold(self.sums),
                "fewer_within_max_distance": self.out_of_reach,
            }),
            OutlierFilter::Radius { radius, fewest } => {
                json!({ "method": "radius", "radius_m": radius, "fewest_others": fewest })
            }
            OutlierFilter::Voxels { side, fewest } => {
                json!({ "method": "voxels", "side_m": side, "fewest_others": fewest })
            }
            other => json!({ "method": format!("{other:?}") }),
        };
        json!({ "filter": filter, "found": self.found, "left_out": self.leave_out })
    }
}

/// ASPRS class of low points and noise.
const NOISE: u8 = 7;
