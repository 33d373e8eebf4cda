//! Iterative closest point.

use crate::{
    Align, AlignTarget, Correspondences, Factor, NormalEquations, Optimizer, PointToPlane,
    PointToPoint, Rejection, estimate_normals,
};
use isopach_cloud::{Positions, Rigid};
use isopach_compute::{Error, Result};
use nalgebra::{Matrix6, SymmetricEigen, Vector6};

/// Nearest points that make a normal.
pub const NORMAL_NEIGHBOURS: usize = 20;
/// Eigenvalues of the system below this share of the largest are directions that the data do not
/// determine.
const UNDETERMINED: f64 = 1e-9;

/// When to stop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Termination {
    /// A step that moves less than this, metres,
    pub translation: f64,
    /// and turns less than this, radians, is the last.
    pub rotation: f64,
    /// So is one that is shorter, in every direction, than this share of the standard error of what
    /// is found: on sparse clouds pairs change partners at every step, and the pose goes round in
    /// circles that mean nothing.
    pub standard_errors: f64,
    /// Steps at most.
    pub max_iterations: usize,
}

impl Default for Termination {
    /// A tenth of a millimetre and a microradian, or a tenth of a standard error; 50 steps.
    fn default() -> Self {
        Self {
            translation: 1e-4,
            rotation: 1e-6,
            standard_errors: 0.1,
            max_iterations: 50,
        }
    }
}

/// Iterative closest point: pair, step, repeat.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Icp<F = PointToPlane> {
    /// How a pair is measured.
    pub factor: F,
    /// Which pairs take part.
    pub rejection: Rejection,
    /// When to stop.
    pub termination: Termination,
    /// How steps are taken.
    pub optimizer: Optimizer,
}

impl Icp<PointToPlane> {
    /// Point to plane, pairs up to `max_distance` metres.
    #[must_use]
    pub fn point_to_plane(max_distance: f64) -> Self {
        Self::with_factor(PointToPlane, max_distance)
    }
}

impl Icp<PointToPoint> {
    /// Point to point, pairs up to `max_distance` metres.
    #[must_use]
    pub fn point_to_point(max_distance: f64) -> Self {
        Self::with_factor(PointToPoint, max_distance)
    }
}

/// What is aligned to what.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// Is moved.
    pub source: Positions<'a>,
    /// Stays.
    pub target: Positions<'a>,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alignment {
    /// Moves the source onto the target.
    pub target_from_source: Rigid,
    /// Whether the last step was negligible.
    pub converged: bool,
    /// Steps taken.
    pub iterations: usize,
    /// Root of the mean weighted squared residual of the pairs that took part, metres.
    pub rmse: f64,
    /// Share of the source points that took part.
    pub inlier_fraction: f64,
    /// Covariance of rotation vector (radians) and translation (metres) about the pivot: σ² H⁻¹, σ²
    /// from the residuals.
    pub covariance: [[f64; 6]; 6],
    /// Standard error of the alignment at a typical point, metres: √(tr C_ττ + tr C_ωω · ρ²) / √3
    /// with ρ the root mean square distance from the pivot. What M3C2 wants as its registration
    /// error. Residuals are taken as independent, which makes it optimistic where noise is shared
    /// between neighbours.
    pub registration_error: f64,
    /// Directions of the six that the data do not determine (a plane leaves three); the source is
    /// not moved along them.
    pub undetermined: usize,
}

impl<F: Factor> Icp<F> {
    /// Any factor, pairs up to `max_distance` metres, all of them.
    #[must_use]
    pub fn with_factor(factor: F, max_distance: f64) -> Self {
        let rejection = Rejection {
            max_distance,
            kept_share: 1.0,
        };
        Self {
            factor,
            rejection,
            termination: Termination::default(),
            optimizer: Optimizer::default(),
        }
    }

    /// Aligns the source to the target, starting from `initial`. Each step is O(source points).
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a distance or share that cannot be; [`Error::InvalidInput`]
    /// for an empty cloud or where fewer than six pairs are within the distance; whatever the
    /// backend declines with.
    pub fn align(
        &self,
        on: &(impl Align + ?Sized),
        pair: Pair<'_>,
        initial: Rigid,
    ) -> Result<Alignment> {
        self.check_arguments(pair)?;
        let normals = if self.factor.needs_normals() {
            estimate_normals(on, pair.target, NORMAL_NEIGHBOURS)?
        } else {
            Vec::new()
        };
        let pairing = on.prepare_points(
            pair.source,
            AlignTarget {
                positions: pair.target,
                normals: &normals,
            },
        )?;
        self.align_prepared(&*pairing, pair, initial)
    }

    /// As [`Self::align`], with a pairing that is there already: several factors, kernels or starts
    /// can share one, and its normals.
    ///
    /// # Errors
    /// As [`Self::align`].
    pub fn align_prepared(
        &self,
        pairing: &dyn Correspondences,
        pair: Pair<'_>,
        initial: Rigid,
    ) -> Result<Alignment> {
        self.check_arguments(pair)?;
        let (pivot, radius) = centroid_and_radius(pair.target);
        let mut pose = initial.about(pivot);
        let mut iterations = 0;
        let mut damping = self.optimizer.initial_damping();
        let mut system = self.linearize_at(pairing, pair, &pose)?;
        loop {
            let step = solve_step(&system, damping.share);
            let negligible = self.is_negligible(&system, &step) || damping.is_spent();
            if negligible || iterations == self.termination.max_iterations {
                let undamped = solve_step(&system, 0.0);
                return Ok(summarise_alignment(
                    pose,
                    &system,
                    &undamped,
                    negligible,
                    iterations,
                    pair.source.len(),
                    radius,
                ));
            }
            let x = step.x;
            let small = Rigid::from_vectors([x[0], x[1], x[2]], [x[3], x[4], x[5]], pivot);
            let tried = pose.then(&small).about(pivot);
            let next = self.linearize_at(pairing, pair, &tried)?;
            iterations += 1;
            tracing::debug!(iterations, inliers = next.inliers, step = ?x.as_slice(), "step");
            if damping.accept_step(mean_error(&system), mean_error(&next)) {
                (pose, system) = (tried, next);
            }
        }
    }

