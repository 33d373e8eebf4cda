//! From the starts to the pose that most of the ground agrees on, on a sample.

use super::{
    RobustIcp, StartReport,
    consensus::Mixture,
    observe::{Direction, observe_pairs},
    prepared::{DirectionSamples, PreparedClouds},
    pyramid::{CoarseToFine, apply_step, scale_motion},
    regression::{Patch, Regression, find_hypotheses, gather_patches},
    sample::quantile,
};
use crate::AlignError;
use isopach_cloud::Rigid;
use isopach_compute::Result;
use isopach_neighbours::NeighbourSearch;

/// Least number of patches of a pose.
const LEAST_PATCHES: usize = 6;
/// Rounds of pairing and regression per start.
const ROUNDS: usize = 5;
/// Sets of three places tried in the first round of a start.
const TRIES: u64 = 60;
/// Sets of three places tried in later rounds.
const FEWER: u64 = 20;
/// Largest difference of poses that lead to the same end, in standard errors of a patch's offset,
/// at the arm.
const SAME: f64 = 1.0;
/// Rounds with many points.
const AGAIN: usize = 3;

/// Pose of the best start, with the noise and the patches that it was found with.
pub(super) struct BestStart {
    pub(super) pose: Rigid,
    /// Standard deviation of the offsets of patches that agree, metres.
    pub(super) patch_noise: f64,
    /// Standard deviation of pairs within patches, metres.
    pub(super) noise: f64,
    /// Whether each patch agrees, by number.
    pub(super) agreeing: Vec<bool>,
    /// Largest distance of a pair, metres.
    pub(super) distance: f64,
    /// Largest distance of a pair at the start, metres.
    pub(super) reach: f64,
    pub(super) starts: Vec<StartReport>,
}

impl BestStart {
    /// Whether a patch agrees, by its number.
    pub(super) fn agrees(&self, patch: u32) -> bool {
        self.agreeing.get(patch as usize) == Some(&true)
    }
}

/// Tries every start on a few points, then the distinct ends on many.
pub(super) fn search_starts(
    icp: &RobustIcp,
    on: &(impl NeighbourSearch + ?Sized),
    prepared: &PreparedClouds,
    samples: &DirectionSamples<'_>,
    initial: Rigid,
) -> Result<BestStart> {
    let distance = (3.0 * prepared.spacing).max(10.0 * prepared.roughest);
    // Half of the ground lies within an arm of the pivot, the farthest about twice as far.
    let off = icp.start_translation + 2.2 * prepared.arm * icp.start_rotation;
    let reach = distance.max(off);
    let coarse = CoarseToFine {
        blocks: &prepared.block_points(),
        spacing: prepared.spacing,
        reach,
        arm: prepared.arm,
        ratio: icp.determined_ratio,
    }
    .descend_levels(on, initial)?;
    let mut starts = vec![
        ("start, near", initial, distance),
        ("coarse to fine", coarse, distance),
    ];
    if reach > distance {
        starts.push(("start, far", initial, reach));
    }
    let mut found: Vec<StartResult> = Vec::new();
    for (name, start, first) in starts {
        let one = StartSearch {
            icp,
            arm: prepared.arm,
            name,
            start,
            distances: [first, distance],
            rounds: ROUNDS,
            tries: [TRIES, FEWER],
        };
        if let End::At(end) = one.improve_start(&samples.few, &found)? {
            found.push(*end);
        }
    }
    let mut tried = improve_on_many(icp, prepared.arm, distance, samples, found)?;
    score_starts(&mut tried);
    choose_start(tried, distance, reach)
}

/// Improves the ends of the starts on many points.
fn improve_on_many(
    icp: &RobustIcp,
    arm: f64,
    distance: f64,
    samples: &DirectionSamples<'_>,
    found: Vec<StartResult>,
) -> Result<Vec<StartResult>> {
    let mut tried: Vec<StartResult> = Vec::new();
    for first in found {
        let again = StartSearch {
            icp,
            arm,
            name: first.report.name,
            start: first.report.target_from_source,
            distances: [distance; 2],
            rounds: AGAIN,
            tries: [FEWER; 2],
        };
        match again.improve_start(&samples.many, &tried)? {
            End::At(end) => tried.push(*end),
            End::Nowhere => tried.push(first),
            End::Joined => {}
        }
    }
    Ok(tried)
}

