//! Parses and checks the header and the variable length records of an untrusted file.

use crate::{
    Copc, LasLimits,
    crs::{self, Statement},
    error::{Checked, LasProblem},
    extra,
    header::{GpsTime, LasHeader, Laz, Parsed},
    layout::Layout,
    records::{self, Record},
    text::trimmed_text,
};
use laz::LazVlr;
use std::io::{Cursor, Read, Seek, SeekFrom};

/// The bit of the header that says that well-known text states the coordinate system, and keys do
/// not count.
const USES_TEXT: u16 = 1 << 4;

/// Reads the header and the records of a file of `size` bytes.
pub(crate) fn parse(mut file: impl Read + Seek, size: u64, limits: LasLimits) -> Checked<Parsed> {
    check_signature(&mut file, size)?;
    let (raw, time_offset) = raw_header(&mut file)?;
    let layout = layout_of(&raw)?;
    let points_at = u64::from(raw.offset_to_point_data);
    if points_at > size {
        return Err(LasProblem::Truncated {
            what: "the header or a record before the points",
            end: points_at,
            size,
        });
    }
    let (all, records) = records::read(&mut file, &raw, size, limits)?;
    check_texts(&records)?;
    let laz = laz_record(&records)?;
    let Statement {
        crs,
        fault: crs_fault,
    } = crs::stated_crs(&records, raw.global_encoding & USES_TEXT != 0);
    let extra_length = usize::from(raw.point_data_record_length) - layout.base;
    let (extra_bytes, extra_offsets) = extra::parse_descriptors(&records, extra_length)
        .into_iter()
        .unzip();
    let header = LasHeader {
        gps_time: gps_time_of(&raw, time_offset),
        compressed: laz.is_some(),
        extra_bytes,
        crs,
        copc: Copc::from_records(&records)?.filter(|_| laz.is_some()),
        records: all,
        ..plain_fields(&raw)
    };
    if header.point_count > limits.points {
        let must = format!("be at most {}, the limit that was given", limits.points);
        return Err(LasProblem::inconsistent(
            "the number of points",
            header.point_count,
            must,
        ));
    }
    check_header(&header, raw.point_data_record_format)?;
    let waveforms_at = raw.start_of_waveform_data_packet_record;
    Ok(Parsed {
        header,
        layout,
        extra_offsets,
        header_bytes: raw.header_size,
        points_at,
        waveforms_at,
        laz,
        crs_fault,
    })
}

/// Refuses a file that does not begin with `LASF` or is shorter than the shortest header. Leaves
/// the reading position at the start.
fn check_signature(mut file: impl Read + Seek, size: u64) -> Checked<()> {
    const SHORTEST: u64 = 227;
    let mut signature = [0; 4];
    let got = read_up_to((&mut file).take(4), &mut signature)?;
    if &signature != b"LASF" {
        return Err(LasProblem::NotLas(
            String::from_utf8_lossy(&signature[..got]).into_owned(),
        ));
    }
    file.seek(SeekFrom::Start(0))?;
    if size < SHORTEST {
        return Err(LasProblem::Truncated {
            what: "the header",
            end: SHORTEST,
            size,
        });
    }
    Ok(())
}

/// The layout of the stated point format, if its fields fit into the stated record length.
fn layout_of(raw: &las::raw::Header) -> Checked<Layout> {
    let format = raw.point_data_record_format & 0x3F;
    let layout = Layout::of_format(format)?;
    if usize::from(raw.point_data_record_length) < layout.base {
        let must = format!("be at least {} for PDRF {format}", layout.base);
        return Err(LasProblem::inconsistent(
            "the point record length",
            raw.point_data_record_length,
            must,
        ));
    }
    Ok(layout)
}

fn gps_time_of(raw: &las::raw::Header, time_offset: Option<u16>) -> GpsTime {
    match (raw.global_encoding & 1, time_offset) {
        (0, None) => GpsTime::Week,
        (_, Some(less_millions)) => GpsTime::Standard { less_millions },
        (_, None) => GpsTime::ADJUSTED_STANDARD,
    }
}

/// The fields that are taken from the raw header alone; the others are empty.
fn plain_fields(raw: &las::raw::Header) -> LasHeader {
    let few_points = u64::from(raw.number_of_point_records);
    let large = raw.large_file.as_ref();
    LasHeader {
        version: [raw.version.major, raw.version.minor],
        file_source_id: raw.file_source_id,
        gps_time: GpsTime::Week,
        system_identifier: trimmed_text(&raw.system_identifier),
        created: [raw.file_creation_year, raw.file_creation_day_of_year],
        format: raw.point_data_record_format & 0x3F,
        record_length: raw.point_data_record_length,
        point_count: large.map_or(few_points, |large| large.number_of_point_records),
        points_by_return: large.map_or_else(
            || raw.number_of_points_by_return.map(u64::from).to_vec(),
            |large| large.number_of_points_by_return.to_vec(),
        ),
        scale: [raw.x_scale_factor, raw.y_scale_factor, raw.z_scale_factor],
        offset: [raw.x_offset, raw.y_offset, raw.z_offset],
        min: [raw.min_x, raw.min_y, raw.min_z],
        max: [raw.max_x, raw.max_y, raw.max_z],
        generating_software: trimmed_text(&raw.generating_software),
        compressed: false,
        extra_bytes: Vec::new(),
        crs: None,
        copc: None,
        records: Vec::new(),
    }
}

