//! The `.npy` format: versions 1 to 3, little endian, C order, real or whole numbers of one to eight bytes.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// Bytes of a header at most; numpy writes 128.
const MOST_HEADER: u32 = 1 << 20;
/// Bytes of an array that is read whole: bins and tables, never images.
const MOST_BYTES: u64 = 256 << 20;

/// An array of `f64`; other numbers are converted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Array {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f64>,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Header {
    pub(crate) shape: Vec<usize>,
    pub(crate) kind: Kind,
    /// Position of the first number.
    pub(crate) start: u64,
}

impl Header {
    /// Bytes of all numbers of an array in a file of `length` bytes, which must hold them and nothing else.
    pub(crate) fn bytes(&self, length: u64) -> io::Result<u64> {
        let Self { shape, kind, start } = self;
        if shape.contains(&0) {
            return Err(io::Error::other(format!("an array of the shape {shape:?} has no numbers")));
        }
        let size = kind.size() as u64;
        let bytes = shape.iter().try_fold(size, |bytes, &side| bytes.checked_mul(side as u64));
        match bytes {
            Some(bytes) if start.checked_add(bytes) == Some(length) => Ok(bytes),
            _ => {
                let there = length.saturating_sub(*start);
                let part =
                    if there.is_multiple_of(size) { String::new() } else { format!(" and {} bytes", there % size) };
                Err(io::Error::other(format!("there are {} numbers{part} for the shape {shape:?}", there / size)))
            }
        }
    }
}

/// A kind of number: letter (f, i, u) and bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind(char, usize);

impl Kind {
    fn parse(descr: &str) -> Option<Self> {
        let mut letters = descr.chars();
        let (order, kind, size) = (letters.next()?, letters.next()?, letters.as_str().parse().ok()?);
        let known = matches!((kind, size), ('f', 4 | 8) | ('i' | 'u', 1 | 2 | 4 | 8));
        (known && (order == '<' || size == 1)).then_some(Self(kind, size))
    }

    /// Bytes of a number.
    pub(crate) fn size(self) -> usize {
        self.1
    }

    /// Every number of some bytes.
    pub(crate) fn numbers(self, bytes: &[u8]) -> Vec<f64> {
        let number = |bytes: &[u8]| {
            let mut wide = [0; 8];
            wide[..bytes.len()].copy_from_slice(bytes);
            let whole = u64::from_le_bytes(wide);
            let unused = 64 - 8 * bytes.len() as u32;
            match self {
                Self('f', 4) => f32::from_bits(whole as u32).into(),
                Self('f', _) => f64::from_bits(whole),
                Self('u', _) => whole as f64,
                Self(..) => ((whole as i64) << unused >> unused) as f64,
            }
        };
        bytes.chunks_exact(self.size()).map(number).collect()
    }
}

/// Reads an array.
pub(crate) fn read(path: &Path) -> io::Result<Array> {
    let named = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", path.display()));
    let mut file = File::open(path).map_err(named)?;
    let header = header(&mut file).map_err(named)?;
    let length = file.metadata().map_err(named)?.len();
    let bytes = header.bytes(length).map_err(named)?;
    if bytes > MOST_BYTES {
        return Err(named(io::Error::other(format!("{bytes} bytes of numbers are more than {MOST_BYTES}, the limit"))));
    }
    let mut numbers = vec![0; bytes as usize];
    file.read_exact(&mut numbers).map_err(named)?;
    Ok(Array { shape: header.shape, values: header.kind.numbers(&numbers) })
}

/// Reads up to the first number.
pub(crate) fn header(file: &mut impl Read) -> io::Result<Header> {
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
        return Err(io::Error::other(format!("its header has {length} bytes, more than {MOST_HEADER}, the limit")));
    }
    let mut text = vec![0; length as usize];
    file.read_exact(&mut text).map_err(|_| io::Error::other("the file ends before its header does"))?;
    let text = String::from_utf8_lossy(&text);
    let entry = |name: &str| Some(text.split_once(name)?.1.trim_start_matches([':', ' ']));
    let quoted = |s: &str| Some(s.split('\'').nth(1)?.to_owned());
    let c_order = entry("'fortran_order'").is_some_and(|s| s.starts_with("False"));
    let kind = entry("'descr'").and_then(quoted).and_then(|descr| Kind::parse(&descr));
    let shape = entry("'shape'").and_then(|s| {
        let sizes = s.strip_prefix('(')?.split_once(')')?.0.split(',').map(str::trim).filter(|s| !s.is_empty());
        sizes.map(|size| size.parse().ok()).collect::<Option<Vec<usize>>>()
    });
    match (c_order, kind, shape) {
        (true, Some(kind), Some(shape)) => Ok(Header { shape, kind, start: u64::from(before + length) }),
        _ => {
            let shown: String = text.trim().chars().take(200).collect();
            Err(io::Error::other(format!("not little-endian real or whole numbers in C order: {shown}")))
        }
    }
}
