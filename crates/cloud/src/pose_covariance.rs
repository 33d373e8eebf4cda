//! Uncertainty of an estimated pose.

/// Covariance of the six unknowns of a rigid alignment, and the directions that the data leave
/// free.
///
/// The unknowns are a rotation vector ω (radians) and a translation τ (metres), applied on the left
/// about
/// [`Self::pivot`]: a point p moves by ω × (p − pivot) + τ. The displacement of p along a unit vector n is then
/// j · (ω, τ) with j = [(p − pivot) × n, n], and its variance jᵀ C j (Winiwarter et al. 2021,
/// M3C2-EP).
///
/// Free directions are kept apart from the matrix: a pseudo-inverse would state 0 where nothing is
/// known, and ∞ would, times the slightest tilt of a normal, make a whole plane untestable.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PoseCovariance {
    /// Centre of the rotation, absolute metres.
    pub pivot: [f64; 3],
    /// 6 × 6, symmetric, rad², rad · m, m²; zero along the free directions.
    pub matrix: [[f64; 6]; 6],
    /// Directions that the data do not determine ("free"), orthonormal in scaled unknowns.
    pub free: Vec<FreeDirection>,
    /// Lever arm in metres: converts radians to metres to compare rotations with translations.
    pub arm: f64,
    /// Standard deviation of the direction of the normals that the pose was found with, radians.
    pub normal_noise: f64,
}

/// A direction of the six unknowns that the data do not determine.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FreeDirection {
    /// Unit vector of (arm · ω, τ).
    pub unknowns: [f64; 6],
    /// In words: "translation along the corridor (azimuth 30°)".
    pub description: String,
}

/// Normals this many of their standard deviations from a right angle to a free direction lie along
/// it.
const TILTS: f64 = 3.0;

impl PoseCovariance {
    /// The covariance of an exactly known pose: a pose that is known exactly.
    #[must_use]
    pub fn exact(pivot: [f64; 3]) -> Self {
        Self {
            pivot,
            matrix: [[0.0; 6]; 6],
            free: Vec::new(),
            arm: 1.0,
            normal_noise: 0.0,
        }
    }

    /// The displacement of `point` (absolute metres) along the unit vector `axis` per unit of each
    /// unknown.
    #[must_use]
    pub fn jacobian(&self, point: [f64; 3], axis: [f64; 3]) -> [f64; 6] {
        let [x, y, z]: [f64; 3] = std::array::from_fn(|a| point[a] - self.pivot[a]);
        let [u, v, w] = axis;
        [y * w - z * v, z * u - x * w, x * v - y * u, u, v, w]
    }

    /// aᵀ C a for a sum of [jacobians](Self::jacobian).
    #[must_use]
    pub fn variance(&self, a: [f64; 6]) -> f64 {
        (0..6)
            .map(|i| a[i] * (0..6).map(|j| self.matrix[i][j] * a[j]).sum::<f64>())
            .sum::<f64>()
            .max(0.0)
    }

    /// The first free direction along which `point` would move along `axis` by more than the noise
    /// of the normals explains.
    #[must_use]
    pub fn free_along(&self, point: [f64; 3], axis: [f64; 3]) -> Option<&FreeDirection> {
        self.free_in_sum(self.jacobian(point, axis), self.tilt(point))
    }

    /// Upper bound on the change that noise of the normals makes to the [jacobian](Self::jacobian)
    /// of `point` along a free direction.
    #[must_use]
    pub fn tilt(&self, point: [f64; 3]) -> f64 {
        let offset = (0..3)
            .map(|a| (point[a] - self.pivot[a]).powi(2))
            .sum::<f64>()
            .sqrt();
        // A normal that is off by an angle ε moves its jacobian by ε in τ and by ε · offset in ω.
        TILTS * self.normal_noise * 1.0_f64.max(offset / self.arm) + f64::EPSILON.sqrt()
    }

    /// The first free direction along which a sum of jacobians has a component larger than `tilt`,
    /// the sum of their [tilts](Self::tilt): measurements along it are undetermined.
    #[must_use]
    pub fn free_in_sum(&self, a: [f64; 6], tilt: f64) -> Option<&FreeDirection> {
        self.free.iter().find(|free| {
            let along: f64 = (0..6)
                .map(|i| free.unknowns[i] * if i < 3 { a[i] / self.arm } else { a[i] })
                .sum();
            along.abs() > tilt
        })
    }

    /// Standard error of the displacement of `point` along `axis`, metres: √(jᵀ C j); NaN if a free
    /// direction moves the point.
    #[must_use]
    pub fn standard_error(&self, point: [f64; 3], axis: [f64; 3]) -> f64 {
        match self.free_along(point, axis) {
            Some(_) => f64::NAN,
            None => self.variance(self.jacobian(point, axis)).sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rigid;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_jacobian_is_the_displacement_of_a_small_motion(
            p in prop::array::uniform3(-50.0..50.0f64), n in prop::array::uniform3(-1.0..1.0f64),
            x in prop::array::uniform6(-1e-7..1e-7f64), pivot in prop::array::uniform3(-1e3..1e3f64),
        ) {
            let j = PoseCovariance::exact(pivot).jacobian(p, n);
            let moved = Rigid::from_vectors([x[0], x[1], x[2]], [x[3], x[4], x[5]], pivot).apply(p);
            let along: f64 = (0..3).map(|a| (moved[a] - p[a]) * n[a]).sum();
            let linear: f64 = (0..6).map(|i| j[i] * x[i]).sum();
            prop_assert!((along - linear).abs() < 1e-9, "{along} {linear}");
        }
    }

    #[test]
    fn what_slides_along_a_plane_leaves_its_heights_alone() {
        let free = |unknowns: [f64; 6]| FreeDirection {
            unknowns,
            description: "along the plane".into(),
        };
        let plane = PoseCovariance {
            matrix: std::array::from_fn(|i| {
                std::array::from_fn(|j| if i == 5 && j == 5 { 1e-4 } else { 0.0 })
            }),
            free: vec![
                free([0.0, 0.0, 0.0, 1.0, 0.0, 0.0]),
                free([0.0, 0.0, 1.0, 0.0, 0.0, 0.0]),
            ],
            arm: 50.0,
            normal_noise: 0.01,
            ..PoseCovariance::exact([0.0; 3])
        };
        let tilted = [0.02, 0.0, (1.0 - 4e-4_f64).sqrt()];
        assert!((plane.standard_error([10.0, 5.0, 0.0], tilted) - 0.01).abs() < 1e-5);
        assert!(
            plane
                .standard_error([10.0, 5.0, 0.0], [0.6, 0.0, 0.8])
                .is_nan()
        );
        assert!(
            plane
                .standard_error([0.0, 40.0, 0.0], [1.0, 0.0, 0.0])
                .is_nan()
        );
    }
}
