//! Folders of `.npy` files, one a patch, as Pointcept reads them.

use super::{
    assemble::{Assembly, Finished},
    manifest::PatchRecord,
    storage::append_numbers,
};
use isopach::compute::{Error, Result};
use isopach_npy::encode_header;
use std::{fs, ops::Range, path::Path};

/// Folder of the folders, beside the manifest: a reader that takes every entry of a folder for a
/// sample finds nothing else in it.
pub(super) const FOLDER: &str = "patches";

/// Writes the folders of some patches; their records.
pub(super) fn write_folders(
    assembly: &Assembly<'_>,
    out: &Path,
    items: Range<usize>,
) -> Result<Vec<PatchRecord>> {
    let mut records = Vec::new();
    assembly.finish_all(items, |finished| {
        let name = folder_name(&finished);
        write_folder(assembly, &out.join(FOLDER).join(&name), &finished)?;
        let place = format!("\"folder\": \"{FOLDER}/{name}\"");
        records.push(PatchRecord::new(&finished, place));
        Ok(())
    })?;
    Ok(records)
}

/// Column, row and copy: `x2666_y36666`, `x2666_y36666_copy1`.
fn folder_name(finished: &Finished) -> String {
    let [x, y] = finished.patch.index;
    match finished.copy {
        0 => format!("x{x}_y{y}"),
        copy => format!("x{x}_y{y}_copy{copy}"),
    }
}

fn write_folder(assembly: &Assembly<'_>, folder: &Path, finished: &Finished) -> Result<()> {
    fs::create_dir_all(folder).map_err(|error| Error::of_file(folder, error))?;
    let rows = finished.patch.len();
    let mut bytes = encode_header("<f4", &[rows, 3]);
    append_numbers(&mut bytes, finished.patch.coord.as_flattened());
    write_array(folder, "coord", &bytes)?;
    let about = assembly.columns.iter().zip(&assembly.storages);
    for (number, (column, storage)) in about.enumerate() {
        let shape = storage.shape(column, rows);
        let mut bytes = encode_header(storage.numpy_type(), &shape);
        assembly.append_column(&mut bytes, number, &finished.patch.columns[number]);
        write_array(folder, &column.name, &bytes)?;
    }
    Ok(())
}

fn write_array(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let path = folder.join(format!("{name}.npy"));
    fs::write(&path, bytes).map_err(|error| Error::of_file(path, error))
}
