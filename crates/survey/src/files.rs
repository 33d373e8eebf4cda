//! The files of a survey: opened, restricted to the points that are wanted, and described.

use crate::{inputs::Inputs, listed::list_paths};
use isopach::{
    compute::{Error, Result},
    las::{self, Catalogue, CatalogueOptions, LeftOut},
};
use std::{fs, io::ErrorKind, path::PathBuf};

/// The attributes that a check of equal points compares.
pub(crate) const COMPARED: &str = "coordinates were compared, attributes were not";

/// Removes files that tell of an earlier result, where there are any: before another one gets its
/// name.
pub(crate) fn remove_about(paths: impl IntoIterator<Item = PathBuf>) -> Result<()> {
    for path in paths {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Error::of_file(path, error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Opens the files of a survey in metres, without the points that are left out.
pub(crate) fn open_survey(
    input: &str,
    classes: &[u8],
    keep_withheld: bool,
    keep_noise: bool,
) -> Result<Catalogue> {
    let paths = list_paths(input);
    let catalogue = open_catalogue(&Inputs::default(), &paths, &CatalogueOptions::default())?;
    choose_points(catalogue, classes, keep_withheld, keep_noise)
}

/// The files of a survey, wherever they are.
pub(crate) fn open_catalogue(
    inputs: &Inputs,
    paths: &[PathBuf],
    options: &CatalogueOptions,
) -> Result<Catalogue> {
    let mut files = Vec::new();
    for path in paths {
        for path in Inputs::list_files(path)? {
            files.push(inputs.open(&path)?);
        }
    }
    Catalogue::from_files(files, options)
}

/// The files in metres: points of some classes, without those withheld and noise unless they are
/// asked for.
pub(crate) fn choose_points(
    catalogue: Catalogue,
    classes: &[u8],
    keep_withheld: bool,
    keep_noise: bool,
) -> Result<Catalogue> {
    let mut catalogue = catalogue.in_metres()?.keep_classes(classes);
    if !keep_withheld {
        catalogue = catalogue.without_withheld();
    }
    let asks_for_noise = las::NOISE.iter().any(|class| classes.contains(class));
    if !keep_noise && !asks_for_noise {
        catalogue = catalogue.without_noise();
    }
    catalogue.check_heights()?;
    Ok(catalogue)
}

/// Describes oddities of the files of a survey (`the later epoch`): copies, missing coordinate
/// systems, wrong headers.
pub(crate) fn describe_files(
    survey: &str,
    catalogue: &Catalogue,
    options: &CatalogueOptions,
) -> Vec<String> {
    let mut found = Vec::new();
    for duplicate in catalogue.duplicates() {
        let left_out = duplicate.left_out.display();
        let kept = duplicate.kept.display();
        found.push(if duplicate.left_out == duplicate.kept {
            format!("{left_out} is given twice for {survey}: it is read once")
        } else {
            format!(
                "{left_out} has the same points as {kept} ({COMPARED}): it is left out of {survey}"
            )
        });
    }
    if let (Some(crs), [first, rest @ ..]) = (catalogue.crs(), catalogue.without_crs()) {
        let more = if rest.is_empty() {
            String::new()
        } else {
            format!(" and {} more", rest.len())
        };
        found.push(format!(
            "{}{more} of {survey} state no coordinate system: taken to be in that of the others, {crs} ({})",
            first.display(),
            crs.unit
        ));
    }
    for file in catalogue.files() {
        if let Some(fault) = file.box_fault() {
            found.push(format!(
                "{}: {fault}: it was measured; las_extract repairs it",
                file.path().display()
            ));
        }
        if let Some(fault) = file
            .crs_fault()
            .filter(|_| options.crs.is_none() && !options.ignore_crs)
        {
            found.push(format!("{}: {fault}", file.path().display()));
        }
        if let Some(reason) = file.index_fault() {
            found.push(format!("{}: {reason}", file.path().display()));
        }
    }
    found
}

/// Describes how many points were left out for their flags and classes; `of` is empty or names
/// their survey (` of the later epoch`).
pub(crate) fn describe_left_out(of: &str, left_out: LeftOut) -> Vec<String> {
    let LeftOut { withheld, noise } = left_out;
    let mut found = Vec::new();
    if withheld > 0 {
        let count = count_points(withheld);
        found.push(format!(
            "{count}{of} left out as withheld (--keep-withheld reads them)"
        ));
    }
    if noise > 0 {
        let count = count_points(noise);
        found.push(format!(
            "{count}{of} left out as noise, classes 7 and 18 (--keep-noise reads them)"
        ));
    }
    found
}

pub(crate) fn count_points(count: u64) -> String {
    if count == 1 {
        "1 point".into()
    } else {
        format!("{count} points")
    }
}
