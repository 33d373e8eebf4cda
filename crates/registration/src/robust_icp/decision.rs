//! Decision whether the source is moved.

use super::{
    AlignmentOutcome, NotMoved, ResidualMode, RobustIcp, StartReport,
    covariance::Sandwich,
    prepared::PreparedClouds,
    pyramid::{apply_step, scale_motion},
    regression::{Patch, find_hypotheses},
    rivals::{Rival, Verdict, offset_distance},
    search::BestStart,
    system::{Directions, project_onto},
};
use isopach_cloud::Rigid;
use nalgebra::{DVector, Vector6};

/// 99 % quantiles of χ² for 1 to 6 degrees of freedom.
const CHI_SQUARED_99: [f64; 6] = [6.635, 9.210, 11.345, 13.277, 15.086, 16.812];
/// Patches that are off by more standard deviations than this do not agree.
const AGREES: f64 = 3.0;
/// Least share of the ground for a consensus.
const LEAST_SHARE: f64 = 0.4;

/// Reason for leaving the source in place; `None` to move it.
pub(super) fn reason_to_stay(
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
    let covariance = project_onto(&sandwich.covariance, &directions.basis_matrix());
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
pub(super) fn steps_to_ends(
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

/// Outcome of a verdict: moved, unless too little ground agrees or another pose is nearly as
/// likely.
pub(super) fn outcome_of_verdict(
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

/// Pose that the disagreeing ground supports; `None` unless it is nearly as much as the ground that
/// agrees.
pub(super) fn second_mode(icp: &RobustIcp, patches: Vec<Patch>, won: &BestStart) -> Option<Rival> {
    let all = patches.len() as f64;
    let first = won.agreeing.iter().filter(|&&agrees| agrees).count();
    let rest: Vec<_> = patches.into_iter().filter(|p| !won.agrees(p.id)).collect();
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
