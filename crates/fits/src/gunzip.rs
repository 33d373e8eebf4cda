//! A file as it is, or unpacked if it is a `.gz`.

use crate::FitsError;
use flate2::read::MultiGzDecoder;
use isopach_compute::{Error, Result};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

/// First bytes of a gzip file.
const GZIP: [u8; 2] = [0x1F, 0x8B];

/// Seekable reader of a gzip file. No decompressed data are kept: seeking backwards decompresses
/// from the start again.
#[derive(Debug)]
pub(crate) enum Unpacked<R> {
    Plain(R),
    Gzip(Box<Gzip<R>>),
}

/// A gzip file that is read forwards, and begun again to go back.
#[derive(Debug)]
pub(crate) struct Gzip<R> {
    /// `None` only where going back to the start has failed.
    decoder: Option<MultiGzDecoder<R>>,
    /// Position of the decoder, and position of the next read.
    at: u64,
    wanted: u64,
    length: u64,
}

impl<R: Read + Seek> Unpacked<R> {
    /// Looks at the first bytes. A gzip file is unpacked once, to know its length and that it is
    /// whole.
    ///
    /// # Errors
    /// [`Error::Source`] if the file cannot be read, is damaged, or decompresses to more than
    /// `limit` bytes.
    pub(crate) fn new(mut reader: R, limit: u64) -> Result<Self> {
        let mut first = [0; 2];
        reader.seek(SeekFrom::Start(0)).map_err(Error::source)?;
        let is_packed = reader.read_exact(&mut first).is_ok() && first == GZIP;
        reader.seek(SeekFrom::Start(0)).map_err(Error::source)?;
        if !is_packed {
            return Ok(Self::Plain(reader));
        }
        let mut decoder = MultiGzDecoder::new(reader);
        let length = io::copy(
            &mut (&mut decoder).take(limit.saturating_add(1)),
            &mut io::sink(),
        );
        let length = length.map_err(FitsError::Gunzip)?;
        if length > limit {
            return Err(FitsError::UnpackedTooLarge { limit }.into());
        }
        Ok(Self::Gzip(Box::new(Gzip {
            decoder: Some(decoder),
            at: length,
            wanted: 0,
            length,
        })))
    }

    /// Bytes of the unpacked file.
    pub(crate) fn unpacked_length(&mut self) -> Result<u64> {
        match self {
            Self::Plain(reader) => reader.seek(SeekFrom::End(0)).map_err(Error::source),
            Self::Gzip(gzip) => Ok(gzip.length),
        }
    }
}

impl<R: Read + Seek> Gzip<R> {
    /// The decoder, at the place that is wanted.
    fn decoder_mut(&mut self) -> io::Result<&mut MultiGzDecoder<R>> {
        if self.wanted < self.at {
            let mut reader = self
                .decoder
                .take()
                .ok_or_else(|| io::Error::other("the file could not be read from its start again"))?
                .into_inner();
            reader.seek(SeekFrom::Start(0))?;
            (self.decoder, self.at) = (Some(MultiGzDecoder::new(reader)), 0);
        }
        let decoder = self
            .decoder
            .as_mut()
            .ok_or_else(|| io::Error::other("the file is no longer open"))?;
        let between = self.wanted - self.at;
        let passed = io::copy(&mut decoder.take(between), &mut io::sink())?;
        self.at += passed;
        if passed < between {
            return Err(io::Error::from(ErrorKind::UnexpectedEof));
        }
        Ok(decoder)
    }
}

impl<R: Read + Seek> Read for Unpacked<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(reader) => reader.read(bytes),
            Self::Gzip(gzip) => {
                if gzip.wanted >= gzip.length {
                    return Ok(0);
                }
                let count = gzip.decoder_mut()?.read(bytes)?;
                gzip.at += count as u64;
                gzip.wanted = gzip.at;
                Ok(count)
            }
        }
    }
}

impl<R: Read + Seek> Seek for Unpacked<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::Plain(reader) => reader.seek(to),
            Self::Gzip(gzip) => {
                let (base, offset) = match to {
                    SeekFrom::Start(at) => (at, 0),
                    SeekFrom::Current(offset) => (gzip.wanted, offset),
                    SeekFrom::End(offset) => (gzip.length, offset),
                };
                gzip.wanted = base.checked_add_signed(offset).ok_or_else(|| {
                    io::Error::new(
                        ErrorKind::InvalidInput,
                        "a position before the start of the file",
                    )
                })?;
                Ok(gzip.wanted)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::{Cursor, Write};

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn any_place_can_be_read() {
        let bytes: Vec<u8> = (0..100_000_u64).map(|i| (i * i % 251) as u8).collect();
        // Two members, as `cat a.gz b.gz` makes.
        let two = [packed(&bytes[..60_000]), packed(&bytes[60_000..])].concat();
        for file in [bytes.clone(), two] {
            let mut unpacked = Unpacked::new(Cursor::new(file), 1 << 20).unwrap();
            assert_eq!(unpacked.unpacked_length().unwrap(), 100_000);
            for (at, count) in [
                (0, 10),
                (50_000, 20_000),
                (49_000, 3),
                (99_990, 10),
                (0, 100_000),
            ] {
                unpacked.seek(SeekFrom::Start(at)).unwrap();
                let mut part = vec![0; count];
                unpacked.read_exact(&mut part).unwrap();
                assert!(
                    part == bytes[at as usize..at as usize + count],
                    "{count} bytes at {at}"
                );
            }
            unpacked.seek(SeekFrom::Start(99_999)).unwrap();
            assert!(unpacked.read_exact(&mut [0; 2]).is_err());
        }
    }

    #[test]
    fn what_is_damaged_or_too_large_is_refused() {
        let whole = packed(&vec![7; 1 << 20]);
        assert!(whole.len() < 2000);
        assert!(Unpacked::new(Cursor::new(&whole[..]), 1 << 20).is_ok());
        let error = Unpacked::new(Cursor::new(&whole[..]), (1 << 20) - 1)
            .unwrap_err()
            .to_string();
        assert!(error.contains("more than 1048575 bytes"), "{error}");
        let error = Unpacked::new(Cursor::new(&whole[..whole.len() - 9]), 1 << 20)
            .unwrap_err()
            .to_string();
        assert!(error.contains("cannot be decompressed"), "{error}");
        let mut damaged = whole;
        let at = damaged.len() - 6; // in its checksum
        damaged[at] ^= 1;
        assert!(Unpacked::new(Cursor::new(&damaged[..]), 1 << 20).is_err());
    }
}
