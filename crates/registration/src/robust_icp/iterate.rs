//! Steps on all points.

use super::{
    RobustIcp,
    ahead::StepExtrapolation,
    covariance::SandwichInputs,
    information::Information,
    observe::{Direction, Observation, Pairing},
    prepared::{DirectionSamples, PreparedClouds},
    pyramid::{apply_step, scale_motion},
    search::BestStart,
    system::{Directions, System},
};
use crate::kernel::Tukey;
use isopach_cloud::Rigid;
use isopach_compute::Result;
use nalgebra::Vector6;

/// A step shorter than this, metres at the arm, is negligible, and so is one shorter than this
/// share of a standard error.
const NEGLIGIBLE: f64 = 1e-5;
const SHARE_OF_ERROR: f64 = 0.03;

/// Result of the steps on all points.
pub(super) struct Converged {
    pub(super) pose: Rigid,
    /// Pairs of the patches that agree.
    pub(super) agreeing: Vec<Observation>,
    /// Pairs of the others.
    pub(super) others: Vec<Observation>,
    pub(super) system: System,
    pub(super) directions: Directions,
    pub(super) converged: bool,
    pub(super) iterations: usize,
}

/// Steps on all points; a second time without directions that turn out to be free.
pub(super) fn iterate_without_lost(
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

pub(super) fn sandwich_inputs<'a>(
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
    let mut iterations = 0;
    let mut ahead = StepExtrapolation::default();
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
            return Ok(Converged {
                pose,
                agreeing: pairing.observations_where(agrees),
                others: pairing.observations_where(|patch| !agrees(patch)),
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
