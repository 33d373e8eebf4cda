//! Results of tiles on disk, so that a run that was killed goes on where it was, and several processes share one.
//!
//! A folder has `manifest.json`, which says what the run is, and a file a result under `tiles/`, written beside and renamed, with its tile and a checksum:
//! the file is the mark that it is done. A tile that had no point has a file without a result. `lock` is there as long as processes work in it: one that hands
//! over alone, shards and merges of one manifest together.

mod bounded;
mod damaged;
mod manifest;
mod stored;
mod stream;

pub(crate) use manifest::Manifest;
pub use stored::Stored;
pub use stream::{ResultReader, ResultWriter};

use isopach_cloud::Rect;
use isopach_compute::{Error, FolderLock, Result, UnfinishedFile, remove_if_left, write_new, write_whole};
use std::{
    fmt,
    fs::{self, File},
    io::{self, Read, Seek, Write},
    marker::PhantomData,
    path::{Path, PathBuf},
};

const MAGIC: &[u8; 8] = b"ISOPTIL2";
/// Bytes before a result: the magic, three numbers of its part, the fingerprint of the run, its length and checksum.
const HEAD: usize = 52;
/// The file that says who works in the folder.
const LOCK: &str = "lock";

/// A folder in which the results of a run are kept until all are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    folder: PathBuf,
    parameters: String,
}

impl Kept {
    /// In `folder`, which is made if it is not there. `parameters`: everything that results depend on beside the sources, as text; a run that
    /// was begun with others is refused.
    pub fn within(folder: impl Into<PathBuf>, parameters: impl Into<String>) -> Self {
        Self { folder: folder.into(), parameters: parameters.into() }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// For results of type `T`.
    #[must_use]
    pub fn results<T: Stored>(&self) -> Keeping<'_, T> {
        Keeping { kept: self, store: T::store, restore: T::restore }
    }

    /// Removes the folder with all results: when they are no longer needed. Where other processes work in it, it stays for them.
    ///
    /// # Errors
    /// [`Error::Source`] where it cannot be removed.
    pub fn remove(&self) -> Result<()> {
        if !self.folder.exists() {
            return Ok(());
        }
        let Ok(_alone) = FolderLock::alone(self.folder.join(LOCK)) else { return Ok(()) };
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::of_file(&self.folder, error)),
            _ => Ok(()),
        }
    }
}

/// A folder for results of a type, and how they become bytes.
pub struct Keeping<'a, T> {
    kept: &'a Kept,
    store: fn(&T, &mut ResultWriter<'_>),
    restore: fn(&mut ResultReader<'_>) -> Option<T>,
}

impl<T> fmt::Debug for Keeping<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeping").field("kept", self.kept).finish_non_exhaustive()
    }
}

impl<T> Clone for Keeping<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Keeping<'_, T> {}

/// One of the results of a tile, which is cut in several where it is heavier than was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Part {
    pub(crate) tile: usize,
    pub(crate) part: usize,
    /// How many there are; 0 for a tile without a point.
    pub(crate) of: usize,
}

impl Part {
    /// As it stands in a file, so that a copy under another name is none.
    fn words(self) -> [u64; 3] {
        [self.tile, self.part, self.of].map(|number| number as u64)
    }
}

/// What a process does in the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Working {
    /// It runs all tiles and hands them over.
    Alone,
    /// It runs some, beside others.
    Among,
    /// It hands over what others have run.
    Merging,
}

/// The folder of a run that has begun.
pub(crate) struct Results<'a, T> {
    keeping: Keeping<'a, T>,
    tiles: PathBuf,
    fingerprint: u64,
    kind: PhantomData<fn() -> T>,
    _lock: FolderLock,
}

