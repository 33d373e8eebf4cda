//! The note of sources that could not be read, beside the results of the run that they ended.

use super::bounded;
use isopach_compute::{Error, Result, write_whole};
use serde_json::{Value, json};
use std::{fs, io, path::Path};

/// The file of the note: a list of `{"source": number, "name": name}`.
pub(super) const NOTE: &str = "an-input-was-damaged";

/// Adds a source to the note.
pub(super) fn add_source(folder: &Path, source: usize, name: &str) {
    let mut noted = read_note(folder);
    if source_numbers(&noted).any(|number| number == source) {
        return;
    }
    noted.push(json!({ "source": source, "name": name }));
    // Without the note, the user is told to remove the folder.
    let _ = write_whole(
        &folder.join(NOTE),
        &[format!("{:#}\n", Value::Array(noted)).as_bytes()],
    );
}

/// The sources of the note; none if there is no note, or it cannot be read.
pub(super) fn damaged_sources(folder: &Path) -> Vec<usize> {
    source_numbers(&read_note(folder)).collect()
}

/// Removes the note.
pub(super) fn remove_note(folder: &Path) -> Result<()> {
    let path = folder.join(NOTE);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::of_file(&path, error)),
        _ => Ok(()),
    }
}

fn read_note(folder: &Path) -> Vec<Value> {
    let text = bounded::read_bounded(&folder.join(NOTE), 1 << 20).ok();
    text.and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}

fn source_numbers(noted: &[Value]) -> impl Iterator<Item = usize> {
    noted
        .iter()
        .filter_map(|entry| entry["source"].as_u64()?.try_into().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_noted_once_and_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        assert!(damaged_sources(dir.path()).is_empty());
        remove_note(dir.path()).unwrap();
        for source in [1, 0, 1] {
            add_source(dir.path(), source, "line\nbreak \"quoted\".laz");
        }
        assert_eq!(damaged_sources(dir.path()), [1, 0]);
        remove_note(dir.path()).unwrap();
        assert!(damaged_sources(dir.path()).is_empty());
        for torn in ["", "{}", "[{\"source\": -1}, 7, null]"] {
            fs::write(dir.path().join(NOTE), torn).unwrap();
            assert!(damaged_sources(dir.path()).is_empty(), "{torn}");
        }
    }
}
