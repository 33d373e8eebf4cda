//! Directories of a TIFF file, classic and BigTIFF, in either byte order. Allocations are bounded
//! by the file's size.

use super::{
    fault::{ReadResult, damaged},
    limits::{GeoTiffLimits, check_limit, filled_vec},
};
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
    pub(super) limits: GeoTiffLimits,
}

/// One entry: type, number of values, and their place in the file.
struct Entry {
    kind: u16,
    count: u64,
    at: u64,
}

/// Entries of a directory by tag.
pub(super) struct Directory {
    entries: BTreeMap<u16, Entry>,
}

impl<R> Tiff<R> {
    /// The same file, read through another reader.
    pub(super) fn with_reader<S>(&self, reader: S) -> Tiff<S> {
        Tiff {
            reader,
            big_endian: self.big_endian,
            big: self.big,
            length: self.length,
            limits: self.limits,
        }
    }

    /// Whether the file is big-endian.
    pub(super) fn is_big_endian(&self) -> bool {
        self.big_endian
    }

    /// Refuses bytes of which some lie beyond the end of the file.
    pub(super) fn check_range(&self, at: u64, count: u64) -> ReadResult<()> {
        if at.checked_add(count).is_none_or(|end| end > self.length) {
            return damaged(format!(
                "{count} bytes at {at} lie beyond its end at {}: the file is cut off",
                self.length
            ));
        }
        Ok(())
    }
}

impl<R: std::io::Read + Seek> Tiff<R> {
    /// Reads the head; the file and the place of its first directory.
    pub(super) fn open(mut reader: R, limits: GeoTiffLimits) -> ReadResult<(Self, u64)> {
        let length = reader.seek(SeekFrom::End(0))?;
        let mut tiff = Self {
            reader,
            big_endian: false,
            big: false,
            length,
            limits,
        };
        let head = tiff.read_bytes(0, 8)?;
        tiff.big_endian = match &head[..2] {
            b"II" => false,
            b"MM" => true,
            _ => return damaged("not a TIFF file: it does not begin with II or MM"),
        };
        match tiff.read_number(&head[2..4]) {
            42 => Ok(()),
            43 if tiff.read_number(&head[4..6]) == 8 => {
                tiff.big = true;
                Ok(())
            }
            version => damaged(format!("TIFF version {version} is not known")),
        }?;
        let first = if tiff.big {
            tiff.read_bytes(8, 8)?
        } else {
            head[4..].to_vec()
        };
        let first = tiff.read_number(&first);
        Ok((tiff, first))
    }

    /// Bytes of the file. Nothing is allocated for those that are not there.
    pub(super) fn read_bytes(&mut self, at: u64, count: u64) -> ReadResult<Vec<u8>> {
        self.first_bytes(at, count, count)
    }

    /// Reads the first `most` of `count` bytes, all of which must lie in the file.
    pub(super) fn first_bytes(&mut self, at: u64, count: u64, most: u64) -> ReadResult<Vec<u8>> {
        self.check_range(at, count)?;
        let mut bytes = filled_vec("stored bytes", count.min(most) as usize, 0)?;
        self.reader.seek(SeekFrom::Start(at))?;
        self.reader.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// An integer in the byte order of the file.
    fn read_number(&self, bytes: &[u8]) -> u64 {
        number_of_bytes(bytes, self.big_endian)
    }

    /// The directories from `first` on. They share no bytes, so that all together they are no
    /// longer than the file.
    pub(super) fn read_directories(&mut self, first: u64) -> ReadResult<Vec<Directory>> {
        let mut at = first;
        let mut seen = Vec::new();
        let mut found = Vec::new();
        let mut left = self.length;
        while at != 0 {
            if seen.contains(&at) || seen.len() == MOST_DIRECTORIES {
                break; // A circle, or more than anybody has: the raster is the first.
            }
            seen.push(at);
            let (directory, next, length) = self.read_directory(at)?;
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => return damaged("its directories overlap"),
            }
            found.push(directory);
            at = next;
        }
        Ok(found)
    }

    /// Reads the directory at an offset; also returns the offset of the next one and its length in
    /// bytes.
    fn read_directory(&mut self, at: u64) -> ReadResult<(Directory, u64, u64)> {
        let (head, width, word) = if self.big { (8, 20, 8) } else { (2, 12, 4) };
        let count = self.read_bytes(at, head)?;
        let count = self.read_number(&count);
        if count > MOST_ENTRIES {
            return damaged(format!("a directory claims {count} entries"));
        }
        let start = at + head;
        let length = count * width + word;
        let bytes = self.read_bytes(start, length)?;
        let (table, next) = bytes.split_at((count * width) as usize);
        let mut entries = BTreeMap::new();
        for (number, entry) in table.chunks_exact(width as usize).enumerate() {
            let value_at = start + number as u64 * width + 4 + word;
            let [tag, kind] = [0, 2].map(|from| self.read_number(&entry[from..from + 2]) as u16);
            let count = self.read_number(&entry[4..4 + word as usize]);
            let inline = bytes_of(kind)
                .and_then(|bytes| bytes.checked_mul(count))
                .is_some_and(|all| all <= word);
            let at = if inline {
                value_at
            } else {
                self.read_number(&entry[4 + word as usize..])
            };
            // of a tag that is there twice the first, as libtiff
            entries.entry(tag).or_insert(Entry { kind, count, at });
        }
        Ok((Directory { entries }, self.read_number(next), head + length))
    }

