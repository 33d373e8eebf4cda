//! From the starts to the pose that most of the ground agrees on, on a sample.

use super::{
    RobustIcp, StartReport,
    consensus::fit_mixture,
    observe::{Direction, observe_pairs},
    prepared::{DirectionSamples, PreparedClouds},
    pyramid::{CoarseToFine, apply_step, scale_motion},
    regression::{Patch, Regression, find_hypotheses, gather_patches},
    sample::quantile,
};
use isopach_cloud::Rigid;
use isopach_compute::{Error, Result};
use isopach_neighbours::NeighbourSearch;

/// Patches that a pose is made of, at least.
const LEAST_PATCHES: usize = 6;
/// Rounds of pairing and regression a start.
const ROUNDS: usize = 5;
/// Sets of three places that are tried in the first round of a start.
const TRIES: u64 = 60;
/// And later.
const FEWER: u64 = 20;
/// Poses that differ by less than so many standard errors of a patch's offset, at the arm, lead to
/// the same end.
const SAME: f64 = 1.0;
/// Rounds with many points.
const AGAIN: usize = 3;

/// The pose that won.
pub(super) struct BestStart {
    pub(super) pose: Rigid,
    /// Standard deviation of the offsets of patches that agree, metres.
    pub(super) patch_noise: f64,
    /// Standard deviation of pairs within patches, metres.
    pub(super) noise: f64,
    /// Which patches agree, by number.
    pub(super) agreeing: Vec<bool>,
    /// How far a pair may be apart, metres.
    pub(super) distance: f64,
    /// How far it may be apart at the start, metres.
    pub(super) reach: f64,
    pub(super) starts: Vec<StartReport>,
}

/// Tries every start.
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
    let (arm, ratio, spacing) = (prepared.arm, icp.determined_ratio, prepared.spacing);
    let blocks = prepared.block_points();
    let coarse = CoarseToFine {
        blocks: &blocks,
        spacing,
        reach,
        arm,
        ratio,
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
            arm,
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
    let mut tried: Vec<StartResult> = Vec::new();
    for first in found {
        let StartReport {
            name,
            target_from_source: start,
            ..
        } = first.report;
        let again = StartSearch {
            icp,
            arm,
            name,
            start,
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
    let narrowest = tried
        .iter()
        .map(|tried| tried.patch_noise)
        .fold(f64::INFINITY, f64::min);
    for StartResult {
        report, offsets, ..
    } in &mut tried
    {
        report.score =
            fit_mixture(offsets, &vec![narrowest; offsets.len()]).cost / offsets.len() as f64;
    }
    let starts = tried.iter().map(|tried| tried.report).collect();
    let best = tried
        .into_iter()
        .min_by(|a, b| a.report.score.total_cmp(&b.report.score));
    let Some(StartResult {
        report,
        noise,
        agreeing,
        patch_noise,
        ..
    }) = best
    else {
        return Err(Error::InvalidInput(format!(
            "too few points of the two clouds are within {reach:.1} m of each other: not enough to align; bring them nearer, \
             or say how far the start may be off"
        )));
    };
    let pose = report.target_from_source;
    Ok(BestStart {
        pose,
        patch_noise,
        noise,
        agreeing,
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

/// What came of a start.
enum End {
    At(Box<StartResult>),
    /// Too few patches have pairs.
    Nowhere,
    /// It came by where an earlier one went on from, so it ends where that did.
    Joined,
}

struct StartResult {
    report: StartReport,
    /// The poses after each round.
    path: Vec<Rigid>,
    offsets: Vec<f64>,
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
            let patches = gather_patches(&observations, self.arm);
            if patches.len() < LEAST_PATCHES {
                break;
            }
            let tries = self.tries[round.min(1)];
            let Regression {
                hypotheses,
                mut errors,
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
            let (noise, patch_noise) = (quantile(&mut scales, 0.5), quantile(&mut errors, 0.5));
            let agreeing = flag_agreeing(&patches, &first.evidence.agreeing);
            let small = first.step.norm() < 0.1 * patch_noise;
            best = Some(StartResult {
                report,
                path: Vec::new(),
                offsets: first.offsets,
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
        let is_near = |other: &Rigid| {
            let motion = other.inverse().then(pose).about(pose.pivot);
            scale_motion(&motion, arm).norm() < SAME * self.patch_noise
        };
        self.path.iter().any(is_near)
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
