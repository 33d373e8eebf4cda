//! Checksums of inputs, as `python -c "import zlib"` or `crc32` compute them.

use flate2::Crc;
use isopach::compute::{Error, Result};
use std::{fs::File, io::Read as _, path::Path};

/// The CRC-32 (ISO 3309, as of gzip) of a file.
pub(crate) fn crc32(path: &Path) -> Result<u32> {
    length_and_crc32(path).map(|(_, sum)| sum)
}

/// Bytes and CRC-32 of a file, of one reading.
pub(crate) fn length_and_crc32(path: &Path) -> Result<(u64, u32)> {
    let of_file = |error| Error::of_file(path, error);
    let mut file = File::open(path).map_err(of_file)?;
    let mut length = 0;
    let mut sum = Crc::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).map_err(of_file)? {
            0 => return Ok((length, sum.sum())),
            read => {
                length += read as u64;
                sum.update(&buffer[..read]);
            }
        }
    }
}
