//! The cloth at rest.

use super::grid::HeightGrid;
use rayon::prelude::*;

/// Over-relaxation: the number of sweeps grows with the width of the gaps, not with its square
/// (Young 1954; with obstacles Cryer 1971).
const OVER: f64 = 1.9;

/// A node that moves by no more than this comes to rest, metres (2⁻¹⁴ m, 0.06 mm).
const REST: f64 = 1.0 / 16384.0;

/// Sweeps after which a cloth that has not come to rest is left as it is.
const MOST_SWEEPS: u32 = 20_000;

/// A cloth, and how it came to rest.
pub(super) struct Relaxed {
    /// Heights of the nodes, one a cell; NaN where the surface is.
    pub(super) heights: Vec<f64>,
    pub(super) sweeps: u32,
    /// Largest move of the last sweep, metres.
    pub(super) last_move: f64,
}

impl Relaxed {
    pub(super) fn is_at_rest(&self) -> bool {
        self.last_move <= REST
    }
}

/// Presses a cloth from below against a surface. Each node moves to the mean of its neighbours plus
/// `lift`, but not above the surface.
///
/// It starts at the surface. Cells whose column and row have an even sum move first, then the
/// others: each half depends on the other half alone, so that threads and the order within it do not
/// matter, nor which axis is called x.
pub(super) fn press_from_below(surface: &HeightGrid, lift: f64) -> Relaxed {
    press_for_sweeps(surface, lift, MOST_SWEEPS)
}

/// As [`press_from_below`], with so many sweeps at most.
fn press_for_sweeps(surface: &HeightGrid, lift: f64, most: u32) -> Relaxed {
    let columns = surface.columns.max(1);
    let mut halves = [surface.heights.clone(), surface.heights.clone()];
    let mut sweeps = 0;
    let mut last_move = f64::INFINITY;
    while last_move > REST && sweeps < most {
        let [even, odd] = &mut halves;
        let first = move_half(surface, even, odd, 0, lift);
        last_move = first.max(move_half(surface, odd, even, 1, lift));
        sweeps += 1;
    }
    let [even, odd] = halves;
    let heights = even
        .into_iter()
        .zip(odd)
        .enumerate()
        .map(
            |(at, pair)| match parity(surface, at % columns, at / columns) {
                0 => pair.0,
                _ => pair.1,
            },
        )
        .collect();
    Relaxed {
        heights,
        sweeps,
        last_move,
    }
}

/// Parity of a cell of the absolute grid.
fn parity(surface: &HeightGrid, column: usize, row: usize) -> i64 {
    (surface.first[0] + surface.first[1] + (column + row) as i64).rem_euclid(2)
}

/// Moves the nodes of one parity; the largest move.
fn move_half(
    surface: &HeightGrid,
    moving: &mut [f64],
    others: &[f64],
    moves: i64,
    lift: f64,
) -> f64 {
    let columns = surface.columns.max(1);
    moving
        .par_chunks_mut(columns)
        .enumerate()
        .map(|(row, nodes)| {
            let start = usize::from(parity(surface, 0, row) != moves);
            let mut largest = 0.0_f64;
            for column in (start..columns).step_by(2) {
                let node = nodes[column];
                let Some(mean) = mean_of_neighbours(surface, others, column, row) else {
                    continue;
                };
                let most = surface.heights[row * columns + column];
                let moved = (node + OVER * (mean + lift - node)).min(most);
                largest = largest.max((moved - node).abs()); // NaN is no move
                nodes[column] = moved;
            }
            largest
        })
        .reduce(|| 0.0, f64::max)
}

