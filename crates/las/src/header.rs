//! The header and the variable length records, read with suspicion.

use crate::{
    Copc, Limits, crs,
    error::{Checked, Problem},
    extra::{self, ExtraBytes},
    layout::Layout,
};
use isopach_cloud::Crs;
use laz::LazVlr;
use std::io::{Read, Seek, SeekFrom};

/// The most records that are looked at.
const MOST_RECORDS: u64 = 10_000;

/// What a file says about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// Major and minor version of LAS.
    pub version: [u8; 2],
    /// Point data record format, 0 to 10.
    pub format: u8,
    /// Bytes a point, extra bytes included.
    pub record_length: u16,
    /// Number of points.
    pub point_count: u64,
    /// Metres (or whatever the coordinate system's unit is) a step of x, y, z.
    pub scale: [f64; 3],
    /// Where x, y, z are counted from.
    pub offset: [f64; 3],
    /// Lowest x, y, z as stated.
    pub min: [f64; 3],
    /// Highest x, y, z as stated.
    pub max: [f64; 3],
    /// Program that wrote the file.
    pub generating_software: String,
    /// Whether the points are compressed.
    pub compressed: bool,
    /// Named extra bytes.
    pub extra_bytes: Vec<ExtraBytes>,
    /// The coordinate reference system, where there is one.
    pub crs: Option<Crs>,
    /// The octree of a COPC file.
    pub copc: Option<Copc>,
}

/// What is needed to find and decode the points.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) header: Header,
    pub(crate) layout: Layout,
    pub(crate) points_at: u64,
    pub(crate) laz: Option<Laz>,
}

/// How the points are compressed.
#[derive(Debug)]
pub(crate) struct Laz {
    pub(crate) vlr: LazVlr,
    /// One stream for all points, as the oldest files have it: no chunks.
    pub(crate) pointwise: bool,
}

/// One variable length record.
pub(crate) struct Record {
    pub(crate) user: String,
    pub(crate) id: u16,
    pub(crate) data: Vec<u8>,
}

/// Reads the header and the records of a file of `size` bytes.
pub(crate) fn parse(mut file: impl Read + Seek, size: u64, limits: Limits) -> Checked<Parsed> {
    let mut signature = [0; 4];
    let mut first = (&mut file).take(4);
    let got = read_up_to(&mut first, &mut signature)?;
    if &signature != b"LASF" {
        return Err(Problem::NotLas(String::from_utf8_lossy(&signature[..got]).into_owned()));
    }
    file.seek(SeekFrom::Start(0))?;
    if size < 227 {
        return Err(Problem::Truncated { what: "the header", end: 227, size });
    }
    let raw = las::raw::Header::read_from(&mut file)?;
    let format = raw.point_data_record_format & 0x3F;
    let layout = Layout::of(format)?;
    if usize::from(raw.point_data_record_length) < layout.base {
        let must = format!("be at least {} for PDRF {format}", layout.base);
        return Err(Problem::lying("the point record length", raw.point_data_record_length, must));
    }
    let points_at = u64::from(raw.offset_to_point_data);
    if points_at > size {
        return Err(Problem::Truncated { what: "what comes before the points", end: points_at, size });
    }
    let records = records(&mut file, &raw, points_at, size, limits)?;
    let laz = laz_record(&records)?;
    let header = Header {
        version: [raw.version.major, raw.version.minor],
        format,
        record_length: raw.point_data_record_length,
        point_count: raw
            .large_file
            .as_ref()
            .map_or(u64::from(raw.number_of_point_records), |l| l.number_of_point_records),
        scale: [raw.x_scale_factor, raw.y_scale_factor, raw.z_scale_factor],
        offset: [raw.x_offset, raw.y_offset, raw.z_offset],
        min: [raw.min_x, raw.min_y, raw.min_z],
        max: [raw.max_x, raw.max_y, raw.max_z],
        generating_software: text(&raw.generating_software),
        compressed: laz.is_some(),
        extra_bytes: extra::described(&records, usize::from(raw.point_data_record_length) - layout.base),
        crs: crs::stated(&records),
        copc: Copc::of(&records)?.filter(|_| laz.is_some()),
    };
    if header.point_count > limits.points {
        let must = format!("be at most {}, the limit that was given", limits.points);
        return Err(Problem::lying("the number of points", header.point_count, must));
    }
    check(&header, raw.point_data_record_format)?;
    Ok(Parsed { header, layout, points_at, laz })
}

