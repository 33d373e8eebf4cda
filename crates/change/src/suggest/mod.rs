//! Suggestions: parameters derived from the data.

mod parameters;
mod probes;

use crate::{ChangeError, Epochs, M3c2, Normals, Orientation};
use isopach_cloud::Cloud;
use isopach_compute::Result;
use isopach_neighbours::{AxialStatistic, NeighbourSearch};
use parameters::{
    suggest_cell_size, suggest_core_spacing, suggest_cylinder_radius, suggest_normal_radii,
    suggest_projection_depth, suggest_statistic,
};
use probes::{NEIGHBOURS, choose_probes, median_densities};

/// Suggested value of a parameter, with its reason.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Suggested<T> {
    /// Suggested value.
    pub value: T,
    /// Reason from the data, in words and numbers.
    pub reason: String,
}

/// Suggested parameters of M3C2 and DoD for two clouds, each with its reason.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Suggestions {
    /// Point density of the surface, points per m²: reference, compared. Medians over the area.
    pub density: [f64; 2],
    /// Radii of the neighbourhoods of [`Normals::Multiscale`], metres.
    pub normal_radii: Suggested<Vec<f64>>,
    /// Value for [`M3c2::cylinder_radius`], metres.
    pub cylinder_radius: Suggested<f64>,
    /// Value for [`M3c2::projection_depth`], metres.
    pub projection_depth: Suggested<f64>,
    /// Spacing of the core points ([`crate::CoreSelection`]), metres.
    pub core_spacing: Suggested<f64>,
    /// Value for [`M3c2::statistic`].
    pub statistic: Suggested<AxialStatistic>,
    /// Cell size of a DEM of difference, metres.
    pub cell_size: Suggested<f64>,
}

impl Suggestions {
    /// M3C2 with these parameters, and normals towards the given side.
    #[must_use]
    pub fn to_m3c2(&self, towards: Orientation) -> M3c2 {
        M3c2 {
            normals: Normals::Multiscale {
                radii: self.normal_radii.value.clone(),
                towards,
            },
            cylinder_radius: self.cylinder_radius.value,
            projection_depth: self.projection_depth.value,
            statistic: self.statistic.value,
            ..M3c2::default()
        }
    }
}

impl M3c2 {
    /// Suggests parameters for two clouds: whole epochs, or patches of a survey.
    ///
    /// Some 2,000 places of the reference are examined. A hash of their positions chooses them, so
    /// the result depends neither on the order of the points nor on chance.
    ///
    /// ```
    /// use isopach_change::M3c2;
    /// use isopach_cloud::Cloud;
    /// use isopach_compute::Cpu;
    /// let plane = |z: f64| {
    ///     let point = |i: u32| [f64::from(i % 60) * 0.5, f64::from(i / 60) * 0.5, z + 0.01 * f64::from(i * i % 7)];
    ///     Cloud::from_points(&(0..3600).map(point).collect::<Vec<_>>())
    /// };
    /// let found = M3c2::suggest_parameters(&Cpu, &plane(0.0)?, &plane(0.3)?)?;
    /// assert!((1.2..2.5).contains(&found.cylinder_radius.value), "{}", found.cylinder_radius.reason);
    /// assert_eq!(found.cell_size.value, 2.0);
    /// # Ok::<(), isopach_compute::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidInput`](isopach_compute::Error::InvalidInput) if an epoch has 20 points or fewer; any error of the backend.
    pub fn suggest_parameters(
        on: &(impl NeighbourSearch + ?Sized),
        before: &Cloud,
        after: &Cloud,
    ) -> Result<Suggestions> {
        for (epoch, cloud) in [("reference", before), ("compared", after)] {
            if cloud.len() <= NEIGHBOURS {
                return Err(ChangeError::TooFewPoints {
                    epoch,
                    points: cloud.len(),
                    needed: NEIGHBOURS + 1,
                }
                .into());
            }
        }
        let probes = choose_probes(before.positions());
        let (reference, compared) = rayon::join(
            || on.index(before.positions()),
            || on.index(after.positions()),
        );
        let reference = reference?;
        let compared = compared?;
        let density = median_densities(&*reference, &*compared, probes.positions())?;
        let sparser = density[0].min(density[1]);
        let cylinder_radius = suggest_cylinder_radius(sparser);
        let mut suggestions = Suggestions {
            density,
            normal_radii: suggest_normal_radii(&*reference, probes.positions(), density[0])?,
            core_spacing: suggest_core_spacing(cylinder_radius.value),
            projection_depth: suggest_projection_depth(
                [&*reference, &*compared],
                before,
                after,
                cylinder_radius.value,
            )?,
            statistic: Suggested {
                value: AxialStatistic::MeanDeviation,
                reason: String::new(),
            },
            cell_size: suggest_cell_size(sparser)?,
            cylinder_radius,
        };
        let epochs = Epochs {
            reference: before.positions(),
            compared: after.positions(),
            core_points: probes.positions(),
        };
        suggestions.statistic =
            suggest_statistic(on, &suggestions.to_m3c2(Orientation::UP), epochs)?;
        Ok(suggestions)
    }
}

#[cfg(feature = "dod")]
impl crate::Dod {
    /// Suggests a cell size: the smallest of 1, 2, 5 · 10ⁿ metres whose cells hold five points of
    /// the sparser epoch on average. Round sizes make runs line up.
    ///
    /// `density` is in points per m² of the sparser epoch.
    ///
    /// ```
    /// assert_eq!(isopach_change::Dod::suggest_cell_size(5.1)?.value, 1.0);
    /// assert_eq!(isopach_change::Dod::suggest_cell_size(0.3)?.value, 5.0);
    /// # Ok::<(), isopach_change::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidParameter`](isopach_compute::Error::InvalidParameter) unless the density is a finite number above zero.
    pub fn suggest_cell_size(density: f64) -> Result<Suggested<f64>> {
        suggest_cell_size(density)
    }
}
