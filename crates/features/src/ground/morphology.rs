//! Openings of heights by discs of cells.
//!
//! A disc is a stack of rows. The minimum over a row of half width w comes from that over the row
//! two cells narrower and its two ends. So all widths of a disc cost two comparisons a cell each,
//! and a disc of radius r about 4r instead of π r². Cells without a height, and those outside the
//! grid, count for nothing.

use super::grid::HeightGrid;
use rayon::prelude::*;

/// The erosion by a disc, then the dilation by it: removes objects narrower than the disc.
pub(super) fn open(grid: &HeightGrid, radius: usize) -> Vec<f64> {
    let lowered = lowest_in_discs(&grid.heights, grid.columns, radius);
    negated(&lowest_in_discs(&negated(&lowered), grid.columns, radius))
}

fn negated(heights: &[f64]) -> Vec<f64> {
    heights.iter().map(|height| -height).collect()
}

/// The lowest known height in a disc about each cell; NaN stays NaN.
fn lowest_in_discs(heights: &[f64], columns: usize, radius: usize) -> Vec<f64> {
    if columns == 0 {
        return Vec::new();
    }
    let rows = heights.len() / columns;
    let by_width = lowest_in_rows(heights, columns, radius);
    let mut lowest = vec![f64::INFINITY; heights.len()];
    lowest
        .par_chunks_mut(columns)
        .enumerate()
        .for_each(|(row, lowest)| {
            for other in row.saturating_sub(radius)..(row + radius + 1).min(rows) {
                let width = half_width(radius, other.abs_diff(row));
                let narrow = &by_width[width][other * columns..(other + 1) * columns];
                for (lowest, height) in lowest.iter_mut().zip(narrow) {
                    *lowest = lowest.min(*height);
                }
            }
        });
    for (lowest, height) in lowest.iter_mut().zip(heights) {
        if height.is_nan() {
            *lowest = f64::NAN;
        }
    }
    lowest
}

/// Half the width of a row of a disc, `off` rows from its middle.
fn half_width(radius: usize, off: usize) -> usize {
    (radius * radius - off * off).isqrt()
}

/// For each half width from 0 to `most`, the lowest height in the row about each cell; infinity for
/// unknown heights.
fn lowest_in_rows(heights: &[f64], columns: usize, most: usize) -> Vec<Vec<f64>> {
    let known = |height: &f64| {
        if height.is_nan() {
            f64::INFINITY
        } else {
            *height
        }
    };
    let mut by_width: Vec<Vec<f64>> = vec![heights.iter().map(known).collect()];
    for width in 1..=most {
        let mut wider = by_width[width - 1].clone();
        wider
            .par_chunks_mut(columns)
            .zip(by_width[0].par_chunks(columns))
            .for_each(|(wider, row)| {
                if width >= columns {
                    return;
                }
                let reached = columns - width;
                for (wider, end) in wider[..reached].iter_mut().zip(&row[width..]) {
                    *wider = wider.min(*end);
                }
                for (wider, end) in wider[width..].iter_mut().zip(row) {
                    *wider = wider.min(*end);
                }
            });
        by_width.push(wider);
    }
    by_width
}

#[cfg(test)]
mod tests {
    use super::*;
    use isopach_compute::conformance::random;

    /// The definition: every cell of the disc.
    fn plain(heights: &[f64], columns: usize, radius: i64) -> Vec<f64> {
        let rows = (heights.len() / columns) as i64;
        let lowest = |at: usize| {
            let [column, row] = [(at % columns) as i64, (at / columns) as i64];
            let mut lowest = f64::INFINITY;
            for y in -radius..=radius {
                for x in -radius..=radius {
                    let [c, r] = [column + x, row + y];
                    let is_inside = c >= 0 && c < columns as i64 && r >= 0 && r < rows;
                    if is_inside && x * x + y * y <= radius * radius {
                        lowest = lowest.min(heights[r as usize * columns + c as usize]);
                    }
                }
            }
            if heights[at].is_nan() {
                f64::NAN
            } else {
                lowest
            }
        };
        (0..heights.len()).map(lowest).collect()
    }

    #[test]
    fn discs_of_rows_are_discs_of_cells() {
        for columns in [1, 3, 17, 40] {
            let heights: Vec<f64> = (0..columns as u64 * 23)
                .map(|i| if i % 7 == 3 { f64::NAN } else { random(i) })
                .collect();
            for radius in [1, 2, 5, 9, 30] {
                let [found, defined] = [
                    lowest_in_discs(&heights, columns, radius),
                    plain(&heights, columns, radius as i64),
                ];
                let same = found
                    .iter()
                    .zip(&defined)
                    .all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(same, "{columns} columns, radius {radius}");
            }
        }
    }
}
