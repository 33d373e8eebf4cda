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
mod stream;

pub use blocks::{BlockCheckpoints, BlockRun};
pub use encode::Encode;
pub(crate) use manifest::{Manifest, max_manifest_bytes};
pub use stream::{ResultReader, ResultWriter};

use files::{part_of, part_of_unfinished};
use isopach_cloud::Rect;
use isopach_compute::{Error, FolderLock, Result, UnfinishedFile, remove_if_left};
use opening::Opening;
use serde_json::Value;
use std::{
    fmt,
    fs::{self, File},
    io::{self, ErrorKind, Read, Seek, Write},
    marker::PhantomData,
    path::{Path, PathBuf},
};

const MAGIC: &[u8; 8] = b"ISOPTIL2";
/// Bytes before a result: the magic, three numbers of its part, the fingerprint of the run, its
/// length and checksum.
const HEAD: usize = 52;
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

/// The folder of a run that has begun.
pub(crate) struct Results<'a, T> {
    keeping: Checkpoint<'a, T>,
    tiles: PathBuf,
    fingerprint: u64,
    kind: PhantomData<fn() -> T>,
    _lock: FolderLock,
}

impl<'a, T> Results<'a, T> {
    /// Begins a run in its folder, or goes on with the one that was begun there; and its tiles,
    /// which are those of whoever began it.
    ///
    /// Where the one that was begun has no result, or was ended by an input that could not be read,
    /// that input alone has been replaced since, and nobody else works there, a run that has the
    /// folder alone, or plans, begins anew.
    pub(crate) fn open_run<P>(
        keeping: Checkpoint<'a, T>,
        working: FolderUse,
        manifest: impl FnOnce(&str, &Value) -> Result<Manifest>,
        plans: &Plans<'_, P>,
        names: &[String],
    ) -> Result<(Self, P)> {
        let folder = &keeping.kept.folder;
        let manifest = manifest(&keeping.kept.parameters, &keeping.kept.derived)?;
        let tiles = folder.join(TILES);
        let path = folder.join(MANIFEST);
        if working == FolderUse::Merging && !path.exists() {
            return Err(Error::Busy(format!(
                "parts of the work are not done yet: no shard was run in {}",
                folder.display()
            )));
        }
        let lock = match working {
            FolderUse::Alone => FolderLock::acquire_exclusive(folder.join(LOCK)),
            FolderUse::Planning | FolderUse::Among | FolderUse::Merging => {
                FolderLock::acquire_shared(folder.join(LOCK))
            }
        }?;
        fs::create_dir_all(&tiles).map_err(|error| Error::of_file(&tiles, error))?;
        let beginning = Opening {
            folder,
            tiles: &tiles,
            path: &path,
            folder_use: working,
            lock: &lock,
            plans,
            names,
        };
        let (fingerprint, plan) = beginning.begin_or_resume(&manifest)?;
        damaged::remove_note(folder)?;
        Ok((
            Self {
                keeping,
                tiles,
                fingerprint,
                kind: PhantomData,
                _lock: lock,
            },
            plan,
        ))
    }

    /// Notes that a source could not be read, so that a repaired one is taken in its place.
    pub(crate) fn note_damaged_input(&self, source: usize, name: &str) {
        damaged::add_source(&self.keeping.kept.folder, source, name);
    }

    fn path_of(&self, TilePart { tile, part, of }: TilePart) -> PathBuf {
        self.tiles.join(format!("{tile:06}-{part}-{of}.tile"))
    }

    /// Number of parts of each of the `wanted` tiles whose results are all there and whole; results
    /// of other tiles are not looked at. Unfinished files of killed processes of this machine are
    /// removed, and nothing else.
    pub(crate) fn finished_parts(&self, wanted: &[bool]) -> Result<Vec<Option<usize>>> {
        let mut parts: Vec<Vec<TilePart>> = vec![Vec::new(); wanted.len()];
        let is_wanted = |part: &TilePart| wanted.get(part.tile).is_some_and(|wanted| *wanted);
        for entry in
            fs::read_dir(&self.tiles).map_err(|error| Error::of_file(&self.tiles, error))?
        {
            let path = entry
                .map_err(|error| Error::of_file(&self.tiles, error))?
                .path();
            if let Some(part) = part_of(&path).filter(is_wanted) {
                if self.is_whole(part)? {
                    parts[part.tile].push(part);
                }
            } else if part_of_unfinished(&path).as_ref().is_some_and(is_wanted) {
                remove_if_left(&path);
            }
        }
        Ok(parts.into_iter().map(complete_part_count).collect())
    }

    /// Keeps a result.
    pub(crate) fn put_result(&self, part: TilePart, core: Rect, result: &T) -> Result<()> {
        self.write_part(part, |to| {
            core.encode_into(to);
            (self.keeping.store)(result, to);
            Ok(())
        })
    }

    /// Keeps that a tile has no point.
    pub(crate) fn put_empty(&self, tile: usize) -> Result<()> {
        self.write_part(
            TilePart {
                tile,
                part: 0,
                of: 0,
            },
            |_| Ok(()),
        )
    }

