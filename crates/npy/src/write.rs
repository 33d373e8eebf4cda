//! Arrays of `f64` in the `.npy` format.

use isopach_compute::write_whole;
use std::{io, path::Path};

/// Writes `f64` values of the given shape.
pub fn write(path: &Path, shape: &[usize], values: &[f64]) -> io::Result<()> {
    let mut bytes = encode_header("<f8", shape);
    bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    write_whole(path, &[&bytes])
}

/// Encodes the header that precedes the numbers.
pub fn encode_header(descr: &str, shape: &[usize]) -> Vec<u8> {
    let dimensions: String = shape.iter().map(|n| format!("{n}, ")).collect();
    let mut text = format!(
        "{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}), }}",
        dimensions.trim_end()
    );
    let padding = (64 - (10 + text.len() + 1) % 64) % 64;
    text.push_str(&" ".repeat(padding));
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes
}
