//! Selections of features: named sets and lists.

use crate::Feature;
use Feature::{
    Anisotropy, Density, Eigenentropy, Eigenvalue1, Eigenvalue2, Eigenvalue3, EigenvalueSum,
    GaussianCurvature, HeightAbove, HeightBelow, HeightDeviation, HeightRange, Linearity,
    MeanCurvature, NormalX, NormalY, NormalZ, NumberOfNeighbours, Omnivariance, Pca1, Pca2,
    Planarity, RoofLikelihood, Roughness, Sphericity, SurfaceVariation, Verticality,
    WallLikelihood,
};
use std::{fmt, str::FromStr};

/// Features to compute, in the order of [`Feature::all`], each once.
///
/// ```
/// use isopach_features::{Feature, Wanted};
/// let wanted: Wanted = "minimal,nz".parse()?;
/// assert!(wanted.contains(Feature::Linearity) && wanted.contains(Feature::NormalZ));
/// assert!("minimal,linearty".parse::<Wanted>().is_err());
/// # Ok::<(), isopach_features::UnknownFeature>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Wanted(Vec<Feature>);

/// The shape in four numbers.
const MINIMAL: [Feature; 4] = [Linearity, Planarity, Sphericity, Verticality];

/// For classes such as ground, building and vegetation.
const LOD2: [Feature; 12] = [
    Linearity,
    Planarity,
    Sphericity,
    Anisotropy,
    SurfaceVariation,
    Verticality,
    NormalX,
    NormalY,
    NormalZ,
    Roughness,
    HeightRange,
    Density,
];

/// For parts of buildings, cables and furniture of streets.
const LOD3: [Feature; 26] = [
    Linearity,
    Planarity,
    Sphericity,
    Anisotropy,
    Omnivariance,
    Eigenentropy,
    SurfaceVariation,
    EigenvalueSum,
    Eigenvalue1,
    Eigenvalue2,
    Eigenvalue3,
    Verticality,
    NormalX,
    NormalY,
    NormalZ,
    WallLikelihood,
    RoofLikelihood,
    NumberOfNeighbours,
    Density,
    HeightDeviation,
    HeightRange,
    HeightAbove,
    HeightBelow,
    Roughness,
    MeanCurvature,
    GaussianCurvature,
];

/// The eleven features that jakteristics computes by default, and the normal.
const GEOMETRY: [Feature; 14] = [
    Linearity,
    Planarity,
    Sphericity,
    Anisotropy,
    Omnivariance,
    Eigenentropy,
    SurfaceVariation,
    EigenvalueSum,
    Pca1,
    Pca2,
    Verticality,
    NormalX,
    NormalY,
    NormalZ,
];

impl Wanted {
    /// Names of the sets, from the smallest to the largest.
    pub const SETS: [&'static str; 5] = ["minimal", "lod2", "geometry", "lod3", "full"];

    /// These features.
    #[must_use]
    pub fn of(features: &[Feature]) -> Self {
        let mut features = features.to_vec();
        features.sort_unstable();
        features.dedup();
        Self(features)
    }

    /// The set of this name, one of [`Self::SETS`].
    #[must_use]
    pub fn set(name: &str) -> Option<Self> {
        match name {
            "minimal" => Some(Self::of(&MINIMAL)),
            "lod2" => Some(Self::of(&LOD2)),
            "lod3" => Some(Self::of(&LOD3)),
            "geometry" => Some(Self::of(&GEOMETRY)),
            "full" => Some(Self(Feature::all().collect())),
            _ => None,
        }
    }

    /// The features.
    #[must_use]
    pub fn features(&self) -> &[Feature] {
        &self.0
    }

    /// Whether a feature is among them.
    #[must_use]
    pub fn contains(&self, feature: Feature) -> bool {
        self.0.contains(&feature)
    }
}

impl FromStr for Wanted {
    type Err = UnknownFeature;

    /// A list of sets and features, separated by commas.
    fn from_str(text: &str) -> Result<Self, UnknownFeature> {
        let mut features = Vec::new();
        for name in text.split(',').map(str::trim) {
            if let Some(set) = Self::set(name) {
                features.extend(set.0);
            } else if let Some(feature) = Feature::named(name) {
                features.push(feature);
            } else {
                return Err(UnknownFeature { name: name.into() });
            }
        }
        Ok(Self::of(&features))
    }
}

/// A name that is neither a feature nor a set of features.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFeature {
    /// The name that was given.
    pub name: String,
}

impl fmt::Display for UnknownFeature {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let features: Vec<&str> = Feature::all().map(Feature::name).collect();
        write!(
            to,
            "`{}` is neither a feature nor a set: the sets are {}; the features are {}",
            self.name,
            Wanted::SETS.join(", "),
            features.join(", ")
        )
    }
}

impl std::error::Error for UnknownFeature {}
