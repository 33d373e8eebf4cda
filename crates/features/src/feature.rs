//! The features by name: unit, and how a column behaves when a cloud is turned or scaled.

/// One number about the neighbourhood of a point.
///
/// λ₁ ≥ λ₂ ≥ λ₃ are the eigenvalues of the covariance of the neighbourhood, n is the unit
/// eigenvector of λ₃ (the surface normal), Σ = λ₁ + λ₂ + λ₃. The formulas are those of
/// [`Convention::ISOPACH`](crate::Convention::ISOPACH); a [`Convention`](crate::Convention) may
/// change them. Eigenvalue features follow Weinmann et al. 2015; docs/algorithms/features.md has
/// all formulas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Feature {
    /// (λ₁ − λ₂)/λ₁: 1 for a line.
    Linearity,
    /// (λ₂ − λ₃)/λ₁: 1 for a disc.
    Planarity,
    /// λ₃/λ₁: 1 for a ball ("scattering" elsewhere).
    Sphericity,
    /// (λ₁ − λ₃)/λ₁.
    Anisotropy,
    /// ∛(λ₁ λ₂ λ₃), m².
    Omnivariance,
    /// −Σ pᵢ ln pᵢ with pᵢ = λᵢ/Σ and 0 ln 0 = 0.
    Eigenentropy,
    /// λ₃/Σ ("change of curvature" and "normal change rate" elsewhere).
    SurfaceVariation,
    /// Σ, m².
    EigenvalueSum,
    /// λ₁, m².
    Eigenvalue1,
    /// λ₂, m².
    Eigenvalue2,
    /// λ₃, m².
    Eigenvalue3,
    /// λ₁/Σ.
    Pca1,
    /// λ₂/Σ.
    Pca2,
    /// √λ₁, m.
    Length,
    /// √(√λ₁ √λ₂), m.
    Surface,
    /// ∛(√λ₁ √λ₂ √λ₃), m.
    Volume,
    /// 1 − |n_z|: 0 for level ground, 1 for a wall.
    Verticality,
    /// |n_z|.
    Horizontality,
    /// First component of the normal, east.
    NormalX,
    /// Second component of the normal, north.
    NormalY,
    /// Third component of the normal, up.
    NormalZ,
    /// √(verticality · planarity).
    WallLikelihood,
    /// √(horizontality · planarity).
    RoofLikelihood,
    /// Number of points in the neighbourhood, the point itself included.
    NumberOfNeighbours,
    /// Points per volume of the ball, count/(4/3 π r³), 1/m³. For the k nearest, r is the distance
    /// to the farthest of them.
    Density,
    /// Points per area of the disc, count/(π r²), 1/m².
    SurfaceDensity,
    /// Radius of the neighbourhood, metres, or its k: the chosen one where the best of several is
    /// taken.
    Scale,
    /// Standard deviation of the heights, m.
    HeightDeviation,
    /// Highest minus lowest height of the neighbourhood, m.
    HeightRange,
    /// Highest height of the neighbourhood minus that of the point, m.
    HeightAbove,
    /// Height of the point minus the lowest of the neighbourhood, m.
    HeightBelow,
    /// Distance of the point to the plane fitted to the other points, m.
    Roughness,
    /// [`Self::Roughness`] with the sign of the side that the normal points to, m.
    SignedRoughness,
    /// Mean curvature of the quadric fitted in the frame of the normal, 1/m: positive in hollows.
    MeanCurvature,
    /// Gaussian curvature of that quadric, 1/m²: negative on saddles.
    GaussianCurvature,
}

/// How a column changes when the cloud is turned, mirrored or scaled; augmentation must know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum ColumnKind {
    /// Unchanged by rotation about the vertical and by scaling.
    Scalar,
    /// Scales with this power of the scale; unchanged by rotation about the vertical.
    ScalesAs(i8),
    /// One component (0 east, 1 north, 2 up) of a vector that turns with the cloud.
    Vector(u8),
}

/// Data that a feature is computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Needs {
    /// Number of points, eigenvalues and normal of the neighbourhood.
    Shape,
    /// Count, mean and covariance of the neighbourhood.
    Covariance,
    /// The neighbours themselves.
    Neighbours,
}

/// Properties of one feature.
struct Entry {
    feature: Feature,
    name: &'static str,
    unit: &'static str,
    kind: ColumnKind,
    needs: Needs,
}

const fn entry(
    feature: Feature,
    name: &'static str,
    unit: &'static str,
    kind: ColumnKind,
) -> Entry {
    Entry {
        feature,
        name,
        unit,
        kind,
        needs: Needs::Shape,
    }
}

const fn of_covariance(
    feature: Feature,
    name: &'static str,
    unit: &'static str,
    kind: ColumnKind,
) -> Entry {
    Entry {
        needs: Needs::Covariance,
        ..entry(feature, name, unit, kind)
    }
}

