//! Writing LAZ: LAS 1.4 with named extra bytes, streamed, and there only when it is complete.

use crate::{
    crs,
    error::{Checked, Error, Problem},
    extra::ExtraBytes,
    layout::ANGLE_STEP,
};
use isopach_cloud::{Cloud, Columns, Crs};
use laz::{LazItemRecordBuilder, LazVlr, LazVlrBuilder, ParLasZipCompressor};
use std::{
    fs::{self, File},
    io::{BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// What a file to be written holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// Coordinate reference system: its well-known text, else its EPSG codes, are written.
    pub crs: Option<Crs>,
    /// Metres a step of the coordinates.
    pub scale: f64,
    /// Where coordinates are counted from, metres.
    pub offset: [f64; 3],
    /// Standard columns beside the coordinates; colour makes it PDRF 7 instead of 6. Columns that are not named are zero.
    pub columns: Columns,
    /// Named extra columns.
    pub extra_bytes: Vec<ExtraBytes>,
}

impl Default for Schema {
    /// Millimetres about zero, coordinates alone.
    fn default() -> Self {
        Self { crs: None, scale: 0.001, offset: [0.0; 3], columns: Columns::XYZ, extra_bytes: Vec::new() }
    }
}

/// Writes points as they come. The file appears under its name when [`LazWriter::finish`] succeeds; dropped before, nothing is left.
pub struct LazWriter {
    path: PathBuf,
    part: PathBuf,
    schema: Schema,
    format: u8,
    /// `None` once finished.
    points: Option<ParLasZipCompressor<BufWriter<File>>>,
    points_at: u32,
    records: Vec<u8>,
    vlrs: u32,
    count: u64,
    by_return: [u64; 15],
    low: [i32; 3],
    high: [i32; 3],
}

impl std::fmt::Debug for LazWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LazWriter").field("path", &self.path).field("count", &self.count).finish_non_exhaustive()
    }
}

const HEADER_BYTES: u16 = 375;

impl LazWriter {
    /// Starts a file beside `path`.
    ///
    /// # Errors
    /// Where it cannot be created, or where the schema makes no sense.
    pub fn create(path: impl AsRef<Path>, schema: &Schema) -> Result<Self, Error> {
        let path = path.as_ref();
        Self::create_checked(path, schema).map_err(|problem| problem.of(path))
    }

    fn create_checked(path: &Path, schema: &Schema) -> Checked<Self> {
        if !(schema.scale.is_finite() && schema.scale > 0.0) {
            return Err(Problem::Unwritable(format!("the scale is {}, but must be above zero", schema.scale)));
        }
        if let Some(bad) = schema.offset.iter().find(|offset| !offset.is_finite()) {
            return Err(Problem::Unwritable(format!("the offset is {bad}, but must be finite")));
        }
        let format = match () {
            () if schema.columns.contains(Columns::NIR) => 8,
            () if schema.columns.contains(Columns::RGB) => 7,
            () => 6,
        };
        let extra: usize = schema.extra_bytes.iter().map(|extra| extra.kind.bytes()).sum();
        let items = LazItemRecordBuilder::default_for_point_format_id(format, extra as u16)
            .map_err(|e| Problem::Unwritable(e.to_string()))?;
        let vlr = LazVlrBuilder::new(items).with_fixed_chunk_size(50_000).build();
        let records = records(schema, &vlr)?;
        let name = path.file_name().ok_or_else(|| Problem::Unwritable("the path has no file name".into()))?;
        let part = path.with_file_name(format!(".{}.part", name.to_string_lossy()));
        let mut file = BufWriter::new(File::create(&part)?);
        let points_at = u32::from(HEADER_BYTES) + records.bytes.len() as u32;
        file.write_all(&vec![0; usize::from(HEADER_BYTES)])?;
        file.write_all(&records.bytes)?;
        let points = ParLasZipCompressor::new(file, vlr).map_err(|e| Problem::Unwritable(e.to_string()))?;
        Ok(Self {
            path: path.to_owned(),
            part,
            schema: schema.clone(),
            format,
            points: Some(points),
            points_at,
            records: Vec::new(),
            vlrs: records.count,
            count: 0,
            by_return: [0; 15],
            low: [i32::MAX; 3],
            high: [i32::MIN; 3],
        })
    }

