//! Patches between cutting and writing: they come tile by tile, and are written in the order of the
//! grid. They wait in memory as long as it suffices, then on disk.

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

/// Takes patches as they come.
#[derive(Debug)]
pub(super) struct StageWriter {
    path: PathBuf,
    file: BufWriter<File>,
    end: u64,
    /// Bytes that patches may take in memory from now on.
    memory: u64,
    places: Vec<Place>,
    pub(super) counts: PatchCounts,
    /// Largest magnitude of each column.
    largest: Vec<f32>,
}

/// Where a patch is.
#[derive(Debug)]
pub(super) struct Place {
    /// Row and column on the grid: the order of patches.
    order: [i64; 2],
    /// Bytes of its rows.
    pub(super) rows_bytes: u64,
    held: Held,
}

#[derive(Debug)]
enum Held {
    /// In memory, until it is taken.
    Memory(Mutex<Option<Patch>>),
    /// In the file.
    Disk {
        start: u64,
        /// Bytes of its moments, and of the patch behind them.
        moments: u64,
        length: u64,
    },
}

/// Patches in the order of the grid, row by row from south-west.
#[derive(Debug)]
pub(super) struct Stage {
    path: PathBuf,
    file: Mutex<File>,
    pub(super) places: Vec<Place>,
    pub(super) counts: PatchCounts,
    /// Largest finite magnitude of each column, over all patches.
    pub(super) largest: Vec<f32>,
}

impl StageWriter {
    /// Patches that wait in so many bytes of memory, and in a file of this path. The largest numbers of
    /// so many columns are found on the way.
    pub(super) fn create(path: &Path, columns: usize, memory: u64) -> Result<Self> {
        let mut options = File::options();
        let options = options.create_new(true).read(true).write(true);
        let file = options
            .open(path)
            .map_err(|error| Error::of_file(path, error))?;
        Ok(Self {
            path: path.to_owned(),
            file: BufWriter::with_capacity(BUFFER, file),
            end: 0,
            memory,
            places: Vec::new(),
            counts: PatchCounts::default(),
            largest: vec![0.0; columns],
        })
    }

    fn hold(&mut self, patch: Patch) -> Result<()> {
        let [column, row] = patch.index;
        let order = [row, column];
        for (largest, values) in self.largest.iter_mut().zip(&patch.columns) {
            let finite = values.iter().map(|value| value.abs());
            let finite = finite.filter(|value| value.is_finite());
            *largest = finite.fold(*largest, f32::max);
        }
        let rows_bytes = patch.byte_count();
        let held = if rows_bytes <= self.memory {
            self.memory -= rows_bytes;
            Held::Memory(Mutex::new(Some(patch)))
        } else {
            self.write_patch(&patch)?
        };
        self.places.push(Place {
            order,
            rows_bytes,
            held,
        });
        Ok(())
    }

    fn write_patch(&mut self, patch: &Patch) -> Result<Held> {
        let mut bytes = patch.moments.to_bytes();
        let moments = bytes.len() as u64;
        bytes.append(&mut patch.to_bytes());
        let written = self.file.write_all(&bytes);
        written.map_err(|error| Error::of_file(&self.path, error))?;
        let start = self.end;
        self.end += bytes.len() as u64;
        Ok(Held::Disk {
            start,
            moments,
            length: bytes.len() as u64 - moments,
        })
    }

    /// All patches, to be read.
    pub(super) fn into_stage(self) -> Result<Stage> {
        let Self {
            path,
            file,
            mut places,
            counts,
            largest,
            end: _,
            memory: _,
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
            largest,
        })
    }
}

impl TileSink<PatchTile> for StageWriter {
    fn accept(&mut self, _: Rect, tile: PatchTile) -> Result<()> {
        self.counts = self.counts.plus(tile.counts);
        tile.patches
            .into_iter()
            .try_for_each(|patch| self.hold(patch))
    }
}

impl Stage {
    /// Removes the file.
    pub(super) fn remove(self) -> Result<()> {
        let Self { path, file, .. } = self;
        drop(file);
        fs::remove_file(&path).map_err(|error| Error::of_file(&path, error))
    }

    /// A patch. `is_last` says that it is not read again.
    pub(super) fn read_patch(&self, place: &Place, is_last: bool) -> Result<Patch> {
        match &place.held {
            Held::Memory(patch) => {
                let mut patch = patch.lock().unwrap_or_else(PoisonError::into_inner);
                let found = if is_last { patch.take() } else { patch.clone() };
                found.ok_or_else(|| self.changed())
            }
            Held::Disk {
                start,
                moments,
                length,
            } => self.read(start + moments, *length),
        }
    }

    /// The moments of the columns of a patch.
    pub(super) fn read_moments(&self, place: &Place) -> Result<Vec<Moments>> {
        match &place.held {
            Held::Memory(patch) => {
                let patch = patch.lock().unwrap_or_else(PoisonError::into_inner);
                let moments = patch.as_ref().map(|patch| patch.moments.clone());
                moments.ok_or_else(|| self.changed())
            }
            Held::Disk { start, moments, .. } => self.read(*start, *moments),
        }
    }

    fn read<T: Encode>(&self, start: u64, length: u64) -> Result<T> {
        let mut bytes = vec![0; length as usize];
        let read = {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            let found = file.seek(SeekFrom::Start(start));
            found.and_then(|_| file.read_exact(&mut bytes))
        };
        read.map_err(|error| Error::of_file(&self.path, error))?;
        T::from_bytes(&bytes).ok_or_else(|| self.changed())
    }

    fn changed(&self) -> Error {
        Error::Busy(format!("{} was changed by others", self.path.display()))
    }
}
