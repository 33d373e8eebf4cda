//! Results of a time that are kept from one run to the next: their files are as they were written.

use super::{MAPS, left::is_within};
use crate::{checksum::crc32, options::EmissionOptions, sink};
use isopach::compute::Result;
use isopach_program::finished::{FILES, PAGE};
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, fs, path::Path};

/// Key of a time's summary with the checksums of its files.
const CHECKED: &str = "checked";

/// Adds program, sizes and checksums of the files to the summary that names them.
pub(crate) fn note_checksums(summary: &mut Value, out: &Path, has_page: bool) -> Result<()> {
    let mut sums = Map::new();
    let page = has_page.then_some(PAGE);
    for name in checked_files(summary).chain(page) {
        sums.insert(name.into(), file_checksum(&out.join(name))?);
    }
    summary[CHECKED] = json!({ "program": env!("CARGO_PKG_VERSION"), "bytes_and_crc32": sums });
    Ok(())
}

/// The reason that results of the right inputs and parameters cannot be kept, as a text; `None` if
/// they can.
pub(super) fn why_changed(summary: &Value, options: &EmissionOptions) -> Option<String> {
    let checked = &summary[CHECKED];
    let program = &checked["program"];
    if program.is_null() {
        return Some("they were made by a single run, not as part of a series".into());
    }
    if program != env!("CARGO_PKG_VERSION") {
        return Some(format!(
            "they were made by version {program} of this program"
        ));
    }
    let mut needed = sink::file_names(options);
    needed.push(MAPS.into());
    needed.extend(options.curve.iter().map(|place| place.file()));
    let none = Map::new();
    let sums = checked["bytes_and_crc32"].as_object().unwrap_or(&none);
    let all: BTreeSet<&str> = needed
        .iter()
        .map(String::as_str)
        .chain(checked_files(summary))
        .chain(sums.keys().map(String::as_str))
        .collect();
    let is_same = |name: &str| {
        let found = is_within(Path::new(name))
            .then(|| file_checksum(&options.out.join(name)).ok())
            .flatten();
        found.is_some() && found.as_ref() == sums.get(name)
    };
    all.into_iter()
        .find(|name| !is_same(name))
        .map(|name| format!("{name} was changed or removed after it was written"))
}

fn checked_files(summary: &Value) -> impl Iterator<Item = &str> {
    summary[FILES]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

fn file_checksum(path: &Path) -> Result<Value> {
    let bytes = fs::metadata(path)
        .map_err(|error| isopach::compute::Error::of_file(path, error))?
        .len();
    Ok(json!([bytes, format!("{:08x}", crc32(path)?)]))
}
