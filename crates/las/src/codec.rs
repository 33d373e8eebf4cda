//! The LAZ codec behind a wall: chunk tables are checked before anything is allocated, and a panic
//! of the codec is an error: a file must not take a program down.

use crate::{
    LasLimits,
    chunk::Chunk,
    copc::Node,
    error::LasProblem,
    header::{Laz, Parsed},
};
use isopach_compute::catch_panic;
use laz::laszip::{ChunkTable, ChunkTableEntry};
use laz::{DecompressionSelection, LasZipDecompressor};
use std::io::{Cursor, Read, Seek, SeekFrom};

/// Points that a compressed byte can stand for at most.
///
/// Upper bound on points per byte. An adaptive model of n symbols gives each symbol at least one of
/// its 2¹⁵ parts, so the likeliest symbol costs at least −log₂(1 − (n − 1) / 2¹⁵) bits. A point
/// costs one symbol of 64 or 128 (which fields change) and two or three of 33 (bit lengths of the
/// steps in x, y and z): together 0.0070 bits, or 1,146 points per byte.
const POINTS_A_BYTE: u64 = 1200;
/// Bytes that decoding may keep a byte of a record: models of 256 symbols, for each of four scanner
/// channels in layers.
const MODELS_A_BYTE: u64 = 4 * 4096;
/// Points of a chunk of an uncompressed file.
const PLAIN_CHUNK: u64 = 50_000;

/// Finds the chunks of a file of `size` bytes and checks that they are really there.
pub(crate) fn list_chunks(
    mut file: impl Read + Seek,
    parsed: &Parsed,
    size: u64,
    limits: LasLimits,
) -> Result<Vec<Chunk>, LasProblem> {
    let points = parsed.header.point_count;
    if points == 0 {
        return Ok(Vec::new());
    }
    let record = u64::from(parsed.header.record_length);
    let chunks = match &parsed.laz {
        None => uncompressed_chunks(parsed.points_at, points, record, size)?,
        Some(Laz {
            pointwise: true, ..
        }) => {
            vec![Chunk {
                at: parsed.points_at,
                bytes: size - parsed.points_at,
                points,
            }]
        }
        Some(laz) => compressed_chunks(&mut file, parsed, laz, size)?,
    };
    check_sizes(&chunks, parsed, limits)?;
    Ok(chunks)
}

/// The chunks of a COPC file: its nodes, which must have all points.
pub(crate) fn chunks_of_nodes(
    nodes: &[Node],
    parsed: &Parsed,
    limits: LasLimits,
) -> Result<Vec<Chunk>, LasProblem> {
    let chunks: Vec<Chunk> = nodes.iter().map(|node| node.chunk).collect();
    let points = chunks.iter().map(|chunk| chunk.points).sum::<u64>();
    if points != parsed.header.point_count {
        let must = format!("be {points}, the sum over the COPC nodes");
        return Err(LasProblem::inconsistent(
            "the number of points",
            parsed.header.point_count,
            must,
        ));
    }
    check_sizes(&chunks, parsed, limits)?;
    Ok(chunks)
}

/// Refuses chunks that claim more points than their bytes allow, or more memory than the limit.
fn check_sizes(chunks: &[Chunk], parsed: &Parsed, limits: LasLimits) -> Result<(), LasProblem> {
    let record = u64::from(parsed.header.record_length);
    for chunk in chunks {
        let bytes = chunk.points.saturating_mul(record);
        if bytes > limits.chunk_bytes {
            let must = format!(
                "be at most {} bytes when decoded (LasLimits::chunk_bytes)",
                limits.chunk_bytes
            );
            return Err(LasProblem::inconsistent("a chunk's size", bytes, must));
        }
        let most = chunk.bytes.saturating_mul(POINTS_A_BYTE);
        if chunk.points > most {
            let must = format!("be at most {most}, as its compressed size allows");
            return Err(LasProblem::inconsistent(
                "the points of a chunk",
                chunk.points,
                must,
            ));
        }
    }
    let models = record.saturating_mul(MODELS_A_BYTE);
    if parsed.laz.is_some() && models > limits.chunk_bytes {
        let must = format!(
            "take at most {} bytes to decode (LasLimits::chunk_bytes)",
            limits.chunk_bytes
        );
        return Err(LasProblem::inconsistent(
            "a compressed record's length",
            record,
            must,
        ));
    }
    Ok(())
}

