//! M3C2: multiscale model to model cloud comparison.

mod sample;

use crate::{
    Detection, Differences, Normals, Orientation, RegistrationError, SurveyStatistics,
    detection::Place, normals::Measurement, scale::Location,
};
use isopach_cloud::{Positions, REACH};
use isopach_compute::{Error, Result};
use isopach_neighbours::{
    AxialStatistic, Cylinder, CylinderQuery, NeighbourIndex, NeighbourSearch,
};

/// Distance between two epochs along the local surface normal, with a level of detection at each
/// core point: M3C2 (Lague, Brodu & Leroux 2013, doi:10.1016/j.isprsjprs.2013.04.009).
///
/// For each core point: a normal; the points of each epoch inside a cylinder about it (distance
/// from the axis ≤ radius, offset along it ≤ depth to either side, closed); then, with means m,
/// standard deviations s (divisor n − 1) and counts n of their offsets along the normal,
///
/// ```text
/// distance = m₂ − m₁          LoD₉₅ = t se + 1.96 registration error
/// ```
///
/// with the standard error se and Student's t by [`Detection`]. The robust variant uses medians and
/// inter-quartile ranges instead of m and s. A positive distance is towards the side that the
/// normals point to. Lengths are metres: a radius and a half length, unlike the diameters of
/// CloudCompare's scales. O(core points × points in cylinder and normal neighbourhood).
///
/// ```
/// use isopach_change::{ChangeStatus, Cloud, Cpu, Epochs, M3c2};
///
/// // A rough plane of 12 m × 12 m; in the second epoch its eastern half is 20 cm higher.
/// let plane = |step: f64| -> Vec<[f64; 3]> {
///     let at = |i: u32| [f64::from(i % 60) * 0.2, f64::from(i / 60) * 0.2, 0.01 * f64::from(i * i % 7)];
///     (0..3600).map(at).map(|[x, y, z]| [x, y, if x > 6.0 { z + step } else { z }]).collect()
/// };
/// let [reference, compared] = [Cloud::from_points(&plane(0.0))?, Cloud::from_points(&plane(0.2))?];
/// let core_points = Cloud::from_points(&[[3.0, 6.0, 0.0], [9.0, 6.0, 0.0], [90.0, 6.0, 0.0]])?;
/// let m3c2 = M3c2 { registration_error: 0.01.into(), ..M3c2::default() };
/// let change = m3c2.run(&Cpu, Epochs {
///     reference: reference.positions(),
///     compared: compared.positions(),
///     core_points: core_points.positions(),
/// })?;
/// assert_eq!(change.significant, [false, true, false]);
/// assert!((change.distance[1] - 0.2).abs() < 1e-4);
/// assert_eq!(change.status[2], ChangeStatus::NoNormal);
/// # Ok::<(), isopach_change::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct M3c2 {
    /// Source of the normals that distances are measured along.
    pub normals: Normals,
    /// Radius of the cylinder, metres.
    pub cylinder_radius: f64,
    /// Half length of the cylinder, metres: the largest change that is seen.
    pub projection_depth: f64,
    /// Uncertainty of the alignment of the epochs. A covariance is propagated to each core point,
    /// along its normal.
    pub registration_error: RegistrationError,
    /// Mean and standard deviation, or median and inter-quartile range.
    pub statistic: AxialStatistic,
    /// Level of detection.
    pub detection: Detection,
}

impl Default for M3c2 {
    /// Upward normals at 1, 2 and 4 m, a cylinder of 1 m radius and 5 m half length, no
    /// registration error, means.
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

/// Input of M3C2: two epochs, and the core points to measure at.
#[derive(Clone, Copy, Debug)]
pub struct Epochs<'a> {
    /// Earlier epoch; normals come from it.
    pub reference: Positions<'a>,
    /// Later epoch.
    pub compared: Positions<'a>,
    /// Points to measure at.
    pub core_points: Positions<'a>,
}

/// Indexes of both epochs.
struct EpochIndexes<'a> {
    reference: Box<dyn NeighbourIndex + 'a>,
    compared: Box<dyn NeighbourIndex + 'a>,
}

impl<'a> EpochIndexes<'a> {
    fn build(on: &(impl NeighbourSearch + ?Sized), epochs: Epochs<'a>) -> Result<Self> {
        let (reference, compared) =
            rayon::join(|| on.index(epochs.reference), || on.index(epochs.compared));
        Ok(Self {
            reference: reference?,
            compared: compared?,
        })
    }
}

