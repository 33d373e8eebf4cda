//! The suggestion of each parameter.

use super::{
    Suggested,
    probes::{choose_probes, finite_quantile},
};
use crate::{
    Epochs, M3c2,
    known_tests::{CommonRatio, RatioTest},
};
use isopach_cloud::{Cloud, Positions};
use isopach_compute::{Error, Result};
use isopach_neighbours::{AxialStatistic, NeighbourIndex, NeighbourSearch, symmetric_eigen};

/// Points that a cylinder of the sparser epoch should hold: Lague et al. 2013 ask for 20 or more.
const IN_CYLINDER: f64 = 25.0;

/// Points that a cell of the sparser epoch should hold: fewer find a change of three standard
/// deviations in less than three of four cells.
const IN_CELL: f64 = 5.0;

/// Points that a normal needs.
const FOR_NORMAL: f64 = 10.0;

/// Ratio of a neighbourhood's diameter to its roughness, above which the roughness tilts a normal
/// by less than 2 % of the distance (Lague et al. 2013, section 3.2: 20 to 25).
const DIAMETER_OVER_ROUGHNESS: f64 = 25.0;

/// Largest number of times that the neighbourhood is doubled.
const DOUBLINGS: usize = 6;

/// Share of the places in which the epochs' variances may contradict their ratio.
const CONTRADICTING: f64 = 0.05;

/// Suggests the side of a cell; `density` is in points per m² of the sparser epoch.
pub(super) fn suggest_cell_size(density: f64) -> Result<Suggested<f64>> {
    Error::positive("point density", density)?;
    let value = round_up_to((IN_CELL / density).sqrt(), &[1.0, 2.0, 5.0]);
    let held = density * value * value;
    let reason = format!(
        "{held:.1} points per cell at {density:.2} points per m² of the sparser epoch (at least {IN_CELL})"
    );
    Ok(Suggested { value, reason })
}

pub(super) fn suggest_cylinder_radius(sparser: f64) -> Suggested<f64> {
    let needed = (IN_CYLINDER / (std::f64::consts::PI * sparser)).sqrt();
    let value = round_up_to(needed, &[1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0]);
    let held = std::f64::consts::PI * value * value * sparser;
    let reason = format!(
        "{held:.0} points in a cylinder at {sparser:.2} points per m² of the sparser epoch (at least {IN_CYLINDER})"
    );
    Suggested { value, reason }
}

pub(super) fn suggest_core_spacing(cylinder_radius: f64) -> Suggested<f64> {
    let value = round_up_to(cylinder_radius, &[1.0, 2.0, 5.0]);
    let reason = format!(
        "the cylinder's radius of {cylinder_radius} m, rounded up: neighbours share little, and nothing lies between"
    );
    Suggested { value, reason }
}

/// The first of doubling radii at which the roughness hardly tilts a normal, and two doublings
/// more.
pub(super) fn suggest_normal_radii(
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
                .map(|c| symmetric_eigen(c.upper).values[0].max(0.0).sqrt())
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

/// Twice the distance within which 99 % of the points of either epoch have a neighbour in the
/// other.
pub(super) fn suggest_projection_depth(
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
pub(super) fn suggest_statistic(
    on: &(impl NeighbourSearch + ?Sized),
    means: &M3c2,
    epochs: Epochs<'_>,
) -> Result<Suggested<AxialStatistic>> {
    let ratio = means.sample_survey(on, epochs)?.statistics().variance_ratio;
    let found = means.run(on, epochs)?;
    let mut tested = 0_usize;
    let mut contradicting = 0_usize;
    for i in 0..found.len() {
        let variance = [0, 1].map(|epoch| found.spread[epoch][i].powi(2));
        let freedom = [0, 1].map(|epoch: usize| f64::from(found.count[epoch][i]) - 1.0);
        if let Some(ratio) = ratio.filter(|_| freedom.iter().all(|freedom| *freedom > 0.0)) {
            let test = RatioTest::new(variance, freedom);
            tested += 1;
            contradicting += usize::from(test.contradicts(CommonRatio::new(ratio)));
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

/// The smallest of `steps` · 10ⁿ that is not below `value` > 0.
fn round_up_to(value: f64, steps: &[f64]) -> f64 {
    let exponent = value.log10().floor() as i32;
    let candidates = [exponent, exponent + 1].into_iter().flat_map(|exponent| {
        steps
            .iter()
            .map(move |step| scale_by_decade(*step, exponent))
    });
    candidates
        .into_iter()
        .find(|candidate| *candidate >= value * (1.0 - 1e-9))
        .unwrap_or(value)
}

/// `step` · 10^`exponent`. Dividing keeps 0.2 the double that a user writes.
fn scale_by_decade(step: f64, exponent: i32) -> f64 {
    if exponent < 0 {
        step / 10.0_f64.powi(-exponent)
    } else {
        step * 10.0_f64.powi(exponent)
    }
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
        assert!(suggest_cell_size(0.0).is_err() && suggest_cell_size(f64::NAN).is_err());
    }
}
