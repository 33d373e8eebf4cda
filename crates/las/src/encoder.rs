//! Records to a file: compressed on all threads, or as they are.
//!
//! `laz` compresses chunks in parallel only if it receives several at once, but tiles deliver
//! records in small pieces. Records therefore wait here until there is a chunk for every thread.
//! Chunks in layers are compressed while the records of the next ones are made
//! ([`crate::layered_file`]). The memory needed does not depend on the length of the file.

use crate::{error::LasProblem, layered::LayeredEncoder, layered_file::LayeredFile};
use isopach_compute::catch_panic;
use laz::{LazItemRecordBuilder, LazVlr, LazVlrBuilder, ParLasZipCompressor};
use std::{
    fs::File,
    io::{BufWriter, Seek, SeekFrom, Write},
};

/// Points of a chunk, as LASzip has them.
pub(crate) const CHUNK: u32 = 50_000;

/// Bytes of a chunk at most: records can be of 64 KiB, and a chunk a thread is held.
const CHUNK_BYTES: u32 = 32 << 20;

pub(crate) enum Encoder {
    Plain(BufWriter<File>),
    /// By our own encoder.
    Layered(LayeredFile),
    /// By `laz`: point-wise compression, and waveforms.
    ByLaz(LazFile),
}

impl Encoder {
    /// Writes uncompressed records from the current position of the file.
    pub(crate) fn uncompressed(file: File) -> Self {
        Self::Plain(BufWriter::new(file))
    }

    /// Compresses records, writing from the current position of the file.
    pub(crate) fn compressed_with(file: File, vlr: LazVlr) -> Result<Self, LasProblem> {
        let file = BufWriter::new(file);
        Ok(match LayeredEncoder::from_vlr(&vlr) {
            Some(encoder) => Self::Layered(LayeredFile::begin(file, vlr, encoder)?),
            None => Self::ByLaz(LazFile::begin(file, vlr)?),
        })
    }

    /// Appends whole records.
    pub(crate) fn write(&mut self, records: &[u8]) -> Result<(), LasProblem> {
        match self {
            Self::Plain(file) => Ok(file.write_all(records)?),
            Self::Layered(file) => file.write(records),
            Self::ByLaz(file) => file.write(records),
        }
    }

    /// Everything that was appended, and the chunk table; the file is at its end.
    pub(crate) fn finish(self) -> Result<BufWriter<File>, LasProblem> {
        let mut file = match self {
            Self::Plain(file) => file,
            Self::Layered(file) => file.finish()?,
            Self::ByLaz(file) => file.finish()?,
        };
        file.seek(SeekFrom::End(0))?;
        Ok(file)
    }
}

/// The points of a file that `laz` compresses.
pub(crate) struct LazFile {
    points: Box<ParLasZipCompressor<BufWriter<File>>>,
    waiting: Vec<u8>,
    /// Bytes of a chunk for every thread.
    batch: usize,
}

impl LazFile {
    fn begin(file: BufWriter<File>, vlr: LazVlr) -> Result<Self, LasProblem> {
        let batch = rayon::current_num_threads().max(1)
            * vlr.chunk_size() as usize
            * vlr.items_size() as usize;
        // One that is given no points would put the address of its table before everything else.
        let mut points = Box::new(ParLasZipCompressor::new(file, vlr).map_err(write_problem)?);
        points.reserve_offset_to_chunk_table()?;
        Ok(Self {
            points,
            waiting: Vec::new(),
            batch,
        })
    }

    fn write(&mut self, records: &[u8]) -> Result<(), LasProblem> {
        let mut rest = records;
        while self.waiting.len() + rest.len() >= self.batch {
            let (now, later) = rest.split_at(self.batch - self.waiting.len());
            self.waiting.extend_from_slice(now);
            self.compress_waiting()?;
            rest = later;
        }
        self.waiting.extend_from_slice(rest);
        Ok(())
    }

    /// Compresses whole chunks in parallel, of which the last one may be shorter.
    fn compress_waiting(&mut self) -> Result<(), LasProblem> {
        let Self {
            points, waiting, ..
        } = self;
        catch_codec_panic(|| {
            points
                .compress_many(waiting)
                .map_err(laz::LasZipError::from)
        })?;
        self.waiting.clear();
        Ok(())
    }

    /// Writes the chunk table, and its address before the points.
    fn finish(mut self) -> Result<BufWriter<File>, LasProblem> {
        if !self.waiting.is_empty() {
            self.compress_waiting()?;
        }
        catch_codec_panic(|| self.points.done())?;
        Ok(self.points.into_inner())
    }
}

/// `laz` 0.13 panics on some waveforms in builds that check for overflow.
pub(crate) fn catch_codec_panic(
    work: impl FnOnce() -> Result<(), laz::LasZipError>,
) -> Result<(), LasProblem> {
    catch_panic(|| work().map_err(|error| error.to_string())).map_err(LasProblem::Unwritable)
}

/// The compressor's record for a point format with `extra` extra bytes per point and `chunk` points
/// per chunk.
///
/// `laz` 0.13 calls the packed waveforms of PDRF 4 and 5 version 2, and compresses them as version
/// 1 all the same. There is no version 2: LASzip refuses such a file. So the version is put right
/// in the record's bytes (a head of 32, a count, six an item: type, size, version).
pub(crate) fn laz_record(format: u8, extra: u16, chunk: u32) -> Result<LazVlr, LasProblem> {
    const WAVEPACKET13: [u8; 2] = [9, 0];
    let items =
        LazItemRecordBuilder::default_for_point_format_id(format, extra).map_err(write_problem)?;
    let record: u32 = items.iter().map(|item| u32::from(item.size())).sum();
    let chunk = chunk.min(CHUNK_BYTES / record.max(1));
    let vlr = LazVlrBuilder::new(items)
        .with_fixed_chunk_size(chunk)
        .build();
    let mut bytes = Vec::new();
    vlr.write_to(&mut bytes)?;
    for item in bytes
        .get_mut(34..)
        .unwrap_or_default()
        .as_chunks_mut::<6>()
        .0
    {
        if item[..2] == WAVEPACKET13 {
            item[4] = 1;
        }
    }
    LazVlr::from_buffer(&bytes).map_err(write_problem)
}

/// The problem behind an error of the compressor.
fn write_problem(error: laz::LasZipError) -> LasProblem {
    LasProblem::Unwritable(error.to_string())
}
