//! Results in the folder of a run: written beside and renamed, with a checksum each.

use super::{
    Checkpoint, Encode, FolderUse, LOCK, MANIFEST, Manifest, Plans, ResultReader, ResultWriter,
    TILES, TilePart, damaged,
    files::{part_of, part_of_unfinished},
    opening::Opening,
};
use isopach_cloud::Rect;
use isopach_compute::{Error, FolderLock, Result, UnfinishedFile, remove_if_left};
use rayon::prelude::*;
use serde_json::Value;
use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read, Seek, Write},
    marker::PhantomData,
    path::PathBuf,
};

const MAGIC: &[u8; 8] = b"ISOPTIL2";
/// Bytes before a result: the magic, three numbers of its part, the fingerprint of the run, its
/// length and checksum.
const HEAD: usize = 52;
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
    /// removed, and nothing else. Results are read by all threads: a merge reads all of a survey.
    pub(crate) fn finished_parts(&self, wanted: &[bool]) -> Result<Vec<Option<usize>>> {
        let is_wanted = |part: &TilePart| wanted.get(part.tile).is_some_and(|wanted| *wanted);
        let mut found = Vec::new();
        for entry in
            fs::read_dir(&self.tiles).map_err(|error| Error::of_file(&self.tiles, error))?
        {
            let path = entry
                .map_err(|error| Error::of_file(&self.tiles, error))?
                .path();
            if let Some(part) = part_of(&path).filter(is_wanted) {
                found.push(part);
            } else if part_of_unfinished(&path).as_ref().is_some_and(is_wanted) {
                remove_if_left(&path);
            }
        }
        let are_whole: Vec<bool> = found
            .par_iter()
            .map(|part| self.is_whole(*part))
            .collect::<Result<_>>()?;
        let mut parts: Vec<Vec<TilePart>> = vec![Vec::new(); wanted.len()];
        let whole = found.into_iter().zip(are_whole);
        for (part, _) in whole.filter(|(_, is_whole)| *is_whole) {
            parts[part.tile].push(part);
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
    pub(super) fn write_part(
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
    /// [`Self::get_result`] reports.
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
    pub(super) fn read_part<R>(
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
