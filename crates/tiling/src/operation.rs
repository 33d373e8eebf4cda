//! Operations on tiles.

use crate::Cells;
use isopach_cloud::{Cloud, Columns, Rect};
use isopach_compute::Result;

/// `N` epochs over one core, each with the operation's halo around it, all about the same origin.
#[derive(Clone, Debug)]
pub struct Tile<const N: usize> {
    /// The cells that this tile owns.
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

/// Size of a tile, for [`TileOperation::working_bytes`].
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TileStats {
    /// Points of each epoch, in core and halo.
    pub points_by_epoch: Vec<u64>,
    /// Area of the core, m².
    pub core_area: f64,
    /// Fraction of the points that lies in the core, if they are spread evenly.
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

/// An operation that runs tile by tile on a backend of type `B`, over `N` epochs.
pub trait TileOperation<const N: usize, B: ?Sized>: Sync {
    /// Result of one tile.
    type Output: Send;

    /// Metres of neighbourhood that the result at a point depends on. The engine reads it; callers
    /// never pass it.
    fn halo(&self) -> f64;

    /// Sides of the cells (metres) that tile edges must fall on, so that no cell is shared.
    fn cell_sizes(&self) -> Vec<f64> {
        Vec::new()
    }

    /// Columns that it reads beside coordinates.
    fn columns(&self) -> Columns {
        Columns::XYZ
    }

    /// Peak bytes that [`Self::run_tile`] allocates for a tile of this size, excluding the input
    /// points: indexes, intermediate results, the result. Tiles are cut and memory is reserved by
    /// it. The default is 64 bytes per point.
    fn working_bytes(&self, load: &TileStats) -> u64 {
        64 * load.points()
    }

    /// Computes the result over the tile's core.
    ///
    /// # Errors
    /// Any error ends the tile; after a recoverable one the tile runs again on the next backend.
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
