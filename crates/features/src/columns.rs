//! Features of many shapes, column by column.
//!
//! The formulas are those of `shape.rs` with the same operations in the same order, so the values
//! have the same bits; a loop a feature over numbers side by side takes the place of a decision a
//! feature a point.

use crate::{
    Feature, Features, Gaps,
    convention::{Basis, Divisor, Entropy},
    rounded::{KnownSums, Numbers, WIDTH, cube_roots, round_known},
    shape,
};
use isopach_neighbours::EigenShape;

/// Shapes of [`WIDTH`] queries at most, number by number.
pub(crate) struct ShapeColumns<'a> {
    features: &'a Features,
    len: usize,
    /// Points of each neighbourhood.
    counts: Numbers,
    /// λ₁ ≥ λ₂ ≥ λ₃ ≥ 0 with the convention's divisor, m².
    lambda: [Numbers; 3],
    /// The convention's numbers: λ, or √λ.
    basis: [Numbers; 3],
    sum: Numbers,
    /// Unit normals, turned to their side where they are wanted; NaN where there is none.
    normal: [Numbers; 3],
    /// Radius of the neighbourhoods, metres.
    radii: Numbers,
    too_few: u64,
    no_plane: u64,
}

impl<'a> ShapeColumns<'a> {
    pub(crate) fn new(features: &'a Features) -> Self {
        const NONE: Numbers = [0.0; WIDTH];
        Self {
            features,
            len: 0,
            counts: NONE,
            lambda: [NONE; 3],
            basis: [NONE; 3],
            sum: NONE,
            normal: [NONE; 3],
            radii: NONE,
            too_few: 0,
            no_plane: 0,
        }
    }

    /// Takes the shapes of [`WIDTH`] queries at most, each with its radius (metres) and, where
    /// normals are wanted, its place (absolute metres).
    pub(crate) fn set_shapes<'s>(
        &mut self,
        shapes: impl Iterator<Item = (&'s EigenShape, f64)>,
        place: impl Fn(usize) -> [f64; 3],
    ) {
        let convention = &self.features.convention;
        let turns = self.features.wants_normals();
        self.len = 0;
        for (i, (shape, radius)) in shapes.take(WIDTH).enumerate() {
            let count = f64::from(shape.count);
            let divided = match convention.divisor {
                Divisor::CountMinusOne => 1.0,
                Divisor::Count => f64::from(shape.count.saturating_sub(1)) / count,
            };
            let [smallest, middle, largest] = shape.values;
            for (lambda, value) in self.lambda.iter_mut().zip([largest, middle, smallest]) {
                lambda[i] = (value * divided).max(0.0);
            }
            let has_normal = !shape.normal[0].is_nan();
            let normal = if turns && has_normal {
                self.features.normals.turn(shape.normal, || place(i))
            } else {
                shape.normal
            };
            for (numbers, component) in self.normal.iter_mut().zip(normal) {
                numbers[i] = component;
            }
            self.counts[i] = count;
            self.radii[i] = radius;
            let is_enough = shape.count >= convention.fewest_points;
            self.too_few += u64::from(!is_enough);
            self.no_plane += u64::from(is_enough && !has_normal);
            self.len = i + 1;
        }
        self.basis = self.lambda;
        if convention.basis == Basis::SquareRoots {
            for numbers in &mut self.basis {
                numbers.iter_mut().for_each(|value| *value = value.sqrt());
            }
        }
        let [a, b, c] = &self.basis;
        for (i, sum) in self.sum.iter_mut().enumerate() {
            *sum = a[i] + b[i] + c[i];
        }
    }

    /// Neighbourhoods without features so far.
    pub(crate) fn gaps(&self) -> Gaps {
        Gaps {
            too_few: self.too_few,
            out_of_reach: 0,
            no_plane: self.no_plane,
        }
    }

    /// Writes one feature of the shapes.
    pub(crate) fn write_feature(&self, feature: Feature, to: &mut [f32]) {
        let to = &mut to[..self.len];
        self.write_values(feature, to);
        if feature == Feature::NumberOfNeighbours {
            return;
        }
        let fewest = f64::from(self.features.convention.fewest_points);
        for (value, &count) in to.iter_mut().zip(&self.counts) {
            *value = if count < fewest { f32::NAN } else { *value };
        }
    }

