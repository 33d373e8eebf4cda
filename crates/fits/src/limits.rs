//! Limits on the memory that a file may ask for.

use isopach_compute::{Error, Result};

/// Limits on memory, so that a malformed or oversized file is an error before memory is allocated
/// for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FitsLimits {
    /// Bytes of a header.
    pub header_bytes: u64,
    /// Pixels of an image.
    pub pixels: u64,
    /// Bytes of a decoded row of compressed tiles.
    pub tile_bytes: u64,
    /// Bytes of a decompressed `.fits.gz` file. It is not held in memory; this bounds the time.
    pub unpacked_bytes: u64,
    /// Bytes of pixels, or of compressed tiles, in memory at once, as returned by
    /// [`crate::ImageFile::read_rows`].
    pub memory_bytes: u64,
}

impl Default for FitsLimits {
    /// 4 MiB a header, 2³⁴ pixels, 1 GiB a row of tiles, 4 GiB unpacked, and as much memory as the
    /// system gives.
    fn default() -> Self {
        Self {
            header_bytes: 4 << 20,
            pixels: 1 << 34,
            tile_bytes: 1 << 30,
            unpacked_bytes: 4 << 30,
            memory_bytes: u64::MAX,
        }
    }
}

/// An empty vector with room for `count` items.
///
/// # Errors
/// [`Error::OutOfMemory`] if they take more than `limit` bytes, or the system cannot provide them.
pub(crate) fn reserve_within<T>(what: &'static str, count: u64, limit: u64) -> Result<Vec<T>> {
    let requested = count.saturating_mul(size_of::<T>() as u64);
    let refused = || Error::OutOfMemory {
        what,
        requested,
        budget: limit,
        advice: "read fewer rows, or allow more",
    };
    let count = usize::try_from(count).map_err(|_| refused())?;
    let mut items = Vec::new();
    if requested > limit || items.try_reserve_exact(count).is_err() {
        return Err(refused());
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_there_is_is_an_error() {
        assert!(reserve_within::<f64>("pixels", 10, 80).is_ok());
        assert!(matches!(
            reserve_within::<f64>("pixels", 10, 79),
            Err(Error::OutOfMemory {
                requested: 80,
                budget: 79,
                ..
            })
        ));
        assert!(reserve_within::<f64>("pixels", u64::MAX / 2, u64::MAX).is_err());
    }
}
