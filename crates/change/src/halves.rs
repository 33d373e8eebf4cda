//! Medians of random halves of an epoch: the standard error of a median, measured without change.

use crate::{
    SurveySample,
    position_hash::position_hash,
    scale::{Location, Quartiles},
};
use isopach_cloud::{Cloud, Positions};
use isopach_compute::{Cpu, Result};
use isopach_neighbours::{
    AxialStatistic, AxialStatistics, Cylinder, CylinderQuery, NeighbourSearch,
};
#[cfg(feature = "dod")]
use isopach_raster::Raster;

/// Least number of points of a well-filled place: each half is expected to have enough for a
/// median.
const LEAST_POINTS: u32 = 14;

/// Least number of points of a half.
const LEAST_HALF: u32 = 7;

/// Largest number of places: enough for the 95th percentile of their ratios.
const MOST_PLACES: usize = 4000;

/// Growth factors of the width of a place, tried in turn until enough places are well filled. The
/// precision of a median relative to a mean depends on the shape of the scatter, hardly on its
/// extent.
pub(crate) const GROWTHS: [f64; 4] = [1.0, 1.5, 2.0, 3.0];

/// Splits the points of an epoch in two halves, by a hash of their positions.
pub(crate) fn split_in_halves(points: Positions<'_>) -> [Cloud; 2] {
    let mut ticks: [Vec<[i32; 3]>; 2] = Default::default();
    for (i, point) in points.ticks().iter().enumerate() {
        let half = usize::from(position_hash(points.absolute_ticks(i)) & 1 == 1);
        ticks[half].push(*point);
    }
    ticks.map(|half| Cloud::new(points.origin(), half))
}

/// Core points with many points in their cylinder, with their axes.
#[derive(Debug)]
pub(crate) struct WellFilled {
    core_points: Cloud,
    axes: Vec<[f64; 3]>,
}

impl WellFilled {
    /// Selects at most [`MOST_PLACES`] core points, by the lowest hashes of their positions, whose
    /// cylinders have enough points if they are `growth` times as wide.
    pub(crate) fn select(
        core_points: Positions<'_>,
        axes: &[[f64; 3]],
        counts: &[u32],
        growth: f64,
    ) -> Self {
        let mut chosen: Vec<(u64, usize)> = (0..core_points.len())
            .filter(|&i| f64::from(counts[i]) * growth * growth >= f64::from(LEAST_POINTS))
            .map(|i| (position_hash(core_points.absolute_ticks(i)), i))
            .collect();
        chosen.sort_unstable();
        chosen.truncate(MOST_PLACES);
        let ticks = chosen
            .iter()
            .map(|(_, i)| core_points.ticks()[*i])
            .collect();
        Self {
            core_points: Cloud::new(core_points.origin(), ticks),
            axes: chosen.iter().map(|(_, i)| axes[*i]).collect(),
        }
    }

    /// Medians of a cloud in cylinders about the core points.
    fn medians_of(&self, cloud: &Cloud, cylinder: Cylinder) -> Result<Vec<AxialStatistics>> {
        let query = CylinderQuery {
            cylinder,
            statistic: AxialStatistic::MedianIqr,
        };
        let index = Cpu.index(cloud.positions())?;
        index.cylinder_statistics(self.core_points.positions(), &self.axes, query)
    }
}

/// Adds the medians of the halves in cylinders about core points.
///
/// # Errors
/// Those of the search.
pub(crate) fn add_cylinder_medians(
    sample: &mut SurveySample,
    points: Positions<'_>,
    filled: &WellFilled,
    cylinder: Cylinder,
) -> Result<()> {
    if filled.axes.is_empty() {
        return Ok(());
    }
    let [first, second] = split_in_halves(points);
    let (first, second) = rayon::join(
        || filled.medians_of(&first, cylinder),
        || filled.medians_of(&second, cylinder),
    );
    for (a, b) in first?.into_iter().zip(second?) {
        add_halves(sample, Quartiles::OrderStatistics, [a, b]);
    }
    Ok(())
}

/// Adds the medians of the halves in cells.
#[cfg(feature = "dod")]
pub(crate) fn add_cell_medians(sample: &mut SurveySample, halves: [&MedianRasters; 2]) {
    let [first, second] = halves;
    for cell in 0..first.count.values.len() {
        add_halves(
            sample,
            Quartiles::Linear,
            [first.cell_statistics(cell), second.cell_statistics(cell)],
        );
    }
}

/// Median, inter-quartile range and count of each cell.
#[cfg(feature = "dod")]
#[derive(Debug)]
pub(crate) struct MedianRasters {
    pub(crate) median: Raster,
    pub(crate) range: Raster,
    pub(crate) count: Raster,
}

#[cfg(feature = "dod")]
impl MedianRasters {
    fn cell_statistics(&self, cell: usize) -> AxialStatistics {
        let value = |raster: &Raster| {
            raster
                .values
                .as_slice()
                .map_or(f64::NAN, |values| values[cell])
        };
        AxialStatistics {
            count: value(&self.count) as u32,
            location: value(&self.median),
            spread: value(&self.range),
        }
    }
}

fn add_halves(sample: &mut SurveySample, quartiles: Quartiles, halves: [AxialStatistics; 2]) {
    if halves.iter().all(|half| half.count >= LEAST_HALF) {
        let location = Location::Median(quartiles);
        let scales = halves.map(|half| location.scale_of(half.spread, half.count));
        sample.add_halves(
            halves[1].location - halves[0].location,
            scales,
            halves.map(|half| half.count),
        );
    }
}
