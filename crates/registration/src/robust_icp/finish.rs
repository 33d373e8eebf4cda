//! The winner on all points: pose, covariance, and whether it is applied.

use super::{
    AlignmentOutcome, NotMoved, ResidualMode, RobustAlignment, RobustIcp, StartReport,
    ahead::StepExtrapolation,
    covariance::{Sandwich, SandwichInputs},
    free::name_directions,
    information::Information,
    observe::{Direction, Observation, Pairing, observe_pairs},
    prepared::{DirectionSamples, PreparedClouds},
    pyramid::{apply_step, scale_motion},
    regression::{Patch, find_hypotheses, gather_patches},
    rivals::{Rival, Verdict, judge_pose, offset_distance},
    sample::quantile,
    search::BestStart,
    system::{Directions, System},
};
use crate::kernel::Tukey;
use isopach_cloud::{PoseCovariance, Rigid};
use isopach_compute::Result;
use nalgebra::{DVector, Matrix6, Vector6};

/// Width of the kernel in standard deviations of pairs within patches.
const WIDTH: f64 = 3.0;
/// A step shorter than this, metres at the arm, is negligible, and so is one shorter than this
/// share of a standard error.
const NEGLIGIBLE: f64 = 1e-5;
const SHARE_OF_ERROR: f64 = 0.03;
/// 99 % quantiles of χ² for 1 to 6 degrees of freedom.
const CHI_SQUARED_99: [f64; 6] = [6.635, 9.210, 11.345, 13.277, 15.086, 16.812];

/// Poses that differ by less than this share of the spacing of the points, or of their noise, do
/// not contradict each other.
const CLOSE_TO_SPACING: f64 = 0.1;
const CLOSE_TO_NOISE: f64 = 0.25;
/// Patches that are off by more standard deviations than this do not agree.
const AGREES: f64 = 3.0;
/// Less of the ground than this is no consensus.
const LEAST_SHARE: f64 = 0.4;

/// What the steps on all points led to.
struct Converged {
    pose: Rigid,
    observations: Vec<Observation>,
    system: System,
    directions: Directions,
    converged: bool,
    iterations: usize,
}

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
        observations,
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
    let mut sandwich = filling.sandwich_covariance(&observations, kept.as_ref());
    let patches = gather_patches(
        &observe_pairs(&samples.many, &pose, won.distance)?,
        prepared.arm,
    );
    let known = sandwich
        .as_ref()
        .map_or_else(Matrix6::zeros, |sandwich| sandwich.covariance);
    let negligible = (CLOSE_TO_SPACING * prepared.spacing).max(CLOSE_TO_NOISE * won.noise);
    let mut verdict = judge_pose(
        &patches,
        icp,
        &known,
        &steps_to_ends(&won, &pose, patches.len(), prepared.arm),
        negligible,
    );
    if verdict.rival.is_none() {
        verdict.add_rival(second_mode(icp, patches, &won), negligible);
    }
    if let Some(sandwich) = &mut sandwich {
        sandwich.widen_by(&verdict.spread, &directions.basis_matrix());
    }
    let score_before = median_size(
        &observe_pairs(&samples.many, &initial, won.reach)?,
        &won.agreeing,
    );
    let score_after = median_size(
        &observe_pairs(&samples.many, &pose, won.reach)?,
        &won.agreeing,
    );
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

/// Steps on all points; anew without directions that turn out to be free.
fn iterate_without_lost(
    icp: &RobustIcp,
    prepared: &PreparedClouds,
    samples: &DirectionSamples<'_>,
    initial: &Rigid,
    won: &BestStart,
    kernel: &Tukey,
) -> Result<Converged> {
    let first = iterate_steps(icp, prepared, &samples.all, won, kernel, (won.pose, &[]))?;
    let filling = sandwich_inputs(icp, prepared, kernel, &first.directions);
    let spacing = prepared.spacing;
    let mut lost = Information {
        filling: &filling,
        some: &samples.few,
        pose: &first.pose,
        won,
        spacing,
    }
    .lost_directions()?;
    if lost.is_empty() {
        return Ok(first);
    }
    lost.extend(&first.directions.free);
    let start = without_motion_along(initial, &first.pose, &lost, prepared);
    iterate_steps(icp, prepared, &samples.all, won, kernel, (start, &lost))
}

