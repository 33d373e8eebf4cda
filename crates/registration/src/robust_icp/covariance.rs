//! The covariance of a pose: a sandwich with blocks (Huber 1967; Liang & Zeger 1986).

use super::{
    information::RemainingInformation,
    observe::Observation,
    system::{Directions, add_square, project_onto, scaled_jacobian},
};
use crate::RobustKernel;
use isopach_cloud::cell_of;
use nalgebra::{Cholesky, DMatrix, Dyn, Matrix6, SymmetricEigen, Vector6};

/// The least ratio of variances at which that of several likely poses counts.
const WIDER: f64 = 2.0;

/// A⁻¹ B A⁻ᵀ over the determined directions, in scaled unknowns, and the number of blocks.
pub(super) struct Sandwich {
    pub(super) covariance: Matrix6<f64>,
    /// Σ ψ′ j jᵀ.
    pub(super) hessian: Matrix6<f64>,
    pub(super) blocks: usize,
}

/// Inputs of the sandwich.
pub(super) struct SandwichInputs<'a, K> {
    pub(super) kernel: &'a K,
    pub(super) directions: &'a Directions,
    pub(super) pivot: [f64; 3],
    pub(super) arm: f64,
    /// Side of a block, metres.
    pub(super) block: f64,
}

impl Sandwich {
    /// Takes in the mean square of the steps to poses that are nearly as likely: it replaces the
    /// variance of a direction where it is [`WIDER`] times that or more. They are two estimates of
    /// the same thing where one pose is likely, the second a rough one: it is of few poses and of
    /// medians of patches, whose variance is π/2 times that of means. Only it knows of several.
    pub(super) fn widen_by(&mut self, spread: &Matrix6<f64>, basis: &DMatrix<f64>) {
        if basis.ncols() == 0 {
            return;
        }
        let Some(root) = project_onto(&self.covariance, basis).cholesky() else {
            return;
        };
        let root = root.l();
        let Some(half) = root.solve_lower_triangular(&project_onto(spread, basis)) else {
            return;
        };
        let Some(whitened) = root.solve_lower_triangular(&half.transpose()) else {
            return;
        };
        let SymmetricEigen {
            eigenvectors,
            eigenvalues,
        } = SymmetricEigen::new(whitened);
        let axes = basis * root * eigenvectors;
        let scaled =
            &axes * DMatrix::from_diagonal(&eigenvalues.map(counted_ratio)) * axes.transpose();
        self.covariance = Matrix6::from_fn(|i, j| 0.5 * (scaled[(i, j)] + scaled[(j, i)]));
    }
}

/// The factor of a variance beside which that of several likely poses is `ratio` times as large.
fn counted_ratio(ratio: f64) -> f64 {
    if ratio < WIDER { 1.0 } else { ratio }
}

