//! Records to a file: compressed on all threads, or as they are.
//!
//! `laz` compresses chunks side by side where it is given several at once, and one after the other where records come in small pieces, as they do
//! from tiles. So records wait here until there is a chunk for every thread: that much memory is needed, however long the file gets.

use crate::error::{Checked, Problem};
use laz::{LazVlr, ParLasZipCompressor};
use std::{
    fs::File,
    io::{BufWriter, Seek, SeekFrom, Write},
};

/// Points of a chunk, as LASzip has them.
pub(crate) const CHUNK: u32 = 50_000;

pub(crate) enum Encoder {
    Plain(BufWriter<File>),
    Layered { points: Box<ParLasZipCompressor<BufWriter<File>>>, waiting: Vec<u8>, batch: usize },
}

impl Encoder {
    /// Writes records as they are, from where the file is.
    pub(crate) fn plain(file: File) -> Self {
        Self::Plain(BufWriter::new(file))
    }

    /// Compresses records, from where the file is.
    pub(crate) fn compressed(file: File, vlr: LazVlr) -> Checked<Self> {
        let batch = rayon::current_num_threads().max(1) * vlr.chunk_size() as usize * vlr.items_size() as usize;
        // One that is given no points would put the address of its table before everything else.
        let mut points = Box::new(ParLasZipCompressor::new(BufWriter::new(file), vlr).map_err(unwritable)?);
        points.reserve_offset_to_chunk_table()?;
        Ok(Self::Layered { points, waiting: Vec::new(), batch })
    }

    /// Appends whole records.
    pub(crate) fn write(&mut self, records: &[u8]) -> Checked<()> {
        match self {
            Self::Plain(file) => file.write_all(records)?,
            Self::Layered { points, waiting, batch } => {
                let mut rest = records;
                while waiting.len() + rest.len() >= *batch {
                    let (now, later) = rest.split_at(*batch - waiting.len());
                    if waiting.is_empty() {
                        points.compress_many(now)?;
                    } else {
                        waiting.extend_from_slice(now);
                        points.compress_many(waiting)?;
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
    pub(crate) fn finish(self) -> Checked<BufWriter<File>> {
        let mut file = match self {
            Self::Plain(file) => file,
            Self::Layered { mut points, waiting, .. } => {
                if !waiting.is_empty() {
                    points.compress_many(&waiting)?;
                }
                points.done().map_err(unwritable)?;
                points.into_inner()
            }
        };
        file.seek(SeekFrom::End(0))?;
        Ok(file)
    }
}

fn unwritable(error: laz::LasZipError) -> Problem {
    Problem::Unwritable(error.to_string())
}
