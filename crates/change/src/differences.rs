//! What M3C2 says of each core point.

use crate::detection::Judgement;
use isopach_neighbours::AxialStatistics;
use rayon::prelude::*;

/// Why a core point or a cell has no difference, or no level of detection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(u8)]
pub enum ChangeStatus {
    /// Distance and level of detection are there.
    Valid = 0,
    /// The distance is there; an epoch has a single point in the cylinder or cell, so there is no
    /// spread and no level of detection.
    NoSpread = 1,
    /// Fewer than three points, or no plane, at every normal radius: no axis to measure along.
    NoNormal = 2,
    /// No reference point in the cylinder or cell.
    NoReference = 3,
    /// No compared point in the cylinder or cell.
    NoCompared = 4,
    /// No point of either epoch in the cylinder or cell.
    Empty = 5,
    /// The distance is there; the alignment leaves this direction free, so no level of detection.
    FreeDirection = 6,
    /// The distance is there; an epoch has fewer points than [`crate::Detection::minimum_count`].
    BelowMinimumCount = 7,
    /// The difference is there; its statistic (minimum, maximum, a percentile) has no standard
    /// error that the scatter tells.
    NoStandardError = 8,
    /// The difference of medians is there; too few well-filled places tell how certain a median is
    /// ([`crate::SurveyStatistics::median_factor`]).
    NoMedianFactor = 9,
}

impl ChangeStatus {
    /// Every status, in the order of their numbers.
    pub const ALL: [Self; 10] = [
        Self::Valid,
        Self::NoSpread,
        Self::NoNormal,
        Self::NoReference,
        Self::NoCompared,
        Self::Empty,
        Self::FreeDirection,
        Self::BelowMinimumCount,
        Self::NoStandardError,
        Self::NoMedianFactor,
    ];

    /// The status of a number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Whether there is a difference that could not be tested: it has no level of detection.
    #[must_use]
    pub fn is_untested(self) -> bool {
        match self {
            Self::NoSpread
            | Self::FreeDirection
            | Self::BelowMinimumCount
            | Self::NoStandardError
            | Self::NoMedianFactor => true,
            Self::Valid | Self::NoNormal | Self::NoReference | Self::NoCompared | Self::Empty => {
                false
            }
        }
    }

    /// In words.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::NoSpread => "a single point: no level of detection",
            Self::NoNormal => "no normal",
            Self::NoReference => "no earlier point",
            Self::NoCompared => "no later point",
            Self::Empty => "no point",
            Self::FreeDirection => {
                "the alignment is free along this direction: no level of detection"
            }
            Self::BelowMinimumCount => "fewer points than the minimum count: no level of detection",
            Self::NoStandardError => "a statistic without a standard error: no level of detection",
            Self::NoMedianFactor => {
                "the standard error of medians is not known: no level of detection"
            }
        }
    }
}

/// M3C2 at each of `n` core points. A missing number is NaN, beside its [`ChangeStatus`].
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Differences {
    /// Distance along the normal, compared minus reference, metres.
    pub distance: Vec<f64>,
    /// 95 % level of detection, metres.
    pub level_of_detection: Vec<f64>,
    /// Standard error (1 σ) of the distance that the scatter of the points explains, metres: the
    /// random part, without the registration error; NaN where nothing is known of the scatter.
    pub standard_error: Vec<f64>,
    /// Probability of so large a distance without change, beyond what the registration error
    /// allows; NaN where there is no level of detection. Below 0.05 the distance exceeds the level
    /// of detection, unless that is the user's minimum. See [`crate::FalseDiscoveries`].
    pub p_value: Vec<f64>,
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
    pub status: Vec<ChangeStatus>,
    /// Normals that lie flatter than 45° to the direction that they are turned towards: where they
    /// are many, their signs hang on little, and another direction is better
    /// ([`crate::Orientation`]).
    pub flat_normals: usize,
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
    pub fn count_of(&self, status: ChangeStatus) -> usize {
        self.status.iter().filter(|&&s| s == status).count()
    }

    pub(crate) fn count_at(&self, i: usize) -> [u32; 2] {
        [self.count[0][i], self.count[1][i]]
    }

    pub(crate) fn spread_at(&self, i: usize) -> [f64; 2] {
        [self.spread[0][i], self.spread[1][i]]
    }

    /// Puts the statistics of both cylinders together: what is there before it is judged.
    pub(crate) fn from_statistics(
        axes: Vec<[f64; 3]>,
        normal_radius: Vec<f64>,
        [before, after]: [&[AxialStatistics]; 2],
    ) -> Self {
        let mut all = Self {
            normal: axes,
            normal_radius,
            ..Self::default()
        };
        for (a, b) in before.iter().zip(after) {
            all.distance.push(b.location - a.location); // NaN where a cylinder is empty
            for (epoch, statistics) in [a, b].into_iter().enumerate() {
                all.count[epoch].push(statistics.count);
                all.spread[epoch].push(statistics.spread);
            }
        }
        all
    }

    /// Judges each distance.
    pub(crate) fn with_judgements(
        mut self,
        judge: impl Fn(&Self, usize) -> Judgement + Sync,
    ) -> Self {
        let judgements: Vec<Judgement> = (0..self.len())
            .into_par_iter()
            .map(|i| judge(&self, i))
            .collect();
        for (judgement, distance) in judgements.into_iter().zip(&self.distance) {
            self.standard_error.push(judgement.standard_error);
            self.level_of_detection.push(judgement.level_of_detection);
            self.p_value.push(judgement.p_value);
            self.significant
                .push(distance.abs() > judgement.level_of_detection);
            self.status.push(judgement.status);
        }
        self
    }
}
