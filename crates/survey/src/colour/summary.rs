//! The summary and the page beside the LAZ file.

use super::{output::Output, page::page_html, run::ColourRun};
use crate::features::{
    column_names, overwrite,
    summary::{page_path, summary_path},
};
use isopach::{
    colour::{CacheCounters, CataloguedImage, ColourCounts, LevelChoice, Precedence},
    compute::{Error, Result},
    tiling::RunReport,
};
use isopach_program::write_file::write_file;
use serde_json::{Value, json};

/// Shares of the quantiles in the summary.
const SHARES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// Writes the summary and the page: parameters, counts and images.
pub(super) fn write_summary(
    run: &ColourRun<'_>,
    output: &Output,
    report: &RunReport,
) -> Result<()> {
    let ColourCounts {
        coloured,
        outside,
        masked,
        not_first_returns,
        without_ndvi,
    } = output.counts;
    let options = run.options;
    let catalogue = &run.images.catalogue;
    let images = catalogue.images().iter().zip(&output.of_images);
    let images: Vec<Value> = images
        .map(|(image, points)| describe_image(run, image, *points))
        .collect();
    let summary = json!({
        "program": "isopach colour",
        "version": env!("CARGO_PKG_VERSION"),
        "inputs": run.inputs,
        "points": output.points(),
        "coloured": coloured,
        "without_colour": {
            "outside_all_images": outside,
            "masked": masked,
            "not_first_returns": not_first_returns,
            "colour": "of the file, black if it has none",
        },
        "attributes": column_names(output.schema.columns),
        "extra_attributes": run.kept.summary(),
        "near_infrared": catalogue.has_infrared(),
        "ndvi": options.ndvi.then(|| describe_index(output, without_ndvi)),
        "sampling": format!("{:?}", run.colour.gathering.sampling).to_lowercase(),
        "masked_pixels": format!("{:?}", run.colour.gathering.masked).to_lowercase(),
        "spacing_m": match run.colour.level {
            LevelChoice::Spacing(spacing) => Some(spacing),
            LevelChoice::Number(_) => None,
        },
        "range": run.colour.range,
        "precedence": match catalogue.precedence() {
            Precedence::First => "first in order",
            Precedence::NearestDate(_) => "nearest date",
            Precedence::PointTime { .. } => "nearest date to the time of each point",
        },
        "bands_named_by": if options.images.bands.is_empty() { "file" } else { "option" },
        "images": images,
        "cache": describe_cache(run),
        "tiles": report.tiles,
        "tiles_kept": report.tiles_kept,
        "warnings": run.warnings,
        overwrite::KEY: run.made_from,
    });
    let text = serde_json::to_string_pretty(&summary).map_err(Error::source)?;
    write_file(&summary_path(&options.out), (text + "\n").as_bytes())?;
    let page = page_html(&summary, &output.views)?;
    write_file(&page_path(&options.out), page.as_bytes())
}

fn describe_image(run: &ColourRun<'_>, image: &CataloguedImage, points: u64) -> Value {
    let about = image.description();
    let level = run.colour.level.of(image);
    let bands: Vec<&str> = about.bands.iter().map(|role| role.name()).collect();
    json!({
        "image": about.name,
        "points": points,
        "level": level,
        "levels": about.levels.len(),
        "pixel_m": image.pixel_side(level),
        "bands": bands,
        "samples": format!("{:?}", about.samples).to_lowercase(),
        "date": about.date.map(|date| date.to_string()),
    })
}

/// The distribution of the vegetation index.
fn describe_index(output: &Output, without_light: u64) -> Value {
    let values = &output.views.values[3];
    let quantiles: Vec<f64> = SHARES.iter().map(|share| values.quantile(*share)).collect();
    json!({
        "column": "ndvi",
        "values": values.count(),
        "without_light": without_light,
        "mean": values.mean(),
        "quantile_shares": SHARES,
        "quantiles": quantiles,
    })
}

/// Counts of the cache, and of requests to object stores for images and their directories: of this
/// process, not of the tiles that an ended run kept.
fn describe_cache(run: &ColourRun<'_>) -> Value {
    let cache = run.images.catalogue.cache();
    let [requests, fetched_bytes] = run.images.inputs.request_counts();
    let CacheCounters {
        hits,
        waits,
        misses,
        evictions,
        stored_bytes,
        decoded_bytes,
        held_bytes,
        most_held_bytes,
    } = cache.counters();
    json!({
        "budget_bytes": cache.budget(),
        "hits": hits,
        "waits": waits,
        "misses": misses,
        "evictions": evictions,
        "stored_bytes": stored_bytes,
        "decoded_bytes": decoded_bytes,
        "held_bytes": held_bytes,
        "most_held_bytes": most_held_bytes,
        "requests": requests,
        "fetched_bytes": fetched_bytes,
    })
}
