//! A walk through the cells that a ball meets, from its centre outwards.
//!
//! Rows are walked outwards from the query, each as far as the ball is wide there. In crowded cells
//! heights are cut in the same way, and where that leaves many points, the cell's tree finds those
//! that are near ([`super::trees`]).

use super::{CROWDED, Grid, trees::CellTrees, walk::Query};
use std::ops::Range;

/// Points of a row's cells that are looked at without asking which cells are crowded.
const FEW_IN_ROW: usize = 48;

/// Points between two heights above which a tree of the cell is asked.
const WORTH_A_TREE: usize = 96;

/// A ball that may shrink while points are added.
pub(super) trait Ball {
    /// Squared radius, square ticks: farther points are not looked for.
    fn reach(&self) -> u64;

    /// Whether no further point can matter: those that follow are no nearer, and of equal points
    /// the lower indices come first.
    fn is_settled(&self) -> bool;

    /// Adds those of the sorted points of the span that are within reach.
    fn add_span(&mut self, grid: &Grid<'_>, span: Range<usize>, query: Query);

    /// Adds those of the sorted points at `base` + the offsets listed that are within reach.
    fn add_listed(&mut self, grid: &Grid<'_>, base: usize, offsets: &[u16], query: Query);
}

impl Grid<'_> {
    /// Adds all points within the reach of a ball around the query.
    #[inline(always)]
    pub(super) fn add_ball(&self, trees: Option<&CellTrees>, query: Query, ball: &mut impl Ball) {
        let home = self.cell_along(1, i64::from(query[1]));
        self.add_row(trees, query, home, 0, ball);
        for row in home + 1..self.rows {
            let gap = self.gap_to_cell(1, row, query).pow(2);
            if gap > ball.reach() || ball.is_settled() {
                break;
            }
            self.add_row(trees, query, row, gap, ball);
        }
        for row in (0..home).rev() {
            let gap = self.gap_to_cell(1, row, query).pow(2);
            if gap > ball.reach() || ball.is_settled() {
                break;
            }
            self.add_row(trees, query, row, gap, ball);
        }
    }

    /// Adds the points of one row, `gap` square ticks away.
    #[inline(always)]
    fn add_row(
        &self,
        trees: Option<&CellTrees>,
        query: Query,
        row: usize,
        gap: u64,
        ball: &mut impl Ball,
    ) {
        let chord = root_above(ball.reach() - gap);
        let x = i64::from(query[0]);
        let first = self.cell_along(0, x - chord);
        let last = self.cell_along(0, x + chord);
        let whole = self.span_of_cells(row, [first, last + 1]);
        if !self.crowded || whole.len() <= FEW_IN_ROW {
            ball.add_span(self, whole, query);
            return;
        }
        let home = self.cell_along(0, x);
        for column in (home..=last).chain((first..home).rev()) {
            let span = self.span_of_cells(row, [column, column + 1]);
            if span.len() <= CROWDED as usize {
                ball.add_span(self, span, query);
            } else {
                let beside = self.gap_to_cell(0, column, query).pow(2);
                self.add_crowded_cell(trees, query, span, [beside, gap], ball);
            }
        }
    }

    /// Adds the points of a crowded cell that is so far away along x and y, square ticks.
    #[inline]
    fn add_crowded_cell(
        &self,
        trees: Option<&CellTrees>,
        query: Query,
        span: Range<usize>,
        gaps: [u64; 2],
        ball: &mut impl Ball,
    ) {
        let Some(rest) = ball.reach().checked_sub(gaps[0].saturating_add(gaps[1])) else {
            return;
        };
        if ball.is_settled() {
            return;
        }
        let half = root_above(rest);
        let height = i64::from(query[2]);
        let window = self.span_between_heights(span.clone(), [height - half, height + half]);
        match trees {
            Some(trees) if window.len() > WORTH_A_TREE => {
                trees.add_cell(self, span, query, gaps, ball)
            }
            _ => ball.add_span(self, window, query),
        }
    }

    /// Distance from the query to a column (axis 0) or row (axis 1), ticks.
    #[inline]
    fn gap_to_cell(&self, axis: usize, cell: usize, query: Query) -> u64 {
        let [low, end] = self.edges_of_cell(axis, cell);
        let centre = i64::from(query[axis]);
        (low - centre).max(centre - end + 1).max(0) as u64
    }
}

/// A whole number above the square root.
#[inline]
pub(super) fn root_above(squared: u64) -> i64 {
    (squared as f64).sqrt() as i64 + 1
}