const fn of_neighbours(
    feature: Feature,
    name: &'static str,
    unit: &'static str,
    kind: ColumnKind,
) -> Entry {
    Entry {
        needs: Needs::Neighbours,
        ..entry(feature, name, unit, kind)
    }
}

use ColumnKind::{Scalar, ScalesAs, Vector};

/// In the order of the enumeration.
const TABLE: [Entry; 35] = [
    entry(Feature::Linearity, "linearity", "", Scalar),
    entry(Feature::Planarity, "planarity", "", Scalar),
    entry(Feature::Sphericity, "sphericity", "", Scalar),
    entry(Feature::Anisotropy, "anisotropy", "", Scalar),
    entry(Feature::Omnivariance, "omnivariance", "m2", ScalesAs(2)),
    entry(Feature::Eigenentropy, "eigenentropy", "", Scalar),
    entry(Feature::SurfaceVariation, "surface_variation", "", Scalar),
    entry(Feature::EigenvalueSum, "eigenvalue_sum", "m2", ScalesAs(2)),
    entry(Feature::Eigenvalue1, "eigenvalue1", "m2", ScalesAs(2)),
    entry(Feature::Eigenvalue2, "eigenvalue2", "m2", ScalesAs(2)),
    entry(Feature::Eigenvalue3, "eigenvalue3", "m2", ScalesAs(2)),
    entry(Feature::Pca1, "pca1", "", Scalar),
    entry(Feature::Pca2, "pca2", "", Scalar),
    entry(Feature::Length, "length", "m", ScalesAs(1)),
    entry(Feature::Surface, "surface", "m", ScalesAs(1)),
    entry(Feature::Volume, "volume", "m", ScalesAs(1)),
    entry(Feature::Verticality, "verticality", "", Scalar),
    entry(Feature::Horizontality, "horizontality", "", Scalar),
    entry(Feature::NormalX, "nx", "", Vector(0)),
    entry(Feature::NormalY, "ny", "", Vector(1)),
    entry(Feature::NormalZ, "nz", "", Vector(2)),
    entry(Feature::WallLikelihood, "wall_likelihood", "", Scalar),
    entry(Feature::RoofLikelihood, "roof_likelihood", "", Scalar),
    entry(
        Feature::NumberOfNeighbours,
        "number_of_neighbors",
        "points",
        Scalar,
    ),
    entry(Feature::Density, "density", "points/m3", ScalesAs(-3)),
    entry(
        Feature::SurfaceDensity,
        "surface_density",
        "points/m2",
        ScalesAs(-2),
    ),
    entry(Feature::Scale, "scale", "m or points", Scalar),
    of_covariance(
        Feature::HeightDeviation,
        "height_deviation",
        "m",
        ScalesAs(1),
    ),
    of_neighbours(Feature::HeightRange, "height_range", "m", ScalesAs(1)),
    of_neighbours(Feature::HeightAbove, "height_above", "m", ScalesAs(1)),
    of_neighbours(Feature::HeightBelow, "height_below", "m", ScalesAs(1)),
    of_covariance(Feature::Roughness, "roughness", "m", ScalesAs(1)),
    of_covariance(
        Feature::SignedRoughness,
        "signed_roughness",
        "m",
        ScalesAs(1),
    ),
    of_neighbours(
        Feature::MeanCurvature,
        "mean_curvature",
        "1/m",
        ScalesAs(-1),
    ),
    of_neighbours(
        Feature::GaussianCurvature,
        "gaussian_curvature",
        "1/m2",
        ScalesAs(-2),
    ),
];

impl Feature {
    /// All features, in the order of their columns.
    pub fn all() -> impl ExactSizeIterator<Item = Self> + Clone {
        TABLE.iter().map(|entry| entry.feature)
    }

    fn entry(self) -> &'static Entry {
        &TABLE[self as usize]
    }

    /// Name of its column, in the lower case that jakteristics and IGN's data sets use.
    ///
    /// ```
    /// use isopach_features::Feature;
    /// assert_eq!(Feature::SurfaceVariation.name(), "surface_variation");
    /// assert_eq!(Feature::named("nz"), Some(Feature::NormalZ));
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// Its unit, in ASCII (`m2` for square metres); empty for a ratio.
    #[must_use]
    pub fn unit(self) -> &'static str {
        self.entry().unit
    }

    /// How its column changes when the cloud is turned or scaled.
    #[must_use]
    pub fn kind(self) -> ColumnKind {
        self.entry().kind
    }

    /// The feature whose column has this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|feature| feature.name() == name)
    }

    pub(crate) fn needs(self) -> Needs {
        self.entry().needs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enumeration() {
        for (at, entry) in TABLE.iter().enumerate() {
            assert_eq!(entry.feature as usize, at, "{}", entry.name);
        }
    }

    #[test]
    fn names_are_distinct_and_fit_extra_bytes_with_a_scale() {
        for feature in Feature::all() {
            assert_eq!(Feature::named(feature.name()), Some(feature));
            assert!(feature.name().len() <= 24, "{}", feature.name());
        }
    }
}