    /// The first `most` values of an entry as stored; `None` if the tag is absent.
    fn read_values(
        &mut self,
        directory: &Directory,
        tag: u16,
        most: u64,
    ) -> ReadResult<Option<Values>> {
        let Some(entry) = directory.entries.get(&tag) else {
            return Ok(None);
        };
        let all =
            bytes_of(entry.kind).and_then(|width| Some((width, width.checked_mul(entry.count)?)));
        let Some((width, all)) = all else {
            return damaged(format!(
                "tag {tag} has {} values of type {}",
                entry.count, entry.kind
            ));
        };
        let bytes = self.first_bytes(entry.at, all, most.saturating_mul(width))?;
        Ok(Some(Values {
            kind: entry.kind,
            width: width as usize,
            is_big_endian: self.big_endian,
            bytes,
        }))
    }

    /// The first `most` non-negative integers of an entry; `None` if the tag is absent.
    pub(super) fn read_numbers(
        &mut self,
        directory: &Directory,
        tag: u16,
        most: u64,
    ) -> ReadResult<Option<Values>> {
        let values = self.read_values(directory, tag, most)?;
        match values.as_ref().map(|values| values.kind) {
            None | Some(1 | 7 | 3 | 4 | 13 | 16 | 18) => Ok(values),
            Some(kind) => damaged(format!(
                "tag {tag} has values of type {kind}, but must have whole numbers"
            )),
        }
    }

    /// One whole number, or `missing`.
    pub(super) fn number_or(
        &mut self,
        directory: &Directory,
        tag: u16,
        missing: u64,
    ) -> ReadResult<u64> {
        match self.read_numbers(directory, tag, 1)? {
            None => Ok(missing),
            Some(values) => values
                .iter()
                .next()
                .map_or_else(|| damaged(format!("tag {tag} has no value")), Ok),
        }
    }

    /// The first `most` floating-point numbers of an entry; empty if the tag is absent.
    pub(super) fn read_doubles(
        &mut self,
        directory: &Directory,
        tag: u16,
        most: u64,
    ) -> ReadResult<Vec<f64>> {
        let Some(values) = self.read_values(directory, tag, most)? else {
            return Ok(Vec::new());
        };
        match values.kind {
            12 => Ok(values.iter().map(f64::from_bits).collect()),
            11 => Ok(values
                .iter()
                .map(|bits| f64::from(f32::from_bits(bits as u32)))
                .collect()),
            kind => damaged(format!(
                "tag {tag} has values of type {kind}, but must have floating point numbers"
            )),
        }
    }

    /// The bytes of a text without its terminator; empty if the tag is absent.
    pub(super) fn text_bytes(&mut self, directory: &Directory, tag: u16) -> ReadResult<Vec<u8>> {
        let Some(entry) = directory.entries.get(&tag) else {
            return Ok(Vec::new());
        };
        let count = entry.count;
        if bytes_of(entry.kind) != Some(1) {
            return damaged(format!(
                "tag {tag} has values of type {}, but must have text",
                entry.kind
            ));
        }
        check_limit(
            "bytes of a text",
            count,
            self.limits.text_bytes,
            "text_bytes",
        )?;
        let mut bytes = self
            .read_values(directory, tag, count)?
            .map_or_else(Vec::new, |values| values.bytes);
        bytes.truncate(
            bytes
                .iter()
                .rposition(|byte| *byte != 0)
                .map_or(0, |last| last + 1),
        );
        Ok(bytes)
    }

    /// The text without its terminator; empty if the tag is absent.
    pub(super) fn read_text(&mut self, directory: &Directory, tag: u16) -> ReadResult<String> {
        let bytes = self.text_bytes(directory, tag)?;
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }
}

/// Values of an entry, as they are stored: no more bytes than the file has for them.
pub(super) struct Values {
    kind: u16,
    width: usize,
    is_big_endian: bool,
    bytes: Vec<u8>,
}

impl Values {
    pub(super) fn len(&self) -> usize {
        self.bytes.len() / self.width
    }

    /// A value as a whole number, or its bits; 0 beyond the last.
    pub(super) fn value_at(&self, index: usize) -> u64 {
        let bytes = self.bytes.get(index * self.width..(index + 1) * self.width);
        number_of_bytes(bytes.unwrap_or_default(), self.is_big_endian)
    }

    /// The bytes as they are stored.
    pub(super) fn stored_bytes(&self) -> impl Iterator<Item = u8> {
        self.bytes.iter().copied()
    }

    /// All values as integers.
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        self.bytes
            .chunks_exact(self.width)
            .map(|bytes| number_of_bytes(bytes, self.is_big_endian))
    }
}

/// A whole number of up to eight bytes.
fn number_of_bytes(bytes: &[u8], is_big_endian: bool) -> u64 {
    let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
    if is_big_endian {
        bytes.iter().fold(0, add)
    } else {
        bytes.iter().rev().fold(0, add)
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
