//! Openings of heights by discs of cells.
//!
//! A disc is a stack of rows. The minimum over a row of half width w comes from that over the row
//! two cells narrower and its two ends. So all widths of a disc cost two comparisons a cell each,
//! and a disc of radius r about 4r instead of π r². One width is kept at a time: five grids, whatever
//! the radius. Rows are followed from their first known height to their last. Cells without a height,
//! and those outside the grid, count for nothing.

use super::grid::HeightGrid;
use rayon::prelude::*;
use std::ops::Range;

/// The erosion by a disc, then the dilation by it: removes objects narrower than the disc.
pub(super) fn open(grid: &HeightGrid, radius: usize) -> Vec<f64> {
    let mut lowered = lowest_in_discs(&grid.heights, grid.columns, radius);
    negate(&mut lowered);
    let mut opened = lowest_in_discs(&lowered, grid.columns, radius);
    negate(&mut opened);
    opened
}

fn negate(heights: &mut [f64]) {
    for height in heights {
        *height = -*height;
    }
}

/// The lowest known height in a disc about each cell; NaN stays NaN.
fn lowest_in_discs(heights: &[f64], columns: usize, radius: usize) -> Vec<f64> {
    if columns == 0 {
        return Vec::new();
    }
    let known: Vec<f64> = heights
        .iter()
        .map(|height| match height.is_nan() {
            true => f64::INFINITY,
            false => *height,
        })
        .collect();
    let spans: Vec<Range<usize>> = heights.chunks(columns).map(known_span).collect();
    let mut lowest = vec![f64::INFINITY; heights.len()];
    let mut in_rows = known.clone();
    for width in 0..=radius {
        if width > 0 {
            widen_rows(&mut in_rows, &known, &spans, width);
        }
        let offs = rows_of_width(radius, width);
        lower_to_rows(&mut lowest, &in_rows, &spans, width, &offs);
    }
    for (lowest, height) in lowest.iter_mut().zip(heights) {
        if height.is_nan() {
            *lowest = f64::NAN;
        }
    }
    lowest
}

/// Distances of the rows of a disc from its middle whose half width is `width`.
fn rows_of_width(radius: usize, width: usize) -> Vec<usize> {
    let half_width = |off: usize| (radius * radius - off * off).isqrt();
    (0..=radius)
        .filter(|&off| half_width(off) == width)
        .collect()
}

/// The columns from the first known height of a row to its last.
fn known_span(row: &[f64]) -> Range<usize> {
    let is_known = |height: &f64| !height.is_nan();
    let first = row.iter().position(is_known);
    let last = row.iter().rposition(is_known);
    first
        .zip(last)
        .map_or(0..0, |(first, last)| first..last + 1)
}

/// The columns of a row that its known heights reach.
fn widened(span: &Range<usize>, width: usize, columns: usize) -> Range<usize> {
    match span.is_empty() {
        true => 0..0,
        false => span.start.saturating_sub(width)..(span.end + width).min(columns),
    }
}

/// From the lowest heights of rows of half width `width` − 1 about each cell to those of `width`.
fn widen_rows(in_rows: &mut [f64], known: &[f64], spans: &[Range<usize>], width: usize) {
    let columns = known.len() / spans.len();
    let rows = in_rows
        .par_chunks_mut(columns)
        .zip(known.par_chunks(columns));
    if width >= columns {
        return;
    }
    rows.zip(spans).for_each(|((in_row, row), span)| {
        // The ends of the rows about a cell lie `width` east and west of it.
        let east = span.start.max(width)..span.end.max(width);
        let middles = &mut in_row[east.start - width..];
        for (lowest, end) in middles.iter_mut().zip(&row[east]) {
            *lowest = lowest.min(*end);
        }
        let west = span.start.min(columns - width)..span.end.min(columns - width);
        let middles = &mut in_row[west.start + width..];
        for (lowest, end) in middles.iter_mut().zip(&row[west]) {
            *lowest = lowest.min(*end);
        }
    });
}

/// Lowers each cell between known ones to the rows that lie `offs` rows south and north of it.
fn lower_to_rows(
    lowest: &mut [f64],
    in_rows: &[f64],
    spans: &[Range<usize>],
    width: usize,
    offs: &[usize],
) {
    let columns = lowest.len() / spans.len();
    let rows = lowest.par_chunks_mut(columns).zip(spans).enumerate();
    rows.for_each(|(row, (lowest, span))| {
        for &off in offs {
            let south = row.checked_sub(off);
            let north = (off > 0 && row + off < spans.len()).then_some(row + off);
            for other in south.into_iter().chain(north) {
                let reached = widened(&spans[other], width, columns);
                let from = reached.start.max(span.start);
                let to = reached.end.min(span.end).max(from);
                let in_row = &in_rows[other * columns..];
                for (lowest, height) in lowest[from..to].iter_mut().zip(&in_row[from..to]) {
                    *lowest = lowest.min(*height);
                }
            }
        }
    });
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

    /// Some rows have no heights, some none at their ends.
    fn is_outside(at: usize, columns: usize) -> bool {
        let [column, row] = [at % columns, at / columns];
        row % 5 == 2 || (row % 4 == 1 && !(5..12).contains(&column))
    }

    #[test]
    fn discs_of_rows_are_discs_of_cells() {
        for columns in [1, 3, 17, 40] {
            let heights: Vec<f64> = (0..columns as u64 * 23)
                .map(|i| match i % 7 == 3 || is_outside(i as usize, columns) {
                    true => f64::NAN,
                    false => random(i),
                })
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