    /// Appends points, with the values of the extra columns: one slice a column of the schema, one value a point.
    ///
    /// # Errors
    /// Where the disk is full, a column is missing or too short, or a coordinate does not fit the scale.
    pub fn write(&mut self, cloud: &Cloud, extra: &[&[f64]]) -> Result<(), Error> {
        self.write_checked(cloud, extra).map_err(|problem| problem.of(&self.path))
    }

    fn write_checked(&mut self, cloud: &Cloud, extra: &[&[f64]]) -> Checked<()> {
        let has = cloud.attributes.columns();
        if !has.contains(self.schema.columns) {
            return Err(Problem::Unwritable("the points lack a column of the schema".into()));
        }
        if extra.len() != self.schema.extra_bytes.len() || extra.iter().any(|values| values.len() != cloud.len()) {
            return Err(Problem::Unwritable("extra columns must be as in the schema, one value a point".into()));
        }
        let mut records = std::mem::take(&mut self.records);
        records.clear();
        for i in 0..cloud.len() {
            self.append(cloud, i, &mut records)?;
            for (column, values) in self.schema.extra_bytes.iter().zip(extra) {
                column.append(values[i], &mut records);
            }
        }
        self.count += cloud.len() as u64;
        if let Some(points) = &mut self.points {
            points.compress_many(&records)?;
        }
        self.records = records;
        Ok(())
    }

    /// Appends the standard fields of one point.
    fn append(&mut self, cloud: &Cloud, i: usize, records: &mut Vec<u8>) -> Checked<()> {
        let point = cloud.positions().absolute(i);
        for axis in 0..3 {
            let step = ((point[axis] - self.schema.offset[axis]) / self.schema.scale).round();
            if step < f64::from(i32::MIN) || step > f64::from(i32::MAX) {
                let (value, offset) = (point[axis], self.schema.offset[axis]);
                return Err(Problem::Unwritable(format!("the coordinate {value} is too far from the offset {offset}")));
            }
            let step = step as i32; // in range: checked above
            (self.low[axis], self.high[axis]) = (self.low[axis].min(step), self.high[axis].max(step));
            records.extend(step.to_le_bytes());
        }
        let (columns, attributes) = (self.schema.columns, &cloud.attributes);
        fn value<T: Copy>(column: Option<&Vec<T>>, i: usize, wanted: bool, absent: T) -> T {
            column.filter(|_| wanted).map_or(absent, |values| values[i])
        }
        let has = |column| columns.contains(column);
        let [number, of] = value(attributes.returns.as_ref(), i, has(Columns::RETURNS), [1, 1]);
        if let Some(count) = self.by_return.get_mut(usize::from(number).wrapping_sub(1)) {
            *count += 1;
        }
        records.extend(value(attributes.intensity.as_ref(), i, has(Columns::INTENSITY), 0).to_le_bytes());
        records.push((number & 15) | (of & 15) << 4);
        records.push(value(attributes.flags.as_ref(), i, has(Columns::FLAGS), 0));
        records.push(value(attributes.classification.as_ref(), i, has(Columns::CLASSIFICATION), 0));
        records.push(value(attributes.user_data.as_ref(), i, has(Columns::USER_DATA), 0));
        let angle = value(attributes.scan_angle.as_ref(), i, has(Columns::SCAN_ANGLE), 0.0);
        records.extend(((angle / ANGLE_STEP).round() as i16).to_le_bytes());
        records.extend(value(attributes.point_source.as_ref(), i, has(Columns::POINT_SOURCE), 0).to_le_bytes());
        records.extend(value(attributes.gps_time.as_ref(), i, has(Columns::GPS_TIME), 0.0).to_le_bytes());
        if self.format >= 7 {
            let rgb = value(attributes.rgb.as_ref(), i, has(Columns::RGB), [0; 3]);
            records.extend(rgb.into_iter().flat_map(u16::to_le_bytes));
        }
        if self.format == 8 {
            records.extend(value(attributes.nir.as_ref(), i, true, 0).to_le_bytes());
        }
        Ok(())
    }

    /// Completes the file and gives it its name.
    ///
    /// # Errors
    /// Where the disk is full or the file cannot be renamed.
    pub fn finish(mut self) -> Result<(), Error> {
        self.finish_checked().map_err(|problem| problem.of(&self.path))
    }

