//! Arrays in the `.npy` format of numpy: versions 1 to 3, either byte order, C or Fortran order,
//! real numbers of two to eight bytes or whole ones of one to eight.
//!
//! ```
//! # let path = std::env::temp_dir().join(format!("isopach-npy-{}.npy", std::process::id()));
//! isopach_npy::write(&path, &[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
//! let array = isopach_npy::read(&path)?;
//! assert_eq!(array.shape, [2, 3]);
//! assert_eq!(array.values[5], 6.0);
//! # std::fs::remove_file(path)?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Arrays larger than memory
//!
//! [`read`] refuses arrays above 256 MiB. Read the header and some rows at a time instead:
//!
//! ```
//! use isopach_npy::{read_header, read_rows};
//!
//! # let path = std::env::temp_dir().join(format!("isopach-npy-rows-{}.npy", std::process::id()));
//! isopach_npy::write(&path, &[4, 2], &[0.0, 1.0, 10.0, 11.0, 20.0, 21.0, 30.0, 31.0])?;
//! let mut file = std::fs::File::open(&path)?;
//! let header = read_header(&mut file)?;
//! header.byte_count(file.metadata()?.len())?; // the file holds these numbers and nothing else
//! assert_eq!(read_rows(&mut file, &header, 1..3)?, [10.0, 11.0, 20.0, 21.0]);
//! # std::fs::remove_file(path)?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! To write numbers as they are computed, write the bytes of [`encode_header`] first.
//!
//! Damaged files are errors, never panics; an error names the file.

mod write;

pub use write::{encode_header, write};

use std::{
    error::Error,
    fmt::{self, Formatter},
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
};

/// Limit on the bytes of a header; numpy writes 128.
const MOST_HEADER: u32 = 1 << 20;
/// Bytes of an array that is read whole: bins and tables, never images.
const MOST_BYTES: u64 = 256 << 20;

/// An array of `f64`; other numbers are converted.
#[derive(Clone, Debug, PartialEq)]
pub struct NpyArray {
    /// Length of each axis; empty for a single number.
    pub shape: Vec<usize>,
    /// All numbers, the last axis the fastest.
    pub values: Vec<f64>,
}

/// The header of an `.npy` file: type, shape and order of its numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct NpyHeader {
    /// Length of each axis; empty for a single number.
    pub shape: Vec<usize>,
    /// Type and byte order of the numbers.
    pub kind: NumberKind,
    /// Whether the first axis is the fastest.
    pub is_fortran: bool,
    /// Position of the first number.
    pub start: u64,
}

impl NpyHeader {
    /// Bytes of all numbers of an array in a file of `length` bytes, which must hold them and
    /// nothing else.
    pub fn byte_count(&self, length: u64) -> io::Result<u64> {
        let Self {
            shape, kind, start, ..
        } = self;
        if shape.contains(&0) {
            return Err(io::Error::other(format!(
                "an array of the shape {shape:?} has no numbers"
            )));
        }
        let size = kind.byte_size() as u64;
        let bytes = shape
            .iter()
            .try_fold(size, |bytes, &side| bytes.checked_mul(side as u64));
        match bytes {
            Some(bytes) if start.checked_add(bytes) == Some(length) => Ok(bytes),
            _ => {
                let there = length.saturating_sub(*start);
                let part = if there.is_multiple_of(size) {
                    String::new()
                } else {
                    format!(" and {} bytes", there % size)
                };
                Err(io::Error::other(format!(
                    "there are {} numbers{part} for the shape {shape:?}",
                    there / size
                )))
            }
        }
    }
}

/// A kind of number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberKind {
    /// f, i or u.
    letter: char,
    bytes: usize,
    is_big_endian: bool,
}

impl NumberKind {
    fn parse(descr: &str) -> Option<Self> {
        let mut letters = descr.chars();
        let order = letters.next()?;
        let kind = letters.next()?;
        let size = letters.as_str().parse().ok()?;
        let known = matches!((kind, size), ('f', 2 | 4 | 8) | ('i' | 'u', 1 | 2 | 4 | 8));
        let is_ordered = matches!(order, '<' | '>') || size == 1;
        (known && is_ordered).then_some(Self {
            letter: kind,
            bytes: size,
            is_big_endian: order == '>',
        })
    }

    /// Bytes of a number.
    pub fn byte_size(self) -> usize {
        self.bytes
    }

    /// Every number of some bytes.
    pub fn decode_numbers(self, bytes: &[u8]) -> Vec<f64> {
        bytes
            .chunks_exact(self.byte_size())
            .map(|number| self.decode_number(number))
            .collect()
    }

    /// The number of some bytes, eight at most.
    fn decode_number(self, bytes: &[u8]) -> f64 {
        let mut wide = [0; 8];
        wide[..bytes.len()].copy_from_slice(bytes);
        if self.is_big_endian {
            wide[..bytes.len()].reverse();
        }
        let whole = u64::from_le_bytes(wide);
        let unused = 64 - 8 * bytes.len() as u32;
        match (self.letter, self.bytes) {
            ('f', 2) => decode_half(whole as u16),
            ('f', 4) => f32::from_bits(whole as u32).into(),
            ('f', _) => f64::from_bits(whole),
            ('u', _) => whole as f64,
            _ => ((whole as i64) << unused >> unused) as f64,
        }
    }
}

