//! Refinement of the best start on all points: pose, covariance, and whether the pose is applied.

use super::{
    AlignmentOutcome, RobustAlignment, RobustIcp,
    covariance::Sandwich,
    decision::{outcome_of_verdict, reason_to_stay, second_mode, steps_to_ends},
    free::name_directions,
    information::Information,
    iterate::{Converged, iterate_without_lost, sandwich_inputs},
    observe::{Observation, observe_pairs},
    prepared::{DirectionSamples, PreparedClouds},
    regression::gather_patches,
    rivals::{Rival, Verdict, judge_pose},
    sample::quantile,
    search::BestStart,
    shares::shares_of_pairs,
    system::Directions,
};
use crate::kernel::Tukey;
use isopach_cloud::{PoseCovariance, Rigid};
use isopach_compute::Result;
use nalgebra::{Matrix6, Vector6};

/// Width of the kernel, in standard deviations of pairs within patches.
const WIDTH: f64 = 3.0;

/// Poses that differ by less than this share of the spacing of the points, or of their noise, do
/// not contradict each other.
const CLOSE_TO_SPACING: f64 = 0.1;
const CLOSE_TO_NOISE: f64 = 0.25;
/// Poses that differ by more than this many times the noise do, however far apart the points are.
const FAR_FOR_NOISE: f64 = 10.0;
/// The least share of the pairs that two modes explain if pairs are to judge.
const EXPLAINED: f64 = 0.9;

pub(super) fn refine_on_all_points(
    icp: &RobustIcp,
    prepared: &PreparedClouds,
    samples: &DirectionSamples<'_>,
    initial: Rigid,
    won: BestStart,
) -> Result<RobustAlignment> {
    let kernel = Tukey {
        width: WIDTH * won.noise,
    };
    let spacing = prepared.spacing;
    let Converged {
        pose,
        agreeing,
        others,
        system,
        directions,
        converged,
        iterations,
    } = iterate_without_lost(icp, prepared, samples, &initial, &won, &kernel)?;
    let filling = sandwich_inputs(icp, prepared, &kernel, &directions);
    let kept = Information {
        filling: &filling,
        some: &samples.few,
        pose: &pose,
        won: &won,
        spacing,
    }
    .remaining()?;
    let mut sandwich = filling.sandwich_covariance(&agreeing, kept.as_ref());
    let pairs = [agreeing, others];
    let verdict = judge_at(icp, prepared, &pairs, &won, &pose, sandwich.as_ref());
    drop(pairs);
    if let Some(sandwich) = &mut sandwich {
        sandwich.widen_by(&verdict.spread, &directions.basis_matrix());
    }
    let score_before = median_residual(samples, &initial, &won)?;
    let score_after = median_residual(samples, &pose, &won)?;
    let outcome = match reason_to_stay(
        prepared,
        &directions,
        sandwich.as_ref(),
        [&initial, &pose],
        [score_before, score_after],
    ) {
        Some(stay) => AlignmentOutcome::NotMoved(stay),
        None => outcome_of_verdict(prepared, [&initial, &pose], &verdict),
    };
    let stable = won.agreeing.iter().filter(|&&agrees| agrees).count();
    let covariance = pose_covariance(prepared, &directions, sandwich.as_ref());
    Ok(RobustAlignment {
        target_from_source: if outcome.is_moved() { pose } else { initial },
        proposed: pose,
        outcome,
        converged,
        iterations,
        rmse: (system.error / system.weight.max(f64::MIN_POSITIVE)).sqrt(),
        inliers: system.count,
        inlier_fraction: system.count as f64 / prepared.points as f64,
        stable_fraction: stable as f64 / won.agreeing.len().max(1) as f64,
        score_before,
        score_after,
        noise: won.noise,
        hessian: sandwich.as_ref().map_or([[0.0; 6]; 6], |s| {
            unscale_matrix(&s.hessian, prepared.arm, 1)
        }),
        covariance,
        blocks: sandwich.map_or(0, |sandwich| sandwich.blocks),
        max_distance: won.distance,
        starts: won.starts,
    })
}

