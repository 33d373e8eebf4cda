//! What is done with a tile.

use isopach_cloud::{Cloud, Columns, Rect};
use isopach_compute::Result;

/// `N` epochs over one core rectangle, each with the operation's halo around it, all about the same origin.
#[derive(Clone, Debug)]
pub struct Tile<const N: usize> {
    /// What this tile owns (half open), absolute metres.
    pub core: Rect,
    /// Metres around the core that the clouds reach out.
    pub halo: f64,
    /// The epochs' points in core and halo, in the order of their sources.
    pub epochs: [Cloud; N],
}

impl<const N: usize> Tile<N> {
    /// Indices of the points of one epoch that the core owns, ascending. Every point of a survey is owned by exactly one tile.
    #[must_use]
    pub fn owned(&self, epoch: usize) -> Vec<u32> {
        let points = self.epochs[epoch].positions();
        (0..points.len() as u32)
            .filter(|&i| {
                let [x, y, _] = points.absolute(i as usize);
                self.core.owns([x, y])
            })
            .collect()
    }
}

/// What an operation says about itself to be run tile by tile on a `B`.
pub trait TileOperation<const N: usize, B: ?Sized>: Sync {
    /// What one tile gives.
    type Output: Send;

    /// Metres of neighbourhood that the result at a point depends on. The engine reads it; callers never pass it.
    fn halo(&self) -> f64;

    /// Side of the cells (metres) that tile edges must fall on, so that no cell is shared; `None` where it does not matter.
    fn cell_size(&self) -> Option<f64> {
        None
    }

    /// Columns that it reads.
    fn columns(&self) -> Columns {
        Columns::XYZ
    }

    /// The result over the tile's core.
    ///
    /// # Errors
    /// Whatever keeps it from being computed; a recoverable error is rerun on the next backend.
    fn run_tile(&self, on: &B, tile: &Tile<N>) -> Result<Self::Output>;
}
