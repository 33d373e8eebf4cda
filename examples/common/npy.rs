//! The `.npy` format: versions 1 to 3, little endian, C order, real or whole numbers of one to eight bytes.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

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
    let mut bytes = vec![];
    file.read_to_end(&mut bytes).map_err(named)?;
    let values = header.kind.numbers(&bytes);
    if values.len() != header.shape.iter().product::<usize>() {
        return Err(named(io::Error::other(format!("{} numbers for the shape {:?}", values.len(), header.shape))));
    }
    Ok(Array { shape: header.shape, values })
}

/// Reads up to the first number.
pub(crate) fn header(file: &mut impl Read) -> io::Result<Header> {
    let mut start = [0; 10];
    file.read_exact(&mut start)?;
    let (length, before) = match start {
        [0x93, b'N', b'U', b'M', b'P', b'Y', 1, _, a, b] => (usize::from(u16::from_le_bytes([a, b])), 10),
        [0x93, b'N', b'U', b'M', b'P', b'Y', 2 | 3, _, a, b] => {
            let mut more = [0; 2];
            file.read_exact(&mut more)?;
            (u32::from_le_bytes([a, b, more[0], more[1]]) as usize, 12)
        }
        _ => return Err(io::Error::other("not a .npy file")),
    };
    let mut text = String::new();
    file.take(length as u64).read_to_string(&mut text)?;
    let entry = |name: &str| Some(text.split_once(name)?.1.trim_start_matches([':', ' ']));
    let quoted = |s: &str| Some(s.split('\'').nth(1)?.to_owned());
    let c_order = entry("'fortran_order'").is_some_and(|s| s.starts_with("False"));
    let kind = entry("'descr'").and_then(quoted).and_then(|descr| Kind::parse(&descr));
    let shape = entry("'shape'").and_then(|s| {
        let sizes = s.strip_prefix('(')?.split_once(')')?.0.split(',').map(str::trim).filter(|s| !s.is_empty());
        sizes.map(|size| size.parse().ok()).collect::<Option<Vec<usize>>>()
    });
    match (c_order, kind, shape) {
        (true, Some(kind), Some(shape)) => Ok(Header { shape, kind, start: (before + length) as u64 }),
        _ => Err(io::Error::other(format!("not little-endian real or whole numbers in C order: {}", text.trim()))),
    }
}
