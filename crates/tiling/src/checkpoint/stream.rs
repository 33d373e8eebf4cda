//! Results on their way to a file and back, some at a time.

use std::{
    fmt,
    io::{self, Read, Write},
};

/// Bytes that are held between a result and its file.
const BUFFER: usize = 64 << 10;

/// Buffered writer of a result, with a count and a checksum of its bytes.
///
/// An error of writing is returned once, by [`Self::finish`], so that
/// [`super::Encode::encode_into`] cannot fail.
pub struct ResultWriter<'a> {
    to: &'a mut dyn Write,
    buffer: Vec<u8>,
    written: u64,
    sum: crc32fast::Hasher,
    error: Option<io::Error>,
}

impl fmt::Debug for ResultWriter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResultWriter")
            .field("written", &self.written)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl<'a> ResultWriter<'a> {
    /// Writes to `to`.
    pub fn new(to: &'a mut dyn Write) -> Self {
        Self {
            to,
            buffer: Vec::with_capacity(BUFFER),
            written: 0,
            sum: crc32fast::Hasher::new(),
            error: None,
        }
    }

    /// Appends bytes.
    #[inline]
    pub fn write_bytes(&mut self, bytes: &[u8]) {
        if self.buffer.len() + bytes.len() > BUFFER {
            self.flush_buffer();
        }
        if bytes.len() > BUFFER {
            self.write_out(bytes);
        } else {
            self.buffer.extend_from_slice(bytes);
        }
    }

    fn flush_buffer(&mut self) {
        let mut buffer = std::mem::take(&mut self.buffer);
        self.write_out(&buffer);
        buffer.clear();
        self.buffer = buffer;
    }

    fn write_out(&mut self, bytes: &[u8]) {
        self.sum.update(bytes);
        self.written += bytes.len() as u64;
        if self.error.is_none() {
            self.error = self.to.write_all(bytes).err();
        }
    }

    /// Ends it: how many bytes there were, and their checksum (CRC-32).
    ///
    /// # Errors
    /// The first error of writing.
    pub fn finish(mut self) -> io::Result<(u64, u32)> {
        self.flush_buffer();
        match self.error {
            Some(error) => Err(error),
            None => Ok((self.written, self.sum.finalize())),
        }
    }
}

/// Buffered reader of a result, with a checksum of its bytes.
pub struct ResultReader<'a> {
    from: &'a mut dyn Read,
    /// Read and not given yet.
    buffer: Vec<u8>,
    given: usize,
    /// Not read yet.
    unread: u64,
    sum: crc32fast::Hasher,
    error: Option<io::Error>,
}

impl fmt::Debug for ResultReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResultReader")
            .field("unread", &self.unread)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl<'a> ResultReader<'a> {
    /// The next `length` bytes of `from`.
    pub fn new(from: &'a mut dyn Read, length: u64) -> Self {
        Self {
            from,
            buffer: Vec::new(),
            given: 0,
            unread: length,
            sum: crc32fast::Hasher::new(),
            error: None,
        }
    }

    /// Bytes that are left: an upper bound for the length of any list.
    #[must_use]
    pub fn remaining_bytes(&self) -> u64 {
        self.unread + (self.buffer.len() - self.given) as u64
    }

    /// Fills all of `bytes`; `None` if fewer are left.
    #[must_use]
    pub fn fill_bytes(&mut self, bytes: &mut [u8]) -> Option<()> {
        let mut rest = bytes;
        loop {
            let there = &self.buffer[self.given..];
            let now = there.len().min(rest.len());
            let (filled, more) = rest.split_at_mut(now);
            filled.copy_from_slice(&there[..now]);
            self.given += now;
            rest = more;
            if rest.is_empty() {
                return Some(());
            }
            self.read_more()?;
        }
    }

    /// The next bytes; `None` if fewer are left.
    #[inline]
    #[must_use]
    pub fn take_array<const K: usize>(&mut self) -> Option<[u8; K]> {
        if let Some(bytes) = self
            .buffer
            .get(self.given..)
            .and_then(|there| there.first_chunk())
        {
            self.given += K;
            return Some(*bytes);
        }
        let mut bytes = [0; K];
        self.fill_bytes(&mut bytes)?;
        Some(bytes)
    }

    /// Fills the buffer, all of which has been given.
    fn read_more(&mut self) -> Option<()> {
        let now = self.unread.min(BUFFER as u64) as usize;
        if now == 0 || self.error.is_some() {
            return None;
        }
        self.buffer.resize(now, 0);
        self.given = 0;
        if let Err(error) = self.from.read_exact(&mut self.buffer) {
            self.buffer.clear();
            self.error = Some(error);
            return None;
        }
        self.unread -= now as u64;
        self.sum.update(&self.buffer);
        Some(())
    }

    /// Reads the rest, and returns the checksum of all bytes.
    ///
    /// # Errors
    /// The first error of reading.
    pub fn finish(mut self) -> io::Result<u32> {
        while self.read_more().is_some() {}
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.sum.finalize()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_any_size_come_back_in_other_pieces() {
        let all: Vec<u8> = (0..3 * BUFFER + 100)
            .map(|i| (i * 31 % 251) as u8)
            .collect();
        let mut bytes = Vec::new();
        let mut writer = ResultWriter::new(&mut bytes);
        let (first, rest) = all.split_at(7);
        let (second, rest) = rest.split_at(2 * BUFFER);
        [first, second]
            .into_iter()
            .chain(rest.chunks(1000))
            .for_each(|piece| writer.write_bytes(piece));
        let (length, sum) = writer.finish().unwrap();
        assert!(bytes == all && length == all.len() as u64 && sum == crc32fast::hash(&all));

        let mut from = &bytes[..];
        let mut reader = ResultReader::new(&mut from, length - 1);
        assert_eq!(reader.remaining_bytes(), length - 1);
        assert_eq!(reader.take_array::<4>().unwrap()[..], all[..4]);
        let mut most = vec![0; 2 * BUFFER];
        reader.fill_bytes(&mut most).unwrap();
        assert!(most == all[4..4 + most.len()]);
        assert_eq!(reader.remaining_bytes(), length - 5 - most.len() as u64);
        let mut beyond = vec![0; BUFFER + 100];
        assert_eq!(
            reader.fill_bytes(&mut beyond),
            None,
            "the last byte is not its own"
        );
        assert_eq!(
            reader.finish().unwrap(),
            crc32fast::hash(&all[..all.len() - 1])
        );
    }

    #[test]
    fn what_cannot_be_written_or_read_is_told_at_the_end() {
        let mut small = [0; 10];
        let mut room = &mut small[..];
        let mut writer = ResultWriter::new(&mut room);
        writer.write_bytes(&[1; 20]);
        writer.write_bytes(&[1; 2 * BUFFER]);
        assert!(writer.finish().is_err());
        let mut short = &[1_u8; 10][..];
        let mut reader = ResultReader::new(&mut short, 20);
        assert_eq!(reader.take_array::<1>(), None);
        assert_eq!(
            reader.finish().unwrap_err().kind(),
            io::ErrorKind::UnexpectedEof
        );
    }
}
