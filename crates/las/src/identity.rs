//! What a file is now, to notice when it becomes another.

use crate::error::{Checked, Problem};
use isopach_compute::fnv1a;
use std::{
    fs::{self, File, Metadata},
    io::{Read, Seek},
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
    pub(crate) fn of(about: &Metadata) -> Checked<Self> {
        let modified = about.modified()?.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
        Ok(Self { bytes: about.len(), modified })
    }

    /// Refuses what was read from a file that somebody writes to, or has replaced.
    pub(crate) fn check(self, path: &Path) -> Checked<()> {
        if Self::of(&fs::metadata(path)?)? == self {
            return Ok(());
        }
        Err(Problem::Io(std::io::Error::other("the file was changed while it was read")))
    }
}

/// What identifies a file as it is now: bytes, modification time in nanoseconds, and a hash of what comes before its points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    stamp: Stamp,
    head: u64,
}

impl Identity {
    /// Of a file whose first `head` bytes come before the points; a mebibyte of them is enough to tell.
    pub(crate) fn of(mut file: &File, head: u64) -> Checked<Self> {
        let stamp = Stamp::of(&file.metadata()?)?;
        let mut bytes = Vec::new();
        file.rewind()?;
        file.take(head.min(HEAD)).read_to_end(&mut bytes)?;
        Ok(Self { stamp, head: fnv1a(bytes) })
    }

    /// As three words.
    pub(crate) fn to_words(self) -> [u64; 3] {
        [self.stamp.bytes, self.stamp.modified as u64, self.head]
    }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { stamp: Stamp { bytes, modified }, head } = self;
        write!(f, "{bytes} bytes of {modified}, head {head:016x}")
    }
}
