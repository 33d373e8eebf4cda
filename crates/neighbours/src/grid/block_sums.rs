//! Sums of whole blocks of cells, for balls that are many cells wide.
//!
//! # Idea
//!
//! Most points of a wide ball are in blocks of 4 × 4 cells that lie in it altogether: a block's
//! corners and its lowest and highest point are no farther than the radius. Count, sums and
//! products of such blocks need no point. They are kept as running sums along each row of blocks,
//! so that any number of blocks side by side costs one difference.
//!
//! # Exactness
//!
//! Coordinates about the index's origin have 32 bits, and sums of their products more than 64. They
//! are kept modulo 2⁶⁴. Differences, and the shift from the origin to the query,
//! Σ(x − q)² = Σx² − 2q Σx + n q², are additions and products, which the remainders obey; and the
//! result about the query is below 2⁶³ for few points and a small radius, so that its remainder is
//! the result. Neighbourhoods for which that is not certain are summed point by point.

use super::{Grid, heights::SHIFT, runs::Runs, walk::Query};
use crate::moments::ExactSums;
use rayon::prelude::*;

/// A radius of fewer cells has too few blocks inside.
const FEWEST_CELLS: i64 = 7;

/// Points a query up to which the sums of all blocks are worth their time: summing a point costs a
/// few nanoseconds, and a query saves a microsecond.
const POINTS_PER_QUERY: usize = 200;

/// Points an entry of the running sums below which these would take too much memory (10 bytes a
/// point): the blocks of a narrow strip are mostly edge.
const POINTS_PER_ENTRY: usize = 8;

/// Count, sums x, y, z and products xx, xy, xz, yy, yz, zz, modulo 2⁶⁴.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Remainders([u64; 10]);

impl Remainders {
    #[inline]
    fn add_point(&mut self, x: i32, y: i32, z: i32) {
        let [x, y, z] = [x, y, z].map(|tick| i64::from(tick) as u64);
        let terms = [
            1,
            x,
            y,
            z,
            x.wrapping_mul(x),
            x.wrapping_mul(y),
            x.wrapping_mul(z),
            y.wrapping_mul(y),
            y.wrapping_mul(z),
            z.wrapping_mul(z),
        ];
        for (sum, term) in self.0.iter_mut().zip(terms) {
            *sum = sum.wrapping_add(term);
        }
    }

    #[inline(always)]
    fn add_difference(&mut self, upto: &Self, from: &Self) {
        for (i, sum) in self.0.iter_mut().enumerate() {
            *sum = sum.wrapping_add(upto.0[i].wrapping_sub(from.0[i]));
        }
    }

    #[inline]
    pub(super) fn count(&self) -> u64 {
        self.0[0]
    }

    /// Adds the sums about a query to those of other points; every one of them is below 2⁶³.
    #[inline]
    pub(super) fn add_about(&self, query: Query, sums: &mut ExactSums) {
        let [n, x, y, z, xx, xy, xz, yy, yz, zz] = self.0;
        let [p, q, r] = query.map(|tick| i64::from(tick) as u64);
        // Σ(a − s)(b − t) = Σab − s Σb − t Σa + n s t
        let about = |ab: u64, (a, s): (u64, u64), (b, t): (u64, u64)| {
            let crossed = s.wrapping_mul(b).wrapping_add(t.wrapping_mul(a));
            let moved = n.wrapping_mul(s).wrapping_mul(t);
            ab.wrapping_sub(crossed).wrapping_add(moved) as i64
        };
        let from = |a: u64, s: u64| a.wrapping_sub(n.wrapping_mul(s)) as i64;
        sums.add_sums(
            n as u32,
            [from(x, p), from(y, q), from(z, r)],
            [
                about(xx, (x, p), (x, p)),
                about(xy, (x, p), (y, q)),
                about(xz, (x, p), (z, r)),
                about(yy, (y, q), (y, q)),
                about(yz, (y, q), (z, r)),
                about(zz, (z, r), (z, r)),
            ],
        );
    }
}

/// Running sums along the rows of blocks of a grid: 1.6 bytes a point.
#[derive(Debug)]
pub(super) struct BlockSums {
    /// For each row of blocks, the sums of all blocks before each, and of all.
    running: Vec<Remainders>,
    /// Entries of `running` a row.
    stride: usize,
}

impl BlockSums {
    /// The sums of a grid's blocks, if balls with that squared radius (square ticks) around so many
    /// queries are worth them. O(points).
    pub(super) fn if_worthwhile(grid: &Grid<'_>, largest: u128, queries: usize) -> Option<Self> {
        let points = grid.points.len();
        let [stride, rows] = strides_and_rows(grid);
        let is_worthwhile = is_wide(grid, largest as f64)
            && points / POINTS_PER_QUERY <= queries
            && stride * rows * POINTS_PER_ENTRY <= points;
        is_worthwhile.then(|| Self::of_grid(grid))
    }

    fn of_grid(grid: &Grid<'_>) -> Self {
        let [stride, rows] = strides_and_rows(grid);
        let mut running = vec![Remainders::default(); rows * stride];
        running
            .par_chunks_mut(stride)
            .enumerate()
            .for_each(|(row, running)| {
                let mut sum = Remainders::default();
                for (block, to) in running.iter_mut().enumerate() {
                    *to = sum;
                    if block + 1 < stride {
                        grid.add_block([row, block], &mut sum);
                    }
                }
            });
        Self { running, stride }
    }

