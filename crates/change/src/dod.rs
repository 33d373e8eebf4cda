//! DEM of difference.

use crate::level_of_detection;
use isopach_cloud::{Cloud, Columns, Rect};
use isopach_compute::{Error, Result};
use isopach_raster::{CellStatistic, Grid, Raster, Rasterise};
use isopach_tiling::{Load, Stored, Tile, TileOperation};

/// Difference of a statistic of the heights in each cell, compared − reference, with a level of detection a cell.
///
/// Cells are those of the absolute grid (⌊coordinate / cell size⌋), so runs and tiles line up. A cell that either epoch leaves empty has no
/// difference: nothing is filled. LoD₉₅ = 1.96 (√(s₁²/n₁ + s₂²/n₂) + registration error) from the standard deviations s
/// and counts n of the heights in the cell, whatever the statistic (after Wheaton et al. 2010, with errors from the data). On a slope s
/// contains the slope itself, so that this is on the careful side.
#[derive(Clone, Debug, PartialEq)]
pub struct Dod {
    /// Side of a cell, metres.
    pub cell_size: f64,
    /// What stands for the heights of a cell.
    pub statistic: CellStatistic,
    /// ASPRS classes that count; all where there are none.
    pub classes: Vec<u8>,
    /// Uncertainty of the alignment of the epochs, metres.
    pub registration_error: f64,
}

impl Default for Dod {
    /// Means of 1 m cells, all classes, no registration error.
    fn default() -> Self {
        Self { cell_size: 1.0, statistic: CellStatistic::Mean, classes: Vec::new(), registration_error: 0.0 }
    }
}

/// Rasters of one grid; NaN is no data.
#[derive(Clone, Debug, PartialEq)]
pub struct DodRasters {
    /// Compared − reference, metres.
    pub difference: Raster,
    /// 95 % level of detection, metres; NaN also where a cell has a single point.
    pub level_of_detection: Raster,
    /// The statistic of each epoch, absolute metres.
    pub heights: [Raster; 2],
    /// Points a cell, of each epoch.
    pub counts: [Raster; 2],
}

impl Stored for DodRasters {
    fn store(&self, to: &mut Vec<u8>) {
        for raster in [&self.difference, &self.level_of_detection].into_iter().chain(&self.heights).chain(&self.counts)
        {
            raster.store(to);
        }
    }
    fn restore(from: &mut &[u8]) -> Option<Self> {
        let mut next = || Raster::restore(from);
        Some(Self {
            difference: next()?,
            level_of_detection: next()?,
            heights: [next()?, next()?],
            counts: [next()?, next()?],
        })
    }
}

impl Dod {
    /// The rasters over `extent`.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a cell size that is not above zero or a negative registration error; [`Error::InvalidInput`] where
    /// classes are asked for and a cloud has none; whatever the backend declines with.
    pub fn run(
        &self,
        on: &(impl Rasterise + ?Sized),
        before: &Cloud,
        after: &Cloud,
        extent: Rect,
    ) -> Result<DodRasters> {
        self.over(on, before, after, Grid::covering(&extent, self.cell_size)?)
    }

    fn over(&self, on: &(impl Rasterise + ?Sized), before: &Cloud, after: &Cloud, grid: Grid) -> Result<DodRasters> {
        Error::not_negative("registration error", self.registration_error)?;
        let (first, second) = rayon::join(|| self.epoch(on, before, &grid), || self.epoch(on, after, &grid));
        let ([heights1, spread1, counts1], [heights2, spread2, counts2]) = (first?, second?);
        let difference = Raster { grid, values: &heights2.values - &heights1.values };
        let mut lod = difference.clone();
        for (cell, value) in lod.values.indexed_iter_mut() {
            let counts = [counts1.values[cell] as u32, counts2.values[cell] as u32];
            *value = level_of_detection([spread1.values[cell], spread2.values[cell]], counts, self.registration_error);
        }
        Ok(DodRasters {
            difference,
            level_of_detection: lod,
            heights: [heights1, heights2],
            counts: [counts1, counts2],
        })
    }

    /// The statistic, the standard deviation and the count of one epoch.
    fn epoch(&self, on: &(impl Rasterise + ?Sized), cloud: &Cloud, grid: &Grid) -> Result<[Raster; 3]> {
        let points = cloud.of_classes(&self.classes)?;
        let statistics = [self.statistic, CellStatistic::StandardDeviation, CellStatistic::Count];
        let rasters = on.rasterise(points.positions(), grid, &statistics)?;
        rasters.try_into().map_err(|found: Vec<Raster>| {
            Error::InvalidInput(format!("a backend gave {} rasters for 3 statistics", found.len()))
        })
    }
}

impl<B: Rasterise + ?Sized> TileOperation<2, B> for Dod {
    type Output = DodRasters;

    fn halo(&self) -> f64 {
        0.0
    }

    fn cell_sizes(&self) -> Vec<f64> {
        vec![self.cell_size]
    }

    /// Sums and rasters of both epochs a cell, and the cell (and height, for a median) of each point.
    fn working_bytes(&self, load: &Load) -> u64 {
        let cells = load.core_area / (self.cell_size * self.cell_size);
        (192.0 * cells) as u64 + 16 * load.points()
    }

    fn columns(&self) -> Columns {
        if self.classes.is_empty() { Columns::XYZ } else { Columns::CLASSIFICATION }
    }

    fn run_tile(&self, on: &B, tile: &Tile<2>) -> Result<DodRasters> {
        // By indices, not by coordinates: a multiple of 0.3 m has no exact one.
        let cells = tile.cells.of_size(self.cell_size)?;
        let [columns, rows] = cells.counts().map(|n| n as usize);
        let grid = Grid { cell_size: self.cell_size, first: cells.first, columns, rows };
        self.over(on, &tile.epochs[0], &tile.epochs[1], grid)
    }
}