fn check(header: &Header, stated_format: u8) -> Checked<()> {
    for axis in 0..3 {
        let (scale, offset) = (header.scale[axis], header.offset[axis]);
        if !(scale.is_finite() && scale != 0.0) {
            return Err(Problem::lying("a scale factor", scale, "be a finite number other than zero"));
        }
        if !offset.is_finite() {
            return Err(Problem::lying("an offset", offset, "be a finite number"));
        }
        let (min, max) = (header.min[axis], header.max[axis]);
        if header.point_count > 0 && !(min.is_finite() && max.is_finite() && min <= max) {
            return Err(Problem::lying("the extent", format!("{min} to {max}"), "be two finite numbers in order"));
        }
    }
    if stated_format & 0x80 != 0 && !header.compressed {
        return Err(Problem::lying(
            "the point format",
            stated_format,
            "come with a LASzip record: points are compressed",
        ));
    }
    Ok(())
}

fn records(
    mut file: impl Read + Seek,
    raw: &las::raw::Header,
    points_at: u64,
    size: u64,
    limits: Limits,
) -> Checked<Vec<Record>> {
    let mut records = Vec::new();
    let mut at = u64::from(raw.header_size);
    for _ in 0..u64::from(raw.number_of_variable_length_records).min(MOST_RECORDS) {
        if at + 54 > points_at {
            break; // a count that is too large: what there is has been read
        }
        let (record, end) = record(&mut file, at, 54, points_at, limits)?;
        records.extend(record);
        at = end;
    }
    if let Some(evlr) = &raw.evlr {
        let mut at = evlr.start_of_first_evlr;
        for _ in 0..u64::from(evlr.number_of_evlrs).min(MOST_RECORDS) {
            if at.saturating_add(60) > size {
                break;
            }
            let (record, end) = record(&mut file, at, 60, size, limits)?;
            records.extend(record);
            at = end;
        }
    }
    Ok(records)
}

/// Reads the record at `at` with a head of 54 (VLR) or 60 bytes (EVLR), which must end by `limit`; returns where it ends. A record that is too
/// large to be of interest (waveforms) is passed over.
fn record(
    mut file: impl Read + Seek,
    at: u64,
    head: usize,
    limit: u64,
    limits: Limits,
) -> Checked<(Option<Record>, u64)> {
    let mut bytes = vec![0; head];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut bytes)?;
    let length = if head == 54 {
        u64::from(u16::from_le_bytes([bytes[20], bytes[21]]))
    } else {
        bytes[20..28].iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte))
    };
    let end = at.saturating_add(head as u64).saturating_add(length);
    if end > limit {
        return Err(Problem::Truncated { what: "a variable length record", end, size: limit });
    }
    if length > limits.record_bytes {
        return Ok((None, end));
    }
    let mut data = vec![0; length as usize]; // no more than the limit, and in the file
    file.read_exact(&mut data)?;
    let id = u16::from_le_bytes([bytes[18], bytes[19]]);
    Ok((Some(Record { user: text(&bytes[2..18]), id, data }), end))
}

fn laz_record(records: &[Record]) -> Checked<Option<Laz>> {
    let Some(record) = records.iter().find(|r| r.user == "laszip encoded" && r.id == 22204) else { return Ok(None) };
    let must = "describe a known compressor";
    let vlr = LazVlr::from_buffer(&record.data).map_err(|error| Problem::lying("the LASzip record", error, must))?;
    match record.data.first_chunk().map(|code| u16::from_le_bytes(*code)) {
        Some(code @ 1..=3) => Ok(Some(Laz { vlr, pointwise: code == 1 })),
        code => Err(Problem::lying("the compressor", format!("{code:?}"), must)),
    }
}

/// Text up to its first zero byte.
pub(crate) fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).trim().to_owned()
}

fn read_up_to(mut file: impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match file.read(&mut buffer[got..])? {
            0 => break,
            n => got += n,
        }
    }
    Ok(got)
}
