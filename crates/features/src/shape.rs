//! Features of a covariance: the formulas.

use crate::{
    Feature,
    convention::{Basis, Convention, Divisor, Entropy, QuadricAxis, Verticality},
};
use isopach_neighbours::{Covariance, Eigen, EigenShape, symmetric_eigen};

/// Eigenvalues and axes of a neighbourhood, under a convention.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape<'a> {
    convention: &'a Convention,
    /// λ₁ ≥ λ₂ ≥ λ₃ ≥ 0 with the convention's divisor, m².
    lambda: [f64; 3],
    /// Unit eigenvectors of λ₁, λ₂, λ₃.
    axes: [[f64; 3]; 3],
    /// Unit normal, turned to its side; NaN where the points span no plane.
    pub(crate) normal: [f64; 3],
}

impl<'a> Shape<'a> {
    /// The shape of a neighbourhood; `turn` gives the normal its side.
    pub(crate) fn of_covariance(
        covariance: &Covariance,
        convention: &'a Convention,
        turn: impl FnOnce([f64; 3]) -> [f64; 3],
    ) -> Self {
        let eigen = eigen_of(covariance);
        let divided = match convention.divisor {
            Divisor::CountMinusOne => 1.0,
            Divisor::Count => {
                f64::from(covariance.count.saturating_sub(1)) / f64::from(covariance.count)
            }
        };
        let [smallest, middle, largest] = eigen.values;
        Self {
            convention,
            // A covariance has no negative eigenvalue; rounding may give it one of 10⁻¹⁶.
            lambda: [largest, middle, smallest].map(|value| (value * divided).max(0.0)),
            axes: [eigen.vectors[2], eigen.vectors[1], eigen.vectors[0]],
            normal: eigen.normal().map_or([f64::NAN; 3], turn),
        }
    }

    /// The value of a feature that needs no more than a covariance.
    pub(crate) fn value_of(&self, feature: Feature) -> f64 {
        let offset = self.convention.offset;
        let [a, b, c] = self.basis();
        let sum = a + b + c;
        match feature {
            Feature::Linearity => (a - b) / (a + offset),
            Feature::Planarity => self.planarity(),
            Feature::Sphericity => c / (a + offset),
            Feature::Anisotropy => (a - c) / (a + offset),
            Feature::Omnivariance => (a * b * c).cbrt(),
            Feature::Eigenentropy => self.entropy(),
            Feature::SurfaceVariation => c / (sum + offset),
            Feature::EigenvalueSum => sum,
            Feature::Eigenvalue1 => self.lambda[0],
            Feature::Eigenvalue2 => self.lambda[1],
            Feature::Eigenvalue3 => self.lambda[2],
            Feature::Pca1 => a / (sum + offset),
            Feature::Pca2 => b / (sum + offset),
            Feature::Length => self.lambda[0].sqrt(),
            Feature::Surface => {
                let product = self.lambda[0].sqrt() * self.lambda[1].sqrt();
                (product + offset * offset).sqrt()
            }
            Feature::Volume => {
                let product = self.lambda.iter().map(|l| l.sqrt()).product::<f64>();
                (product + offset.powi(3)).cbrt()
            }
            Feature::Verticality => self.verticality(),
            Feature::Horizontality => self.normal[2].abs(),
            Feature::NormalX => self.normal[0],
            Feature::NormalY => self.normal[1],
            Feature::NormalZ => self.normal[2],
            Feature::WallLikelihood => (self.verticality() * self.planarity()).sqrt(),
            Feature::RoofLikelihood => (self.normal[2].abs() * self.planarity()).sqrt(),
            Feature::NumberOfNeighbours
            | Feature::Density
            | Feature::SurfaceDensity
            | Feature::Scale
            | Feature::HeightDeviation
            | Feature::HeightRange
            | Feature::HeightAbove
            | Feature::HeightBelow
            | Feature::Roughness
            | Feature::SignedRoughness
            | Feature::MeanCurvature
            | Feature::GaussianCurvature => f64::NAN,
        }
    }

    /// Two unit vectors across the axis of the quadric, and that axis.
    pub(crate) fn frame(&self) -> [[f64; 3]; 3] {
        match self.convention.curvature {
            QuadricAxis::Normal => [self.axes[0], self.axes[1], self.normal],
            QuadricAxis::Coordinate => {
                let [x, y, z] = self.normal.map(f64::abs);
                let up = if z >= x && z >= y {
                    2
                } else {
                    usize::from(y > x)
                };
                let unit =
                    |axis: usize| std::array::from_fn(|a| f64::from(u8::from(a == axis % 3)));
                [unit(up + 1), unit(up + 2), unit(up)]
            }
        }
    }

    fn basis(&self) -> [f64; 3] {
        match self.convention.basis {
            Basis::Eigenvalues => self.lambda,
            Basis::SquareRoots => self.lambda.map(f64::sqrt),
        }
    }

    fn planarity(&self) -> f64 {
        let [a, b, c] = self.basis();
        (b - c) / (a + self.convention.offset)
    }

    fn entropy(&self) -> f64 {
        entropy(self.convention.entropy, self.lambda, self.basis())
    }

    fn verticality(&self) -> f64 {
        match self.convention.verticality {
            Verticality::OfNormal => 1.0 - self.normal[2].abs(),
            Verticality::OfAllAxes => {
                let along: [f64; 3] = std::array::from_fn(|axis| {
                    let weighted = self.lambda.iter().zip(&self.axes);
                    weighted
                        .map(|(value, vector)| value * vector[axis].abs())
                        .sum()
                });
                along[2] / along.iter().map(|x| x * x).sum::<f64>().sqrt()
            }
        }
    }
}

