//! Several times in one call: the files of a time are inverted as one, each time into a folder of its own; frames of a film have one scale of colours.

mod film;
mod groups;
mod held;
mod page;

use crate::{
    BANDS, Done,
    arguments::Arguments,
    console::printable::printable,
    finished::{FILES, KEY, PAGE, SUMMARY},
    images, one,
    write_file::write_file,
};
use film::{Drawn, Film};
use groups::{Group, groups};
use held::hold;
pub(crate) use held::{TIMES, clear, leftovers};
use page::page;
use serde_json::{Value, json};
use std::error::Error;

/// Inverts all times, one after the other.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let groups = groups(arguments)?;
    let shape = check(&groups)?;
    let out = &arguments.out;
    let (made_from, _lock) = hold(arguments, &groups)?;
    let mut film = Film::begin(out)?;
    let (mut lines, mut rows) = (Vec::new(), Vec::new());
    for (i, group) in groups.iter().enumerate() {
        eprintln!("time {} of {}: {}", i + 1, groups.len(), group.time);
        let Done { found, summary, seconds, .. } =
            one(&group.arguments).map_err(|error| format!("the time {}: {error}", group.time))?;
        film.add(&found)?;
        lines.push(crate::outcome(&found, seconds));
        rows.push(json!({
            "time": group.time.to_string(), "folder": group.folder, "median_chi_squared": summary["median_chi_squared"],
            "status": summary["status"], "warnings": summary["warnings"],
        }));
    }
    let Drawn { frames, scales } = film.finish(out, groups.len())?;
    let bands: Vec<Value> = BANDS
        .iter()
        .zip(&scales)
        .map(|(band, [low, high])| json!({ "log_t": band, "log10_emission_of_colours": [low, high] }))
        .collect();
    let summary = json!({ TIMES: rows, "pixels": shape, "bands": bands, FILES: frames, KEY: made_from });
    write_file(&out.join(PAGE), page(&groups, &rows, &scales).as_bytes())?;
    write_file(&out.join(SUMMARY), serde_json::to_string_pretty(&summary)?.as_bytes())?;
    for (group, line) in groups.iter().zip(lines) {
        println!("{}: {line}", group.folder);
    }
    println!("See {}", printable(&out.join(PAGE).display().to_string()));
    Ok(())
}

/// What headers tell against any of the times, before the first is inverted. The pixels of all: frames of a film have one size.
fn check(groups: &[Group]) -> Result<Vec<usize>, Box<dyn Error>> {
    let mut shape: Option<Vec<usize>> = None;
    for group in groups {
        let opened = images::open(&group.arguments, false);
        let (about, _) = opened.map_err(|error| format!("the time {}: {error}", group.time))?;
        let of_first = shape.get_or_insert_with(|| about.leading.clone());
        if *of_first != about.leading {
            let [first, found] = [&*of_first, &about.leading].map(|shape| format!("{} × {}", shape[1], shape[0]));
            let (time, before) = (group.time, groups[0].time);
            return Err(
                format!("the time {time} has {found} pixels, but {before} {first}: a series has one size").into()
            );
        }
    }
    Ok(shape.unwrap_or_default())
}
