//! Alignment that cannot do harm.

mod ahead;
mod consensus;
mod covariance;
mod finish;
mod free;
mod information;
mod observe;
mod outcome;
mod prepared;
mod pyramid;
mod regression;
mod rivals;
mod sample;
mod search;
mod surface;
mod system;

pub use outcome::{AlignmentOutcome, NotMoved, ResidualMode, RobustAlignment, StartReport};

use crate::Pair;
use isopach_cloud::Rigid;
use isopach_compute::{Error, Result};
use isopach_neighbours::NeighbourSearch;
use prepared::{DirectionSamples, PreparedClouds};

/// Part of a survey, to be aligned under one pose with the others.
#[derive(Clone, Copy, Debug)]
pub struct SurveyBlock<'a> {
    /// Its points. Cut the sources so that each point is in one block; let targets reach beyond
    /// their source by the largest motion.
    pub pair: Pair<'a>,
    /// Which source points lie on stable ground, one a point; `None` finds that out.
    pub stable: Option<&'a [bool]>,
}

impl<'a> From<Pair<'a>> for SurveyBlock<'a> {
    fn from(pair: Pair<'a>) -> Self {
        Self { pair, stable: None }
    }
}

/// Point-to-plane ICP that resists change, says what it does not know, and leaves the source where
/// it is unless it is shown to be better elsewhere.
///
/// The given start and what a coarse-to-fine search makes of it are each improved on a sample, by
/// robust regression over patches of ground; the pose on which most patches agree goes on to all
/// points, from source to target and back, with a kernel of fixed width. The covariance is a
/// sandwich with blocks. See `docs/algorithms/alignment.md` for formulas, papers and what it was
/// tested with.
///
/// ```
/// use isopach_cloud::{Cloud, Rigid};
/// use isopach_compute::Cpu;
/// use isopach_registration::{Pair, RobustIcp};
///
/// let height = |x: f64, y: f64| 2.0 * (x / 7.0).sin() * (y / 9.0).cos() + 0.5 * (x / 2.0).sin();
/// let survey = |from: f64, shift: [f64; 3]| -> Vec<[f64; 3]> {
///     let at = |i: u32| [from + f64::from(i % 90) * 0.5, from + f64::from(i / 90) * 0.5];
///     (0..8100).map(at).map(|[x, y]| [x + shift[0], y + shift[1], height(x, y) + shift[2]]).collect()
/// };
/// let target = Cloud::from_points(&survey(0.0, [0.0; 3]))?;
/// let source = Cloud::from_points(&survey(0.2, [0.4, -0.3, 0.2]))?;
/// let pair = Pair { source: source.positions(), target: target.positions() };
/// let found = RobustIcp::default().align(&Cpu, pair, Rigid::identity([0.0; 3]))?;
/// assert!(found.outcome.is_moved(), "{}", found.outcome.describe());
/// let shift = found.target_from_source.about([22.0, 22.0, 0.0]).translation;
/// assert!((shift[0] + 0.4).abs() < 0.02 && (shift[1] - 0.3).abs() < 0.02 && (shift[2] + 0.2).abs() < 0.01);
/// # Ok::<(), isopach_compute::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RobustIcp {
    /// How far the start may be off at the middle of the survey, metres.
    pub start_translation: f64,
    /// How far the start may be turned, radians.
    pub start_rotation: f64,
    /// Nearest points that make a plane, at least 5.
    pub normal_neighbours: usize,
    /// Points of each cloud that starts are tried with, at least 100.
    pub sample: usize,
    /// Share of the planes that take part, the smoothest: ground and roofs rather than leaves;
    /// above 0 and at most 1.
    pub smoothest_share: f64,
    /// Side of the blocks in which residuals may depend on each other, metres.
    pub block: f64,
    /// A direction is determined where its information is so many times what noise of the normals
    /// makes of it; above 1.
    pub determined_ratio: f64,
    /// Two groups of ground contradict each other where the smaller has at least this share of the
    /// larger's patches; above 0 and at most 1.
    pub ambiguous_share: f64,
    /// Steps on all points at most.
    pub max_iterations: usize,
}

