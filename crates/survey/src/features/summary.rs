//! The summary beside the LAZ file.

use super::{options::HeightArgs, output::Counted, run::FeatureRun};
use isopach::{
    compute::{Error, Result},
    features::{ColumnKind, Feature, GroundSurface, Neighbourhood, NormalSide},
    tiling::RunReport,
};
use isopach_program::write_file::write_file;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The path of the summary of an output: `out.laz.json`.
pub(super) fn summary_path(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".json");
    name.into()
}

/// Writes parameters, counts and the kind of each column.
pub(super) fn write_summary(
    run: &FeatureRun<'_>,
    counted: &Counted,
    report: &RunReport,
) -> Result<()> {
    let features = &run.features;
    let columns: Vec<Value> = run
        .columns
        .iter()
        .zip(&counted.columns)
        .map(|((name, feature), sums)| {
            json!({
                "name": name,
                "feature": feature.name(),
                "unit": feature.unit(),
                "kind": kind_of(*feature),
                "values": sums.count,
                "mean": sums.sum / sums.count as f64,
                "min": sums.least,
                "max": sums.largest,
            })
        })
        .collect();
    let height = run.options.height.above().map(|above| {
        json!({
            "column": HeightArgs::COLUMN,
            "surface": surface_of(above.surface),
            "ground": match run.options.height.find_ground {
                true => json!("found by the morphological filter"),
                false => json!({ "classes": run.options.height.ground_classes }),
            },
            "max_distance_m": above.max_distance,
            "points_without": counted.without_height,
        })
    });
    let summary = json!({
        "program": "isopach features",
        "version": env!("CARGO_PKG_VERSION"),
        "inputs": run.inputs,
        "points": counted.points,
        "convention": features.convention.name,
        "neighbourhood": neighbourhood_of(&features.neighbourhood),
        "normals": match features.normals {
            NormalSide::Towards(place) => json!({ "towards": place }),
            _ => json!("up"),
        },
        "neighbourhoods_without_features": {
            "too_few_points": counted.gaps.too_few,
            "out_of_reach": counted.gaps.out_of_reach,
            "no_plane": counted.gaps.no_plane,
        },
        "columns": columns,
        "height_above_ground": height,
        "tiles": report.tiles,
        "warnings": run.warnings,
    });
    let text = serde_json::to_string_pretty(&summary).map_err(Error::source)?;
    write_file(&summary_path(&run.options.out), (text + "\n").as_bytes())
}

pub(crate) fn surface_of(surface: GroundSurface) -> Value {
    match surface {
        GroundSurface::Nearest => json!("nearest"),
        GroundSurface::InverseDistance { k, power } => json!({ "nearest": k, "power": power }),
        GroundSurface::Triangulated => json!("triangulation"),
        other => json!(format!("{other:?}")),
    }
}

fn kind_of(feature: Feature) -> Value {
    match feature.kind() {
        ColumnKind::ScalesAs(power) => json!({ "scales_as": power }),
        ColumnKind::Vector(axis) => json!({ "vector": axis }),
        _ => json!("scalar"),
    }
}

pub(crate) fn neighbourhood_of(neighbourhood: &Neighbourhood) -> Value {
    match neighbourhood {
        Neighbourhood::Radius(radius) => json!({ "radius_m": radius }),
        Neighbourhood::Radii(radii) => json!({ "radii_m": radii }),
        Neighbourhood::Nearest { k, max_distance } => {
            json!({ "nearest": k, "max_distance_m": max_distance })
        }
        Neighbourhood::NearestWithin { k, radius } => {
            json!({ "nearest": k, "radius_m": radius })
        }
        Neighbourhood::OptimalRadius(radii) => json!({ "optimal_of_radii_m": radii }),
        Neighbourhood::OptimalNearest { ks, max_distance } => {
            json!({ "optimal_of_nearest": ks, "max_distance_m": max_distance })
        }
        other => json!(format!("{other:?}")),
    }
}
