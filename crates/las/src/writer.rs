//! Writing LAZ: LAS 1.4 with named extra bytes, streamed, and there only when it is complete.

use crate::{
    GpsTime,
    encoder::{self, CHUNK, Encoder},
    error::{LasError, LasProblem},
    layout::Layout,
    record_fields::RecordFields,
    schema::{Schema, zero_padded},
    summary::Summary,
};
use isopach_cloud::{Attributes, ByteRows, Cloud};
use isopach_compute::UnfinishedFile;
use rayon::prelude::*;
use std::{
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// Writer of a LAZ file in the order of the points, encoded on all threads, with memory for one
/// chunk per thread. The file appears under its name when [`LazWriter::finish`] succeeds; dropped
/// before, nothing is left.
pub struct LazWriter {
    path: PathBuf,
    points: Encoder,
    schema: Schema,
    layout: Layout,
    record_length: u16,
    points_at: u32,
    vlrs: u32,
    summary: Summary,
    /// Whether the offset is settled: with the first points.
    is_settled: bool,
    /// Whether an error left the points incomplete.
    failed: bool,
    part: UnfinishedFile,
}

impl std::fmt::Debug for LazWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LazWriter")
            .field("path", &self.path)
            .field("count", &self.summary.count)
            .finish_non_exhaustive()
    }
}

const HEADER_BYTES: u16 = 375;

/// Records that one thread sums up at a time.
const SUMMED: usize = 4096;

impl LazWriter {
    /// Creates a file beside `path`.
    ///
    /// ```
    /// use isopach_las::{Cloud, Columns, LazWriter, Schema};
    /// # let folder = tempfile::tempdir()?;
    /// let mut cloud = Cloud::from_points(&[[600_000.0, 4_800_000.0, 80.5]])?;
    /// cloud.attributes.intensity = Some(vec![1200]);
    /// let schema = Schema { columns: Columns::INTENSITY, scale: 0.01, ..Schema::default() };
    /// let mut writer = LazWriter::create(folder.path().join("tile.laz"), &schema)?;
    /// writer.write(&cloud, &[])?; // once per tile
    /// writer.finish()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the file cannot be created, or the schema is invalid.
    pub fn create(path: impl AsRef<Path>, schema: &Schema) -> Result<Self, LasError> {
        let path = path.as_ref();
        Self::create_checked(path, schema).map_err(|problem| problem.at_path(path))
    }

    /// Body of [`Self::create`], before the file is named.
    fn create_checked(path: &Path, schema: &Schema) -> Result<Self, LasProblem> {
        schema.check()?;
        let layout = Layout::of_format(schema.point_format())?;
        let extra = schema.extra_length()?;
        let vlr = encoder::laz_record(schema.point_format(), extra, schema.chunk_points)?;
        let records = schema.variable_records(&vlr)?;
        let (part, mut file) = UnfinishedFile::create(path)?;
        file.write_all(&[0; HEADER_BYTES as usize])?;
        file.write_all(&records.bytes)?;
        Ok(Self {
            path: path.to_owned(),
            points: Encoder::compressed_with(file, vlr)?,
            schema: schema.clone(),
            layout,
            record_length: layout.base as u16 + extra,
            points_at: u32::from(HEADER_BYTES) + records.bytes.len() as u32,
            vlrs: records.count,
            summary: Summary::default(),
            is_settled: false,
            failed: false,
            part,
        })
    }

    /// Appends points, with the values of the extra columns: one slice a column of the schema, one
    /// value a point.
    ///
    /// # Errors
    /// If the disk is full, a column is missing or too short, or a value does not fit: a coordinate
    /// the scale, a return number its four bits, a number an integer column. The file cannot be
    /// finished after an error.
    pub fn write(&mut self, cloud: &Cloud, extra: &[&[f64]]) -> Result<(), LasError> {
        let outcome = self.write_checked(cloud, extra);
        self.failed |= outcome.is_err();
        outcome.map_err(|problem| problem.at_path(&self.path))
    }

    /// Path of the finished file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of a record.
    pub(crate) fn record_length(&self) -> usize {
        usize::from(self.record_length)
    }

    /// Refuses points and extra columns that are not as the schema has them. The first points
    /// settle the offset.
    pub(crate) fn check_columns(
        &mut self,
        cloud: &Cloud,
        extra: &[&[f64]],
    ) -> Result<(), LasProblem> {
        let has = cloud.attributes.columns();
        if !has.contains(self.schema.columns) {
            return Err(LasProblem::Unwritable(
                "the points lack a column that the schema names".into(),
            ));
        }
        if extra.len() != self.schema.extra_bytes.len()
            || extra.iter().any(|values| values.len() != cloud.len())
        {
            return Err(LasProblem::Unwritable(
                "extra columns must match the schema, with one value per point".into(),
            ));
        }
        check_lengths(cloud)?;
        if !self.is_settled && !cloud.is_empty() {
            self.schema.offset = self.schema.offset_for(cloud.positions());
            self.is_settled = true;
        }
        Ok(())
    }

    /// Appends records as [`Self::fields_of`] makes them.
    pub(crate) fn write_records(&mut self, records: &[u8]) -> Result<(), LasProblem> {
        let length = self.record_length();
        let of_piece = |piece: &[u8]| Summary::of_records(piece.chunks_exact(length), &self.layout);
        let summary = records.par_chunks(SUMMED * length).map(of_piece).reduce(
            Summary::default,
            |mut all, piece| {
                all.merge(&piece);
                all
            },
        );
        self.summary.merge(&summary);
        self.points.write(records)
    }

