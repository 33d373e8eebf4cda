//! Parameters that the data ask for.

use crate::{
    Dod, Epochs, M3c2, Normals, Orientation, distributions::fisher_two_sided,
    position_hash::position_hash,
};
use isopach_cloud::{Cloud, Positions};
use isopach_compute::{Error, Result};
use isopach_neighbours::{AxialStatistic, NeighbourIndex, NeighbourSearch};

/// A parameter, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggested<T> {
    /// Its value.
    pub value: T,
    /// What in the data speaks for it, in words and numbers.
    pub reason: String,
}

/// Parameters of M3C2 and DoD that two clouds ask for, each with its reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestions {
    /// Points per m² of the surface: reference, compared. Medians over the area.
    pub density: [f64; 2],
    /// Radii of the neighbourhoods of [`Normals::Multiscale`], metres.
    pub normal_radii: Suggested<Vec<f64>>,
    /// Of [`M3c2::cylinder_radius`], metres.
    pub cylinder_radius: Suggested<f64>,
    /// Of [`M3c2::projection_depth`], metres.
    pub projection_depth: Suggested<f64>,
    /// Metres between core points ([`crate::CoreSelection`]).
    pub core_spacing: Suggested<f64>,
    /// Of [`M3c2::statistic`].
    pub statistic: Suggested<AxialStatistic>,
    /// Of [`Dod::cell_size`], metres.
    pub cell_size: Suggested<f64>,
}

/// Places that are looked at.
const PROBES: usize = 2000;

/// Neighbours that a density is told from.
const NEIGHBOURS: usize = 20;

/// Points that a cylinder of the sparser epoch should hold: Lague et al. 2013 ask for 20 at least.
const IN_CYLINDER: f64 = 25.0;

/// Points that a cell of the sparser epoch should hold: fewer find a change of three standard
/// deviations in less than three of four cells.
const IN_CELL: f64 = 5.0;

/// Points that a normal needs.
const FOR_NORMAL: f64 = 10.0;

/// Diameter of a neighbourhood over the roughness in it, from which on the roughness tilts a normal
/// by less than 2 % of the distance (Lague et al. 2013, section 3.2: 20 to 25).
const DIAMETER_OVER_ROUGHNESS: f64 = 25.0;

/// How often the neighbourhood is doubled in search of it.
const DOUBLINGS: usize = 6;

/// Share of the places in which the epochs' variances may contradict each other's ratio.
const CONTRADICTING: f64 = 0.05;

