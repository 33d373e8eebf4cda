//! A file, or what its filters leave of it, written anew with everything that is not a point as it was.
//!
//! Records are copied as they are stored, so every field of every format keeps its bits: waveform packets, extra bytes with and without a
//! description, flags. So do the variable length records, but for those that say where compressed points are: the compressor's own, and the octree
//! of a COPC file, which the new file does not have. What the header counts and measures is found anew.

use crate::{
    Error, Las,
    encoder::{CHUNK, Encoder},
    error::{Checked, Problem},
    part::Part,
    records::VariableRecord,
    schema::Records,
    summary::Summary,
};
use laz::{DecompressionSelection, LazItemRecordBuilder, LazVlr, LazVlrBuilder};
use rayon::prelude::*;
use std::{
    fs::File,
    io::{BufWriter, Seek, SeekFrom, Write},
    path::Path,
};

/// Bytes that are copied at a time.
const PIECE: u64 = 1 << 20;

impl Las {
    /// Writes the points that pass the filters to a file of the same version and point format, with the same scale, offset, variable length
    /// records and waveforms: LAZ, or LAS where the name ends in `.las`. Returns how many points there are.
    ///
    /// Decodes and encodes on all threads, in memory for two chunks a thread. The file has its name when it is complete.
    ///
    /// # Errors
    /// Of this file; where the other cannot be written; [`Problem::Unwritable`] after [`Las::in_metres`] of a file in feet: its coordinates are
    /// copied as they are stored, and its coordinate system with them.
    pub fn rewrite(&self, to: impl AsRef<Path>) -> Result<u64, Error> {
        let to = to.as_ref();
        self.rewrite_checked(to).map_err(|problem| problem.of(to))
    }

    fn rewrite_checked(&self, to: &Path) -> Checked<u64> {
        if self.frame.crs != self.header().crs {
            return Err(Problem::Unwritable(
                "coordinates are copied as they are stored: rewrite before `in_metres`".into(),
            ));
        }
        let compress = !to.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("las"));
        let vlr = if compress { Some(self.compressor()?) } else { None };
        let start = self.start(vlr.as_ref())?;
        let points_at = start.bytes.len() as u64;
        let (part, mut file) = Part::create(to)?;
        file.write_all(&start.bytes)?;
        let mut points = match vlr {
            Some(vlr) => Encoder::compressed(file, vlr)?,
            None => Encoder::plain(file),
        };
        let summary = self.copy_points(&mut points)?;
        let mut file = points.finish()?;
        let extended = self.copy_extended(&mut file)?;
        let header = Patch { las: self, points_at, vlrs: start.count, compress, summary, extended }.header()?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&header)?;
        let file = file.into_inner().map_err(|error| Problem::Io(error.into_error()))?;
        part.complete(&file)?;
        Ok(summary.count)
    }

    fn compressor(&self) -> Checked<LazVlr> {
        let layout = self.parsed.layout;
        let extra = self.record_length() - layout.base;
        let items = LazItemRecordBuilder::default_for_point_format_id(layout.format, extra as u16);
        let items = items.map_err(|error| Problem::Unwritable(error.to_string()))?;
        Ok(LazVlrBuilder::new(items).with_fixed_chunk_size(CHUNK).build())
    }

    /// The header as it was, the records before the points, and what lies between them and the points.
    fn start(&self, vlr: Option<&LazVlr>) -> Checked<Records> {
        let records = self.header().records.iter().filter(|record| !record.extended);
        let header_bytes = u64::from(self.parsed.header_bytes);
        let least = match self.header().version {
            [1, 5..=u8::MAX] => 393,
            [1, 4] => 375,
            [1, 3] => 235,
            _ => 227,
        };
        if header_bytes < least {
            return Err(Problem::lying("the size of the header", header_bytes, format!("be at least {least}")));
        }
        let end = records.clone().map(|record| record.at + record.whole()).max().unwrap_or(header_bytes);
        let mut start = Records { bytes: self.bytes_at(0, header_bytes)?, count: 0 };
        for record in records.filter(|record| is_kept(record)) {
            start.bytes.extend(self.bytes_at(record.at, record.whole())?);
            start.count += 1;
        }
        if let Some(vlr) = vlr {
            start.push_compressor(vlr)?;
        }
        let between = self.parsed.points_at.saturating_sub(end);
        if between > self.limits.record_bytes {
            let must = format!("be at most {}, the limit that was given", self.limits.record_bytes);
            return Err(Problem::lying("the room between records and points", between, must));
        }
        start.bytes.extend(self.bytes_at(end, between)?);
        Ok(start)
    }

    /// Decodes, filters and hands on the records, a chunk a thread at a time.
    fn copy_points(&self, to: &mut Encoder) -> Checked<Summary> {
        let length = self.record_length();
        let kept = |&chunk: &usize| -> Checked<(Vec<u8>, Summary)> {
            let mut records = self.records(chunk, DecompressionSelection::all())?;
            if self.filters.are_any() {
                records = records.chunks_exact(length).filter(|record| self.keeps(record)).flatten().copied().collect();
            }
            let summary = Summary::of(records.chunks_exact(length), &self.parsed.layout);
            Ok((records, summary))
        };
        let mut total = Summary::default();
        for wave in self.selected.chunks(rayon::current_num_threads().max(1)) {
            let parts: Vec<(Vec<u8>, Summary)> = wave.par_iter().map(kept).collect::<Checked<_>>()?;
            for (records, summary) in parts {
                total.merge(&summary);
                to.write(&records)?;
            }
        }
        Ok(total)
    }

    /// Copies the records behind the points, and tells where they are.
    fn copy_extended(&self, to: &mut BufWriter<File>) -> Checked<Extended> {
        let mut extended = Extended::default();
        for record in self.header().records.iter().filter(|record| record.extended && is_kept(record)) {
            let at = to.stream_position()?;
            if extended.count == 0 {
                extended.at = at;
            }
            if self.parsed.waveforms_at == Some(record.at) {
                extended.waveforms_at = at;
            }
            extended.count += 1;
            let end = record.at + record.whole();
            let mut from = record.at;
            while from < end {
                let piece = self.bytes_at(from, PIECE.min(end - from))?;
                to.write_all(&piece)?;
                from += piece.len() as u64;
            }
        }
        Ok(extended)
    }
}