/// Cuts the points of an uncompressed file into chunks.
fn uncompressed_chunks(
    at: u64,
    points: u64,
    record: u64,
    size: u64,
) -> Result<Vec<Chunk>, LasProblem> {
    let end = points.saturating_mul(record).saturating_add(at);
    if end > size {
        let there = size.saturating_sub(at) / record.max(1);
        return Err(LasProblem::CutOff {
            points: there,
            stated: points,
            end,
            size,
        });
    }
    let mut chunks = Vec::new();
    for first in (0..points).step_by(PLAIN_CHUNK as usize) {
        let points = PLAIN_CHUNK.min(points - first);
        chunks.push(Chunk {
            at: at + first * record,
            bytes: points * record,
            points,
        });
    }
    Ok(chunks)
}

/// Reads the chunk table of a LAZ file, whose sums must be those of the header.
fn compressed_chunks(
    mut file: impl Read + Seek,
    parsed: &Parsed,
    laz: &Laz,
    size: u64,
) -> Result<Vec<Chunk>, LasProblem> {
    let stated = laz.vlr.items_size();
    let points = parsed.header.point_count;
    if stated != u64::from(parsed.header.record_length) {
        let must = format!(
            "add up to the point record length, {}",
            parsed.header.record_length
        );
        return Err(LasProblem::inconsistent(
            "the size of the compressed fields",
            stated,
            must,
        ));
    }
    check_table_head(&mut file, parsed.points_at, size)?;
    file.seek(SeekFrom::Start(parsed.points_at))?;
    let table = catch_codec_panic(0, || Ok(ChunkTable::read_from(&mut file, &laz.vlr)))?
        .map_err(unreadable_table)?;
    let entries: &[ChunkTableEntry] = table.as_ref();
    let mut at = parsed.points_at + ChunkTable::OFFSET_SIZE as u64;
    let mut left = points;
    let mut chunks = Vec::with_capacity(entries.len());
    for entry in entries {
        // The last entry of a table of equal chunks states a full one.
        let points = if laz.vlr.uses_variable_size_chunks() {
            entry.point_count
        } else {
            entry.point_count.min(left)
        };
        let end = at.saturating_add(entry.byte_count);
        if end > size {
            return Err(LasProblem::Truncated {
                what: "the compressed points",
                end,
                size,
            });
        }
        left = left
            .checked_sub(points)
            .ok_or_else(|| more_than_stated(parsed))?;
        if points > 0 {
            chunks.push(Chunk {
                at,
                bytes: entry.byte_count,
                points,
            });
        }
        at = end;
    }
    if left > 0 {
        let must = format!("be {}, the sum over the chunks", points - left);
        return Err(LasProblem::inconsistent(
            "the number of points",
            points,
            must,
        ));
    }
    Ok(chunks)
}

/// The error of a chunk table with more points than the header.
fn more_than_stated(parsed: &Parsed) -> LasProblem {
    LasProblem::inconsistent(
        "the number of points",
        parsed.header.point_count,
        "be the sum over the chunks",
    )
}

