//! Files that another series left in a folder of results.

use super::{
    Notes, TIMES,
    film::{frame_names, is_numbers},
};
use crate::guard;
use isopach::compute::Result;
use isopach_program::finished;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

/// Frames and files in folders of times that a summary or notes list, except for folders that are
/// kept; relative to `out`.
pub(crate) fn leftover_files(
    out: &Path,
    summary: Option<&Value>,
    notes: Option<&Notes>,
    kept: &[&str],
) -> Result<Vec<PathBuf>> {
    let mut left = Vec::new();
    let mut folders: BTreeSet<&str> = BTreeSet::new();
    if let Some(summary) = summary {
        let names = summary[finished::FILES]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        left.extend(
            names
                .filter(|name: &&str| name.strip_prefix("frames/band_").is_some_and(is_numbers))
                .map(PathBuf::from),
        );
        folders.extend(of_times(summary));
    }
    if let Some(notes) = notes {
        left.extend(notes.left.iter().cloned());
        left.extend(
            frame_names(notes.begun.len())
                .into_iter()
                .map(PathBuf::from),
        );
        folders.extend(notes.begun.iter().map(String::as_str));
    }
    for folder in folders.into_iter().filter(|folder| !kept.contains(folder)) {
        let names = match finished::read_summary(&out.join(folder))? {
            Some(of_time) => guard::files_of(&of_time),
            // Of a time that was not finished.
            None if notes.is_some_and(|notes| notes.begun.iter().any(|begun| begun == folder)) => {
                guard::all_file_names()
            }
            None => continue,
        };
        let about = finished::ABOUT.iter().map(|name| (*name).to_owned());
        left.extend(
            names
                .into_iter()
                .chain(about)
                .map(|name| Path::new(folder).join(name)),
        );
    }
    // By the kept folder, not by the file that lists it.
    left.retain(|path| !kept.iter().any(|folder| path.starts_with(folder)));
    Ok(left)
}

/// Folders of the times of a series.
pub(super) fn of_times(summary: &Value) -> impl Iterator<Item = &str> {
    let times = summary[TIMES].as_array().into_iter().flatten();
    let folders = times.filter_map(|time| time["folder"].as_str());
    folders.filter(|folder| {
        is_within(Path::new(folder)) && Path::new(folder).components().count() == 1
    })
}

/// Whether a path stays within the folder that it is joined to.
pub(super) fn is_within(path: &Path) -> bool {
    path.components().next().is_some()
        && path
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
}

/// Removes files, and the folders that are empty then.
pub(crate) fn remove_files<'a>(
    out: &Path,
    files: impl IntoIterator<Item = &'a PathBuf>,
) -> Result<()> {
    let files: Vec<&PathBuf> = files.into_iter().collect();
    finished::remove_files(out, &files)?;
    let folders: BTreeSet<&Path> = files.iter().filter_map(|file| file.parent()).collect();
    for folder in folders
        .into_iter()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        let _ = fs::remove_dir(out.join(folder));
    }
    Ok(())
}
