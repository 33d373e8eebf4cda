//! Columns of patches: their names, and how they turn and scale.

use crate::PatchError;
use isopach_cloud::Columns;
use isopach_features::{
    Basis, ColumnKind as FeatureKind, Convention, Entropy, Feature, Features, Neighbourhood,
    NormalSide, QuadricAxis, Verticality,
};

/// How a column changes when a patch is turned about the vertical, mirrored or scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnKind {
    /// A class: a whole number that no statistics are made of.
    Label,
    /// Unchanged.
    Scalar,
    /// Changes with this power of the scale.
    ScalesAs(i8),
    /// Three components, east, north and up, of a vector that turns with the patch.
    Vector,
    /// As [`Self::Vector`], without a side: after turning, it points up again (n_z ≥ 0; a level
    /// one points north, else east).
    Axis,
}

/// Where a column comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnSource {
    /// An attribute of the points.
    Attribute(Attribute),
    /// A feature; of three components, the first.
    Feature(Feature),
    /// Height above the ground.
    HeightAboveGround,
}

/// Attributes of points that can be columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Attribute {
    /// ASPRS class.
    Class,
    /// Pulse return magnitude, as it is in the files.
    Intensity,
    /// Number of the return.
    ReturnNumber,
    /// Number of returns of the pulse.
    NumberOfReturns,
    /// Red, green and blue.
    Colour,
    /// Near infrared.
    NearInfrared,
    /// Point source identifier (flight line).
    PointSource,
    /// Angle of the pulse from nadir, degrees.
    ScanAngle,
    /// User data.
    UserData,
}

/// A column of patches: one or three numbers a row.
///
/// The coordinates are no column: every patch has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name for files. Names are those of Pointcept where it has one: `color`, `normal`,
    /// `strength` (intensity), `segment` (class).
    pub name: String,
    /// Where the numbers come from.
    pub source: ColumnSource,
    /// Numbers of a row: 1, or 3 of a colour, vector or axis.
    pub width: usize,
    /// How it turns and scales.
    pub kind: ColumnKind,
    /// Unit in ASCII; empty for a ratio.
    pub unit: &'static str,
    /// Whether `kind` says how it turns: not of a value that depends on the directions of the
    /// coordinates.
    pub turns: bool,
    /// Whether `kind` says how it scales: not of a value that depends on the unit of length in
    /// other ways than a power.
    pub scales: bool,
}

impl Column {
    /// Whether the column is normalised by its statistics: numbers that have no direction and are
    /// no label.
    #[must_use]
    pub fn is_normalised(&self) -> bool {
        matches!(self.kind, ColumnKind::Scalar | ColumnKind::ScalesAs(_))
    }
}

/// The attributes and the names, units and widths of their columns.
const ATTRIBUTES: [(Columns, Attribute, &str, &str, usize); 9] = [
    (Columns::RGB, Attribute::Colour, "color", "of 255", 3),
    (Columns::INTENSITY, Attribute::Intensity, "strength", "", 1),
    (
        Columns::RETURNS,
        Attribute::ReturnNumber,
        "return_number",
        "",
        1,
    ),
    (
        Columns::RETURNS,
        Attribute::NumberOfReturns,
        "number_of_returns",
        "",
        1,
    ),
    (Columns::NIR, Attribute::NearInfrared, "nir", "of 255", 1),
    (
        Columns::POINT_SOURCE,
        Attribute::PointSource,
        "point_source",
        "",
        1,
    ),
    (
        Columns::SCAN_ANGLE,
        Attribute::ScanAngle,
        "scan_angle",
        "degrees",
        1,
    ),
    (Columns::USER_DATA, Attribute::UserData, "user_data", "", 1),
    (
        Columns::CLASSIFICATION,
        Attribute::Class,
        "segment",
        "class",
        1,
    ),
];

