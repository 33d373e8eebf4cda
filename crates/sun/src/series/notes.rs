//! Notes of an unfinished series in its folder, so that the next run knows its own files and those
//! to remove at the end.

use super::left::is_within;
use isopach::compute::{Error, Result};
use isopach_program::{finished, write_file::write_file};
use serde_json::{Value, json};
use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// Gone when the series is whole.
pub(crate) const NAME: &str = ".series.json";
/// Description of a folder whose series was not finished.
pub(crate) const UNFINISHED: &str = "a series that was not finished";

/// The notes of a series.
pub(crate) struct Notes {
    /// Identity of the series.
    pub(super) made_from: Value,
    /// Folders of times that it may have begun: their contents are its own, or may be overwritten.
    pub(super) begun: Vec<String>,
    /// Files of former results that go when it is whole, relative to its folder.
    pub(super) left: Vec<PathBuf>,
}

impl Notes {
    /// The notes in a folder; invalid notes count as none.
    pub(crate) fn read(out: &Path) -> Result<Option<Self>> {
        let path = out.join(NAME);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| Error::of_file(&path, error))?,
        };
        let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let texts = |key: &str| {
            let texts = value[key]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str);
            texts
                .filter(|text| is_within(Path::new(text)))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let left = texts("left").into_iter().map(PathBuf::from).collect();
        Ok(Some(Self {
            made_from: value[finished::KEY].clone(),
            begun: texts("begun"),
            left,
        }))
    }

    pub(super) fn write(&self, out: &Path) -> Result<()> {
        let left: Vec<_> = self
            .left
            .iter()
            .map(|path| path.to_string_lossy())
            .collect();
        let value = json!({ finished::KEY: self.made_from, "begun": self.begun, "left": left });
        write_file(&out.join(NAME), value.to_string().as_bytes())
    }

    pub(super) fn remove(out: &Path) -> Result<()> {
        finished::remove_files(out, [NAME])
    }
}
