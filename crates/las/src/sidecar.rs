//! What is in each chunk of a file: an index beside it, so that the second query of a box decodes only what it meets.
//!
//! Written as `<file>.chunks`: a head that identifies the file (bytes, modification time, a hash of everything before the points), then 56
//! bytes a chunk. One that does not belong to the file as it is now is not used.

use crate::{error::Checked, identity::Identity};
use isopach_compute::write_whole_among_others;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

const MAGIC: &[u8; 8] = b"ISOPCHK1";
/// Bytes of a chunk's entry.
const ENTRY: usize = 56;

/// What a chunk holds: lowest and highest stored x, y, z, and the classes that occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) low: [i32; 3],
    pub(crate) high: [i32; 3],
    /// A bit a class.
    pub(crate) classes: [u64; 4],
}

impl Contents {
    pub(crate) const NOTHING: Self = Self { low: [i32::MAX; 3], high: [i32::MIN; 3], classes: [0; 4] };

    pub(crate) fn add(&mut self, xyz: [i32; 3], class: u8) {
        for axis in 0..3 {
            self.low[axis] = self.low[axis].min(xyz[axis]);
            self.high[axis] = self.high[axis].max(xyz[axis]);
        }
        self.classes[usize::from(class >> 6)] |= 1 << (class & 63);
    }

    /// Whether any point has one of the wanted classes.
    pub(crate) fn has_any(&self, wanted: &[bool; 256]) -> bool {
        (0..256).any(|class| wanted[class] && self.classes[class >> 6] >> (class & 63) & 1 == 1)
    }

    fn to_bytes(self) -> [u8; ENTRY] {
        let mut bytes = [0; ENTRY];
        let words = self.low.iter().chain(&self.high).flat_map(|word| word.to_le_bytes());
        let words = words.chain(self.classes.iter().flat_map(|word| word.to_le_bytes()));
        bytes.iter_mut().zip(words).for_each(|(to, from)| *to = from);
        bytes
    }

    fn from_bytes(bytes: &[u8; ENTRY]) -> Self {
        let word = |i: usize| i32::from_le_bytes(std::array::from_fn(|b| bytes[4 * i + b]));
        let class = |i: usize| u64::from_le_bytes(std::array::from_fn(|b| bytes[24 + 8 * i + b]));
        Self {
            low: std::array::from_fn(word),
            high: std::array::from_fn(|i| word(3 + i)),
            classes: std::array::from_fn(class),
        }
    }
}

/// Where the index of a file is: beside it, or in a folder for such.
pub(crate) fn place(file: &Path, folder: Option<&Path>) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".chunks");
    folder.map_or_else(|| file.with_file_name(&name), |folder| folder.join(&name))
}

/// The index beside a file, if it belongs to the file as it is now.
pub(crate) fn beside(path: &Path, file: &File, points_at: u64, chunks: usize) -> Option<Vec<Contents>> {
    let place = place(path, None);
    place.exists().then(|| Identity::of(file, points_at).ok()).flatten().and_then(|it| read(&place, it, chunks))
}

/// Reads an index; `None` where there is none that belongs to the file.
pub(crate) fn read(path: &Path, identity: Identity, chunks: usize) -> Option<Vec<Contents>> {
    let head = MAGIC.len() + 24;
    let expected = head + chunks * ENTRY;
    if fs::metadata(path).ok()?.len() != expected as u64 {
        return None;
    }
    let bytes = fs::read(path).ok()?;
    let same = bytes.get(..head)? == header(identity);
    same.then(|| bytes[head..].as_chunks().0.iter().map(Contents::from_bytes).collect())
}

/// Writes an index.
pub(crate) fn write(path: &Path, identity: Identity, contents: &[Contents]) -> Checked<()> {
    let mut bytes = header(identity);
    contents.iter().for_each(|chunk| bytes.extend(chunk.to_bytes()));
    Ok(write_whole_among_others(path, &[&bytes])?)
}

fn header(identity: Identity) -> Vec<u8> {
    MAGIC.iter().copied().chain(identity.to_words().into_iter().flat_map(u64::to_le_bytes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_comes_back() {
        let mut contents = Contents::NOTHING;
        contents.add([-5, 7, i32::MAX], 2);
        contents.add([9, -7, i32::MIN], 255);
        assert_eq!(Contents::from_bytes(&contents.to_bytes()), contents);
        let mut wanted = [false; 256];
        wanted[255] = true;
        assert!(contents.has_any(&wanted));
        wanted[255] = false;
        wanted[3] = true;
        assert!(!contents.has_any(&wanted));
    }
}
