//! The tables of the page.

use super::text::{escape, f, group_thousands, html_list, html_table, plain_number, signed_number};
use crate::epochs::short_name;
use isopach::change::ChangeStatus;
use serde_json::Value;
use std::path::Path;

/// The section of volumes: net first, corrected gain and loss, gain and loss above the threshold,
/// everything; then areas.
pub(super) fn volumes_section(dod: &Value) -> String {
    let all = &dod["volumes"];
    let mut rows = vec![volume_words("net of all cells", &all["net"])];
    for (label, set) in [
        ("significant", ", corrected for chance"),
        (
            "thresholded",
            ", plain sum of the cells beyond the level of detection",
        ),
        ("summed", ", plain sum of all cells"),
    ] {
        for side in ["gain", "loss", "net"] {
            rows.push(volume_words(&format!("{side}{set}"), &all[label][side]));
        }
    }
    let volumes = html_table(&["", "volume, m³", "95 %", "area, m²"], &rows);
    let mut areas = vec![
        area_row("compared (points in both epochs)", &dod["area_m2"]),
        area_row(
            "points of the earlier epoch only",
            &dod["area_only_earlier_m2"],
        ),
        area_row("points of the later epoch only", &dod["area_only_later_m2"]),
    ];
    for (reason, m2) in dod["not_tested_m2"].as_object().into_iter().flatten() {
        areas.push(area_row(&format!("not tested: {}", escape(reason)), m2));
    }
    format!("{volumes}{}", html_table(&["", "area, m²"], &areas))
}

fn area_row(what: &str, value: &Value) -> Vec<String> {
    vec![what.to_owned(), group_thousands(f(value))]
}

fn volume_words(what: &str, value: &Value) -> Vec<String> {
    let area = if value["area_m2"].is_null() {
        String::new()
    } else {
        group_thousands(f(&value["area_m2"]))
    };
    let error = if value["error_m3"].is_null() {
        String::new()
    } else {
        format!("± {}", group_thousands(f(&value["error_m3"])))
    };
    vec![
        what.to_owned(),
        group_thousands(f(&value["m3"])),
        error,
        area,
    ]
}

/// Volumes of each polygon.
pub(super) fn zones_section(zones: &Value) -> String {
    let with_error = |v: &Value| {
        format!(
            "{} ± {}",
            group_thousands(f(&v["m3"])),
            group_thousands(f(&v["error_m3"]))
        )
    };
    let rows: Vec<Vec<String>> = zones
        .as_array()
        .into_iter()
        .flatten()
        .map(|zone| {
            vec![
                escape(zone["name"].as_str().unwrap_or("?")),
                with_error(&zone["volumes"]["net"]),
                with_error(&zone["volumes"]["gain"]),
                with_error(&zone["volumes"]["loss"]),
                group_thousands(f(&zone["area_m2"])),
                format!("{:.1} %", 100.0 * f(&zone["share_not_tested"])),
            ]
        })
        .collect();
    html_table(
        &[
            "polygon",
            "net, m³",
            "gain, m³",
            "loss, m³",
            "compared, m²",
            "not tested",
        ],
        &rows,
    )
}

/// The section of the alignment: the pose, its error, and its free directions.
pub(super) fn alignment_section(found: &Value) -> String {
    let converged = if found["converged"] == true {
        "converged"
    } else {
        "not converged"
    };
    let mut rows = vec![
        vec![
            "translation of the later epoch, E · N · up, m".into(),
            html_list(&found["later_to_earlier_translation_m"], 4),
        ],
        vec![
            "rotation about E · N · up, mrad".into(),
            html_list(&found["rotation_mrad"], 4),
        ],
        vec!["about the point".into(), html_list(&found["about"], 2)],
        vec![
            "standard errors: translation E · N · up, m; rotation, mrad".into(),
            format!(
                "{}; {}",
                html_list(&found["standard_errors"]["translation_m"], 4),
                html_list(&found["standard_errors"]["rotation_mrad"], 4)
            ),
        ],
        vec![
            "median residual before and after, m".into(),
            format!(
                "{} · {}",
                plain_number(f(&found["score_before_m"]), 4),
                plain_number(f(&found["score_after_m"]), 4)
            ),
        ],
        vec![
            "residual of the pairs, rmse, m".into(),
            plain_number(f(&found["rmse_m"]), 4),
        ],
        vec![
            "pairs that took part".into(),
            format!("{:.1} %", 100.0 * f(&found["inlier_fraction"])),
        ],
        vec![
            "registration error, typical, m".into(),
            plain_number(f(&found["registration_error_m"]), 5),
        ],
        vec![
            "steps of the last round".into(),
            format!("{}, {converged}", found["iterations"]),
        ],
    ];
    for free in found["undetermined"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        rows.push(vec!["not determined, not moved along".into(), escape(free)]);
    }
    let statement = escape(found["statement"].as_str().unwrap_or("?"));
    format!("<p>{statement}</p>{}", html_table(&[], &rows))
}

