//! The columns of the output: names, units, conventions and neighbourhoods.

use super::{
    options::{FeatureOptions, GroundArgs, HeightArgs},
    summary,
};
use isopach::features::{ColumnKind, Feature, Features, Neighbourhood};
use isopach::las::{ExtraBytes, ExtraKind};
use serde_json::{Value, json};

/// Bytes of the description of an extra column.
const DESCRIPTION: usize = 32;

/// A column of the output file.
#[derive(Clone, Debug)]
pub(super) struct OutputColumn {
    /// Name in the file.
    pub(super) name: String,
    /// Name of the quantity: columns of one quantity at several scales share it.
    pub(super) quantity: &'static str,
    /// Unit in ASCII; empty for a ratio.
    pub(super) unit: &'static str,
    /// The scale, where there are several: `r = 0.5 m`.
    pub(super) scale: Option<String>,
    /// Whether values of both signs are usual.
    pub(super) is_signed: bool,
    /// How the values change when the cloud is turned or scaled.
    pub(super) kind: ColumnKind,
    /// Whose formula it is; `None` for heights above ground, which have one.
    pub(super) convention: Option<&'static str>,
    /// The points that a value depends on.
    pub(super) neighbourhood: Value,
}

impl OutputColumn {
    /// All columns of a run, in the order of the file.
    pub(super) fn of_run(features: &Features, options: &FeatureOptions) -> Vec<Self> {
        let table = features.empty_table(0);
        let a_scale = features.wanted.features().len();
        let of_features = table.columns.iter().enumerate();
        let mut columns: Vec<Self> = of_features
            .map(|(i, column)| {
                let radius = match &features.neighbourhood {
                    Neighbourhood::Radii(radii) => radii.get(i / a_scale.max(1)),
                    _ => None,
                };
                Self {
                    name: column.name.clone(),
                    quantity: column.feature.name(),
                    unit: column.feature.unit(),
                    scale: radius.map(|radius| format!("r = {radius} m")),
                    is_signed: has_both_signs(column.feature),
                    kind: column.feature.kind(),
                    convention: Some(features.convention.name),
                    neighbourhood: match radius {
                        Some(radius) => json!({ "radius_m": radius }),
                        None => summary::neighbourhood_of(&features.neighbourhood),
                    },
                }
            })
            .collect();
        if options.height.is_wanted() {
            columns.push(Self::height(&options.height));
        }
        columns
    }

    fn height(options: &HeightArgs) -> Self {
        Self {
            name: GroundArgs::COLUMN.to_owned(),
            quantity: GroundArgs::COLUMN,
            unit: "m",
            scale: None,
            is_signed: false,
            kind: ColumnKind::ScalesAs(1),
            convention: None,
            neighbourhood: match options.ground.above() {
                Some(above) => json!({ "ground_within_m": above.max_distance }),
                None => json!({ "terrain": options.terrain }),
            },
        }
    }

    /// The extra bytes of the column: name, unit and convention.
    pub(super) fn extra_bytes(&self) -> ExtraBytes {
        let convention = self.convention.map(|name| format!("{name} convention"));
        let unit = Some(self.unit.to_owned()).filter(|unit| !unit.is_empty());
        let words: Vec<String> = unit.into_iter().chain(convention).collect();
        let mut about = words.join(", ");
        about.truncate(DESCRIPTION);
        ExtraBytes::new(&self.name, &about, ExtraKind::F32)
    }

    /// Description of the column in a map: name, unit and convention, in ASCII.
    pub(super) fn map_description(&self) -> String {
        let unit = Some(self.unit.to_owned()).filter(|unit| !unit.is_empty());
        let convention = self.convention.map(|name| format!("{name} convention"));
        let words = [Some(self.name.clone()), unit, convention];
        let words: Vec<String> = words.into_iter().flatten().collect();
        format!("{}: mean of the points of a cell", words.join(", "))
    }

    /// The kind in the summary.
    pub(super) fn kind_value(&self) -> Value {
        match self.kind {
            ColumnKind::ScalesAs(power) => json!({ "scales_as": power }),
            ColumnKind::Vector(axis) => json!({ "vector": axis }),
            _ => json!("scalar"),
        }
    }
}

/// Whether a feature has values of both signs; of a vector the page looks at the values.
fn has_both_signs(feature: Feature) -> bool {
    matches!(
        feature,
        Feature::SignedRoughness | Feature::MeanCurvature | Feature::GaussianCurvature
    ) || matches!(feature.kind(), ColumnKind::Vector(_))
}
