//! Steps on all points.

use super::{
    RobustIcp,
    ahead::StepExtrapolation,
    covariance::SandwichInputs,
    information::Information,
    observe::{Direction, Observation, PairSums, Pairing, observe_pairs},
    prepared::{DirectionSamples, PreparedClouds},
    pyramid::{apply_step, scale_motion},
    sample::robust_scale,
    search::BestStart,
    system::{Directions, System},
};
use crate::kernel::Tukey;
use isopach_cloud::Rigid;
use isopach_compute::Result;
use nalgebra::Vector6;

/// A step shorter than this, metres at the arm, is negligible if it is shorter than this share of
/// the noise of pairs; and so is one shorter than this share of a standard error.
const NEGLIGIBLE: f64 = 1e-5;
const SHARE_OF_NOISE: f64 = 0.1;
const SHARE_OF_ERROR: f64 = 0.03;

/// A pose at which residuals are larger than their noise by this factor is approached with a kernel
/// as wide as they are, as long as that makes them smaller by this factor.
const FAR: f64 = 2.0;
const NARROWER: f64 = 0.8;

/// A motion after which pairs fit worse is taken back: by more nats than this many times the root
/// of the number of pairs. Less is chance, since pairs change.
const CHANCE: f64 = 0.15;
/// It is halved so many times at most.
const HALVINGS: usize = 6;

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

/// Steps on all points; again without the directions that turn out to be free.
pub(super) fn iterate_without_lost(
    icp: &RobustIcp,
    prepared: &PreparedClouds,
    samples: &DirectionSamples<'_>,
    initial: &Rigid,
    won: &BestStart,
    kernel: &Tukey,
) -> Result<Converged> {
    let mut lost: Vec<Vector6<f64>> = Vec::new();
    let mut start = won.pose;
    loop {
        let steps = Steps {
            icp,
            prepared,
            all: &samples.all,
            won,
            lost: &lost,
        };
        let (near, approached) = steps.approach(&samples.few, start, kernel)?;
        let most = icp.max_iterations.saturating_sub(approached);
        let mut found = steps.iterate(near, (kernel, won.noise), most)?;
        found.iterations += approached;
        let mut free = found.directions.free.clone();
        let known = free.len();
        if lost.is_empty() {
            let information = Information {
                filling: &sandwich_inputs(icp, prepared, kernel, &found.directions),
                some: &samples.few,
                pose: &found.pose,
                won,
                spacing: prepared.spacing,
            };
            free.extend(information.lost_directions()?);
        }
        // The search may have moved along a direction that only all points show to be free.
        let (rest, taken_back) = without_motion_along(initial, &found.pose, &free, prepared);
        if free.len() == known && taken_back < NEGLIGIBLE || free.len() == lost.len() {
            return Ok(found);
        }
        start = rest;
        lost = free;
    }
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

/// A pose without its motion from the start along some directions, and the size of that motion,
/// metres at the arm.
fn without_motion_along(
    initial: &Rigid,
    pose: &Rigid,
    lost: &[Vector6<f64>],
    prepared: &PreparedClouds,
) -> (Rigid, f64) {
    let motion = scale_motion(
        &initial.inverse().then(pose).about(prepared.pivot),
        prepared.arm,
    );
    let along = lost
        .iter()
        .fold(Vector6::zeros(), |sum: Vector6<f64>, known| {
            sum + known * known.dot(&motion)
        });
    let pose = apply_step(initial, &(motion - along), prepared.arm);
    (pose, along.norm())
}

/// Steps on all points, across directions that are known to be free.
struct Steps<'a> {
    icp: &'a RobustIcp,
    prepared: &'a PreparedClouds,
    all: &'a [Direction<'a>],
    won: &'a BestStart,
    lost: &'a [Vector6<f64>],
}

