//! Multiscale model to model cloud comparison.

use crate::{Differences, Normals, RegistrationError, normals::axes_and_radii};
use isopach_cloud::Positions;
use isopach_compute::{Error, Result};
use isopach_neighbours::{AlongNormals, AxialStatistic, Cylinder, NeighbourIndex, NeighbourSearch, Sight, Surface};

/// M3C2 (Lague, Brodu & Leroux 2013, ISPRS J. 82).
///
/// For each core point: a normal n; the points of each epoch in a cylinder about it (distance from the axis ≤ r, offset along it
/// ≤ L to either side, closed); then, with means m, deviations s (divisor n − 1) and counts n of their offsets along the normal,
///
/// ```text
/// distance = m₂ − m₁          LoD₉₅ = 1.96 (√(s₁²/n₁ + s₂²/n₂) + registration error)
/// ```
///
/// The robust variant takes medians and inter-quartile ranges in the place of m and s. Lengths are metres; the radius is a radius and the depth a
/// half length (CloudCompare's scales are diameters). O(core points × points in cylinder and normal ball).
#[derive(Clone, Debug, PartialEq)]
pub struct M3c2 {
    /// What the change is measured along.
    pub normals: Normals,
    /// Radius of the cylinder, metres.
    pub cylinder_radius: f64,
    /// Half length of the cylinder, metres: changes larger than this are not seen.
    pub projection_depth: f64,
    /// Uncertainty of the alignment of the epochs; a covariance is propagated to each core point, along its normal.
    pub registration_error: RegistrationError,
    /// Mean and deviation, or median and inter-quartile range.
    pub statistic: AxialStatistic,
}

impl Default for M3c2 {
    /// Normals at 1, 2 and 4 m pointing up, a cylinder of 1 m radius that reaches 5 m to either side, no registration error, means.
    fn default() -> Self {
        Self {
            normals: Normals::Multiscale { radii: vec![1.0, 2.0, 4.0], towards: [0.0, 0.0, 1.0] },
            cylinder_radius: 1.0,
            projection_depth: 5.0,
            registration_error: 0.0.into(),
            statistic: AxialStatistic::MeanDeviation,
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
    /// [`Error::InvalidParameter`] names a parameter that makes no sense; [`Error::InvalidInput`] where given normals and core points
    /// differ in number; whatever the backend declines with.
    pub fn run(&self, on: &(impl NeighbourSearch + ?Sized), epochs: Epochs<'_>) -> Result<Differences> {
        self.check()?;
        let (reference, compared) = rayon::join(|| on.index(epochs.reference), || on.index(epochs.compared));
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
        let cylinder = Cylinder { radius: self.cylinder_radius, half_length: self.projection_depth };
        if let Normals::Multiscale { radii, towards } = &self.normals {
            let around = Surface { radii, towards: *towards };
            let sight = Sight { surface: around, cylinder, statistic: self.statistic };
            let AlongNormals { normals, statistics: [before, after] } =
                surface.along_normals(core_points, [reference, compared], sight)?;
            let (axes, radii) = axes_and_radii(&normals);
            return Ok(Differences::of(core_points, axes, radii, [&before, &after], &self.registration_error));
        }
        let (axes, radii) = self.normals.axes(surface, core_points)?;
        let before = reference.cylinders(core_points, &axes, cylinder, self.statistic)?;
        let after = compared.cylinders(core_points, &axes, cylinder, self.statistic)?;
        Ok(Differences::of(core_points, axes, radii, [&before, &after], &self.registration_error))
    }

    /// How far around a core point its result depends on, metres.
    #[must_use]
    pub fn reach(&self) -> f64 {
        self.cylinder_radius.hypot(self.projection_depth).max(self.normals.largest_radius())
    }

    /// Refuses parameters that make no sense.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] names the parameter, its value, and what it must be.
    pub fn check(&self) -> Result<()> {
        self.normals.check()?;
        Error::positive("cylinder radius", self.cylinder_radius)?;
        Error::positive("projection depth", self.projection_depth)?;
        self.registration_error.check()
    }
}
