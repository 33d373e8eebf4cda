//! Identity of a file: notices when it changes while it is read, and recognises the same bytes
//! elsewhere.

use crate::{ByteSource, chunk::Chunk, error::Checked};
use isopach_compute::fnv1a;
use std::{
    fs::{self, Metadata},
    io,
    ops::Range,
    path::Path,
    time::UNIX_EPOCH,
};

/// Bytes of the head that are looked at, at most.
const HEAD: u64 = 1 << 20;

/// Size and modification time of a file when it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    bytes: u64,
    modified: u128,
}

impl Stamp {
    /// Identity of an open file.
    pub(crate) fn of_metadata(about: &Metadata) -> io::Result<Self> {
        let modified = about
            .modified()?
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_nanos());
        Ok(Self {
            bytes: about.len(),
            modified,
        })
    }

    /// Size of the file.
    pub(crate) fn bytes(self) -> u64 {
        self.bytes
    }

    /// Refuses data read from a file that has been modified or replaced meanwhile.
    pub(crate) fn check_unchanged(self, path: &Path) -> io::Result<()> {
        if Self::of_metadata(&fs::metadata(path)?)? == self {
            return Ok(());
        }
        Err(io::Error::other("the file was changed while it was read"))
    }
}

/// Identity of a file by content, independent of path and time: its length, a hash of everything
/// before the points, and a hash of the chunk table. For uncompressed files, which have no chunk
/// table, a sample of the point bytes takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    bytes: u64,
    head: u64,
    chunks: u64,
}

/// Pieces of points that are not compressed which are looked at, and bytes of each.
const PIECES: u64 = 16;
const PIECE: u64 = 4096;

impl Identity {
    /// Hashes a file whose first `head` bytes precede the points, reading at most one mebibyte of
    /// them.
    pub(crate) fn of_source(
        source: &dyn ByteSource,
        head: u64,
        chunks: &[Chunk],
        is_compressed: bool,
    ) -> Checked<Self> {
        let bytes = source.size();
        let first = source.read_range(0..head.min(HEAD).min(bytes))?;
        let words = chunks
            .iter()
            .flat_map(|chunk| [chunk.at, chunk.bytes, chunk.points]);
        let mut of_chunks: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
        if !is_compressed {
            let step = (bytes.saturating_sub(head) / PIECES).max(1);
            let places = (0..PIECES)
                .map(|piece| head + piece * step)
                .filter(|place| *place < bytes);
            let pieces: Vec<Range<u64>> = places
                .map(|place| place..(place + PIECE.min(step)).min(bytes))
                .collect();
            of_chunks.extend(source.read(&pieces)?.concat());
        }
        Ok(Self {
            bytes,
            head: fnv1a(first),
            chunks: fnv1a(of_chunks),
        })
    }

    /// The identity as three words.
    pub(crate) fn to_words(self) -> [u64; 3] {
        [self.bytes, self.head, self.chunks]
    }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            bytes,
            head,
            chunks,
        } = self;
        write!(f, "{bytes} bytes, head {head:016x}, chunks {chunks:016x}")
    }
}
