//! Height above ground.

mod ground;
mod inverse_distance;
mod terrain;
#[cfg(feature = "tiling")]
mod tile;
mod triangulated;

#[cfg(feature = "tiling")]
pub use tile::{GroundSource, HeightTile, HeightTiles};

pub use terrain::TerrainModel;

use ground::Ground;
use isopach_cloud::Positions;
use isopach_compute::{Error, Result};
use isopach_neighbours::NeighbourSearch;

/// Surface between ground points.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum GroundSurface {
    /// The height of the horizontally nearest ground point.
    Nearest,
    /// The mean of the `k` horizontally nearest ground points, weighted by distance^(−power); the
    /// height of a ground point at its own place (Shepard 1968).
    InverseDistance {
        /// Number of ground points.
        k: usize,
        /// Power of the distance.
        power: f64,
    },
    /// The Delaunay triangulation of the ground points, linear in each triangle. Where four or more
    /// points lie on one empty circle, the triangles fan out from the westernmost of them, of those
    /// the southernmost: the triangulation would be ambiguous otherwise.
    Triangulated,
}

/// Height of points above the ground below them.
///
/// Of ground points at one place, the lowest counts. The ground at a place depends on the ground
/// points within `max_distance` of it and on nothing else, so that tiles with a halo of this width
/// give the bits of the whole survey:
///
/// - nearest and inverse distance use the ground points within it;
/// - a triangle counts if its circumcircle lies within it. A triangle whose circle reaches farther
///   might not be one of the whole survey.
///
/// ```
/// use isopach_features::{Cloud, Cpu, GroundSurface, HeightAboveGround};
/// // Ground that rises by 1 in 10 towards the east, and the top of a tree.
/// let ground: Vec<[f64; 3]> =
///     (0..100).map(|i| [f64::from(i % 10), f64::from(i / 10), f64::from(i % 10) * 0.1]).collect();
/// let ground = Cloud::from_points(&ground)?;
/// let tree = Cloud::from_points(&[[4.5, 4.25, 12.45]])?;
/// let above = HeightAboveGround { surface: GroundSurface::Triangulated, max_distance: 50.0 };
/// let found = above.run(&Cpu, ground.positions(), tree.positions())?;
/// assert!((found.height[0] - 12.0).abs() < 1e-5);
/// # Ok::<(), isopach_features::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HeightAboveGround {
    /// Surface between ground points.
    pub surface: GroundSurface,
    /// Horizontal distance that the ground at a place may depend on, metres; may be infinite in
    /// memory.
    pub max_distance: f64,
}

/// Heights of points above the ground.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GroundHeights {
    /// Height above the ground, metres, one a point; NaN where the ground is not known.
    pub height: Vec<f64>,
    /// Points without a height: too far from ground points, or outside their hull.
    pub unknown: u64,
}

impl GroundHeights {
    fn of_heights(height: Vec<f64>) -> Self {
        let unknown = height.iter().filter(|height| height.is_nan()).count() as u64;
        Self { height, unknown }
    }
}

impl HeightAboveGround {
    /// Computes the height of points above the surface of ground points.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a distance, `k` or power that is not above zero; any error
    /// of the backend.
    pub fn run(
        &self,
        on: &(impl NeighbourSearch + ?Sized),
        ground: Positions<'_>,
        points: Positions<'_>,
    ) -> Result<GroundHeights> {
        self.check()?;
        let ground = Ground::of_points(ground);
        let height = match self.surface {
            GroundSurface::Nearest => {
                inverse_distance::heights(on, &ground, points, 1, 1.0, self.max_distance)?
            }
            GroundSurface::InverseDistance { k, power } => {
                inverse_distance::heights(on, &ground, points, k, power, self.max_distance)?
            }
            GroundSurface::Triangulated => {
                triangulated::heights(&ground, points, self.max_distance)
            }
        };
        Ok(GroundHeights::of_heights(height))
    }

    pub(crate) fn check(&self) -> Result<()> {
        let distance = self.max_distance;
        Error::check(
            "maximum distance",
            distance,
            distance > 0.0,
            "be above zero",
        )?;
        if let GroundSurface::InverseDistance { k, power } = self.surface {
            Error::check("k", k as f64, k > 0, "be above zero")?;
            let is_power = power.is_finite() && power > 0.0;
            Error::check("power", power, is_power, "be above zero and finite")?;
        }
        Ok(())
    }
}
