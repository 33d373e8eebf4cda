//! C2C: cloud to cloud distance.

#[cfg(feature = "tiling")]
mod tile;

#[cfg(feature = "tiling")]
pub use tile::C2cTile;

use isopach_cloud::Positions;
use isopach_compute::{Error, Result};
use isopach_neighbours::NeighbourSearch;

/// Cloud to cloud distance: the exact, unsigned distance from each compared point to its nearest
/// reference point (Girardeau-Montaut et al. 2005).
///
/// It mixes change with roughness and sampling: between two scans of an unchanged surface it is
/// about half the point spacing. Use it for a first look, not for volumes. O(n log n) in practice.
///
/// ```
/// use isopach_change::{C2c, Cloud, Cpu};
/// let reference = Cloud::from_points(&[[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])?;
/// let compared = Cloud::from_points(&[[0.0, 0.0, 0.25], [9.0, 0.0, 0.0]])?;
/// let c2c = C2c { max_distance: 5.0 };
/// let found = c2c.run(&Cpu, reference.positions(), compared.positions())?;
/// assert_eq!(found.distance[0], 0.25);
/// assert!(found.distance[1].is_nan());
/// assert_eq!(found.out_of_reach, 1);
/// # Ok::<(), isopach_change::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct C2c {
    /// Largest distance to search, metres; may be infinite in memory, not in tiles.
    pub max_distance: f64,
}

/// Distances of the compared points to the reference.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CloudDistances {
    /// Distance per compared point, metres; NaN if no reference point is within the maximum
    /// distance.
    pub distance: Vec<f64>,
    /// Number of compared points without a reference point within the maximum distance.
    pub out_of_reach: usize,
}

impl C2c {
    /// Computes the distances of all compared points.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a maximum distance that is not above zero; any error of the
    /// backend.
    pub fn run(
        &self,
        on: &(impl NeighbourSearch + ?Sized),
        reference: Positions<'_>,
        compared: Positions<'_>,
    ) -> Result<CloudDistances> {
        Error::check(
            "maximum distance",
            self.max_distance,
            self.max_distance > 0.0,
            "be above zero",
        )?;
        let nearest = on.index(reference)?.nearest(compared, self.max_distance)?;
        let distance: Vec<f64> = nearest
            .iter()
            .map(|found| found.map_or(f64::NAN, |n| f64::from(n.squared_distance).sqrt()))
            .collect();
        let out_of_reach = nearest.iter().filter(|found| found.is_none()).count();
        Ok(CloudDistances {
            distance,
            out_of_reach,
        })
    }
}
