//! Points that memory cannot hold, on disk.
//!
//! One file a run, in a folder of its own, which is removed when the run ends, however it ends. Blocks are appended by all threads at once, each at a
//! place of its own; a checksum a block (CRC-32) says whether what is read is what was written.

use isopach_compute::{Error, Result, remove_if_left};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    hash::{BuildHasher, Hasher, RandomState},
    io,
    path::{Path, PathBuf},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// How the names of the folders begin.
const NAME: &str = "isopach-spill-";
/// Names that are tried.
const ATTEMPTS: usize = 100;

/// Whether points that memory cannot hold may go to disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Spill {
    /// They may not: a run that does not fit its memory is an error.
    #[default]
    Never,
    /// Into a folder of their own within this one.
    Within {
        /// Made if it is not there.
        folder: PathBuf,
        /// Bytes that they may take there.
        most_bytes: u64,
    },
}

impl Spill {
    /// Into a folder of their own within this one, as much as there is.
    pub fn within(folder: impl Into<PathBuf>) -> Self {
        Self::Within { folder: folder.into(), most_bytes: u64::MAX }
    }
}

/// What can go wrong with points on disk; found in [`Error::Source`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpillError {
    /// More disk was needed than may be taken.
    #[error(
        "points that memory cannot hold need {needed} bytes of disk, but the limit is {limit}: raise the limit, or the memory"
    )]
    DiskLimit {
        /// Bytes that would have been taken.
        needed: u64,
        /// Bytes that may be.
        limit: u64,
    },
    /// The disk is full, or the folder cannot be written.
    #[error("{}: points that memory cannot hold cannot be kept here: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was read is not what was written.
    #[error("{}: points that were put aside came back changed (block at byte {at})", .path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// First byte of the block.
        at: u64,
    },
}

impl From<SpillError> for Error {
    fn from(error: SpillError) -> Self {
        Self::source(error)
    }
}

/// Where a block is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    at: u64,
    bytes: u64,
    sum: u32,
}

/// The file of a run; made when it is first needed.
#[derive(Debug)]
pub(crate) struct SpillFile {
    to: Spill,
    open: OnceLock<Opened>,
    opening: Mutex<()>,
    end: AtomicU64,
}

#[derive(Debug)]
struct Opened {
    folder: PathBuf,
    path: PathBuf,
    file: File,
}

impl SpillFile {
    pub(crate) fn new(to: Spill) -> Self {
        Self { to, open: OnceLock::new(), opening: Mutex::new(()), end: AtomicU64::new(0) }
    }

    /// Whether points may be put here.
    pub(crate) fn is_allowed(&self) -> bool {
        self.to != Spill::Never
    }

    /// Bytes that were put here.
    pub(crate) fn bytes(&self) -> u64 {
        self.end.load(Ordering::Relaxed)
    }

    /// Puts pieces of bytes behind each other.
    pub(crate) fn write(&self, pieces: &[&[u8]]) -> Result<Block> {
        let bytes = pieces.iter().map(|piece| piece.len() as u64).sum();
        let at = self.end.fetch_add(bytes, Ordering::Relaxed);
        if let Spill::Within { most_bytes, .. } = self.to
            && at.saturating_add(bytes) > most_bytes
        {
            return Err(SpillError::DiskLimit { needed: at.saturating_add(bytes), limit: most_bytes }.into());
        }
        let opened = self.opened()?;
        let mut sum = crc32fast::Hasher::new();
        let mut place = at;
        for piece in pieces {
            sum.update(piece);
            write_all_at(&opened.file, piece, place).map_err(|source| opened.failed(source))?;
            place += piece.len() as u64;
        }
        Ok(Block { at, bytes, sum: sum.finalize() })
    }

    /// Gets a block back, into `bytes`.
    pub(crate) fn read(&self, block: Block, bytes: &mut Vec<u8>) -> Result<()> {
        let opened = self.opened()?;
        bytes.resize(block.bytes as usize, 0); // it was in memory before
        read_exact_at(&opened.file, bytes, block.at).map_err(|source| opened.failed(source))?;
        if crc32fast::hash(bytes) == block.sum {
            return Ok(());
        }
        Err(SpillError::Changed { path: opened.path.clone(), at: block.at }.into())
    }

    fn opened(&self) -> Result<&Opened> {
        let _one_at_a_time = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = self.open.get() {
            return Ok(opened);
        }
        let Spill::Within { folder, .. } = &self.to else {
            return Err(Error::Unsupported { operation: "put points on disk: no folder was given" });
        };
        let opened = Opened::within(folder).map_err(|source| SpillError::Io { path: folder.clone(), source })?;
        Ok(self.open.get_or_init(|| opened))
    }
}