    fn linearize_at(
        &self,
        pairing: &dyn Correspondences,
        pair: Pair<'_>,
        pose: &Rigid,
    ) -> Result<NormalEquations> {
        let system = pairing.linearize_pairs(&self.factor, self.rejection, pose)?;
        if system.inliers < 6 {
            let (found, of) = (system.inliers, pair.source.len());
            return Err(Error::InvalidInput(format!(
                "only {found} of {of} source points have a target point within {} m: not enough to align",
                self.rejection.max_distance
            )));
        }
        Ok(system)
    }

    fn check_arguments(&self, pair: Pair<'_>) -> Result<()> {
        let Rejection { max_distance, .. } = self.rejection;
        Error::check(
            "maximum correspondence distance",
            max_distance,
            max_distance > 0.0,
            "be above zero",
        )?;
        self.rejection.check()?;
        if let Optimizer::LevenbergMarquardt { first_damping } = self.optimizer {
            Error::positive("damping", first_damping)?;
        }
        for (name, positions) in [("source", pair.source), ("target", pair.target)] {
            if positions.is_empty() {
                return Err(Error::InvalidInput(format!(
                    "the {name} of an alignment has no points"
                )));
            }
        }
        Ok(())
    }

    /// Whether a step is too small to matter: in metres and radians, or beside its standard error,
    /// √(xᵀ H x / σ²).
    fn is_negligible(&self, system: &NormalEquations, step: &Step) -> bool {
        let x = step.x;
        let [turn, shift] = [0, 3].map(|at| x.fixed_rows::<3>(at).norm());
        let h = Matrix6::from_fn(|i, j| system.h[i][j]);
        let standard_errors = ((x.transpose() * h * x)[0] / step.residual_variance(system)).sqrt();
        turn < self.termination.rotation && shift < self.termination.translation
            || standard_errors < self.termination.standard_errors
    }
}

struct Step {
    x: Vector6<f64>,
    inverse: Matrix6<f64>,
    undetermined: usize,
}

impl Step {
    /// Variance of a residual, σ²: what is left over the degrees of freedom.
    fn residual_variance(&self, system: &NormalEquations) -> f64 {
        let freedom = (f64::from(system.inliers) - (6 - self.undetermined) as f64).max(1.0);
        system.error / freedom
    }
}

/// Solves H x = −b by eigen-decomposition, leaving out directions that the data do not determine.
/// Rotations are scaled to metres first, by the root of the mean rotational diagonal, so that the
/// two kinds of unknowns can be compared.
fn solve_step(system: &NormalEquations, damping: f64) -> Step {
    let diagonal = |range: std::ops::Range<usize>| {
        range
            .map(|i| system.h[i][i])
            .sum::<f64>()
            .max(f64::MIN_POSITIVE)
    };
    let arm = (diagonal(0..3) / diagonal(3..6)).sqrt().max(1e-12);
    let scale = Vector6::from_fn(|i, _| if i < 3 { 1.0 / arm } else { 1.0 });
    let damped = |i: usize, j: usize| if i == j { 1.0 + damping } else { 1.0 };
    let h = Matrix6::from_fn(|i, j| system.h[i][j] * scale[i] * scale[j] * damped(i, j));
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

/// Mean weighted squared residual, m².
fn mean_error(system: &NormalEquations) -> f64 {
    system.error / f64::from(system.inliers)
}

fn summarise_alignment(
    pose: Rigid,
    system: &NormalEquations,
    step: &Step,
    converged: bool,
    iterations: usize,
    points: usize,
    radius: f64,
) -> Alignment {
    let inliers = f64::from(system.inliers);
    let covariance = step.inverse * step.residual_variance(system);
    let trace = |range: std::ops::Range<usize>| range.map(|i| covariance[(i, i)]).sum::<f64>();
    Alignment {
        target_from_source: pose,
        converged,
        iterations,
        rmse: (system.error / inliers).sqrt(),
        inlier_fraction: inliers / points as f64,
        covariance: std::array::from_fn(|i| std::array::from_fn(|j| covariance[(i, j)])),
        registration_error: ((trace(3..6) + trace(0..3) * radius * radius) / 3.0).sqrt(),
        undetermined: step.undetermined,
    }
}

/// Centroid (absolute metres) of a cloud, from exact sums, and the root mean square distance from
/// it.
fn centroid_and_radius(points: Positions<'_>) -> ([f64; 3], f64) {
    let n = points.len() as f64;
    let sums = points.ticks().iter().fold([0_i64; 3], |sums, p| {
        std::array::from_fn(|a| sums[a] + i64::from(p[a]))
    });
    let mean = sums.map(|sum| sum as f64 / n);
    let squares: f64 = points
        .ticks()
        .iter()
        .map(|p| {
            (0..3)
                .map(|a| (f64::from(p[a]) - mean[a]).powi(2))
                .sum::<f64>()
        })
        .sum();
    let origin = points.origin().metres();
    let pivot = std::array::from_fn(|a| origin[a] + mean[a] * isopach_cloud::TICK);
    (pivot, (squares / n).sqrt() * isopach_cloud::TICK)
}
