//! The summary beside the LAZ file.

use super::{heights, outliers::OutlierRun, output::Output, run::FeatureRun};
use isopach::{
    compute::{Error, Result},
    features::{ColumnKind, Feature, Neighbourhood, NormalSide},
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
    output: &Output,
    report: &RunReport,
) -> Result<()> {
    let features = &run.features;
    let counted = &output.counted;
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
    let height = heights::describe_heights(&run.options.height, output);
    let summary = json!({
        "program": "isopach features",
        "version": env!("CARGO_PKG_VERSION"),
        "inputs": run.inputs,
        "points": counted.points,
        "convention": features.convention.name,
        "neighbourhood": neighbourhood_of(&features.neighbourhood),
        "normals": match features.normals {
            NormalSide::Towards(place) => json!({ "towards": place }),
            NormalSide::TowardsPath => json!({
                "towards_path": run.options.trajectory.as_ref().map(|path| path.display().to_string()),
                "points_outside_path": counted.outside_path,
            }),
            _ => json!("up"),
        },
        "neighbourhoods_without_features": {
            "too_few_points": counted.gaps.too_few,
            "out_of_reach": counted.gaps.out_of_reach,
            "no_plane": counted.gaps.no_plane,
        },
        "columns": columns,
        "height_above_ground": height,
        "outliers": output.outliers.as_ref().map(OutlierRun::summary),
        "tiles": report.tiles,
        "warnings": run.warnings,
    });
    let text = serde_json::to_string_pretty(&summary).map_err(Error::source)?;
    write_file(&summary_path(&run.options.out), (text + "\n").as_bytes())
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
