//! The output folder: written beside its place, and renamed when it is complete.

use super::PatchOptionError;
use isopach::compute::{Error, FolderLock, Result, UnfinishedFile};
use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// Lock of the unfinished folder.
const LOCK: &str = ".lock";

/// An unfinished folder beside the output, `.name.part`; removed if it is dropped before it is
/// complete. What a killed run left in it is removed when the next one begins.
#[derive(Debug)]
pub(super) struct UnfinishedFolder {
    out: PathBuf,
    part: PathBuf,
    /// Taken when the folder is complete.
    lock: Option<FolderLock>,
}

/// The lock of the unfinished folder of an output, if it has one.
pub(super) fn locks_of(out: &Path) -> Vec<PathBuf> {
    let part = UnfinishedFile::beside(out, "part");
    part.iter().map(|part| part.join(LOCK)).collect()
}

impl UnfinishedFolder {
    pub(super) fn create(out: &Path) -> Result<Self> {
        let is_free = match fs::read_dir(out) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) => error.kind() == ErrorKind::NotFound,
        };
        let folder = out.to_owned();
        if !is_free {
            return Err(PatchOptionError::OutExists { folder }.into());
        }
        let part = UnfinishedFile::beside(out, "part")
            .map_err(|_| PatchOptionError::OutWithoutName { folder })?;
        let lock = FolderLock::acquire_exclusive(part.join(LOCK))?;
        let unfinished = Self {
            out: out.to_owned(),
            part,
            lock: Some(lock),
        };
        unfinished
            .remove_contents()
            .map_err(|error| unfinished.named(error))?;
        Ok(unfinished)
    }

    /// Where files are written.
    pub(super) fn path(&self) -> &Path {
        &self.part
    }

    fn named(&self, error: io::Error) -> Error {
        Error::of_file(&self.part, error)
    }

    fn remove_contents(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.part)? {
            let entry = entry?;
            if entry.file_name() == LOCK {
                continue;
            }
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Gives the folder its name.
    pub(super) fn complete(mut self) -> Result<()> {
        let lock = self.lock.take();
        drop(lock);
        if self.out.is_dir() {
            // It was empty when the run began; if it is not, nothing is removed.
            fs::remove_dir(&self.out).map_err(|error| Error::of_file(&self.out, error))?;
        }
        fs::rename(&self.part, &self.out).map_err(|error| Error::of_file(&self.out, error))
    }
}

impl Drop for UnfinishedFolder {
    fn drop(&mut self) {
        if self.lock.is_some() {
            // A folder that cannot be removed is left for the next run.
            let _ = fs::remove_dir_all(&self.part);
        }
    }
}
