//! Multiscale model to model cloud comparison.

use crate::{
    Detection, Differences, Normals, Orientation, RegistrationError, SurveySample,
    SurveyStatistics, detection::Place, halves, normals::axes_and_radii, resolution_of_heights,
    scale::Location,
};
use isopach_cloud::Positions;
use isopach_compute::{Error, Result};
use isopach_neighbours::{
    AlongNormals, AlongNormalsQuery, AxialStatistic, AxialStatistics, Cylinder, NeighbourIndex,
    NeighbourSearch, NormalQuery,
};

/// M3C2 (Lague, Brodu & Leroux 2013, ISPRS J. 82, doi:10.1016/j.isprsjprs.2013.04.009).
///
/// For each core point: a normal n; the points of each epoch in a cylinder about it (distance from
/// the axis ≤ r, offset along it ≤ L to either side, closed); then, with means m, deviations s
/// (divisor n − 1) and counts n of their offsets along the normal,
///
/// ```text
/// distance = m₂ − m₁          LoD₉₅ = t se + 1.96 registration error
/// ```
///
/// with the standard error se and Student's t by [`Detection`]. The robust variant takes medians
/// and inter-quartile ranges in the place of m and s. A positive distance is towards the side that
/// the normals point to. Lengths are metres; the radius is a radius and the depth a half length
/// (CloudCompare's scales are diameters). O(core points × points in cylinder and normal ball).
#[derive(Clone, Debug, PartialEq)]
pub struct M3c2 {
    /// What the change is measured along.
    pub normals: Normals,
    /// Radius of the cylinder, metres.
    pub cylinder_radius: f64,
    /// Half length of the cylinder, metres: changes larger than this are not seen.
    pub projection_depth: f64,
    /// Uncertainty of the alignment of the epochs; a covariance is propagated to each core point,
    /// along its normal.
    pub registration_error: RegistrationError,
    /// Mean and deviation, or median and inter-quartile range.
    pub statistic: AxialStatistic,
    /// How large a distance must be to be a change.
    pub detection: Detection,
}

impl Default for M3c2 {
    /// Normals at 1, 2 and 4 m pointing up, a cylinder of 1 m radius that reaches 5 m to either
    /// side, no registration error, means.
    fn default() -> Self {
        Self {
            normals: Normals::Multiscale {
                radii: vec![1.0, 2.0, 4.0],
                towards: Orientation::UP,
            },
            cylinder_radius: 1.0,
            projection_depth: 5.0,
            registration_error: 0.0.into(),
            statistic: AxialStatistic::MeanDeviation,
            detection: Detection::default(),
        }
    }
}

/// What is compared, and where.
#[derive(Clone, Copy, Debug)]
pub struct Epochs<'a> {
    /// The earlier epoch; normals come from it.
    pub reference: Positions<'a>,
    /// The later epoch.
    pub compared: Positions<'a>,
    /// Where to measure.
    pub core_points: Positions<'a>,
}

impl M3c2 {
    /// Distances at the core points, on any backend that can search neighbours.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] names a parameter that makes no sense; [`Error::InvalidInput`]
    /// where given normals and core points differ in number; whatever the backend declines with.
    pub fn run(
        &self,
        on: &(impl NeighbourSearch + ?Sized),
        epochs: Epochs<'_>,
    ) -> Result<Differences> {
        self.check()?;
        let (reference, compared) =
            rayon::join(|| on.index(epochs.reference), || on.index(epochs.compared));
        self.run_indexed(&*reference?, &*compared?, epochs.core_points)
    }

