//! Reading all points of a file or another source.

use crate::{
    Las, VariableRecord,
    error::{LasError, LasProblem},
    filters::LeftOut,
    point_source::{Chunks, expect_all},
    selection::layers_for,
    slots::{Slots, close_gaps, reserve_points},
};
use isopach_cloud::{Attributes, Cloud, Columns, Points};
use isopach_compute as compute;
use isopach_tiling::PointSource;
use laz::DecompressionSelection;
use rayon::prelude::*;

impl Las {
    /// Reads all points into a cloud, in file order, about an origin in their middle.
    /// [`Columns::ALL`] reads the columns that the file has.
    ///
    /// ```
    /// use isopach_las::{Columns, Las};
    /// # use isopach_las::{Cloud, LazWriter, Schema};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("tile.laz");
    /// # let mut writer = LazWriter::create(&path, &Schema::default())?;
    /// # writer.write(&Cloud::from_points(&[[1.5, 2.0, 3.0]])?, &[])?;
    /// # writer.finish()?;
    /// let cloud = Las::open(&path)?.read_all(Columns::CLASSIFICATION | Columns::INTENSITY)?;
    /// assert_eq!(cloud.attributes.classification, Some(vec![0]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The fault of a damaged file; [`LasProblem::NotMetres`] if it states another unit;
    /// [`LasProblem::Outlier`] if a point is too far above or below the others;
    /// [`compute::Error::InvalidPoint`] if the file reaches farther than 8 km from its middle, and
    /// must be read in tiles.
    pub fn read_all(&self, columns: Columns) -> compute::Result<Cloud> {
        self.check_metres()?;
        self.check_heights()?;
        read_all(self, self.resolve(columns))
    }

    /// Reads the raw records of one of [`Self::total_chunks`] chunks, uncompressed and unfiltered:
    /// all bits of all fields, [`crate::LasHeader::record_length`] bytes per point.
    ///
    /// # Errors
    /// The fault of a damaged file, or an error if `chunk` does not exist.
    pub fn read_raw(&self, chunk: usize) -> Result<Vec<u8>, LasError> {
        let read = || {
            if chunk >= self.chunks.len() {
                let text = format!("chunk {chunk} of a file with {}", self.chunks.len());
                return Err(LasProblem::Unsupported(text));
            }
            self.read_records(chunk, DecompressionSelection::all())
        };
        read().map_err(|problem| problem.at_path(&self.path))
    }

    /// Reads the data of one of the header's records.
    ///
    /// # Errors
    /// If it cannot be read or exceeds [`crate::LasLimits::record_bytes`].
    pub fn read_record(&self, record: &VariableRecord) -> Result<Vec<u8>, LasError> {
        let read = || -> Result<Vec<u8>, LasProblem> {
            if record.bytes > self.limits.record_bytes {
                let must = format!(
                    "be at most {} (LasLimits::record_bytes)",
                    self.limits.record_bytes
                );
                return Err(LasProblem::inconsistent(
                    "the length of a variable length record",
                    record.bytes,
                    must,
                ));
            }
            self.bytes_at(record.data_at(), record.bytes)
        };
        read().map_err(|problem| problem.at_path(&self.path))
    }

    /// Reads all points with absolute coordinates, in file order.
    ///
    /// ```
    /// use isopach_las::{Columns, Las};
    /// # use isopach_las::{Cloud, LazWriter, Schema};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("tile.laz");
    /// # let mut writer = LazWriter::create(&path, &Schema::default())?;
    /// # writer.write(&Cloud::from_points(&[[1.5, 2.0, 3.0], [8.0, 2.0, 3.5]])?, &[])?;
    /// # writer.finish()?;
    /// let points = Las::open(&path)?.read_points(Columns::XYZ)?;
    /// assert_eq!(points.xyz[1], [8.0, 2.0, 3.5]); // absolute metres, as in the file
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The fault of a damaged file.
    pub fn read_points(&self, columns: Columns) -> compute::Result<Points> {
        read_points(self, self.resolve(columns))
    }

