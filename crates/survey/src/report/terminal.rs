//! A few lines on the terminal: the program's answer.

use super::errors::error_sentences;
use isopach::tiling::RunReport;
use isopach_program::{listener::Listener, printable::printable};
use serde_json::Value;
use std::path::Path;

fn f(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// Prints the headline of a summary.
pub(super) fn say_headline(summary: &Value, run: &RunReport, out: &Path, listener: &dyn Listener) {
    say_alignment(&summary["alignment"], listener);
    say_parameters(summary, listener);
    say_dod(&summary["dod"], listener);
    for sentence in error_sentences(summary) {
        listener.say(&format!("errors      {sentence}"));
    }
    say_m3c2(&summary["m3c2"], listener);
    say_truth(&summary["truth"], listener);
    for warning in summary["warnings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        listener.say(&format!("note        {}", printable(warning)));
    }
    listener.say(&format!(
        "run         {:.2} s, {} tiles on {}",
        f(&summary["run"]["wall_s"]),
        run.tiles,
        run.devices.join(", ")
    ));
    listener.say(&format!("look at     {}", out.join("index.html").display()));
}

fn say_alignment(found: &Value, listener: &dyn Listener) {
    let Some(statement) = found["statement"].as_str() else {
        return;
    };
    listener.say(&format!("alignment   {statement}"));
    let translation = &found["later_to_earlier_translation_m"];
    if found["outcome"] == "moved" {
        listener.say(&format!(
            "            moved by {:+.3} {:+.3} {:+.3} m, rmse {:.3} m, registration error {:.4} m{}",
            f(&translation[0]),
            f(&translation[1]),
            f(&translation[2]),
            f(&found["rmse_m"]),
            f(&found["registration_error_m"]),
            if found["converged"] == true {
                ""
            } else {
                ", not converged"
            }
        ));
    }
    for free in found["undetermined"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        listener.say(&format!("            not determined: {free}"));
    }
}

/// Parameters that were found from the data.
fn say_parameters(summary: &Value, listener: &dyn Listener) {
    for (name, reason) in summary["reasons"].as_object().into_iter().flatten() {
        let value = &summary["parameters"][name];
        listener.say(&format!(
            "parameter   {name} {value}: {}",
            reason.as_str().unwrap_or_default()
        ));
    }
}

fn say_dod(dod: &Value, listener: &dyn Listener) {
    let volumes = &dod["volumes"];
    let with_error = |v: &Value| format!("{:.0} ± {:.0} m³", f(&v["m3"]), f(&v["error_m3"]));
    listener.say(&format!(
        "net         {:+.0} ± {:.0} m³ over {:.0} m²",
        f(&volumes["net"]["m3"]),
        f(&volumes["net"]["error_m3"]),
        f(&dod["area_m2"])
    ));
    for side in ["gain", "loss"] {
        let significant = &volumes["significant"][side];
        listener.say(&format!(
            "{side}        {}, {:.0} m² significant",
            with_error(significant),
            f(&significant["area_m2"])
        ));
    }
    listener.say(&format!(
        "not tested  {:.1} % of the compared area; {:.1} % of the surveyed area has points in one epoch only",
        100.0 * f(&dod["share_not_tested"]),
        100.0 * f(&dod["share_without_data"])
    ));
    for zone in dod["zones"].as_array().into_iter().flatten() {
        listener.say(&format!(
            "            {}: net {}, gain {}, loss {}",
            zone["name"].as_str().unwrap_or("?"),
            with_error(&zone["volumes"]["net"]),
            with_error(&zone["volumes"]["gain"]),
            with_error(&zone["volumes"]["loss"])
        ));
    }
}

fn say_m3c2(m3c2: &Value, listener: &dyn Listener) {
    listener.say(&format!(
        "m3c2        {} of {} core points changed significantly, median {:+.3} m, LoD {:.3} m; {} could not be tested",
        m3c2["significant"],
        m3c2["core_points"],
        f(&m3c2["distance_m"]["median"]),
        f(&m3c2["level_of_detection_median_m"]),
        m3c2["not_tested"]
    ));
    let limited = &m3c2["significant_at_false_discovery_rate"];
    if !limited.is_null() {
        listener.say(&format!(
            "            {} at a false discovery rate of {}",
            limited["core_points"], limited["rate"]
        ));
    }
}

fn say_truth(truth: &Value, listener: &dyn Listener) {
    if truth.is_null() {
        return;
    }
    listener.say(&format!(
        "truth       alignment off by {:.1} mm and {:.3} mrad; M3C2 off by {:+.4} m (rms {:.4}); {:.1} % of stable ground called changed (5 expected)",
        f(&truth["alignment_error_mm"]),
        f(&truth["alignment_error_mrad"]),
        f(&truth["m3c2_error_mean_m"]),
        f(&truth["m3c2_error_rms_m"]),
        100.0 * f(&truth["stable_significant_fraction"])
    ));
    listener.say(&format!(
        "            true net {:+.0} m³, gain {:.0} m³ and loss {:.0} m³",
        f(&truth["true_net_m3"]),
        f(&truth["true_gain_m3"]),
        f(&truth["true_loss_m3"])
    ));
}
