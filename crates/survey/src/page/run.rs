//! The section about the run: machine, inputs, time.

use super::text::{escape, f, group_thousands, html_list, html_table, list_of_words, plain_number};
use serde_json::Value;
use std::fmt::Write as _;

/// Times, devices, chunks and memory.
pub(super) fn run_section(ran: &Value) -> String {
    let wall = f(&ran["wall_s"]);
    let mut bar = String::new();
    let mut rows = Vec::new();
    for (stage, seconds) in ran["stages_s"].as_object().into_iter().flatten() {
        let share = 100.0 * f(seconds) / wall;
        let _ = write!(
            bar,
            "<div class=\"stage {stage}\" style=\"width:{share:.2}%\" title=\"{stage}\"></div>"
        );
        rows.push(vec![
            format!("<i class={stage}></i>{stage}"),
            format!("{:.2} s", f(seconds)),
            format!("{share:.0} %"),
        ]);
    }
    let devices = list_of_words(&ran["devices"]);
    format!(
        "<p>{wall:.2} s on {devices}, {} threads; {} tiles ({} empty, {} done before, {} cut), {} reruns; at most {} MiB of memory.</p><div class=stages>{bar}</div>{}{}",
        ran["threads"],
        ran["tiling"]["tiles"],
        ran["tiling"]["tiles_empty"],
        ran["tiling"]["tiles_kept"],
        ran["tiling"]["tiles_cut"],
        ran["tiling"]["reruns"],
        group_thousands(f(&ran["peak_rss_mib"])),
        html_table(&[], &rows),
        motion_words(&ran["tiling"])
    )
}

/// The amounts decoded, held and written to disk.
fn motion_words(tiling: &Value) -> String {
    let mebibytes = |bytes: &Value| group_thousands(f(bytes) / f64::from(1 << 20));
    let mut rows: Vec<Vec<String>> = Vec::new();
    for source in tiling["sources"].as_array().into_iter().flatten() {
        rows.push(vec![
            escape(source["name"].as_str().unwrap_or("?")),
            format!("{} points", group_thousands(f(&source["points"]))),
            format!(
                "{} chunks, each decoded {} ×",
                source["decodes"],
                plain_number(f(&source["decodes_per_chunk"]), 2)
            ),
        ]);
    }
    for (what, bytes) in [
        ("decoded", &tiling["bytes_decoded"]),
        ("held for tiles at most", &tiling["peak_bytes"]),
        ("memory given", &tiling["memory"]),
        ("put on disk meanwhile", &tiling["bytes_spilled"]),
    ] {
        rows.push(vec![
            what.into(),
            format!("{} MiB", mebibytes(bytes)),
            String::new(),
        ]);
    }
    for reason in tiling["absent"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        rows.push(vec!["not used".into(), escape(reason), String::new()]);
    }
    for passed in tiling["passed_on"].as_array().into_iter().flatten() {
        let causes = passed["causes"].as_object().into_iter().flatten();
        let causes: Vec<String> = causes
            .map(|(cause, times)| format!("{times} × {cause}"))
            .collect();
        let device = escape(passed["device"].as_str().unwrap_or("?"));
        rows.push(vec![
            format!("passed on by {device}"),
            escape(&causes.join(", ")),
            String::new(),
        ]);
    }
    for failure in tiling["failures"].as_array().into_iter().flatten() {
        let error = escape(failure["error"].as_str().unwrap_or("?"));
        rows.push(vec![
            format!("tile {} failed", failure["tile"]),
            html_list(&failure["extent"], 2),
            error,
        ]);
    }
    html_table(&[], &rows)
}
