//! The summary and the page beside the LAZ file.

use super::{
    columns::OutputColumn,
    heights,
    kept::column_names,
    maps::Maps,
    outliers::OutlierRun,
    output::Output,
    overwrite,
    page::{Values, page_html},
    run::FeatureRun,
};
use isopach::{
    compute::{Error, Result},
    features::{Neighbourhood, NormalSide},
    tiling::RunReport,
};
use isopach_program::write_file::write_file;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The path of the summary of an output: `out.laz.json`.
pub(crate) fn summary_path(out: &Path) -> PathBuf {
    with_ending(out, ".json")
}

/// The path of the page of an output: `out.laz.html`.
pub(crate) fn page_path(out: &Path) -> PathBuf {
    with_ending(out, ".html")
}

/// The path with more at the end of its name.
pub(crate) fn with_ending(out: &Path, ending: &str) -> PathBuf {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    out.with_file_name(name)
}

/// Shares of the quantiles in the summary.
const SHARES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// Writes the summary and the page: parameters, counts and columns.
pub(super) fn write_summary(
    run: &FeatureRun<'_>,
    output: &Output<'_>,
    report: &RunReport,
) -> Result<()> {
    let counted = &output.counted;
    let features = &run.features;
    let values = &output.views.values;
    let columns: Vec<Value> = run
        .columns
        .iter()
        .zip(values)
        .map(|(column, values)| describe_column(column, values))
        .collect();
    let height = heights::describe_heights(&run.options.height, output);
    let summary = json!({
        "program": "isopach features",
        "version": env!("CARGO_PKG_VERSION"),
        "inputs": run.inputs,
        "points": counted.points,
        "attributes": column_names(output.schema.columns),
        "extra_attributes": run.kept.summary(),
        "convention": features.convention.name,
        "neighbourhood": neighbourhood_of(&features.neighbourhood),
        "normals": match features.normals {
            NormalSide::TowardsPath => json!({
                "towards_path": run.options.trajectory.as_ref().map(|path| path.display().to_string()),
                "points_outside_path": counted.outside_path,
            }),
            side => normals_of(side),
        },
        "neighbourhoods_without_features": {
            "too_few_points": counted.gaps.too_few,
            "out_of_reach": counted.gaps.out_of_reach,
            "no_plane": counted.gaps.no_plane,
        },
        "columns": columns,
        "height_above_ground": height,
        "maps": output.maps.as_ref().map(Maps::summary),
        "outliers": output.outliers.as_ref().map(OutlierRun::summary),
        "tiles": report.tiles,
        "tiles_kept": report.tiles_kept,
        "warnings": run.warnings,
        overwrite::KEY: run.made_from,
    });
    let text = serde_json::to_string_pretty(&summary).map_err(Error::source)?;
    let out = &run.options.out;
    write_file(&summary_path(out), (text + "\n").as_bytes())?;
    let page = page_html(&summary, &run.columns, &output.views)?;
    write_file(&page_path(out), page.as_bytes())
}

/// A column: its definition and the distribution of its values.
fn describe_column(column: &OutputColumn, values: &Values) -> Value {
    let quantiles: Vec<f64> = SHARES.iter().map(|share| values.quantile(*share)).collect();
    json!({
        "name": column.name,
        "feature": column.quantity,
        "unit": column.unit,
        "kind": column.kind_value(),
        "convention": column.convention,
        "neighbourhood": column.neighbourhood,
        "values": values.count(),
        "missing": values.missing(),
        "mean": values.mean(),
        "min": values.least(),
        "max": values.largest(),
        "quantile_shares": SHARES,
        "quantiles": quantiles,
    })
}

/// A neighbourhood in the summary.
/// The side of normals.
pub(crate) fn normals_of(side: NormalSide) -> Value {
    match side {
        NormalSide::Up => json!("up"),
        NormalSide::Towards(place) => json!({ "towards": place }),
        other => json!(format!("{other:?}")),
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
