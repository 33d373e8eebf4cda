//! Checkpoints: results of tiles on disk, so that a run that was killed resumes, and several
//! processes share one run.
//!
//! A folder has `manifest.json`, which identifies the run, and a file a result under `tiles/`,
//! written beside and renamed, with its tile and a checksum: the file is the mark that it is done.
//! A tile that had no point has a file without a result. `lock` is there as long as processes work
//! in it: one that hands over alone, shards and merges of one manifest together. Nothing that a
//! shard or a merge does depends on it, as machines may not see each other's locks: two that write
//! one result write the same bytes, each in a file of its own that is renamed, and the last one's
//! stays.
//!
//! Only files of the run are ever removed. A result that cannot be read is an error and stays; one
//! that can be read and is none is written again.

mod blocks;
mod bounded;
mod damaged;
mod encode;
mod files;
mod manifest;
mod opening;
mod results;
mod stream;

pub use blocks::{BlockCheckpoints, BlockRun};
pub use encode::Encode;
pub(crate) use manifest::{Manifest, max_manifest_bytes};
pub(crate) use results::Results;
pub use stream::{ResultReader, ResultWriter};

use isopach_compute::{Error, FolderLock, Result};
use serde_json::Value;
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// The file that says who works in the folder.
const LOCK: &str = "lock";
/// The file that identifies the run.
const MANIFEST: &str = "manifest.json";
/// The folder of results.
const TILES: &str = "tiles";

/// A folder that keeps the results of a run until all are complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointDir {
    folder: PathBuf,
    parameters: String,
    derived: Value,
}

impl CheckpointDir {
    /// Uses `folder`, which is created if it is missing. `parameters` is everything that results
    /// depend on beside the sources, as text or JSON; a folder of a run with other parameters is
    /// refused.
    pub fn new(folder: impl Into<PathBuf>, parameters: impl Into<String>) -> Self {
        Self {
            folder: folder.into(),
            parameters: parameters.into(),
            derived: Value::Null,
        }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The checkpoint for results of type `T`, for [`crate::RunOptions::checkpoint`].
    #[must_use]
    pub fn for_results<T: Encode>(&self) -> Checkpoint<'_, T> {
        Checkpoint {
            kept: self,
            store: T::encode_into,
            restore: T::decode_from,
        }
    }

    /// Adds values that were derived from the data before the run, as JSON. They go into the
    /// manifest, so that other processes of the run read them ([`Self::derived_values`]) and need
    /// not derive them again. A run with other values is refused.
    #[must_use]
    pub fn with_derived_values(mut self, found: Value) -> Self {
        self.derived = found;
        self
    }

    /// Reads the derived values from the manifest; `None` where no run began in the folder.
    /// `memory` is that of the run: the manifest may take a part of it.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if the folder has a run of other parameters or of another version of
    /// the program; [`Error::Source`] for a manifest that cannot be read, or is too long for this
    /// run.
    pub fn derived_values(&self, memory: u64) -> Result<Option<Value>> {
        let path = self.folder.join(MANIFEST);
        let Some(begun) = Manifest::read_file(&path, max_manifest_bytes(memory))? else {
            return Ok(None);
        };
        begun.check_parameters(&self.parameters, &self.folder.display().to_string())?;
        Ok(Some(begun.derived().clone()).filter(|found| !found.is_null()))
    }

    /// Removes the files of the run, and its folders unless they have other files. Processes that
    /// still work there end with [`Error::Busy`].
    ///
    /// # Errors
    /// [`Error::Source`] if it cannot be removed.
    pub fn remove_all(&self) -> Result<()> {
        files::remove_run(&self.folder)
    }

    /// Like [`Self::remove_all`], unless another process of this machine works there. Returns
    /// whether it removed the files.
    ///
    /// # Errors
    /// As [`Self::remove_all`].
    pub fn remove_unless_held(&self) -> Result<bool> {
        if !self.folder.exists() {
            return Ok(true);
        }
        match FolderLock::acquire_exclusive(self.folder.join(LOCK)) {
            Ok(_alone) => self.remove_all().map(|()| true),
            Err(Error::Busy(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// A checkpoint folder for results of one type, with their encoding.
pub struct Checkpoint<'a, T> {
    kept: &'a CheckpointDir,
    store: fn(&T, &mut ResultWriter<'_>),
    restore: fn(&mut ResultReader<'_>) -> Option<T>,
}

impl<T> fmt::Debug for Checkpoint<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpoint")
            .field("kept", self.kept)
            .finish_non_exhaustive()
    }
}

impl<T> Clone for Checkpoint<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Checkpoint<'_, T> {}

/// One of the results of a tile, which is cut in several if it is heavier than was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TilePart {
    pub(crate) tile: usize,
    pub(crate) part: usize,
    /// How many there are; 0 for a tile without a point.
    pub(crate) of: usize,
}

impl TilePart {
    /// As it stands in a file, so that a copy under another name is none.
    fn to_words(self) -> [u64; 3] {
        [self.tile, self.part, self.of].map(|number| number as u64)
    }
}

/// The use that a process makes of a checkpoint folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderUse {
    /// Run all tiles and deliver the results.
    Alone,
    /// Write the manifest, for other processes.
    Planning,
    /// Run some tiles beside other processes.
    Among,
    /// Deliver the results of other processes.
    Merging,
}

impl FolderUse {
    /// Whether it may begin the run anew in the place of another. One of many that were started
    /// together may not: another of them may be right.
    fn may_begin_anew(self) -> bool {
        matches!(self, Self::Alone | Self::Planning)
    }
}

/// How the tiles of a run are found.
pub(crate) struct Plans<'a, P> {
    /// From the sources.
    pub(crate) cut: &'a dyn Fn() -> Result<P>,
    /// As a manifest has it.
    pub(crate) to_manifest: &'a dyn Fn(&P) -> Value,
    /// From a manifest; `None` if that has no plan of this run.
    pub(crate) from_manifest: &'a dyn Fn(&Value) -> Result<Option<P>>,
    /// Bytes of a manifest at most.
    pub(crate) max_bytes: u64,
}
