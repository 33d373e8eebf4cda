//! The folder of a series: held as long as it is made, and what another series left there.

use super::{
    film::{frame_names, is_numbers},
    groups::Group,
};
use crate::{
    arguments::Arguments,
    finished::{self, FILES, KEY, PAGE, SUMMARY, WrittenOver},
    guard,
};
use isopach::compute::{Error as Failure, FolderLock};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    error::Error,
    fs,
    path::{Component, Path, PathBuf},
};

/// Where a summary names the folders of times.
pub(crate) const TIMES: &str = "times";
/// Holds the folder; removes what another series left there. Refuses results of other inputs or parameters.
pub(super) fn hold(arguments: &Arguments, groups: &[Group]) -> Result<(Value, FolderLock), Box<dyn Error>> {
    let out = &arguments.out;
    finished::make_folder(out)?;
    let lock = FolderLock::alone(out.join(".lock"))?;
    let inputs = guard::inputs(arguments);
    let frames = frame_names(groups.len());
    let names = || [SUMMARY, PAGE].into_iter().map(PathBuf::from).chain(frames.iter().map(PathBuf::from));
    let in_folders = groups.iter().flat_map(|group| {
        let names = guard::outputs(&group.arguments, true);
        names.into_iter().map(|name| Path::new(&group.folder).join(name))
    });
    let summary = finished::summary(out)?;
    let kept: Vec<&str> = groups.iter().map(|group| group.folder.as_str()).collect();
    let left = summary.as_ref().map_or_else(|| Ok(vec![]), |summary| leftovers(out, summary, &kept))?;
    let singles = summary.iter().flat_map(guard::files_of).map(PathBuf::from);
    let gone = WrittenOver::of(out, names().chain(in_folders).chain(left).chain(singles));
    inputs.iter().try_for_each(|input| gone.refuse_input(input))?;
    let made_from = json!({
        "series": groups.len(), "parameters": guard::parameters(arguments), "inputs": guard::identities(&inputs)?,
    });
    let what = match summary.as_ref().map(|summary| summary.get(KEY)) {
        None if WrittenOver::of(out, names()).is_empty() => None,
        None | Some(None) => Some(finished::UNKNOWN),
        Some(Some(found)) if *found == made_from => None,
        Some(Some(_)) => Some("finished results of other inputs or parameters"),
    };
    match what {
        Some(what) if !arguments.force => return Err(finished::refusal(out, what).into()),
        _ => {}
    }
    if let Some(summary) = summary {
        clear(out, &summary, &kept)?;
        finished::remove(out, guard::files_of(&summary))?;
    }
    finished::remove(out, finished::ABOUT)?;
    Ok((made_from, lock))
}

/// Removes frames and folders of a series that a summary tells of, but for folders that are kept.
pub(crate) fn clear(out: &Path, summary: &Value, kept: &[&str]) -> Result<(), Failure> {
    let left = leftovers(out, summary, kept)?;
    finished::remove(out, &left)?;
    // Only where nothing else is in them.
    let folders: BTreeSet<&Path> = left.iter().filter_map(|file| file.parent()).collect();
    for folder in folders.into_iter().filter(|folder| !folder.as_os_str().is_empty()) {
        let _ = fs::remove_dir(out.join(folder));
    }
    Ok(())
}

/// Frames and files in folders of a series that a summary tells of, but for folders that are kept; relative to `out`.
pub(crate) fn leftovers(out: &Path, summary: &Value, kept: &[&str]) -> Result<Vec<PathBuf>, Failure> {
    let names = summary[FILES].as_array().into_iter().flatten().filter_map(Value::as_str);
    let is_frame = |name: &&str| name.strip_prefix("frames/band_").is_some_and(is_numbers);
    let mut left: Vec<PathBuf> = names.filter(is_frame).map(PathBuf::from).collect();
    let times = summary[TIMES].as_array().into_iter().flatten();
    for folder in times.filter_map(|time| time["folder"].as_str()).filter(|folder| !kept.contains(folder)) {
        let mut parts = Path::new(folder).components();
        if !matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None)) {
            continue;
        }
        let Some(of_time) = finished::summary(&out.join(folder))? else { continue };
        let about = finished::ABOUT.iter().map(|name| (*name).to_owned());
        left.extend(guard::files_of(&of_time).into_iter().chain(about).map(|name| Path::new(folder).join(name)));
    }
    Ok(left)
}
