//! A source of bytes read from front to back, with jumps: headers, records, tables.

use crate::ByteSource;
use std::io::{self, Read, Seek, SeekFrom};

/// A reading position in a source. Bytes fetched beyond a request are kept, also across a seek.
pub(crate) struct Reader<'a> {
    source: &'a dyn ByteSource,
    at: u64,
    block: Vec<u8>,
    block_at: u64,
}

impl<'a> Reader<'a> {
    /// At the first byte.
    pub(crate) fn new(source: &'a dyn ByteSource) -> Self {
        Self {
            source,
            at: 0,
            block: Vec::new(),
            block_at: 0,
        }
    }

    /// Bytes of the block from here on.
    fn buffered(&self) -> &[u8] {
        let skipped = self
            .at
            .checked_sub(self.block_at)
            .and_then(|skipped| usize::try_from(skipped).ok());
        skipped
            .and_then(|skipped| self.block.get(skipped..))
            .unwrap_or_default()
    }

    /// The next bytes of the source, as many of `wanted` as it has.
    fn fetch_block(&self, wanted: usize) -> io::Result<Vec<u8>> {
        let end = self
            .at
            .saturating_add(wanted as u64)
            .min(self.source.size());
        self.source.read_range(self.at..end)
    }
}

impl Read for Reader<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if to.is_empty() || self.at >= self.source.size() {
            return Ok(0);
        }
        if self.buffered().is_empty() && to.len() < self.source.block_size() {
            self.block = self.fetch_block(self.source.block_size())?;
            self.block_at = self.at;
        }
        let there = self.buffered();
        let got = if there.is_empty() {
            let bytes = self.fetch_block(to.len())?;
            to[..bytes.len()].copy_from_slice(&bytes);
            bytes.len()
        } else {
            let got = there.len().min(to.len());
            to[..got].copy_from_slice(&there[..got]);
            got
        };
        self.at += got as u64;
        Ok(got)
    }
}

impl Seek for Reader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.source.size().checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
