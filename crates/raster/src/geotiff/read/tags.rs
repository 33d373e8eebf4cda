//! Directories of a TIFF file, classic and BigTIFF, of either byte order. What is allocated is bounded by the file's size.

use super::fault::{Read, damaged};
use std::{
    collections::BTreeMap,
    io::{Seek, SeekFrom},
};

/// Directories that are looked at, at most: a raster, its overviews and their masks.
const MOST_DIRECTORIES: usize = 128;
/// Entries of a directory, at most: all that sixteen bits can number.
const MOST_ENTRIES: u64 = 1 << 16;

/// A file, and how it writes numbers.
pub(super) struct Tiff<R> {
    reader: R,
    big_endian: bool,
    big: bool,
    /// Bytes of the file.
    pub(super) length: u64,
}

/// One entry: type, number of values, and their place in the file.
struct Entry {
    kind: u16,
    count: u64,
    at: u64,
}

/// What one directory says, by tag.
pub(super) struct Directory {
    entries: BTreeMap<u16, Entry>,
}

impl<R: std::io::Read + Seek> Tiff<R> {
    /// Reads the head; the file and the place of its first directory.
    pub(super) fn open(mut reader: R) -> Read<(Self, u64)> {
        let length = reader.seek(SeekFrom::End(0))?;
        let mut tiff = Self { reader, big_endian: false, big: false, length };
        let head = tiff.bytes(0, 8)?;
        tiff.big_endian = match &head[..2] {
            b"II" => false,
            b"MM" => true,
            _ => return damaged("it is no TIFF file: it does not begin with II or MM"),
        };
        match tiff.number(&head[2..4]) {
            42 => Ok(()),
            43 if tiff.number(&head[4..6]) == 8 => {
                tiff.big = true;
                Ok(())
            }
            version => damaged(format!("TIFF version {version} is not known")),
        }?;
        let first = if tiff.big { tiff.bytes(8, 8)? } else { head[4..].to_vec() };
        let first = tiff.number(&first);
        Ok((tiff, first))
    }

    pub(super) fn is_big_endian(&self) -> bool {
        self.big_endian
    }

    /// Bytes of the file. Nothing is allocated for those that are not there.
    pub(super) fn bytes(&mut self, at: u64, count: u64) -> Read<Vec<u8>> {
        if at.checked_add(count).is_none_or(|end| end > self.length) {
            return damaged(format!("{count} bytes at {at} are beyond its end, {} bytes: it was cut", self.length));
        }
        let mut bytes = vec![0; count as usize];
        self.reader.seek(SeekFrom::Start(at))?;
        self.reader.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// A whole number of up to eight bytes.
    fn number(&self, bytes: &[u8]) -> u64 {
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        if self.big_endian { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) }
    }

    /// The directories from `first` on.
    pub(super) fn directories(&mut self, first: u64) -> Read<Vec<Directory>> {
        let (mut at, mut seen, mut found) = (first, Vec::new(), Vec::new());
        while at != 0 {
            if seen.contains(&at) || seen.len() == MOST_DIRECTORIES {
                break; // A circle, or more than anybody has: the raster is the first.
            }
            seen.push(at);
            let (directory, next) = self.directory(at)?;
            found.push(directory);
            at = next;
        }
        Ok(found)
    }

    fn directory(&mut self, at: u64) -> Read<(Directory, u64)> {
        let (head, width, word) = if self.big { (8, 20, 8) } else { (2, 12, 4) };
        let count = self.bytes(at, head)?;
        let count = self.number(&count);
        if count > MOST_ENTRIES {
            return damaged(format!("a directory claims {count} entries"));
        }
        let start = at + head;
        let bytes = self.bytes(start, count * width + word)?;
        let (table, next) = bytes.split_at((count * width) as usize);
        let mut entries = BTreeMap::new();
        for (number, entry) in table.chunks_exact(width as usize).enumerate() {
            let value_at = start + number as u64 * width + 4 + word;
            let [tag, kind] = [0, 2].map(|from| self.number(&entry[from..from + 2]) as u16);
            let count = self.number(&entry[4..4 + word as usize]);
            let inline = bytes_of(kind).and_then(|bytes| bytes.checked_mul(count)).is_some_and(|all| all <= word);
            let at = if inline { value_at } else { self.number(&entry[4 + word as usize..]) };
            entries.insert(tag, Entry { kind, count, at });
        }
        Ok((Directory { entries }, self.number(next)))
    }

    /// The values of an entry as bytes each; `None` where the tag is not there.
    fn values(&mut self, directory: &Directory, tag: u16) -> Read<Option<(u16, Vec<u8>)>> {
        let Some(entry) = directory.entries.get(&tag) else { return Ok(None) };
        let Some(bytes) = bytes_of(entry.kind).and_then(|bytes| bytes.checked_mul(entry.count)) else {
            return damaged(format!("tag {tag} has values of type {}", entry.kind));
        };
        Ok(Some((entry.kind, self.bytes(entry.at, bytes)?)))
    }

    /// Whole numbers, not negative.
    pub(super) fn numbers(&mut self, directory: &Directory, tag: u16) -> Read<Option<Vec<u64>>> {
        let Some((kind, bytes)) = self.values(directory, tag)? else { return Ok(None) };
        let width = match kind {
            1 | 7 => 1,
            3 => 2,
            4 | 13 => 4,
            16 | 18 => 8,
            _ => return damaged(format!("tag {tag} has values of type {kind}, but must have whole numbers")),
        };
        Ok(Some(bytes.chunks_exact(width).map(|bytes| self.number(bytes)).collect()))
    }

    /// One whole number, or `missing`.
    pub(super) fn number_or(&mut self, directory: &Directory, tag: u16, missing: u64) -> Read<u64> {
        match self.numbers(directory, tag)? {
            None => Ok(missing),
            Some(values) => values.first().copied().map_or_else(|| damaged(format!("tag {tag} has no value")), Ok),
        }
    }

    /// Floating point numbers; none where the tag is not there.
    pub(super) fn doubles(&mut self, directory: &Directory, tag: u16) -> Read<Vec<f64>> {
        let Some((kind, bytes)) = self.values(directory, tag)? else { return Ok(Vec::new()) };
        match kind {
            12 => Ok(bytes.chunks_exact(8).map(|bytes| f64::from_bits(self.number(bytes))).collect()),
            11 => Ok(bytes.chunks_exact(4).map(|b| f64::from(f32::from_bits(self.number(b) as u32))).collect()),
            _ => damaged(format!("tag {tag} has values of type {kind}, but must have floating point numbers")),
        }
    }

    /// Text without what ends it; empty where the tag is not there.
    pub(super) fn text(&mut self, directory: &Directory, tag: u16) -> Read<String> {
        let Some((_, bytes)) = self.values(directory, tag)? else { return Ok(String::new()) };
        Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\0').to_owned())
    }
}

/// Bytes of one value of a type.
fn bytes_of(kind: u16) -> Option<u64> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 | 16 | 17 | 18 => Some(8),
        _ => None,
    }
}