fn sandwich_inputs<'a>(
    icp: &RobustIcp,
    prepared: &PreparedClouds,
    kernel: &'a Tukey,
    directions: &'a Directions,
) -> SandwichInputs<'a, Tukey> {
    SandwichInputs {
        kernel,
        directions,
        pivot: prepared.pivot,
        arm: prepared.arm,
        block: icp.block,
    }
}

/// A pose without its motion from the start along some directions.
fn without_motion_along(
    initial: &Rigid,
    pose: &Rigid,
    lost: &[Vector6<f64>],
    prepared: &PreparedClouds,
) -> Rigid {
    let motion = scale_motion(
        &initial.inverse().then(pose).about(prepared.pivot),
        prepared.arm,
    );
    let rest = lost
        .iter()
        .fold(motion, |rest, known| rest - known * known.dot(&motion));
    apply_step(initial, &rest, prepared.arm)
}

/// Steps on all points from a pose, across directions that are known to be free.
fn iterate_steps(
    icp: &RobustIcp,
    prepared: &PreparedClouds,
    all: &[Direction<'_>],
    won: &BestStart,
    kernel: &Tukey,
    (mut pose, lost): (Rigid, &[Vector6<f64>]),
) -> Result<Converged> {
    let agrees = |patch: u32| won.agreeing.get(patch as usize) == Some(&true);
    let (mut iterations, mut ahead) = (0, StepExtrapolation::default());
    loop {
        let pairing = Pairing::new(all, &pose, won.distance)?;
        let system = pairing.normal_equations(kernel, prepared.arm, agrees);
        let directions = system.split_directions_across(icp.determined_ratio, lost);
        let step = system.solve_step(&directions);
        let variance = system.error / (system.weight.max(f64::MIN_POSITIVE));
        let in_errors =
            ((step.transpose() * system.a * step)[0] / variance.max(f64::MIN_POSITIVE)).sqrt();
        let converged = step.norm() < NEGLIGIBLE || in_errors < SHARE_OF_ERROR;
        if converged || iterations == icp.max_iterations {
            let observations = pairing.observations_where(agrees);
            return Ok(Converged {
                pose,
                observations,
                system,
                directions,
                converged,
                iterations,
            });
        }
        pose = apply_step(
            &pose,
            &ahead.extrapolate_step(&step, &system.a),
            prepared.arm,
        );
        iterations += 1;
    }
}

/// Median |r| on ground that agrees, metres.
fn median_size(observations: &[Observation], agreeing: &[bool]) -> f64 {
    let on = observations
        .iter()
        .filter(|o| agreeing.get(o.patch as usize) == Some(&true));
    let mut sizes: Vec<f64> = on.map(|o| o.residual.abs()).collect();
    quantile(&mut sizes, 0.5)
}

/// Why the source is not moved, if it is not.
fn reason_to_stay(
    prepared: &PreparedClouds,
    directions: &Directions,
    sandwich: Option<&Sandwich>,
    [initial, pose]: [&Rigid; 2],
    [before, after]: [f64; 2],
) -> Option<NotMoved> {
    let unknowns = directions.determined.len();
    if unknowns == 0 {
        return Some(NotMoved::Undetermined);
    }
    let Some(sandwich) = sandwich else {
        return Some(NotMoved::TooFewBlocks);
    };
    let motion = scale_motion(
        &initial.inverse().then(pose).about(prepared.pivot),
        prepared.arm,
    );
    let along = DVector::from_fn(unknowns, |i, _| directions.determined[i].dot(&motion));
    let covariance = super::system::project_onto(&sandwich.covariance, &directions.basis_matrix());
    let Some(root) = covariance.cholesky() else {
        return Some(NotMoved::TooFewBlocks);
    };
    let squared = along.dot(&root.solve(&along));
    let limit = CHI_SQUARED_99[unknowns - 1];
    if squared <= limit {
        Some(NotMoved::WithinUncertainty { squared, limit })
    } else if after >= before {
        Some(NotMoved::NoBetter)
    } else {
        None
    }
}

/// Steps from a pose to where each start ended, and by how many nats that is less likely than the
/// winner.
fn steps_to_ends(
    won: &BestStart,
    pose: &Rigid,
    patches: usize,
    arm: f64,
) -> Vec<(Vector6<f64>, f64)> {
    let least = won
        .starts
        .iter()
        .map(|start| start.score)
        .fold(f64::INFINITY, f64::min);
    let end = |start: &StartReport| {
        let step = scale_motion(
            &pose
                .inverse()
                .then(&start.target_from_source)
                .about(pose.pivot),
            arm,
        );
        (step, (start.score - least) * patches as f64)
    };
    won.starts.iter().map(end).collect()
}

/// Moved, unless too little ground agrees or another pose is nearly as likely.
fn outcome_of_verdict(
    prepared: &PreparedClouds,
    [initial, pose]: [&Rigid; 2],
    verdict: &Verdict,
) -> AlignmentOutcome {
    match &verdict.rival {
        Some(Rival { step, shares, .. }) => {
            ambiguous_outcome(prepared, [initial, pose], step, *shares)
        }
        None if verdict.share < LEAST_SHARE => AlignmentOutcome::NotMoved(NotMoved::NoConsensus {
            share: verdict.share,
            wanted: LEAST_SHARE,
        }),
        None => AlignmentOutcome::Moved,
    }
}

/// The pose that the ground which disagrees asks for, where that is nearly as much as the ground
/// that agrees.
fn second_mode(icp: &RobustIcp, patches: Vec<Patch>, won: &BestStart) -> Option<Rival> {
    let all = patches.len() as f64;
    let first = won.agreeing.iter().filter(|&&agrees| agrees).count();
    let rest: Vec<_> = patches
        .into_iter()
        .filter(|p| won.agreeing.get(p.id as usize) != Some(&true))
        .collect();
    let least = icp.ambiguous_share * first as f64;
    if (rest.len() as f64) < least.max(6.0) {
        return None;
    }
    let second = find_hypotheses(&rest, icp.determined_ratio, 0)
        .hypotheses
        .into_iter()
        .next()?;
    let most = AGREES * won.patch_noise.max(1e-5);
    let agree = second
        .offsets
        .iter()
        .filter(|offset| offset.abs() <= most)
        .count();
    let shares = [first as f64 / all, agree as f64 / all];
    let here: Vec<f64> = rest
        .iter()
        .map(|patch| patch.offset_after(&Vector6::zeros()))
        .collect();
    let apart = offset_distance(&here, &second.offsets);
    (agree as f64 >= least).then_some(Rival {
        step: second.step,
        shares,
        apart,
    })
}

fn ambiguous_outcome(
    prepared: &PreparedClouds,
    [initial, pose]: [&Rigid; 2],
    step: &Vector6<f64>,
    shares: [f64; 2],
) -> AlignmentOutcome {
    let other = apply_step(pose, step, prepared.arm);
    let mode = |target_from_source: Rigid, share: f64| {
        let motion = initial
            .inverse()
            .then(&target_from_source)
            .about(prepared.pivot);
        ResidualMode {
            target_from_source,
            share,
            shift: motion.translation,
        }
    };
    AlignmentOutcome::Ambiguous {
        modes: Box::new([mode(*pose, shares[0]), mode(other, shares[1])]),
    }
}

/// From scaled unknowns to radians and metres: `power` is −1 for a covariance and 1 for a Hessian.
fn unscale_matrix(matrix: &Matrix6<f64>, arm: f64, power: i32) -> [[f64; 6]; 6] {
    let scale = |i: usize| if i < 3 { arm.powi(power) } else { 1.0 };
    std::array::from_fn(|i| std::array::from_fn(|j| matrix[(i, j)] * scale(i) * scale(j)))
}

/// Where nothing can be said of a determined direction, it counts as free.
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
