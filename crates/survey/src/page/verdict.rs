//! The headline: the change, and the limits of the comparison.

use super::text::{escape, f, group_thousands, plain_number, signed_number};
use crate::report::errors::error_sentences;
use serde_json::Value;
use std::fmt::Write as _;

/// Volumes, untestable parts, and the alignment, in three sentences.
pub(super) fn verdict_section(summary: &Value) -> String {
    let dod = &summary["dod"];
    let volumes = &dod["volumes"];
    let mut text = format!(
        "Net change <b>{} m³</b> ± {} ({} ± {} gained, {} ± {} lost); {:.1} % of {} m² changed significantly.",
        with_sign(f(&volumes["net"]["m3"])),
        group_thousands(f(&volumes["net"]["error_m3"])),
        group_thousands(f(&volumes["gain"]["m3"])),
        group_thousands(f(&volumes["gain"]["error_m3"])),
        group_thousands(f(&volumes["loss"]["m3"])),
        group_thousands(f(&volumes["loss"]["error_m3"])),
        100.0 * f(&dod["significant_share"]),
        group_thousands(f(&dod["area_m2"]))
    );
    text += &untested_words(dod);
    for sentence in error_sentences(summary) {
        let _ = write!(text, " {}", escape(&sentence));
    }
    if let Some(statement) = summary["alignment"]["statement"].as_str() {
        let _ = write!(text, " {}", escape(statement));
    }
    let median = f(&dod["difference_m"]["median"]);
    if summary["alignment"].is_null() && median.abs() > 0.05 {
        let _ = write!(
            text,
            " The median difference is {} m: if most of the ground is stable, the epochs differ in datum or position, \
and need to be aligned (--align icp).",
            signed_number(median)
        );
    }
    text
}

/// The shares that have no level of detection, or no data in one epoch.
fn untested_words(dod: &Value) -> String {
    let mut text = String::new();
    let share = 100.0 * f(&dod["share_not_tested"]);
    if share >= 0.05 {
        let _ = write!(
            text,
            " <b>{} % of it could not be tested</b>",
            plain_number(share, 1)
        );
        let reasons: Vec<String> = dod["not_tested_m2"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(reason, _)| escape(reason))
            .collect();
        let _ = write!(text, " ({}).", reasons.join("; "));
    }
    let one_epoch = 100.0 * f(&dod["share_without_data"]);
    if one_epoch >= 0.05 {
        let _ = write!(
            text,
            " {} % of the surveyed ground has points in one epoch only and is in no volume.",
            plain_number(one_epoch, 1)
        );
    }
    text
}

/// The section of warnings that need the user's action.
pub(crate) fn warnings_section(summary: &Value) -> String {
    let items: String = summary["warnings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|warning| format!("<li>{}</li>", escape(warning)))
        .collect();
    if items.is_empty() {
        items
    } else {
        format!("<ul class=warnings>{items}</ul>")
    }
}

fn with_sign(value: f64) -> String {
    let text = group_thousands(value);
    if value > 0.0 {
        format!("+{text}")
    } else {
        text
    }
}