    /// The fields of points whose columns have been checked, as this file stores them.
    pub(crate) fn fields_of<'a>(
        &'a self,
        cloud: &'a Cloud,
        extra: &'a [&'a [f64]],
    ) -> RecordFields<'a> {
        RecordFields::new(&self.schema, &self.layout, cloud, extra)
    }

    /// Body of [`Self::write`], before the file is named.
    fn write_checked(&mut self, cloud: &Cloud, extra: &[&[f64]]) -> Result<(), LasProblem> {
        self.check_columns(cloud, extra)?;
        let chunk = CHUNK as usize;
        let starts: Vec<usize> = (0..cloud.len()).step_by(chunk).collect();
        for wave in starts.chunks(rayon::current_num_threads().max(1)) {
            let fields = self.fields_of(cloud, extra);
            let length = self.record_length();
            let layout = &self.layout;
            let encode = |&start: &usize| -> Result<(Vec<u8>, Summary), LasProblem> {
                let points = start..(start + chunk).min(cloud.len());
                let records = fields.encode_points(points, length, 0)?;
                let summary = Summary::of_records(records.chunks_exact(length), layout);
                Ok((records, summary))
            };
            let parts: Vec<(Vec<u8>, Summary)> = wave
                .par_iter()
                .map(encode)
                .collect::<Result<_, LasProblem>>()?;
            for (records, summary) in parts {
                self.summary.merge(&summary);
                self.points.write(&records)?;
            }
        }
        Ok(())
    }

    /// Completes the file and gives it its name.
    ///
    /// # Errors
    /// If the disk is full or the file cannot be renamed.
    pub fn finish(self) -> Result<(), LasError> {
        let path = self.path.clone();
        self.finish_checked()
            .map_err(|problem| problem.at_path(&path))
    }

    /// Body of [`Self::finish`], before the file is named.
    fn finish_checked(self) -> Result<(), LasProblem> {
        if self.failed {
            return Err(LasProblem::Unwritable(
                "an earlier write failed, so points are missing".into(),
            ));
        }
        let header = self.header_bytes();
        let mut file = self.points.finish()?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&header)?;
        let file = file
            .into_inner()
            .map_err(|error| LasProblem::Io(error.into_error()))?;
        Ok(self.part.complete(&file)?)
    }

    /// The 375 bytes of a LAS 1.4 header.
    fn header_bytes(&self) -> Vec<u8> {
        let schema = &self.schema;
        let mut bytes = Vec::with_capacity(usize::from(HEADER_BYTES));
        let wkt = schema.well_known_text().is_some();
        bytes.extend(b"LASF");
        bytes.extend([0; 2]);
        let standard_time = schema.gps_time != GpsTime::Week;
        bytes.extend((u16::from(standard_time) | u16::from(wkt) << 4).to_le_bytes());
        bytes.extend([0; 16]);
        bytes.extend([1, 4]);
        bytes.extend(zero_padded("OTHER"));
        bytes.extend(zero_padded(concat!("isopach ", env!("CARGO_PKG_VERSION"))));
        bytes.extend([0; 4]); // date: the same input gives the same file
        bytes.extend(HEADER_BYTES.to_le_bytes());
        bytes.extend(self.points_at.to_le_bytes());
        bytes.extend(self.vlrs.to_le_bytes());
        bytes.push(self.layout.format | 0x80);
        bytes.extend(self.record_length.to_le_bytes());
        bytes.extend([0; 24]); // counts of the formats before 6
        bytes.extend([schema.scale; 3].into_iter().flat_map(f64::to_le_bytes));
        bytes.extend(schema.offset.into_iter().flat_map(f64::to_le_bytes));
        bytes.extend(
            self.summary
                .extent([schema.scale; 3], schema.offset)
                .into_iter()
                .flat_map(f64::to_le_bytes),
        );
        bytes.extend([0; 20]); // no waveforms, no extended records
        bytes.extend(self.summary.count.to_le_bytes());
        bytes.extend(
            self.summary
                .by_return
                .into_iter()
                .flat_map(u64::to_le_bytes),
        );
        bytes
    }
}

/// Refuses standard columns of another length than the points.
fn check_lengths(cloud: &Cloud) -> Result<(), LasProblem> {
    let Attributes {
        intensity,
        returns,
        flags,
        classification,
        user_data,
        scan_angle,
        point_source,
        gps_time,
        rgb,
        nir,
        extra: carried,
    } = &cloud.attributes;
    let lengths = [
        ("intensity", intensity.as_ref().map(Vec::len)),
        ("returns", returns.as_ref().map(Vec::len)),
        ("flags", flags.as_ref().map(Vec::len)),
        ("classification", classification.as_ref().map(Vec::len)),
        ("user data", user_data.as_ref().map(Vec::len)),
        ("scan angle", scan_angle.as_ref().map(Vec::len)),
        ("point source", point_source.as_ref().map(Vec::len)),
        ("GPS time", gps_time.as_ref().map(Vec::len)),
        ("colour", rgb.as_ref().map(Vec::len)),
        ("near infrared", nir.as_ref().map(Vec::len)),
        ("extra bytes", carried.as_ref().map(ByteRows::len)),
    ];
    for (name, length) in lengths {
        if let Some(length) = length.filter(|length| *length != cloud.len()) {
            let points = cloud.len();
            return Err(LasProblem::Unwritable(format!(
                "the column {name} has {length} values for {points} points"
            )));
        }
    }
    Ok(())
}
