//! Several times in one call: the files of a time are inverted together, each time into its own
//! folder; frames of a film have one colour scale.
//!
//! A stopped run continues: times are kept if their results are complete, unchanged, and of the
//! same inputs and parameters.

mod film;
mod groups;
mod held;
mod kept;
mod left;
mod notes;
mod page;

use crate::{
    BANDS, images,
    named::name_error,
    one::{Done, OUTCOME, run_one},
    options::EmissionOptions,
    run::EmissionOutcome,
};
pub(crate) use film::{MAPS, write_maps};
use groups::{Group, group_files};
use held::lock_series;
use isopach_program::{
    finished::{FILES, KEY, PAGE, SUMMARY},
    listener::Listener,
    printable::printable,
    write_file::write_file,
};
pub(crate) use kept::note_checksums;
pub(crate) use left::{leftover_files, remove_files};
pub(crate) use notes::{NAME as NOTES, Notes, UNFINISHED};
use page::series_page;
use serde_json::{Value, json};
use std::error::Error;

/// Key of the summary with the folders of times.
const TIMES: &str = "times";

/// Inverts all times, one after the other.
pub(crate) fn run_series(
    options: &EmissionOptions,
    listener: &dyn Listener,
) -> Result<EmissionOutcome, Box<dyn Error>> {
    let groups = group_files(options)?;
    let shape = check_headers(&groups)?;
    let out = &options.out;
    let mut held = lock_series(options, &groups)?;
    let mut lines = Vec::new();
    let mut rows = Vec::new();
    for (i, group) in groups.iter().enumerate() {
        listener.note(&format!(
            "time {} of {}: {}",
            i + 1,
            groups.len(),
            group.time
        ));
        let (summary, is_kept) = match kept_summary(group, held.finished[i].take(), listener) {
            Some(summary) => (summary, true),
            None => {
                held.will_write(&group.folder)?;
                // Existing files were found to be this series' own, or may be overwritten.
                let Done { summary, .. } = run_one(
                    &EmissionOptions {
                        force: true,
                        ..group.options.clone()
                    },
                    listener,
                )
                .map_err(|error| name_error(format!("the time {}", group.time), error))?;
                (summary, false)
            }
        };
        let kept = if is_kept {
            ", kept from a former run"
        } else {
            ""
        };
        lines.push(format!(
            "{}{kept}",
            summary[OUTCOME].as_str().unwrap_or_default()
        ));
        rows.push(json!({
            "time": group.time.to_string(), "folder": group.folder, "median_chi_squared": summary["median_chi_squared"],
            "status": summary["status"], "warnings": summary["warnings"], "kept": is_kept,
        }));
    }
    held.will_finish()?;
    let scales = film::draw_film(out, &groups)?;
    let bands: Vec<Value> = BANDS
        .iter()
        .zip(&scales)
        .map(|(band, [low, high])| json!({ "log_t": band, "log10_emission_of_colours": [low, high] }))
        .collect();
    let frames = film::frame_names(groups.len());
    let summary =
        json!({ TIMES: rows, "pixels": shape, "bands": bands, FILES: frames, KEY: held.made_from });
    write_file(
        &out.join(PAGE),
        series_page(&groups, &rows, &scales).as_bytes(),
    )?;
    write_file(
        &out.join(SUMMARY),
        serde_json::to_string_pretty(&summary)?.as_bytes(),
    )?;
    held.remove_former()?;
    let statement = groups
        .iter()
        .zip(lines)
        .map(|(group, line)| format!("{}: {line}", group.folder))
        .collect::<Vec<_>>()
        .join(
            "
",
        );
    Ok(EmissionOutcome {
        statement,
        page: Some(out.join(PAGE)),
    })
}

/// The summary of a time whose results are complete and unchanged. Otherwise reports why they are
/// made again.
fn kept_summary(group: &Group, finished: Option<Value>, listener: &dyn Listener) -> Option<Value> {
    let summary = finished?;
    let Some(why) = kept::why_changed(&summary, &group.options) else {
        return Some(summary);
    };
    listener.note(&format!(
        "results of {} are made again: {}",
        group.time,
        printable(&why)
    ));
    None
}

/// Checks the headers of all times before the first is inverted. Returns the pixels of all: frames
/// of a film have one size.
fn check_headers(groups: &[Group]) -> Result<Vec<usize>, Box<dyn Error>> {
    let mut shape: Option<Vec<usize>> = None;
    for group in groups {
        let opened = images::open(&group.options, false);
        let (about, _) =
            opened.map_err(|error| name_error(format!("the time {}", group.time), error))?;
        let of_first = shape.get_or_insert_with(|| about.leading.clone());
        if *of_first != about.leading {
            let [first, found] =
                [&*of_first, &about.leading].map(|shape| format!("{} × {}", shape[1], shape[0]));
            let time = group.time;
            let before = groups[0].time;
            return Err(format!(
                "the time {time} has {found} pixels, but {before} {first}: a series has one size"
            )
            .into());
        }
    }
    Ok(shape.unwrap_or_default())
}
