//! The results of an earlier run in an output folder: its summary, and the files that would be
//! overwritten.

use crate::ProgramError;
use crate::same_file::{Identity, file_identity};
use isopach_compute::{Error, Result};
use serde_json::Value;
use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// The file that sums up results; without it they are not finished.
pub const SUMMARY: &str = "summary.json";
/// The page that shows them.
pub const PAGE: &str = "index.html";
/// Files that describe results: removed while results get their names, so that they never describe
/// others.
pub const ABOUT: [&str; 2] = [SUMMARY, PAGE];
/// Key of the summary that lists the files of results.
pub const FILES: &str = "files";
/// Key of the summary that states the inputs and parameters of the results.
pub const KEY: &str = "made_from";

/// Makes the folder of results, if it is not there.
pub fn make_folder(out: &Path) -> Result<()> {
    fs::create_dir_all(out).map_err(|error| {
        let reason = if out.is_file() {
            "it is a file".into()
        } else {
            error.to_string()
        };
        Error::from(ProgramError::OutFolder {
            folder: out.into(),
            reason,
        })
    })
}

/// The summary in a folder: `None` if there is none, null if it is not JSON.
pub fn read_summary(folder: &Path) -> Result<Option<Value>> {
    let path = folder.join(SUMMARY);
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes).unwrap_or_default())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::of_file(path, error)),
    }
}

/// The `known` files that the summary lists.
pub fn listed_files<N: AsRef<str>>(summary: &Value, known: impl IntoIterator<Item = N>) -> Vec<N> {
    let named: Vec<&str> = summary[FILES]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    known
        .into_iter()
        .filter(|name| named.contains(&name.as_ref()))
        .collect()
}

/// Removes the named files that exist.
pub fn remove_files(
    folder: &Path,
    names: impl IntoIterator<Item = impl AsRef<Path>>,
) -> Result<()> {
    for path in names.into_iter().map(|name| folder.join(name)) {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Error::of_file(path, error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The files of a folder that would be written over, as they are now.
#[derive(Debug)]
pub struct WrittenOver(Vec<(Identity, PathBuf)>);

impl WrittenOver {
    /// The files in `folder` with these names.
    pub fn of(folder: &Path, names: impl IntoIterator<Item = impl AsRef<Path>>) -> Self {
        let paths = names.into_iter().map(|name| folder.join(name));
        Self(
            paths
                .filter_map(|path| Some((file_identity(&path)?, path)))
                .collect(),
        )
    }

    /// Whether nothing would be written over.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Refuses an input that is one of them, under any name.
    pub fn refuse_input(&self, input: &Path) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let Some(of_input) = file_identity(input) else {
            return Ok(());
        };
        match self.0.iter().find(|(identity, _)| *identity == of_input) {
            None => Ok(()),
            Some((_, output)) => Err(ProgramError::OverwritesInput {
                input: input.into(),
                output: output.clone(),
            }
            .into()),
        }
    }
}

/// Error about a folder with unexpected contents, with the remedy.
pub fn refuse_folder(folder: &Path, what: &str) -> Error {
    ProgramError::OtherResults {
        folder: folder.into(),
        found: what.into(),
    }
    .into()
}

/// Description of results without a summary, or with one that does not state their inputs.
pub const UNKNOWN: &str = "results of unknown inputs and parameters";
