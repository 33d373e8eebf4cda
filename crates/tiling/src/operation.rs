//! What is done with a tile.

use crate::Cells;
use isopach_cloud::{Cloud, Columns, Rect};
use isopach_compute::Result;

/// `N` epochs over one core, each with the operation's halo around it, all about the same origin.
#[derive(Clone, Debug)]
pub struct Tile<const N: usize> {
    /// What this tile owns.
    pub cells: Cells,
    /// The rectangle of [`Self::cells`], absolute metres.
    pub core: Rect,
    /// Metres around the core that the clouds reach out.
    pub halo: f64,
    /// The epochs' points in core and halo, in the order of their sources.
    pub epochs: [Cloud; N],
}

impl<const N: usize> Tile<N> {
    /// Indices of the points of one epoch that the core owns, ascending. Every point of a survey is
    /// owned by exactly one tile.
    #[must_use]
    pub fn owned(&self, epoch: usize) -> Vec<u32> {
        let points = self.epochs[epoch].positions();
        (0..points.len() as u32)
            .filter(|&i| {
                let [x, y, _] = points.absolute_ticks(i as usize);
                self.cells.own_ticks([x, y])
            })
            .collect()
    }
}

/// How large a tile is.
#[derive(Clone, Debug, PartialEq)]
pub struct TileStats {
    /// Points of each epoch, in core and halo.
    pub points_by_epoch: Vec<u64>,
    /// Area of the core, m².
    pub core_area: f64,
    /// Share of the points that lies in the core, if they are spread evenly.
    pub core_share: f64,
}

impl TileStats {
    pub(crate) fn new(points_by_epoch: Vec<u64>, core: &Cells, halo: f64) -> Self {
        let core = core.rect();
        Self {
            points_by_epoch,
            core_area: core.area(),
            core_share: core.area() / core.expanded_by(halo).area(),
        }
    }

    /// Points of all epochs.
    #[must_use]
    pub fn points(&self) -> u64 {
        self.points_by_epoch.iter().sum()
    }
}

/// What an operation says about itself to be run tile by tile on a `B`.
pub trait TileOperation<const N: usize, B: ?Sized>: Sync {
    /// What one tile gives.
    type Output: Send;

    /// Metres of neighbourhood that the result at a point depends on. The tile loop reads it;
    /// callers never pass it.
    fn halo(&self) -> f64;

    /// Sides of the cells (metres) that tile edges must fall on, so that no cell is shared.
    fn cell_sizes(&self) -> Vec<f64> {
        Vec::new()
    }

    /// Columns that it reads.
    fn columns(&self) -> Columns {
        Columns::XYZ
    }

    /// Bytes that a tile of such a size takes beside its points, at the same time: indexes, what is
    /// found on the way, the result. It is what tiles are cut by, and what is set aside before one
    /// is begun; 64 a point if not said.
    fn working_bytes(&self, load: &TileStats) -> u64 {
        64 * load.points()
    }

    /// The result over the tile's core.
    ///
    /// # Errors
    /// Whatever keeps it from being computed; a recoverable error is rerun on the next backend.
    fn run_tile(&self, on: &B, tile: &Tile<N>) -> Result<Self::Output>;
}

/// Several operations at one load of the tile: the largest halo, all columns, all cells.
macro_rules! together {
    ($($name:ident . $field:tt),+) => {
        impl<const N: usize, B: ?Sized, $($name: TileOperation<N, B>),+> TileOperation<N, B> for ($($name,)+) {
            type Output = ($($name::Output,)+);

            fn halo(&self) -> f64 {
                [$(self.$field.halo()),+].into_iter().fold(0.0, f64::max)
            }

            fn cell_sizes(&self) -> Vec<f64> {
                [$(self.$field.cell_sizes()),+].concat()
            }

            fn columns(&self) -> Columns {
                Columns::XYZ$(.with(self.$field.columns()))+
            }

            fn working_bytes(&self, load: &TileStats) -> u64 {
                0_u64$(.saturating_add(self.$field.working_bytes(load)))*
            }

            fn run_tile(&self, on: &B, tile: &Tile<N>) -> Result<Self::Output> {
                Ok(($(self.$field.run_tile(on, tile)?,)+))
            }
        }
    };
}
together!(A.0, C.1);
together!(A.0, C.1, D.2);
together!(A.0, C.1, D.2, E.3);
