//! A small file, whole or not at all.

use isopach_compute::{Error, Result, write_whole};
use std::path::Path;

/// Writes `bytes` to a temporary file next to `path` and renames it; an error names the file.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    write_whole(path, &[bytes]).map_err(|error| Error::of_file(path, error))
}