impl Suggestions {
    /// M3C2 with these parameters, normals towards a side.
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
    /// The parameters that two clouds ask for. Give it whole clouds, or patches of a survey: some
    /// 2,000 places of the reference are looked at, chosen by a hash of their positions, so that
    /// neither order nor chance is seen in the result.
    ///
    /// ```
    /// use isopach_change::M3c2;
    /// use isopach_cloud::Cloud;
    /// use isopach_compute::Cpu;
    /// let plane = |z: f64| {
    ///     let point = |i: u32| [f64::from(i % 60) * 0.5, f64::from(i / 60) * 0.5, z + 0.01 * f64::from(i * i % 7)];
    ///     Cloud::from_points(&(0..3600).map(point).collect::<Vec<_>>())
    /// };
    /// let found = M3c2::suggest(&Cpu, &plane(0.0)?, &plane(0.3)?)?;
    /// assert!((1.2..2.5).contains(&found.cylinder_radius.value), "{}", found.cylinder_radius.reason);
    /// assert_eq!(found.cell_size.value, 2.0);
    /// # Ok::<(), isopach_compute::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidInput`] where an epoch has too few points to tell; whatever the backend
    /// declines with.
    pub fn suggest_parameters(
        on: &(impl NeighbourSearch + ?Sized),
        before: &Cloud,
        after: &Cloud,
    ) -> Result<Suggestions> {
        for (epoch, cloud) in [("reference", before), ("compared", after)] {
            if cloud.len() <= NEIGHBOURS {
                return Err(Error::InvalidInput(format!(
                    "the {epoch} epoch has {} points: parameters can be suggested from {} on",
                    cloud.len(),
                    NEIGHBOURS + 1
                )));
            }
        }
        let probes = choose_probes(before.positions());
        let (reference, compared) = rayon::join(
            || on.index(before.positions()),
            || on.index(after.positions()),
        );
        let (reference, compared) = (reference?, compared?);
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
            cell_size: Dod::suggest_cell_size(sparser)?,
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

impl Dod {
    /// The smallest cell of 1, 2, 5 · 10ⁿ metres that holds five points on average, for so many
    /// points per m² of the sparser epoch: round sizes, so that runs line up.
    ///
    /// ```
    /// assert_eq!(isopach_change::Dod::suggest_cell(5.1)?.value, 1.0);
    /// assert_eq!(isopach_change::Dod::suggest_cell(0.3)?.value, 5.0);
    /// # Ok::<(), isopach_compute::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] unless the density is a finite number above zero.
    pub fn suggest_cell_size(density: f64) -> Result<Suggested<f64>> {
        Error::positive("point density", density)?;
        let value = round_up_to((IN_CELL / density).sqrt(), &[1.0, 2.0, 5.0]);
        let held = density * value * value;
        let reason = format!(
            "{held:.1} points per cell at {density:.2} points per m² of the sparser epoch (at least {IN_CELL})"
        );
        Ok(Suggested { value, reason })
    }
}

/// The smallest of `steps` · 10ⁿ that is not below `value` > 0.
fn round_up_to(value: f64, steps: &[f64]) -> f64 {
    let exponent = value.log10().floor() as i32;
    let decade = |exponent: i32, step: &f64| {
        // Dividing keeps 0.2 the double that a user writes.
        if exponent < 0 {
            step / 10.0_f64.powi(-exponent)
        } else {
            step * 10.0_f64.powi(exponent)
        }
    };
    let candidates = [exponent, exponent + 1]
        .into_iter()
        .flat_map(|exponent| steps.iter().map(move |s| decade(exponent, s)));
    candidates
        .into_iter()
        .find(|candidate| *candidate >= value * (1.0 - 1e-9))
        .unwrap_or(value)
}

/// The points with the lowest hashes of their positions.
fn choose_probes(points: Positions<'_>) -> Cloud {
    let mut hashed: Vec<(u64, [i32; 3])> = (0..points.len())
        .map(|i| (position_hash(points.absolute_ticks(i)), points.ticks()[i]))
        .collect();
    hashed.sort_unstable();
    hashed.truncate(PROBES);
    Cloud::new(
        points.origin(),
        hashed.into_iter().map(|(_, ticks)| ticks).collect(),
    )
}

/// Points per m² of both epochs: from the distance to the twentieth neighbour, medians over the
/// area (dense parts have more probes, and so each counts by the area that it stands for).
fn median_densities(
    reference: &dyn NeighbourIndex,
    compared: &dyn NeighbourIndex,
    probes: Positions<'_>,
) -> Result<[f64; 2]> {
    let first = local_densities(reference, probes)?;
    let second = local_densities(compared, probes)?;
    let area: Vec<f64> = first.iter().map(|density| 1.0 / density).collect();
    Ok([
        weighted_median(&first, &area),
        weighted_median(&second, &area),
    ])
}

fn local_densities(index: &dyn NeighbourIndex, probes: Positions<'_>) -> Result<Vec<f64>> {
    let lists = index.k_nearest(probes, NEIGHBOURS, f64::INFINITY)?;
    let smallest = f64::from(f32::MIN_POSITIVE);
    let density = |i: usize| {
        let squared = f64::from(lists.squared_distances[lists.offsets[i + 1] - 1]).max(smallest);
        (NEIGHBOURS - 1) as f64 / (std::f64::consts::PI * squared)
    };
    Ok((0..lists.len()).map(density).collect())
}

fn weighted_median(values: &[f64], weights: &[f64]) -> f64 {
    let mut pairs: Vec<(f64, f64)> = values
        .iter()
        .copied()
        .zip(weights.iter().copied())
        .collect();
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let half = 0.5 * pairs.iter().map(|(_, weight)| weight).sum::<f64>();
    let mut below = 0.0;
    for (value, weight) in &pairs {
        below += weight;
        if below >= half {
            return *value;
        }
    }
    f64::NAN
}

fn finite_quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.retain(|value| value.is_finite());
    values.sort_unstable_by(f64::total_cmp);
    let at = (share * values.len().saturating_sub(1) as f64).round() as usize;
    values.get(at).copied().unwrap_or(f64::NAN)
}

fn suggest_cylinder_radius(sparser: f64) -> Suggested<f64> {
    let needed = (IN_CYLINDER / (std::f64::consts::PI * sparser)).sqrt();
    let value = round_up_to(needed, &[1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0]);
    let held = std::f64::consts::PI * value * value * sparser;
    let reason = format!(
        "{held:.0} points in a cylinder at {sparser:.2} points per m² of the sparser epoch (at least {IN_CYLINDER})"
    );
    Suggested { value, reason }
}

fn suggest_core_spacing(cylinder_radius: f64) -> Suggested<f64> {
    let value = round_up_to(cylinder_radius, &[1.0, 2.0, 5.0]);
    let reason = format!(
        "the cylinder's radius of {cylinder_radius} m, rounded up: neighbours share little, and nothing lies between"
    );
    Suggested { value, reason }
}

/// The first of doubling radii at which the roughness hardly tilts a normal, and two doublings
/// more.
fn suggest_normal_radii(
    reference: &dyn NeighbourIndex,
    probes: Positions<'_>,
    density: f64,
) -> Result<Suggested<Vec<f64>>> {
    let smallest = (FOR_NORMAL / (std::f64::consts::PI * density)).sqrt();
    let mut radius = round_up_to(smallest, &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0]);
    let mut roughness = f64::NAN;
    for _ in 0..DOUBLINGS {
        let covariances = reference.covariances_within(probes, radius)?;
        let known = covariances
            .iter()
            .filter(|c| f64::from(c.count) >= FOR_NORMAL);
        roughness = finite_quantile(
            known
                .map(|c| {
                    isopach_neighbours::symmetric_eigen(c.upper).values[0]
                        .max(0.0)
                        .sqrt()
                })
                .collect(),
            0.5,
        );
        if 2.0 * radius >= DIAMETER_OVER_ROUGHNESS * roughness {
            let reason = format!(
                "a diameter of {} m is {:.0} times the roughness of {roughness:.3} m in it (at least {DIAMETER_OVER_ROUGHNESS})",
                2.0 * radius,
                2.0 * radius / roughness
            );
            return Ok(Suggested {
                value: vec![radius, 2.0 * radius, 4.0 * radius],
                reason,
            });
        }
        radius *= 2.0;
    }
    let reason = format!(
        "even a diameter of {} m is less than {DIAMETER_OVER_ROUGHNESS} times the roughness of {roughness:.3} m in it: no scale is smooth",
        2.0 * radius
    );
    Ok(Suggested {
        value: vec![radius, 2.0 * radius, 4.0 * radius],
        reason,
    })
}

