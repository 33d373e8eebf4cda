//! Rasterising on the CPU: points sorted by cell, exact sums of ticks.

use crate::{CellStatistic, CellSums, Grid, Rank, Raster, Rasterise};
use isopach_cloud::Positions;
use isopach_compute::{Cpu, Result};
use rayon::prelude::*;

impl Rasterise for Cpu {
    fn rasterise(
        &self,
        points: Positions<'_>,
        grid: &Grid,
        statistics: &[CellStatistic],
    ) -> Result<Vec<Raster>> {
        grid.check(statistics)?;
        let mut rasters: Vec<Option<Raster>> = vec![None; statistics.len()];
        if !statistics.iter().all(is_quantile) {
            let cells = accumulate_cells(points, grid);
            for (raster, statistic) in rasters
                .iter_mut()
                .zip(statistics)
                .filter(|(_, s)| !is_quantile(s))
            {
                *raster = Some(Raster::from_rows(
                    *grid,
                    cells
                        .par_iter()
                        .map(|cell| cell.value(*statistic))
                        .collect(),
                )?);
            }
        }
        if statistics.iter().any(is_quantile) {
            let (starts, heights) = sorted_by_cell(points, grid);
            for (raster, statistic) in rasters
                .iter_mut()
                .zip(statistics)
                .filter(|(_, s)| is_quantile(s))
            {
                let share = statistic.share().unwrap_or(f64::NAN);
                *raster = Some(Raster::from_rows(
                    *grid,
                    starts
                        .par_windows(2)
                        .map(|span: &[u32]| {
                            quantile_of(&heights[span[0] as usize..span[1] as usize], share)
                        })
                        .collect(),
                )?);
            }
        }
        Ok(rasters.into_iter().flatten().collect())
    }
}

/// Whether a statistic needs sorted heights.
fn is_quantile(statistic: &CellStatistic) -> bool {
    statistic.share().is_some()
}

/// Cell of each point, `u32::MAX` outside.
fn cells_of(points: Positions<'_>, grid: &Grid) -> Vec<u32> {
    (0..points.len())
        .into_par_iter()
        .with_min_len(1 << 14)
        .map(|i| {
            let [x, y, _] = points.absolute_ticks(i);
            grid.locate_ticks([x, y]).map_or(u32::MAX, |[row, column]| {
                (row * grid.columns + column) as u32
            })
        })
        .collect()
}

fn accumulate_cells(points: Positions<'_>, grid: &Grid) -> Vec<CellSums> {
    let base = points.origin().ticks()[2];
    let mut cells = vec![CellSums::default(); grid.rows * grid.columns];
    for (point, cell) in points.ticks().iter().zip(cells_of(points, grid)) {
        if let Some(cell) = cells.get_mut(cell as usize) {
            cell.add(base + i64::from(point[2]));
        }
    }
    cells
}

/// Heights (absolute ticks) sorted by cell and, in it, by height; where each cell starts.
fn sorted_by_cell(points: Positions<'_>, grid: &Grid) -> (Vec<u32>, Vec<i64>) {
    let cells = cells_of(points, grid);
    let mut starts = vec![0_u32; grid.rows * grid.columns + 1];
    for &cell in &cells {
        if let Some(count) = starts
            .get_mut(cell as usize + 1)
            .filter(|_| cell != u32::MAX)
        {
            *count += 1;
        }
    }
    for i in 1..starts.len() {
        starts[i] += starts[i - 1];
    }
    let mut next = starts.clone();
    let base = points.origin().ticks()[2];
    let mut heights = vec![0; starts[starts.len() - 1] as usize];
    for (point, &cell) in points.ticks().iter().zip(&cells) {
        if cell != u32::MAX {
            heights[next[cell as usize] as usize] = base + i64::from(point[2]);
            next[cell as usize] += 1;
        }
    }
    for span in starts.windows(2) {
        heights[span[0] as usize..span[1] as usize].sort_unstable();
    }
    (starts, heights)
}

/// The quantile of sorted heights (absolute ticks), metres; NaN for none.
fn quantile_of(sorted: &[i64], share: f64) -> f64 {
    let Some(rank) = Rank::from_share(share, sorted.len()) else {
        return f64::NAN;
    };
    rank.interpolate(
        sorted[rank.below],
        sorted[(rank.below + 1).min(sorted.len() - 1)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        conformance::{STATISTICS, describe_difference},
        reference,
    };
    use isopach_cloud::{Cloud, Rect};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn as_the_definition_in_any_order(
            points in prop::collection::vec((-8.0..8.0f64, -8.0..8.0f64, 4000.0..4003.0f64), 0..200), cell in prop::sample::select(vec![0.1, 0.7, 1.0, 3.0]),
        ) {
            let rows: Vec<[f64; 3]> = points.iter().map(|&(x, y, z)| [x, y, z]).collect();
            let cloud = Cloud::from_points(&rows).unwrap();
            let reversed = Cloud::from_points(&rows.iter().rev().copied().collect::<Vec<_>>()).unwrap();
            let grid = Grid::covering(&Rect { min: [-5.0, -6.0], max: [6.5, 5.0] }, cell).unwrap();
            let defined = reference::rasterise(cloud.positions(), &grid, &STATISTICS).unwrap();
            for cloud in [cloud, reversed] {
                let found = Cpu.rasterise(cloud.positions(), &grid, &STATISTICS).unwrap();
                prop_assert_eq!(describe_difference(&found, &defined, &STATISTICS), None);
            }
        }
    }

    #[test]
    fn row_zero_is_the_north_and_borders_belong_to_one_cell() {
        let cloud =
            Cloud::from_points(&[[0.5, 9.5, 7.0], [1.0, 0.0, 3.0], [2.0, 1.0, 5.0]]).unwrap();
        let grid = Grid::covering(
            &Rect {
                min: [0.0; 2],
                max: [10.0; 2],
            },
            1.0,
        )
        .unwrap();
        let mean = Cpu
            .rasterise(cloud.positions(), &grid, &[CellStatistic::Mean])
            .unwrap()
            .remove(0);
        assert_eq!(
            (
                mean.values[[0, 0]],
                mean.values[[9, 1]],
                mean.values[[8, 2]]
            ),
            (7.0, 3.0, 5.0)
        );
        assert_eq!(mean.values.iter().filter(|v| v.is_finite()).count(), 3);
    }

    #[test]
    fn a_percentile_out_of_range_is_named() {
        let grid = Grid::covering(
            &Rect {
                min: [0.0; 2],
                max: [1.0; 2],
            },
            1.0,
        )
        .unwrap();
        let cloud = Cloud::default();
        for p in [-1.0, 101.0, f64::NAN] {
            let error = Cpu
                .rasterise(cloud.positions(), &grid, &[CellStatistic::Percentile(p)])
                .unwrap_err();
            assert!(error.to_string().starts_with("percentile"), "{error}");
        }
    }
}
