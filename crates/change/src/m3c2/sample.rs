//! Scatter of a survey, sampled at core points.

use super::{EpochIndexes, Epochs, M3c2};
use crate::{Differences, SurveySample, halves, resolution_of_heights, scale::Location};
use isopach_cloud::Positions;
use isopach_compute::Result;
use isopach_neighbours::{AxialStatistic, Cylinder, NeighbourIndex, NeighbourSearch};

impl M3c2 {
    /// Samples the scatter of the survey at the core points: input of [`crate::Detection::survey`]
    /// before a tiled run.
    ///
    /// Sample patches from all over the survey, [merge](SurveySample::merge) the samples, and state
    /// the resolution of the files ([`SurveySample::rounded_to`]) if the points do not show it. A
    /// few thousand core points are enough. Costs as much as [`Self::run`]; with medians also a
    /// search of random halves of each epoch, on the CPU.
    ///
    /// ```
    /// use isopach_change::{Cloud, Cpu, Detection, Epochs, M3c2};
    /// # let plane = |z: f64| -> Vec<[f64; 3]> {
    /// #     (0..2500).map(|i| [f64::from(i % 50) * 0.2, f64::from(i / 50) * 0.2, z + 0.01 * f64::from(i * i % 7)]).collect()
    /// # };
    /// # let [reference, compared] = [Cloud::from_points(&plane(0.0))?, Cloud::from_points(&plane(0.1))?];
    /// # let core_points = reference.subsample_grid(1.0)?;
    /// # let epochs = Epochs {
    /// #     reference: reference.positions(),
    /// #     compared: compared.positions(),
    /// #     core_points: core_points.positions(),
    /// # };
    /// let survey = M3c2::default().sample_survey(&Cpu, epochs)?.statistics();
    /// let tiled = M3c2 {
    ///     detection: Detection { survey: Some(survey), ..Detection::default() },
    ///     ..M3c2::default()
    /// };
    /// assert!(survey.pooled_spread[0] > 0.01);
    /// # Ok::<(), isopach_change::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn sample_survey(
        &self,
        on: &(impl NeighbourSearch + ?Sized),
        epochs: Epochs<'_>,
    ) -> Result<SurveySample> {
        self.check()?;
        let indexes = EpochIndexes::build(on, epochs)?;
        let both = [&*indexes.reference, &*indexes.compared];
        let measured = self.measure_distances(both[0], both, epochs.core_points)?;
        self.sample_scatter(&measured, both, epochs.core_points)
    }

    pub(super) fn sample_scatter(
        &self,
        measured: &Differences,
        epochs: [&dyn NeighbourIndex; 2],
        core_points: Positions<'_>,
    ) -> Result<SurveySample> {
        let location = Location::of_axial(self.statistic);
        let mut sample = SurveySample::default();
        sample.rounded_to(epochs.map(|epoch| resolution_of_heights(epoch.positions())));
        for i in 0..measured.len() {
            let count = measured.count_at(i);
            let spread = measured.spread_at(i);
            sample.add_scales([0, 1].map(|epoch| location.scale_of(spread[epoch], count[epoch])));
        }
        match self.statistic {
            AxialStatistic::MeanDeviation => {}
            AxialStatistic::MedianIqr => {
                self.sample_medians(&mut sample, measured, epochs, core_points)?;
            }
        }
        Ok(sample)
    }

    /// Adds medians of random halves of each epoch, in cylinders that grow until there are enough.
    fn sample_medians(
        &self,
        sample: &mut SurveySample,
        measured: &Differences,
        epochs: [&dyn NeighbourIndex; 2],
        core_points: Positions<'_>,
    ) -> Result<()> {
        let cylinder = self.cylinder();
        for growth in halves::GROWTHS {
            let wide = Cylinder {
                radius: cylinder.radius * growth,
                ..cylinder
            };
            for (epoch, index) in epochs.into_iter().enumerate() {
                let counts = &measured.count[epoch];
                let filled =
                    halves::WellFilled::select(core_points, &measured.normal, counts, growth);
                halves::add_cylinder_medians(sample, index.positions(), &filled, wide)?;
            }
            if sample.tells_median_factor() {
                break;
            }
        }
        Ok(())
    }
}
