//! Limits on the memory that a file may ask for.

use super::fault::{GeoTiffFault, Read};

/// Limits on memory and time, so that a malformed or oversized file is an error before resources
/// are spent on it.
///
/// The claims of a file are also checked against its length: directories and their values must lie
/// within it, and the compressed bytes of a block may not exceed twice its expanded size plus 1
/// KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GeoTiffLimits {
    /// Cells that a file of any size may claim; [`Self::cells_per_byte`] are added for each of its
    /// bytes.
    ///
    /// Bounds the cells of a band and, separately, the samples of all blocks expanded for it,
    /// including padding at the edges and the other bands of pixel-interleaved files.
    pub cells: u64,
    /// Cells for each byte of a file beyond [`Self::cells`].
    pub cells_per_byte: u64,
    /// Bytes of a decompressed block, including padding and all its bands.
    pub block_bytes: u64,
    /// Bytes of a text: metadata, the no-data value.
    pub text_bytes: u64,
    /// Bytes of values in memory at once, as returned by [`crate::GeoTiff::read`]: eight per cell.
    pub memory_bytes: u64,
}

impl Default for GeoTiffLimits {
    /// 2²² cells and 32,768 for each byte of the file, 1 GiB a block, 16 MiB a text, and as much
    /// memory as the system gives.
    ///
    /// A ZSTD block of 128 KiB that repeats one byte takes four: 32,768 for each of them. A tile of
    /// 512 × 512 cells that was never written takes eight bytes of a directory: as many. So any
    /// raster is read that has been compressed, or left out in such tiles or smaller ones.
    fn default() -> Self {
        Self {
            cells: 1 << 22,
            cells_per_byte: 1 << 15,
            block_bytes: 1 << 30,
            text_bytes: 16 << 20,
            memory_bytes: u64::MAX,
        }
    }
}

impl GeoTiffLimits {
    /// Refuses more cells or samples than a file of this length may claim.
    pub(super) fn check_cells(
        &self,
        what: &'static str,
        claimed: u64,
        file_bytes: u64,
    ) -> Read<()> {
        let most = self
            .cells
            .saturating_add(file_bytes.saturating_mul(self.cells_per_byte));
        check_limit(what, claimed, most, "cells_per_byte")
    }
}

/// Refuses a claim above a limit.
pub(super) fn check_limit(
    what: &'static str,
    claimed: u64,
    most: u64,
    limit: &'static str,
) -> Read<()> {
    if claimed > most {
        Err(GeoTiffFault::TooLarge {
            what,
            claimed,
            most,
            limit,
        })
    } else {
        Ok(())
    }
}

/// `count` items, all the same.
pub(super) fn filled_vec<T: Copy>(what: &'static str, count: usize, item: T) -> Read<Vec<T>> {
    let mut items = reserve_vec(what, count)?;
    items.resize(count, item);
    Ok(items)
}

/// An empty vector with room for `count` items.
pub(super) fn reserve_vec<T>(what: &'static str, count: usize) -> Read<Vec<T>> {
    let mut items = Vec::new();
    items
        .try_reserve_exact(count)
        .map_err(|_| GeoTiffFault::OutOfMemory {
            what,
            requested: count as u64 * size_of::<T>() as u64,
        })?;
    Ok(items)
}
