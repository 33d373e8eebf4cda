//! Normals at core points, and the statistics along them.

mod orientation;

pub use orientation::Orientation;

use isopach_cloud::{Positions, REACH};
use isopach_compute::{Error, Result};
use isopach_neighbours::{
    AlongNormalsQuery, AxialStatistics, Covariance, CylinderQuery, NeighbourIndex, Normal,
    NormalQuery,
};
use rayon::prelude::*;

/// Source of the normals of M3C2.
///
/// ```
/// use isopach_change::{M3c2, Normals, Orientation};
/// // A rock wall, scanned from (10, 20, 2).
/// let wall = M3c2 {
///     normals: Normals::Multiscale {
///         radii: vec![0.2, 0.4, 0.8],
///         towards: Orientation::Scanner([10.0, 20.0, 2.0]),
///     },
///     ..M3c2::default()
/// };
/// // Vertical differences.
/// let vertical = M3c2 { normals: Normals::Fixed([0.0, 0.0, 1.0]), ..M3c2::default() };
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Normals {
    /// Normals of the reference epoch around each core point, from the most planar of several
    /// neighbourhoods.
    ///
    /// For each radius: the covariance of the points within it, with eigenvalues λ ascending. The
    /// radius with the highest planarity (λ₁ − λ₀)/λ₂ is chosen, the first on a tie. The normal is
    /// the eigenvector of λ₀, turned towards `towards`. Needs three points that are not collinear
    /// ([`isopach_neighbours::Normal::take_if_more_planar`]).
    Multiscale {
        /// Radii of the neighbourhoods, metres.
        radii: Vec<f64>,
        /// Side that the normals point to.
        towards: Orientation,
    },
    /// Normals as [`Self::Multiscale`], from neighbourhoods that contain those of all radii before
    /// once more: the computation of py4dgeo 1.2, for comparison with its results.
    ///
    /// Its search appends to the list of the radius before, so the first radius is the same, and
    /// later ones weight near points double, treble, and so on.
    Accumulated {
        /// Radii in the order in which they accumulate, metres.
        radii: Vec<f64>,
        /// Side that the normals point to.
        towards: Orientation,
    },
    /// One direction for all core points, of any length above zero.
    Fixed([f64; 3]),
    /// One direction per core point, each of any length above zero. A tiled run needs the core
    /// points as well ([`crate::CoreSelection::Given`]), in the same order.
    Given(Vec<[f64; 3]>),
}

/// Normals at core points, and cylinder statistics of both epochs along them.
pub(crate) struct Measurement {
    /// Unit vectors; zeros if there is none.
    pub(crate) axes: Vec<[f64; 3]>,
    /// Radius of the neighbourhood of each normal, metres; NaN if none.
    pub(crate) radii: Vec<f64>,
    pub(crate) statistics: [Vec<AxialStatistics>; 2],
    /// Number of normals with an uncertain sign.
    pub(crate) flat_normals: usize,
}

impl Normals {
    /// The largest radius, metres; 0 for given normals.
    #[must_use]
    pub fn largest_radius(&self) -> f64 {
        match self {
            Self::Multiscale { radii, .. } | Self::Accumulated { radii, .. } => radii
                .iter()
                .fold(0.0, |largest, radius| radius.max(largest)),
            Self::Fixed(_) | Self::Given(_) => 0.0,
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Self::Multiscale { radii, towards } | Self::Accumulated { radii, towards } => {
                Error::check(
                    "number of normal radii",
                    radii.len() as f64,
                    !radii.is_empty(),
                    "be at least 1",
                )?;
                for &radius in radii {
                    Error::positive("normal radius", radius)?;
                    Error::check("normal radius", radius, radius < REACH, "be below 8192 m")?;
                }
                towards.check()
            }
            Self::Fixed(normal) => unit_vector(*normal).map(drop),
            Self::Given(normals) => normals
                .iter()
                .try_for_each(|normal| unit_vector(*normal).map(drop)),
        }
    }

