//! What M3C2 says of each core point.

use crate::RegistrationError;
use isopach_cloud::Positions;
use isopach_neighbours::AxialStatistics;

/// Why a core point has no distance, or no level of detection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Status {
    /// Distance and level of detection are there.
    Valid = 0,
    /// The distance is there; an epoch has a single point in the cylinder, so there is no spread and no level of detection.
    NoSpread = 1,
    /// Fewer than three points, or no plane, at every normal radius: no axis to measure along.
    NoNormal = 2,
    /// No reference point in the cylinder.
    NoReference = 3,
    /// No compared point in the cylinder.
    NoCompared = 4,
    /// No point of either epoch in the cylinder.
    Empty = 5,
    /// The distance is there; the alignment leaves this direction free, so no level of detection.
    FreeDirection = 6,
}

impl Status {
    /// Every status, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Valid,
        Self::NoSpread,
        Self::NoNormal,
        Self::NoReference,
        Self::NoCompared,
        Self::Empty,
        Self::FreeDirection,
    ];

    /// In words.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::NoSpread => "a single point: no level of detection",
            Self::NoNormal => "no normal",
            Self::NoReference => "no earlier point in the cylinder",
            Self::NoCompared => "no later point in the cylinder",
            Self::Empty => "no point in the cylinder",
            Self::FreeDirection => "the alignment is free along this direction: no level of detection",
        }
    }
}

/// M3C2 at each of `n` core points. A missing number is NaN, beside its [`Status`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Differences {
    /// Distance along the normal, compared minus reference, metres.
    pub distance: Vec<f64>,
    /// 95 % level of detection, metres.
    pub level_of_detection: Vec<f64>,
    /// Whether |distance| exceeds the level of detection; false where either is missing.
    pub significant: Vec<bool>,
    /// Points in the cylinder: reference, compared.
    pub count: [Vec<u32>; 2],
    /// Standard deviation or inter-quartile range along the normal, metres: reference, compared.
    pub spread: [Vec<f64>; 2],
    /// Unit normal; zeros where there is none.
    pub normal: Vec<[f64; 3]>,
    /// Radius that the normal was found with, metres; NaN where it was given or there is none.
    pub normal_radius: Vec<f64>,
    /// Why something is missing.
    pub status: Vec<Status>,
}

/// 95 % level of detection, metres: 1.96 (√(s₁²/n₁ + s₂²/n₂) + registration error), eq. 1 of Lague et al. 2013.
///
/// ```
/// let lod = isopach_change::level_of_detection([0.03, 0.04], [9, 16], 0.01);
/// assert!((lod - 1.96 * ((1e-4_f64 + 1e-4).sqrt() + 0.01)).abs() < 1e-15);
/// ```
#[must_use]
pub fn level_of_detection(spread: [f64; 2], count: [u32; 2], registration_error: f64) -> f64 {
    let variance = |epoch: usize| spread[epoch] * spread[epoch] / f64::from(count[epoch]);
    1.96 * ((variance(0) + variance(1)).sqrt() + registration_error)
}

impl Differences {
    /// Number of core points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.distance.len()
    }

    /// Whether there is no core point.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.distance.is_empty()
    }

    /// Number of core points with a status.
    #[must_use]
    pub fn count_of(&self, status: Status) -> usize {
        self.status.iter().filter(|&&s| s == status).count()
    }

    /// Puts the statistics of both cylinders together.
    pub(crate) fn of(
        core_points: Positions<'_>,
        axes: Vec<[f64; 3]>,
        normal_radius: Vec<f64>,
        [before, after]: [&[AxialStatistics]; 2],
        registration_error: &RegistrationError,
    ) -> Self {
        let mut all = Self { normal: axes, normal_radius, ..Self::default() };
        for (i, (a, b)) in before.iter().zip(after).enumerate() {
            let distance = b.location - a.location; // NaN where a cylinder is empty
            let registration = registration_error.along(core_points.absolute(i), all.normal[i]);
            let lod = level_of_detection([a.spread, b.spread], [a.count, b.count], registration);
            all.distance.push(distance);
            all.level_of_detection.push(lod);
            all.significant.push(distance.abs() > lod);
            for (epoch, statistics) in [a, b].into_iter().enumerate() {
                all.count[epoch].push(statistics.count);
                all.spread[epoch].push(statistics.spread);
            }
            all.status.push(match status(all.normal[i], a.count, b.count, lod) {
                Status::NoSpread if registration.is_nan() => Status::FreeDirection,
                other => other,
            });
        }
        all
    }
}

fn status(axis: [f64; 3], before: u32, after: u32, level_of_detection: f64) -> Status {
    match (before, after) {
        _ if axis == [0.0; 3] => Status::NoNormal,
        (0, 0) => Status::Empty,
        (0, _) => Status::NoReference,
        (_, 0) => Status::NoCompared,
        _ if level_of_detection.is_nan() => Status::NoSpread,
        _ => Status::Valid,
    }
}