/// The mean of the neighbours. At an edge of the surface those along the edge count alone, so that a
/// slope stays a slope; where no two lie opposite each other, all that are there.
fn mean_of_neighbours(
    surface: &HeightGrid,
    nodes: &[f64],
    column: usize,
    row: usize,
) -> Option<f64> {
    let columns = surface.columns;
    let at = row * columns + column;
    let known = |is_there: bool, at: usize| {
        let height = is_there.then(|| nodes[at]);
        height.filter(|height| !height.is_nan())
    };
    let west = known(column > 0, at.wrapping_sub(1));
    let east = known(column + 1 < columns, at + 1);
    let south = known(row > 0, at.wrapping_sub(columns));
    let north = known(row + 1 < surface.rows, at + columns);
    let sum = |pair: (Option<f64>, Option<f64>)| pair.0.zip(pair.1).map(|(a, b)| a + b);
    match (sum((west, east)), sum((south, north))) {
        (Some(along), Some(across)) => Some((along + across) / 4.0),
        (Some(pair), None) | (None, Some(pair)) => Some(pair / 2.0),
        (None, None) => mean_of_two(west.or(east), south.or(north)),
    }
}

fn mean_of_two(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some((a + b) / 2.0),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row_of(heights: &[f64]) -> HeightGrid {
        HeightGrid {
            cell_size: 1.0,
            first: [5, -3],
            columns: heights.len(),
            rows: 1,
            heights: heights.to_vec(),
        }
    }

    /// Below a wide roof the nodes lie on the parabola through its walls, whose second difference
    /// is twice the lift: in one dimension each node is the mean of two.
    #[test]
    fn a_cloth_below_a_roof_is_a_parabola() {
        let mut heights = vec![0.0; 41];
        heights[11..30].fill(50.0);
        let cloth = press_from_below(&row_of(&heights), 0.01);
        assert!(cloth.is_at_rest() && cloth.sweeps > 20);
        for (at, height) in cloth.heights.iter().enumerate() {
            let from_wall = at as f64 - 10.0;
            let parabola = 0.01 * from_wall * (20.0 - from_wall);
            assert!((height - parabola.max(0.0)).abs() < 2e-3, "{at}: {height}");
        }
    }

    /// Rest is reached at one number of sweeps, and said at none below it.
    #[test]
    fn a_cloth_that_is_still_far_off_is_not_said_to_be_at_rest() {
        let mut heights = vec![0.0; 41];
        heights[11..30].fill(50.0);
        let surface = row_of(&heights);
        let rest = press_from_below(&surface, 0.01);
        for sweeps in 1..rest.sweeps {
            let cloth = press_for_sweeps(&surface, 0.01, sweeps);
            assert!(!cloth.is_at_rest() && cloth.sweeps == sweeps);
        }
    }

    #[test]
    fn level_ground_is_touched_everywhere() {
        let cloth = press_from_below(&row_of(&[4.0; 30]), 0.005);
        assert!(cloth.is_at_rest() && cloth.heights == [4.0; 30]);
    }

    #[test]
    fn the_axes_may_be_exchanged_to_the_bit() {
        let heights: Vec<f64> = (0..900)
            .map(|i| 0.2 * f64::from(i % 30) + f64::from(i * 7919 % 13))
            .collect();
        let surface = HeightGrid {
            cell_size: 1.0,
            first: [4, 7],
            columns: 30,
            rows: 30,
            heights,
        };
        let exchange = |heights: &[f64]| -> Vec<f64> {
            (0..900).map(|i| heights[i % 30 * 30 + i / 30]).collect()
        };
        let exchanged = HeightGrid {
            first: [7, 4],
            heights: exchange(&surface.heights),
            ..surface.clone()
        };
        let [cloth, other] = [&surface, &exchanged].map(|grid| press_from_below(grid, 0.005));
        assert!(other.heights == exchange(&cloth.heights) && other.sweeps == cloth.sweeps);
        let below = surface.heights.iter().zip(&cloth.heights);
        assert!(below.clone().all(|(surface, node)| node <= surface));
        assert!(below.filter(|(surface, node)| node < surface).count() > 400);
    }

    #[test]
    fn unknown_cells_stay_unknown_and_end_the_cloth() {
        let cloth = press_from_below(&row_of(&[3.0, f64::NAN, 1.0, 1.0, 9.0]), 0.01);
        assert!(cloth.heights[1].is_nan() && cloth.heights[0] == 3.0);
        assert!((cloth.heights[4] - 1.01).abs() < 1e-3);
        assert!(press_from_below(&row_of(&[]), 0.01).heights.is_empty());
    }
}