impl M3c2 {
    /// Measures the distances at the core points, on any backend that can search neighbours.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] names a parameter that is out of range; [`Error::InvalidInput`]
    /// if given normals and core points differ in number; any error of the backend.
    pub fn run(
        &self,
        on: &(impl NeighbourSearch + ?Sized),
        epochs: Epochs<'_>,
    ) -> Result<Differences> {
        self.check()?;
        let indexes = EpochIndexes::build(on, epochs)?;
        self.run_indexed(&*indexes.reference, &*indexes.compared, epochs.core_points)
    }

    /// Measures as [`Self::run`], with indexes that several operations or parameter sets share.
    ///
    /// ```
    /// use isopach_change::{Cloud, Cpu, M3c2, NeighbourSearch};
    /// # let plane = |z: f64| -> Vec<[f64; 3]> {
    /// #     (0..900).map(|i| [f64::from(i % 30) * 0.2, f64::from(i / 30) * 0.2, z + 0.002 * f64::from(i % 7)]).collect()
    /// # };
    /// # let [reference, compared] = [Cloud::from_points(&plane(0.0))?, Cloud::from_points(&plane(0.1))?];
    /// let before = Cpu.index(reference.positions())?;
    /// let after = Cpu.index(compared.positions())?;
    /// for cylinder_radius in [0.5, 1.0] {
    ///     let m3c2 = M3c2 { cylinder_radius, ..M3c2::default() };
    ///     let change = m3c2.run_indexed(&*before, &*after, reference.positions())?;
    ///     assert!((change.distance[450] - 0.1).abs() < 1e-3);
    /// }
    /// # Ok::<(), isopach_change::Error>(())
    /// ```
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

    /// Measures as [`Self::run_indexed`], with normals from another cloud than the reference epoch.
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
        let epochs = [reference, compared];
        let measured = self.measure_distances(surface, epochs, core_points)?;
        let survey = if self.detection.lacks_survey() {
            let sample = self.sample_scatter(&measured, epochs, core_points)?;
            Some(sample.statistics())
        } else {
            self.detection.survey
        };
        Ok(self.judge_distances(measured, core_points, survey.as_ref()))
    }

    /// Normals, and the points along them.
    fn measure_distances(
        &self,
        surface: &dyn NeighbourIndex,
        epochs: [&dyn NeighbourIndex; 2],
        core_points: Positions<'_>,
    ) -> Result<Differences> {
        let query = CylinderQuery {
            cylinder: self.cylinder(),
            statistic: self.statistic,
        };
        let Measurement {
            axes,
            radii,
            statistics: [before, after],
            flat_normals,
        } = self
            .normals
            .measure_along(surface, epochs, core_points, query)?;
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
        let counts = (0..measured.len()).map(|i| measured.count_at(i));
        let known = self.detection.learn_tests(location, counts);
        measured.with_judgements(|found, i| {
            let point = core_points.absolute(i);
            let axis = found.normal[i];
            let place = Place {
                difference: found.distance[i],
                count: found.count_at(i),
                spread: found.spread_at(i),
                point,
                axis,
                registration: self.registration_error.standard_error_along(point, axis),
            };
            self.detection.judge_place(location, survey, &known, &place)
        })
    }

    fn cylinder(&self) -> Cylinder {
        Cylinder {
            radius: self.cylinder_radius,
            half_length: self.projection_depth,
        }
    }

    /// Distance from a core point within which points affect its result, metres.
    #[must_use]
    pub fn search_radius(&self) -> f64 {
        self.cylinder_radius
            .hypot(self.projection_depth)
            .max(self.normals.largest_radius())
    }

    /// Checks all parameters.
    ///
    /// ```
    /// use isopach_change::M3c2;
    /// let error = M3c2 { cylinder_radius: 9000.0, ..M3c2::default() }.check().unwrap_err();
    /// assert_eq!(error.to_string(), "cylinder radius is 9000, but must be below 8192 m");
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] names the parameter, its value and its range.
    pub fn check(&self) -> Result<()> {
        self.normals.check()?;
        for (name, length) in [
            ("cylinder radius", self.cylinder_radius),
            ("projection depth", self.projection_depth),
        ] {
            Error::positive(name, length)?;
            Error::check(name, length, length < REACH, "be below 8192 m")?;
        }
        self.detection.check()?;
        self.registration_error.check()
    }
}
