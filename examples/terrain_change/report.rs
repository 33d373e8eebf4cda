//! Sums up a run: summary.json, index.html, and a few lines on the terminal.

use crate::{
    arguments::Arguments,
    distribution::Distribution,
    epochs::Epoch,
    measure::{Measure, peak_rss_mib},
    outputs::{FILES, Outputs},
    page,
    truth::Truth,
    write_file::write_file,
};
use isopach::{
    change::{Status, Volume, Volumes},
    compute::Result,
    registration::Alignment,
    tiling::{PointSource, Report, Stage},
};
use serde_json::{Value, json};

/// Where the time went.
pub(crate) struct Times<'a> {
    /// Making a scene, where no files were given.
    pub(crate) make_s: Option<f64>,
    pub(crate) read_s: f64,
    pub(crate) align_s: f64,
    pub(crate) total: &'a Measure,
}

/// Writes the summary and the page.
pub(crate) fn write(
    arguments: &Arguments,
    epochs: [&Epoch; 2],
    alignment: Option<&Alignment>,
    outputs: Outputs,
    run: &Report,
    times: &Times<'_>,
) -> Result<()> {
    let clock = Measure::start();
    let found = &outputs.found;
    let limit =
        [found.dod.quantile(0.02), found.dod.quantile(0.98)].iter().fold(0.05_f64, |limit, q| limit.max(q.abs()));
    let mut summary = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "inputs": epochs.map(input),
        "parameters": parameters(arguments),
        "alignment": alignment.map(aligned),
        "dod": {
            "difference_m": distribution(&found.dod),
            "cells": outputs.volumes.cells(),
            "cells_without_level_of_detection": outputs.volumes.cells_without_error(),
            "area_m2": outputs.volumes.area(),
            "volumes": volumes(&outputs.volumes),
        },
        "m3c2": {
            "distance_m": distribution(&found.m3c2),
            "level_of_detection_median_m": number(found.level_of_detection.quantile(0.5)),
            "core_points": found.status.iter().sum::<u64>(),
            "significant": found.significant,
            "status": Status::ALL.iter().zip(found.status).map(|(s, n)| (s.describe().to_owned(), json!(n))).collect::<serde_json::Map<_, _>>(),
        },
        "c2c": {
            "distance_m": distribution(&found.c2c),
            "direction": "later to earlier",
            "out_of_reach": found.c2c.missing(),
        },
        "truth": outputs.truth.as_ref().map(|truth| compared(truth, &outputs.volumes, alignment)),
        "files": FILES,
    });
    let maps = match &outputs.overview {
        Some(overview) => {
            let (png, grid) = overview.png(limit)?;
            Some((png, grid, limit))
        }
        None => None,
    };
    summary["run"] = ran(run, times, clock.seconds()[0]);
    let page = page::html(&summary, &outputs, maps, arguments);
    write_file(&arguments.out.join("summary.json"), format!("{summary:#}\n").as_bytes())?;
    write_file(&arguments.out.join("index.html"), page.as_bytes())?;
    tell(&summary, run, arguments);
    Ok(())
}

/// JSON has no NaN: what is not there is null.
fn number(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { Value::Null }
}

fn input(epoch: &Epoch) -> Value {
    let catalogue = &epoch.catalogue;
    let extent = catalogue.extent();
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
        "crs": catalogue.crs().map(ToString::to_string),
        "extent": [extent.min[0], extent.min[1], extent.max[0], extent.max[1]],
        "points_per_m2": number(catalogue.point_count() as f64 / extent.area()),
    })
}

pub(crate) fn parameters(arguments: &Arguments) -> Value {
    json!({
        "classes": arguments.classes, "cell_m": arguments.cell, "core_spacing_m": arguments.core_spacing,
        "normal_radii_m": arguments.normal_radii, "cylinder_radius_m": arguments.cylinder_radius,
        "projection_depth_m": arguments.depth, "c2c_max_distance_m": arguments.depth, "align": format!("{:?}", arguments.align).to_lowercase(),
        "columns": format!("{:?}", arguments.columns), "ignore_crs": arguments.ignore_crs,
        "given_registration_error_m": arguments.registration_error,
    })
}

fn aligned(found: &Alignment) -> Value {
    let motion = found.target_from_source;
    json!({
        "later_to_earlier_translation_m": motion.translation,
        "rotation_mrad": motion.rotation_vector().map(|r| r * 1e3),
        "about": motion.pivot,
        "rmse_m": found.rmse, "iterations": found.iterations, "converged": found.converged,
        "inlier_fraction": found.inlier_fraction, "registration_error_m": found.registration_error,
        "undetermined_directions": found.undetermined,
    })
}

