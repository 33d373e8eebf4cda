//! Points that memory cannot hold, on disk.
//!
//! One file a run, which is never complete: it is made and locked as every output is
//! ([`UnfinishedFile`]), and removed when the run ends, however it ends. Blocks are appended by all
//! threads at once, each at a place of its own; a checksum a block (CRC-32) detects blocks that
//! changed on disk.

use isopach_compute::{Error, Result, UnfinishedFile};
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Beginning of the names of the files.
const NAME: &str = "isopach-spill";

/// Where points go that do not fit into memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Spill {
    /// Nowhere: a run that does not fit into its memory is an error.
    #[default]
    Never,
    /// Into a file within this folder, removed when the run ends.
    Within {
        /// Created if it is missing.
        folder: PathBuf,
        /// Most bytes of disk.
        max_bytes: u64,
    },
}

impl Spill {
    /// Into a file within `folder`, without a limit.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self::Within {
            folder: folder.into(),
            max_bytes: u64::MAX,
        }
    }
}

/// Errors of points on disk, found in [`Error::Source`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpillError {
    /// The points need more disk than the limit.
    #[error(
        "points that memory cannot hold need {needed} bytes of disk, but the limit is {limit}: raise the limit, or the memory"
    )]
    DiskLimit {
        /// Bytes that were needed.
        needed: u64,
        /// The limit.
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
    /// A block that was read differs from the one that was written.
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
pub(crate) struct SpillBlock {
    at: u64,
    bytes: u64,
    sum: u32,
}

/// The file of a run; made when it is first needed.
#[derive(Debug)]
pub(crate) struct SpillFile {
    to: Spill,
    open: OnceLock<OpenSpill>,
    opening: Mutex<()>,
    end: AtomicU64,
}

#[derive(Debug)]
struct OpenSpill {
    unfinished: UnfinishedFile,
    file: File,
}

impl SpillFile {
    pub(crate) fn new(to: Spill) -> Self {
        Self {
            to,
            open: OnceLock::new(),
            opening: Mutex::new(()),
            end: AtomicU64::new(0),
        }
    }

    /// Whether points may be put here.
    pub(crate) fn is_allowed(&self) -> bool {
        self.to != Spill::Never
    }

    /// Bytes that were put here.
    pub(crate) fn bytes_written(&self) -> u64 {
        self.end.load(Ordering::Relaxed)
    }

    /// Puts pieces of bytes behind each other.
    pub(crate) fn write_block(&self, pieces: &[&[u8]]) -> Result<SpillBlock> {
        let bytes = pieces.iter().map(|piece| piece.len() as u64).sum();
        let at = self.end.fetch_add(bytes, Ordering::Relaxed);
        if let Spill::Within {
            max_bytes: most_bytes,
            ..
        } = self.to
            && at.saturating_add(bytes) > most_bytes
        {
            return Err(SpillError::DiskLimit {
                needed: at.saturating_add(bytes),
                limit: most_bytes,
            }
            .into());
        }
        let opened = self.open_file()?;
        let mut sum = crc32fast::Hasher::new();
        let mut place = at;
        for piece in pieces {
            sum.update(piece);
            write_all_at(&opened.file, piece, place).map_err(|source| opened.io_error(source))?;
            place += piece.len() as u64;
        }
        Ok(SpillBlock {
            at,
            bytes,
            sum: sum.finalize(),
        })
    }

    /// Gets a block back, into `bytes`.
    pub(crate) fn read_block(&self, block: SpillBlock, bytes: &mut Vec<u8>) -> Result<()> {
        let opened = self.open_file()?;
        bytes.resize(block.bytes as usize, 0); // it was in memory before
        read_exact_at(&opened.file, bytes, block.at).map_err(|source| opened.io_error(source))?;
        if crc32fast::hash(bytes) == block.sum {
            return Ok(());
        }
        Err(SpillError::Changed {
            path: opened.path(),
            at: block.at,
        }
        .into())
    }

    fn open_file(&self) -> Result<&OpenSpill> {
        let _one_at_a_time = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = self.open.get() {
            return Ok(opened);
        }
        let Spill::Within { folder, .. } = &self.to else {
            return Err(Error::Unsupported {
                operation: "put points on disk: no folder was given",
            });
        };
        let opened = OpenSpill::create_in(folder).map_err(|source| SpillError::Io {
            path: folder.clone(),
            source,
        })?;
        Ok(self.open.get_or_init(|| opened))
    }
}

impl OpenSpill {
    /// A file that nobody else has, which is locked: so others see that it is in use. Files that
    /// killed runs left are removed.
    fn create_in(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let (unfinished, file) = UnfinishedFile::create(&folder.join(NAME))?;
        Ok(Self { unfinished, file })
    }

    fn path(&self) -> PathBuf {
        self.unfinished.path().to_owned()
    }

    fn io_error(&self, source: io::Error) -> Error {
        SpillError::Io {
            path: self.path(),
            source,
        }
        .into()
    }
}

/// Removes the files that killed runs left in a folder; files in use stay.
pub(crate) fn remove_left_over(folder: &Path) {
    UnfinishedFile::remove_left_over(&folder.join(NAME));
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
        let spill = SpillFile::new(Spill::in_folder(dir.path().join("deep")));
        let [a, b] = [
            spill.write_block(&[b"one", b"two"]).unwrap(),
            spill.write_block(&[&[7; 100_000]]).unwrap(),
        ];
        let mut bytes = Vec::new();
        spill.read_block(a, &mut bytes).unwrap();
        assert_eq!(bytes, b"onetwo");
        spill.read_block(b, &mut bytes).unwrap();
        assert!(bytes == [7; 100_000] && spill.bytes_written() == 100_006);
        assert_eq!(fs::read_dir(dir.path().join("deep")).unwrap().count(), 1);
        drop(spill);
        assert_eq!(fs::read_dir(dir.path().join("deep")).unwrap().count(), 0);
    }

    #[test]
    fn what_was_changed_on_disk_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let spill = SpillFile::new(Spill::in_folder(dir.path()));
        let block = spill.write_block(&[&[1; 1000]]).unwrap();
        write_all_at(&spill.open_file().unwrap().file, &[2], 500).unwrap();
        let error = downcast(spill.read_block(block, &mut Vec::new()).unwrap_err());
        assert!(
            matches!(error, SpillError::Changed { at: 0, .. }),
            "{error}"
        );
    }

    #[test]
    fn a_limit_of_the_disk_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let spill = SpillFile::new(Spill::Within {
            folder: dir.path().into(),
            max_bytes: 1000,
        });
        spill.write_block(&[&[1; 900]]).unwrap();
        let error = downcast(spill.write_block(&[&[1; 200]]).unwrap_err());
        assert!(
            matches!(
                error,
                SpillError::DiskLimit {
                    needed: 1100,
                    limit: 1000
                }
            ),
            "{error}"
        );
        assert!(SpillFile::new(Spill::Never).write_block(&[b"x"]).is_err());
    }

    /// A name that a file of points may have, which none has.
    fn name_of_one(folder: &Path) -> PathBuf {
        OpenSpill::create_in(folder).unwrap().path()
    }

    #[test]
    fn what_a_killed_run_left_is_cleared_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let left = name_of_one(dir.path());
        fs::write(&left, b"x").unwrap();
        fs::write(dir.path().join("mine"), b"x").unwrap();
        remove_left_over(dir.path());
        remove_left_over(&dir.path().join("not there"));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        // A run that puts nothing aside clears nothing; one that does clears what it finds.
        fs::write(&left, b"x").unwrap();
        let spill = SpillFile::new(Spill::in_folder(dir.path()));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
        spill.write_block(&[b"points"]).unwrap();
        drop(spill);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_another_run_uses_is_not_cleared() {
        let dir = tempfile::tempdir().unwrap();
        let runs = [
            SpillFile::new(Spill::in_folder(dir.path())),
            SpillFile::new(Spill::in_folder(dir.path())),
        ];
        let blocks = runs
            .each_ref()
            .map(|run| run.write_block(&[b"points"]).unwrap());
        remove_left_over(dir.path());
        for (run, block) in runs.iter().zip(blocks) {
            let mut bytes = Vec::new();
            run.read_block(block, &mut bytes).unwrap();
            assert!(run.open_file().unwrap().path().exists() && bytes == b"points");
        }
        drop(runs);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_the_folder_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("victim"), b"precious").unwrap();
        std::os::unix::fs::symlink(dir.path().join("victim"), name_of_one(dir.path())).unwrap();
        SpillFile::new(Spill::in_folder(dir.path()))
            .write_block(&[b"points"])
            .unwrap();
        remove_left_over(dir.path());
        assert_eq!(fs::read(dir.path().join("victim")).unwrap(), b"precious");
    }
}