/// Scores all starts with the smallest noise that any of them found.
fn score_starts(tried: &mut [StartResult]) {
    let narrowest = tried
        .iter()
        .map(|tried| tried.patch_noise)
        .fold(f64::INFINITY, f64::min);
    for StartResult {
        report,
        offsets,
        middles,
        ..
    } in tried
    {
        let errors = vec![narrowest; offsets.len()];
        report.score = Mixture::new(&errors, middles).fit(offsets).cost / offsets.len() as f64;
    }
}

/// The start with the lowest score.
fn choose_start(tried: Vec<StartResult>, distance: f64, reach: f64) -> Result<BestStart> {
    let starts = tried.iter().map(|tried| tried.report).collect();
    let best = tried
        .into_iter()
        .min_by(|a, b| a.report.score.total_cmp(&b.report.score));
    let Some(best) = best else {
        return Err(AlignError::TooFarApart { reach }.into());
    };
    Ok(BestStart {
        pose: best.report.target_from_source,
        patch_noise: best.patch_noise,
        noise: best.noise,
        agreeing: best.agreeing,
        distance,
        reach,
        starts,
    })
}

struct StartSearch<'a> {
    icp: &'a RobustIcp,
    arm: f64,
    name: &'static str,
    start: Rigid,
    /// In the first round and later, metres.
    distances: [f64; 2],
    rounds: usize,
    /// Sets of three places, in the first round and later.
    tries: [u64; 2],
}

/// Result of a start.
enum End {
    At(Box<StartResult>),
    /// Ended: too few patches have pairs.
    Nowhere,
    /// Ended: it met the path of an earlier start.
    Joined,
}

struct StartResult {
    report: StartReport,
    /// The poses after each round.
    path: Vec<Rigid>,
    offsets: Vec<f64>,
    middles: Vec<[f64; 3]>,
    patch_noise: f64,
    noise: f64,
    agreeing: Vec<bool>,
}

impl StartSearch<'_> {
    /// Improves the start round by round, unless one that was `tried` before with the same
    /// directions has been there.
    fn improve_start(&self, directions: &[Direction<'_>], tried: &[StartResult]) -> Result<End> {
        let mut pose = self.start;
        let mut path = Vec::new();
        let mut best: Option<StartResult> = None;
        for round in 0..self.rounds {
            let observations = observe_pairs(directions, &pose, self.distances[round.min(1)])?;
            let patches = gather_patches(observations.iter(), self.arm);
            if patches.len() < LEAST_PATCHES {
                break;
            }
            let tries = self.tries[round.min(1)];
            let Regression {
                hypotheses,
                mut errors,
                middles,
                ..
            } = find_hypotheses(&patches, self.icp.determined_ratio, tries);
            let Some(first) = hypotheses.into_iter().next() else {
                break;
            };
            pose = apply_step(&pose, &first.step, self.arm);
            if tried.iter().any(|other| other.came_by(&pose, self.arm)) {
                return Ok(End::Joined);
            }
            path.push(pose);
            let report = StartReport {
                name: self.name,
                iterations: round + 1,
                score: f64::NAN,
                target_from_source: pose,
            };
            let mut scales: Vec<f64> = patches.iter().map(|patch| patch.scale).collect();
            let noise = quantile(&mut scales, 0.5);
            let patch_noise = quantile(&mut errors, 0.5);
            let agreeing = flag_agreeing(&patches, &first.evidence.agreeing);
            let small = first.step.norm() < 0.1 * patch_noise;
            best = Some(StartResult {
                report,
                path: Vec::new(),
                offsets: first.offsets,
                middles,
                patch_noise,
                noise,
                agreeing,
            });
            if round > 0 && small {
                break;
            }
        }
        Ok(best.map_or(End::Nowhere, |end| {
            End::At(Box::new(StartResult { path, ..end }))
        }))
    }
}

impl StartResult {
    /// Whether it was within [`SAME`] of a pose after some round.
    fn came_by(&self, pose: &Rigid, arm: f64) -> bool {
        self.path.iter().any(|other: &Rigid| {
            let motion = other.inverse().then(pose).about(pose.pivot);
            scale_motion(&motion, arm).norm() < SAME * self.patch_noise
        })
    }
}

/// By number of the patch.
pub(super) fn flag_agreeing(patches: &[Patch], surely: &[f64]) -> Vec<bool> {
    let count = patches
        .iter()
        .map(|patch| patch.id as usize + 1)
        .max()
        .unwrap_or(0);
    let mut agreeing = vec![false; count];
    patches
        .iter()
        .zip(surely)
        .for_each(|(patch, surely)| agreeing[patch.id as usize] = *surely > 0.5);
    agreeing
}