impl<'a, T> Results<'a, T> {
    /// Begins a run in its folder, or goes on with the one that was begun there.
    ///
    /// Where the one that was begun has no result, or was ended by an input that could not be read, that input alone has been replaced since, and nobody
    /// else works there, this one begins anew.
    pub(crate) fn open(
        keeping: Keeping<'a, T>,
        working: Working,
        manifest: impl FnOnce(&str) -> Result<Manifest>,
    ) -> Result<Self> {
        let (folder, manifest) = (&keeping.kept.folder, manifest(&keeping.kept.parameters)?);
        let (tiles, path) = (folder.join("tiles"), folder.join("manifest.json"));
        if working == Working::Merging && !path.exists() {
            return Err(Error::InvalidInput(format!(
                "tiles are not done yet: no shard was run in {}",
                folder.display()
            )));
        }
        let lock = match working {
            Working::Alone => FolderLock::alone(folder.join(LOCK)),
            Working::Among | Working::Merging => FolderLock::shared(folder.join(LOCK)),
        }?;
        fs::create_dir_all(&tiles).map_err(|error| Error::of_file(&tiles, error))?;
        let text = manifest.to_text();
        if !write_new(&path, text.as_bytes()).map_err(|error| Error::of_file(&path, error))? {
            let begun = bounded::text(&path, text.len()).map_err(|error| Error::of_file(&path, error))?;
            let Some(begun) = Manifest::read(&begun) else {
                return Err(Error::source(format!("{}: not a manifest: remove it to begin a new run", path.display())));
            };
            if let Err(other) = begun.check_same(&manifest, &folder.display().to_string()) {
                let was_repaired = begun.differs_in_inputs_alone(&manifest, &damaged::sources(folder));
                let begin = || -> io::Result<bool> {
                    if has_results(&tiles)? && !was_repaired {
                        return Ok(false);
                    }
                    fs::remove_dir_all(&tiles)?;
                    fs::create_dir_all(&tiles)?;
                    write_whole(&path, &[text.as_bytes()])?;
                    Ok(true)
                };
                let begins = lock.while_alone(begin)?.transpose().map_err(|error| Error::of_file(folder, error))?;
                if begins != Some(true) {
                    return Err(other);
                }
                tracing::warn!(folder = %folder.display(), because = %other, "begun anew");
            }
        }
        damaged::forget(folder)?;
        Ok(Self { keeping, tiles, fingerprint: manifest.fingerprint(), kind: PhantomData, _lock: lock })
    }

    /// Notes that a source could not be read, so that a repaired one is taken in its place.
    pub(crate) fn note_damaged_input(&self, source: usize, name: &str) {
        damaged::note(&self.keeping.kept.folder, source, name);
    }

    fn path(&self, Part { tile, part, of }: Part) -> PathBuf {
        self.tiles.join(format!("{tile:06}-{part}-{of}.tile"))
    }