/// The columns of attributes, in the order of the files.
pub(crate) fn of_attributes(kept: Columns) -> Result<Vec<Column>, PatchError> {
    for (refused, attribute) in [(Columns::GPS_TIME, "GPS time"), (Columns::FLAGS, "flags")] {
        if kept.contains(refused) {
            return Err(PatchError::NoColumn { attribute });
        }
    }
    let wanted = ATTRIBUTES
        .iter()
        .filter(|(column, ..)| kept.contains(*column));
    let columns = wanted.map(|&(_, attribute, name, unit, width)| Column {
        name: name.into(),
        source: ColumnSource::Attribute(attribute),
        width,
        kind: match attribute {
            Attribute::Class => ColumnKind::Label,
            _ => ColumnKind::Scalar,
        },
        unit,
        turns: true,
        scales: true,
    });
    Ok(columns.collect())
}

/// The column of heights above the ground.
pub(crate) fn of_heights() -> Column {
    Column {
        name: "height_above_ground".into(),
        source: ColumnSource::HeightAboveGround,
        width: 1,
        kind: ColumnKind::ScalesAs(1),
        unit: "m",
        turns: true,
        scales: true,
    }
}

/// The columns of features, and for each the place of its first number in the table of features.
/// Three components of a normal at one scale are one column.
pub(crate) fn of_features(features: &Features) -> Vec<(Column, usize)> {
    let table = features.empty_table(0);
    let mut columns = Vec::new();
    let mut at = 0;
    while at < table.columns.len() {
        let found = &table.columns[at];
        let next = |i: usize| table.columns.get(at + i).map(|column| column.feature);
        let is_normal = found.feature == Feature::NormalX
            && next(1) == Some(Feature::NormalY)
            && next(2) == Some(Feature::NormalZ);
        let column = if is_normal {
            normal(&found.name, features)
        } else {
            single(&found.name, found.feature, features)
        };
        let width = column.width;
        columns.push((column, at));
        at += width;
    }
    columns
}

/// The column of a normal, named after the scale of its first component.
fn normal(first: &str, features: &Features) -> Column {
    let scale = first
        .split_once("_r")
        .map(|(_, radius)| format!("_r{radius}"));
    Column {
        name: format!("normal{}", scale.unwrap_or_default()),
        source: ColumnSource::Feature(Feature::NormalX),
        width: 3,
        kind: match features.normals {
            NormalSide::Up => ColumnKind::Axis,
            _ => ColumnKind::Vector,
        },
        unit: "",
        turns: true,
        scales: true,
    }
}

fn single(name: &str, feature: Feature, features: &Features) -> Column {
    let convention = &features.convention;
    let power = power_of_scale(feature, convention, &features.neighbourhood);
    Column {
        name: name.into(),
        source: ColumnSource::Feature(feature),
        width: 1,
        kind: match power {
            Some(0) | None => ColumnKind::Scalar,
            Some(power) => ColumnKind::ScalesAs(power),
        },
        unit: feature.unit(),
        turns: turns(feature, convention),
        scales: power.is_some(),
    }
}

/// Whether a feature stays as it is when the cloud is turned about the vertical.
fn turns(feature: Feature, convention: &Convention) -> bool {
    match feature {
        Feature::NormalX | Feature::NormalY => false,
        Feature::MeanCurvature | Feature::GaussianCurvature => {
            convention.curvature == QuadricAxis::Normal
        }
        Feature::Verticality | Feature::WallLikelihood => {
            convention.verticality == Verticality::OfNormal
        }
        _ => true,
    }
}

