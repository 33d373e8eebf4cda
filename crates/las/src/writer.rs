//! Writing LAZ: LAS 1.4 with named extra bytes, streamed, and there only when it is complete.

use crate::{
    ExtraBytes, GpsTime,
    encoder::{self, CHUNK, Encoder},
    error::{Checked, LasError, LasProblem},
    layout::{ANGLE_STEP, Layout},
    schema::{Schema, zero_padded},
    summary::Summary,
};
use isopach_cloud::{Attributes, Cloud, Columns};
use isopach_compute::UnfinishedFile;
use rayon::prelude::*;
use std::{
    io::{Seek, SeekFrom, Write},
    ops::Range,
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

impl LazWriter {
    /// Creates a file beside `path`.
    ///
    /// # Errors
    /// If the file cannot be created, or the schema is invalid.
    pub fn create(path: impl AsRef<Path>, schema: &Schema) -> Result<Self, LasError> {
        let path = path.as_ref();
        Self::create_checked(path, schema).map_err(|problem| problem.at_path(path))
    }

    fn create_checked(path: &Path, schema: &Schema) -> Checked<Self> {
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
    pub(crate) fn check_columns(&mut self, cloud: &Cloud, extra: &[&[f64]]) -> Checked<()> {
        let has = cloud.attributes.columns();
        if !has.contains(self.schema.columns) {
            return Err(LasProblem::Unwritable(
                "the points lack a column of the schema".into(),
            ));
        }
        if extra.len() != self.schema.extra_bytes.len()
            || extra.iter().any(|values| values.len() != cloud.len())
        {
            return Err(LasProblem::Unwritable(
                "extra columns must be as in the schema, one value a point".into(),
            ));
        }
        check_lengths(cloud)?;
        if !self.is_settled && !cloud.is_empty() {
            self.schema.offset = self.schema.offset_for(cloud.positions());
            self.is_settled = true;
        }
        Ok(())
    }

    /// Appends records as [`Self::append_record`] makes them.
    pub(crate) fn write_records(&mut self, records: &[u8]) -> Checked<()> {
        self.summary.merge(&Summary::of_records(
            records.chunks_exact(self.record_length()),
            &self.layout,
        ));
        self.points.write(records)
    }

    fn write_checked(&mut self, cloud: &Cloud, extra: &[&[f64]]) -> Checked<()> {
        self.check_columns(cloud, extra)?;
        let chunk = CHUNK as usize;
        let starts: Vec<usize> = (0..cloud.len()).step_by(chunk).collect();
        for wave in starts.chunks(rayon::current_num_threads().max(1)) {
            let parts: Vec<(Vec<u8>, Summary)> = wave
                .par_iter()
                .map(|&start: &usize| {
                    self.encode_range(cloud, extra, start..(start + chunk).min(cloud.len()))
                })
                .collect::<Checked<_>>()?;
            for (records, summary) in parts {
                self.summary.merge(&summary);
                self.points.write(&records)?;
            }
        }
        Ok(())
    }

    /// Encodes the records of some points, and summarises them for the header.
    fn encode_range(
        &self,
        cloud: &Cloud,
        extra: &[&[f64]],
        points: Range<usize>,
    ) -> Checked<(Vec<u8>, Summary)> {
        let length = self.record_length();
        let mut records = Vec::with_capacity(points.len() * length);
        for i in points {
            self.append_record(cloud, extra, i, &mut records)?;
        }
        let summary = Summary::of_records(records.chunks_exact(length), &self.layout);
        Ok((records, summary))
    }

    /// Appends the record of one point, whose columns have been checked.
    pub(crate) fn append_record(
        &self,
        cloud: &Cloud,
        extra: &[&[f64]],
        i: usize,
        records: &mut Vec<u8>,
    ) -> Checked<()> {
        self.encode_point(cloud, i, records)?;
        for (column, values) in self.schema.extra_bytes.iter().zip(extra) {
            check_fits(column, values[i], i)?;
            column.append_to(values[i], records);
        }
        Ok(())
    }

    /// Appends the standard fields of one point.
    fn encode_point(&self, cloud: &Cloud, i: usize, records: &mut Vec<u8>) -> Checked<()> {
        self.append_coordinates(cloud.positions().absolute(i), records)?;
        let columns = self.schema.columns;
        let attributes = &cloud.attributes;
        let has = |column| columns.contains(column);
        let [number, of] = value_or(&attributes.returns, i, has(Columns::RETURNS), [1, 1]);
        if number.max(of) > 15 {
            return Err(LasProblem::Unwritable(format!(
                "point {i} is return {number} of {of}, but 15 at most can be stored"
            )));
        }
        let intensity = value_or(&attributes.intensity, i, has(Columns::INTENSITY), 0);
        records.extend(intensity.to_le_bytes());
        records.push((number & 15) | (of & 15) << 4);
        records.push(value_or(&attributes.flags, i, has(Columns::FLAGS), 0));
        let has_class = has(Columns::CLASSIFICATION);
        records.push(value_or(&attributes.classification, i, has_class, 0));
        records.push(value_or(
            &attributes.user_data,
            i,
            has(Columns::USER_DATA),
            0,
        ));
        let angle = value_or(&attributes.scan_angle, i, has(Columns::SCAN_ANGLE), 0.0);
        let steps = (angle / ANGLE_STEP).round();
        if !(f32::from(i16::MIN)..=f32::from(i16::MAX)).contains(&steps) {
            return Err(LasProblem::Unwritable(format!(
                "the scan angle of point {i} is {angle}°, but must be within ±196°"
            )));
        }
        records.extend((steps as i16).to_le_bytes());
        let source = value_or(&attributes.point_source, i, has(Columns::POINT_SOURCE), 0);
        records.extend(source.to_le_bytes());
        let time = value_or(&attributes.gps_time, i, has(Columns::GPS_TIME), 0.0);
        records.extend(time.to_le_bytes());
        if self.layout.format >= 7 {
            let rgb = value_or(&attributes.rgb, i, has(Columns::RGB), [0; 3]);
            records.extend(rgb.into_iter().flat_map(u16::to_le_bytes));
        }
        if self.layout.format == 8 {
            records.extend(value_or(&attributes.nir, i, true, 0).to_le_bytes());
        }
        Ok(())
    }

    /// Appends x, y and z as whole steps from the offset.
    fn append_coordinates(&self, point: [f64; 3], records: &mut Vec<u8>) -> Checked<()> {
        for (value, offset) in point.into_iter().zip(self.schema.offset) {
            let step = ((value - offset) / self.schema.scale).round();
            if step < f64::from(i32::MIN) || step > f64::from(i32::MAX) {
                return Err(LasProblem::Unwritable(format!(
                    "the coordinate {value} is too far from the offset {offset} for steps of {}: give an offset near the points",
                    self.schema.scale
                )));
            }
            records.extend((step as i32).to_le_bytes()); // in range: checked above
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

    fn finish_checked(self) -> Checked<()> {
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
fn check_lengths(cloud: &Cloud) -> Checked<()> {
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

/// Refuses a value that an extra column cannot hold, or would say "none" of.
fn check_fits(column: &ExtraBytes, value: f64, point: usize) -> Checked<()> {
    if value.is_nan() && column.no_data.is_some() {
        return Ok(());
    }
    let range = column.kind.value_range();
    let is_float = column.kind.is_float();
    let stored = (value - column.shift) / column.scale;
    let fits = match is_float {
        true => !stored.is_finite() || range.contains(&stored),
        false => range.contains(&stored.round()),
    };
    if !fits {
        let name = &column.name;
        let kind = column.kind;
        let (low, high) = range.into_inner();
        return Err(LasProblem::Unwritable(format!(
            "the value {value} of point {point} does not fit the column {name} ({kind:?}, {low} to {high} as stored)"
        )));
    }
    if !is_float && column.no_data == Some(stored.round()) {
        let name = &column.name;
        return Err(LasProblem::Unwritable(format!(
            "the value {value} of point {point} is the one that says none in the column {name}"
        )));
    }
    Ok(())
}

/// A value of a column, or `absent` if the column is not wanted or not there.
fn value_or<T: Copy>(column: &Option<Vec<T>>, i: usize, is_wanted: bool, absent: T) -> T {
    match column {
        Some(values) if is_wanted => values[i],
        _ => absent,
    }
}
