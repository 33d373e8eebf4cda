//! How much of the information is left when pairs are found anew.
//!
//! A = Σ ψ′ j jᵀ takes the pairs as given. In vegetation they are not: a source that is moved finds
//! other partners nearer by, and its score changes by half as much or less. The covariance of an
//! M-estimator needs the derivative of the score as it is (Huber 1967; van der Vaart 1998, theorem
//! 5.21), so it is measured: the score at poses to both sides along each determined direction, with
//! pairs found anew and with the same pairs. Both bend with the kernel, so their ratio counts.

use super::{
    covariance::SandwichInputs,
    observe::{Direction, Observation, observe_pairs},
    pyramid::apply_step,
    search::BestStart,
    system::{project_onto, scaled_jacobian},
};
use crate::{RobustKernel, kernel::Tukey};
use isopach_cloud::Rigid;
use isopach_compute::Result;
use nalgebra::{DMatrix, Matrix6, SymmetricEigen, Vector6};

/// How far to both sides: so far that residuals change by this many standard deviations of pairs
/// within patches (root mean square), but by no more than this many spacings: the score is to be
/// nearly linear.
const SIDEWAYS: f64 = 0.6;
const SPACINGS: f64 = 0.15;
/// The share that is left is no less than this, and no more than all: beyond is noise of the
/// measurement.
const LEAST: f64 = 0.1;
/// A direction whose information is less than this many times the noise of the normals is tested
/// again: moved by a whole spacing, or so far that residuals change by their standard deviation if
/// that is less,
const WEAK: f64 = 20.0;
/// and lost where less than this share is left there. A silo seems to know how far it is turned,
/// since curvature and uneven neighbours bias its normals, but new pairs are as
/// good at any angle.
const LOST: f64 = 0.15;

/// The share of the information that is left.
pub(super) struct RemainingInformation {
    /// L⁻¹ S′ L⁻ᵀ, where S′ is how the score changes with pairs found anew, and S = L Lᵀ how it
    /// changes with the same pairs: its eigenvalues are shares.
    whitened: DMatrix<f64>,
}

impl RemainingInformation {
    /// Reduces information that was computed with the same pairs; unchanged unless it is positive.
    pub(super) fn reduce(&self, same_pairs: &DMatrix<f64>) -> DMatrix<f64> {
        let Some(root) = same_pairs.clone().cholesky() else {
            return same_pairs.clone();
        };
        let left = root.l() * &self.whitened * root.l().transpose();
        (&left + left.transpose()) * 0.5
    }
}

/// Inputs of the measurement of information.
pub(super) struct Information<'a> {
    pub(super) filling: &'a SandwichInputs<'a, Tukey>,
    /// Some of the points.
    pub(super) some: &'a [Direction<'a>],
    pub(super) pose: &'a Rigid,
    pub(super) won: &'a BestStart,
    /// Of the points, metres.
    pub(super) spacing: f64,
}

