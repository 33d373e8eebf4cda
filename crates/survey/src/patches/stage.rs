//! Patches on disk between cutting and writing: they come tile by tile, and are written in the
//! order of the grid.

use isopach::{
    cloud::Rect,
    compute::{Error, Result},
    patches::{Moments, Patch, PatchCounts, PatchTile},
    tiling::{Encode, TileSink},
};
use std::{
    fs::{self, File},
    io::{BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Bytes that are collected before they are written.
const BUFFER: usize = 1 << 20;

/// Patches that are written to a file as they come.
#[derive(Debug)]
pub(super) struct StageWriter {
    path: PathBuf,
    file: BufWriter<File>,
    end: u64,
    places: Vec<Place>,
    pub(super) counts: PatchCounts,
}

/// Where a patch is in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Row and column on the grid: the order of patches.
    order: [i64; 2],
    start: u64,
    /// Bytes of its moments, and of the patch behind them.
    moments: u64,
    length: u64,
    /// Bytes of its rows.
    pub(super) rows_bytes: u64,
}

/// Patches in the order of the grid, row by row from south-west.
#[derive(Debug)]
pub(super) struct Stage {
    path: PathBuf,
    file: Mutex<File>,
    pub(super) places: Vec<Place>,
    pub(super) counts: PatchCounts,
}

impl StageWriter {
    pub(super) fn create(path: &Path) -> Result<Self> {
        let mut options = File::options();
        let options = options.create_new(true).read(true).write(true);
        let file = options
            .open(path)
            .map_err(|error| Error::of_file(path, error))?;
        Ok(Self {
            path: path.to_owned(),
            file: BufWriter::with_capacity(BUFFER, file),
            end: 0,
            places: Vec::new(),
            counts: PatchCounts::default(),
        })
    }

    fn write_patch(&mut self, patch: &Patch) -> Result<()> {
        let mut bytes = patch.moments.to_bytes();
        let moments = bytes.len() as u64;
        bytes.append(&mut patch.to_bytes());
        let written = self.file.write_all(&bytes);
        written.map_err(|error| Error::of_file(&self.path, error))?;
        let [column, row] = patch.index;
        self.places.push(Place {
            order: [row, column],
            start: self.end,
            moments,
            length: bytes.len() as u64 - moments,
            rows_bytes: patch.byte_count(),
        });
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// All patches, to be read.
    pub(super) fn into_stage(self) -> Result<Stage> {
        let Self {
            path,
            file,
            mut places,
            counts,
            end: _,
        } = self;
        let file = file
            .into_inner()
            .map_err(|error| Error::of_file(&path, error.into_error()))?;
        places.sort_unstable_by_key(|place| place.order);
        Ok(Stage {
            path,
            file: Mutex::new(file),
            places,
            counts,
        })
    }
}

impl TileSink<PatchTile> for StageWriter {
    fn accept(&mut self, _: Rect, tile: PatchTile) -> Result<()> {
        self.counts = self.counts.plus(tile.counts);
        tile.patches
            .iter()
            .try_for_each(|patch| self.write_patch(patch))
    }
}

impl Stage {
    /// Removes the file.
    pub(super) fn remove(self) -> Result<()> {
        let Self { path, file, .. } = self;
        drop(file);
        fs::remove_file(&path).map_err(|error| Error::of_file(&path, error))
    }

    pub(super) fn read_patch(&self, place: &Place) -> Result<Patch> {
        self.read(place.start + place.moments, place.length)
    }

    /// The moments of the columns of a patch.
    pub(super) fn read_moments(&self, place: &Place) -> Result<Vec<Moments>> {
        self.read(place.start, place.moments)
    }

    fn read<T: Encode>(&self, start: u64, length: u64) -> Result<T> {
        let mut bytes = vec![0; length as usize];
        let read = {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            let found = file.seek(SeekFrom::Start(start));
            found.and_then(|_| file.read_exact(&mut bytes))
        };
        read.map_err(|error| Error::of_file(&self.path, error))?;
        T::from_bytes(&bytes)
            .ok_or_else(|| Error::Busy(format!("{} was changed by others", self.path.display())))
    }
}
