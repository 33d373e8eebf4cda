//! The bytes of a GeoTIFF: a file that is opened for each read, and a reader of directories.

use isopach_compute::ByteSource;
use std::{
    collections::VecDeque,
    fs::File,
    io::{self, ErrorKind, Read, Seek, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Pieces that a reader of directories keeps: a directory, and the values of its tags, may each lie
/// in one of their own.
const PIECES: usize = 8;

/// A file that is opened for each read, so that a process may have more images than open files. One
/// whose length has changed is refused.
#[derive(Debug)]
pub(super) struct ReopenedFile {
    path: PathBuf,
    length: u64,
}

impl ReopenedFile {
    /// A file as it is now.
    ///
    /// # Errors
    /// The system's error.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let length = File::open(path)?.seek(SeekFrom::End(0))?;
        Ok(Self {
            path: path.to_owned(),
            length,
        })
    }
}

impl ByteSource for ReopenedFile {
    fn path(&self) -> &Path {
        &self.path
    }

    fn size(&self) -> u64 {
        self.length
    }

    fn read(&self, ranges: &[Range<u64>]) -> io::Result<Vec<Vec<u8>>> {
        let mut file = File::open(&self.path)?;
        let length = file.seek(SeekFrom::End(0))?;
        if length != self.length {
            let before = self.length;
            let text = format!("it has {length} bytes, but had {before} when it was opened");
            return Err(io::Error::other(text));
        }
        let mut found = Vec::with_capacity(ranges.len());
        for range in ranges {
            if range.start > range.end || range.end > length {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let count = (range.end - range.start) as usize;
            let mut bytes = Vec::new();
            bytes
                .try_reserve_exact(count)
                .map_err(|_| io::Error::from(ErrorKind::OutOfMemory))?;
            bytes.resize(count, 0);
            file.seek(SeekFrom::Start(range.start))?;
            file.read_exact(&mut bytes)?;
            found.push(bytes);
        }
        Ok(found)
    }

    fn reopen(&self) -> io::Result<Arc<dyn ByteSource>> {
        Ok(Arc::new(Self::open(&self.path)?))
    }
}

/// A reading position in a source. What is asked for comes with what follows it, up to the block
/// size of the source, and no byte is read again while its piece is kept.
pub(super) struct SourceReader<'a> {
    source: &'a dyn ByteSource,
    at: u64,
    /// The last pieces that were read.
    pieces: VecDeque<Piece>,
}

struct Piece {
    at: u64,
    bytes: Vec<u8>,
}

impl<'a> SourceReader<'a> {
    /// At the first byte.
    pub(super) fn new(source: &'a dyn ByteSource) -> Self {
        Self {
            source,
            at: 0,
            pieces: VecDeque::new(),
        }
    }

    /// Kept bytes from here on.
    fn kept(&self) -> Option<&[u8]> {
        self.pieces.iter().find_map(|piece| {
            let skipped = usize::try_from(self.at.checked_sub(piece.at)?).ok()?;
            piece.bytes.get(skipped..).filter(|rest| !rest.is_empty())
        })
    }

    /// Reads so many bytes from here, fewer where a kept piece or the end of the source is nearer.
    fn fetch(&self, count: u64) -> io::Result<Vec<u8>> {
        let beyond = self.pieces.iter().map(|piece| piece.at);
        let next = beyond.filter(|at| *at > self.at).min();
        let end = next.unwrap_or(u64::MAX).min(self.source.size());
        let bytes = self
            .source
            .read_range(self.at..self.at.saturating_add(count).min(end))?;
        if bytes.is_empty() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    }
}

/// Copies as many bytes as there are and fit.
fn copy_bytes(to: &mut [u8], from: &[u8]) -> usize {
    let count = from.len().min(to.len());
    to[..count].copy_from_slice(&from[..count]);
    count
}

impl Read for SourceReader<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if to.is_empty() || self.at >= self.source.size() {
            return Ok(0);
        }
        let ahead = self.source.block_size().max(1);
        let count = match self.kept() {
            Some(kept) => copy_bytes(to, kept),
            // A long table is read once.
            None if to.len() >= ahead => copy_bytes(to, &self.fetch(to.len() as u64)?),
            None => {
                let bytes = self.fetch(ahead as u64)?;
                let count = copy_bytes(to, &bytes);
                if self.pieces.len() == PIECES {
                    self.pieces.pop_front();
                }
                let at = self.at;
                self.pieces.push_back(Piece { at, bytes });
                count
            }
        };
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for SourceReader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.source.size().checked_add_signed(by),
        };
        self.at = at.ok_or(ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Bytes that count up, and the ranges that were read of them.
    #[derive(Debug, Default)]
    struct Counting(Mutex<Vec<Range<u64>>>);

    impl ByteSource for Counting {
        fn path(&self) -> &Path {
            Path::new("counting")
        }

        fn size(&self) -> u64 {
            1000
        }

        fn read(&self, ranges: &[Range<u64>]) -> io::Result<Vec<Vec<u8>>> {
            self.0.lock().unwrap().extend_from_slice(ranges);
            let bytes = |range: &Range<u64>| range.clone().map(|at| at as u8).collect();
            Ok(ranges.iter().map(bytes).collect())
        }

        fn reopen(&self) -> io::Result<Arc<dyn ByteSource>> {
            Ok(Arc::new(Self::default()))
        }

        fn block_size(&self) -> usize {
            100
        }
    }

    #[test]
    fn no_byte_is_read_twice() {
        let source = Counting::default();
        let mut reader = SourceReader::new(&source);
        let mut read = |at: u64, count: usize| {
            let mut bytes = vec![0; count];
            reader.seek(SeekFrom::Start(at)).unwrap();
            reader.read_exact(&mut bytes).unwrap();
            let expected: Vec<u8> = (at..at + count as u64).map(|at| at as u8).collect();
            assert_eq!(bytes, expected);
        };
        for (at, count) in [
            (0, 8),
            (8, 20),
            (300, 2),
            (250, 100),
            (350, 5),
            (90, 150),
            (990, 10),
        ] {
            read(at, count);
        }
        let ranges = source.0.lock().unwrap().clone();
        assert_eq!(ranges, [0..100, 300..400, 250..300, 100..240, 990..1000]);
        assert!(reader.read_exact(&mut [0; 1]).is_err());
    }
}