fn distribution(of: &Distribution) -> Value {
    json!({
        "count": of.count(), "missing": of.missing(), "mean": number(of.mean()), "standard_deviation": number(of.standard_deviation()),
        "median": number(of.quantile(0.5)), "q05": number(of.quantile(0.05)), "q95": number(of.quantile(0.95)),
    })
}

fn volumes(all: &Volumes) -> Value {
    let volume = |v: Volume| json!({ "m3": v.volume, "error_m3": v.error, "area_m2": v.area });
    let net = |[m3, error]: [f64; 2]| json!({ "m3": m3, "error_m3": error });
    json!({
        "significant": { "gain": volume(all.significant_gain()), "loss": volume(all.significant_loss()), "net": net(all.significant_net()) },
        "all": { "gain": volume(all.gain()), "loss": volume(all.loss()), "net": net(all.net()) },
    })
}

/// Found against true.
fn compared(truth: &Truth, volumes: &Volumes, alignment: Option<&Alignment>) -> Value {
    let [gain, loss] = truth.scene.volumes();
    let left = alignment.map(|found| truth.alignment_error(&found.target_from_source));
    let [stable, significant] = truth.stable;
    json!({
        "alignment_error_mm": left.map(|[mm, _]| mm),
        "alignment_error_mrad": left.map(|[_, mrad]| mrad),
        "true_gain_m3": gain, "found_gain_m3": volumes.significant_gain().volume,
        "true_loss_m3": loss, "found_loss_m3": volumes.significant_loss().volume,
        "true_net_m3": gain - loss, "found_net_m3": volumes.net()[0],
        "dod_error_mean_m": number(truth.dod.mean()), "dod_error_rms_m": number(truth.dod.rms()),
        "m3c2_error_mean_m": number(truth.m3c2.mean()), "m3c2_error_rms_m": number(truth.m3c2.rms()),
        "stable_core_points": stable,
        "stable_significant_fraction": number(significant as f64 / stable as f64),
        "expected_significant_fraction": 0.05,
    })
}

fn ran(run: &Report, times: &Times<'_>, page_s: f64) -> Value {
    let [wall_s, cpu_s] = times.total.seconds();
    let mut stages = serde_json::Map::new();
    let before = [("make", times.make_s), ("read", Some(times.read_s)), ("align", Some(times.align_s))];
    for (stage, seconds) in before.into_iter().filter_map(|(stage, seconds)| Some((stage, seconds?))) {
        stages.insert(stage.into(), json!(seconds));
    }
    for stage in Stage::ALL {
        stages.insert(stage.name().into(), json!(run.times.of(stage).as_secs_f64()));
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

#[allow(clippy::print_stdout, reason = "this is the program's answer")]
fn tell(summary: &Value, run: &Report, arguments: &Arguments) {
    let f = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    if let Some(found) = summary["alignment"].as_object() {
        let t: Vec<String> = found["later_to_earlier_translation_m"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|v| format!("{:+.3}", f(v)))
            .collect();
        println!(
            "alignment   later epoch moved by {} m, rmse {:.3} m, registration error {:.4} m",
            t.join(" "),
            f(&found["rmse_m"]),
            f(&found["registration_error_m"])
        );
    }
    let volumes = &summary["dod"]["volumes"]["significant"];
    let side = |name: &str| {
        format!(
            "{:.0} ± {:.0} m³ on {:.0} m²",
            f(&volumes[name]["m3"]),
            f(&volumes[name]["error_m3"]),
            f(&volumes[name]["area_m2"])
        )
    };
    println!("gain        {}", side("gain"));
    println!("loss        {}", side("loss"));
    let m3c2 = &summary["m3c2"];
    println!(
        "m3c2        {} of {} core points changed significantly, median {:+.3} m, LoD {:.3} m",
        m3c2["significant"],
        m3c2["core_points"],
        f(&m3c2["distance_m"]["median"]),
        f(&m3c2["level_of_detection_median_m"])
    );
    if let Some(truth) = summary["truth"].as_object() {
        println!(
            "truth       alignment off by {:.1} mm and {:.3} mrad; M3C2 off by {:+.4} m (rms {:.4}); {:.1} % of stable ground called changed (5 expected)",
            f(&truth["alignment_error_mm"]),
            f(&truth["alignment_error_mrad"]),
            f(&truth["m3c2_error_mean_m"]),
            f(&truth["m3c2_error_rms_m"]),
            100.0 * f(&truth["stable_significant_fraction"])
        );
        println!(
            "            true gain {:.0} m³ and loss {:.0} m³",
            f(&truth["true_gain_m3"]),
            f(&truth["true_loss_m3"])
        );
    }
    println!("run         {:.2} s, {} tiles on {}", f(&summary["run"]["wall_s"]), run.tiles, run.devices.join(", "));
    println!("look at     {}", arguments.out.join("index.html").display());
}