/// The power of the scale that a feature changes with, with its neighbourhood scaled likewise;
/// `None` if it is no power.
fn power_of_scale(
    feature: Feature,
    convention: &Convention,
    neighbourhood: &Neighbourhood,
) -> Option<i8> {
    let power = match feature.kind() {
        FeatureKind::ScalesAs(power) => power,
        _ => 0,
    };
    let of_basis = match convention.basis {
        Basis::Eigenvalues => power,
        Basis::SquareRoots => power / 2,
    };
    let has_offset = convention.offset != 0.0;
    match feature {
        Feature::Omnivariance | Feature::EigenvalueSum => Some(of_basis),
        Feature::Eigenentropy => (convention.entropy == Entropy::OfShares).then_some(0),
        Feature::Linearity
        | Feature::Planarity
        | Feature::Sphericity
        | Feature::Anisotropy
        | Feature::SurfaceVariation
        | Feature::Pca1
        | Feature::Pca2
        | Feature::Surface
        | Feature::Volume
        | Feature::WallLikelihood
        | Feature::RoofLikelihood
            if has_offset =>
        {
            None
        }
        Feature::Scale => Some(match neighbourhood {
            Neighbourhood::Nearest { .. }
            | Neighbourhood::NearestWithin { .. }
            | Neighbourhood::OptimalNearest { .. } => 0,
            _ => 1,
        }),
        _ => Some(power),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isopach_features::Wanted;

    fn features(convention: Convention, wanted: &str) -> Features {
        Features {
            neighbourhood: Neighbourhood::Radii(vec![0.5, 1.0]),
            wanted: wanted.parse::<Wanted>().unwrap(),
            convention,
            normals: NormalSide::Up,
        }
    }

    #[test]
    fn components_of_a_normal_are_one_column_at_each_scale() {
        let columns = of_features(&features(Convention::ISOPACH, "linearity,nx,ny,nz"));
        let names: Vec<(&str, usize, usize)> = columns
            .iter()
            .map(|(column, at)| (column.name.as_str(), column.width, *at))
            .collect();
        assert_eq!(
            names,
            [
                ("linearity_r0.5", 1, 0),
                ("normal_r0.5", 3, 1),
                ("linearity_r1", 1, 4),
                ("normal_r1", 3, 5)
            ]
        );
        let [x, z] = ["nx", "nz"].map(|name| of_features(&features(Convention::ISOPACH, name)));
        assert!(!x[0].0.turns && z[0].0.turns);
    }

    #[test]
    fn formulas_of_a_convention_decide_how_a_column_scales() {
        let power = |convention, name| {
            let column = of_features(&features(convention, name))[0].0.clone();
            (column.scales, column.kind)
        };
        for (convention, name, expected) in [
            (
                Convention::ISOPACH,
                "omnivariance",
                (true, ColumnKind::ScalesAs(2)),
            ),
            (
                Convention::PDAL,
                "omnivariance",
                (true, ColumnKind::ScalesAs(1)),
            ),
            (
                Convention::ISOPACH,
                "density",
                (true, ColumnKind::ScalesAs(-3)),
            ),
            (
                Convention::ISOPACH,
                "scale",
                (true, ColumnKind::ScalesAs(1)),
            ),
            (
                Convention::ISOPACH,
                "eigenentropy",
                (true, ColumnKind::Scalar),
            ),
            (
                Convention::JAKTERISTICS,
                "eigenentropy",
                (false, ColumnKind::Scalar),
            ),
            (Convention::PGEOF, "linearity", (false, ColumnKind::Scalar)),
        ] {
            assert_eq!(
                power(convention, name),
                expected,
                "{} {name}",
                convention.name
            );
        }
        let turns = |convention, name| of_features(&features(convention, name))[0].0.turns;
        assert!(!turns(Convention::CLOUDCOMPARE, "mean_curvature"));
        assert!(
            !turns(Convention::PDAL, "verticality") && turns(Convention::ISOPACH, "verticality")
        );
    }

    #[test]
    fn times_and_flags_are_no_columns() {
        assert!(
            of_attributes(Columns::GPS_TIME).is_err() && of_attributes(Columns::FLAGS).is_err()
        );
        let names: Vec<String> = of_attributes(Columns::RGB | Columns::CLASSIFICATION)
            .unwrap()
            .into_iter()
            .map(|column| column.name)
            .collect();
        assert_eq!(names, ["color", "segment"]);
    }
}
