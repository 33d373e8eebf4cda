//! Index of the contents of each chunk of a file, stored beside it, so that a query by box decodes
//! only the chunks that it meets.
//!
//! The file `<file>.chunks` holds a head that identifies the LAZ file by content (length, hashes of
//! everything before the points and of the chunk table) so that both may be copied elsewhere, the
//! numbers of points and chunks, 60 bytes per chunk, and a checksum. An index that is damaged or
//! belongs to another file is not used, and the reader says so: a chunk that it wrongly skips would
//! never be decoded, so only the checksum can reveal the error. When a chunk is decoded, its points
//! are compared with its entry, and its bytes with the stored checksum.

use crate::{ByteSource, error::Checked, identity::Identity, local_file::LocalFile};
use isopach_compute::write_whole_among_others;
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// The end of the name of an index, behind that of its file.
pub(crate) const SUFFIX: &str = ".chunks";
const MAGIC: &[u8; 8] = b"ISOPCHK3";
/// Letters that the index of any version begins with.
const ANY_VERSION: usize = 7;
/// Bytes before the entries: the head, points, chunks.
const HEAD: usize = MAGIC.len() + 24 + 16;
/// Bytes of the checksum at the end.
const CHECKSUM: usize = 4;
/// Bytes of a chunk's entry.
const ENTRY: usize = 60;

/// Summary of a chunk: lowest and highest stored x, y, z, the classes that occur, and the checksum
/// of its stored bytes (CRC-32).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) low: [i32; 3],
    pub(crate) high: [i32; 3],
    /// A bit a class.
    pub(crate) classes: [u64; 4],
    pub(crate) sum: u32,
}

impl Contents {
    pub(crate) const NOTHING: Self = Self {
        low: [i32::MAX; 3],
        high: [i32::MIN; 3],
        classes: [0; 4],
        sum: 0,
    };

    pub(crate) fn add_point(&mut self, xyz: [i32; 3], class: u8) {
        for axis in 0..3 {
            self.low[axis] = self.low[axis].min(xyz[axis]);
            self.high[axis] = self.high[axis].max(xyz[axis]);
        }
        self.classes[usize::from(class >> 6)] |= 1 << (class & 63);
    }

    /// Whether a chunk with the summary `seen` agrees with this entry. Classes are compared if they
    /// were decoded.
    pub(crate) fn agrees_with(&self, seen: &Self, classes: bool) -> bool {
        self.low == seen.low && self.high == seen.high && (!classes || self.classes == seen.classes)
    }

    /// Whether any point has one of the wanted classes.
    pub(crate) fn has_any(&self, wanted: &[bool; 256]) -> bool {
        (0..256).any(|class| wanted[class] && self.classes[class >> 6] >> (class & 63) & 1 == 1)
    }

    fn to_bytes(self) -> [u8; ENTRY] {
        let mut bytes = [0; ENTRY];
        let words = self
            .low
            .iter()
            .chain(&self.high)
            .flat_map(|word| word.to_le_bytes());
        let words = words
            .chain(self.classes.iter().flat_map(|word| word.to_le_bytes()))
            .chain(self.sum.to_le_bytes());
        bytes
            .iter_mut()
            .zip(words)
            .for_each(|(to, from)| *to = from);
        bytes
    }

    fn from_bytes(bytes: &[u8; ENTRY]) -> Self {
        let word = |i: usize| i32::from_le_bytes(std::array::from_fn(|b| bytes[4 * i + b]));
        Self {
            low: std::array::from_fn(word),
            high: std::array::from_fn(|i| word(3 + i)),
            classes: std::array::from_fn(|i: usize| {
                u64::from_le_bytes(std::array::from_fn(|b| bytes[24 + 8 * i + b]))
            }),
            sum: u32::from_le_bytes(std::array::from_fn(|b| bytes[56 + b])),
        }
    }
}

/// Path of the index of a file: beside it, or in a folder of indexes.
pub(crate) fn sidecar_path(file: &Path, folder: Option<&Path>) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(SUFFIX);
    folder.map_or_else(|| file.with_file_name(&name), |folder| folder.join(&name))
}

/// Path of the index of a file in a shared folder, named after the file's content.
pub(crate) fn place_by_content(folder: &Path, identity: Identity) -> PathBuf {
    let [bytes, head, chunks] = identity.to_words();
    folder.join(format!("{bytes:x}-{head:016x}-{chunks:016x}.chunks"))
}

/// Outcome of looking for an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing.
    Nothing,
    /// An index that belongs to the file.
    Whole(Vec<Contents>),
    /// One that is not used, and why.
    Fault(&'static str),
}

/// Identity that an index must state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About {
    pub(crate) identity: Identity,
    pub(crate) points: u64,
    pub(crate) chunks: usize,
}

impl About {
    fn to_bytes(self) -> Vec<u8> {
        let words = self
            .identity
            .to_words()
            .into_iter()
            .chain([self.points, self.chunks as u64]);
        MAGIC
            .iter()
            .copied()
            .chain(words.flat_map(u64::to_le_bytes))
            .collect()
    }
}

/// Reads an index.
pub(crate) fn read(path: &Path, about: About) -> Found {
    match LocalFile::open(path) {
        Ok(file) => parse_from(&file, about),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Found::Nothing
        }
        Err(_) => Found::Fault("it cannot be read"),
    }
}

/// The index that a source has.
pub(crate) fn parse_from(source: &dyn ByteSource, about: About) -> Found {
    let length = source.size();
    let expected = (HEAD + about.chunks * ENTRY + CHECKSUM) as u64;
    let Ok(first) = source.read_range(0..length.min(MAGIC.len() as u64)) else {
        return Found::Fault("it cannot be read");
    };
    if first != MAGIC {
        let known = first.get(..ANY_VERSION) == Some(&MAGIC[..ANY_VERSION]);
        return Found::Fault(if known {
            "it is of another version"
        } else {
            "it is no index"
        });
    }
    if length != expected {
        return Found::Fault("it is of another number of chunks, or damaged");
    }
    let Ok(bytes) = source.read_range(0..length) else {
        return Found::Fault("it cannot be read");
    };
    let Some((body, checksum)) = bytes.split_last_chunk::<CHECKSUM>() else {
        return Found::Fault("it is damaged");
    };
    if crc32fast::hash(body) != u32::from_le_bytes(*checksum) {
        return Found::Fault("it is damaged: its checksum does not fit");
    }
    if body[..HEAD] != about.to_bytes() {
        return Found::Fault("the file has changed since it was made");
    }
    Found::Whole(
        body[HEAD..]
            .as_chunks()
            .0
            .iter()
            .map(Contents::from_bytes)
            .collect(),
    )
}

/// Writes an index.
pub(crate) fn write(path: &Path, about: About, contents: &[Contents]) -> Checked<()> {
    let mut bytes = about.to_bytes();
    contents
        .iter()
        .for_each(|chunk| bytes.extend(chunk.to_bytes()));
    let checksum = crc32fast::hash(&bytes);
    Ok(write_whole_among_others(
        path,
        &[&bytes, &checksum.to_le_bytes()],
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_comes_back() {
        let mut contents = Contents::NOTHING;
        contents.add_point([-5, 7, i32::MAX], 2);
        contents.add_point([9, -7, i32::MIN], 255);
        contents.sum = 0xDEAD_BEEF;
        assert_eq!(Contents::from_bytes(&contents.to_bytes()), contents);
        let mut wanted = [false; 256];
        wanted[255] = true;
        assert!(contents.has_any(&wanted));
        wanted[255] = false;
        wanted[3] = true;
        assert!(!contents.has_any(&wanted));
    }
}
