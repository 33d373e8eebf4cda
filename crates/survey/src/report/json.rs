//! The parts of summary.json.

use super::Times;
use crate::{
    distribution::Distribution,
    epochs::Epoch,
    sums::{CellSums, CorePointSums},
};
use isopach::{
    change::{ChangeStatus, PlainVolume, Volume, VolumeReport, ZonedReport},
    compute::Result,
    las::LeftOut,
    tiling::{PointSource, RunReport, RunStage},
};
use isopach_program::measure::peak_rss_mib;
use serde_json::{Map, Value, json};

/// A JSON number; null for NaN, which JSON lacks.
pub(super) fn number(value: f64) -> Value {
    if value.is_finite() {
        json!(value)
    } else {
        Value::Null
    }
}

/// An epoch and its files.
pub(super) fn input_json(epoch: &Epoch, left_out: LeftOut) -> Value {
    let catalogue = &epoch.catalogue;
    let extent = catalogue.extent();
    let duplicates = catalogue.duplicates().iter();
    let files: Vec<Value> = catalogue
        .files()
        .iter()
        .map(|file| {
            let header = file.header();
            json!({
                "path": file.path(), "las": format!("{}.{}", header.version[0], header.version[1]), "pdrf": header.format,
                "points": header.point_count, "software": header.generating_software,
            })
        })
        .collect();
    json!({
        "paths": epoch.paths,
        "files": files,
        "points": catalogue.point_count(),
        "overlapping_files": catalogue.overlaps().iter().map(|overlap| overlap.files).collect::<Vec<_>>(),
        "duplicate_files": duplicates.map(|file| json!({ "left_out": file.left_out, "kept": file.kept })).collect::<Vec<_>>(),
        "withheld_left_out": left_out.withheld,
        "noise_left_out": left_out.noise,
        "crs": catalogue.crs().map(ToString::to_string),
        "extent": [extent.min[0], extent.min[1], extent.max[0], extent.max[1]],
        "points_per_m2": number(catalogue.point_count() as f64 / extent.area()),
    })
}

/// Count, mean, deviation and quantiles.
pub(super) fn distribution_json(of: &Distribution) -> Value {
    json!({
        "count": of.count(), "missing": of.missing(), "mean": number(of.mean()), "standard_deviation": number(of.standard_deviation()),
        "median": number(of.quantile(0.5)), "q05": number(of.quantile(0.05)), "q95": number(of.quantile(0.95)),
    })
}

/// Differences, areas and volumes, in all and by zone.
pub(super) fn dod_json(cells: &CellSums, volumes: &ZonedReport, names: Vec<String>) -> Value {
    let total = &volumes.total;
    let areas = &total.areas;
    let mut difference = distribution_json(&cells.difference);
    difference["missing"] = json!(cells.one_epoch);
    let mut all = zone_json(total);
    all["difference_m"] = difference;
    all["cells"] = json!(total.cells);
    all["cells_without_level_of_detection"] = json!(total.cells_without_level_of_detection);
    all["area_significant_m2"] = json!(areas.significant);
    all["significant_share"] = number(areas.significant / areas.compared);
    if !names.is_empty() {
        let zones = names.into_iter().zip(&volumes.zones).map(|(name, report)| {
            let mut all = zone_json(report);
            all["name"] = json!(name);
            all
        });
        all["zones"] = zones.collect();
    }
    all
}

/// Areas and volumes of a zone or of everything.
fn zone_json(report: &VolumeReport) -> Value {
    let areas = &report.areas;
    json!({
        "area_m2": areas.compared,
        "area_not_tested_m2": areas.untested,
        "share_not_tested": number(areas.untested / areas.compared),
        "not_tested_m2": areas.untested_by_reason.iter().map(|(status, area): &(ChangeStatus, f64)| (status.describe().to_owned(), json!(area))).collect::<Map<_, _>>(),
        "area_only_earlier_m2": areas.only_reference,
        "area_only_later_m2": areas.only_compared,
        "share_without_data": number(areas.share_of(areas.only_reference + areas.only_compared)),
        "volumes": self::volumes_json(report),
    })
}

