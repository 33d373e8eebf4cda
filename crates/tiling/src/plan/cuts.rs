//! How an axis is cut into roots: the largest tiles that there may be.

use super::MAX_TILE_SIDE;

/// How one axis is cut: root `i` begins at cell `anchor + i · side`, and the roots
/// `first .. first + count` are there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cuts {
    anchor: i64,
    pub(super) side: i64,
    first: i64,
    pub(super) count: i64,
}

impl Cuts {
    /// Cuts of the cells `first .. end`.
    pub(super) fn new(first: i64, end: i64, tile_size: f64, cell_size: f64) -> Self {
        let most = (MAX_TILE_SIDE / cell_size).floor().max(1.0);
        let (anchor, side) = if tile_size.is_infinite() {
            let cells = (end - first) as f64;
            (first, (cells / (cells / most).ceil()).ceil() as i64)
        } else {
            (0, (tile_size / cell_size).round().clamp(1.0, most) as i64)
        };
        let first_root = (first - anchor).div_euclid(side);
        let last_root = (end - 1 - anchor).div_euclid(side);
        Self {
            anchor,
            side,
            first: first_root,
            count: last_root - first_root + 1,
        }
    }

    /// First cell of the root at this place in the plan.
    pub(super) fn first_cell(&self, place: i64) -> i64 {
        self.anchor + (self.first + place) * self.side
    }

    /// Place in the plan of the root that has the cell, the nearest one for a cell outside.
    #[inline]
    pub(super) fn root_index(&self, cell: i64) -> u32 {
        ((cell - self.anchor).div_euclid(self.side) - self.first).clamp(0, self.count - 1) as u32
    }
}
