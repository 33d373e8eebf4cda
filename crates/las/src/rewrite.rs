//! Rewriting a file, or the part of it that its filters select, with everything but the points
//! unchanged.
//!
//! Records are copied in their stored form, so that every field of every format keeps its bits:
//! waveform packets, extra bytes with and without a description, flags. The variable length records
//! are copied too, except the two that locate compressed points: the compressor's own, and the
//! octree of a COPC file, which the new file does not have. Counts and bounds of the header are
//! computed afresh.

use crate::{
    Las, LasError,
    encoder::{self, Encoder},
    error::{Checked, LasProblem},
    filters::LeftOut,
    point_source,
    records::VariableRecord,
    schema::Records,
    summary::Summary,
};
use isopach_compute::UnfinishedFile;
use laz::{DecompressionSelection, LazVlr};
use rayon::prelude::*;
use std::{
    fs::File,
    io::{BufWriter, Seek, SeekFrom, Write},
    path::Path,
};

/// Bytes that are copied at a time.
const PIECE: u64 = 1 << 20;

impl Las {
    /// Writes the points that pass the filters to a file of the same version and point format, with
    /// the same scale, offset, variable length records and waveforms: LAS if the name ends in
    /// `.las`, LAZ otherwise. Returns the number of points written.
    ///
    /// Decodes and encodes on all threads, in memory for two chunks a thread. The file has its name
    /// when it is complete.
    ///
    /// # Errors
    /// A fault of this file; an error if the other cannot be written; [`LasProblem::Unwritable`]
    /// after [`Las::in_metres`] of a file in feet, because coordinates and coordinate system are
    /// copied in their stored form.
    pub fn rewrite(&self, to: impl AsRef<Path>) -> Result<u64, LasError> {
        let to = to.as_ref();
        self.rewrite_with(to, &|problem| problem.at_path(&self.path), &|problem| {
            problem.at_path(to)
        })
    }

