//! How much of the information is left when pairs are found anew.
//!
//! A = Σ ψ′ j jᵀ takes the pairs as given. In vegetation they are not: a source that is moved finds other partners nearer by, and its score changes by half
//! as much or less. The covariance of an M-estimator needs the derivative of the score as it is (Huber 1967; van der Vaart 1998, theorem 5.21), so it is
//! measured: the score at poses to both sides along each determined direction.

use super::{
    covariance::Filling,
    observe::{Direction, Observation, observe},
    pyramid::stepped,
    search::Won,
    system::within,
};
use crate::kernel::Tukey;
use isopach_cloud::Rigid;
use isopach_compute::Result;
use nalgebra::{DMatrix, Matrix6, SymmetricEigen, Vector6};

/// How far to both sides, in standard deviations of pairs within patches: far enough that many pairs change.
const SIDEWAYS: f64 = 0.6;
/// The share that is left is no less than this, and no more than all: beyond is noise of the measurement.
const LEAST: f64 = 0.1;

/// The share of the information that is left.
pub(super) struct Kept {
    /// L⁻¹ A′ L⁻ᵀ with A = L Lᵀ over the same pairs: its eigenvalues are shares.
    whitened: DMatrix<f64>,
}

impl Kept {
    /// What is left of information that was computed with the same pairs; as it is where it is not positive.
    pub(super) fn of(&self, same_pairs: &DMatrix<f64>) -> DMatrix<f64> {
        let Some(root) = same_pairs.clone().cholesky() else { return same_pairs.clone() };
        let left = root.l() * &self.whitened * root.l().transpose();
        (&left + left.transpose()) * 0.5
    }
}

/// Measured with some points; `None` where they do not determine what all do.
pub(super) fn share_kept(
    filling: &Filling<'_, Tukey>,
    some: &[Direction<'_>],
    pose: &Rigid,
    won: &Won,
) -> Result<Option<Kept>> {
    let basis = filling.directions.basis();
    let (same_pairs, _) = filling.bread(&agreeing(some, pose, won)?);
    let Some(root) = within(&same_pairs, &basis).cholesky() else { return Ok(None) };
    let Some(inverse) = root.l().try_inverse() else { return Ok(None) };
    let mut slopes = Matrix6::zeros();
    for direction in &filling.directions.determined {
        let score = |side: f64| -> Result<Vector6<f64>> {
            let there = stepped(pose, &(direction * side), filling.arm);
            let pairs = agreeing(some, &there, won)?;
            Ok(pairs.iter().fold(Vector6::zeros(), |sum, pair| sum + filling.score(pair)))
        };
        let sideways = SIDEWAYS * won.noise;
        let slope = (score(sideways)? - score(-sideways)?) / (2.0 * sideways);
        slopes += slope * direction.transpose();
    }
    let found = within(&((slopes + slopes.transpose()) * 0.5), &basis);
    let whitened = &inverse * found * inverse.transpose();
    let mut shares = SymmetricEigen::new((&whitened + whitened.transpose()) * 0.5);
    shares.eigenvalues.apply(|share| *share = share.clamp(LEAST, 1.0));
    Ok(Some(Kept { whitened: shares.recompose() }))
}

/// Pairs on ground that agrees.
fn agreeing(some: &[Direction<'_>], at: &Rigid, won: &Won) -> Result<Vec<Observation>> {
    let mut pairs = observe(some, at, won.distance)?;
    pairs.retain(|pair| won.agreeing.get(pair.patch as usize) == Some(&true));
    Ok(pairs)
}
