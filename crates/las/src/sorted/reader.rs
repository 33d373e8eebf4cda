//! A run on disk, read some records at a time.

use super::runs::Run;
use crate::error::LasProblem;
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
};

/// Reads a run from its beginning to its end, some records at a time.
pub(super) struct Reader<'a> {
    file: &'a File,
    rest: Range<u64>,
    sum: crc32fast::Hasher,
    expected: u32,
    buffer: Vec<u8>,
    /// Offset of the next record in the buffer.
    at: usize,
    /// Bytes of the buffer when it is full.
    most: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &'a File, run: &Run, width: usize, records: usize) -> Self {
        let sum = crc32fast::Hasher::new();
        let rest = run.bytes.clone();
        let expected = run.sum;
        let most = records * width;
        Self {
            file,
            rest,
            sum,
            expected,
            buffer: Vec::new(),
            at: 0,
            most,
        }
    }

    /// The records in memory that have not been taken yet.
    pub(super) fn held(&self) -> &[u8] {
        &self.buffer[self.at..]
    }

    /// Takes the first `bytes` of the records in memory.
    pub(super) fn take(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Whether records are left on disk.
    pub(super) fn has_more(&self) -> bool {
        !self.rest.is_empty()
    }

    /// Fills the buffer if more than half of it was taken. With the last record, checks that the
    /// run is the one written.
    pub(super) fn refill_buffer(&mut self) -> Result<(), LasProblem> {
        let held = self.held().len();
        if !self.has_more() || held > self.most / 2 {
            return Ok(());
        }
        self.buffer.drain(..self.at);
        self.at = 0;
        let bytes = (self.rest.end - self.rest.start).min((self.most - held) as u64) as usize;
        self.buffer.resize(held + bytes, 0);
        let mut file = self.file;
        file.seek(SeekFrom::Start(self.rest.start))?;
        file.read_exact(&mut self.buffer[held..])?;
        self.sum.update(&self.buffer[held..]);
        self.rest.start += bytes as u64;
        let is_whole = self.has_more() || self.sum.clone().finalize() == self.expected;
        if is_whole {
            Ok(())
        } else {
            Err(LasProblem::Io(io::Error::other(CHANGED)))
        }
    }
}

const CHANGED: &str = "points in a temporary file have changed: check the disk beside the output";