/// The number of a half (IEEE 754 binary16).
fn decode_half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let exponent = i32::from(bits >> 10 & 0x1F);
    let fraction = f64::from(bits & 0x3FF) / 1024.0;
    sign * match exponent {
        0 => fraction * 2_f64.powi(-14),
        0x1F if fraction == 0.0 => f64::INFINITY,
        0x1F => f64::NAN,
        _ => (1.0 + fraction) * 2_f64.powi(exponent - 15),
    }
}

/// Some rows (along the first axis) of an array in a file, the last axis the fastest.
pub fn read_rows(
    file: &mut (impl Read + Seek),
    header: &NpyHeader,
    rows: Range<usize>,
) -> io::Result<Vec<f64>> {
    let size = header.kind.byte_size();
    let (all, rest) = header
        .shape
        .split_first()
        .map_or((1, &[][..]), |(all, rest)| (*all, rest));
    let row: usize = rest.iter().product();
    let mut at = |number: usize, count: usize| -> io::Result<Vec<f64>> {
        file.seek(SeekFrom::Start(header.start + (number * size) as u64))?;
        let mut bytes = vec![0; count * size];
        file.read_exact(&mut bytes)?;
        Ok(header.kind.decode_numbers(&bytes))
    };
    if !header.is_fortran {
        return at(rows.start * row, rows.len() * row);
    }
    // All rows of a column are adjacent.
    let mut values = vec![0.0; rows.len() * row];
    for column in 0..row {
        let mut left = column;
        let mut stride = row;
        let mut place = 0;
        let mut fortran = 1;
        for side in rest {
            stride /= side;
            place += left / stride * fortran;
            left %= stride;
            fortran *= side;
        }
        for (i, value) in at(place * all + rows.start, rows.len())?
            .into_iter()
            .enumerate()
        {
            values[i * row + column] = value;
        }
    }
    Ok(values)
}

/// An error about a file, prefixed with its name; the source decides whether it is transient.
#[derive(Debug)]
struct OfFile {
    path: PathBuf,
    source: io::Error,
}

impl fmt::Display for OfFile {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.source)
    }
}

impl Error for OfFile {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// Reads an array.
pub fn read(path: &Path) -> io::Result<NpyArray> {
    let named = |e: io::Error| {
        io::Error::new(
            e.kind(),
            OfFile {
                path: path.to_owned(),
                source: e,
            },
        )
    };
    let mut file = File::open(path).map_err(named)?;
    let header = read_header(&mut file).map_err(named)?;
    let length = file.metadata().map_err(named)?.len();
    let bytes = header.byte_count(length).map_err(named)?;
    if bytes > MOST_BYTES {
        return Err(named(io::Error::other(format!(
            "{bytes} bytes of numbers are more than {MOST_BYTES}, the limit"
        ))));
    }
    let all = header.shape.first().copied().unwrap_or(1);
    let values = read_rows(&mut file, &header, 0..all).map_err(named)?;
    Ok(NpyArray {
        shape: header.shape,
        values,
    })
}

/// Reads up to the first number.
pub fn read_header(file: &mut impl Read) -> io::Result<NpyHeader> {
    let not_npy = || io::Error::other("not a .npy file");
    let mut start = [0; 10];
    file.read_exact(&mut start).map_err(|_| not_npy())?;
    let (length, before) = match start {
        [0x93, b'N', b'U', b'M', b'P', b'Y', 1, _, a, b] => (u16::from_le_bytes([a, b]).into(), 10),
        [0x93, b'N', b'U', b'M', b'P', b'Y', 2 | 3, _, a, b] => {
            let mut more = [0; 2];
            file.read_exact(&mut more).map_err(|_| not_npy())?;
            (u32::from_le_bytes([a, b, more[0], more[1]]), 12)
        }
        _ => return Err(not_npy()),
    };
    if length > MOST_HEADER {
        return Err(io::Error::other(format!(
            "its header has {length} bytes, more than {MOST_HEADER}, the limit"
        )));
    }
    let mut text = vec![0; length as usize];
    file.read_exact(&mut text)
        .map_err(|_| io::Error::other("the file ends before its header does"))?;
    let text = String::from_utf8_lossy(&text);
    let entry = |name: &str| Some(text.split_once(name)?.1.trim_start_matches([':', ' ']));
    let is_fortran = entry("'fortran_order'").and_then(|s| match s {
        s if s.starts_with("False") => Some(false),
        s if s.starts_with("True") => Some(true),
        _ => None,
    });
    let kind = entry("'descr'")
        .and_then(|s: &str| Some(s.split('\'').nth(1)?.to_owned()))
        .and_then(|descr| NumberKind::parse(&descr));
    let shape = entry("'shape'").and_then(|s| {
        let sizes = s
            .strip_prefix('(')?
            .split_once(')')?
            .0
            .split(',')
            .map(str::trim)
            .filter(|s| !s.is_empty());
        sizes
            .map(|size| size.parse().ok())
            .collect::<Option<Vec<usize>>>()
    });
    match (is_fortran, kind, shape) {
        (Some(is_fortran), Some(kind), Some(shape)) => Ok(NpyHeader {
            shape,
            kind,
            is_fortran,
            start: u64::from(before + length),
        }),
        _ => {
            let shown: String = text.trim().chars().take(200).collect();
            Err(io::Error::other(format!(
                "not real or whole numbers: {shown}"
            )))
        }
    }
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeRuns;
