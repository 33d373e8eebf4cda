//! The path of a scanner, and normals towards it.

use super::{
    OrientationError,
    flip::{self, Turn},
};
use crate::{Features, NormalSide, PointFeatures};
use isopach_cloud::Positions;
use isopach_compute::{Error, Result};
use isopach_neighbours::NeighbourSearch;

/// The path of a scanner: its position at times of its clock.
///
/// ```
/// use isopach_features::Trajectory;
/// let path = Trajectory::new(vec![10.0, 12.0], vec![[0.0, 0.0, 900.0], [120.0, 0.0, 904.0]])?;
/// assert_eq!(path.position_at(11.0), Some([60.0, 0.0, 902.0]));
/// assert_eq!(path.position_at(12.1), None);
/// # Ok::<(), isopach_features::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Trajectory {
    times: Vec<f64>,
    positions: Vec<[f64; 3]>,
}

impl Trajectory {
    /// A path through positions (absolute metres) at times, which rise.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] unless there is one position a time; [`Error::InvalidInput`] with an
    /// [`OrientationError`] for fewer than two rows, a number that is not finite, or a time that is
    /// not above the one before.
    pub fn new(times: Vec<f64>, positions: Vec<[f64; 3]>) -> Result<Self> {
        if times.len() != positions.len() {
            return Err(Error::LengthMismatch {
                what: "positions",
                given: positions.len(),
                of: "times",
                expected: times.len(),
            });
        }
        if times.len() < 2 {
            return Err(OrientationError::ShortPath { rows: times.len() }.into());
        }
        for (row, (time, position)) in times.iter().zip(&positions).enumerate() {
            let mut numbers = position.iter().chain([time]);
            if let Some(&number) = numbers.find(|number| !number.is_finite()) {
                return Err(OrientationError::NotFinite { row, number }.into());
            }
            if row > 0 && *time <= times[row - 1] {
                let before = times[row - 1];
                let time = *time;
                return Err(OrientationError::TimesDoNotRise { row, time, before }.into());
            }
        }
        Ok(Self { times, positions })
    }

    /// First and last time.
    #[must_use]
    pub fn times(&self) -> [f64; 2] {
        [self.times[0], self.times[self.times.len() - 1]]
    }

    /// The position at a time, linear between the rows before and after it; `None` outside the path.
    #[must_use]
    pub fn position_at(&self, time: f64) -> Option<[f64; 3]> {
        let [first, last] = self.times();
        if !(first..=last).contains(&time) {
            return None;
        }
        let after = self.times.partition_point(|at| *at <= time);
        let after = after.clamp(1, self.times.len() - 1);
        let [t0, t1] = [self.times[after - 1], self.times[after]];
        let [from, to] = [self.positions[after - 1], self.positions[after]];
        let share = (time - t0) / (t1 - t0);
        Some(std::array::from_fn(|axis| {
            from[axis] + share * (to[axis] - from[axis])
        }))
    }
}

/// Features with normals towards the path of the scanner.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PathFeatures {
    /// The features.
    pub features: PointFeatures,
    /// Points whose time is outside the path: their normals, and values with the sign of the
    /// normal's side, are NaN.
    pub outside_path: u64,
}

impl Features {
    /// Computes the features of some of the points, with normals towards the position of the scanner
    /// at the time of each ([`NormalSide::TowardsPath`]).
    ///
    /// `times` has one entry an index.
    ///
    /// # Errors
    /// As [`Self::run_selected`]; [`Error::LengthMismatch`] for another number of times;
    /// [`Error::InvalidInput`] with an [`OrientationError`] for another side of the normals.
    pub fn run_along(
        &self,
        on: &(impl NeighbourSearch + ?Sized),
        points: Positions<'_>,
        indices: &[u32],
        times: &[f64],
        path: &Trajectory,
    ) -> Result<PathFeatures> {
        if self.normals != NormalSide::TowardsPath {
            return Err(OrientationError::NoPathAsked.into());
        }
        if times.len() != indices.len() {
            return Err(Error::LengthMismatch {
                what: "times",
                given: times.len(),
                of: "points",
                expected: indices.len(),
            });
        }
        let up = flip::with_normals_up(self);
        let mut table = up.run_selected(on, points, indices)?;
        let scanner: Vec<Option<[f64; 3]>> =
            times.iter().map(|time| path.position_at(*time)).collect();
        for columns in table.columns.chunks_mut(up.wanted.features().len()) {
            let normals = flip::normals_of(columns);
            let turn_of = |at: usize| match scanner[at] {
                Some(place) => {
                    turn_towards(normals[at], place, points.absolute(indices[at] as usize))
                }
                None => Turn::Unknown,
            };
            flip::turn_scale(self, columns, turn_of);
        }
        flip::keep_wanted(self, &mut table);
        Ok(PathFeatures {
            features: table,
            outside_path: scanner.iter().filter(|scanner| scanner.is_none()).count() as u64,
        })
    }
}

fn turn_towards(normal: [f64; 3], place: [f64; 3], from: [f64; 3]) -> Turn {
    let along: f64 = (0..3)
        .map(|axis| (place[axis] - from[axis]) * normal[axis])
        .sum();
    if along < 0.0 {
        Turn::Reverse
    } else {
        Turn::Keep
    }
}