    /// Writes a result with `store`; nothing stays if it fails.
    fn write_part(
        &self,
        part: TilePart,
        store: impl FnOnce(&mut ResultWriter<'_>) -> Result<()>,
    ) -> Result<()> {
        let failed = |error| self.explain_failure(part, error);
        let (unfinished, mut file) =
            UnfinishedFile::create_among_others(&self.path_of(part)).map_err(failed)?;
        file.write_all(&[0; HEAD]).map_err(failed)?;
        let mut payload = ResultWriter::new(&mut file);
        store(&mut payload)?;
        let (length, sum) = payload.finish().map_err(failed)?;
        self.publish_part(part, unfinished, file, length, sum)
            .map_err(failed)
    }

    /// Writes the head of a result, and gives its file the name.
    fn publish_part(
        &self,
        part: TilePart,
        unfinished: UnfinishedFile,
        mut file: File,
        length: u64,
        sum: u32,
    ) -> io::Result<()> {
        file.rewind()?;
        file.write_all(&self.head_bytes(part, length, sum))?;
        unfinished.complete(&file)
    }

    /// The error of a failed access to a result. Another process took away a folder that is gone.
    fn explain_failure(&self, part: TilePart, error: io::Error) -> Error {
        let path = self.path_of(part);
        if error.kind() != ErrorKind::NotFound {
            return Error::of_file(path, error);
        }
        Error::Busy(format!(
            "{} is gone: another process put the results together, or began anew: run the same command again",
            path.display()
        ))
    }

    fn head_bytes(&self, part: TilePart, length: u64, sum: u32) -> Vec<u8> {
        let mut head = MAGIC.to_vec();
        head.extend((part.to_words(), (self.fingerprint, length, sum)).to_bytes());
        head
    }

    /// Bytes of a result on disk, and about as many in memory; 0 if there is no file, which
    /// [`Self::get`] will tell.
    pub(crate) fn bytes_on_disk(&self, part: TilePart) -> u64 {
        fs::metadata(self.path_of(part)).map_or(0, |about| about.len())
    }

    /// Gets a result back. It is read some at a time: beside the result itself nothing of its size
    /// is in memory.
    pub(crate) fn get_result(&self, part: TilePart) -> Result<(Rect, T)> {
        self.read_part(part, |from| {
            Ok(
                Rect::decode_from(from)
                    .and_then(|core| Some((core, (self.keeping.restore)(from)?))),
            )
        })
    }

    /// Reads a result with `restore`, which returns `None` for bytes that it cannot decode.
    fn read_part<R>(
        &self,
        part: TilePart,
        restore: impl FnOnce(&mut ResultReader<'_>) -> Result<Option<R>>,
    ) -> Result<R> {
        let opened = self
            .open_result(part)
            .map_err(|error| self.explain_failure(part, error))?;
        let (mut file, length, sum) = opened.ok_or_else(|| self.damaged_error(part))?;
        let mut from = ResultReader::new(&mut file, length);
        let result = restore(&mut from)?;
        let found = from
            .finish()
            .map_err(|error| self.explain_failure(part, error))?;
        result
            .filter(|_| found == sum)
            .ok_or_else(|| self.damaged_error(part))
    }

    /// Whether the file of a result is that of this part in this run, with the right checksum.
    ///
    /// # Errors
    /// Where the file exists and cannot be read: its state is unknown then.
    fn is_whole(&self, part: TilePart) -> Result<bool> {
        match self.checksum_is_right(part) {
            // It was taken away, or written over by something shorter, in this moment.
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::UnexpectedEof) =>
            {
                Ok(false)
            }
            checked => checked.map_err(|error| Error::of_file(self.path_of(part), error)),
        }
    }

    fn checksum_is_right(&self, part: TilePart) -> io::Result<bool> {
        let Some((mut file, length, sum)) = self.open_result(part)? else {
            return Ok(false);
        };
        Ok(ResultReader::new(&mut file, length).finish()? == sum)
    }

    /// The file of a result behind its head, and length and checksum of the payload; `None` if the
    /// head is not that of this part in this run.
    fn open_result(&self, part: TilePart) -> io::Result<Option<(File, u64, u32)>> {
        let mut file = File::open(self.path_of(part))?;
        let about = file.metadata()?;
        let Some(length) = about
            .len()
            .checked_sub(HEAD as u64)
            .filter(|_| !about.is_dir())
        else {
            return if about.is_dir() {
                Err(ErrorKind::IsADirectory.into())
            } else {
                Ok(None)
            };
        };
        let mut head = [0; HEAD];
        file.read_exact(&mut head)?;
        let [.., a, b, c, d] = head;
        let sum = u32::from_le_bytes([a, b, c, d]);
        Ok((head[..] == self.head_bytes(part, length, sum)[..]).then_some((file, length, sum)))
    }

    fn damaged_error(&self, part: TilePart) -> Error {
        Error::source(format!(
            "{}: damaged: remove it and run again",
            self.path_of(part).display()
        ))
    }
}

/// How many parts a tile has whose results are these: all of one way to cut it must be there.
fn complete_part_count(parts: Vec<TilePart>) -> Option<usize> {
    let count = |of: usize| parts.iter().filter(|part| part.of == of).count();
    parts
        .iter()
        .map(|part| part.of)
        .filter(|of| count(*of) == (*of).max(1))
        .min()
}
