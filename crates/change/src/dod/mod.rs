//! DEM of difference (DoD).

mod epoch;
mod rasters;
mod sample;
mod slope;
mod tile;

pub use rasters::DodRasters;

use crate::{
    Detection, RegistrationError, SurveyStatistics,
    detection::{Judgement, Place},
    scale::Location,
};
use epoch::{EpochRasters, constant_raster};
use isopach_cloud::{Cloud, Positions, Rect};
use isopach_compute::Result;
use isopach_raster::{CellStatistic, Grid, Raster, Rasterise};
use rayon::prelude::*;

/// DEM of difference: height difference per cell, compared minus reference, with a level of
/// detection per cell.
///
/// Cells are those of the absolute grid (⌊coordinate / cell size⌋), so runs and tiles line up. A
/// cell that is empty in either epoch has no difference; nothing is filled. The level of detection
/// is that of [`Detection`], from the scatter of the heights within the cell (after Wheaton et al.
/// 2010, with errors from the data). On a slope the scatter contains the slope, and so does the
/// error of a mean. Means and medians have a level of detection; minimum, maximum and other
/// percentiles do not ([`crate::ChangeStatus::NoStandardError`]). O(points + cells).
///
/// ```
/// use isopach_change::{Cloud, Cpu, Dod, Rect};
/// // 400 points on a square metre, then the same half a metre higher.
/// let ground = |z: f64| -> Vec<[f64; 3]> {
///     (0..400).map(|i| [f64::from(i % 20) * 0.05, f64::from(i / 20) * 0.05, z + 0.001 * f64::from(i * i % 11)]).collect()
/// };
/// let [before, after] = [Cloud::from_points(&ground(10.0))?, Cloud::from_points(&ground(10.5))?];
/// let dod = Dod { registration_error: 0.02.into(), ..Dod::default() };
/// let found = dod.run(&Cpu, &before, &after, Rect { min: [0.0; 2], max: [1.0; 2] })?;
/// assert!((found.difference.values[[0, 0]] - 0.5).abs() < 1e-5);
/// assert!(found.level_of_detection.values[[0, 0]] < 0.05);
/// # Ok::<(), isopach_change::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Dod {
    /// Side of a cell, metres.
    pub cell_size: f64,
    /// Statistic of the heights in a cell.
    pub statistic: CellStatistic,
    /// ASPRS classes to use; empty for all points.
    pub classes: Vec<u8>,
    /// Uncertainty of the alignment of the epochs. A covariance is propagated to each cell: the
    /// surface rises by j·x / n_z if the pose moves by x, with the slope of the cell in the normal
    /// n.
    pub registration_error: RegistrationError,
    /// Level of detection.
    pub detection: Detection,
}

impl Default for Dod {
    /// Means of 1 m cells over all classes, no registration error.
    fn default() -> Self {
        Self {
            cell_size: 1.0,
            statistic: CellStatistic::Mean,
            classes: Vec::new(),
            registration_error: 0.0.into(),
            detection: Detection::default(),
        }
    }
}

/// Rasters of both epochs, before a cell is judged.
#[derive(Debug)]
struct Measured {
    difference: Raster,
    slope: [Raster; 2],
    epochs: [EpochRasters; 2],
}

impl Dod {
    /// Computes the rasters over `extent`.
    ///
    /// # Errors
    /// [`crate::Error::InvalidParameter`] for a cell size that is not above zero, a negative
    /// registration error, or parameters that [`Detection::check`] refuses;
    /// [`crate::Error::InvalidInput`] if classes are selected and a cloud has none; any error of
    /// the backend.
    pub fn run(
        &self,
        on: &(impl Rasterise + ?Sized),
        before: &Cloud,
        after: &Cloud,
        extent: Rect,
    ) -> Result<DodRasters> {
        self.detection.check()?;
        let before = before.filter_classes(&self.classes)?;
        let after = after.filter_classes(&self.classes)?;
        let points = [before.positions(), after.positions()];
        let grid = Grid::covering(&extent, self.cell_size)?;
        let measured = self.measure_cells(on, points, &grid)?;
        let survey = match self.detection.survey {
            Some(given) => given,
            None => self
                .sample_scatter(on, &measured, points, &grid)?
                .statistics(),
        };
        Ok(self.judge_cells(measured, Some(&survey)))
    }

