//! The side that normals point to.

mod error;
mod flip;
#[cfg(feature = "tiling")]
mod path_tile;
mod trajectory;
mod tree;

pub use error::OrientationError;
#[cfg(feature = "tiling")]
pub use path_tile::{PathTile, PathTiles};
pub use trajectory::{PathFeatures, Trajectory};
pub use tree::TreeFeatures;

use isopach_compute::{Error, Result};

/// Side that normals point to. A covariance gives an axis without a sign.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum NormalSide {
    /// Up, n_z ≥ 0; a level normal points north, else east.
    #[default]
    Up,
    /// Towards a place, absolute metres, such as the position of a scanner.
    Towards([f64; 3]),
    /// Towards the position of the scanner at the time of each point:
    /// [`Features::run_along`](crate::Features::run_along), and `PathTiles` by tiles.
    TowardsPath,
    /// The side of the neighbours, along a minimum spanning tree (Hoppe et al. 1992):
    /// [`Features::run_on_tree`](crate::Features::run_on_tree). It is global, so that tiles would
    /// disagree: they refuse it.
    SpanningTree {
        /// Nearest points that a point is joined with.
        k: usize,
    },
}

impl NormalSide {
    /// Checks that a side can be decided from a point and its neighbours.
    pub(crate) fn check(self) -> Result<()> {
        match self {
            Self::Up | Self::Towards(_) => self.check_numbers(),
            Self::TowardsPath => Err(OrientationError::PathMissing.into()),
            Self::SpanningTree { .. } => Err(OrientationError::TreeIsGlobal.into()),
        }
    }

    fn check_numbers(self) -> Result<()> {
        match self {
            Self::Up | Self::TowardsPath => Ok(()),
            Self::SpanningTree { k } => {
                Error::check("k of the spanning tree", k as f64, k > 0, "be at least 1").map(drop)
            }
            Self::Towards(place) => place.iter().try_for_each(|&coordinate| {
                Error::check(
                    "coordinate of the place that normals point towards",
                    coordinate,
                    coordinate.is_finite(),
                    "be a finite number",
                )
                .map(drop)
            }),
        }
    }

    /// The axis, turned to this side as seen from a point (absolute metres).
    pub(crate) fn turn(self, axis: [f64; 3], point: impl FnOnce() -> [f64; 3]) -> [f64; 3] {
        let points_away = match self {
            // The last two are turned afterwards.
            Self::Up | Self::TowardsPath | Self::SpanningTree { .. } => [axis[2], axis[1], axis[0]]
                .into_iter()
                .find(|component| *component != 0.0)
                .is_some_and(|component| component < 0.0),
            Self::Towards(place) => {
                let from = point();
                (0..3).map(|a| (place[a] - from[a]) * axis[a]).sum::<f64>() < 0.0
            }
        };
        if points_away { axis.map(|c| -c) } else { axis }
    }
}