    /// Finds the normals at the core points, and the statistics of both epochs along them.
    pub(crate) fn measure_along(
        &self,
        surface: &dyn NeighbourIndex,
        epochs: [&dyn NeighbourIndex; 2],
        core_points: Positions<'_>,
        cylinders: CylinderQuery,
    ) -> Result<Measurement> {
        let n = core_points.len();
        match self {
            Self::Multiscale { radii, towards } => {
                let normals = NormalQuery {
                    radii,
                    towards: towards.for_search(),
                };
                let query = AlongNormalsQuery { normals, cylinders };
                let found = surface.along_normals(core_points, epochs, query)?;
                let measured = Measurement::of_normals(&found.normals, found.statistics);
                Ok(measured.turned_towards(*towards, core_points))
            }
            Self::Accumulated { radii, towards } => {
                let normals = accumulate_normals(surface, core_points, radii, *towards)?;
                let axes: Vec<[f64; 3]> = normals.iter().map(|normal| normal.axis).collect();
                let statistics = statistics_along(epochs, core_points, &axes, cylinders)?;
                let measured = Measurement::of_normals(&normals, statistics);
                Ok(measured.turned_towards(*towards, core_points))
            }
            Self::Fixed(normal) => {
                let axes = vec![unit_vector(*normal)?; n];
                Measurement::of_axes(axes, epochs, core_points, cylinders)
            }
            Self::Given(normals) => {
                Error::check_length("normals", normals.len(), "core points", n)?;
                let units = normals.iter().map(|normal| unit_vector(*normal));
                let axes = units.collect::<Result<_>>()?;
                Measurement::of_axes(axes, epochs, core_points, cylinders)
            }
        }
    }
}

impl Measurement {
    fn of_normals(normals: &[Normal], statistics: [Vec<AxialStatistics>; 2]) -> Self {
        Self {
            axes: normals.iter().map(|normal| normal.axis).collect(),
            radii: normals.iter().map(|normal| normal.radius).collect(),
            statistics,
            flat_normals: 0,
        }
    }

    /// Measures along given axes.
    fn of_axes(
        axes: Vec<[f64; 3]>,
        epochs: [&dyn NeighbourIndex; 2],
        core_points: Positions<'_>,
        cylinders: CylinderQuery,
    ) -> Result<Self> {
        let statistics = statistics_along(epochs, core_points, &axes, cylinders)?;
        Ok(Self {
            radii: vec![f64::NAN; axes.len()],
            axes,
            statistics,
            flat_normals: 0,
        })
    }

    /// Reverses the axes that point away from the orientation, and counts those of uncertain sign.
    fn turned_towards(mut self, orientation: Orientation, core_points: Positions<'_>) -> Self {
        let [before, after] = &mut self.statistics;
        for (i, axis) in self.axes.iter_mut().enumerate() {
            let place = core_points.absolute(i);
            self.flat_normals += usize::from(orientation.is_flat(place, *axis));
            if orientation.must_turn(place, *axis) {
                *axis = axis.map(|part| -part);
                before[i].location = -before[i].location;
                after[i].location = -after[i].location;
            }
        }
        self
    }
}

fn statistics_along(
    epochs: [&dyn NeighbourIndex; 2],
    core_points: Positions<'_>,
    axes: &[[f64; 3]],
    cylinders: CylinderQuery,
) -> Result<[Vec<AxialStatistics>; 2]> {
    let [reference, compared] = epochs;
    Ok([
        reference.cylinder_statistics(core_points, axes, cylinders)?,
        compared.cylinder_statistics(core_points, axes, cylinders)?,
    ])
}

/// Normals of [`Normals::Accumulated`].
fn accumulate_normals(
    surface: &dyn NeighbourIndex,
    core_points: Positions<'_>,
    radii: &[f64],
    towards: Orientation,
) -> Result<Vec<Normal>> {
    let mut best = vec![Normal::default(); core_points.len()];
    let mut before: Vec<Covariance> = Vec::new();
    for &radius in radii {
        let mut covariances = surface.covariances_within(core_points, radius)?;
        let pairs = covariances.par_iter_mut().zip(&before);
        pairs.for_each(|(here, before)| *here = here.merged_with(before));
        before.clone_from(&covariances);
        let pairs = best.par_iter_mut().zip(&covariances);
        pairs.for_each(|(best, covariance)| {
            best.take_if_more_planar(covariance, radius, towards.for_search())
        });
    }
    Ok(best)
}

/// Unit vector in a direction.
fn unit_vector(v: [f64; 3]) -> Result<[f64; 3]> {
    let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
    Error::check(
        "length of a direction",
        length,
        length.is_finite() && length > 0.0,
        "be finite and above zero",
    )?;
    Ok(v.map(|x| x / length))
}