impl Default for RobustIcp {
    /// Starts up to 2 m and 2° off, 20 neighbours, 6000 points a cloud, half of the planes, blocks
    /// of 10 m, twice the noise, 0.6, 30 steps.
    fn default() -> Self {
        Self {
            start_translation: 2.0,
            start_rotation: 2_f64.to_radians(),
            normal_neighbours: 20,
            sample: 6000,
            smoothest_share: 0.5,
            block: 10.0,
            determined_ratio: 2.0,
            ambiguous_share: 0.6,
            max_iterations: 30,
        }
    }
}

impl RobustIcp {
    /// Aligns the source to the target from `initial`. The order of the points cannot be seen in
    /// the result. O(n log n).
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a parameter that cannot be; [`Error::InvalidInput`] for an
    /// empty cloud, fewer points than make planes, or where too few points have a counterpart;
    /// whatever the backend declines with.
    pub fn align(
        &self,
        on: &(impl NeighbourSearch + ?Sized),
        pair: Pair<'_>,
        initial: Rigid,
    ) -> Result<RobustAlignment> {
        self.align_blocks(on, &[pair.into()], initial)
    }

    /// As [`Self::align`], with several blocks under one pose (a survey wider than the ±8 km that a
    /// cloud reaches), or with stable ground given.
    ///
    /// # Errors
    /// As [`Self::align`]; [`Error::InvalidInput`] where `stable` has not one entry a source point.
    pub fn align_blocks(
        &self,
        on: &(impl NeighbourSearch + ?Sized),
        blocks: &[SurveyBlock<'_>],
        initial: Rigid,
    ) -> Result<RobustAlignment> {
        self.check_blocks(blocks)?;
        let prepared = PreparedClouds::new(self, on, blocks)?;
        let indexes = prepared.build_indexes(on)?;
        let initial = initial.about(prepared.pivot);
        let samples = DirectionSamples::new(&prepared, &indexes, self.sample);
        let won = search::search_starts(self, on, &prepared, &samples, initial)?;
        finish::refine_on_all_points(self, &prepared, &samples, initial, won)
    }

    /// Refuses parameters that cannot be, as [`Self::align`] does, before there are points.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`], with what the value must be.
    pub fn check_parameters(&self) -> Result<()> {
        let Self {
            start_translation,
            start_rotation,
            normal_neighbours,
            sample,
            smoothest_share,
            ..
        } = *self;
        let Self {
            block,
            determined_ratio,
            ambiguous_share,
            max_iterations,
            ..
        } = *self;
        Error::not_negative("translation of the start", start_translation)?;
        let turn = (0.0..=std::f64::consts::PI).contains(&start_rotation);
        Error::check(
            "rotation of the start",
            start_rotation,
            turn,
            "be from 0 to π",
        )?;
        Error::check(
            "neighbours for a plane",
            normal_neighbours as f64,
            normal_neighbours >= 5,
            "be at least 5",
        )?;
        Error::check(
            "points of a sample",
            sample as f64,
            sample >= 100,
            "be at least 100",
        )?;
        let some = |share: f64| share > 0.0 && share <= 1.0;
        Error::check(
            "share of the smoothest planes",
            smoothest_share,
            some(smoothest_share),
            "be above 0 and at most 1",
        )?;
        Error::positive("block of the covariance", block)?;
        let ratio = determined_ratio.is_finite() && determined_ratio > 1.0;
        Error::check(
            "ratio of a determined direction",
            determined_ratio,
            ratio,
            "be a finite number above 1",
        )?;
        Error::check(
            "ambiguous share",
            ambiguous_share,
            some(ambiguous_share),
            "be above 0 and at most 1",
        )?;
        Error::check(
            "steps",
            max_iterations as f64,
            max_iterations > 0,
            "be at least 1",
        )?;
        Ok(())
    }

    fn check_blocks(&self, blocks: &[SurveyBlock<'_>]) -> Result<()> {
        self.check_parameters()?;
        for SurveyBlock { pair, stable } in blocks {
            let (points, flags) = (
                pair.source.len(),
                stable.map_or(pair.source.len(), <[bool]>::len),
            );
            if points != flags {
                return Err(Error::InvalidInput(format!(
                    "{flags} flags of stable ground were given for {points} source points: give one a point"
                )));
            }
        }
        Ok(())
    }
}