/// Eigenvalues and vectors of a neighbourhood; of one point all values are 0.
pub(crate) fn eigen_of(covariance: &Covariance) -> Eigen {
    if covariance.count == 1 {
        return symmetric_eigen([0.0; 6]);
    }
    symmetric_eigen(covariance.upper)
}

/// Eigenentropy of eigenvalues λ₁ ≥ λ₂ ≥ λ₃ and the convention's numbers made of them.
pub(crate) fn entropy(formula: Entropy, lambda: [f64; 3], basis: [f64; 3]) -> f64 {
    match formula {
        Entropy::OfShares => entropy_of_shares(lambda),
        Entropy::OfBasis => -basis.map(times_its_logarithm).iter().sum::<f64>(),
        Entropy::OfSharesWithOffset(offset) => {
            let sum: f64 = lambda.iter().sum();
            let shares = lambda.map(|value| value / (sum + offset));
            -shares.iter().map(|p| p * (p + offset).ln()).sum::<f64>()
        }
    }
}

/// Points per volume of the ball of a radius (metres), 1/m³.
#[inline]
pub(crate) fn density(count: f64, radius: f64) -> f64 {
    count / (4.0 / 3.0 * std::f64::consts::PI * radius.powi(3))
}

/// Points per area of the disc of a radius (metres), 1/m².
#[inline]
pub(crate) fn surface_density(count: f64, radius: f64) -> f64 {
    count / (std::f64::consts::PI * radius.powi(2))
}

/// −Σ p ln p of the shares of eigenvalues in their sum, 0 ln 0 = 0; NaN where all are 0.
pub(crate) fn entropy_of_shares(lambda: [f64; 3]) -> f64 {
    let sum: f64 = lambda.iter().sum();
    -lambda
        .map(|value| times_its_logarithm(value / sum))
        .iter()
        .sum::<f64>()
}

/// The place of the least eigenentropy that was met; of equal ones the first.
pub(crate) struct LeastEntropy {
    pub(crate) place: usize,
    entropy: f64,
}

impl Default for LeastEntropy {
    fn default() -> Self {
        Self {
            place: 0,
            entropy: f64::INFINITY,
        }
    }
}

impl LeastEntropy {
    /// Takes the eigenvalues (ascending) at a place if their entropy is less than any before.
    pub(crate) fn take_if_less(&mut self, place: usize, values: [f64; 3]) {
        let entropy = entropy_of_shares(values.map(|value| value.max(0.0)));
        if entropy < self.entropy {
            *self = Self { place, entropy };
        }
    }
}

/// The place of the shape of the least eigenentropy. Those with fewer than three points have none.
pub(crate) fn place_of_least_entropy(shapes: &[EigenShape]) -> usize {
    let mut best = LeastEntropy::default();
    for (place, shape) in shapes.iter().enumerate() {
        if shape.count >= 3 {
            best.take_if_less(place, shape.values);
        }
    }
    best.place
}

/// x ln x, 0 for 0.
fn times_its_logarithm(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x * x.ln() }
}

/// Signed distance of the query from the plane that fits the *other* points of its neighbourhood,
/// metres, positive on the side of `normal`; NaN if they span no plane.
///
/// The query stands at offset 0 and is one of the points if `is_member`; taking it out of the sums
/// is S' = S − n/(n − 1) m mᵀ and m' = m n/(n − 1) (Welford 1962, backwards).
pub(crate) fn distance_from_plane_of_others(
    covariance: &Covariance,
    is_member: bool,
    normal: [f64; 3],
) -> f64 {
    let others = if is_member {
        without_query(covariance)
    } else {
        *covariance
    };
    if others.count < 3 {
        return f64::NAN;
    }
    let Some(axis) = symmetric_eigen(others.upper).normal() else {
        return f64::NAN;
    };
    let dot = |a: [f64; 3], b: [f64; 3]| (0..3).map(|i| a[i] * b[i]).sum::<f64>();
    let distance = -dot(axis, others.mean);
    if dot(axis, normal) < 0.0 {
        -distance
    } else {
        distance
    }
}

/// The neighbourhood without the point at the query itself.
fn without_query(covariance: &Covariance) -> Covariance {
    let count = covariance.count.saturating_sub(1);
    if count < 2 {
        return Covariance {
            count,
            ..Covariance::default()
        };
    }
    let n = f64::from(covariance.count);
    let axes = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];
    let mean = covariance.mean;
    Covariance {
        count,
        mean: mean.map(|m| m * n / (n - 1.0)),
        upper: std::array::from_fn(|i| {
            let scatter = covariance.upper[i] * (n - 1.0);
            let taken = mean[axes[i].0] * mean[axes[i].1] * n / (n - 1.0);
            (scatter - taken) / (n - 2.0)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isopach_neighbours::Moments;

    fn covariance_of(points: &[[i32; 3]]) -> Covariance {
        let mut moments = Moments::default();
        points.iter().for_each(|&point| moments.add_offset(point));
        moments.covariance()
    }

    #[test]
    fn leaving_the_query_out_is_counting_the_others() {
        let others = [
            [900, 30, 7],
            [-400, 200, 90],
            [10, -800, 40],
            [300, 300, -20],
        ];
        let mut all = others.to_vec();
        all.push([0, 0, 0]);
        let left = without_query(&covariance_of(&all));
        let counted = covariance_of(&others);
        assert_eq!(left.count, counted.count);
        let pairs = left.upper.iter().chain(&left.mean);
        for (a, b) in pairs.zip(counted.upper.iter().chain(&counted.mean)) {
            assert!((a - b).abs() <= 1e-12 * b.abs(), "{a} {b}");
        }
    }
}
