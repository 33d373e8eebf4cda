//! Units of the files, for places and directions that options give in their coordinates.

use isopach::las::{Catalogue, Las};
use std::path::PathBuf;

/// Two files with different units: a place in their coordinates is ambiguous.
pub(crate) struct TwoUnits {
    pub(crate) first: PathBuf,
    pub(crate) other: PathBuf,
}

/// Metres a unit of each axis of the files' own coordinates: their points are read in metres.
pub(crate) fn metres_per_unit(catalogue: &Catalogue) -> Result<[f64; 3], TwoUnits> {
    Ok(in_common(catalogue, Las::metres_per_unit)?.unwrap_or([1.0; 3]))
}

/// Units of the plane a unit of height: directions keep their slope in any unit but by that.
pub(crate) fn plane_per_height_unit(catalogue: &Catalogue) -> Result<f64, TwoUnits> {
    let of_file = |file: &Las| {
        let [plane, _, height] = file.metres_per_unit();
        height / plane
    };
    Ok(in_common(catalogue, of_file)?.unwrap_or(1.0))
}

/// Property that all files have in common; `None` without files.
fn in_common<T: PartialEq>(
    catalogue: &Catalogue,
    of: impl Fn(&Las) -> T,
) -> Result<Option<T>, TwoUnits> {
    let Some((first, others)) = catalogue.files().split_first() else {
        return Ok(None);
    };
    let common = of(first);
    match others.iter().find(|file| of(file) != common) {
        Some(other) => Err(TwoUnits {
            first: first.path().to_owned(),
            other: other.path().to_owned(),
        }),
        None => Ok(Some(common)),
    }
}
