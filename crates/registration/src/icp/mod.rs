//! Iterative closest point (ICP).

mod step;

use crate::{
    Align, AlignError, AlignSurface, AlignTarget, Correspondences, Factor, NormalEquations,
    Optimizer, PointToPlane, PointToPoint, Rejection, Rejector,
    surfaces::{covariances_of_index, normals_of_index},
};
use isopach_cloud::{Positions, Rigid, TICK};
use isopach_compute::{Error, Result};
use isopach_neighbours::NeighbourIndex;
use step::{Step, solve_step};

/// Number of nearest points that a normal or covariance is estimated from.
pub const NORMAL_NEIGHBOURS: usize = 20;

/// Correspondences that determine a rigid transform.
const LEAST_PAIRS: u32 = 6;

/// When the iteration ends.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Termination {
    /// Length of a negligible step, metres. A step is the last if both its length and its angle are
    /// negligible.
    pub max_translation_step: f64,
    /// Angle of a negligible step, radians.
    pub max_rotation_step: f64,
    /// Length of a negligible step in units of the standard error of the pose: a step shorter than
    /// this in every direction is the last as well. On sparse clouds pairs change at every step,
    /// and the pose moves within its uncertainty without end.
    pub max_relative_step: f64,
    /// Largest number of steps.
    pub max_iterations: usize,
}

impl Default for Termination {
    /// Ends at steps below 0.1 mm and 1 µrad, or below a tenth of a standard error; after 50 steps.
    fn default() -> Self {
        Self {
            max_translation_step: 1e-4,
            max_rotation_step: 1e-6,
            max_relative_step: 0.1,
            max_iterations: 50,
        }
    }
}

/// Iterative closest point: pairs each source point with its nearest target point, takes a step,
/// and repeats.
///
/// The parts are exchangeable: the factor (how a pair is measured), the rejector (which pairs take
/// part), the termination, the optimiser.
///
/// ```
/// use isopach_registration::{Cloud, Cpu, Icp, Pair, PointToPlane, Rigid, Robust, kernel};
///
/// let hills = |east: f64| -> Vec<[f64; 3]> {
///     let at = |i: u32| [f64::from(i % 80) * 0.4, f64::from(i / 80) * 0.4];
///     (0..6400).map(at).map(|[x, y]| [x + east, y, (x / 3.0).sin() + (y / 4.0).cos()]).collect()
/// };
/// let [target, source] = [Cloud::from_points(&hills(0.0))?, Cloud::from_points(&hills(0.1))?];
/// let pair = Pair { source: source.positions(), target: target.positions() };
/// let start = Rigid::identity([16.0, 16.0, 0.0]);
///
/// let plain = Icp::point_to_plane(1.0).align(&Cpu, pair, start)?;
/// assert!(plain.converged);
/// assert!((plain.target_from_source.translation[0] + 0.1).abs() < 0.01);
///
/// // The same with a robust kernel of 5 cm.
/// let factor = Robust { factor: PointToPlane, kernel: kernel::Cauchy { width: 0.05 } };
/// let robust = Icp::with_factor(factor, 1.0).align(&Cpu, pair, start)?;
/// assert!((robust.target_from_source.translation[0] + 0.1).abs() < 0.01);
/// # Ok::<(), isopach_registration::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Icp<F = PointToPlane, R = Rejection> {
    /// How a pair is measured.
    pub factor: F,
    /// Which pairs take part.
    pub rejection: R,
    /// When the iteration ends.
    pub termination: Termination,
    /// How a step follows from the normal equations.
    pub optimizer: Optimizer,
}

impl Icp<PointToPlane> {
    /// Point-to-plane ICP over pairs up to `max_distance` metres apart.
    #[must_use]
    pub fn point_to_plane(max_distance: f64) -> Self {
        Self::with_factor(PointToPlane, max_distance)
    }
}

impl Icp<PointToPoint> {
    /// Point-to-point ICP over pairs up to `max_distance` metres apart.
    #[must_use]
    pub fn point_to_point(max_distance: f64) -> Self {
        Self::with_factor(PointToPoint, max_distance)
    }
}

impl<F: Factor> Icp<F> {
    /// ICP with any factor, over all pairs up to `max_distance` metres apart.
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
}

