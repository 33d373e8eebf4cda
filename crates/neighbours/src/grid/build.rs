//! Sorting points by cell: a counting sort, each thread writing a band of cells of its own.

use super::{CROWDED, Grid, heights::BlockHeights, plan::CellPlan, sums::LANES};
use isopach_cloud::Positions;
use rayon::prelude::*;
use std::sync::OnceLock;

/// Bands at most: every band reads all cell numbers once, so more of them would cost more than they
/// save.
const BANDS: usize = 16;

/// One band's share of the sorted arrays.
struct Band<'a> {
    cells: std::ops::Range<usize>,
    starts: &'a [u32],
    x: &'a mut [i32],
    y: &'a mut [i32],
    z: &'a mut [i32],
    id: &'a mut [u32],
}

impl<'a> Grid<'a> {
    /// Sorts the points. O(n), deterministic: points of a cell stay in their order. Walls and
    /// forests are sorted twice: the first grid shows that its cells are too narrow.
    pub(crate) fn new(points: Positions<'a>) -> Self {
        let bounds = points.bounds().unwrap_or_default();
        let plan = CellPlan::of_points(points, bounds);
        let mut grid = Self::with_plan(points, bounds, plan);
        if let Some(shift) = grid.wider_shift() {
            grid = Self::with_plan(points, bounds, plan.with_shift(shift));
        }
        grid.heights = BlockHeights::of_grid(&grid);
        if grid.crowded {
            grid.sort_crowded_by_height();
            grid.distinct = grid.without_equals().map(Box::new);
        }
        grid
    }

    /// Points in cells, those of a cell in their order.
    fn with_plan(points: Positions<'a>, [low, high]: [[i32; 3]; 2], plan: CellPlan) -> Self {
        let [columns, rows] = [0, 1].map(|axis| plan.cells_along(axis) as usize);
        let cell = |p: &[i32; 3]| {
            let column = plan.cell_along(0, p[0]);
            let row = plan.cell_along(1, p[1]);
            row * columns as u32 + column
        };
        let cells: Vec<u32> = points.ticks().par_iter().map(cell).collect();
        let starts = starts_of(&cells, columns * rows);
        let n = points.len();
        let crowded_cells = crowded_cells_of(&starts);
        let mut grid = Self {
            points,
            lowest: low,
            highest: high,
            corner: plan.corner,
            shift: plan.shift,
            columns,
            rows,
            crowded: !crowded_cells.is_empty(),
            crowded_cells,
            starts,
            x: vec![0; n + LANES],
            y: vec![0; n + LANES],
            z: vec![0; n + LANES],
            id: vec![0; n],
            distinct: None,
            trees: OnceLock::new(),
            heights: BlockHeights::default(),
        };
        grid.scatter_points(&cells);
        grid
    }

    /// The grid of those points of crowded cells that are equal to none of a lower index, and of
    /// all others. `None` where that would save less than a look at every point.
    fn without_equals(&self) -> Option<Self> {
        let is_kept = |at: usize, first: usize| {
            let before = at.wrapping_sub(1);
            at == first
                || [&self.x, &self.y, &self.z]
                    .iter()
                    .any(|axis| axis[at] != axis[before])
        };
        let (mut kept, mut starts, mut saved): (Vec<u32>, _, _) = (Vec::new(), vec![0], 0_u64);
        for pair in self.starts.windows(2) {
            let span = pair[0]..pair[1];
            let before = kept.len();
            if span.len() > CROWDED as usize {
                kept.extend(
                    span.clone()
                        .filter(|at| is_kept(*at as usize, span.start as usize)),
                );
            } else {
                kept.extend(span.clone());
            }
            let dropped = (span.len() - (kept.len() - before)) as u64;
            saved += dropped * dropped;
            starts.push(kept.len() as u32);
        }
        if saved <= self.points.len() as u64 {
            return None;
        }
        let padded = |axis: &[i32]| {
            kept.iter()
                .map(|at| axis[*at as usize])
                .chain([0; LANES])
                .collect()
        };
        let crowded_cells = crowded_cells_of(&starts);
        Some(Self {
            points: self.points,
            lowest: self.lowest,
            highest: self.highest,
            corner: self.corner,
            shift: self.shift,
            columns: self.columns,
            rows: self.rows,
            crowded: !crowded_cells.is_empty(),
            crowded_cells,
            x: padded(&self.x),
            y: padded(&self.y),
            z: padded(&self.z),
            id: kept.iter().map(|at| self.id[*at as usize]).collect(),
            starts,
            distinct: None,
            trees: OnceLock::new(),
            heights: BlockHeights::default(),
        })
    }

