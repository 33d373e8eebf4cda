//! What a file is now, to notice when it becomes another.

use crate::error::{Checked, Problem};
use std::{
    fs::{self, File, Metadata},
    io::Read,
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

/// Size, modification time and a hash of the first `head` bytes of a file as it is now, as a line.
pub(crate) fn line(path: &Path, head: u64) -> Checked<String> {
    let file = File::open(path)?;
    let Stamp { bytes, modified } = Stamp::of(&file.metadata()?)?;
    let mut start = Vec::new();
    file.take(head.min(HEAD)).read_to_end(&mut start)?;
    // FNV-1a: it is there to notice a change, not an attack.
    let hash = start
        .iter()
        .fold(0xCBF2_9CE4_8422_2325, |hash: u64, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
    Ok(format!("{}: {bytes} bytes of {modified}, head {hash:016x}", path.display()))
}
