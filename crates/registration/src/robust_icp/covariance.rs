//! The covariance of a pose: a sandwich with blocks (Huber 1967; Liang & Zeger 1986).

use super::{
    information::Kept,
    observe::Observation,
    system::{Directions, jacobian, within},
};
use crate::Kernel;
use isopach_cloud::cell_of;
use nalgebra::{Cholesky, DMatrix, Dyn, Matrix6, Vector6};

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
    /// block, times G/(G − p) for G blocks. `kept` is what is left of A where pairs are found anew. `None` where there are too few blocks, or A is not
    /// positive.
    pub(super) fn sandwich(&self, observations: &[Observation], kept: Option<&Kept>) -> Option<Sandwich> {
        let basis = self.directions.basis();
        let (hessian, noise) = self.bread(observations);
        let same_pairs = within(&(hessian - noise), &basis);
        let bread = kept.map_or_else(|| same_pairs.clone(), |kept| kept.of(&same_pairs)).cholesky()?;
        let scores = self.scores(observations);
        let (blocks, unknowns) = (scores.len(), self.directions.determined.len());
        if blocks <= unknowns {
            return None;
        }
        let filling = scores.iter().fold(Matrix6::zeros(), |sum: Matrix6<f64>, score| sum + score * score.transpose());
        let correction = blocks as f64 / (blocks - unknowns) as f64;
        let filling = filling * (correction * self.larger(observations, &bread, &(filling * correction), &basis));
        let half = bread.solve(&within(&filling, &basis));
        let whole: DMatrix<f64> = &basis * bread.solve(&half.transpose()) * basis.transpose();
        let covariance = Matrix6::from_fn(|i, j| 0.5 * (whole[(i, j)] + whole[(j, i)]));
        Some(Sandwich { covariance, hessian, blocks })
    }

    /// How much larger the variance is between patches than blocks say, at least 1: the ratio of tr(A⁻¹ B) with patches and with blocks as clusters.
    fn larger(
        &self,
        observations: &[Observation],
        bread: &Cholesky<f64, Dyn>,
        filling: &Matrix6<f64>,
        basis: &DMatrix<f64>,
    ) -> f64 {
        let scores = self.patch_scores(observations);
        let (patches, unknowns) = (scores.len(), basis.ncols());
        if patches <= unknowns {
            return 1.0;
        }
        let sum = scores.iter().fold(Matrix6::zeros(), |sum: Matrix6<f64>, score| sum + score * score.transpose());
        let between = bread.solve(&within(&sum, basis)).trace() * patches as f64 / (patches - unknowns) as f64;
        let blocks = bread.solve(&within(filling, basis)).trace();
        if blocks > 0.0 { (between / blocks).max(1.0) } else { 1.0 }
    }

    /// Σ ψ j of each patch.
    fn patch_scores(&self, observations: &[Observation]) -> Vec<Vector6<f64>> {
        let count = observations.iter().map(|o| o.patch as usize + 1).max().unwrap_or(0);
        let mut scores: Vec<Option<Vector6<f64>>> = vec![None; count];
        for observation in observations {
            let score = self.score(observation);
            let sum = &mut scores[observation.patch as usize];
            *sum = Some(sum.map_or(score, |sum| sum + score));
        }
        scores.into_iter().flatten().collect()
    }

    pub(super) fn score(&self, observation: &Observation) -> Vector6<f64> {
        let Observation { residual, lever, plane, .. } = observation;
        jacobian(*lever, plane.normal, self.arm) * (self.kernel.weight(*residual) * residual)
    }

    pub(super) fn bread(&self, observations: &[Observation]) -> (Matrix6<f64>, Matrix6<f64>) {
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
        let sum = |block: &[([i64; 3], usize)]| {
            block.iter().fold(Vector6::zeros(), |sum, &(_, i)| sum + self.score(&observations[i]))
        };
        keyed.chunk_by(|a, b| a.0 == b.0).map(sum).collect()
    }
}