    /// Reads the values of a named extra column, of all points that pass the filters.
    ///
    /// ```
    /// use isopach_las::{Cloud, ExtraBytes, ExtraKind, Las, LazWriter, Schema};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("tile.laz");
    /// let extra_bytes = vec![ExtraBytes::new("amplitude", "dB", ExtraKind::F32)];
    /// let mut writer = LazWriter::create(&path, &Schema { extra_bytes, ..Schema::default() })?;
    /// writer.write(&Cloud::from_points(&[[1.5, 2.0, 3.0]])?, &[&[12.25]])?;
    /// writer.finish()?;
    /// assert_eq!(Las::open(&path)?.read_extra("amplitude")?, [12.25]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The fault of a damaged file; [`LasProblem::MissingColumn`] if its format lacks a column.
    pub fn read_extra(&self, name: &str) -> Result<Vec<f64>, LasError> {
        let columns = &self.header().extra_bytes;
        let Some(number) = columns.iter().position(|extra| extra.name == name) else {
            let problem = LasProblem::MissingColumn {
                format: self.parsed.layout.format,
                column: format!("extra column {name:?}"),
            };
            return Err(problem.at_path(&self.path));
        };
        let column = &columns[number];
        let at = self.parsed.layout.base + self.parsed.extra_offsets[number];
        let wanted = layers_for(self.with_filtered(Columns::XYZ)).decompress_extra_bytes();
        let width = column.kind.bytes();
        let read = |chunk: usize| -> Result<Vec<f64>, LasProblem> {
            let bytes = self.read_chunk_bytes(chunk)?;
            if let Some(values) = self.extra_from_layers(chunk, &bytes, at..at + width) {
                let values = values?;
                let values = values.chunks_exact(width);
                return Ok(values.map(|stored| column.read_value(stored)).collect());
            }
            let records = self.decode_records(chunk, bytes, wanted)?;
            let mut left_out = LeftOut::default();
            let kept = records
                .chunks_exact(self.record_length())
                .filter(|record| self.keeps_record(record, &mut left_out));
            Ok(kept
                .map(|record| column.read_value(&record[at..]))
                .collect())
        };
        expect_all(self);
        let parts: Result<Vec<Vec<f64>>, LasProblem> =
            self.selected.par_iter().map(|&chunk| read(chunk)).collect();
        Ok(parts
            .map_err(|problem| problem.at_path(&self.path))?
            .concat())
    }
}

/// All chunks of a source, decoded in parallel, in order, each where its points will stay.
pub(crate) fn read_points(source: &impl Chunks, columns: Columns) -> compute::Result<Points> {
    let counts: Vec<usize> = (0..source.chunk_count())
        .map(|chunk| source.chunk_points(chunk))
        .collect();
    let mut points = reserve_points(counts.iter().sum(), columns, source.largest_memory())?;
    expect_all(source);
    let mut rest = Slots::from_points(&mut points);
    let mut parts: Vec<Slots<'_>> = counts.iter().map(|&count| rest.take_front(count)).collect();
    let kept: Vec<usize> = parts
        .par_iter_mut()
        .enumerate()
        .map(|(chunk, slots)| source.fill_chunk(chunk, columns, slots))
        .collect::<compute::Result<_>>()?;
    let mut start = 0;
    let ranges = counts.iter().zip(kept).map(|(&count, kept)| {
        start += count;
        start - count..start - count + kept
    });
    let ranges: Vec<_> = ranges.collect();
    close_gaps(&mut points, &ranges);
    Ok(points)
}

/// A point that is far from where its header says that all are.
fn name_misplaced(
    source: &(impl PointSource + ?Sized),
    chunk: usize,
    error: &compute::Error,
) -> compute::Error {
    let name = source.name();
    compute::Error::InvalidInput(format!(
        "{name}: chunk {chunk}: {error}: the scale factors, offsets or box in its header are wrong, or the point is"
    ))
}

/// All chunks of a source as one cloud.
pub(crate) fn read_all(
    source: &(impl PointSource + ?Sized),
    columns: Columns,
) -> compute::Result<Cloud> {
    let extent = source.extent();
    let [low, high] = source.height_range();
    let [x, y] = extent.centre();
    let middle = [x, y, 0.5 * (low + high)];
    let origin =
        isopach_cloud::Origin::near(middle).map_err(|error| name_misplaced(source, 0, &error))?;
    expect_all(source);
    let parts: Vec<Cloud> = (0..source.chunk_count())
        .into_par_iter()
        .map(|chunk| {
            source
                .read_chunk(chunk, columns)?
                .about(origin)
                .map_err(|error| name_misplaced(source, chunk, &error))
        })
        .collect::<compute::Result<_>>()?;
    let total = parts.iter().map(Cloud::len).sum();
    let mut ticks = Vec::with_capacity(total);
    let mut attributes = Attributes::empty(columns);
    for mut part in parts {
        ticks.extend_from_slice(part.positions().ticks());
        attributes.append(&mut part.attributes);
    }
    let mut cloud = Cloud::new(origin, ticks);
    cloud.attributes = attributes;
    Ok(cloud)
}