    fn scatter_points(&mut self, cells: &[u32]) {
        let bounds = split_into_bands(&self.starts);
        let mut bands = Vec::with_capacity(bounds.len());
        let mut x = &mut self.x[..];
        let mut y = &mut self.y[..];
        let mut z = &mut self.z[..];
        let mut id = &mut self.id[..];
        for cells in bounds {
            let count = (self.starts[cells.end] - self.starts[cells.start]) as usize;
            let band = Band {
                starts: &self.starts[cells.start..cells.end],
                cells,
                x: x.split_off_mut(..count).unwrap_or_default(),
                y: y.split_off_mut(..count).unwrap_or_default(),
                z: z.split_off_mut(..count).unwrap_or_default(),
                id: id.split_off_mut(..count).unwrap_or_default(),
            };
            bands.push(band);
        }
        let ticks = self.points.ticks();
        bands.into_par_iter().for_each(|band| {
            let base = band.starts.first().copied().unwrap_or_default();
            let mut next: Vec<u32> = band.starts.iter().map(|start| start - base).collect();
            for (i, &cell) in cells.iter().enumerate() {
                let Some(at) = (cell as usize)
                    .checked_sub(band.cells.start)
                    .and_then(|c| next.get_mut(c))
                else {
                    continue;
                };
                let to = *at as usize;
                *at += 1;
                [band.x[to], band.y[to], band.z[to]] = ticks[i];
                band.id[to] = i as u32;
            }
        });
    }

    /// Sorts the points of crowded cells by height, then so that equal ones stand together, then by
    /// index.
    fn sort_crowded_by_height(&mut self) {
        let mut keys = Vec::new();
        for pair in self.starts.windows(2) {
            let span = pair[0] as usize..pair[1] as usize;
            if span.len() > CROWDED as usize {
                sort_by_height(self.points.ticks(), &self.id[span.clone()], &mut keys);
                for (at, key) in span.zip(&keys) {
                    let id = *key as u32;
                    [self.x[at], self.y[at], self.z[at]] = self.points.ticks()[id as usize];
                    self.id[at] = id;
                }
            }
        }
    }
}

/// Puts points into `keys`, in the order of height, x, y and index: the index is the lower half of
/// a key.
fn sort_by_height(ticks: &[[i32; 3]], ids: &[u32], keys: &mut Vec<u64>) {
    let height = |id: u32| i64::from(ticks[id as usize][2]).abs_diff(i64::from(i32::MIN));
    keys.clear();
    keys.extend(ids.iter().map(|&id| height(id) << 32 | u64::from(id)));
    keys.par_sort_unstable();
    for level in keys.chunk_by_mut(|a, b| a >> 32 == b >> 32) {
        if level.len() > 1 {
            level.sort_unstable_by_key(|key| {
                let id = *key as u32;
                let [x, y, _] = ticks[id as usize];
                (x, y, id)
            });
        }
    }
}

#[cfg(test)]
impl Grid<'_> {
    /// Bytes that the index takes beside the points that it is of.
    pub(super) fn heap_bytes(&self) -> usize {
        let words = self.starts.len() + self.x.len() + self.y.len() + self.z.len() + self.id.len();
        let trees = self.trees.get().and_then(Option::as_ref);
        4 * words
            + 8 * self.crowded_cells.len()
            + self.heights.heap_bytes()
            + trees.map_or(0, |trees| trees.heap_bytes())
            + self.distinct.as_ref().map_or(0, |grid| grid.heap_bytes())
    }
}

/// Exclusive prefix sum of the number of points a cell.
fn starts_of(cells: &[u32], count: usize) -> Vec<u32> {
    let mut starts = vec![0; count + 1];
    for &cell in cells {
        starts[cell as usize + 1] += 1;
    }
    for cell in 0..count {
        starts[cell + 1] += starts[cell];
    }
    starts
}

/// A bit a cell with more than [`CROWDED`] points, and 64 more; empty where no cell has.
fn crowded_cells_of(starts: &[u32]) -> Vec<u64> {
    let mut bits = Vec::new();
    for (cell, pair) in starts.windows(2).enumerate() {
        if pair[1] - pair[0] > CROWDED {
            bits.resize(starts.len() / 64 + 2, 0);
            bits[cell / 64] |= 1 << (cell % 64);
        }
    }
    bits
}