    /// As [`Self::run`], with indexes that are shared between operations or parameter sets.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_indexed(
        &self,
        reference: &dyn NeighbourIndex,
        compared: &dyn NeighbourIndex,
        core_points: Positions<'_>,
    ) -> Result<Differences> {
        self.run_with_normals_from(reference, reference, compared, core_points)
    }

    /// As [`Self::run_indexed`], with normals from another cloud than the reference epoch.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_with_normals_from(
        &self,
        surface: &dyn NeighbourIndex,
        reference: &dyn NeighbourIndex,
        compared: &dyn NeighbourIndex,
        core_points: Positions<'_>,
    ) -> Result<Differences> {
        self.check()?;
        let measured = self.measure_distances(surface, reference, compared, core_points)?;
        let survey = if self.detection.lacks_survey() {
            Some(
                self.sample_scatter(&measured, [reference, compared], core_points)?
                    .statistics(),
            )
        } else {
            self.detection.survey
        };
        Ok(self.judge_distances(measured, core_points, survey.as_ref()))
    }

    /// What the core points say of the survey's scatter: for [`Detection::survey`], before a run
    /// tile by tile.
    ///
    /// Sample the survey with patches from all over it, [merge](SurveySample::merge) what each
    /// says, and state the resolution of the files ([`SurveySample::rounded_to`]) where the points
    /// do not show it. A few thousand core points are plenty. Costs what [`Self::run`] costs, and
    /// with medians a search of random halves of each epoch, on the CPU.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn sample_survey(
        &self,
        on: &(impl NeighbourSearch + ?Sized),
        epochs: Epochs<'_>,
    ) -> Result<SurveySample> {
        self.check()?;
        let (reference, compared) =
            rayon::join(|| on.index(epochs.reference), || on.index(epochs.compared));
        let (reference, compared) = (reference?, compared?);
        let measured =
            self.measure_distances(&*reference, &*reference, &*compared, epochs.core_points)?;
        self.sample_scatter(&measured, [&*reference, &*compared], epochs.core_points)
    }

    /// Normals, and the points along them.
    fn measure_distances(
        &self,
        surface: &dyn NeighbourIndex,
        reference: &dyn NeighbourIndex,
        compared: &dyn NeighbourIndex,
        core_points: Positions<'_>,
    ) -> Result<Differences> {
        let cylinder = self.cylinder();
        let (mut axes, radii, mut before, mut after);
        if let Normals::Multiscale {
            radii: scales,
            towards,
        } = &self.normals
        {
            let around = NormalQuery {
                radii: scales,
                towards: towards.for_search(),
            };
            let sight = AlongNormalsQuery {
                surface: around,
                cylinder,
                statistic: self.statistic,
            };
            let found: AlongNormals =
                surface.along_normals(core_points, [reference, compared], sight)?;
            (axes, radii) = axes_and_radii(&found.normals);
            [before, after] = found.statistics;
        } else {
            (axes, radii) = self.normals.estimate_axes(surface, core_points)?;
            before = reference.cylinder_statistics(core_points, &axes, cylinder, self.statistic)?;
            after = compared.cylinder_statistics(core_points, &axes, cylinder, self.statistic)?;
        }
        let mut flat_normals = 0;
        if let Some(orientation) = self.normals.orientation() {
            for (i, axis) in axes.iter_mut().enumerate() {
                let place = core_points.absolute(i);
                flat_normals += usize::from(orientation.is_flat(place, *axis));
                if orientation.must_turn(place, *axis) {
                    *axis = axis.map(|part| -part);
                    reverse_axis(&mut before[i]);
                    reverse_axis(&mut after[i]);
                }
            }
        }
        Ok(Differences {
            flat_normals,
            ..Differences::from_statistics(axes, radii, [&before, &after])
        })
    }

    fn judge_distances(
        &self,
        measured: Differences,
        core_points: Positions<'_>,
        survey: Option<&SurveyStatistics>,
    ) -> Differences {
        let location = Location::of_axial(self.statistic);
        measured.with_judgements(|found, i| {
            let (point, axis) = (core_points.absolute(i), found.normal[i]);
            let place = Place {
                difference: found.distance[i],
                count: found.count_at(i),
                spread: found.spread_at(i),
                point,
                axis,
                registration: self.registration_error.standard_error_along(point, axis),
            };
            self.detection.judge_place(location, survey, &place)
        })
    }

    fn sample_scatter(
        &self,
        measured: &Differences,
        epochs: [&dyn NeighbourIndex; 2],
        core_points: Positions<'_>,
    ) -> Result<SurveySample> {
        let location = Location::of_axial(self.statistic);
        let mut sample = SurveySample::default();
        sample.rounded_to(epochs.map(|epoch| resolution_of_heights(epoch.positions())));
        for i in 0..measured.len() {
            let (count, spread) = (measured.count_at(i), measured.spread_at(i));
            sample.add_scales([0, 1].map(|epoch| location.scale_of(spread[epoch], count[epoch])));
        }
        if self.statistic == AxialStatistic::MedianIqr {
            for growth in halves::GROWTHS {
                let Cylinder {
                    radius,
                    half_length,
                } = self.cylinder();
                let wide = Cylinder {
                    radius: radius * growth,
                    half_length,
                };
                for (epoch, index) in epochs.into_iter().enumerate() {
                    let filled = halves::WellFilled::select(
                        core_points,
                        &measured.normal,
                        &measured.count[epoch],
                        growth,
                    );
                    halves::add_cylinder_medians(&mut sample, index.positions(), &filled, wide)?;
                }
                if sample.tells_median_factor() {
                    break;
                }
            }
        }
        Ok(sample)
    }

    fn cylinder(&self) -> Cylinder {
        Cylinder {
            radius: self.cylinder_radius,
            half_length: self.projection_depth,
        }
    }

    /// How far around a core point its result depends on, metres.
    #[must_use]
    pub fn search_radius(&self) -> f64 {
        self.cylinder_radius
            .hypot(self.projection_depth)
            .max(self.normals.largest_radius())
    }

    /// Refuses parameters that make no sense.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] names the parameter, its value, and what it must be.
    pub fn check(&self) -> Result<()> {
        self.normals.check()?;
        Error::positive("cylinder radius", self.cylinder_radius)?;
        Error::positive("projection depth", self.projection_depth)?;
        self.detection.check()?;
        self.registration_error.check()
    }
}

/// The same points seen along the opposite axis.
fn reverse_axis(statistics: &mut AxialStatistics) {
    statistics.location = -statistics.location;
}
