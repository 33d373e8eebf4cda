//! DEM of difference.

use crate::{
    Detection, DodRasters, RegistrationError, SurveySample, SurveyStatistics,
    detection::{ErrorModel, Judgement, Place},
    halves::{self, MedianRasters},
    resolution_of_heights,
    scale::Location,
    slope,
};
use isopach_cloud::{Cloud, Columns, Positions, Rect};
use isopach_compute::{Error, Result};
use isopach_raster::{CellStatistic, Grid, Raster, Rasterise};
use isopach_tiling::{Tile, TileOperation, TileStats};
use rayon::prelude::*;

/// Difference of a statistic of the heights in each cell, compared − reference, with a level of
/// detection per cell.
///
/// Cells are those of the absolute grid (⌊coordinate / cell size⌋), so runs and tiles line up. A
/// cell that either epoch leaves empty has no difference: nothing is filled. The level of detection
/// is that of [`Detection`], from the scatter of the heights in the cell (after Wheaton et al.
/// 2010, with errors from the data); on a slope the scatter contains the slope, as the error of a
/// mean does. Means and medians have one; minimum, maximum and other percentiles have none, and say
/// so.
#[derive(Clone, Debug, PartialEq)]
pub struct Dod {
    /// Side of a cell, metres.
    pub cell_size: f64,
    /// What stands for the heights of a cell.
    pub statistic: CellStatistic,
    /// ASPRS classes that count; all where there are none.
    pub classes: Vec<u8>,
    /// Uncertainty of the alignment of the epochs. A covariance is propagated to each cell: the
    /// surface moves up by j·x / n_z where the pose moves by x, with the cell's slope in the normal
    /// n.
    pub registration_error: RegistrationError,
    /// How large a difference must be to be a change.
    pub detection: Detection,
}

impl Default for Dod {
    /// Means of 1 m cells, all classes, no registration error.
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

/// Location, spread and count of one epoch.
#[derive(Debug)]
struct EpochRasters {
    heights: Raster,
    /// Standard deviation or inter-quartile range; NaN for what has neither.
    spread: Raster,
    counts: Raster,
}

/// What there is before a cell is judged.
#[derive(Debug)]
struct Measured {
    difference: Raster,
    slope: [Raster; 2],
    epochs: [EpochRasters; 2],
}

impl Dod {
    /// The rasters over `extent`.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a cell size that is not above zero, a negative registration
    /// error, or what [`Detection::check`] refuses; [`Error::InvalidInput`] where classes are asked
    /// for and a cloud has none; whatever the backend declines with.
    pub fn run(
        &self,
        on: &(impl Rasterise + ?Sized),
        before: &Cloud,
        after: &Cloud,
        extent: Rect,
    ) -> Result<DodRasters> {
        self.detection.check()?;
        let clouds = [
            before.of_classes(&self.classes)?,
            after.of_classes(&self.classes)?,
        ];
        let grid = Grid::covering(&extent, self.cell_size)?;
        let points = [clouds[0].positions(), clouds[1].positions()];
        let measured = self.measure_cells(on, points, &grid)?;
        let survey = match self.detection.survey {
            Some(given) => given,
            None => self
                .sample_scatter(on, &measured, points, &grid)?
                .statistics(),
        };
        Ok(self.judge_cells(measured, Some(&survey)))
    }