/// Two clouds to align: the source is moved onto the target.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// Cloud that is moved.
    pub source: Positions<'a>,
    /// Cloud that stays.
    pub target: Positions<'a>,
}

/// Result of an ICP alignment.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Alignment {
    /// Transform that moves the source onto the target.
    pub target_from_source: Rigid,
    /// Whether the last step was negligible.
    pub converged: bool,
    /// Number of steps taken.
    pub iterations: usize,
    /// Root mean weighted squared residual of the pairs that took part, metres.
    pub rmse: f64,
    /// Share of the source points that took part, 0 to 1.
    pub inlier_fraction: f64,
    /// Covariance of rotation vector (radians) and translation (metres) about the pivot: σ² H⁻¹,
    /// with σ² from the residuals.
    pub covariance: [[f64; 6]; 6],
    /// Standard error of the alignment at a typical point, metres: √(tr C_ττ + tr C_ωω · ρ²) / √3,
    /// where ρ is the root mean square distance of the target's points from the pivot.
    ///
    /// Use it as the registration error of M3C2. Residuals count as independent, so it is
    /// optimistic if neighbouring points share noise.
    pub registration_error: f64,
    /// Number of the six directions that the data do not determine (three on a plane). The source
    /// is not moved along them.
    pub undetermined: usize,
}

impl From<Alignment> for Rigid {
    /// The transform from source to target.
    fn from(alignment: Alignment) -> Self {
        alignment.target_from_source
    }
}

/// Local shape at each point of a cloud, as far as it is needed.
#[derive(Default)]
struct Shape {
    normals: Vec<[f64; 3]>,
    covariances: Vec<[f64; 6]>,
}

impl Shape {
    /// Estimates the needed shapes of the points of an index.
    fn of_index(
        index: &dyn NeighbourIndex,
        needs_normals: bool,
        needs_covariances: bool,
    ) -> Result<Self> {
        let mut shape = Self::default();
        if needs_normals {
            shape.normals = normals_of_index(index, NORMAL_NEIGHBOURS)?;
        }
        if needs_covariances {
            shape.covariances = covariances_of_index(index, NORMAL_NEIGHBOURS)?;
        }
        Ok(shape)
    }

    fn surface<'a>(&'a self, positions: Positions<'a>) -> AlignSurface<'a> {
        AlignSurface {
            positions,
            normals: &self.normals,
            covariances: &self.covariances,
        }
    }
}

impl<F: Factor, R: Rejector> Icp<F, R> {
    /// The same ICP with another rejector.
    #[must_use]
    pub fn with_rejector<Other: Rejector>(self, rejector: Other) -> Icp<F, Other> {
        Icp {
            factor: self.factor,
            rejection: rejector,
            termination: self.termination,
            optimizer: self.optimizer,
        }
    }

    /// Aligns the source to the target, starting from `initial`.
    ///
    /// Normals and covariances that the factor or the rejector needs are estimated from
    /// [`NORMAL_NEIGHBOURS`] points. Each step is O(source points).
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a distance, share or damping out of range;
    /// [`Error::InvalidInput`] for an empty cloud, or if fewer than six pairs are within the
    /// distance; any error of the backend.
    pub fn align(
        &self,
        on: &(impl Align + ?Sized),
        pair: Pair<'_>,
        initial: Rigid,
    ) -> Result<Alignment> {
        self.check_arguments(pair)?;
        let needs_source_normals = self.rejection.needs_source_normals();
        let needs_normals = self.factor.needs_normals() || needs_source_normals;
        let needs_covariances = self.factor.needs_covariances();
        if !needs_normals && !needs_covariances {
            // A backend may pair points without an index of the host.
            let target = AlignTarget {
                positions: pair.target,
                normals: &[],
            };
            let prepared = on.prepare_points(pair.source, target)?;
            return self.align_prepared(&*prepared, pair, initial);
        }
        let index = on.index(pair.target)?;
        let target_shape = Shape::of_index(&*index, needs_normals, needs_covariances)?;
        let source_shape = if needs_source_normals || needs_covariances {
            let index = on.index(pair.source)?;
            Shape::of_index(&*index, needs_source_normals, needs_covariances)?
        } else {
            Shape::default()
        };
        let source = source_shape.surface(pair.source);
        let target = target_shape.surface(pair.target);
        let prepared = on.prepare_indexed(source, target, index)?;
        self.align_prepared(&*prepared, pair, initial)
    }