impl Information<'_> {
    /// `None` if these points do not determine all directions.
    pub(super) fn remaining(&self) -> Result<Option<RemainingInformation>> {
        let basis = self.filling.directions.basis_matrix();
        if basis.ncols() == 0 {
            return Ok(None);
        }
        let pairs = self.agreeing_pairs(self.pose)?;
        let mut anew = Matrix6::zeros();
        let mut same = Matrix6::zeros();
        for direction in &self.filling.directions.determined {
            let deviation = self.distance_of_deviation(&pairs, direction);
            let sideways = (SIDEWAYS * deviation).min(SPACINGS * self.spacing);
            anew += self.score_slope(direction, sideways)? * direction.transpose();
            same += self.score_slope_of(&pairs, direction, sideways) * direction.transpose();
        }
        let [anew, same] =
            [anew, same].map(|slopes| project_onto(&((slopes + slopes.transpose()) * 0.5), &basis));
        let Some(root) = same.cholesky() else {
            return Ok(None);
        };
        let Some(inverse) = root.l().try_inverse() else {
            return Ok(None);
        };
        let whitened = &inverse * anew * inverse.transpose();
        let mut shares = SymmetricEigen::new((&whitened + whitened.transpose()) * 0.5);
        shares
            .eigenvalues
            .apply(|share| *share = share.clamp(LEAST, 1.0));
        Ok(Some(RemainingInformation {
            whitened: shares.recompose(),
        }))
    }

    /// Determined directions along which next to nothing is left; scaled unknowns.
    pub(super) fn lost_directions(&self) -> Result<Vec<Vector6<f64>>> {
        let directions = self.filling.directions;
        let weak = directions
            .determined
            .iter()
            .zip(&directions.ratios)
            .filter(|(_, ratio)| **ratio < WEAK);
        let weak: Vec<&Vector6<f64>> = weak.map(|(direction, _)| direction).collect();
        let mut lost = Vec::new();
        if weak.is_empty() {
            return Ok(lost);
        }
        let pairs = self.agreeing_pairs(self.pose)?;
        for direction in weak {
            let sideways = self
                .distance_of_deviation(&pairs, direction)
                .min(self.spacing);
            let left = direction.dot(&self.score_slope(direction, sideways)?);
            let same = direction.dot(&self.score_slope_of(&pairs, direction, sideways));
            if left <= LOST * same.max(0.0) {
                lost.push(*direction);
            }
        }
        Ok(lost)
    }

    /// How far along a direction the residuals of the pairs that hold it change by a standard
    /// deviation of pairs within patches; metres. Root mean square, each pair weighted by what it
    /// contributes to the information.
    fn distance_of_deviation(&self, pairs: &[Observation], direction: &Vector6<f64>) -> f64 {
        let mut information = 0.0_f64;
        let mut weighted = 0.0_f64;
        for pair in pairs {
            let j = scaled_jacobian(pair.lever, pair.plane.normal, self.filling.arm);
            let squared = (pair.plane.precision * j.dot(direction)).powi(2);
            let kernel = self.filling.kernel.weight(pair.whitened_residual());
            information += kernel * squared;
            weighted += kernel * squared * squared;
        }
        if information > 0.0 {
            self.won.noise / (weighted / information).sqrt()
        } else {
            f64::INFINITY
        }
    }

    /// How the score changes a metre along a direction, from poses to both sides.
    fn score_slope(&self, direction: &Vector6<f64>, sideways: f64) -> Result<Vector6<f64>> {
        let score = |side: f64| -> Result<Vector6<f64>> {
            let pairs = self.agreeing_pairs(&apply_step(
                self.pose,
                &(direction * side),
                self.filling.arm,
            ))?;
            Ok(pairs.iter().fold(Vector6::zeros(), |sum, pair| {
                sum + self.filling.score_of(pair)
            }))
        };
        Ok((score(sideways)? - score(-sideways)?) / (2.0 * sideways))
    }

    /// The same if pairs stay as they are: each residual changes by its part of the motion.
    fn score_slope_of(
        &self,
        pairs: &[Observation],
        direction: &Vector6<f64>,
        sideways: f64,
    ) -> Vector6<f64> {
        let score = |side: f64| {
            pairs.iter().fold(Vector6::zeros(), |sum, pair| {
                let j = scaled_jacobian(pair.lever, pair.plane.normal, self.filling.arm);
                let moved = Observation {
                    residual: pair.residual + side * j.dot(direction),
                    ..*pair
                };
                sum + self.filling.score_of(&moved)
            })
        };
        (score(sideways) - score(-sideways)) / (2.0 * sideways)
    }

    /// Pairs on ground that agrees.
    fn agreeing_pairs(&self, at: &Rigid) -> Result<Vec<Observation>> {
        let mut pairs = observe_pairs(self.some, at, self.won.distance)?;
        pairs.retain(|pair| self.won.agrees(pair.patch));
        Ok(pairs)
    }
}
