//! Filling empty cells.

use super::grid::HeightGrid;
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
pub(super) fn fill_holes(grid: &HeightGrid, window: usize) -> HeightGrid {
    let rings = rings_within(window as i64);
    let columns = grid.columns;
    let mut filled = grid.clone();
    filled
        .heights
        .par_chunks_mut(columns.max(1))
        .enumerate()
        .for_each(|(row, heights)| {
            for (column, height) in heights.iter_mut().enumerate() {
                if height.is_nan() {
                    *height = mean_around(grid, [column as i64, row as i64], &rings);
                }
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

fn mean_around(grid: &HeightGrid, [column, row]: [i64; 2], rings: &[Ring]) -> f64 {
    let mut count = 0;
    let mut weights = 0.0;
    let mut weighted = 0.0;
    for ring in rings {
        let places = ring.offsets.iter();
        let heights = places.map(|[x, y]| grid.height(column + x, row + y));
        let mut known: Vec<f64> = heights.filter(|height| !height.is_nan()).collect();
        known.sort_unstable_by(f64::total_cmp);
        count += known.len();
        weights += known.len() as f64 / ring.squared;
        weighted += known.iter().sum::<f64>() / ring.squared;
        if count >= WANTED {
            break;
        }
    }
    weighted / weights // 0/0 is NaN where there is none
}
