//! The direction that a change is measured along.

use isopach_cloud::Positions;
use isopach_compute::{Error, Result};
use isopach_neighbours::{Covariance, NeighbourIndex, Normal};
use rayon::prelude::*;

/// The side that normals point to, and so the sign of a change: a positive distance is towards that
/// side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Orientation {
    /// A direction, of any length but zero: up for terrain seen from the air, out of the rock for a
    /// wall.
    Towards([f64; 3]),
    /// A position, absolute metres: normals point towards the scanner that stood there.
    Scanner([f64; 3]),
}

impl From<[f64; 3]> for Orientation {
    fn from(direction: [f64; 3]) -> Self {
        Self::Towards(direction)
    }
}

impl Orientation {
    /// Up.
    pub const UP: Self = Self::Towards([0.0, 0.0, 1.0]);

    /// The direction that a search turns normals to: that of the scanner differs from place to
    /// place, so they are turned afterwards.
    pub(crate) fn for_search(&self) -> [f64; 3] {
        match self {
            Self::Towards(direction) => *direction,
            Self::Scanner(_) => [0.0, 0.0, 1.0],
        }
    }

    /// The direction at a place, absolute metres.
    fn at(&self, place: [f64; 3]) -> [f64; 3] {
        match self {
            Self::Towards(direction) => *direction,
            Self::Scanner(scanner) => std::array::from_fn(|axis| scanner[axis] - place[axis]),
        }
    }

    /// Whether a normal that a search found must be turned round.
    pub(crate) fn turns(&self, place: [f64; 3], normal: [f64; 3]) -> bool {
        matches!(self, Self::Scanner(_)) && dot(self.at(place), normal) < 0.0
    }

    /// Whether a normal lies flatter than 45° to the direction: its sign hangs on little.
    pub(crate) fn is_flat(&self, place: [f64; 3], normal: [f64; 3]) -> bool {
        let direction = self.at(place);
        let along = dot(direction, normal);
        normal != [0.0; 3] && along * along < 0.5 * dot(direction, direction)
    }

    fn check(&self) -> Result<()> {
        match self {
            Self::Towards(direction) => unit(*direction).map(drop),
            Self::Scanner(position) => position.iter().try_for_each(|&coordinate| {
                Error::check(
                    "coordinate of the scanner",
                    coordinate,
                    coordinate.is_finite(),
                    "be a finite number",
                )
                .map(drop)
            }),
        }
    }
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|axis| a[axis] * b[axis]).sum()
}

/// Where normals come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Normals {
    /// From the reference epoch around each core point: for each radius (metres) the covariance of
    /// the points within it; the radius with the highest planarity (λ₁ − λ₀)/λ₂ is taken (λ
    /// ascending; the first on a tie), its normal is the eigenvector of λ₀, turned so that it
    /// points to the side of `towards`. At least three points that are not on a line are needed.
    Multiscale {
        /// Radii of the neighbourhoods, metres.
        radii: Vec<f64>,
        /// The side that they point to.
        towards: Orientation,
    },
    /// As [`Self::Multiscale`], but a neighbourhood has the points of all radii before it once
    /// more, as py4dgeo 1.2 computes it (its search appends to the list of the radius before). The
    /// first radius is the same, later ones weigh the near points double, treble and so on. For
    /// comparison with results of that program.
    Accumulated {
        /// Radii in the order in which they are accumulated, metres.
        radii: Vec<f64>,
        /// The side that they point to.
        towards: Orientation,
    },
    /// One for all core points, of any length but zero.
    Fixed([f64; 3]),
    /// One a core point, each of any length but zero.
    Given(Vec<[f64; 3]>),
}

impl Normals {
    /// The largest radius, metres; 0 where normals are given.
    #[must_use]
    pub fn largest_radius(&self) -> f64 {
        match self {
            Self::Multiscale { radii, .. } | Self::Accumulated { radii, .. } => radii
                .iter()
                .fold(0.0, |largest, radius| radius.max(largest)),
            Self::Fixed(_) | Self::Given(_) => 0.0,
        }
    }

    /// The side that they are turned to; `None` where they are given.
    pub(crate) fn orientation(&self) -> Option<Orientation> {
        match self {
            Self::Multiscale { towards, .. } | Self::Accumulated { towards, .. } => Some(*towards),
            Self::Fixed(_) | Self::Given(_) => None,
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
                radii
                    .iter()
                    .try_for_each(|&radius| Error::positive("normal radius", radius).map(drop))?;
                towards.check()
            }
            Self::Fixed(normal) => unit(*normal).map(drop),
            Self::Given(normals) => normals
                .iter()
                .try_for_each(|normal| unit(*normal).map(drop)),
        }
    }

    /// Unit axes, zeros where there is none, and the radius that each was found with (NaN where
    /// none was needed or found).
    pub(crate) fn axes(
        &self,
        around: &dyn NeighbourIndex,
        core_points: Positions<'_>,
    ) -> Result<(Vec<[f64; 3]>, Vec<f64>)> {
        let n = core_points.len();
        match self {
            Self::Fixed(normal) => Ok((vec![unit(*normal)?; n], vec![f64::NAN; n])),
            Self::Given(normals) => {
                Error::check_length("normals", normals.len(), "core points", n)?;
                let axes = normals
                    .iter()
                    .map(|normal| unit(*normal))
                    .collect::<Result<_>>()?;
                Ok((axes, vec![f64::NAN; n]))
            }
            Self::Multiscale { radii, towards } => Ok(axes_and_radii(&around.normals(
                core_points,
                radii,
                towards.for_search(),
            )?)),
            Self::Accumulated { radii, towards } => {
                let mut best = vec![Normal::default(); n];
                let mut before: Vec<Covariance> = Vec::new();
                for &radius in radii {
                    let mut covariances = around.covariances(core_points, radius)?;
                    let pairs = covariances.par_iter_mut().zip(&before);
                    pairs.for_each(|(here, before)| *here = here.merged(before));
                    before.clone_from(&covariances);
                    let pairs = best.par_iter_mut().zip(&covariances);
                    pairs.for_each(|(best, covariance)| {
                        best.improve(covariance, radius, towards.for_search())
                    });
                }
                Ok(axes_and_radii(&best))
            }
        }
    }
}

/// The axes, and the radius that each was found with.
pub(crate) fn axes_and_radii(normals: &[Normal]) -> (Vec<[f64; 3]>, Vec<f64>) {
    normals
        .iter()
        .map(|normal| (normal.axis, normal.radius))
        .unzip()
}

/// The unit vector in a direction.
fn unit(v: [f64; 3]) -> Result<[f64; 3]> {
    let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
    Error::check(
        "length of a direction",
        length,
        length.is_finite() && length > 0.0,
        "be finite and above zero",
    )?;
    Ok(v.map(|x| x / length))
}
