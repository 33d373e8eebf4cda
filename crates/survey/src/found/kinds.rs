//! The types of the libraries that are found from the data.

use super::exact::{Exact, exact, member, object};
use crate::{
    alignment::Aligned,
    sample::{FromData, Sample},
};
use isopach::{
    change::{
        LagBin, Suggested, Suggestions, SurveyStatistics, Variogram, VariogramModel,
        VariogramStructure,
    },
    cloud::{FreeDirection, PoseCovariance, Rigid},
    las::LeftOut,
    neighbours::AxialStatistic,
    registration::{AlignmentOutcome, NotMoved, ResidualMode, RobustAlignment, StartReport},
};
use serde_json::{Value, json};

exact!(Rigid {
    rotation,
    translation,
    pivot
});
exact!(FreeDirection {
    unknowns,
    description
});
exact!(PoseCovariance {
    pivot,
    matrix,
    free,
    arm,
    normal_noise
});
exact!(ResidualMode {
    target_from_source,
    share,
    shift
});
exact!(RobustAlignment {
    target_from_source,
    proposed,
    outcome,
    converged,
    iterations,
    rmse,
    inliers,
    inlier_fraction,
    stable_fraction,
    score_before,
    score_after,
    noise,
    hessian,
    covariance,
    blocks,
    max_distance,
    starts,
});
exact!(Aligned {
    found,
    start,
    typical_error
});
exact!(SurveyStatistics {
    variance_ratio,
    pooled_spread,
    median_factor,
    resolution,
    places
});
exact!(LagBin {
    lag,
    semivariance,
    pairs,
    relative_error
});
exact!(VariogramStructure { sill, range, model });
exact!(Variogram {
    nugget,
    structures,
    bins,
    squared_correlation
});
exact!(Sample {
    cells,
    cylinders,
    variogram,
    exceeding,
    stable_cells,
    squares,
    points,
    out_of_reach
});
exact!(Suggestions {
    density,
    normal_radii,
    cylinder_radius,
    projection_depth,
    core_spacing,
    statistic,
    cell_size
});
exact!(FromData { suggestions, steep });
exact!(LeftOut { withheld, noise });

impl<T: Exact> Exact for Suggested<T> {
    fn to_json(&self) -> Value {
        let Self { value, reason } = self;
        object([("value", value.to_json()), ("reason", reason.to_json())])
    }
    fn from_json(value: &Value) -> Option<Self> {
        Some(Self {
            value: member(value, "value")?,
            reason: member(value, "reason")?,
        })
    }
}

impl Exact for StartReport {
    fn to_json(&self) -> Value {
        let Self {
            name,
            iterations,
            score,
            target_from_source,
        } = self;
        object([
            ("name", json!(name)),
            ("iterations", iterations.to_json()),
            ("score", score.to_json()),
            ("target_from_source", target_from_source.to_json()),
        ])
    }
    fn from_json(value: &Value) -> Option<Self> {
        // There are a few of them, read once.
        let name: &'static str = member::<String>(value, "name")?.leak();
        Some(Self {
            name,
            iterations: member(value, "iterations")?,
            score: member(value, "score")?,
            target_from_source: member(value, "target_from_source")?,
        })
    }
}

impl Exact for AlignmentOutcome {
    fn to_json(&self) -> Value {
        match self {
            Self::Moved => json!("moved"),
            Self::NotMoved(stay) => object([("not_moved", stay.to_json())]),
            Self::Ambiguous { modes } => object([("ambiguous", modes.to_json())]),
        }
    }
    fn from_json(value: &Value) -> Option<Self> {
        if value == "moved" {
            return Some(Self::Moved);
        }
        let ambiguous = || {
            Some(Self::Ambiguous {
                modes: Box::new(member(value, "ambiguous")?),
            })
        };
        member(value, "not_moved")
            .map(Self::NotMoved)
            .or_else(ambiguous)
    }
}

impl Exact for NotMoved {
    fn to_json(&self) -> Value {
        match self {
            Self::WithinUncertainty { squared, limit } => {
                object([("squared", squared.to_json()), ("limit", limit.to_json())])
            }
            Self::NoBetter => json!("no better"),
            Self::Undetermined => json!("undetermined"),
            Self::NoConsensus { share, wanted } => {
                object([("share", share.to_json()), ("wanted", wanted.to_json())])
            }
            Self::TooFewBlocks => json!("too few blocks"),
        }
    }
    fn from_json(value: &Value) -> Option<Self> {
        match value.as_str() {
            Some("no better") => Some(Self::NoBetter),
            Some("undetermined") => Some(Self::Undetermined),
            Some("too few blocks") => Some(Self::TooFewBlocks),
            Some(_) => None,
            None if value.get("squared").is_some() => Some(Self::WithinUncertainty {
                squared: member(value, "squared")?,
                limit: member(value, "limit")?,
            }),
            None => Some(Self::NoConsensus {
                share: member(value, "share")?,
                wanted: member(value, "wanted")?,
            }),
        }
    }
}

/// Variants without fields, by a name of each.
macro_rules! by_name {
    ($type:ty { $($variant:ident: $name:literal),+ $(,)? }) => {
        impl Exact for $type {
            fn to_json(&self) -> Value {
                match self {
                    $(Self::$variant => json!($name)),+
                }
            }
            fn from_json(value: &Value) -> Option<Self> {
                match value.as_str()? {
                    $($name => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}
by_name!(AxialStatistic {
    MeanDeviation: "mean",
    MedianIqr: "median"
});
by_name!(VariogramModel {
    Spherical: "spherical",
    Exponential: "exponential"
});