    /// Number of parts of each tile whose results are all there and whole. Files that are not are removed, also what killed processes were writing.
    pub(crate) fn done(&self, tiles: usize) -> Result<Vec<Option<usize>>> {
        let mut parts: Vec<Vec<Part>> = vec![Vec::new(); tiles];
        for entry in fs::read_dir(&self.tiles).map_err(|error| Error::of_file(&self.tiles, error))? {
            let path = entry.map_err(|error| Error::of_file(&self.tiles, error))?.path();
            let whole = part_of(&path).filter(|part| part.tile < tiles && self.check(*part).is_ok());
            match whole {
                Some(part) => parts[part.tile].push(part),
                None if path.extension().is_some_and(|end| end == "part") => drop(remove_if_left(&path)),
                None => match fs::remove_file(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Error::of_file(&path, error)),
                    _ => {}
                },
            }
        }
        let complete = |parts: Vec<Part>| {
            let of = parts.first()?.of;
            (parts.iter().all(|part| part.of == of) && parts.len() == of.max(1)).then_some(of)
        };
        Ok(parts.into_iter().map(complete).collect())
    }

    /// Keeps a result.
    pub(crate) fn put(&self, part: Part, core: Rect, result: &T) -> Result<()> {
        self.write(part, |to| {
            core.store(to);
            (self.keeping.store)(result, to);
        })
    }

    /// Keeps that a tile has no point.
    pub(crate) fn put_empty(&self, tile: usize) -> Result<()> {
        self.write(Part { tile, part: 0, of: 0 }, |_| {})
    }

    fn write(&self, part: Part, store: impl FnOnce(&mut ResultWriter<'_>)) -> Result<()> {
        let path = self.path(part);
        let write = || -> io::Result<()> {
            let (unfinished, mut file) = UnfinishedFile::create_among_others(&path)?;
            file.write_all(&[0; HEAD])?;
            let mut payload = ResultWriter::new(&mut file);
            store(&mut payload);
            let (length, sum) = payload.finish()?;
            file.rewind()?;
            file.write_all(&self.head(part, length, sum))?;
            unfinished.complete(&file)
        };
        write().map_err(|error| Error::of_file(&path, error))
    }

    fn head(&self, part: Part, length: u64, sum: u32) -> Vec<u8> {
        let mut head = MAGIC.to_vec();
        head.extend((part.words(), (self.fingerprint, length, sum)).to_bytes());
        head
    }

    /// Bytes of a result on disk, and about as many in memory; 0 where there is no file, which [`Self::get`] will tell.
    pub(crate) fn bytes(&self, part: Part) -> u64 {
        fs::metadata(self.path(part)).map_or(0, |about| about.len())
    }

    /// Gets a result back. It is read some at a time: beside the result itself nothing of its size is in memory.
    pub(crate) fn get(&self, part: Part) -> Result<(Rect, T)> {
        let (mut file, length, sum) = self.open_result(part)?;
        let mut from = ResultReader::new(&mut file, length);
        let result = Rect::restore(&mut from).and_then(|core| Some((core, (self.keeping.restore)(&mut from)?)));
        let found = from.finish().map_err(|error| Error::of_file(self.path(part), error))?;
        result.filter(|_| found == sum).ok_or_else(|| self.damaged(part))
    }

    /// Refuses a result whose checksum is wrong.
    fn check(&self, part: Part) -> Result<()> {
        let (mut file, length, sum) = self.open_result(part)?;
        let found = ResultReader::new(&mut file, length).finish();
        let found = found.map_err(|error| Error::of_file(self.path(part), error))?;
        if found == sum { Ok(()) } else { Err(self.damaged(part)) }
    }

    /// The file of a result behind its head, which is that of this part in this run; length and checksum of what follows.
    fn open_result(&self, part: Part) -> Result<(File, u64, u32)> {
        let path = self.path(part);
        let failed = |error| Error::of_file(&path, error);
        let mut file = File::open(&path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len().checked_sub(HEAD as u64);
        let length = length.ok_or_else(|| self.damaged(part))?;
        let mut head = [0; HEAD];
        file.read_exact(&mut head).map_err(failed)?;
        let [.., a, b, c, d] = head;
        let sum = u32::from_le_bytes([a, b, c, d]);
        if head[..] != self.head(part, length, sum)[..] {
            return Err(self.damaged(part));
        }
        Ok((file, length, sum))
    }

    fn damaged(&self, part: Part) -> Error {
        Error::source(format!("{}: damaged: remove it and run again", self.path(part).display()))
    }
}

/// Whether any result is kept.
fn has_results(tiles: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(tiles)? {
        if part_of(&entry?.path()).is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The tile and part that a file name stands for.
fn part_of(path: &Path) -> Option<Part> {
    let mut numbers = path.file_name()?.to_str()?.strip_suffix(".tile")?.split('-').map(|number| number.parse().ok());
    let mut next = || numbers.next()?;
    let (tile, part, of) = (next()?, next()?, next()?);
    numbers.next().is_none().then_some(Part { tile, part, of })
}
