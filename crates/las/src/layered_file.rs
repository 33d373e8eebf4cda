//! A file whose points are compressed in layers, while the next ones are made.

use crate::{
    chunk_queue::ChunkQueue, encoder::catch_codec_panic, error::LasProblem, layered::LayeredEncoder,
};
use laz::{
    LazVlr,
    laszip::{ChunkTable, ChunkTableEntry},
};
use std::{
    fs::File,
    io::{BufWriter, Seek, SeekFrom, Write},
};

/// The compressed points of a file in layers.
pub(crate) struct LayeredFile {
    file: BufWriter<File>,
    vlr: LazVlr,
    /// Records of the chunk that is not complete.
    waiting: Vec<u8>,
    queue: ChunkQueue,
    /// Where the address of the chunk table is.
    begins_at: u64,
    table: ChunkTable,
}

impl LayeredFile {
    /// Makes room for the address of the chunk table.
    pub(crate) fn begin(
        mut file: BufWriter<File>,
        vlr: LazVlr,
        encoder: LayeredEncoder,
    ) -> Result<Self, LasProblem> {
        let begins_at = file.stream_position()?;
        file.write_all(&begins_at.to_le_bytes())?;
        Ok(Self {
            file,
            vlr,
            waiting: Vec::new(),
            queue: ChunkQueue::new(encoder),
            begins_at,
            table: ChunkTable::default(),
        })
    }

    /// Appends records. Those of whole chunks are compressed on all threads meanwhile.
    pub(crate) fn write(&mut self, records: &[u8]) -> Result<(), LasProblem> {
        let chunk = self.vlr.chunk_size() as usize * self.vlr.items_size() as usize;
        let mut rest = records;
        while self.waiting.len() + rest.len() >= chunk {
            let (now, later) = rest.split_at(chunk - self.waiting.len());
            self.waiting.extend_from_slice(now);
            self.compress_waiting()?;
            rest = later;
        }
        self.waiting.extend_from_slice(rest);
        Ok(())
    }

    /// Begins to compress the waiting records, and writes the chunks that are ready.
    fn compress_waiting(&mut self) -> Result<(), LasProblem> {
        let room = self.waiting.len();
        let records = std::mem::replace(&mut self.waiting, Vec::with_capacity(room));
        self.queue.push(records);
        while let Some(chunk) = self.queue.take_surplus() {
            self.write_chunk(&chunk)?;
        }
        Ok(())
    }

    fn write_chunk(&mut self, chunk: &[u8]) -> Result<(), LasProblem> {
        self.file.write_all(chunk)?;
        self.table.push(ChunkTableEntry {
            point_count: u64::from(self.vlr.chunk_size()),
            byte_count: chunk.len() as u64,
        });
        Ok(())
    }

    /// Writes all chunks, the chunk table, and its address before the points.
    pub(crate) fn finish(mut self) -> Result<BufWriter<File>, LasProblem> {
        if !self.waiting.is_empty() {
            self.compress_waiting()?;
        }
        while let Some(chunk) = self.queue.take() {
            self.write_chunk(&chunk)?;
        }
        let table_at = self.file.stream_position()?;
        self.file.seek(SeekFrom::Start(self.begins_at))?;
        self.file.write_all(&table_at.to_le_bytes())?;
        self.file.seek(SeekFrom::Start(table_at))?;
        catch_codec_panic(|| Ok(self.table.write_to(&mut self.file, &self.vlr)?))?;
        Ok(self.file)
    }
}
