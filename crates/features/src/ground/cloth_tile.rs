//! The lowest points of a survey, tile by tile: the first pass of cloth simulation.

use super::{ClothFilter, LowestCells};
use isopach_cloud::{Positions, Rect, cell_end, cell_of};
use isopach_compute::{Error, Result};
use isopach_tiling::{Tile, TileOperation, TileSink, TileStats};

/// The lowest points of the cells of a survey as an operation of the tile loop; its sink is
/// [`LowestSink`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LowestTiles {
    cell_size: f64,
}

/// Joins the lowest points of tiles to those of a survey, within a limit of memory.
#[derive(Clone, Debug)]
pub struct LowestSink {
    filter: ClothFilter,
    memory: u64,
    cells: LowestCells,
}

impl LowestTiles {
    /// The cells of a filter.
    ///
    /// # Errors
    /// As [`ClothFilter::run`].
    pub fn new(filter: &ClothFilter) -> Result<Self> {
        filter.check()?;
        Ok(Self {
            cell_size: filter.cell_size,
        })
    }
}

impl<B: ?Sized> TileOperation<1, B> for LowestTiles {
    type Output = LowestCells;

    fn halo(&self) -> f64 {
        0.0
    }

    fn working_bytes(&self, load: &TileStats) -> u64 {
        let cells = load.core_area / (self.cell_size * self.cell_size);
        load.points() * 16 + (cells * 8.0) as u64
    }

    fn run_tile(&self, _: &B, tile: &Tile<1>) -> Result<LowestCells> {
        let points = tile.epochs[0].positions();
        let owned = tile.owned(0);
        let owned: Vec<[i32; 3]> = owned.iter().map(|&i| points.ticks()[i as usize]).collect();
        let owned = Positions::new(points.origin(), &owned);
        Ok(LowestCells::of_points(owned, self.cell_size))
    }
}

impl LowestSink {
    /// No cells yet; the cloth over them may use so many bytes.
    #[must_use]
    pub fn new(filter: ClothFilter, memory: u64) -> Self {
        Self {
            filter,
            memory,
            cells: LowestCells::default(),
        }
    }

    /// The lowest points of all tiles.
    #[must_use]
    pub fn into_cells(self) -> LowestCells {
        self.cells
    }
}

impl TileSink<LowestCells> for LowestSink {
    /// [`Error::InvalidParameter`] if the cloth over the survey does not fit the memory.
    fn begin(&mut self, whole: Rect) -> Result<()> {
        let size = self.filter.cell_size;
        let cells = self.filter.count_cells(whole)?;
        let bytes = cells * ClothFilter::BYTES_PER_CELL as f64;
        let must = "be larger, or the memory: one cloth over the survey does not fit it";
        Error::check("cell size", size, bytes <= self.memory as f64, must)?;
        let first = whole.min.map(|edge| cell_of(edge, size));
        let last = whole.max.map(|edge| cell_end(edge, size));
        let sides = [0, 1].map(|axis| (last[axis] - first[axis]).max(0) as usize);
        self.cells = LowestCells::empty(size, first, sides);
        Ok(())
    }

    fn accept(&mut self, _: Rect, tile: LowestCells) -> Result<()> {
        self.cells.lower_to(&tile);
        Ok(())
    }
}
