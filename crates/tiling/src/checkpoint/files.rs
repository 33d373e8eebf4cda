//! Names of the files in a run's folder. No other file is ever read or removed.

use super::{LOCK, MANIFEST, TILES, TilePart, damaged};
use isopach_compute::{Error, Result};
use std::{
    fs,
    io::{self, ErrorKind},
    path::Path,
};

/// The end of the name of a result.
const RESULT: &str = ".tile";

/// The tile and part that a file name stands for.
pub(super) fn part_of(path: &Path) -> Option<TilePart> {
    part_named(path.file_name()?.to_str()?.strip_suffix(RESULT)?)
}

/// Those of a result that is being written, or that a killed process left.
pub(super) fn part_of_unfinished(path: &Path) -> Option<TilePart> {
    let (name, rest) = path
        .file_name()?
        .to_str()?
        .strip_prefix('.')?
        .split_once(RESULT)?;
    part_named(name).filter(|_| rest.ends_with(".part"))
}

fn part_named(name: &str) -> Option<TilePart> {
    let mut numbers = name.split('-').map(|number| number.parse().ok());
    let mut next = || numbers.next()?;
    let tile = next()?;
    let part = next()?;
    let of = next()?;
    numbers
        .next()
        .is_none()
        .then_some(TilePart { tile, part, of })
}

/// Whether any result is kept.
pub(super) fn has_results(tiles: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(tiles)? {
        if part_of(&entry?.path()).is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Removes all results of a folder, and unfinished files of killed processes.
pub(super) fn remove_results(tiles: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(tiles) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        if part_of(&path)
            .or_else(|| part_of_unfinished(&path))
            .is_some()
        {
            unless_absent(fs::remove_file(&path))?;
        }
    }
    Ok(())
}

/// Removes the files of a run, the manifest first, and the folders unless something else is in
/// them.
pub(super) fn remove_run(folder: &Path) -> Result<()> {
    let remove = || -> io::Result<()> {
        unless_absent(fs::remove_file(folder.join(MANIFEST)))?;
        remove_results(&folder.join(TILES))?;
        [LOCK, damaged::NOTE]
            .into_iter()
            .try_for_each(|name| unless_absent(fs::remove_file(folder.join(name))))
    };
    remove().map_err(|error| Error::of_file(folder, error))?;
    for emptied in [folder.join(TILES), folder.to_owned()] {
        // Files that are left there belong to others.
        let _ = fs::remove_dir(emptied);
    }
    Ok(())
}

fn unless_absent(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_results_are_told_from_others() {
        let part = |name: &str| {
            part_of(Path::new(name)).map(|TilePart { tile, part, of }| [tile, part, of])
        };
        assert_eq!(part("tiles/000012-3-4.tile"), Some([12, 3, 4]));
        let unfinished = |name: &str| part_of_unfinished(Path::new(name)).map(|part| part.tile);
        assert_eq!(unfinished("tiles/.000012-3-4.tile.0a-0b.part"), Some(12));
        for name in [
            "notes.txt",
            "000012-3.tile",
            "12-3-4-5.tile",
            ".nfs000012",
            "a-3-4.tile",
            "000012-3-4.tile.part",
        ] {
            assert_eq!((part(name), unfinished(name)), (None, None), "{name}");
        }
    }
}