    #[inline(always)]
    fn add_blocks(&self, row: usize, [first, end]: [usize; 2], sums: &mut Remainders) {
        let running = &self.running[row * self.stride..][..self.stride];
        sums.add_difference(&running[end], &running[first]);
    }
}

/// Entries a row of blocks, and rows.
fn strides_and_rows(grid: &Grid<'_>) -> [usize; 2] {
    [grid.heights.across() + 1, (grid.rows >> SHIFT) + 1]
}

/// Whether a ball is so wide that whole blocks are in it.
#[inline]
pub(super) fn is_wide(grid: &Grid<'_>, largest: f64) -> bool {
    largest.sqrt() >= (FEWEST_CELLS << grid.shift) as f64
}

impl Grid<'_> {
    fn add_block(&self, [row, block]: [usize; 2], sum: &mut Remainders) {
        let columns = [block << SHIFT, (block + 1) << SHIFT].map(|column| column.min(self.columns));
        for row in row << SHIFT..((row + 1) << SHIFT).min(self.rows) {
            for i in self.span_of_cells(row, columns) {
                sum.add_point(self.x[i], self.y[i], self.z[i]);
            }
        }
    }

    /// The runs that hold the points of a ball in blocks that are not in it altogether; returns the
    /// sums of the others.
    #[inline(never)]
    pub(super) fn collect_ball_around_blocks(
        &self,
        blocks: &BlockSums,
        query: Query,
        largest: f64,
        runs: &mut Runs,
    ) -> Remainders {
        runs.clear();
        let mut inside = Remainders::default();
        let rows = self.rows_of_ball(query, largest);
        for block_row in rows[0] >> SHIFT..=rows[1] >> SHIFT {
            let whole = self.blocks_in_ball(block_row, query, largest);
            if let Some(whole) = whole {
                blocks.add_blocks(block_row, whole, &mut inside);
            }
            let first = rows[0].max(block_row << SHIFT);
            let last = rows[1].min((block_row << SHIFT) + (1 << SHIFT) - 1);
            for row in first..=last {
                let chord = self.chord_of_ball(row, query, largest);
                match whole {
                    None => self.push_row(row, chord.columns, chord.heights, runs),
                    Some(whole) => {
                        let [left, right] = whole.map(|block| (block << SHIFT).min(self.columns));
                        let [first, end] = chord.columns;
                        self.push_closed_row(row, [first, left.max(first)], chord.heights, runs);
                        self.push_row(row, [right.min(end), end], chord.heights, runs);
                    }
                }
            }
        }
        inside
    }

    /// Blocks side by side of one row of blocks that are in the ball altogether: those about the
    /// query's column.
    #[inline(always)]
    fn blocks_in_ball(&self, row: usize, query: Query, largest: f64) -> Option<[usize; 2]> {
        let rows = [row << SHIFT, ((row + 1) << SHIFT).min(self.rows)];
        let across = self.farthest_in_cells(1, query[1], rows);
        let left = largest - across * across;
        if left < 0.0 {
            return None;
        }
        let ranges = self.heights.ranges_of_row(row);
        let is_inside = |block: usize| {
            let columns =
                [block << SHIFT, (block + 1) << SHIFT].map(|column| column.min(self.columns));
            let along = self.farthest_in_cells(0, query[0], columns);
            let [low, high] = ranges[block].map(|z| f64::from(z) - f64::from(query[2]));
            let up = high.max(-low).max(0.0);
            along * along + up * up <= left
        };
        let middle = self.cell_along(0, i64::from(query[0])) >> SHIFT;
        if !is_inside(middle) {
            return None;
        }
        let mut first = middle;
        while first > 0 && is_inside(first - 1) {
            first -= 1;
        }
        let mut end = middle + 1;
        while end < ranges.len() && is_inside(end) {
            end += 1;
        }
        Some([first, end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BruteForce, Covariance, NeighbourIndex, NeighbourSearch};
    use isopach_cloud::Cloud;
    use isopach_compute::conformance::random;

    #[test]
    fn sums_of_blocks_have_the_bits_of_the_points() {
        // Rough ground with trees, a pole and an empty corner, far from the origin.
        let point = |i: u64| {
            let at = |k: u64| random(4 * i + k);
            let [x, y] = [at(0) * 30.0, at(1) * 30.0];
            let z = match i % 16 {
                0 => 12.0 * at(2),
                1 => return [3000.0 + 7.0, -2000.0 + 7.0, 20.0 * at(2)],
                _ => (0.4 * x).sin() + 0.1 * at(2),
            };
            [3000.0 + x, -2000.0 + y * (1.0 - 0.5 * x / 30.0), z]
        };
        let points: Vec<[f64; 3]> = (0..30_000).map(point).collect();
        let cloud = Cloud::from_points(&points).unwrap();
        let queries = cloud.select(&(0..cloud.len() as u32).step_by(101).collect::<Vec<_>>());
        let grid = Grid::new(cloud.positions());
        let radii = [0.5, 2.0, 5.0, 9.0];
        let blocks = BlockSums::if_worthwhile(&grid, 1 << 42, queries.len());
        assert!(blocks.is_some());
        let found = grid
            .covariances_within_radii(queries.positions(), &radii)
            .unwrap();
        let defined = BruteForce
            .index(cloud.positions())
            .unwrap()
            .covariances_within_radii(queries.positions(), &radii)
            .unwrap();
        let bits = |c: &Covariance| (c.count, c.mean.map(f64::to_bits), c.upper.map(f64::to_bits));
        assert_eq!(found.len(), defined.len());
        for (found, defined) in found.iter().zip(&defined) {
            assert_eq!(bits(found), bits(defined));
        }
    }
}