fn check_header(header: &LasHeader, stated_format: u8) -> Checked<()> {
    for axis in 0..3 {
        let scale = header.scale[axis];
        let offset = header.offset[axis];
        if !(scale.is_finite() && scale != 0.0) {
            return Err(LasProblem::inconsistent(
                "a scale factor",
                scale,
                "be a finite number other than zero",
            ));
        }
        if !offset.is_finite() {
            return Err(LasProblem::inconsistent(
                "an offset",
                offset,
                "be a finite number",
            ));
        }
        if !(scale.abs() * -f64::from(i32::MIN) + offset.abs()).is_finite() {
            return Err(LasProblem::inconsistent(
                "a scale factor",
                scale,
                "leave every coordinate finite",
            ));
        }
    }
    if stated_format & 0x80 != 0 && !header.compressed {
        return Err(LasProblem::inconsistent(
            "the point format",
            stated_format,
            "come with a LASzip record: points are compressed",
        ));
    }
    Ok(())
}

/// Parses the header, and the time offset of LAS 1.5 if it is used. `las` knows versions up to 1.4;
/// the fields added by 1.5 follow those.
fn raw_header(mut file: impl Read) -> Checked<(las::raw::Header, Option<u16>)> {
    const MINOR: usize = 25;
    const HEADER_BYTES: std::ops::Range<usize> = 94..96;
    const TIME_OFFSET: usize = 391;
    const USES_TIME_OFFSET: u16 = 1 << 6;
    let mut bytes = vec![0; usize::from(u16::MAX)]; // a header states its size in two bytes
    let length = read_up_to(&mut file, &mut bytes)?;
    bytes.truncate(length);
    if let Some([low, high]) = bytes.get(HEADER_BYTES) {
        let end = u64::from(u16::from_le_bytes([*low, *high]));
        if end > length as u64 {
            return Err(LasProblem::Truncated {
                what: "the header",
                end,
                size: length as u64,
            });
        }
    }
    let is_1_5 = bytes.get(MINOR - 1..=MINOR) == Some(&[1, 5]);
    if is_1_5 {
        bytes[MINOR] = 4;
    }
    let mut raw = las::raw::Header::read_from(Cursor::new(&bytes))?;
    if !is_1_5 {
        return Ok((raw, None));
    }
    raw.version = las::Version::new(1, 5);
    let offset = bytes
        .get(TIME_OFFSET..TIME_OFFSET + 2)
        .map(|word| u16::from_le_bytes([word[0], word[1]]));
    let is_used = raw.global_encoding & USES_TIME_OFFSET != 0;
    Ok((raw, offset.filter(|_| is_used)))
}

/// Well-known text is parsed into a tree of some seventy bytes a letter, so it is bounded by
/// itself: that of a system has a few thousand.
fn check_texts(records: &[Record]) -> Checked<()> {
    const MOST: usize = 1 << 20;
    match records
        .iter()
        .filter(|record| record.id == 2112)
        .map(|record| record.data.len())
        .max()
    {
        Some(bytes) if bytes > MOST => {
            let must = format!("have at most {MOST} bytes");
            Err(LasProblem::inconsistent(
                "the length of the well-known text of the coordinate system",
                bytes,
                must,
            ))
        }
        _ => Ok(()),
    }
}

fn laz_record(records: &[Record]) -> Checked<Option<Laz>> {
    let Some(record) = records
        .iter()
        .find(|r| r.user == "laszip encoded" && r.id == 22204)
    else {
        return Ok(None);
    };
    let must = "describe a known compressor";
    let vlr = LazVlr::from_buffer(&record.data)
        .map_err(|error| LasProblem::inconsistent("the LASzip record", error, must))?;
    // `laz` adds them up in 16 bits.
    let fields: u32 = vlr.items().iter().map(|item| u32::from(item.size())).sum();
    if u16::try_from(fields).is_err() {
        return Err(LasProblem::inconsistent(
            "the size of the compressed fields",
            fields,
            "fit a record, 65535 bytes",
        ));
    }
    let in_layers = vlr.items().iter().any(|item| item.version() > 2);
    match record
        .data
        .first_chunk()
        .map(|code| u16::from_le_bytes(*code))
    {
        Some(code @ 1..=2) if in_layers => Err(LasProblem::inconsistent(
            "the compressor",
            code,
            "be 3 for fields in layers",
        )),
        Some(code @ 1..=3) => Ok(Some(Laz {
            vlr,
            pointwise: code == 1,
        })),
        code => Err(LasProblem::inconsistent(
            "the compressor",
            format!("{code:?}"),
            must,
        )),
    }
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