/// Twice what 99 % of the points of either epoch are away from the other one.
fn suggest_projection_depth(
    indexes: [&dyn NeighbourIndex; 2],
    before: &Cloud,
    after: &Cloud,
    cylinder_radius: f64,
) -> Result<Suggested<f64>> {
    let [reference, compared] = indexes;
    let mut farthest: f64 = 0.0;
    for (points, other) in [(before, compared), (after, reference)] {
        let nearest =
            other.nearest(choose_probes(points.positions()).positions(), f64::INFINITY)?;
        let distances = nearest
            .iter()
            .flatten()
            .map(|found| f64::from(found.squared_distance).sqrt());
        farthest = farthest.max(finite_quantile(distances.collect(), 0.99));
    }
    let value = round_up_to(
        (2.0 * farthest).max(2.0 * cylinder_radius),
        &[1.0, 2.0, 5.0],
    );
    let reason = format!(
        "99 % of the points are within {farthest:.2} m of the other epoch; twice that, and not less than the cylinder's diameter"
    );
    Ok(Suggested { value, reason })
}

/// Medians where the epochs' variances contradict each other in more places than chance has it:
/// vegetation, or people, in one of them.
fn suggest_statistic(
    on: &(impl NeighbourSearch + ?Sized),
    means: &M3c2,
    epochs: Epochs<'_>,
) -> Result<Suggested<AxialStatistic>> {
    let ratio = means.sample_survey(on, epochs)?.statistics().variance_ratio;
    let found = means.run(on, epochs)?;
    let (mut tested, mut contradicting) = (0_usize, 0_usize);
    for i in 0..found.len() {
        let [first, second] = [0, 1].map(|epoch| found.spread[epoch][i].powi(2));
        let freedom = [1, 0].map(|epoch: usize| f64::from(found.count[epoch][i]) - 1.0);
        if let Some(ratio) = ratio.filter(|_| freedom.iter().all(|freedom| *freedom > 0.0)) {
            tested += 1;
            contradicting += usize::from(fisher_two_sided(second / first / ratio, freedom) < 1e-3);
        }
    }
    let share = contradicting as f64 / tested.max(1) as f64;
    let (value, verdict) = if share > CONTRADICTING {
        (
            AxialStatistic::MedianIqr,
            "as vegetation in one epoch does: medians",
        )
    } else {
        (
            AxialStatistic::MeanDeviation,
            "as far as chance goes: means",
        )
    };
    let reason = format!(
        "the epochs' scatter differs in {:.1} % of {tested} places, {verdict}",
        100.0 * share
    );
    Ok(Suggested { value, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_round_and_not_too_small() {
        for (value, expected) in [
            (0.11, 0.2),
            (0.2, 0.2),
            (1.0, 1.0),
            (1.01, 2.0),
            (5.0, 5.0),
            (5.1, 10.0),
            (93.0, 100.0),
        ] {
            assert_eq!(round_up_to(value, &[1.0, 2.0, 5.0]), expected);
        }
        assert!(Dod::suggest_cell_size(0.0).is_err() && Dod::suggest_cell_size(f64::NAN).is_err());
    }
}
