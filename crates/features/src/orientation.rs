//! The side that normals point to.

use isopach_compute::{Error, Result};

/// Side that normals point to. A covariance gives an axis without a sign.
///
/// A minimum spanning tree of the cloud is no option: it is global, so tiles would disagree.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum NormalSide {
    /// Up, n_z ≥ 0; a level normal points north, else east.
    #[default]
    Up,
    /// Towards a place, absolute metres, such as the position of a scanner.
    Towards([f64; 3]),
}

impl NormalSide {
    pub(crate) fn check(self) -> Result<()> {
        match self {
            Self::Up => Ok(()),
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
            Self::Up => [axis[2], axis[1], axis[0]]
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