/// The section that compares a synthetic scene with its truth.
pub(super) fn truth_section(found: &Value) -> String {
    let row = |what: &str, found: String, truth: String| vec![what.to_owned(), found, truth];
    let with_error = |name: &str| {
        let m3 = &found[format!("found_{name}_m3")];
        let error = &found[format!("found_{name}_error_m3")];
        format!("{} ± {}", group_thousands(f(m3)), group_thousands(f(error)))
    };
    html_table(
        &["", "found", "true"],
        &[
            row(
                "net, m³",
                with_error("net"),
                group_thousands(f(&found["true_net_m3"])),
            ),
            row(
                "gain, m³",
                with_error("gain"),
                group_thousands(f(&found["true_gain_m3"])),
            ),
            row(
                "loss, m³",
                with_error("loss"),
                group_thousands(f(&found["true_loss_m3"])),
            ),
            row(
                "left of the misalignment, mm",
                plain_number(f(&found["alignment_error_mm"]), 2),
                "0".into(),
            ),
            row(
                "left of the misalignment, mrad",
                plain_number(f(&found["alignment_error_mrad"]), 4),
                "0".into(),
            ),
            row(
                "DoD error, mean and rms, m",
                format!(
                    "{} · {}",
                    signed_number(f(&found["dod_error_mean_m"])),
                    plain_number(f(&found["dod_error_rms_m"]), 4)
                ),
                "0".into(),
            ),
            row(
                "M3C2 error, mean and rms, m",
                format!(
                    "{} · {}",
                    signed_number(f(&found["m3c2_error_mean_m"])),
                    plain_number(f(&found["m3c2_error_rms_m"]), 4)
                ),
                "0".into(),
            ),
            row(
                "stable ground called changed",
                format!("{:.2} %", 100.0 * f(&found["stable_significant_fraction"])),
                "about 5 %".into(),
            ),
        ],
    )
}

/// The numbers of core points, and of those without an answer by reason, with the numbers of the
/// column `status`.
pub(super) fn core_points(m3c2: &Value) -> String {
    let mut rows = vec![
        vec![
            "core points".into(),
            group_thousands(f(&m3c2["core_points"])),
        ],
        vec![
            "significant".into(),
            group_thousands(f(&m3c2["significant"])),
        ],
        vec![
            "normals flatter than 45°".into(),
            group_thousands(f(&m3c2["flat_normals"])),
        ],
    ];
    for (status, count) in m3c2["status"].as_object().into_iter().flatten() {
        let number = ChangeStatus::ALL
            .into_iter()
            .find(|known| known.describe() == status)
            .map(|known| known as u8);
        let words = number.map_or_else(
            || status.clone(),
            |number| format!("status {number}: {status}"),
        );
        rows.push(vec![escape(&words), group_thousands(f(count))]);
    }
    html_table(&[], &rows)
}

/// Every parameter, with the reason of those that were found from the data.
pub(super) fn parameters_section(summary: &Value) -> String {
    let reasons = &summary["reasons"];
    let rows: Vec<Vec<String>> = summary["parameters"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| {
            let shown = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let reason = reasons[name].as_str().unwrap_or_default();
            vec![
                escape(name),
                escape(&shown),
                format!("<span class=reason>{}</span>", escape(reason)),
            ]
        })
        .collect();
    html_table(&["parameter", "value", "reason"], &rows)
}

/// The files of both epochs.
pub(super) fn inputs_section(summary: &Value) -> String {
    let mut rows = Vec::new();
    for (epoch, input) in ["earlier", "later"]
        .iter()
        .zip(summary["inputs"].as_array().into_iter().flatten())
    {
        for file in input["files"].as_array().into_iter().flatten() {
            let path = file["path"].as_str().unwrap_or("?");
            rows.push(vec![
                (*epoch).into(),
                escape(&short_name(Path::new(path))),
                group_thousands(f(&file["points"])),
                format!(
                    "LAS {} PDRF {}",
                    file["las"].as_str().unwrap_or("?"),
                    file["pdrf"]
                ),
                escape(input["crs"].as_str().unwrap_or("not stated")),
            ]);
        }
    }
    html_table(
        &["epoch", "file", "points", "format", "coordinate system"],
        &rows,
    )
}

/// The section of the written files, and the command that repeats the run.
pub(super) fn files_section(summary: &Value) -> String {
    let links: String = summary["files"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .chain(["summary.json"])
        .map(|file| format!("<li><a href=\"{file}\">{file}</a></li>"))
        .collect();
    format!(
        "<ul>{links}</ul><p class=small>isopach {} · the command, complete: <code>{}</code></p>",
        summary["version"].as_str().unwrap_or("?"),
        escape(summary["command"].as_str().unwrap_or("?"))
    )
}
