//! Step of an alignment: the solution of the normal equations, with its covariance.

use super::Alignment;
use crate::NormalEquations;
use isopach_cloud::Rigid;
use nalgebra::{Matrix6, SymmetricEigen, Vector6};
use std::ops::Range;

/// Share of the largest eigenvalue of the system below which a direction counts as undetermined.
const UNDETERMINED: f64 = 1e-9;

/// Solution of H x = −b.
pub(super) struct Step {
    /// Rotation vector (radians), then translation (metres).
    pub(super) x: Vector6<f64>,
    /// H⁻¹ over the determined directions.
    inverse: Matrix6<f64>,
    /// Number of undetermined directions.
    undetermined: usize,
}

impl Step {
    /// Angle of the step, radians.
    pub(super) fn rotation(&self) -> f64 {
        self.x.fixed_rows::<3>(0).norm()
    }

    /// Length of the step, metres.
    pub(super) fn translation(&self) -> f64 {
        self.x.fixed_rows::<3>(3).norm()
    }

    /// Length of the step in units of its standard error: √(xᵀ H x / σ²).
    pub(super) fn standard_errors(&self, system: &NormalEquations) -> f64 {
        let x = self.x;
        let h = Matrix6::from_fn(|i, j| system.h[i][j]);
        ((x.transpose() * h * x)[0] / self.residual_variance(system)).sqrt()
    }

    /// Variance of a residual, σ²: the sum of squares over the degrees of freedom.
    fn residual_variance(&self, system: &NormalEquations) -> f64 {
        let freedom = (f64::from(system.inliers) - (6 - self.undetermined) as f64).max(1.0);
        system.error / freedom
    }

    /// Result of an alignment that ended at `pose`; `points` is the size of the source, `radius`
    /// the root mean square distance of the target from the pivot, metres.
    pub(super) fn summarise_alignment(
        &self,
        pose: Rigid,
        system: &NormalEquations,
        points: usize,
        radius: f64,
    ) -> Alignment {
        let inliers = f64::from(system.inliers);
        let covariance = self.inverse * self.residual_variance(system);
        let rotation = trace_of(&covariance, 0..3);
        let translation = trace_of(&covariance, 3..6);
        Alignment {
            target_from_source: pose,
            converged: false,
            iterations: 0,
            rmse: (system.error / inliers).sqrt(),
            inlier_fraction: inliers / points as f64,
            covariance: std::array::from_fn(|i| std::array::from_fn(|j| covariance[(i, j)])),
            registration_error: ((translation + rotation * radius * radius) / 3.0).sqrt(),
            undetermined: self.undetermined,
        }
    }
}

/// Trace of a diagonal block.
fn trace_of(matrix: &Matrix6<f64>, block: Range<usize>) -> f64 {
    block.map(|i| matrix[(i, i)]).sum::<f64>()
}

/// Solves H x = −b by eigen-decomposition, without the directions that the data do not determine.
///
/// Rotations are scaled to metres first, by the root of the mean rotational diagonal, so that the
/// two kinds of unknowns can be compared. `damping` enlarges the diagonal by that share.
pub(super) fn solve_step(system: &NormalEquations, damping: f64) -> Step {
    let arm = (diagonal_sum(system, 0..3) / diagonal_sum(system, 3..6))
        .sqrt()
        .max(1e-12);
    let scale = Vector6::from_fn(|i, _| if i < 3 { 1.0 / arm } else { 1.0 });
    let h = Matrix6::from_fn(|i, j| {
        let damped = if i == j { 1.0 + damping } else { 1.0 };
        system.h[i][j] * scale[i] * scale[j] * damped
    });
    let b = Vector6::from_fn(|i, _| system.b[i] * scale[i]);
    let eigen = SymmetricEigen::new(h);
    let largest = eigen.eigenvalues.max();
    let mut inverse = Matrix6::zeros();
    let mut undetermined = 0;
    for i in 0..6 {
        let value = eigen.eigenvalues[i];
        if value > UNDETERMINED * largest {
            let vector = eigen.eigenvectors.column(i);
            inverse += vector * vector.transpose() / value;
        } else {
            undetermined += 1;
        }
    }
    let x = -(inverse * b).component_mul(&scale);
    let inverse = Matrix6::from_fn(|i, j| inverse[(i, j)] * scale[i] * scale[j]);
    Step {
        x,
        inverse,
        undetermined,
    }
}

/// Sum of diagonal entries of H, above zero.
fn diagonal_sum(system: &NormalEquations, block: Range<usize>) -> f64 {
    block
        .map(|i| system.h[i][i])
        .sum::<f64>()
        .max(f64::MIN_POSITIVE)
}