impl Opened {
    /// A folder that nobody else has, and a file in it, which is locked: so others see that it is in use.
    fn within(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        for _ in 0..ATTEMPTS {
            let random = RandomState::new().build_hasher().finish();
            let own = folder.join(format!("{NAME}{random:016x}"));
            let path = own.join("points");
            let made = fs::create_dir(&own)
                .and_then(|()| OpenOptions::new().read(true).write(true).create_new(true).open(&path));
            let file = match made {
                // Somebody else's; or taken for one that was left, in the moment before there was a file in it.
                Err(error) if matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound) => {
                    continue;
                }
                file => file.inspect_err(|_| drop(fs::remove_dir(&own)))?,
            };
            // Where a file system has no locks, nothing that was left is removed either.
            if !matches!(file.try_lock(), Err(TryLockError::WouldBlock)) && path.exists() {
                return Ok(Self { folder: own, path, file });
            }
        }
        Err(io::Error::new(io::ErrorKind::AlreadyExists, "no name for a folder is free"))
    }

    fn failed(&self, source: io::Error) -> Error {
        SpillError::Io { path: self.path.clone(), source }.into()
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // Nothing more can be done about what cannot be removed.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Removes what killed runs have left within a folder; what others use stays.
pub(crate) fn clear(folder: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(NAME) {
            remove_if_left(&entry.path().join("points"));
            // It is not empty where the file is in use, or there is something of somebody else's in it.
            let _ = fs::remove_dir(entry.path());
        }
    }
    Ok(())
}

#[cfg(unix)]
fn write_all_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(windows)]
fn write_all_at(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = std::os::windows::fs::FileExt::seek_write(file, bytes, at)?;
        (bytes, at) = (&bytes[written..], at + written as u64);
    }
    Ok(())
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, at)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => (bytes, at) = (&mut bytes[read..], at + read as u64),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn downcast(error: Error) -> SpillError {
        match error {
            Error::Source(source) => *source.downcast::<SpillError>().unwrap(),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn blocks_come_back_and_the_folder_goes() {
        let dir = tempfile::tempdir().unwrap();
        let spill = SpillFile::new(Spill::within(dir.path().join("deep")));
        let [a, b] = [spill.write(&[b"one", b"two"]).unwrap(), spill.write(&[&[7; 100_000]]).unwrap()];
        let mut bytes = Vec::new();
        spill.read(a, &mut bytes).unwrap();
        assert_eq!(bytes, b"onetwo");
        spill.read(b, &mut bytes).unwrap();
        assert!(bytes == [7; 100_000] && spill.bytes() == 100_006);
        assert_eq!(fs::read_dir(dir.path().join("deep")).unwrap().count(), 1);
        drop(spill);
        assert_eq!(fs::read_dir(dir.path().join("deep")).unwrap().count(), 0);
    }

    #[test]
    fn what_was_changed_on_disk_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let spill = SpillFile::new(Spill::within(dir.path()));
        let block = spill.write(&[&[1; 1000]]).unwrap();
        write_all_at(&spill.opened().unwrap().file, &[2], 500).unwrap();
        let error = downcast(spill.read(block, &mut Vec::new()).unwrap_err());
        assert!(matches!(error, SpillError::Changed { at: 0, .. }), "{error}");
    }

    #[test]
    fn a_limit_of_the_disk_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let spill = SpillFile::new(Spill::Within { folder: dir.path().into(), most_bytes: 1000 });
        spill.write(&[&[1; 900]]).unwrap();
        let error = downcast(spill.write(&[&[1; 200]]).unwrap_err());
        assert!(matches!(error, SpillError::DiskLimit { needed: 1100, limit: 1000 }), "{error}");
        assert!(SpillFile::new(Spill::Never).write(&[b"x"]).is_err());
    }

    #[test]
    fn what_a_killed_run_left_is_cleared_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("isopach-spill-1-0")).unwrap();
        fs::write(dir.path().join("isopach-spill-1-0").join("points"), b"x").unwrap();
        fs::write(dir.path().join("mine"), b"x").unwrap();
        clear(dir.path()).unwrap();
        clear(&dir.path().join("not there")).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_another_run_uses_is_not_cleared() {
        let dir = tempfile::tempdir().unwrap();
        let other = SpillFile::new(Spill::within(dir.path()));
        let block = other.write(&[b"points"]).unwrap();
        clear(dir.path()).unwrap();
        let mut bytes = Vec::new();
        other.read(block, &mut bytes).unwrap();
        assert!(other.opened().unwrap().path.exists() && bytes == b"points");
        drop(other);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