    fn measure_cells(
        &self,
        on: &(impl Rasterise + ?Sized),
        points: [Positions<'_>; 2],
        grid: &Grid,
    ) -> Result<Measured> {
        self.registration_error.check()?;
        let margin = self.margin_cells();
        let wide = slope::grow_grid(grid, margin);
        let [before, after] = points;
        let (first, second) = rayon::join(
            || self.rasterise_epoch(on, before, &wide),
            || self.rasterise_epoch(on, after, grid),
        );
        let wide = first?;
        let second = second?;
        let slope = if margin == 0 {
            [constant_raster(grid, 0.0), constant_raster(grid, 0.0)]
        } else {
            slope::slope_of_heights(&wide.heights)
        };
        let first = EpochRasters {
            heights: slope::crop_raster(&wide.heights, margin),
            spread: slope::crop_raster(&wide.spread, margin),
            counts: slope::crop_raster(&wide.counts, margin),
        };
        let difference = Raster {
            grid: *grid,
            values: &second.heights.values - &first.heights.values,
        };
        Ok(Measured {
            difference,
            slope,
            epochs: [first, second],
        })
    }

    fn judge_cells(&self, measured: Measured, survey: Option<&SurveyStatistics>) -> DodRasters {
        let Measured {
            difference,
            slope,
            epochs: [first, second],
        } = measured;
        let grid = difference.grid;
        let location = Location::of_cell(self.statistic);
        let counts = first.counts.values.iter().zip(&second.counts.values);
        let known = self
            .detection
            .learn_tests(location, counts.map(|(a, b)| [*a as u32, *b as u32]));
        let judge = |cell: usize| {
            let at = [cell / grid.columns, cell % grid.columns];
            let [x, y] = grid.centre(at[0], at[1]);
            let point = [x, y, first.heights.values[at]];
            let place = Place {
                difference: difference.values[at],
                count: [
                    first.counts.values[at] as u32,
                    second.counts.values[at] as u32,
                ],
                spread: [first.spread.values[at], second.spread.values[at]],
                point,
                axis: [0.0, 0.0, 1.0],
                registration: self
                    .registration_rise(point, [slope[0].values[at], slope[1].values[at]]),
            };
            self.detection.judge_place(location, survey, &known, &place)
        };
        let judgements: Vec<Judgement> = (0..grid.rows * grid.columns)
            .into_par_iter()
            .map(judge)
            .collect();
        let raster = |value: fn(&Judgement) -> f64| Raster {
            grid,
            values: ndarray::Array2::from_shape_fn((grid.rows, grid.columns), |(row, column)| {
                value(&judgements[row * grid.columns + column])
            }),
        };
        DodRasters {
            level_of_detection: raster(|judgement| judgement.level_of_detection),
            standard_error: raster(|judgement| judgement.standard_error),
            p_value: raster(|judgement| judgement.p_value),
            status: raster(|judgement| f64::from(judgement.status as u8)),
            difference,
            slope,
            heights: [first.heights, second.heights],
            counts: [first.counts, second.counts],
        }
    }

    /// Number of cells around the result that affect it.
    fn margin_cells(&self) -> usize {
        match self.registration_error {
            RegistrationError::Given(_) => 0,
            RegistrationError::Covariance(_) => 1,
        }
    }

    /// Standard error that the alignment gives to the height of a surface of that slope at `point`,
    /// metres; NaN if it is free.
    fn registration_rise(&self, point: [f64; 3], [slope_x, slope_y]: [f64; 2]) -> f64 {
        let length = (1.0 + slope_x * slope_x + slope_y * slope_y).sqrt();
        let normal = [-slope_x, -slope_y, 1.0].map(|part| part / length);
        match &self.registration_error {
            RegistrationError::Given(metres) => *metres,
            RegistrationError::Covariance(_) => {
                self.registration_error.standard_error_along(point, normal) * length
            }
        }
    }
}
