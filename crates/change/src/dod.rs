//! DEM of difference.

use crate::{DodRasters, RegistrationError, Status, level_of_detection, slope};
use isopach_cloud::{Cloud, Columns, Rect};
use isopach_compute::{Error, Result};
use isopach_raster::{CellStatistic, Grid, Raster, Rasterise};
use isopach_tiling::{Load, Tile, TileOperation};

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
    /// Uncertainty of the alignment of the epochs. A covariance is propagated to each cell: the surface moves up by j·x / n_z where
    /// the pose moves by x, with the cell's slope in the normal n.
    pub registration_error: RegistrationError,
}

impl Default for Dod {
    /// Means of 1 m cells, all classes, no registration error.
    fn default() -> Self {
        Self { cell_size: 1.0, statistic: CellStatistic::Mean, classes: Vec::new(), registration_error: 0.0.into() }
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
        self.registration_error.check()?;
        let margin = self.margin();
        let wide = slope::grown(&grid, margin);
        let (first, second) = rayon::join(|| self.epoch(on, before, &wide), || self.epoch(on, after, &grid));
        let ([wide_heights, wide_spread, wide_counts], [heights2, spread2, counts2]) = (first?, second?);
        let [heights1, spread1, counts1] =
            [&wide_heights, &wide_spread, &wide_counts].map(|raster| slope::inner(raster, margin));
        let difference = Raster { grid, values: &heights2.values - &heights1.values };
        let flat = Raster { grid, values: ndarray::Array2::zeros((grid.rows, grid.columns)) };
        let slope = if margin == 0 { [flat.clone(), flat.clone()] } else { slope::slope(&wide_heights) };
        let nothing = Raster { grid, values: ndarray::Array2::from_elem((grid.rows, grid.columns), f64::NAN) };
        let (mut lod, mut standard_error, mut status) = (nothing.clone(), nothing.clone(), flat);
        for (cell, value) in lod.values.indexed_iter_mut() {
            let counts = [counts1.values[cell] as u32, counts2.values[cell] as u32];
            let spread = [spread1.values[cell], spread2.values[cell]];
            let [x, y] = grid.centre(cell.0, cell.1);
            let point = [x, y, heights1.values[cell]];
            let registration = self.rises(point, [slope[0].values[cell], slope[1].values[cell]]);
            *value = level_of_detection(spread, counts, registration);
            standard_error.values[cell] = level_of_detection(spread, counts, 0.0) / 1.96;
            let why = match counts {
                [0, 0] => Status::Empty,
                [0, _] => Status::NoReference,
                [_, 0] => Status::NoCompared,
                _ if registration.is_nan() => Status::FreeDirection,
                _ if value.is_nan() => Status::NoSpread,
                _ => Status::Valid,
            };
            status.values[cell] = f64::from(why as u8);
        }
        Ok(DodRasters {
            difference,
            level_of_detection: lod,
            standard_error,
            p_value: nothing,
            slope,
            heights: [heights1, heights2],
            counts: [counts1, counts2],
            status,
        })
    }

    /// Cells around the result that it depends on.
    fn margin(&self) -> usize {
        usize::from(matches!(self.registration_error, RegistrationError::Covariance(_)))
    }

    /// Standard error of the rise of a surface of that slope at `point` which the alignment explains, metres; NaN where it is free.
    fn rises(&self, point: [f64; 3], [slope_x, slope_y]: [f64; 2]) -> f64 {
        let length = (1.0 + slope_x * slope_x + slope_y * slope_y).sqrt();
        let normal = [-slope_x, -slope_y, 1.0].map(|part| part / length);
        match &self.registration_error {
            RegistrationError::Given(metres) => *metres,
            RegistrationError::Covariance(_) => self.registration_error.along(point, normal) * length,
        }
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

    /// The neighbouring cells of the reference, where the slope counts.
    fn halo(&self) -> f64 {
        self.margin() as f64 * self.cell_size
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
