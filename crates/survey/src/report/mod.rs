//! Sums up a run: summary.json, index.html, and a few lines on the terminal.

pub(crate) mod errors;
mod json;
mod terminal;

use crate::{
    alignment::Aligned,
    epochs::{self, Epoch},
    options::ChangeOptions,
    outputs::Outputs,
    page,
    sample::Sample,
    settings::Settings,
    truth::Truth,
    warnings::Warnings,
};
use isopach::{
    change::{ChangeStatus, ZonedReport},
    compute::Result,
    las::LeftOut,
    tiling::RunReport,
};
use isopach_program::{
    finished::{FILES, KEY, PAGE, SUMMARY},
    listener::Listener,
    measure::Measure,
    write_file::write_file,
};
use serde_json::{Value, json};

/// Times of the parts of a run.
pub(crate) struct Times<'a> {
    /// Making the synthetic scene, if no files were given.
    pub(crate) make_s: Option<f64>,
    pub(crate) read_s: f64,
    pub(crate) align_s: f64,
    /// Reading the sample and finding parameters in it.
    pub(crate) sample_s: f64,
    pub(crate) total: &'a Measure,
}

/// All facts of a report.
pub(crate) struct Summary<'a> {
    pub(crate) options: &'a ChangeOptions,
    pub(crate) epochs: [&'a Epoch; 2],
    pub(crate) aligned: Option<&'a Aligned>,
    pub(crate) settings: &'a Settings,
    pub(crate) sample: &'a Sample,
    pub(crate) run: &'a RunReport,
    pub(crate) times: &'a Times<'a>,
    pub(crate) warnings: Warnings,
    /// Points of each epoch that were left out for their flags and classes.
    pub(crate) left_out: [LeftOut; 2],
    /// Identity of these results.
    pub(crate) made_from: Value,
}

/// Writes the summary and the page.
pub(crate) fn write_report(
    mut told: Summary<'_>,
    outputs: Outputs,
    listener: &dyn Listener,
) -> Result<()> {
    let clock = Measure::start();
    let options = told.options;
    let sums = &outputs.sums;
    let differences = &sums.cells.difference;
    let core_points = &sums.core_points;
    let limit = [differences.quantile(0.02), differences.quantile(0.98)]
        .iter()
        .fold(0.05_f64, |limit, q| limit.max(q.abs()));
    let volumes = outputs.volumes();
    add_warnings(&mut told, &outputs, &volumes);
    let inputs = [0, 1].map(|epoch| json::input_json(told.epochs[epoch], told.left_out[epoch]));
    let mut summary = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "command": options.profile_args.command.to_shell(),
        "profile": options.profile_args.resolved.to_json(),
        "inputs": inputs,
        "parameters": told.settings.to_json(options),
        "reasons": told.settings.reasons,
        "sample": told.sample.to_json(),
        "alignment": told.aligned.map(Aligned::to_json),
        "warnings": told.warnings.sentences(),
        "dod": json::dod_json(&sums.cells, &volumes, outputs.zone_names()),
        "m3c2": {
            "distance_m": json::distribution_json(&core_points.distance),
            "level_of_detection_median_m": json::number(core_points.level_of_detection.quantile(0.5)),
            "core_points": core_points.count(),
            "significant": core_points.significant,
            "significant_at_false_discovery_rate": json::discoveries_json(options.fdr, core_points)?,
            "not_tested": json::untested_counts(core_points),
            "flat_normals": core_points.flat_normals,
            "status": json::status_counts(&core_points.status),
        },
        "c2c": {
            "distance_m": json::distribution_json(&sums.c2c),
            "direction": "later to earlier",
            "out_of_reach": sums.c2c.missing(),
        },
        "truth": outputs.truth.as_ref().map(|truth| compare_with_truth(truth, &volumes, told.aligned)),
        FILES: outputs.files(),
    });
    let maps = match outputs.overview() {
        Some(overview) => {
            let (png, grid) = overview.png(limit)?;
            Some((png, grid, limit))
        }
        None => None,
    };
    summary[KEY] = told.made_from;
    summary["run"] = json::run_json(told.run, told.times, clock.seconds()[0]);
    let page = page::page_html(&summary, &outputs, maps);
    outputs.write_styles(limit, listener)?;
    write_file(
        &options.out.join(SUMMARY),
        format!("{summary:#}\n").as_bytes(),
    )?;
    write_file(&options.out.join(PAGE), page.as_bytes())?;
    terminal::say_headline(&summary, told.run, &options.out, listener);
    Ok(())
}

/// Below this share of core points with data, half of them with flat normals make a warning.
const MANY: f64 = 0.5;
/// A share of later points out of reach, or of core points without a partner, that is worth a word.
const OUT_OF_REACH: f64 = 0.02;

/// Adds the warnings that only the results show.
fn add_warnings(told: &mut Summary<'_>, outputs: &Outputs, volumes: &ZonedReport) {
    let sums = &outputs.sums;
    epochs::mention_left_out(told.left_out, &mut told.warnings);
    let depth = told.settings.depth;
    let core_points = sums.core_points.count() as f64;
    if sums.core_points.flat_normals as f64 > MANY * core_points {
        told.warnings.add(
            "most normals lie flat, so their side, and the sign of M3C2, are uncertain: state which side is outside \
(--towards x,y,z or --scanner x,y,z)",
        );
    }
    let later = (sums.c2c.count() + sums.c2c.missing()) as f64;
    let far = sums.c2c.missing() as f64 / later;
    if far > OUT_OF_REACH {
        told.warnings.add(format!(
            "{:.1} % of the later points have no earlier point within {depth} m: a larger --depth sees larger changes; epochs \
that are far apart need --align coarse+icp",
            100.0 * far
        ));
    }
    let without = |status: ChangeStatus| sums.core_points.status[status as usize] as f64;
    let lonely = without(ChangeStatus::NoReference) + without(ChangeStatus::NoCompared);
    if lonely > OUT_OF_REACH * core_points {
        told.warnings.add(format!(
            "{:.1} % of the core points have points of one epoch only in their cylinder: a larger --depth or --cylinder-radius \
finds more if there is data",
            100.0 * lonely / core_points
        ));
    }
    if let Some(reason) = &volumes.total.without_error {
        told.warnings
            .add(format!("volumes have no error: {reason}"));
    }
}

/// Found against true.
fn compare_with_truth(truth: &Truth, volumes: &ZonedReport, aligned: Option<&Aligned>) -> Value {
    let [gain, loss] = truth.scene.volumes();
    let left = aligned.map(|aligned| truth.alignment_error(&aligned.applied()));
    let [stable, significant] = truth.stable;
    let total = &volumes.total;
    json!({
        "alignment_error_mm": left.map(|[mm, _]| mm),
        "alignment_error_mrad": left.map(|[_, mrad]| mrad),
        "true_gain_m3": gain, "found_gain_m3": total.gain.volume, "found_gain_error_m3": json::number(total.gain.error),
        "true_loss_m3": loss, "found_loss_m3": total.loss.volume, "found_loss_error_m3": json::number(total.loss.error),
        "true_net_m3": gain - loss, "found_net_m3": total.net.volume, "found_net_error_m3": json::number(total.net.error),
        "dod_error_mean_m": json::number(truth.dod.mean()), "dod_error_rms_m": json::number(truth.dod.rms()),
        "m3c2_error_mean_m": json::number(truth.m3c2.mean()), "m3c2_error_rms_m": json::number(truth.m3c2.rms()),
        "stable_core_points": stable,
        "stable_significant_fraction": json::number(significant as f64 / stable as f64),
        "expected_significant_fraction": 0.05,
    })
}
