//! The `.npy` format, as far as the golden sets use it: version 1, little endian, C order, `f8` or `i8`.

use std::{fs, io, path::Path};

/// An array of `f64`; integers are converted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Array {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f64>,
}

/// Reads an array.
pub(crate) fn read(path: &Path) -> io::Result<Array> {
    let bytes = fs::read(path).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())))?;
    parse(&bytes).ok_or_else(|| io::Error::other(format!("{}: not a C-order '<f8' or '<i8' .npy file", path.display())))
}

fn parse(bytes: &[u8]) -> Option<Array> {
    let rest = bytes.strip_prefix(b"\x93NUMPY\x01\x00")?;
    let length = usize::from(u16::from_le_bytes(rest.get(..2)?.try_into().ok()?));
    let header = std::str::from_utf8(rest.get(2..2 + length)?).ok()?;
    let body = &rest[2 + length..];
    let integers = header.contains("'<i8'");
    if header.contains("'fortran_order': True") || !(integers || header.contains("'<f8'")) {
        return None;
    }
    let dimensions = header.split_once("'shape': (")?.1.split_once(')')?.0;
    let shape: Vec<usize> = dimensions
        .split(',')
        .map(str::trim)
        .filter(|s| !s.is_empty())
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    let values: Vec<f64> = body
        .as_chunks::<8>()
        .0
        .iter()
        .map(|&b| if integers { i64::from_le_bytes(b) as f64 } else { f64::from_le_bytes(b) })
        .collect();
    (values.len() == shape.iter().product::<usize>()).then_some(Array { shape, values })
}