    /// Aligns as [`Self::align`], with prepared correspondences: several factors, kernels or starts
    /// can share one index and its normals.
    ///
    /// # Errors
    /// As [`Self::align`]; [`Error::InvalidInput`] if normals or covariances that the factor or the
    /// rejector needs were not prepared.
    pub fn align_prepared(
        &self,
        prepared: &dyn Correspondences,
        pair: Pair<'_>,
        initial: Rigid,
    ) -> Result<Alignment> {
        self.check_arguments(pair)?;
        let (pivot, radius) = centroid_and_radius(pair.target);
        let mut pose = initial.about(pivot);
        let mut iterations = 0;
        let mut damping = self.optimizer.initial_damping();
        let mut system = self.linearize_at(prepared, pair, &pose)?;
        loop {
            let step = solve_step(&system, damping.share);
            let negligible = self.is_negligible(&system, &step) || damping.is_spent();
            if negligible || iterations == self.termination.max_iterations {
                let undamped = solve_step(&system, 0.0);
                return Ok(Alignment {
                    converged: negligible,
                    iterations,
                    ..undamped.summarise_alignment(pose, &system, pair.source.len(), radius)
                });
            }
            let x = step.x;
            let small = Rigid::from_vectors([x[0], x[1], x[2]], [x[3], x[4], x[5]], pivot);
            let tried = pose.then(&small).about(pivot);
            let next = self.linearize_at(prepared, pair, &tried)?;
            iterations += 1;
            #[cfg(feature = "tracing")]
            tracing::debug!(iterations, inliers = next.inliers, step = ?x.as_slice(), "step");
            if damping.accept_step(mean_error(&system), mean_error(&next)) {
                pose = tried;
                system = next;
            }
        }
    }

    fn linearize_at(
        &self,
        prepared: &dyn Correspondences,
        pair: Pair<'_>,
        pose: &Rigid,
    ) -> Result<NormalEquations> {
        let system = prepared.linearize_pairs_with(&self.factor, &self.rejection, pose)?;
        if system.inliers < LEAST_PAIRS {
            return Err(AlignError::TooFewPairs {
                pairs: system.inliers as usize,
                points: pair.source.len(),
                max_distance: self.rejection.max_distance(),
                needed: LEAST_PAIRS as usize,
            }
            .into());
        }
        Ok(system)
    }

    fn check_arguments(&self, pair: Pair<'_>) -> Result<()> {
        let rejection = Rejection {
            max_distance: self.rejection.max_distance(),
            kept_share: self.rejection.kept_share(),
        };
        Error::check(
            "maximum correspondence distance",
            rejection.max_distance,
            rejection.max_distance > 0.0,
            "be above zero",
        )?;
        rejection.check()?;
        match self.optimizer {
            Optimizer::GaussNewton => {}
            Optimizer::LevenbergMarquardt { first_damping } => {
                Error::positive("damping", first_damping)?;
            }
        }
        for (cloud, positions) in [("source", pair.source), ("target", pair.target)] {
            if positions.is_empty() {
                return Err(AlignError::NoPoints { cloud }.into());
            }
        }
        Ok(())
    }

    /// Whether a step is too small to matter: in metres and radians, or relative to its standard
    /// error.
    fn is_negligible(&self, system: &NormalEquations, step: &Step) -> bool {
        let Termination {
            max_translation_step,
            max_rotation_step,
            max_relative_step,
            max_iterations: _,
        } = self.termination;
        step.rotation() < max_rotation_step && step.translation() < max_translation_step
            || step.standard_errors(system) < max_relative_step
    }
}

/// Mean weighted squared residual, m².
fn mean_error(system: &NormalEquations) -> f64 {
    system.error / f64::from(system.inliers)
}

/// Centroid (absolute metres) of a cloud, from exact sums, and the root mean square distance of its
/// points from it, metres.
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
    let pivot = std::array::from_fn(|a| origin[a] + mean[a] * TICK);
    (pivot, (squares / n).sqrt() * TICK)
}
