//! Writing LAZ files in a canonical order, independent of the order in which points arrive.
//!
//! Tiles finish their points tile by tile, so a file in the order of writing depends on the tiling.
//! Here points are written in the order of the absolute grid instead: a file is the same bytes for
//! any tiles, memory and threads.
//!
//! Records are collected in their final form, each after its sort key. Records beyond the memory
//! budget are sorted and put on disk as a run; at the end all runs are merged ([`runs`]). Equal
//! keys and equal records are indistinguishable, so the order is unique.

mod key;
mod merge;
mod order;
mod reader;
mod runs;

use crate::{
    LazWriter, Schema,
    error::{LasError, LasProblem},
};
use isopach_cloud::{Cloud, checked_cell_size};
use key::KEY;
use order::Placed;
use rayon::prelude::*;
use runs::Runs;
use std::{ops::Range, path::Path};

/// Points that are made records at a time on a thread.
const PIECE: usize = 4096;

/// Bytes that records wait in at least: less would make a run of every few points.
const LEAST_BYTES: usize = 1 << 16;

/// Writer of a LAZ file sorted by cells of the absolute grid: cells row by row from the south, in a
/// row from the west, and in a cell by x, y, z and the bytes of the other columns as they are
/// stored.
///
/// Takes the points in any order and in any pieces. The bytes of the file depend only on the
/// points, the schema and the cell size, not on memory, threads or order. Points wait in memory;
/// beyond `memory` bytes they go to disk beside the file, sorted, and are merged by
/// [`SortedLazWriter::finish`]. The disk needs up to the uncompressed size of the records plus 16
/// bytes per point.
///
/// The file appears under its name when `finish` succeeds; dropped before, or after an error,
/// nothing is left.
///
/// ```
/// use isopach_cloud::Cloud;
/// use isopach_las::{Las, Schema, SortedLazWriter};
/// use isopach_cloud::Columns;
/// # let folder = std::env::temp_dir().join(format!("isopach-sorted-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// let path = folder.join("sorted.laz");
/// let mut writer = SortedLazWriter::create(&path, &Schema::default(), 1.0, 64 << 20)?;
/// writer.write(&Cloud::from_points(&[[0.5, 7.5, 0.0], [3.5, 0.5, 0.0]])?, &[])?;
/// writer.write(&Cloud::from_points(&[[0.5, 0.5, 0.0]])?, &[])?;
/// writer.finish()?;
/// let points = Las::open(&path)?.read_points(Columns::XYZ)?;
/// assert_eq!(points.xyz, [[0.5, 0.5, 0.0], [3.5, 0.5, 0.0], [0.5, 7.5, 0.0]]);
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), isopach_compute::Error>(())
/// ```
#[derive(Debug)]
pub struct SortedLazWriter {
    writer: LazWriter,
    cell_size: f64,
    /// Keyed records that wait, one behind the other.
    waiting: Vec<u8>,
    /// Bytes of a keyed record.
    width: usize,
    /// Bytes of keyed records that may wait.
    most: usize,
    runs: Runs,
    /// Whether an error left the points incomplete.
    failed: bool,
}

impl SortedLazWriter {
    /// Creates a file beside `path` whose points are ordered by cells of `cell_size` metres. Uses
    /// `memory` bytes in addition to those of [`LazWriter`].
    ///
    /// # Errors
    /// Those of [`LazWriter::create`]; for a cell size below a tick (2⁻¹⁸ m) or not finite.
    pub fn create(
        path: impl AsRef<Path>,
        schema: &Schema,
        cell_size: f64,
        memory: u64,
    ) -> Result<Self, LasError> {
        let path = path.as_ref();
        let cell_size =
            checked_cell_size(cell_size).map_err(|problem: isopach_compute::Error| {
                LasProblem::Unwritable(problem.to_string()).at_path(path)
            })?;
        let writer = LazWriter::create(path, schema)?;
        let width = KEY + writer.record_length();
        // Sorting takes the places of the records beside them, and the sorted copy of a part of
        // them.
        let memory = usize::try_from(memory).unwrap_or(usize::MAX) / 8 * 7;
        let share = memory / (width + order::PLACE) * width;
        let most = share.clamp(LEAST_BYTES.max(width), u32::MAX as usize);
        Ok(Self {
            cell_size,
            waiting: Vec::new(),
            width,
            most,
            runs: Runs::beside_file(path),
            failed: false,
            writer,
        })
    }

