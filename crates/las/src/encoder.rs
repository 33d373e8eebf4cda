//! Records to a file: compressed on all threads, or as they are.
//!
//! `laz` compresses chunks in parallel only if it receives several at once, but tiles deliver
//! records in small pieces. Records therefore wait here until there is a chunk for every thread.
//! The memory needed does not depend on the length of the file.

use crate::{error::LasProblem, layered::LayeredEncoder};
use isopach_compute::catch_panic;
use laz::{
    LazItemRecordBuilder, LazVlr, LazVlrBuilder, ParLasZipCompressor,
    laszip::{ChunkTable, ChunkTableEntry},
};
use rayon::prelude::*;
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
    Compressed {
        points: Compressor,
        waiting: Vec<u8>,
        batch: usize,
    },
}

impl Encoder {
    /// Writes uncompressed records from the current position of the file.
    pub(crate) fn uncompressed(file: File) -> Self {
        Self::Plain(BufWriter::new(file))
    }

    /// Compresses records, writing from the current position of the file.
    pub(crate) fn compressed_with(file: File, vlr: LazVlr) -> Result<Self, LasProblem> {
        let batch = rayon::current_num_threads().max(1)
            * vlr.chunk_size() as usize
            * vlr.items_size() as usize;
        Ok(Self::Compressed {
            points: Compressor::new(BufWriter::new(file), vlr)?,
            waiting: Vec::new(),
            batch,
        })
    }

    /// Appends whole records.
    pub(crate) fn write(&mut self, records: &[u8]) -> Result<(), LasProblem> {
        match self {
            Self::Plain(file) => file.write_all(records)?,
            Self::Compressed {
                points,
                waiting,
                batch,
            } => {
                let mut rest = records;
                while waiting.len() + rest.len() >= *batch {
                    let (now, later) = rest.split_at(*batch - waiting.len());
                    if waiting.is_empty() {
                        points.compress_chunks(now)?;
                    } else {
                        waiting.extend_from_slice(now);
                        points.compress_chunks(waiting)?;
                        waiting.clear();
                    }
                    rest = later;
                }
                waiting.extend_from_slice(rest);
            }
        }
        Ok(())
    }

    /// Everything that was appended, and the chunk table; the file is at its end.
    pub(crate) fn finish(self) -> Result<BufWriter<File>, LasProblem> {
        let mut file = match self {
            Self::Plain(file) => file,
            Self::Compressed {
                mut points,
                waiting,
                ..
            } => {
                if !waiting.is_empty() {
                    points.compress_chunks(&waiting)?;
                }
                points.finish()?
            }
        };
        file.seek(SeekFrom::End(0))?;
        Ok(file)
    }
}

/// Compresses whole chunks in parallel, of which the last one may be shorter.
pub(crate) enum Compressor {
    /// By our own encoder.
    Layered(LayeredFile),
    /// By `laz`: point-wise compression, and waveforms.
    ByLaz(Box<ParLasZipCompressor<BufWriter<File>>>),
}

impl Compressor {
    fn new(file: BufWriter<File>, vlr: LazVlr) -> Result<Self, LasProblem> {
        if let Some(encoder) = LayeredEncoder::from_vlr(&vlr) {
            return Ok(Self::Layered(LayeredFile::begin(file, vlr, encoder)?));
        }
        // One that is given no points would put the address of its table before everything else.
        let mut points = Box::new(ParLasZipCompressor::new(file, vlr).map_err(write_problem)?);
        points.reserve_offset_to_chunk_table()?;
        Ok(Self::ByLaz(points))
    }

    /// Compresses records and writes them.
    fn compress_chunks(&mut self, records: &[u8]) -> Result<(), LasProblem> {
        match self {
            Self::Layered(file) => file.compress_chunks(records),
            Self::ByLaz(points) => catch_codec_panic(|| {
                points
                    .compress_many(records)
                    .map_err(laz::LasZipError::from)
            }),
        }
    }

    /// Writes the chunk table, and its address before the points.
    fn finish(self) -> Result<BufWriter<File>, LasProblem> {
        match self {
            Self::Layered(file) => file.finish(),
            Self::ByLaz(mut points) => {
                catch_codec_panic(|| points.done())?;
                Ok(points.into_inner())
            }
        }
    }
}

/// The compressed points of a file in layers.
pub(crate) struct LayeredFile {
    file: BufWriter<File>,
    vlr: LazVlr,
    encoder: LayeredEncoder,
    /// Where the address of the chunk table is.
    begins_at: u64,
    table: ChunkTable,
}

impl LayeredFile {
    /// Makes room for the address of the chunk table.
    fn begin(
        mut file: BufWriter<File>,
        vlr: LazVlr,
        encoder: LayeredEncoder,
    ) -> Result<Self, LasProblem> {
        let begins_at = file.stream_position()?;
        file.write_all(&begins_at.to_le_bytes())?;
        Ok(Self {
            file,
            vlr,
            encoder,
            begins_at,
            table: ChunkTable::default(),
        })
    }

    /// Compresses records and writes them.
    fn compress_chunks(&mut self, records: &[u8]) -> Result<(), LasProblem> {
        let chunk_bytes = self.vlr.chunk_size() as usize * self.vlr.items_size() as usize;
        let chunks: Vec<Vec<u8>> = records
            .par_chunks(chunk_bytes)
            .map(|chunk| self.encoder.encode_chunk(chunk))
            .collect();
        for chunk in chunks {
            self.file.write_all(&chunk)?;
            self.table.push(ChunkTableEntry {
                point_count: u64::from(self.vlr.chunk_size()),
                byte_count: chunk.len() as u64,
            });
        }
        Ok(())
    }

    /// Writes the chunk table, and its address before the points.
    fn finish(mut self) -> Result<BufWriter<File>, LasProblem> {
        let table_at = self.file.stream_position()?;
        self.file.seek(SeekFrom::Start(self.begins_at))?;
        self.file.write_all(&table_at.to_le_bytes())?;
        self.file.seek(SeekFrom::Start(table_at))?;
        catch_codec_panic(|| Ok(self.table.write_to(&mut self.file, &self.vlr)?))?;
        Ok(self.file)
    }
}

/// `laz` 0.13 panics on some waveforms in builds that check for overflow.
fn catch_codec_panic(
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
