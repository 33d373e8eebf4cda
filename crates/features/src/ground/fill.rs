//! Filling empty cells.

use super::{
    grid::HeightGrid,
    known::{KnownCells, NearRow, count_in_reach},
};
use rayon::prelude::*;

/// Known cells that an empty one is filled from, at least if there are as many; all that are as far
/// as the last of them.
const WANTED: usize = 8;

/// A ring of cells at one distance.
struct Ring {
    /// Square of the distance, cells².
    squared: f64,
    offsets: Vec<[i64; 2]>,
}

/// Fills empty cells with the mean of known ones within `window` cells, weighted by the inverse
/// squared distance; cells without any stay NaN.
///
/// Cells of one distance are added in the order of their heights, so that it does not matter which
/// axis is called x.
///
/// A cell without known ones in reach costs no more than a look at it, one with them
/// O(`window` + known cells in reach); a row with an empty cell costs O(known cells of the rows in
/// reach) once. At most π · `window`² cells are filled for each known one.
pub(super) fn fill_holes(grid: &HeightGrid, window: usize) -> HeightGrid {
    let rings = rings_within(window as i64);
    let disc: usize = rings.iter().map(|ring| ring.offsets.len()).sum();
    let known = KnownCells::of(grid);
    let mut filled = grid.clone();
    let rows = filled.heights.par_chunks_mut(grid.columns.max(1));
    rows.enumerate().for_each(|(row, heights)| {
        let near = known.near_rows(row, window);
        if near.is_empty() || !heights.iter().any(|height| height.is_nan()) {
            return;
        }
        let counts = count_in_reach(&near, grid.columns);
        let mut scratch = Vec::new();
        for (column, height) in heights.iter_mut().enumerate() {
            if counts[column] == 0 || !height.is_nan() {
                continue;
            }
            // Where a quarter is known, eight are found nearby.
            *height = if counts[column] * 4 >= disc {
                mean_of_rings(grid, [column as i64, row as i64], &rings, &mut scratch)
            } else {
                mean_of_rows(grid, column, &near, &mut scratch)
            };
        }
    });
    filled
}

fn rings_within(window: i64) -> Vec<Ring> {
    let mut offsets: Vec<(i64, [i64; 2])> = Vec::new();
    for y in -window..=window {
        for x in -window..=window {
            let squared = x * x + y * y;
            if squared > 0 && squared <= window * window {
                offsets.push((squared, [x, y]));
            }
        }
    }
    offsets.sort_unstable();
    offsets
        .chunk_by(|a, b| a.0 == b.0)
        .map(|ring| Ring {
            squared: ring[0].0 as f64,
            offsets: ring.iter().map(|(_, offset)| *offset).collect(),
        })
        .collect()
}

/// A weighted mean, ring by ring from the nearest.
#[derive(Default)]
struct RingMean {
    count: usize,
    weights: f64,
    weighted: f64,
}

impl RingMean {
    /// Adds the known heights of a ring, in any order.
    fn add(&mut self, squared: f64, known: &mut [f64]) {
        known.sort_unstable_by(f64::total_cmp);
        self.count += known.len();
        self.weights += known.len() as f64 / squared;
        self.weighted += known.iter().sum::<f64>() / squared;
    }

    /// 0/0 is NaN where there is none.
    fn mean(&self) -> f64 {
        self.weighted / self.weights
    }
}

/// The mean, found by a look at all cells of ring after ring.
fn mean_of_rings(
    grid: &HeightGrid,
    [column, row]: [i64; 2],
    rings: &[Ring],
    known: &mut Vec<f64>,
) -> f64 {
    let mut mean = RingMean::default();
    for ring in rings {
        let places = ring.offsets.iter();
        let heights = places.map(|[x, y]| grid.height(column + x, row + y));
        known.clear();
        known.extend(heights.filter(|height| !height.is_nan()));
        mean.add(ring.squared, known);
        if mean.count >= WANTED {
            break;
        }
    }
    mean.mean()
}

/// The same mean, found among the known cells in reach alone.
fn mean_of_rows(
    grid: &HeightGrid,
    column: usize,
    near: &[NearRow<'_>],
    known: &mut Vec<f64>,
) -> f64 {
    let mut found: Vec<(usize, f64)> = Vec::new();
    for row in near {
        let heights = &grid.heights[row.row * grid.columns..];
        let in_reach = row.in_reach(column).iter();
        found.extend(in_reach.map(|&other| {
            let squared = row.off * row.off + other.abs_diff(column) * other.abs_diff(column);
            (squared, heights[other])
        }));
    }
    if found.len() > WANTED {
        let (_, last, _) = found.select_nth_unstable_by_key(WANTED - 1, |(squared, _)| *squared);
        let farthest = last.0;
        found.retain(|(squared, _)| *squared <= farthest);
    }
    found.sort_unstable_by_key(|(squared, _)| *squared);
    let mut mean = RingMean::default();
    for ring in found.chunk_by(|a, b| a.0 == b.0) {
        known.clear();
        known.extend(ring.iter().map(|(_, height)| *height));
        mean.add(ring[0].0 as f64, known);
    }
    mean.mean()
}

#[cfg(test)]
mod tests {
    use super::*;
    use isopach_compute::conformance::random;

    /// The definition: ring after ring about every empty cell.
    fn plain(grid: &HeightGrid, window: usize) -> Vec<f64> {
        let rings = rings_within(window as i64);
        let fill = |(at, height): (usize, &f64)| {
            let place = [at % grid.columns, at / grid.columns].map(|cells| cells as i64);
            match height.is_nan() {
                true => mean_of_rings(grid, place, &rings, &mut Vec::new()),
                false => *height,
            }
        };
        grid.heights.iter().enumerate().map(fill).collect()
    }

    /// Heights of few levels, so that rings have equal ones, in a share of the cells.
    fn made(columns: usize, rows: usize, share: f64) -> HeightGrid {
        let height = |at: u64| match random(2 * at) < share {
            true => (random(2 * at + 1) * 5.0).floor() * 0.1 - 0.2,
            false => f64::NAN,
        };
        HeightGrid {
            cell_size: 1.0,
            first: [7, -9],
            columns,
            rows,
            heights: (0..(columns * rows) as u64).map(height).collect(),
        }
    }

    #[test]
    fn rows_of_known_cells_give_the_bits_of_rings() {
        for share in [0.0, 0.002, 0.02, 0.2, 0.3, 0.9, 1.0] {
            for [columns, rows] in [[1, 60], [60, 1], [45, 70]] {
                let grid = made(columns, rows, share);
                for window in [1, 4, 18] {
                    let found = fill_holes(&grid, window).heights;
                    let defined = plain(&grid, window);
                    let mut pairs = found.iter().zip(&defined);
                    let same = pairs
                        .all(|(a, b)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()));
                    assert!(same, "{share} of {columns} × {rows}, window {window}");
                }
            }
        }
    }

    /// Two points far apart: only cells within their reach are filled.
    #[test]
    fn a_mostly_empty_box_stays_empty() {
        let mut grid = made(3000, 2000, 0.0);
        grid.heights[0] = 1.0;
        *grid.heights.last_mut().unwrap() = 2.0;
        let filled = fill_holes(&grid, 18).heights;
        let known: Vec<f64> = filled
            .into_iter()
            .filter(|height| !height.is_nan())
            .collect();
        let quarter = (0..=18_i64).flat_map(|y| (0..=18_i64).map(move |x| x * x + y * y));
        let in_reach = quarter.filter(|squared| *squared <= 18 * 18).count();
        assert_eq!(known.len(), 2 * in_reach);
    }
}