/// Estimates with their errors, and the plain sums.
fn volumes_json(report: &VolumeReport) -> Value {
    let volume =
        |v: Volume| json!({ "m3": v.volume, "error_m3": number(v.error), "area_m2": v.area });
    let plain = |v: PlainVolume| json!({ "m3": v.volume, "area_m2": v.area });
    let all = &report.all;
    let significant = &report.significant;
    let thresholded = &report.thresholded;
    let summed = &report.summed;
    json!({
        "net": volume(report.net), "gain": volume(report.gain), "loss": volume(report.loss),
        "significant": {
            "gain": volume(significant.gain), "loss": volume(significant.loss), "net": volume(significant.net),
        },
        "all": { "gain": volume(all.gain), "loss": volume(all.loss), "net": volume(all.net) },
        "thresholded": {
            "gain": plain(thresholded.gain), "loss": plain(thresholded.loss), "net": plain(thresholded.net),
        },
        "summed": { "gain": plain(summed.gain), "loss": plain(summed.loss), "net": plain(summed.net) },
        "standard_errors": {
            "net": error_parts(&report.parts.net), "gain": error_parts(&report.parts.gain), "loss": error_parts(&report.parts.loss),
        },
        "without_error": report.without_error,
    })
}

/// The parts of an error of a volume.
fn error_parts(parts: &isopach::change::ErrorParts) -> Value {
    json!({ "random_m3": number(parts.random), "registration_m3": number(parts.registration),
            "correlated_m3": number(parts.correlated) })
}

/// Core points by status.
pub(super) fn status_counts(counts: &[u64]) -> Map<String, Value> {
    ChangeStatus::ALL
        .iter()
        .zip(counts)
        .map(|(status, count)| (status.describe().to_owned(), json!(count)))
        .collect()
}

/// Core points with a distance but no level of detection.
pub(super) fn untested_counts(core_points: &CorePointSums) -> u64 {
    ChangeStatus::ALL
        .iter()
        .zip(core_points.status)
        .filter(|(status, _)| status.is_untested())
        .map(|(_, count)| count)
        .sum()
}

/// Core points that are significant at a rate of false discoveries.
pub(super) fn discoveries_json(rate: Option<f64>, core_points: &CorePointSums) -> Result<Value> {
    let Some(rate) = rate else {
        return Ok(Value::Null);
    };
    let threshold = core_points.false_discoveries.threshold(rate)?;
    Ok(
        json!({ "rate": rate, "p_value": threshold, "core_points": core_points.false_discoveries.count_up_to(threshold) }),
    )
}

/// Devices, tiles, memory and times.
pub(super) fn run_json(run: &RunReport, times: &Times<'_>, page_s: f64) -> Value {
    let [wall_s, cpu_s] = times.total.seconds();
    let mut stages = serde_json::Map::new();
    let before = [
        ("make", times.make_s),
        ("read", Some(times.read_s)),
        ("align", Some(times.align_s)),
        ("sample", Some(times.sample_s)),
    ];
    for (stage, seconds) in before
        .into_iter()
        .filter_map(|(stage, seconds)| Some((stage, seconds?)))
    {
        stages.insert(stage.into(), json!(seconds));
    }
    for stage in RunStage::ALL {
        stages.insert(
            stage.name().into(),
            json!(run.times.wall_of(stage).as_secs_f64()),
        );
    }
    let known: f64 = stages.values().filter_map(Value::as_f64).sum();
    stages.insert("page".into(), json!(page_s));
    stages.insert("other".into(), json!((wall_s - known - page_s).max(0.0)));
    json!({
        "devices": run.devices, "backends_absent": run.absent,
        "threads": rayon::current_num_threads(),
        "tiling": run.to_json(),
        "peak_rss_mib": peak_rss_mib(),
        "wall_s": wall_s, "cpu_s": number(cpu_s),
        "stages_s": stages,
    })
}