impl Steps<'_> {
    /// A pose at which the kernel sees the pairs, and the steps to it: planes without noise know it
    /// better than the search, or than a motion that was taken back along some directions, and a
    /// kernel as narrow as they are would see none. Kernels narrow with the residuals (graduated
    /// non-convexity: Yang et al. 2020).
    fn approach(
        &self,
        few: &[Direction<'_>],
        start: Rigid,
        kernel: &Tukey,
    ) -> Result<(Rigid, usize)> {
        let mut pose = start;
        let mut taken = 0;
        let mut before = f64::INFINITY;
        loop {
            let ratio = self.residuals_over_noise(few, &pose)?;
            let left = self.icp.max_iterations.saturating_sub(taken);
            if !ratio.is_finite() || ratio <= FAR || ratio > NARROWER * before || left == 0 {
                return Ok((pose, taken));
            }
            let wide = Tukey {
                width: ratio * kernel.width,
            };
            let found = self.iterate(pose, (&wide, ratio * self.won.noise), left)?;
            pose = found.pose;
            taken += found.iterations;
            before = ratio;
        }
    }

    /// Standard deviation of residuals at a pose, from their median size, over that within patches.
    fn residuals_over_noise(&self, few: &[Direction<'_>], pose: &Rigid) -> Result<f64> {
        let pairs = observe_pairs(few, pose, self.won.distance)?;
        let sizes = pairs
            .iter()
            .filter(|pair| self.won.agrees(pair.patch))
            .map(Observation::whitened_residual);
        Ok(robust_scale(sizes) / self.won.noise)
    }

    /// Steps from a pose with a kernel, for pairs with so much noise (metres).
    ///
    /// A step solves for the pairs as they are. In a wood a long step finds others that fit worse: it
    /// is taken back and halved, as in trust-region methods (Moré 1978).
    fn iterate(
        &self,
        start: Rigid,
        (kernel, noise): (&Tukey, f64),
        most: usize,
    ) -> Result<Converged> {
        let Self {
            icp,
            prepared,
            all,
            won,
            lost,
        } = *self;
        let agrees = |patch: u32| won.agrees(patch);
        let mut pose = start;
        let mut accepted: Option<AcceptedStep> = None;
        let mut ended = false;
        let mut iterations = 0;
        let mut ahead = StepExtrapolation::default();
        loop {
            let pairing = Pairing::new(all, &pose, won.distance)?;
            let sums = pairing.sum_pairs(kernel, prepared.arm, agrees);
            if let Some(before) = &mut accepted
                && !ended
                && before.is_worse(&sums, noise)
            {
                ahead = StepExtrapolation::default();
                if before.shorten() && iterations < most {
                    pose = apply_step(&before.pose, &before.motion, prepared.arm);
                    iterations += 1;
                } else {
                    pose = before.pose;
                    ended = true;
                }
                continue;
            }
            let mean_loss = sums.mean_loss();
            let system = sums.system;
            let directions = system.split_directions_across(icp.determined_ratio, lost);
            let step = system.solve_step(&directions);
            // Of residuals in units of those of the smoothest planes.
            let variance = system.error / system.count.max(1) as f64;
            let in_errors =
                ((step.transpose() * system.a * step)[0] / variance.max(f64::MIN_POSITIVE)).sqrt();
            let small =
                step.norm() < NEGLIGIBLE.min(SHARE_OF_NOISE * noise) || in_errors < SHARE_OF_ERROR;
            if small || ended || iterations == most {
                return Ok(Converged {
                    pose,
                    agreeing: pairing.observations_where(agrees),
                    others: pairing.observations_where(|patch| !agrees(patch)),
                    system,
                    directions,
                    converged: small,
                    iterations,
                });
            }
            let motion = ahead.extrapolate_step(&step, &system.a);
            accepted = Some(AcceptedStep {
                pose,
                mean_loss,
                step,
                motion,
                halvings: 0,
            });
            pose = apply_step(&pose, &motion, prepared.arm);
            iterations += 1;
        }
    }
}

/// A pose that was accepted, and the motion that is tried from it.
struct AcceptedStep {
    pose: Rigid,
    mean_loss: f64,
    /// Step from the normal equations.
    step: Vector6<f64>,
    /// The step, extrapolated or shortened.
    motion: Vector6<f64>,
    halvings: usize,
}

impl AcceptedStep {
    /// Whether pairs after the motion fit worse than by chance.
    fn is_worse(&self, sums: &PairSums, noise: f64) -> bool {
        let pairs = sums.pairs.max(1) as f64;
        let nats = (sums.mean_loss() - self.mean_loss) * pairs / (noise * noise);
        nats > CHANCE * pairs.sqrt()
    }

    /// The step itself after an extrapolated motion, then half of it, and so on; false if it was
    /// halved often enough.
    fn shorten(&mut self) -> bool {
        if self.halvings == 0 && self.motion != self.step {
            self.motion = self.step;
            return true;
        }
        self.motion *= 0.5;
        self.halvings += 1;
        self.halvings <= HALVINGS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_motion_that_fits_worse_is_shortened() {
        let step = Vector6::ith(3, 1.0);
        let mut accepted = AcceptedStep {
            pose: Rigid::identity([0.0; 3]),
            mean_loss: 0.5e-4,
            step,
            motion: step * -2.0,
            halvings: 0,
        };
        // 10,000 pairs with a standard deviation of 1 cm: 10 nats are chance, 20 are not.
        let noise = 0.01;
        let after = |nats: f64| PairSums {
            loss: 10_000.0 * 0.5e-4 + nats * noise * noise,
            pairs: 10_000,
            ..PairSums::default()
        };
        assert!(!accepted.is_worse(&after(10.0), noise));
        assert!(accepted.is_worse(&after(20.0), noise));
        assert!(accepted.is_worse(&PairSums::default(), noise));
        let mut tried = Vec::new();
        while accepted.shorten() {
            tried.push(accepted.motion[3]);
        }
        assert_eq!(tried, [1.0, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625]);
    }
}
