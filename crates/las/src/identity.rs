//! What a file is: to notice when it becomes another while it is read, and to know the same bytes
//! elsewhere.

use crate::{ByteSource, codec::Chunk, error::Checked};
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
    /// Of an open file.
    pub(crate) fn of(about: &Metadata) -> io::Result<Self> {
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

    /// Refuses what was read from a file that somebody writes to, or has replaced.
    pub(crate) fn check(self, path: &Path) -> io::Result<()> {
        if Self::of(&fs::metadata(path)?)? == self {
            return Ok(());
        }
        Err(io::Error::other("the file was changed while it was read"))
    }
}

/// What identifies a file by what it has, wherever it lies and whenever it was written there: its
/// bytes, a hash of what comes before its points, and a hash of where its chunks are and how long
/// each is. Of a file that is not compressed, whose chunks say nothing, some bytes of the points
/// take their place.
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
    /// Of a file whose first `head` bytes come before the points; a mebibyte of them is enough to
    /// tell.
    pub(crate) fn of(
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

    /// As three words.
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
