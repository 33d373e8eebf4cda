//! Orientation of normals: the side that they point to.

use super::unit_vector;
use isopach_compute::{Error, Result};

/// Side that normals point to; it sets the sign of a change: positive distances are towards that
/// side.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Orientation {
    /// Direction of any length above zero: up for airborne surveys of terrain, out of the rock for
    /// a wall.
    Towards([f64; 3]),
    /// Position of the scanner, absolute metres: normals point towards it.
    Scanner([f64; 3]),
}

impl From<[f64; 3]> for Orientation {
    fn from(direction: [f64; 3]) -> Self {
        Self::Towards(direction)
    }
}

impl Orientation {
    /// Upwards.
    pub const UP: Self = Self::Towards([0.0, 0.0, 1.0]);

    /// Direction for the search. That of a scanner differs from place to place, so its normals are
    /// turned afterwards.
    pub(crate) fn for_search(&self) -> [f64; 3] {
        match self {
            Self::Towards(direction) => *direction,
            Self::Scanner(_) => [0.0, 0.0, 1.0],
        }
    }

    /// Direction at a place (absolute metres).
    fn direction_at(&self, place: [f64; 3]) -> [f64; 3] {
        match self {
            Self::Towards(direction) => *direction,
            Self::Scanner(scanner) => std::array::from_fn(|axis| scanner[axis] - place[axis]),
        }
    }

    /// Whether a normal from the search must be reversed.
    pub(crate) fn must_turn(&self, place: [f64; 3], normal: [f64; 3]) -> bool {
        matches!(self, Self::Scanner(_)) && dot(self.direction_at(place), normal) < 0.0
    }

    /// Whether a normal is more than 45° from the direction: its sign is uncertain.
    pub(crate) fn is_flat(&self, place: [f64; 3], normal: [f64; 3]) -> bool {
        let direction = self.direction_at(place);
        let along = dot(direction, normal);
        normal != [0.0; 3] && along * along < 0.5 * dot(direction, direction)
    }

    pub(super) fn check(&self) -> Result<()> {
        match self {
            Self::Towards(direction) => unit_vector(*direction).map(drop),
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
