//! Turning the normals of a table of features, and the columns whose sign depends on them.

use crate::{Feature, FeatureColumn, Features, NormalSide, PointFeatures, QuadricAxis, Wanted};

/// Components of the normal.
const NORMAL: [Feature; 3] = [Feature::NormalX, Feature::NormalY, Feature::NormalZ];

/// The side of one normal, decided after it was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Keep,
    Reverse,
    /// The side is not known: normal and signed values are NaN.
    Unknown,
}

/// The same features with normals up, the components of the normal among them.
pub(super) fn with_normals_up(features: &Features) -> Features {
    let wanted = features.wanted.features().iter().copied();
    let all: Vec<Feature> = wanted.chain(NORMAL).collect();
    Features {
        wanted: Wanted::of(&all),
        normals: NormalSide::Up,
        ..features.clone()
    }
}

/// The normals of the columns of one scale, one a point; NaN where there is none.
pub(super) fn normals_of(columns: &[FeatureColumn]) -> Vec<[f64; 3]> {
    let component = |feature: Feature| {
        let column = columns.iter().find(|column| column.feature == feature);
        column.map_or(&[][..], |column| &column.values)
    };
    let [x, y, z] = NORMAL.map(component);
    let rows = x.iter().zip(y).zip(z);
    rows.map(|((x, y), z)| [x, y, z].map(|value| f64::from(*value)))
        .collect()
}

/// Turns the normals of one scale, and leaves the features that are wanted.
pub(super) fn turn_scale(
    features: &Features,
    columns: &mut [FeatureColumn],
    turn_of: impl Fn(usize) -> Turn,
) {
    for column in columns {
        if !has_side(features, column.feature) {
            continue;
        }
        for (point, value) in column.values.iter_mut().enumerate() {
            match turn_of(point) {
                Turn::Keep => {}
                Turn::Reverse => *value = -*value,
                Turn::Unknown => *value = f32::NAN,
            }
        }
    }
}

/// Whether the sign of a feature is that of the normal's side.
fn has_side(features: &Features, feature: Feature) -> bool {
    match feature {
        Feature::NormalX | Feature::NormalY | Feature::NormalZ | Feature::SignedRoughness => true,
        Feature::MeanCurvature => features.convention.curvature == QuadricAxis::Normal,
        _ => false,
    }
}

/// Takes away the components of the normal that are not wanted.
pub(super) fn keep_wanted(features: &Features, table: &mut PointFeatures) {
    table
        .columns
        .retain(|column| features.wanted.contains(column.feature));
}