    fn finish_checked(&mut self) -> Checked<()> {
        let Some(mut points) = self.points.take() else { return Ok(()) };
        points.done().map_err(|e| Problem::Unwritable(e.to_string()))?;
        let mut file = points.into_inner();
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&self.header())?;
        let file = file.into_inner().map_err(|error| Problem::Io(error.into_error()))?;
        file.sync_all()?;
        fs::rename(&self.part, &self.path)?;
        Ok(())
    }

    /// The 375 bytes of a LAS 1.4 header.
    fn header(&self) -> Vec<u8> {
        let (schema, mut bytes) = (&self.schema, Vec::with_capacity(usize::from(HEADER_BYTES)));
        let extra: usize = schema.extra_bytes.iter().map(|extra| extra.kind.bytes()).sum();
        let record = [30, 36, 38][usize::from(self.format - 6)] + extra as u16;
        let wkt = schema.crs.as_ref().is_some_and(|crs| crs.wkt.is_some());
        bytes.extend(b"LASF");
        bytes.extend([0; 2]);
        bytes.extend((1_u16 | u16::from(wkt) << 4).to_le_bytes()); // GPS time is "adjusted standard"
        bytes.extend([0; 16]);
        bytes.extend([1, 4]);
        bytes.extend(padded("OTHER"));
        bytes.extend(padded(concat!("isopach ", env!("CARGO_PKG_VERSION"))));
        bytes.extend([0; 4]); // date: the same input gives the same file
        bytes.extend(HEADER_BYTES.to_le_bytes());
        bytes.extend(self.points_at.to_le_bytes());
        bytes.extend(self.vlrs.to_le_bytes());
        bytes.push(self.format | 0x80);
        bytes.extend(record.to_le_bytes());
        bytes.extend([0; 24]); // counts of the formats before 6
        bytes.extend([schema.scale; 3].into_iter().flat_map(f64::to_le_bytes));
        bytes.extend(schema.offset.into_iter().flat_map(f64::to_le_bytes));
        for axis in 0..3 {
            let absolute = |step: i32| f64::from(step) * schema.scale + schema.offset[axis];
            let ends = if self.count == 0 { [0.0; 2] } else { [absolute(self.high[axis]), absolute(self.low[axis])] };
            bytes.extend(ends.into_iter().flat_map(f64::to_le_bytes));
        }
        bytes.extend([0; 20]); // no waveforms, no extended records
        bytes.extend(self.count.to_le_bytes());
        bytes.extend(self.by_return.into_iter().flat_map(u64::to_le_bytes));
        bytes
    }
}

impl Drop for LazWriter {
    fn drop(&mut self) {
        if self.points.take().is_some() || self.part.exists() {
            // Nothing more can be done about a file that cannot be removed.
            let _ = fs::remove_file(&self.part);
        }
    }
}

/// Text in 32 bytes.
fn padded(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    let length = text.len().min(32);
    bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
    bytes
}

struct Records {
    bytes: Vec<u8>,
    count: u32,
}

impl Records {
    fn push(&mut self, user: &str, id: u16, data: &[u8]) -> Checked<()> {
        let Ok(length) = u16::try_from(data.len()) else {
            return Err(Problem::Unwritable(format!("the record {user} {id} is longer than 65535 bytes")));
        };
        self.bytes.extend([0; 2]);
        self.bytes.extend(&padded(user)[..16]);
        self.bytes.extend(id.to_le_bytes());
        self.bytes.extend(length.to_le_bytes());
        self.bytes.extend([0; 32]);
        self.bytes.extend(data);
        self.count += 1;
        Ok(())
    }
}

/// The variable length records: compressor, coordinate system, extra bytes.
fn records(schema: &Schema, vlr: &LazVlr) -> Checked<Records> {
    let mut records = Records { bytes: Vec::new(), count: 0 };
    if let Some(crs) = &schema.crs {
        if let Some(wkt) = &crs.wkt {
            records.push("LASF_Projection", 2112, &[wkt.as_bytes(), &[0]].concat())?;
        } else if let Some(keys) = crs::geokeys(crs) {
            records.push("LASF_Projection", 34735, &keys)?;
        }
    }
    if !schema.extra_bytes.is_empty() {
        let descriptors: Vec<u8> = schema.extra_bytes.iter().flat_map(ExtraBytes::descriptor).collect();
        records.push("LASF_Spec", 4, &descriptors)?;
    }
    let mut data = Vec::new();
    vlr.write_to(&mut data)?;
    records.push("laszip encoded", 22204, &data)?;
    Ok(records)
}
