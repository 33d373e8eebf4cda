//! Points on their way from chunks to tiles.

use isopach_cloud::{Attributes, Cloud, Columns, Origin};
use isopach_compute::{Error, Result};
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

/// What one chunk gave to one tile.
pub(crate) struct Piece {
    pub(crate) chunk: usize,
    pub(crate) ticks: Vec<[i32; 3]>,
    pub(crate) attributes: Attributes,
}

/// The points of one source, by tile.
pub(crate) struct Buckets {
    tiles: Vec<Mutex<Vec<Piece>>>,
    columns: Columns,
}

impl Buckets {
    /// Bytes that an empty bucket takes.
    pub(crate) const BYTES: u64 = size_of::<Mutex<Vec<Piece>>>() as u64;

    /// Empty ones.
    pub(crate) fn new(tiles: usize, columns: Columns) -> Self {
        Self { tiles: (0..tiles).map(|_| Mutex::default()).collect(), columns }
    }

    /// Puts a piece to its tile. Pieces may come in any order.
    pub(crate) fn put(&self, tile: usize, piece: Piece) {
        // A poisoned bucket is still whole: pushing is all that is ever done to it.
        self.tiles[tile].lock().unwrap_or_else(PoisonError::into_inner).push(piece);
    }

    /// Takes the points of one tile out, in the order of the source: by chunk, and in a chunk as they came.
    pub(crate) fn take(&self, tile: usize, origin: Origin) -> Result<Cloud> {
        let mut pieces = std::mem::take(&mut *self.tiles[tile].lock().unwrap_or_else(PoisonError::into_inner));
        pieces.sort_unstable_by_key(|piece| piece.chunk);
        let total: usize = pieces.iter().map(|piece| piece.ticks.len()).sum();
        if u32::try_from(total).is_err() {
            return Err(Error::OutOfMemory {
                what: "numbering the points of a tile",
                requested: total as u64,
                budget: u64::from(u32::MAX),
                advice: "use smaller tiles",
            });
        }
        let mut ticks = Vec::with_capacity(total);
        let mut attributes = Attributes::empty(self.columns);
        for mut piece in pieces {
            ticks.append(&mut piece.ticks);
            attributes.append(&mut piece.attributes);
        }
        let mut cloud = Cloud::new(origin, ticks);
        cloud.attributes = attributes;
        Ok(cloud)
    }

    /// Whether a tile got no point.
    pub(crate) fn is_empty(&self, tile: usize) -> bool {
        self.tiles[tile].lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// The bytes that a run may hold in its buckets.
pub(crate) struct Budget {
    bytes: u64,
    held: AtomicU64,
}

impl Budget {
    pub(crate) fn new(bytes: u64) -> Self {
        Self { bytes, held: AtomicU64::new(0) }
    }

    /// Accounts for `bytes` more.
    pub(crate) fn reserve(&self, bytes: u64) -> Result<()> {
        let requested = self.held.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if requested <= self.bytes {
            return Ok(());
        }
        Err(Error::OutOfMemory {
            what: "holding the points of all tiles at once",
            requested,
            budget: self.bytes,
            advice: "raise the working set in bytes, or cut fewer copies in halos by a larger tile size",
        })
    }

    /// Bytes that were accounted for.
    pub(crate) fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }
}
