//! Choice of the core points.

use crate::position_hash::position_hash;
use isopach_cloud::{Cloud, Positions};
use isopach_compute::{Error, Result};
use std::sync::Arc;

/// Choice of the core points, the points that M3C2 measures at. It depends on the coordinates
/// alone, so that tiles agree on it.
#[derive(Clone, Debug, PartialEq)]
pub enum CoreSelection {
    /// One reference point per square of this side in the plane, metres
    /// ([`Positions::subsample_grid_indices`]): for terrain.
    Grid(f64),
    /// One reference point per cube of this side, metres
    /// ([`Positions::subsample_voxels_indices`]): for walls and steep ground.
    Voxels(f64),
    /// Every reference point.
    All,
    /// About one in this many reference points, by a hash of the position.
    EveryNth(u32),
    /// Given points, from a file or a grid.
    Given(Arc<Cloud>),
}

impl CoreSelection {
    /// Selects the core points of a reference epoch.
    ///
    /// Their order is that of the cells for [`Self::Grid`] and [`Self::Voxels`], the given order
    /// for [`Self::Given`], else from south to north, west to east and upwards.
    ///
    /// ```
    /// use isopach_change::CoreSelection;
    /// use isopach_cloud::Cloud;
    /// let reference = Cloud::from_points(&[[0.2, 0.5, 0.0], [0.5, 0.5, 0.1], [0.5, 0.5, 7.0]])?;
    /// assert_eq!(CoreSelection::Grid(1.0).select_points(&reference)?.len(), 1);
    /// assert_eq!(CoreSelection::Voxels(1.0).select_points(&reference)?.len(), 2);
    /// assert_eq!(CoreSelection::All.select_points(&reference)?.len(), 3);
    /// # Ok::<(), isopach_compute::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a spacing that is not above zero, or one in 0 points.
    pub fn select_points(&self, reference: &Cloud) -> Result<Cloud> {
        match self {
            Self::Given(points) => Ok(points.as_ref().clone()),
            Self::Grid(_) | Self::Voxels(_) | Self::All | Self::EveryNth(_) => {
                Ok(reference.select(&self.select_indices(reference.positions())?))
            }
        }
    }

    /// The core points that a tile owns.
    #[cfg(feature = "tiling")]
    pub(crate) fn select_owned(
        &self,
        reference: &Cloud,
        owns: impl Fn([f64; 2]) -> bool,
    ) -> Result<OwnedCorePoints> {
        self.check_parameters()?;
        let (from, mut chosen) = match self {
            Self::Given(points) => (points.as_ref(), (0..points.len() as u32).collect()),
            Self::Grid(_) | Self::Voxels(_) | Self::All | Self::EveryNth(_) => {
                (reference, self.select_indices(reference.positions())?)
            }
        };
        let positions = from.positions();
        chosen.retain(|&i| {
            let [x, y, _] = positions.absolute(i as usize);
            owns([x, y])
        });
        Ok(OwnedCorePoints {
            points: from.select(&chosen),
            chosen,
        })
    }

    fn select_indices(&self, reference: Positions<'_>) -> Result<Vec<u32>> {
        self.check_parameters()?;
        let all = 0..reference.len() as u32;
        match self {
            Self::Grid(spacing) => reference.subsample_grid_indices(*spacing),
            Self::Voxels(spacing) => reference.subsample_voxels_indices(*spacing),
            Self::All | Self::Given(_) => Ok(sort_by_position(reference, all.collect())),
            Self::EveryNth(n) => Ok(sort_by_position(
                reference,
                all.filter(|i: &u32| {
                    position_hash(reference.absolute_ticks(*i as usize))
                        .is_multiple_of(u64::from(*n))
                })
                .collect(),
            )),
        }
    }

    pub(crate) fn check_parameters(&self) -> Result<()> {
        match self {
            Self::Grid(spacing) | Self::Voxels(spacing) => {
                Error::positive("core point spacing", *spacing).map(drop)
            }
            Self::EveryNth(n) => {
                Error::check("one core point in", f64::from(*n), *n > 0, "be at least 1").map(drop)
            }
            Self::All | Self::Given(_) => Ok(()),
        }
    }

    /// Distance from a core point within which points affect the choice, metres.
    #[cfg(feature = "tiling")]
    pub(crate) fn cell_diagonal(&self) -> f64 {
        match self {
            Self::Grid(spacing) | Self::Voxels(spacing) => spacing * std::f64::consts::SQRT_2,
            Self::All | Self::EveryNth(_) | Self::Given(_) => 0.0,
        }
    }

    /// Largest number of core points in an area (m²) with a number of reference points.
    #[cfg(feature = "tiling")]
    pub(crate) fn most_points(&self, area: f64, points: f64) -> f64 {
        match self {
            Self::Grid(spacing) => points.min(area / (spacing * spacing)),
            Self::Voxels(_) | Self::All => points,
            Self::EveryNth(n) => points / f64::from((*n).max(1)) * 1.5 + 1000.0,
            Self::Given(given) => given.len() as f64,
        }
    }
}

/// The core points that a tile owns.
#[cfg(feature = "tiling")]
pub(crate) struct OwnedCorePoints {
    pub(crate) points: Cloud,
    /// Their indices in the given points, or in the tile's reference points.
    pub(crate) chosen: Vec<u32>,
}

/// Sorts by northing, easting and height.
fn sort_by_position(points: Positions<'_>, mut chosen: Vec<u32>) -> Vec<u32> {
    chosen.sort_by_cached_key(|i: &u32| {
        let [x, y, z] = points.absolute_ticks(*i as usize);
        [y, x, z]
    });
    chosen
}
