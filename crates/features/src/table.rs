//! Results: one column a feature.

use crate::Feature;

/// Values of one feature at all points.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FeatureColumn {
    /// Meaning of the values.
    pub feature: Feature,
    /// Name for files: the convention's name of the feature, and the radius where there are
    /// several (`linearity_r0.5`).
    pub name: String,
    /// One value a point, rounded once to `f32`; NaN where there is none.
    pub values: Vec<f32>,
}

/// Features of points, and how many points lack them.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PointFeatures {
    /// Columns: the wanted features in their order, radius by radius.
    pub columns: Vec<FeatureColumn>,
    /// Neighbourhoods without features, by reason.
    pub gaps: Gaps,
}

/// Neighbourhoods that lack features, by reason. Their values are NaN; the number of neighbours
/// stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Gaps {
    /// Fewer points than [`Convention::fewest_points`](crate::Convention::fewest_points).
    pub too_few: u64,
    /// Fewer than k points within the largest distance.
    pub out_of_reach: u64,
    /// Enough points, but on a line or in one place: no normal.
    pub no_plane: u64,
}

impl Gaps {
    /// The sum of two counts.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            too_few: self.too_few + other.too_few,
            out_of_reach: self.out_of_reach + other.out_of_reach,
            no_plane: self.no_plane + other.no_plane,
        }
    }
}

impl PointFeatures {
    /// Number of points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, |column| column.values.len())
    }

    /// Whether there is no point.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values of the first column of a feature.
    #[must_use]
    pub fn values(&self, feature: Feature) -> Option<&[f32]> {
        let column = self.columns.iter().find(|column| column.feature == feature);
        column.map(|column| &column.values[..])
    }
}
