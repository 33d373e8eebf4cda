//! The winner on all points: pose, covariance, and whether it is applied.

use super::{
    Mode, Outcome, RobustAlignment, RobustIcp, Stay,
    covariance::{Filling, Sandwich},
    free::named,
    observe::{Direction, Observation, observe},
    prepared::{Indexes, Prepared},
    pyramid::stepped,
    regression::{gather, regress},
    sample::quantile,
    search::{AGREES, Won},
    system::{Directions, System},
};
use crate::kernel::Tukey;
use isopach_cloud::{PoseCovariance, Rigid};
use isopach_compute::Result;
use nalgebra::{DVector, Matrix6, Vector6};

/// Width of the kernel in standard deviations of pairs within patches.
const WIDTH: f64 = 3.0;
/// A step shorter than this, metres at the arm, is negligible, and so is one shorter than this share of a standard error.
const NEGLIGIBLE: f64 = 1e-5;
const SHARE_OF_ERROR: f64 = 0.03;
/// 99 % quantiles of χ² for 1 to 6 degrees of freedom.
const CHI_SQUARED_99: [f64; 6] = [6.635, 9.210, 11.345, 13.277, 15.086, 16.812];

/// What the steps on all points led to.
struct Settled {
    pose: Rigid,
    observations: Vec<Observation>,
    system: System,
    directions: Directions,
    converged: bool,
    iterations: usize,
}

pub(super) fn finish(
    icp: &RobustIcp,
    prepared: &Prepared,
    indexes: &[Indexes<'_>],
    initial: Rigid,
    won: Won,
) -> Result<RobustAlignment> {
    let kernel = Tukey { width: WIDTH * won.noise };
    let settled = settle(icp, prepared, &prepared.directions(indexes, None), &won, &kernel)?;
    let Settled { pose, observations, system, directions, converged, iterations } = settled;
    let filling = Filling {
        kernel: &kernel,
        directions: &directions,
        pivot: prepared.pivot,
        arm: prepared.arm,
        block: icp.block,
    };
    let sandwich = filling.sandwich(&observations);
    let some = prepared.directions(indexes, Some(icp.sample));
    let score_before = median_size(&observe(&some, &initial, won.reach)?, &won.agreeing);
    let score_after = median_size(&observe(&some, &pose, won.reach)?, &won.agreeing);
    let outcome = match stay(prepared, &directions, sandwich.as_ref(), [&initial, &pose], [score_before, score_after]) {
        Some(stay) => Outcome::NotMoved(stay),
        None => match second_mode(icp, prepared, &some, &pose, &won)? {
            Some((step, shares)) => ambiguous(prepared, [&initial, &pose], &step, shares),
            None => Outcome::Moved,
        },
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
        hessian: sandwich.as_ref().map_or([[0.0; 6]; 6], |s| unscaled(&s.hessian, prepared.arm, 1)),
        covariance,
        blocks: sandwich.map_or(0, |sandwich| sandwich.blocks),
        max_distance: won.distance,
        starts: won.starts,
    })
}