/// The table's own head: it lies in the file, and has no more entries than the file has bytes.
fn check_table_head(
    mut file: impl Read + Seek,
    points_at: u64,
    size: u64,
) -> Result<(), LasProblem> {
    if points_at + 8 > size {
        return Err(LasProblem::Truncated {
            what: "the offset of the chunk table",
            end: points_at + 8,
            size,
        });
    }
    let mut word = [0; 8];
    file.seek(SeekFrom::Start(points_at))?;
    file.read_exact(&mut word)?;
    let mut at = i64::from_le_bytes(word);
    if at == -1 {
        // A writer that could not seek puts the address at the very end.
        file.seek(SeekFrom::Start(size - 8))?;
        file.read_exact(&mut word)?;
        at = i64::from_le_bytes(word);
    }
    let Some(at) = u64::try_from(at).ok().filter(|at| *at >= points_at) else {
        return Err(LasProblem::inconsistent(
            "the offset of the chunk table",
            at,
            format!("be between {points_at} and {size}"),
        ));
    };
    let end = at.saturating_add(8);
    if end > size {
        // It is behind the points, and says where each chunk is.
        return Err(LasProblem::Truncated {
            what: "the chunk table",
            end,
            size,
        });
    }
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut word)?;
    let entries = u64::from(u32::from_le_bytes([word[4], word[5], word[6], word[7]]));
    if entries > size {
        return Err(LasProblem::inconsistent(
            "the number of chunks",
            entries,
            "be below the number of bytes of the file",
        ));
    }
    Ok(())
}

/// Decodes the bytes of a chunk into `records` (points × record length); fields outside the
/// selection are left as they are.
pub(crate) fn decode_chunk(
    laz: &Laz,
    number: usize,
    chunk: Chunk,
    bytes: &[u8],
    selection: DecompressionSelection,
    records: &mut [u8],
) -> Result<(), LasProblem> {
    if laz.pointwise {
        return catch_codec_panic(number, || {
            let mut decoder = LasZipDecompressor::new(Cursor::new(bytes), laz.vlr.clone())
                .map_err(|e| e.to_string())?;
            let size = laz.vlr.items_size() as usize;
            for (read, record) in records.chunks_exact_mut(size).enumerate() {
                decoder.decompress_one(record).map_err(|error| {
                    format!(
                        "its data end after {read} of {} points ({error})",
                        chunk.points
                    )
                })?;
            }
            Ok(())
        });
    }
    let entry = ChunkTableEntry {
        point_count: chunk.points,
        byte_count: chunk.bytes,
    };
    catch_codec_panic(number, || {
        laz::par_decompress_selective(bytes, records, &laz.vlr, &[entry], selection)
            .map_err(reason_of)
    })
}

/// A table that is not one is the file's fault; one that could not be read may be readable later.
fn unreadable_table(error: laz::LasZipError) -> LasProblem {
    match error {
        laz::LasZipError::IoError(error) if isopach_compute::is_transient(&error) => error.into(),
        other => {
            let reason = format!("the chunk table cannot be read: {}", reason_of(other));
            LasProblem::Codec { chunk: 0, reason }
        }
    }
}

/// The reason that the codec gives.
fn reason_of(error: laz::LasZipError) -> String {
    match error {
        laz::LasZipError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            "its data end early: the file is cut off or damaged".into()
        }
        other => other.to_string(),
    }
}

/// Runs a piece of the codec; its panic is the file's fault.
fn catch_codec_panic<T>(
    chunk: usize,
    work: impl FnOnce() -> Result<T, String>,
) -> Result<T, LasProblem> {
    catch_panic(work).map_err(|reason| LasProblem::Codec { chunk, reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use laz::{LasZipCompressor, LazItemRecordBuilder, LazVlrBuilder};

    /// Equal points are as small as points can be: many a byte, but fewer than the bound.
    #[test]
    fn a_byte_stands_for_fewer_points_than_the_bound() {
        for format in [0, 6] {
            let items = LazItemRecordBuilder::default_for_point_format_id(format, 0).unwrap();
            let vlr = LazVlrBuilder::default()
                .with_laz_items(items)
                .with_fixed_chunk_size(1 << 20)
                .build();
            let mut compressor =
                LasZipCompressor::new(Cursor::new(Vec::new()), vlr.clone()).unwrap();
            let points = 1_u64 << 20;
            compressor
                .compress_many(&vec![1; points as usize * vlr.items_size() as usize])
                .unwrap();
            compressor.done().unwrap();
            let bytes = compressor.into_inner().into_inner().len() as u64;
            let a_byte = points / bytes;
            assert!(
                (POINTS_A_BYTE / 4..POINTS_A_BYTE).contains(&a_byte),
                "PDRF {format}: {a_byte} points a byte"
            );
        }
    }
}