/// Whether a record means the same in another file.
fn is_kept(record: &VariableRecord) -> bool {
    record.user_id != "laszip encoded" && record.user_id != "copc"
}

/// The records behind the points.
#[derive(Clone, Copy, Default)]
struct Extended {
    at: u64,
    count: u32,
    waveforms_at: u64,
}

/// What is new in the header.
struct Patch<'a> {
    las: &'a Las,
    points_at: u64,
    vlrs: u32,
    compress: bool,
    summary: Summary,
    extended: Extended,
}

impl Patch<'_> {
    /// The bytes of the header, everything else as it was (LAS 1.4 R15, table 3; LAS 1.5 adds GPS times at 375).
    fn header(&self) -> Checked<Vec<u8>> {
        let (las, summary) = (self.las, &self.summary);
        let [_, minor] = las.header().version;
        let mut bytes = las.bytes_at(0, u64::from(las.parsed.header_bytes))?;
        let mut put = |at: usize, value: &[u8]| {
            if let Some(place) = bytes.get_mut(at..at + value.len()) {
                place.copy_from_slice(value);
            }
        };
        let points_at = u32::try_from(self.points_at)
            .map_err(|_| Problem::Unwritable(format!("{} bytes before the points", self.points_at)))?;
        put(96, &points_at.to_le_bytes());
        put(100, &self.vlrs.to_le_bytes());
        put(104, &[las.parsed.layout.format | if self.compress { 0x80 } else { 0 }]);
        // Counts of 32 bits: all there is before LAS 1.4, zero for PDRF 6 and above.
        let is_legacy = las.parsed.layout.format < 6;
        let count = u32::try_from(summary.count);
        if minor < 4 && count.is_err() {
            let text = format!("{} points do not fit LAS 1.{minor}", summary.count);
            return Err(Problem::Unwritable(text));
        }
        let fits = is_legacy && count.is_ok();
        put(107, &(if fits { count.unwrap_or(0) } else { 0 }).to_le_bytes());
        for (i, &count) in summary.by_return[..5].iter().enumerate() {
            put(111 + 4 * i, &(if fits { count as u32 } else { 0 }).to_le_bytes());
        }
        for (i, value) in summary.extent(las.header().scale, las.header().offset).into_iter().enumerate() {
            put(179 + 8 * i, &value.to_le_bytes());
        }
        if minor >= 3 {
            put(227, &self.extended.waveforms_at.to_le_bytes());
        }
        if minor >= 4 {
            put(235, &self.extended.at.to_le_bytes());
            put(243, &self.extended.count.to_le_bytes());
            put(247, &summary.count.to_le_bytes());
            for (i, count) in summary.by_return.iter().enumerate() {
                put(255 + 8 * i, &count.to_le_bytes());
            }
        }
        if minor >= 5 && summary.count > 0 {
            put(375, &summary.time[1].to_le_bytes());
            put(383, &summary.time[0].to_le_bytes());
        }
        Ok(bytes)
    }
}
