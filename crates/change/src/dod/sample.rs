//! Scatter of a survey, sampled in cells.

use super::{Dod, Measured, epoch::EpochRasters};
use crate::{
    SurveySample,
    detection::ErrorModel,
    halves::{self, MedianRasters},
    resolution_of_heights,
    scale::Location,
};
use isopach_cloud::{Cloud, Positions, Rect};
use isopach_compute::Result;
use isopach_raster::{Grid, Rasterise};

impl Dod {
    /// Samples the scatter of the survey in the cells over `extent`: input of
    /// [`crate::Detection::survey`] before a tiled run.
    ///
    /// Sample patches from all over the survey, [merge](SurveySample::merge) the samples, and state
    /// the resolution of the files ([`SurveySample::rounded_to`]) if the heights do not show it. A
    /// few thousand cells are enough. Costs as much as [`Self::run`]; with medians twice as much.
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
        let before = before.filter_classes(&self.classes)?;
        let after = after.filter_classes(&self.classes)?;
        let points = [before.positions(), after.positions()];
        let grid = Grid::covering(&extent, self.cell_size)?;
        let measured = self.measure_cells(on, points, &grid)?;
        self.sample_scatter(on, &measured, points, &grid)
    }

    pub(super) fn sample_scatter(
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
                let at = [row, column];
                let scale_of = |epoch: &EpochRasters| {
                    location.scale_of(epoch.spread.values[at], epoch.counts.values[at] as u32)
                };
                sample.add_scales([scale_of(first), scale_of(second)]);
            }
        }
        let is_tested = match self.detection.errors {
            ErrorModel::Student => true,
            ErrorModel::Normal | ErrorModel::Points(_) => false,
        };
        match location {
            Location::Median(_) if is_tested => {
                self.sample_medians(on, &mut sample, points, grid)?
            }
            Location::Median(_) | Location::Mean | Location::Extreme => {}
        }
        Ok(sample)
    }

    /// Adds medians of random halves of each epoch, in cells that grow until there are enough.
    fn sample_medians(
        &self,
        on: &(impl Rasterise + ?Sized),
        sample: &mut SurveySample,
        points: [Positions<'_>; 2],
        grid: &Grid,
    ) -> Result<()> {
        for growth in halves::GROWTHS {
            let wide = Grid::covering(&grid.extent(), self.cell_size * growth)?;
            for epoch in points {
                let [first, second] = halves::split_in_halves(epoch);
                let medians_of = |half: &Cloud| {
                    self.rasterise_epoch(on, half.positions(), &wide)
                        .map(MedianRasters::from)
                };
                let (first, second) = rayon::join(|| medians_of(&first), || medians_of(&second));
                halves::add_cell_medians(sample, [&first?, &second?]);
            }
            if sample.tells_median_factor() {
                break;
            }
        }
        Ok(())
    }
}
