//! The covariance of a pose: a sandwich with blocks (Huber 1967; Liang & Zeger 1986).

use super::{
    observe::Observation,
    system::{Directions, jacobian, within},
};
use crate::Kernel;
use isopach_cloud::cell_of;
use nalgebra::{DMatrix, Matrix6, Vector6};

/// A⁻¹ B A⁻ᵀ over the determined directions, in scaled unknowns, and the number of blocks.
pub(super) struct Sandwich {
    pub(super) covariance: Matrix6<f64>,
    /// Σ ψ′ j jᵀ.
    pub(super) hessian: Matrix6<f64>,
    pub(super) blocks: usize,
}

/// What the sandwich is made with.
pub(super) struct Filling<'a, K> {
    pub(super) kernel: &'a K,
    pub(super) directions: &'a Directions,
    pub(super) pivot: [f64; 3],
    pub(super) arm: f64,
    /// Side of a block, metres.
    pub(super) block: f64,
}

impl<K: Kernel> Filling<'_, K> {
    /// A = Σ ψ′ j jᵀ less what noise of the normals adds to it; B = Σ s sᵀ over blocks of the absolute grid with the score s = Σ ψ j of a
    /// block, times G/(G − p) for G blocks. `None` where there are too few blocks, or A is not positive.
    pub(super) fn sandwich(&self, observations: &[Observation]) -> Option<Sandwich> {
        let basis = self.directions.basis();
        let (hessian, noise) = self.bread(observations);
        let bread = within(&(hessian - noise), &basis).cholesky()?;
        let scores = self.scores(observations);
        let (blocks, unknowns) = (scores.len(), self.directions.determined.len());
        if blocks <= unknowns {
            return None;
        }
        let filling = scores.iter().fold(Matrix6::zeros(), |sum: Matrix6<f64>, score| sum + score * score.transpose());
        let correction = blocks as f64 / (blocks - unknowns) as f64;
        let half = bread.solve(&within(&(filling * correction), &basis));
        let whole: DMatrix<f64> = &basis * bread.solve(&half.transpose()) * basis.transpose();
        let covariance = Matrix6::from_fn(|i, j| 0.5 * (whole[(i, j)] + whole[(j, i)]));
        Some(Sandwich { covariance, hessian, blocks })
    }

    fn bread(&self, observations: &[Observation]) -> (Matrix6<f64>, Matrix6<f64>) {
        let (mut hessian, mut noise) = (Matrix6::zeros(), Matrix6::zeros());
        for observation in observations {
            let slope = self.kernel.derivative(observation.residual);
            let j = jacobian(observation.lever, observation.plane.normal, self.arm);
            hessian += j * j.transpose() * slope;
            for (along, tilt) in observation.plane.along.iter().zip(observation.plane.tilt) {
                let j = jacobian(observation.lever, *along, self.arm);
                noise += j * j.transpose() * (slope * tilt);
            }
        }
        (hessian, noise)
    }

    /// Σ ψ j of each cube of the grid that has a pair that counts.
    fn scores(&self, observations: &[Observation]) -> Vec<Vector6<f64>> {
        let cell = |lever: [f64; 3]| -> [i64; 3] {
            std::array::from_fn(|axis| cell_of(lever[axis] + self.pivot[axis], self.block))
        };
        let mut keyed: Vec<([i64; 3], usize)> = observations
            .iter()
            .enumerate()
            .filter(|(_, o)| self.kernel.weight(o.residual) > 0.0)
            .map(|(i, o)| (cell(o.lever), i))
            .collect();
        keyed.sort_unstable();
        let score = |sum: Vector6<f64>, i: usize| {
            let Observation { residual, lever, plane, .. } = observations[i];
            sum + jacobian(lever, plane.normal, self.arm) * (self.kernel.weight(residual) * residual)
        };
        let sum = |block: &[([i64; 3], usize)]| block.iter().fold(Vector6::zeros(), |sum, &(_, i)| score(sum, i));
        keyed.chunk_by(|a, b| a.0 == b.0).map(sum).collect()
    }
}
