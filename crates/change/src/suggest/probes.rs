//! Places of a cloud that parameters are derived from, and its density there.

use crate::position_hash::position_hash;
use isopach_cloud::{Cloud, Positions};
use isopach_compute::{Result, weighted_median};
use isopach_neighbours::NeighbourIndex;

/// Number of places that are examined.
const PROBES: usize = 2000;

/// Neighbours that a density is measured with.
pub(super) const NEIGHBOURS: usize = 20;

/// Chooses the points with the lowest hashes of their positions.
pub(super) fn choose_probes(points: Positions<'_>) -> Cloud {
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

/// Points per m² of both epochs, from the distance to the twentieth neighbour: medians over the
/// area. Dense parts have more probes, so each probe has the weight of the area that it represents.
pub(super) fn median_densities(
    reference: &dyn NeighbourIndex,
    compared: &dyn NeighbourIndex,
    probes: Positions<'_>,
) -> Result<[f64; 2]> {
    let first = local_densities(reference, probes)?;
    let second = local_densities(compared, probes)?;
    let area: Vec<f64> = first.iter().map(|density| 1.0 / density).collect();
    Ok([
        median_by_area(&first, &area),
        median_by_area(&second, &area),
    ])
}

fn median_by_area(densities: &[f64], area: &[f64]) -> f64 {
    let pairs = densities.iter().copied().zip(area.iter().copied());
    weighted_median(pairs.collect()).unwrap_or(f64::NAN)
}

fn local_densities(index: &dyn NeighbourIndex, probes: Positions<'_>) -> Result<Vec<f64>> {
    let lists = index.k_nearest(probes, NEIGHBOURS, f64::INFINITY)?;
    let smallest = f64::from(f32::MIN_POSITIVE);
    let farthest = (0..lists.len()).map(|i| lists.squared_distances_of(i).last());
    Ok(farthest
        .map(|squared| {
            let squared = f64::from(squared.copied().unwrap_or(f32::NAN)).max(smallest);
            (NEIGHBOURS - 1) as f64 / (std::f64::consts::PI * squared)
        })
        .collect())
}

pub(super) fn finite_quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.retain(|value| value.is_finite());
    values.sort_unstable_by(f64::total_cmp);
    let at = (share * values.len().saturating_sub(1) as f64).round() as usize;
    values.get(at).copied().unwrap_or(f64::NAN)
}