    fn write_values(&self, feature: Feature, to: &mut [f32]) {
        let Self {
            counts,
            lambda,
            basis: [a, b, c],
            sum,
            normal: [x, y, z],
            radii,
            ..
        } = self;
        let offset = self.features.convention.offset;
        match feature {
            Feature::Linearity => fill(to, |i| (a[i] - b[i]) / (a[i] + offset)),
            Feature::Planarity => fill(to, |i| self.planarity(i)),
            Feature::Sphericity => fill(to, |i| c[i] / (a[i] + offset)),
            Feature::Anisotropy => fill(to, |i| (a[i] - c[i]) / (a[i] + offset)),
            Feature::Omnivariance => {
                let products = numbers(|i| a[i] * b[i] * c[i]);
                write_cube_roots(&products, to);
            }
            Feature::Eigenentropy => self.write_entropies(to),
            Feature::SurfaceVariation => fill(to, |i| c[i] / (sum[i] + offset)),
            Feature::EigenvalueSum => fill(to, |i| sum[i]),
            Feature::Eigenvalue1 => fill(to, |i| lambda[0][i]),
            Feature::Eigenvalue2 => fill(to, |i| lambda[1][i]),
            Feature::Eigenvalue3 => fill(to, |i| lambda[2][i]),
            Feature::Pca1 => fill(to, |i| a[i] / (sum[i] + offset)),
            Feature::Pca2 => fill(to, |i| b[i] / (sum[i] + offset)),
            Feature::Length => fill(to, |i| lambda[0][i].sqrt()),
            Feature::Surface => fill(to, |i| {
                (lambda[0][i].sqrt() * lambda[1][i].sqrt() + offset * offset).sqrt()
            }),
            Feature::Volume => {
                let products = numbers(|i| {
                    lambda.iter().map(|l| l[i].sqrt()).product::<f64>() + offset.powi(3)
                });
                write_cube_roots(&products, to);
            }
            Feature::Verticality => fill(to, |i| 1.0 - z[i].abs()),
            Feature::Horizontality => fill(to, |i| z[i].abs()),
            Feature::NormalX => fill(to, |i| x[i]),
            Feature::NormalY => fill(to, |i| y[i]),
            Feature::NormalZ => fill(to, |i| z[i]),
            Feature::WallLikelihood => {
                fill(to, |i| ((1.0 - z[i].abs()) * self.planarity(i)).sqrt());
            }
            Feature::RoofLikelihood => fill(to, |i| (z[i].abs() * self.planarity(i)).sqrt()),
            Feature::NumberOfNeighbours => fill(to, |i| counts[i]),
            Feature::Density => fill(to, |i| shape::density(counts[i], radii[i])),
            Feature::SurfaceDensity => fill(to, |i| shape::surface_density(counts[i], radii[i])),
            Feature::Scale => fill(to, |i| radii[i]),
            Feature::HeightDeviation
            | Feature::HeightRange
            | Feature::HeightAbove
            | Feature::HeightBelow
            | Feature::Roughness
            | Feature::SignedRoughness
            | Feature::MeanCurvature
            | Feature::GaussianCurvature => to.fill(f32::NAN),
        }
    }

    #[inline(always)]
    fn planarity(&self, i: usize) -> f64 {
        let [a, b, c] = &self.basis;
        (b[i] - c[i]) / (a[i] + self.features.convention.offset)
    }

    fn write_entropies(&self, to: &mut [f32]) {
        let mut sums = KnownSums::new();
        let entropy = self.features.convention.entropy;
        for (lambda, basis) in self.lambda.iter().zip(&self.basis) {
            match entropy {
                Entropy::OfShares => {
                    let total =
                        numbers(|i| self.lambda[0][i] + self.lambda[1][i] + self.lambda[2][i]);
                    sums.add_entropies(&numbers(|i| lambda[i] / total[i]));
                }
                Entropy::OfBasis => sums.add_entropies(basis),
                Entropy::OfSharesWithOffset(offset) => {
                    let total =
                        numbers(|i| self.lambda[0][i] + self.lambda[1][i] + self.lambda[2][i]);
                    let shares = numbers(|i| lambda[i] / (total[i] + offset));
                    sums.add_logarithms(&shares, &numbers(|i| shares[i] + offset));
                }
            }
        }
        for (i, value) in to.iter_mut().enumerate() {
            let known = round_known(-sums.value[i], sums.uncertainty[i]);
            *value = known.unwrap_or_else(|| self.entropy_by_library(i));
        }
    }

    #[cold]
    fn entropy_by_library(&self, i: usize) -> f32 {
        let [lambda, basis] = [&self.lambda, &self.basis].map(|numbers| {
            let at = |axis: usize| numbers[axis][i];
            [at(0), at(1), at(2)]
        });
        shape::entropy(self.features.convention.entropy, lambda, basis) as f32
    }
}

/// A number a query.
#[inline(always)]
fn numbers(of: impl Fn(usize) -> f64) -> Numbers {
    let mut numbers = [0.0; WIDTH];
    for (i, number) in numbers.iter_mut().enumerate() {
        *number = of(i);
    }
    numbers
}

/// Values of the first queries, rounded.
#[inline(always)]
fn fill(to: &mut [f32], of: impl Fn(usize) -> f64) {
    for (i, value) in to.iter_mut().enumerate().take(WIDTH) {
        *value = of(i) as f32;
    }
}

fn write_cube_roots(of: &Numbers, to: &mut [f32]) {
    let roots = cube_roots(of);
    for (i, value) in to.iter_mut().enumerate() {
        let known = round_known(roots.value[i], roots.uncertainty[i]);
        *value = known.unwrap_or_else(|| of[i].cbrt() as f32);
    }
}
