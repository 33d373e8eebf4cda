//! Low noise: cells far below all others around.

use super::grid::HeightGrid;
use rayon::prelude::*;

/// Cells around a cell, in which no other is nearly as low as noise.
pub(super) const RADIUS: i64 = 5;

/// Empties cells that lie more than `depth` below every other known one within [`RADIUS`] cells.
///
/// Ground between crowns lies far below its neighbours, too, but not below all other ground around.
/// A cell without known ones around stays.
pub(super) fn remove_pits(lowest: &mut HeightGrid, depth: f64) {
    let around = offsets_around();
    let columns = lowest.columns.max(1);
    let before = lowest.clone();
    let rows = lowest.heights.par_chunks_mut(columns).enumerate();
    rows.for_each(|(row, heights)| {
        for (column, height) in heights.iter_mut().enumerate() {
            if height.is_nan() {
                continue;
            }
            let [column, row] = [column as i64, row as i64];
            let others = around
                .iter()
                .map(|[x, y]| before.height(column + x, row + y));
            let lowest_other = others.fold(f64::INFINITY, f64::min); // NaN counts for nothing
            if lowest_other.is_finite() && lowest_other - *height > depth {
                *height = f64::NAN;
            }
        }
    });
}

fn offsets_around() -> Vec<[i64; 2]> {
    let mut offsets = Vec::new();
    for y in -RADIUS..=RADIUS {
        for x in -RADIUS..=RADIUS {
            let squared = x * x + y * y;
            if squared > 0 && squared <= RADIUS * RADIUS {
                offsets.push([x, y]);
            }
        }
    }
    offsets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid_with(changes: &[(usize, f64)]) -> HeightGrid {
        let mut heights = vec![20.0; 400];
        for &(at, height) in changes {
            heights[at] = height;
        }
        HeightGrid {
            cell_size: 1.0,
            first: [-3, 8],
            columns: 20,
            rows: 20,
            heights,
        }
    }

    #[test]
    fn one_low_cell_is_noise_and_two_are_ground() {
        let mut noise = grid_with(&[(210, 17.0)]);
        remove_pits(&mut noise, 1.0);
        assert!(noise.heights[210].is_nan());
        assert_eq!(
            noise
                .heights
                .iter()
                .filter(|height| height.is_nan())
                .count(),
            1
        );
        // Four cells apart, below crowns.
        let mut ground = grid_with(&[(210, 2.0), (214, 2.3), (300, f64::NAN)]);
        let before = ground.clone();
        remove_pits(&mut ground, 1.0);
        assert!(ground.heights[210] == 2.0 && ground.heights[214] == 2.3);
        let same = ground
            .heights
            .iter()
            .zip(&before.heights)
            .all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(same);
        // Farther apart they know nothing of each other.
        let mut far = grid_with(&[(203, 2.0), (214, 2.3)]);
        remove_pits(&mut far, 1.0);
        assert!(far.heights[203].is_nan() && far.heights[214].is_nan());
    }

    #[test]
    fn a_cell_alone_stays() {
        let mut alone = grid_with(&[]);
        alone.heights.fill(f64::NAN);
        alone.heights[7] = -4.0;
        remove_pits(&mut alone, 1.0);
        assert_eq!(alone.heights[7], -4.0);
    }
}