/// Judges the pose that the steps led to, with the covariance of the sandwich.
fn judge_at(
    icp: &RobustIcp,
    prepared: &PreparedClouds,
    pairs: &[Vec<Observation>; 2],
    won: &BestStart,
    pose: &Rigid,
    sandwich: Option<&Sandwich>,
) -> Verdict {
    let patches = gather_patches(pairs.iter().flatten(), prepared.arm);
    let known = sandwich.map_or_else(Matrix6::zeros, |sandwich| sandwich.covariance);
    let negligible = (CLOSE_TO_SPACING * prepared.spacing)
        .min(FAR_FOR_NOISE * won.noise)
        .max(CLOSE_TO_NOISE * won.noise);
    let ends = steps_to_ends(won, pose, patches.len(), prepared.arm);
    let mut verdict = judge_pose(&patches, icp, &known, &ends, negligible);
    if verdict.rival.is_none() {
        let second = second_mode(icp, patches, won);
        let second = second.and_then(|second| confirm_by_pairs(icp, prepared, pairs, won, second));
        verdict.add_rival(second, negligible);
    }
    verdict
}

/// A second mode of the residuals. Where pairs tell it from the first, with the shares of the pairs
/// on both, and `None` if its share is too small: patches across the edge of a change belong to
/// neither, so shares of patches are too near to each other. Pairs that agree on neither, as if one
/// mode were rougher, leave it at the shares of patches.
fn confirm_by_pairs(
    icp: &RobustIcp,
    prepared: &PreparedClouds,
    pairs: &[Vec<Observation>; 2],
    won: &BestStart,
    second: Rival,
) -> Option<Rival> {
    if second.apart <= FAR_FOR_NOISE * won.noise {
        return Some(second);
    }
    let shares = shares_of_pairs(
        pairs.iter().flatten(),
        &second.step,
        won.noise,
        prepared.arm,
    );
    let [first, other] = shares;
    if first + other < EXPLAINED {
        return Some(second);
    }
    (other >= icp.ambiguous_share * first).then_some(Rival { shares, ..second })
}

/// Median |r| at a pose, over ground that agrees, metres.
fn median_residual(samples: &DirectionSamples<'_>, pose: &Rigid, won: &BestStart) -> Result<f64> {
    let observations = observe_pairs(&samples.many, pose, won.reach)?;
    let mut sizes: Vec<f64> = observations
        .iter()
        .filter(|o| won.agrees(o.patch))
        .map(|o| o.residual.abs())
        .collect();
    Ok(quantile(&mut sizes, 0.5))
}

/// From scaled unknowns to radians and metres: `power` is −1 for a covariance and 1 for a Hessian.
fn unscale_matrix(matrix: &Matrix6<f64>, arm: f64, power: i32) -> [[f64; 6]; 6] {
    let scale = |i: usize| if i < 3 { arm.powi(power) } else { 1.0 };
    std::array::from_fn(|i| std::array::from_fn(|j| matrix[(i, j)] * scale(i) * scale(j)))
}

/// Covariance of the pose. Without a sandwich, every direction counts as free.
fn pose_covariance(
    prepared: &PreparedClouds,
    directions: &Directions,
    sandwich: Option<&Sandwich>,
) -> PoseCovariance {
    let unknown: Vec<Vector6<f64>> = (0..6).map(|i| Vector6::ith(i, 1.0)).collect();
    PoseCovariance {
        pivot: prepared.pivot,
        matrix: sandwich.map_or([[0.0; 6]; 6], |s| {
            unscale_matrix(&s.covariance, prepared.arm, -1)
        }),
        free: name_directions(if sandwich.is_some() {
            &directions.free
        } else {
            &unknown
        }),
        arm: prepared.arm,
        normal_noise: prepared.normal_noise,
    }
}