impl<K: RobustKernel> SandwichInputs<'_, K> {
    /// A is the part of Σ ψ′ j jᵀ that is `kept` if pairs are found again; if that is not known,
    /// Σ ψ′ j jᵀ less the part from the noise of the normals. B = Σ s sᵀ over blocks of the
    /// absolute grid with the score s = Σ ψ j of a block, times G/(G − p) for G blocks. `None` if
    /// there are too few blocks, or A is not positive.
    pub(super) fn sandwich_covariance(
        &self,
        observations: &[Observation],
        kept: Option<&RemainingInformation>,
    ) -> Option<Sandwich> {
        let basis = self.directions.basis_matrix();
        let (hessian, noise) = self.hessian_and_noise(observations);
        // Noise of the normals holds the source only as long as its partners stay the same, so it
        // is no part of what is kept.
        let bread = match kept {
            Some(kept) => kept.reduce(&project_onto(&hessian, &basis)),
            None => project_onto(&(hessian - noise), &basis),
        };
        let bread = bread.cholesky()?;
        let scores = self.block_scores(observations);
        let blocks = scores.len();
        let unknowns = self.directions.determined.len();
        if blocks <= unknowns {
            return None;
        }
        let filling = scores
            .iter()
            .fold(Matrix6::zeros(), |sum: Matrix6<f64>, score| {
                sum + score * score.transpose()
            });
        let correction = blocks as f64 / (blocks - unknowns) as f64;
        let filling = filling
            * (correction
                * self.patch_inflation(observations, &bread, &(filling * correction), &basis));
        let half = bread.solve(&project_onto(&filling, &basis));
        let whole: DMatrix<f64> = &basis * bread.solve(&half.transpose()) * basis.transpose();
        let covariance = Matrix6::from_fn(|i, j| 0.5 * (whole[(i, j)] + whole[(j, i)]));
        Some(Sandwich {
            covariance,
            hessian,
            blocks,
        })
    }

    /// How much larger the variance is between patches than blocks say, at least 1: the ratio of
    /// tr(A⁻¹ B) with patches and with blocks as clusters.
    fn patch_inflation(
        &self,
        observations: &[Observation],
        bread: &Cholesky<f64, Dyn>,
        filling: &Matrix6<f64>,
        basis: &DMatrix<f64>,
    ) -> f64 {
        let scores = self.patch_scores(observations);
        let patches = scores.len();
        let unknowns = basis.ncols();
        if patches <= unknowns {
            return 1.0;
        }
        let sum = scores
            .iter()
            .fold(Matrix6::zeros(), |sum: Matrix6<f64>, score| {
                sum + score * score.transpose()
            });
        let between = bread.solve(&project_onto(&sum, basis)).trace() * patches as f64
            / (patches - unknowns) as f64;
        let blocks = bread.solve(&project_onto(filling, basis)).trace();
        if blocks > 0.0 {
            (between / blocks).max(1.0)
        } else {
            1.0
        }
    }

    /// Σ ψ j of each patch.
    fn patch_scores(&self, observations: &[Observation]) -> Vec<Vector6<f64>> {
        let count = observations
            .iter()
            .map(|o| o.patch as usize + 1)
            .max()
            .unwrap_or(0);
        let mut scores: Vec<Option<Vector6<f64>>> = vec![None; count];
        for observation in observations {
            let score = self.score_of(observation);
            let sum = &mut scores[observation.patch as usize];
            *sum = Some(sum.map_or(score, |sum| sum + score));
        }
        scores.into_iter().flatten().collect()
    }

    pub(super) fn score_of(&self, observation: &Observation) -> Vector6<f64> {
        let weight = observation.weight(self.kernel, 0.0);
        scaled_jacobian(observation.lever, observation.plane.normal, self.arm)
            * (weight * observation.residual)
    }

    pub(super) fn hessian_and_noise(
        &self,
        observations: &[Observation],
    ) -> (Matrix6<f64>, Matrix6<f64>) {
        let mut hessian = Matrix6::zeros();
        let mut noise = Matrix6::zeros();
        for observation in observations {
            let slope = self.kernel.derivative(observation.whitened_residual())
                * observation.plane.precision.powi(2);
            let j = scaled_jacobian(observation.lever, observation.plane.normal, self.arm);
            add_square(&mut hessian, &j, slope);
            for (along, tilt) in observation.plane.along.iter().zip(observation.plane.tilt) {
                let j = scaled_jacobian(observation.lever, *along, self.arm);
                add_square(&mut noise, &j, slope * tilt);
            }
        }
        (hessian, noise)
    }

    /// Σ ψ j of each cube of the grid that has a pair that counts.
    fn block_scores(&self, observations: &[Observation]) -> Vec<Vector6<f64>> {
        let cell = |lever: [f64; 3]| -> [i64; 3] {
            std::array::from_fn(|axis| cell_of(lever[axis] + self.pivot[axis], self.block))
        };
        let mut keyed: Vec<([i64; 3], usize)> = observations
            .iter()
            .enumerate()
            .filter(|(_, o)| o.weight(self.kernel, 0.0) > 0.0)
            .map(|(i, o)| (cell(o.lever), i))
            .collect();
        keyed.sort_unstable();
        let sum = |block: &[([i64; 3], usize)]| {
            block.iter().fold(Vector6::zeros(), |sum, &(_, i)| {
                sum + self.score_of(&observations[i])
            })
        };
        keyed.chunk_by(|a, b| a.0 == b.0).map(sum).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variance_is_replaced_by_one_that_is_twice_as_large() {
        // Known across the fifth direction; the spread is larger along the first, a little
        // larger along the third, smaller elsewhere, and says nothing of the fifth.
        let basis = DMatrix::from_fn(6, 5, |i, j| if i == [0, 1, 2, 3, 5][j] { 1.0 } else { 0.0 });
        let covariance = Matrix6::from_diagonal(&Vector6::new(1.0, 4.0, 9.0, 1.0, 0.0, 2.0));
        let mut sandwich = Sandwich {
            covariance,
            hessian: Matrix6::zeros(),
            blocks: 9,
        };
        sandwich.widen_by(
            &Matrix6::from_diagonal(&Vector6::new(5.0, 1.0, 13.0, 0.0, 7.0, 2.0)),
            &basis,
        );
        let expected = Matrix6::from_diagonal(&Vector6::new(5.0, 4.0, 9.0, 1.0, 0.0, 2.0));
        assert!(
            (sandwich.covariance - expected).norm() < 1e-12,
            "{}",
            sandwich.covariance
        );
        // Two poses far apart: their difference is what is not known, whatever the axes.
        let step = Vector6::new(3.0, -2.0, 0.0, 1.0, 0.0, 2.0);
        sandwich.widen_by(&(step * step.transpose()), &basis);
        let along = step.normalize();
        let variance = (along.transpose() * sandwich.covariance * along)[0];
        assert!(
            variance >= step.norm_squared() - 1e-9 && variance < step.norm_squared() + 9.0,
            "{variance}"
        );
    }
}