fn settle(icp: &RobustIcp, prepared: &Prepared, all: &[Direction<'_>], won: &Won, kernel: &Tukey) -> Result<Settled> {
    let mut pose = won.pose;
    let mut iterations = 0;
    loop {
        let mut observations = observe(all, &pose, won.distance)?;
        observations.retain(|o| won.agreeing.get(o.patch as usize) == Some(&true));
        let system = System::of(&observations, kernel, prepared.arm);
        let directions = system.directions(icp.determined_ratio);
        let step = system.step(&directions);
        let variance = system.error / (system.weight.max(f64::MIN_POSITIVE));
        let in_errors = ((step.transpose() * system.a * step)[0] / variance.max(f64::MIN_POSITIVE)).sqrt();
        let converged = step.norm() < NEGLIGIBLE || in_errors < SHARE_OF_ERROR;
        if converged || iterations == icp.max_iterations {
            return Ok(Settled { pose, observations, system, directions, converged, iterations });
        }
        pose = stepped(&pose, &step, prepared.arm);
        iterations += 1;
    }
}

/// Median |r| on ground that agrees, metres.
fn median_size(observations: &[Observation], agreeing: &[bool]) -> f64 {
    let on = observations.iter().filter(|o| agreeing.get(o.patch as usize) == Some(&true));
    let mut sizes: Vec<f64> = on.map(|o| o.residual.abs()).collect();
    quantile(&mut sizes, 0.5)
}

/// Why the source is not moved, if it is not.
fn stay(
    prepared: &Prepared,
    directions: &Directions,
    sandwich: Option<&Sandwich>,
    [initial, pose]: [&Rigid; 2],
    [before, after]: [f64; 2],
) -> Option<Stay> {
    let unknowns = directions.determined.len();
    if unknowns == 0 {
        return Some(Stay::Undetermined);
    }
    let Some(sandwich) = sandwich else { return Some(Stay::TooFewBlocks) };
    let motion = scaled(&initial.inverse().then(pose).about(prepared.pivot), prepared.arm);
    let along = DVector::from_fn(unknowns, |i, _| directions.determined[i].dot(&motion));
    let covariance = super::system::within(&sandwich.covariance, &directions.basis());
    let Some(root) = covariance.cholesky() else { return Some(Stay::TooFewBlocks) };
    let squared = along.dot(&root.solve(&along));
    let limit = CHI_SQUARED_99[unknowns - 1];
    if squared <= limit {
        Some(Stay::WithinUncertainty { squared, limit })
    } else if after >= before {
        Some(Stay::NoBetter)
    } else {
        None
    }
}

/// The step to the pose that the other ground agrees on, and the shares of both, where the other is nearly as much.
fn second_mode(
    icp: &RobustIcp,
    prepared: &Prepared,
    some: &[Direction<'_>],
    pose: &Rigid,
    won: &Won,
) -> Result<Option<(Vector6<f64>, [f64; 2])>> {
    let patches = gather(&observe(some, pose, won.distance)?, prepared.arm);
    let all = patches.len() as f64;
    let first = won.agreeing.iter().filter(|&&agrees| agrees).count();
    let rest: Vec<_> = patches.into_iter().filter(|p| won.agreeing.get(p.id as usize) != Some(&true)).collect();
    let least = icp.ambiguous_share * first as f64;
    if (rest.len() as f64) < least.max(6.0) {
        return Ok(None);
    }
    let Some(second) = regress(&rest, icp.determined_ratio, 0).into_iter().next() else { return Ok(None) };
    let most = AGREES * won.patch_noise.max(1e-5);
    let agree = second.offsets.iter().filter(|offset| offset.abs() <= most).count();
    let shares = [first as f64 / all, agree as f64 / all];
    Ok((agree as f64 >= least).then_some((second.step, shares)))
}

fn ambiguous(prepared: &Prepared, [initial, pose]: [&Rigid; 2], step: &Vector6<f64>, shares: [f64; 2]) -> Outcome {
    let other = stepped(pose, step, prepared.arm);
    let mode = |target_from_source: Rigid, share: f64| {
        let motion = initial.inverse().then(&target_from_source).about(prepared.pivot);
        Mode { target_from_source, share, shift: motion.translation }
    };
    Outcome::Ambiguous { modes: Box::new([mode(*pose, shares[0]), mode(other, shares[1])]) }
}

/// (arm · ω, τ) of a motion.
fn scaled(motion: &Rigid, arm: f64) -> Vector6<f64> {
    let ([x, y, z], [u, v, w]) = (motion.rotation_vector(), motion.translation);
    Vector6::new(x * arm, y * arm, z * arm, u, v, w)
}

/// From scaled unknowns to radians and metres: `power` is −1 for a covariance and 1 for a Hessian.
fn unscaled(matrix: &Matrix6<f64>, arm: f64, power: i32) -> [[f64; 6]; 6] {
    let scale = |i: usize| if i < 3 { arm.powi(power) } else { 1.0 };
    std::array::from_fn(|i| std::array::from_fn(|j| matrix[(i, j)] * scale(i) * scale(j)))
}

/// Where nothing can be said of a determined direction, it counts as free.
fn pose_covariance(prepared: &Prepared, directions: &Directions, sandwich: Option<&Sandwich>) -> PoseCovariance {
    let unknown: Vec<Vector6<f64>> = (0..6).map(|i| Vector6::ith(i, 1.0)).collect();
    PoseCovariance {
        pivot: prepared.pivot,
        matrix: sandwich.map_or([[0.0; 6]; 6], |s| unscaled(&s.covariance, prepared.arm, -1)),
        free: named(if sandwich.is_some() { &directions.free } else { &unknown }),
        arm: prepared.arm,
        normal_noise: prepared.normal_noise,
    }
}