/// Splits the cells into bands of about equally many points, as many as threads.
fn split_into_bands(starts: &[u32]) -> Vec<std::ops::Range<usize>> {
    let cells = starts.len() - 1;
    let count = rayon::current_num_threads().clamp(1, BANDS);
    let points = starts[cells];
    let mut edges: Vec<usize> = (0..=count)
        .map(|band| {
            starts.partition_point(|&start| {
                u64::from(start) < u64::from(points) * band as u64 / count as u64
            })
        })
        .map(|edge| edge.min(cells))
        .collect();
    (edges[0], edges[count]) = (0, cells);
    edges
        .windows(2)
        .map(|pair| pair[0]..pair[1].max(pair[0]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::{nearest::Nearest, queries::LocalQuery, walk::LOOKS};
    use crate::{BruteForce, NeighbourIndex, NeighbourSearch};
    use isopach_cloud::Cloud;
    use isopach_compute::conformance::random;

    fn cloud(point: impl Fn(u64) -> [f64; 3]) -> Cloud {
        let points: Vec<[f64; 3]> = (0..20_000).map(point).collect();
        Cloud::from_points(&points).unwrap()
    }

    /// How many times the cells are wider than the plan alone asks for, as a power of two.
    fn doublings(cloud: &Cloud) -> u32 {
        let bounds = cloud.positions().bounds().unwrap();
        let plan = CellPlan::of_points(cloud.positions(), bounds);
        Grid::new(cloud.positions()).shift - plan.shift
    }

    #[test]
    fn walls_and_forests_have_wide_cells_and_the_neighbours_that_they_have() {
        let wall = |i: u64| {
            [
                random(3 * i) * 20.0,
                random(3 * i + 1) * 0.05,
                random(3 * i + 2) * 30.0,
            ]
        };
        let forest = |i: u64| {
            [
                random(3 * i) * 20.0,
                random(3 * i + 1) * 20.0,
                random(3 * i + 2) * 40.0,
            ]
        };
        for cloud in [cloud(wall), cloud(forest)] {
            assert!(doublings(&cloud) > 0);
            let index = Grid::new(cloud.positions());
            let queries = cloud.select(&[0, 5000, 12_345, 19_999]);
            let defined = BruteForce.index(cloud.positions()).unwrap();
            for k in [1, 20, 300] {
                let [found, defined] = [&index as &dyn NeighbourIndex, &*defined].map(|index| {
                    index
                        .k_nearest(queries.positions(), k, f64::INFINITY)
                        .unwrap()
                });
                assert_eq!(found.indices, defined.indices);
            }
        }
    }

    #[test]
    fn equal_points_are_looked_at_once_and_the_first_is_the_nearest() {
        // A third of the points stand in two places; every other one is ten times there.
        let cloud = cloud(|i| match i % 3 {
            0 => [7.0, 7.0, (i % 2) as f64],
            _ => [
                random(i / 30) * 50.0,
                random(i / 30 + 1000) * 50.0,
                random(i / 30 + 2000),
            ],
        });
        let (index, defined) = (
            Grid::new(cloud.positions()),
            BruteForce.index(cloud.positions()).unwrap(),
        );
        let distinct = index.distinct.as_ref().unwrap();
        assert!(distinct.id.len() + 6000 < cloud.len());
        let queries = cloud.select(&(0..cloud.len() as u32).step_by(97).collect::<Vec<_>>());
        let apart = Cloud::from_points(&[
            [7.01, 7.0, 0.2],
            [7.0, 6.9, 0.5],
            [-3.0, 7.0, 0.5],
            [7.0, 7.0, 1.0],
        ])
        .unwrap();
        for queries in [queries, apart] {
            let [found, defined] = [&index as &dyn NeighbourIndex, &*defined]
                .map(|index| index.nearest(queries.positions(), f64::INFINITY).unwrap());
            assert_eq!(found, defined);
        }
    }

    /// Work is counted in points that are looked at, which no load of the machine changes: a query
    /// of the nearest has as much of it among ten times as many equal points.
    #[test]
    fn equal_points_are_not_quadratic() {
        let looks = |count: u64, place: fn(u64) -> [f64; 3]| {
            let points: Vec<[f64; 3]> = (0..count).map(place).collect();
            let cloud = Cloud::from_points(&points).unwrap();
            let index = Grid::new(cloud.positions());
            let queries: Vec<u32> = (0..cloud.len() as u32).step_by(cloud.len() / 500).collect();
            let mut search = Nearest::new(&index, u128::MAX);
            let before = LOOKS.get();
            for query in &queries {
                let query = LocalQuery::Near(cloud.positions().ticks()[*query as usize]);
                let (squared, _) = search.find_nearest(query).unwrap();
                assert_eq!(squared, 0);
            }
            (LOOKS.get() - before) / queries.len() as u64
        };
        let one_place = |_: u64| [1.0, 2.0, 3.0];
        // Three in four on a lattice of 300 places, one in four at its corner: as where a scanner
        // writes zeros.
        let zeros = |i: u64| match i % 4 {
            0 => [0.0; 3],
            _ => [(i % 19) as f64, (i % 17) as f64, (i % 3) as f64],
        };
        for place in [one_place as fn(u64) -> [f64; 3], zeros] {
            let [few, many] = [5_000, 100_000].map(|count| looks(count, place));
            assert!(
                few > 0 && many <= 2 * few && many < 100,
                "{few} and {many} points are looked at a query"
            );
        }
    }

    #[test]
    fn terrain_and_low_vegetation_keep_their_cells() {
        let slope = |i: u64| {
            let x = random(2 * i) * 50.0;
            [x, random(2 * i + 1) * 50.0, x]
        };
        let shrubs = |i: u64| {
            [
                random(3 * i) * 50.0,
                random(3 * i + 1) * 50.0,
                0.5 * random(3 * i + 2),
            ]
        };
        let flat = |i: u64| [random(3 * i) * 50.0, random(3 * i + 1) * 50.0, 1.0];
        let equal = |_: u64| [1.0, 2.0, 3.0];
        for cloud in [cloud(slope), cloud(shrubs), cloud(flat), cloud(equal)] {
            assert_eq!(doublings(&cloud), 0);
        }
    }
}
