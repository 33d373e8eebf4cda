//! Results of M3C2, and the status of a difference.

use crate::detection::Judgement;
use isopach_neighbours::AxialStatistics;
use rayon::prelude::*;

/// Status of a core point or cell: valid, or the reason that its difference or level of detection
/// is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(u8)]
pub enum ChangeStatus {
    /// Difference and level of detection are present.
    Valid = 0,
    /// No level of detection: an epoch has a single point in the cylinder or cell, so no spread.
    NoSpread = 1,
    /// No difference: fewer than three points, or no plane, at every normal radius.
    NoNormal = 2,
    /// No difference: no reference point in the cylinder or cell.
    NoReference = 3,
    /// No difference: no compared point in the cylinder or cell.
    NoCompared = 4,
    /// No difference: no point of either epoch in the cylinder or cell.
    Empty = 5,
    /// No level of detection: the alignment does not determine this direction.
    FreeDirection = 6,
    /// No level of detection: an epoch has fewer points than [`crate::Detection::minimum_count`].
    BelowMinimumCount = 7,
    /// No level of detection: the standard error of the statistic (minimum, maximum, a percentile)
    /// does not follow from the scatter.
    NoStandardError = 8,
    /// No level of detection: the standard error of medians is unknown, because the survey has too
    /// few well-filled places ([`crate::SurveyStatistics::median_factor`]).
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

    /// Status with the given number; `None` if there is none.
    ///
    /// ```
    /// use isopach_change::ChangeStatus;
    /// assert_eq!(ChangeStatus::from_number(3), Some(ChangeStatus::NoReference));
    /// assert_eq!(ChangeStatus::from_number(200), None);
    /// ```
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Whether the difference is present but has no level of detection.
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

    /// Description in a few words.
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

/// Results of M3C2, one entry per core point. A missing number is NaN; the [`ChangeStatus`] says
/// why.
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
    /// Probability of so large a distance without change, beyond the registration error; NaN where
    /// there is no level of detection. Below 0.05 the distance exceeds the level of detection,
    /// unless that is the user's minimum. See [`crate::FalseDiscoveries`].
    pub p_value: Vec<f64>,
    /// Whether |distance| exceeds the level of detection; false if either is missing.
    pub significant: Vec<bool>,
    /// Number of points in the cylinder: reference, compared.
    pub count: [Vec<u32>; 2],
    /// Standard deviation or inter-quartile range along the normal, metres: reference, compared.
    pub spread: [Vec<f64>; 2],
    /// Unit normal; zeros if there is none.
    pub normal: Vec<[f64; 3]>,
    /// Radius of the neighbourhood of the normal, metres; NaN if it was given or there is none.
    pub normal_radius: Vec<f64>,
    /// Status: valid, or the reason for a missing number.
    pub status: Vec<ChangeStatus>,
    /// Number of normals more than 45° from the direction that they are turned towards. Their signs
    /// are uncertain; if they are many, choose another direction ([`crate::Orientation`]).
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

    /// Differences from the statistics of both cylinders, not judged yet.
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

    /// Adds the judgement of each distance.
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
