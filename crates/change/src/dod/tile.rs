//! DoD tile by tile.

use super::{Dod, DodRasters};
use isopach_cloud::Columns;
use isopach_compute::Result;
use isopach_raster::{Grid, Rasterise};
use isopach_tiling::{Tile, TileOperation, TileStats};

impl<B: Rasterise + ?Sized> TileOperation<2, B> for Dod {
    type Output = DodRasters;

    /// The neighbouring cells of the reference, if the slope matters.
    fn halo(&self) -> f64 {
        self.margin_cells() as f64 * self.cell_size
    }

    fn cell_sizes(&self) -> Vec<f64> {
        vec![self.cell_size]
    }

    /// Sums, rasters and judgement per cell; the cell (and the height, for a median) of each point.
    fn working_bytes(&self, load: &TileStats) -> u64 {
        let cells = load.core_area / (self.cell_size * self.cell_size);
        (320.0 * cells) as u64 + 16 * load.points()
    }

    fn columns(&self) -> Columns {
        if self.classes.is_empty() {
            Columns::XYZ
        } else {
            Columns::CLASSIFICATION
        }
    }

    fn run_tile(&self, on: &B, tile: &Tile<2>) -> Result<DodRasters> {
        self.detection.check_for_tiles()?;
        // By indices, not by coordinates: multiples of 0.3 m are not exact.
        let cells = tile.cells.of_size(self.cell_size)?;
        let [columns, rows] = cells.counts().map(|n| n as usize);
        let grid = Grid {
            cell_size: self.cell_size,
            first: cells.first,
            columns,
            rows,
        };
        let [before, after] = &tile.epochs;
        let before = before.filter_classes(&self.classes)?;
        let after = after.filter_classes(&self.classes)?;
        let measured = self.measure_cells(on, [before.positions(), after.positions()], &grid)?;
        Ok(self.judge_cells(measured, self.detection.survey.as_ref()))
    }
}
