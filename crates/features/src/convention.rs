//! Conventions: the formulas of other tools behind the same names, as data.

use crate::Feature;

/// Formulas behind the names of features. Tools differ; the output says which convention it has.
///
/// The constants reproduce five tools. [`Convention::PDAL`] is written from PDAL's source and not
/// compared with its output; the others are held against the output of the tools by tests.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Convention {
    /// Its name, for the command line and for records of a run.
    pub name: &'static str,
    /// Divisor of the covariance.
    pub divisor: Divisor,
    /// The numbers that ratios, sums and products are made of.
    pub basis: Basis,
    /// Added to denominators, metres; its square and cube to the products below the roots of
    /// surface and volume.
    pub offset: f64,
    /// Formula of the eigenentropy.
    pub entropy: Entropy,
    /// Formula of the verticality.
    pub verticality: Verticality,
    /// Direction of the quadric whose curvature is taken.
    pub curvature: QuadricAxis,
    /// Neighbourhoods of fewer points have no features: NaN.
    pub fewest_points: u32,
    /// Columns that are called otherwise than [`Feature::name`].
    pub names: &'static [(Feature, &'static str)],
}

/// Divisor of a covariance of n points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Divisor {
    /// n.
    Count,
    /// n − 1.
    CountMinusOne,
}

/// The three numbers that eigenvalue features are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Basis {
    /// λ.
    Eigenvalues,
    /// σ = √λ.
    SquareRoots,
}

/// Formula of the eigenentropy.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Entropy {
    /// −Σ p ln p with p = λ/Σλ: between 0 and ln 3, whatever the unit.
    OfShares,
    /// −Σ b ln b of the numbers of the basis themselves: depends on the unit of length.
    OfBasis,
    /// −Σ p ln(p + o) with p = λ/(Σλ + o).
    OfSharesWithOffset(f64),
}

/// Formula of the verticality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Verticality {
    /// 1 − |n_z| (Demantké et al. 2012).
    OfNormal,
    /// The vertical component of the unit vector along Σᵢ λᵢ |vᵢ| (Guinard and Landrieu 2017).
    OfAllAxes,
}

/// Direction along which the height of the quadric is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum QuadricAxis {
    /// The normal: turning the cloud changes nothing.
    Normal,
    /// The axis of the coordinates that is nearest to the normal; curvatures without their sign.
    /// Turning the cloud changes them.
    Coordinate,
}

impl Convention {
    /// This library's: ratios of eigenvalues, entropy of shares, NaN below three points.
    pub const ISOPACH: Self = Self {
        name: "isopach",
        divisor: Divisor::CountMinusOne,
        basis: Basis::Eigenvalues,
        offset: 0.0,
        entropy: Entropy::OfShares,
        verticality: Verticality::OfNormal,
        curvature: QuadricAxis::Normal,
        fewest_points: 3,
        names: &[],
    };

    /// jakteristics 0.6: entropy of the eigenvalues themselves, in m² ln m².
    pub const JAKTERISTICS: Self = Self {
        name: "jakteristics",
        entropy: Entropy::OfBasis,
        fewest_points: 2,
        names: &[(Feature::Pca1, "PCA1"), (Feature::Pca2, "PCA2")],
        ..Self::ISOPACH
    };

    /// CloudCompare 2.11: divisor n, entropy of the eigenvalues themselves, curvatures along a
    /// coordinate axis, nothing below four points.
    pub const CLOUDCOMPARE: Self = Self {
        name: "cloudcompare",
        divisor: Divisor::Count,
        entropy: Entropy::OfBasis,
        curvature: QuadricAxis::Coordinate,
        fewest_points: 4,
        names: &[(Feature::Pca1, "PCA1"), (Feature::Pca2, "PCA2")],
        ..Self::ISOPACH
    };

    /// pgeof 0.3 (superpoint graphs): ratios of square roots, 10⁻³ m in denominators.
    pub const PGEOF: Self = Self {
        name: "pgeof",
        divisor: Divisor::Count,
        basis: Basis::SquareRoots,
        offset: 1e-3,
        entropy: Entropy::OfSharesWithOffset(1e-3),
        fewest_points: 1,
        names: &[
            (Feature::Sphericity, "scattering"),
            (Feature::SurfaceVariation, "curvature"),
        ],
        ..Self::ISOPACH
    };

    /// PDAL's `filters.covariancefeatures` in its default mode: everything of square roots.
    pub const PDAL: Self = Self {
        name: "pdal",
        basis: Basis::SquareRoots,
        entropy: Entropy::OfBasis,
        verticality: Verticality::OfAllAxes,
        names: &[
            (Feature::Linearity, "Linearity"),
            (Feature::Planarity, "Planarity"),
            (Feature::Sphericity, "Scattering"),
            (Feature::Verticality, "Verticality"),
            (Feature::Omnivariance, "Omnivariance"),
            (Feature::EigenvalueSum, "EigenvalueSum"),
            (Feature::Eigenentropy, "Eigenentropy"),
            (Feature::Anisotropy, "Anisotropy"),
            (Feature::SurfaceVariation, "SurfaceVariation"),
            (Feature::Density, "Density"),
            (Feature::NormalX, "NormalX"),
            (Feature::NormalY, "NormalY"),
            (Feature::NormalZ, "NormalZ"),
        ],
        ..Self::ISOPACH
    };

    /// All conventions.
    pub const ALL: [Self; 5] = [
        Self::ISOPACH,
        Self::JAKTERISTICS,
        Self::CLOUDCOMPARE,
        Self::PGEOF,
        Self::PDAL,
    ];

    /// The convention of this name.
    ///
    /// ```
    /// use isopach_features::{Convention, Feature};
    /// let pgeof = Convention::named("pgeof").expect("a convention of this name");
    /// assert_eq!(pgeof.column_name(Feature::Sphericity), "scattering");
    /// ```
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|convention| convention.name == name)
    }

    /// Name of the column of a feature.
    #[must_use]
    pub fn column_name(&self, feature: Feature) -> &'static str {
        let own = self.names.iter().find(|(named, _)| *named == feature);
        own.map_or(feature.name(), |(_, name)| name)
    }
}
