//! Robust ICP with a covariance, which leaves the source in place unless another pose is shown to
//! be better.

mod ahead;
mod consensus;
mod covariance;
mod decision;
mod finish;
mod free;
mod information;
mod iterate;
mod observe;
mod outcome;
mod prepared;
mod pyramid;
mod regression;
mod rivals;
mod sample;
mod search;
mod shares;
mod spread;
mod surface;
mod system;

pub use outcome::{AlignmentOutcome, NotMoved, ResidualMode, RobustAlignment, StartReport};

use crate::{AlignError, Pair};
use isopach_cloud::Rigid;
use isopach_compute::{Error, Result};
use isopach_neighbours::NeighbourSearch;
use prepared::{DirectionSamples, PreparedClouds};

/// Part of a survey, aligned under one pose with the other parts.
#[derive(Clone, Copy, Debug)]
pub struct SurveyBlock<'a> {
    /// Points of the part. Each source point belongs to one part; targets reach beyond their source
    /// by the largest motion.
    pub pair: Pair<'a>,
    /// Whether each source point lies on stable ground; `None` to find out.
    pub stable: Option<&'a [bool]>,
}

impl<'a> From<Pair<'a>> for SurveyBlock<'a> {
    fn from(pair: Pair<'a>) -> Self {
        Self { pair, stable: None }
    }
}

/// Robust point-to-plane ICP for change detection: down-weights changed ground, reports a
/// covariance and free directions, and leaves the source in place unless another pose is shown to
/// be better.
///
/// Several starts (the given one, and the result of a coarse-to-fine search) are improved on a
/// sample, by robust regression over patches of ground. The pose that most patches agree on is
/// refined on all points, from source to target and back, with a kernel of fixed width. The
/// covariance is a sandwich estimate with blocks. Formulas, papers and tests are in
/// `docs/algorithms/alignment.md`.
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
    /// Largest error of the start at the middle of the survey, metres.
    pub start_translation: f64,
    /// Largest rotation error of the start, radians.
    pub start_rotation: f64,
    /// Number of nearest points that a plane is fitted to, at least 5.
    pub normal_neighbours: usize,
    /// Number of points of each cloud for trying the starts, at least 100.
    pub sample: usize,
    /// Share of the planes that take part, the smoothest first: ground and roofs rather than
    /// leaves. Above 0 and at most 1.
    pub smoothest_share: f64,
    /// Side of the blocks within which residuals may be correlated, metres.
    pub block: f64,
    /// Least ratio of a direction's information to that from the noise of the normals, for the
    /// direction to count as determined; above 1.
    pub determined_ratio: f64,
    /// Least size of the smaller of two contradicting groups of ground, as a share of the larger
    /// one's patches, for the result to be ambiguous; above 0 and at most 1.
    pub ambiguous_share: f64,
    /// Largest number of steps on all points.
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
    /// Aligns the source to the target, starting from `initial`. The result does not depend on the
    /// order of the points. O(n log n).
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a parameter out of range; [`Error::InvalidInput`] for an
    /// empty cloud, fewer points than a plane needs, or too few points with a counterpart; any
    /// error of the backend.
    pub fn align(
        &self,
        on: &(impl NeighbourSearch + ?Sized),
        pair: Pair<'_>,
        initial: Rigid,
    ) -> Result<RobustAlignment> {
        self.align_blocks(on, &[pair.into()], initial)
    }

    /// Aligns several blocks under one pose (a survey wider than the ±8 km that a cloud reaches),
    /// or with given stable ground.
    ///
    /// # Errors
    /// As [`Self::align`]; [`Error::InvalidInput`] unless `stable` has one entry per source point.
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

    /// Checks all parameters, as [`Self::align`] does, before there are points.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] names the parameter, its value and its range.
    pub fn check_parameters(&self) -> Result<()> {
        let Self {
            start_translation,
            start_rotation,
            normal_neighbours,
            sample,
            smoothest_share,
            block,
            determined_ratio,
            ambiguous_share,
            max_iterations,
        } = *self;
        Error::not_negative("translation of the start", start_translation)?;
        let is_angle = (0.0..=std::f64::consts::PI).contains(&start_rotation);
        let angle = "be from 0 to π";
        Error::check("rotation of the start", start_rotation, is_angle, angle)?;
        check_least(
            "neighbours for a plane",
            normal_neighbours,
            5,
            "be at least 5",
        )?;
        check_least("points of a sample", sample, 100, "be at least 100")?;
        check_share("share of the smoothest planes", smoothest_share)?;
        Error::positive("block of the covariance", block)?;
        Error::check(
            "ratio of a determined direction",
            determined_ratio,
            determined_ratio.is_finite() && determined_ratio > 1.0,
            "be a finite number above 1",
        )?;
        check_share("ambiguous share", ambiguous_share)?;
        check_least("steps", max_iterations, 1, "be at least 1")
    }

    fn check_blocks(&self, blocks: &[SurveyBlock<'_>]) -> Result<()> {
        self.check_parameters()?;
        for SurveyBlock { pair, stable } in blocks {
            let points = pair.source.len();
            let flags = stable.map_or(points, <[bool]>::len);
            if points != flags {
                return Err(AlignError::FlagCount { flags, points }.into());
            }
        }
        Ok(())
    }
}

fn check_least(name: &'static str, value: usize, least: usize, must: &'static str) -> Result<()> {
    Error::check(name, value as f64, value >= least, must)?;
    Ok(())
}

fn check_share(name: &'static str, share: f64) -> Result<()> {
    let is_share = share > 0.0 && share <= 1.0;
    Error::check(name, share, is_share, "be above 0 and at most 1")?;
    Ok(())
}