    /// Adds points, with the values of the extra columns: one slice a column of the schema, one
    /// value a point.
    ///
    /// # Errors
    /// Errors of [`LazWriter::write`]; also if the disk beside the file is full. The file cannot be
    /// finished after an error.
    pub fn write(&mut self, cloud: &Cloud, extra: &[&[f64]]) -> Result<(), LasError> {
        let outcome = self.write_checked(cloud, extra);
        self.failed |= outcome.is_err();
        outcome.map_err(|problem| problem.at_path(self.writer.path()))
    }

    /// Body of [`Self::write`], before the file is named.
    fn write_checked(&mut self, cloud: &Cloud, extra: &[&[f64]]) -> Result<(), LasProblem> {
        self.writer.check_columns(cloud, extra)?;
        let mut points = 0..cloud.len();
        while !points.is_empty() {
            let room = (self.most - self.waiting.len()) / self.width;
            if room == 0 {
                self.put_aside()?;
                continue;
            }
            let end = points.start + room.min(points.len());
            self.append_records(cloud, extra, points.start..end)?;
            points.start = end;
        }
        Ok(())
    }

    /// Lets the keyed records of some points wait; there is room for them.
    fn append_records(
        &mut self,
        cloud: &Cloud,
        extra: &[&[f64]],
        points: Range<usize>,
    ) -> Result<(), LasProblem> {
        let start = self.waiting.len();
        self.make_room(points.len() * self.width);
        self.waiting.resize(start + points.len() * self.width, 0);
        let fields = self.writer.fields_of(cloud, extra);
        let fill_piece = |(piece, records): (usize, &mut [u8])| {
            let first = points.start + piece * PIECE;
            let points = first..first + records.len() / self.width;
            fields.fill_records(points.clone(), KEY, records)?;
            for (i, record) in points.zip(records.chunks_exact_mut(self.width)) {
                let point = cloud.positions().absolute_ticks(i);
                record[..KEY].copy_from_slice(&key::key_of(point, self.cell_size));
            }
            Ok(())
        };
        let failed = self.waiting[start..]
            .par_chunks_mut(PIECE * self.width)
            .enumerate()
            .find_map_first(|piece| fill_piece(piece).err());
        failed.map_or(Ok(()), Err)
    }

    /// Room for so many more bytes: doubled, but never to more than may be taken.
    fn make_room(&mut self, bytes: usize) {
        let length = self.waiting.len();
        let room = self.waiting.capacity();
        if room - length < bytes {
            let most = (self.most - length).max(LEAST_BYTES);
            self.waiting
                .reserve_exact(length.clamp(LEAST_BYTES, most).max(bytes));
        }
    }

    /// Sorts the waiting records and puts them on disk.
    fn put_aside(&mut self) -> Result<(), LasProblem> {
        let places = order::sorted_places(&self.waiting, self.width);
        self.runs.add_run(&self.waiting, self.width, &places)?;
        self.waiting.clear();
        Ok(())
    }

    /// Merges all points, completes the file and gives it its name.
    ///
    /// # Errors
    /// If the disk is full, the file cannot be renamed, a run on disk has changed, or an earlier
    /// call failed.
    pub fn finish(mut self) -> Result<(), LasError> {
        let path = self.writer.path().to_owned();
        self.merge_runs()
            .map_err(|problem| problem.at_path(&path))?;
        self.writer.finish()
    }

    /// Merges the runs and the waiting records into the file.
    fn merge_runs(&mut self) -> Result<(), LasProblem> {
        if self.failed {
            return Err(LasProblem::Unwritable(
                "an earlier write failed, so points are missing".into(),
            ));
        }
        if !self.runs.is_empty() && !self.waiting.is_empty() {
            self.put_aside()?;
        }
        let Self {
            waiting,
            width,
            most,
            runs,
            writer,
            ..
        } = self;
        if !runs.is_empty() {
            // All waiting records are on disk, so their memory is free for merging.
            *waiting = Vec::new();
            return runs.merge_runs(*width, KEY, *most, |records| writer.write_records(records));
        }
        let places = order::sorted_places(waiting, *width);
        let placed = Placed {
            records: waiting,
            width: *width,
            left_out: KEY,
        };
        let unchanged = |bytes| bytes;
        placed.for_each_block(&places, unchanged, |bytes: Vec<u8>| {
            writer.write_records(&bytes)
        })
    }
}
