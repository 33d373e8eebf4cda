//! Arrays of `f64` in the `.npy` format.

use std::{fs, io, path::Path};

/// Writes `f64` values of the given shape.
pub(crate) fn write(path: &Path, shape: &[usize], values: &[f64]) -> io::Result<()> {
    let dimensions: String = shape.iter().map(|n| format!("{n}, ")).collect();
    let mut header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({}), }}", dimensions.trim_end());
    let padding = (64 - (10 + header.len() + 1) % 64) % 64;
    header.push_str(&" ".repeat(padding));
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    fs::write(path, bytes)
}
