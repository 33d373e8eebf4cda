//! The locked folder of a series. Files of an earlier series are removed time by time, and the rest
//! at the end.

use super::{
    Notes, UNFINISHED,
    film::frame_names,
    groups::Group,
    left::{leftover_files, of_times, remove_files},
};
use crate::{
    guard::{self, Content, OTHER},
    options::EmissionOptions,
};
use isopach::compute::{FolderLock, Result};
use isopach_program::finished::{self, KEY, PAGE, SUMMARY, UNKNOWN, WrittenOver};
use serde_json::{Value, json};
use std::{
    error::Error,
    path::{Path, PathBuf},
};

/// A series and its folder.
pub(super) struct Held<'a> {
    out: &'a Path,
    /// Identity of the series.
    pub(super) made_from: Value,
    /// Summaries of times that were finished with the same inputs and parameters, in the order of
    /// the times.
    pub(super) finished: Vec<Option<Value>>,
    /// Folders of a former series, from its summary.
    former: Vec<String>,
    /// Files to remove when this series is complete.
    left: Vec<PathBuf>,
    _lock: FolderLock,
}

/// Holds the folder; refuses results of other inputs or parameters, of the series and of each time,
/// unless they may be written over.
pub(super) fn lock_series<'a>(
    options: &'a EmissionOptions,
    groups: &[Group],
) -> std::result::Result<Held<'a>, Box<dyn Error>> {
    let out = options.out.as_path();
    finished::make_folder(out)?;
    let lock = FolderLock::acquire_exclusive(out.join(".lock"))?;
    let inputs = guard::input_paths(options);
    let frames = frame_names(groups.len());
    let names = || {
        [SUMMARY, PAGE]
            .into_iter()
            .map(PathBuf::from)
            .chain(frames.iter().map(PathBuf::from))
    };
    let in_folders = groups.iter().flat_map(|group| {
        let names = guard::output_names(&group.options, true);
        names
            .into_iter()
            .map(|name| Path::new(&group.folder).join(name))
    });
    let made_from = json!({
        "series": groups.len(), "parameters": guard::result_parameters(options), "inputs": guard::identities(&inputs)?,
    });
    let summary = finished::read_summary(out)?;
    let notes = Notes::read(out)?;
    let kept: Vec<&str> = groups.iter().map(|group| group.folder.as_str()).collect();
    let mut left = leftover_files(out, summary.as_ref(), notes.as_ref(), &kept)?;
    left.extend(summary.iter().flat_map(guard::files_of).map(PathBuf::from));
    left.retain(|path| !frames.iter().any(|frame| Path::new(frame) == path));
    let gone = WrittenOver::of(out, names().chain(in_folders).chain(left.iter().cloned()));
    inputs
        .iter()
        .try_for_each(|input| gone.refuse_input(input))?;
    let goes_on = notes
        .as_ref()
        .is_some_and(|notes| notes.made_from == made_from);
    let what = match summary.as_ref().map(|summary| summary.get(KEY)) {
        _ if goes_on => None,
        _ if notes.is_some() => Some(UNFINISHED),
        None if WrittenOver::of(out, names()).is_empty() => None,
        None | Some(None) => Some(UNKNOWN),
        Some(Some(found)) if *found == made_from => None,
        Some(Some(_)) => Some(OTHER),
    };
    if let Some(what) = what.filter(|_| !options.force) {
        return Err(finished::refuse_folder(out, what).into());
    }
    let begun = notes
        .as_ref()
        .filter(|_| goes_on)
        .map_or(&[][..], |notes| &notes.begun);
    let finished: std::result::Result<_, _> =
        groups.iter().map(|group| of_time(group, begun)).collect();
    let former = summary
        .iter()
        .flat_map(of_times)
        .map(str::to_owned)
        .collect();
    let held = Held {
        out,
        made_from,
        finished: finished?,
        former,
        left,
        _lock: lock,
    };
    let begun = kept.into_iter().map(str::to_owned).collect();
    Notes {
        made_from: held.made_from.clone(),
        begun,
        left: held.left.clone(),
    }
    .write(out)?;
    Ok(held)
}

/// The summary of a time that was finished with the same inputs and parameters.
///
/// # Errors
/// In words: its folder has other results, which may not be written over.
fn of_time(group: &Group, begun: &[String]) -> std::result::Result<Option<Value>, Box<dyn Error>> {
    let out = &group.options.out;
    let summary = finished::read_summary(out)?;
    let what = match summary.as_ref().map(|summary| summary.get(KEY)) {
        // Files of this series that an interrupted run wrote before its summary.
        None if begun.contains(&group.folder) => return Ok(None),
        None if WrittenOver::of(out, guard::output_names(&group.options, true)).is_empty() => {
            return Ok(None);
        }
        None | Some(None) => UNKNOWN,
        Some(Some(found)) if *found == made_from(group)? => return Ok(summary),
        Some(Some(_)) => OTHER,
    };
    if group.options.force {
        Ok(None)
    } else {
        Err(finished::refuse_folder(out, what).into())
    }
}

/// Identity of the results of a time.
fn made_from(group: &Group) -> Result<Value> {
    Ok(guard::made_from(
        &group.options,
        &Content::of_inputs(&group.options)?,
    ))
}

impl Held<'_> {
    /// Prepares to write a time: the summary and page of a former series must not describe it.
    pub(super) fn will_write(&mut self, folder: &str) -> Result<()> {
        if self.former.iter().any(|former| former == folder) {
            self.former.clear();
            finished::remove_files(self.out, finished::ABOUT)?;
        }
        Ok(())
    }

    /// Prepares to write frames, summary and page after all times are written.
    pub(super) fn will_finish(&self) -> Result<()> {
        finished::remove_files(self.out, finished::ABOUT)
    }

    /// Removes the files of a former series once this one is complete.
    pub(super) fn remove_former(self) -> Result<()> {
        remove_files(self.out, &self.left)?;
        Notes::remove(self.out)
    }
}