    /// Body of [`Self::rewrite`]. `ours` and `theirs` attribute a problem to the source or the
    /// target file.
    fn rewrite_with(
        &self,
        to: &Path,
        ours: &dyn Fn(LasProblem) -> LasError,
        theirs: &dyn Fn(LasProblem) -> LasError,
    ) -> Result<u64, LasError> {
        if self.frame.crs != self.header().crs {
            let text = "coordinates are copied as they are stored: rewrite before `in_metres`";
            return Err(theirs(LasProblem::Unwritable(text.into())));
        }
        let compress = !to
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("las"));
        let layout = self.parsed.layout;
        // not less: checked on opening
        let extra = self.header().record_length - layout.base as u16;
        let vlr = if compress {
            Some(encoder::laz_record(layout.format, extra, encoder::CHUNK).map_err(theirs)?)
        } else {
            None
        };
        let start = self.file_start(vlr.as_ref()).map_err(ours)?;
        let points_at = start.bytes.len() as u64;
        let (part, mut points) = begin_file(to, &start.bytes, vlr).map_err(theirs)?;
        point_source::expect_all(self);
        let mut summary = Summary::default();
        for wave in self.selected.chunks(rayon::current_num_threads().max(1)) {
            let parts = wave
                .par_iter()
                .map(|&chunk| self.kept_records(chunk))
                .collect::<Checked<Vec<_>>>()
                .map_err(ours)?;
            for (records, part) in parts {
                summary.merge(&part);
                points.write(&records).map_err(theirs)?;
            }
        }
        let mut file = points.finish().map_err(theirs)?;
        let extended = self.copy_extended(&mut file).map_err(theirs)?;
        let patch = Patch {
            las: self,
            points_at,
            vlrs: start.count,
            compress,
            summary,
            extended,
        };
        let header = patch
            .rewritten_header(&start.bytes[..usize::from(self.parsed.header_bytes)])
            .map_err(theirs)?;
        end_file(part, file, &header).map_err(theirs)?;
        Ok(summary.count)
    }

    /// The original header, the records before the points, and the bytes between them and the
    /// points.
    fn file_start(&self, vlr: Option<&LazVlr>) -> Checked<Records> {
        let records = self
            .header()
            .records
            .iter()
            .filter(|record| !record.extended);
        let header_bytes = u64::from(self.parsed.header_bytes);
        let least = match self.header().version {
            [1, 5..=u8::MAX] => 393,
            [1, 4] => 375,
            [1, 3] => 235,
            _ => 227,
        };
        if header_bytes < least {
            return Err(LasProblem::inconsistent(
                "the size of the header",
                header_bytes,
                format!("be at least {least}"),
            ));
        }
        let end = records
            .clone()
            .map(|record| record.at + record.whole_length())
            .max()
            .unwrap_or(header_bytes);
        let mut start = Records {
            bytes: self.bytes_at(0, header_bytes)?,
            count: 0,
        };
        for record in records.filter(|record| is_kept(record)) {
            start
                .bytes
                .extend(self.bytes_at(record.at, record.whole_length())?);
            start.count += 1;
        }
        if let Some(vlr) = vlr {
            start.push_compressor(vlr)?;
        }
        let between = self.parsed.points_at.saturating_sub(end);
        if between > self.limits.record_bytes {
            let must = format!(
                "be at most {}, the limit that was given",
                self.limits.record_bytes
            );
            return Err(LasProblem::inconsistent(
                "the room between records and points",
                between,
                must,
            ));
        }
        start.bytes.extend(self.bytes_at(end, between)?);
        Ok(start)
    }

    /// The records of a chunk that pass the filters, and their summary for the header.
    fn kept_records(&self, chunk: usize) -> Checked<(Vec<u8>, Summary)> {
        let length = self.record_length();
        let mut records = self.read_records(chunk, DecompressionSelection::all())?;
        if self.filters.are_any() {
            let mut left_out = LeftOut::default();
            records = records
                .chunks_exact(length)
                .filter(|record| self.keeps_record(record, &mut left_out))
                .flatten()
                .copied()
                .collect();
            self.left_out[chunk].set(left_out);
        }
        let summary = Summary::of_records(records.chunks_exact(length), &self.parsed.layout);
        Ok((records, summary))
    }

    /// Copies the extended records after the points and returns their location.
    fn copy_extended(&self, to: &mut BufWriter<File>) -> Checked<Extended> {
        let mut extended = Extended::default();
        for record in self
            .header()
            .records
            .iter()
            .filter(|record| record.extended && is_kept(record))
        {
            let at = to.stream_position()?;
            if extended.count == 0 {
                extended.at = at;
            }
            if self.parsed.waveforms_at == Some(record.at) {
                extended.waveforms_at = at;
            }
            extended.count += 1;
            let end = record.at + record.whole_length();
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

/// A file that begins with these bytes and goes on with points.
fn begin_file(to: &Path, start: &[u8], vlr: Option<LazVlr>) -> Checked<(UnfinishedFile, Encoder)> {
    let (part, mut file) = UnfinishedFile::create(to)?;
    file.write_all(start)?;
    let points = match vlr {
        Some(vlr) => Encoder::compressed_with(file, vlr)?,
        None => Encoder::uncompressed(file),
    };
    Ok((part, points))
}

/// Writes the header and gives the file its name.
fn end_file(part: UnfinishedFile, mut file: BufWriter<File>, header: &[u8]) -> Checked<()> {
    file.seek(SeekFrom::Start(0))?;
    file.write_all(header)?;
    let file = file
        .into_inner()
        .map_err(|error| LasProblem::Io(error.into_error()))?;
    Ok(part.complete(&file)?)
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

/// Fields of the header that the rewriting changes.
struct Patch<'a> {
    las: &'a Las,
    points_at: u64,
    vlrs: u32,
    compress: bool,
    summary: Summary,
    extended: Extended,
}

impl Patch<'_> {
    /// The bytes of the header that was there `before`, everything else as it was (LAS 1.4 R15,
    /// table 3; LAS 1.5 adds GPS times at 375).
    fn rewritten_header(&self, before: &[u8]) -> Checked<Vec<u8>> {
        let las = self.las;
        let summary = &self.summary;
        let [_, minor] = las.header().version;
        let mut bytes = before.to_vec();
        let mut put = |at: usize, value: &[u8]| {
            if let Some(place) = bytes.get_mut(at..at + value.len()) {
                place.copy_from_slice(value);
            }
        };
        let points_at = u32::try_from(self.points_at).map_err(|_| {
            LasProblem::Unwritable(format!("{} bytes before the points", self.points_at))
        })?;
        put(96, &points_at.to_le_bytes());
        put(100, &self.vlrs.to_le_bytes());
        put(
            104,
            &[las.parsed.layout.format | if self.compress { 0x80 } else { 0 }],
        );
        // Counts of 32 bits: all there is before LAS 1.4, zero for PDRF 6 and above.
        let is_legacy = las.parsed.layout.format < 6;
        let count = u32::try_from(summary.count);
        if minor < 4 && count.is_err() {
            let text = format!("{} points do not fit LAS 1.{minor}", summary.count);
            return Err(LasProblem::Unwritable(text));
        }
        let fits = is_legacy && count.is_ok();
        put(
            107,
            &(if fits { count.unwrap_or(0) } else { 0 }).to_le_bytes(),
        );
        for (i, &count) in summary.by_return[..5].iter().enumerate() {
            put(
                111 + 4 * i,
                &(if fits { count as u32 } else { 0 }).to_le_bytes(),
            );
        }
        for (i, value) in summary
            .extent(las.header().scale, las.header().offset)
            .into_iter()
            .enumerate()
        {
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