    /// What the cells over `extent` say of the survey's scatter: for [`Detection::survey`], before
    /// a run tile by tile.
    ///
    /// Sample the survey with patches from all over it, [merge](SurveySample::merge) what each
    /// says, and state the resolution of the files ([`SurveySample::rounded_to`]) where the heights
    /// do not show it. A few thousand cells are plenty. Costs what [`Self::run`] costs, and with
    /// medians twice as much.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn sample_survey(
        &self,
        on: &(impl Rasterise + ?Sized),
        before: &Cloud,
        after: &Cloud,
        extent: Rect,
    ) -> Result<SurveySample> {
        self.detection.check()?;
        let clouds = [
            before.of_classes(&self.classes)?,
            after.of_classes(&self.classes)?,
        ];
        let grid = Grid::covering(&extent, self.cell_size)?;
        let points = [clouds[0].positions(), clouds[1].positions()];
        let measured = self.measure_cells(on, points, &grid)?;
        self.sample_scatter(on, &measured, points, &grid)
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
        let (wide, second) = (first?, second?);
        let flat = || Raster {
            grid: *grid,
            values: ndarray::Array2::zeros((grid.rows, grid.columns)),
        };
        let slope = if margin == 0 {
            [flat(), flat()]
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
            self.detection.judge_place(location, survey, &place)
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

    fn sample_scatter(
        &self,
        on: &(impl Rasterise + ?Sized),
        measured: &Measured,
        points: [Positions<'_>; 2],
        grid: &Grid,
    ) -> Result<SurveySample> {
        let location = Location::of_cell(self.statistic);
        let mut sample = SurveySample::default();
        sample.rounded_to(points.map(resolution_of_heights));
        let [first, second] = &measured.epochs;
        for row in 0..grid.rows {
            for column in 0..grid.columns {
                let scale = |epoch: &EpochRasters| {
                    location.scale_of(
                        epoch.spread.values[[row, column]],
                        epoch.counts.values[[row, column]] as u32,
                    )
                };
                sample.add_scales([scale(first), scale(second)]);
            }
        }
        let tested = self.detection.errors == ErrorModel::Student;
        if tested && matches!(location, Location::Median(_)) {
            for growth in halves::GROWTHS {
                let wide = Grid::covering(&grid.extent(), self.cell_size * growth)?;
                for epoch in points {
                    let [first, second] = halves::split_in_halves(epoch);
                    let look = |half: &Cloud| {
                        self.rasterise_epoch(on, half.positions(), &wide)
                            .map(MedianRasters::from)
                    };
                    let (first, second) = rayon::join(|| look(&first), || look(&second));
                    halves::add_cell_medians(&mut sample, [&first?, &second?]);
                }
                if sample.tells_median_factor() {
                    break;
                }
            }
        }
        Ok(sample)
    }

    /// Cells around the result that it depends on.
    fn margin_cells(&self) -> usize {
        usize::from(matches!(
            self.registration_error,
            RegistrationError::Covariance(_)
        ))
    }

    /// Standard error of the rise of a surface of that slope at `point` which the alignment
    /// explains, metres; NaN where it is free.
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

    /// The rasters of one epoch.
    fn rasterise_epoch(
        &self,
        on: &(impl Rasterise + ?Sized),
        points: Positions<'_>,
        grid: &Grid,
    ) -> Result<EpochRasters> {
        let [median, quarter, three_quarters] = [50.0, 25.0, 75.0].map(CellStatistic::Percentile);
        let statistics = match Location::of_cell(self.statistic) {
            Location::Mean => vec![
                CellStatistic::Mean,
                CellStatistic::Count,
                CellStatistic::StandardDeviation,
            ],
            Location::Median(_) => vec![median, CellStatistic::Count, quarter, three_quarters],
            Location::Extreme => vec![self.statistic, CellStatistic::Count],
        };
        let rasters = on.rasterise(points, grid, &statistics)?;
        let mut rasters = rasters.into_iter();
        let mut next = || {
            rasters.next().ok_or_else(|| {
                Error::InvalidInput("a backend gave fewer rasters than statistics".into())
            })
        };
        let (heights, counts) = (next()?, next()?);
        let spread = match Location::of_cell(self.statistic) {
            Location::Mean => next()?,
            Location::Median(_) => {
                let (low, high) = (next()?, next()?);
                Raster {
                    grid: *grid,
                    values: &high.values - &low.values,
                }
            }
            Location::Extreme => Raster {
                grid: *grid,
                values: ndarray::Array2::from_elem((grid.rows, grid.columns), f64::NAN),
            },
        };
        Ok(EpochRasters {
            heights,
            spread,
            counts,
        })
    }
}

impl From<EpochRasters> for MedianRasters {
    fn from(epoch: EpochRasters) -> Self {
        Self {
            median: epoch.heights,
            range: epoch.spread,
            count: epoch.counts,
        }
    }
}

impl<B: Rasterise + ?Sized> TileOperation<2, B> for Dod {
    type Output = DodRasters;

    /// The neighbouring cells of the reference, where the slope counts.
    fn halo(&self) -> f64 {
        self.margin_cells() as f64 * self.cell_size
    }

    fn cell_sizes(&self) -> Vec<f64> {
        vec![self.cell_size]
    }

    /// Sums and rasters of both epochs per cell, what is judged of it, and the cell (and height,
    /// for a median) of each point.
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
        // By indices, not by coordinates: a multiple of 0.3 m has no exact one.
        let cells = tile.cells.of_size(self.cell_size)?;
        let [columns, rows] = cells.counts().map(|n| n as usize);
        let grid = Grid {
            cell_size: self.cell_size,
            first: cells.first,
            columns,
            rows,
        };
        let [before, after] = &tile.epochs;
        let (before, after) = (
            before.of_classes(&self.classes)?,
            after.of_classes(&self.classes)?,
        );
        let measured = self.measure_cells(on, [before.positions(), after.positions()], &grid)?;
        Ok(self.judge_cells(measured, self.detection.survey.as_ref()))
    }
}
