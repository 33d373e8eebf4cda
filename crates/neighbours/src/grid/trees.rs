//! Trees of crowded cells.
//!
//! # Idea
//!
//! Where points are very dense in some places (near a scanner), cells have thousands of points
//! there, and to cut their heights leaves many. Such a cell gets a k-d tree of its own: the order
//! of its points by halves along the longest side of what is left, and where each half ends. The
//! points stay where they are, sorted by height, since sums over them want them so. The order is
//! two bytes a point, and a cell that has no tree takes none.

use super::{CROWDED, Grid, ball::Ball, walk::Query};
use rayon::prelude::*;
use std::ops::Range;

/// Points of a tree at most: two bytes tell them apart. Cells with more have one tree after the
/// other, each of points between two heights.
const LARGEST: usize = 1 << 16;

/// Points in a leaf at most. At least half as many are in each, so that there are at most
/// n / [`SMALLEST_LEAF`] halvings.
const LEAF: usize = 32;
const SMALLEST_LEAF: usize = LEAF / 2;

/// Points at heights that a query looks at, above which a cell gets a tree.
const MANY: usize = 128;

/// Bits of a halving that hold its axis.
const AXIS_BITS: i32 = 3;

/// Trees of all cells that have one.
#[derive(Debug)]
pub(super) struct CellTrees {
    /// For each sorted point of a tree, in the order of the tree, its position after the tree's
    /// first.
    order: Vec<u16>,
    /// Of the tree that starts at sorted point i: at i / [`SMALLEST_LEAF`], rounded up, how often
    /// it is halved (0: no tree), and after that its halvings, each followed by those of its halves
    /// at 2 · n and 2 · n + 1. A halving is a coordinate, rounded down, and in the lowest bits its
    /// axis.
    halvings: Vec<i32>,
}

/// Part of a tree: one halving and the parts below.
#[derive(Clone, Copy)]
struct Node {
    number: usize,
    /// First and end in the tree's order.
    range: [usize; 2],
    /// Halvings from here to a leaf.
    depth: u32,
    /// Squared distance of the query along each axis, square ticks.
    gaps: [u64; 3],
}

/// One tree that is asked.
struct Asked<'a> {
    grid: &'a Grid<'a>,
    base: usize,
    order: &'a [u16],
    halvings: &'a [i32],
    query: Query,
}

/// Where the halvings of the tree at a sorted point start.
fn first_halving(start: usize) -> usize {
    start.div_ceil(SMALLEST_LEAF)
}

/// The trees that the points of a cell make.
fn pieces_of(span: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = span.end;
    span.step_by(LARGEST)
        .map(move |start| start..(start + LARGEST).min(end))
}

impl Grid<'_> {
    /// Trees of the cells that need one, made when they are asked for first; `None` if no cell does.
    pub(super) fn trees(&self) -> Option<&CellTrees> {
        self.trees.get_or_init(|| CellTrees::of_grid(self)).as_ref()
    }

    /// Whether heights do not tell the points of a cell apart: a query of about a cell's width
    /// would still look at many.
    fn is_dense(&self, span: &Range<usize>) -> bool {
        if span.len() <= MANY.max(CROWDED as usize) {
            return false;
        }
        let height = f64::from(self.z[span.end - 1]) - f64::from(self.z[span.start]);
        let side = (1_u64 << self.shift) as f64;
        span.len() as f64 * (side / height).min(1.0) > MANY as f64
    }
}

impl CellTrees {
    #[cfg(test)]
    pub(super) fn heap_bytes(&self) -> usize {
        2 * self.order.len() + 4 * self.halvings.len()
    }

    fn of_grid(grid: &Grid<'_>) -> Option<Self> {
        if !grid.crowded {
            return None;
        }
        let cells = grid
            .starts
            .windows(2)
            .map(|pair| pair[0] as usize..pair[1] as usize)
            .filter(|span| grid.is_dense(span));
        let pieces: Vec<Range<usize>> = cells
            .flat_map(pieces_of)
            .filter(|piece| piece.len() > LEAF)
            .collect();
        if pieces.is_empty() {
            return None;
        }
        let count = grid.id.len();
        let mut trees = Self {
            order: vec![0; count],
            halvings: vec![0; first_halving(count) + 1],
        };
        let mut order = &mut trees.order[..];
        let mut halvings = &mut trees.halvings[..];
        let mut ordered = 0;
        let mut halved = 0;
        let mut parts = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let first = first_halving(piece.start);
            let end = first + piece.len() / SMALLEST_LEAF;
            order = order.split_at_mut(piece.start - ordered).1;
            halvings = halvings.split_at_mut(first - halved).1;
            let part = (
                order.split_off_mut(..piece.len()).unwrap_or_default(),
                halvings.split_off_mut(..end - first).unwrap_or_default(),
            );
            ordered = piece.end;
            halved = end;
            parts.push((piece.start, part));
        }
        parts
            .into_par_iter()
            .for_each(|(base, (order, halvings))| build_tree(grid, base, order, halvings));
        Some(trees)
    }

    /// Adds the points of a cell that are near enough. `gaps` are the squared distances of the
    /// query to the cell in x and y.
    pub(super) fn add_cell(
        &self,
        grid: &Grid<'_>,
        span: Range<usize>,
        query: Query,
        [x, y]: [u64; 2],
        ball: &mut impl Ball,
    ) {
        for piece in pieces_of(span) {
            let first = first_halving(piece.start);
            let heights = [grid.z[piece.start], grid.z[piece.end - 1]].map(i64::from);
            let height = i64::from(query[2]);
            let gap = (heights[0] - height).max(height - heights[1]).max(0) as u64;
            let gaps = [x, y, gap * gap];
            let depth = self.halvings[first] as u32;
            if depth == 0 || piece.len() <= LEAF {
                ball.add_span(grid, piece, query);
                continue;
            }
            let node = Node {
                number: 1,
                range: [0, piece.len()],
                depth,
                gaps,
            };
            let asked = Asked {
                grid,
                base: piece.start,
                order: &self.order[piece.clone()],
                halvings: &self.halvings[first..],
                query,
            };
            asked.add_below(node, ball);
        }
    }
}

impl Asked<'_> {
    fn add_below(&self, node: Node, ball: &mut impl Ball) {
        let gap = node
            .gaps
            .iter()
            .fold(0_u64, |sum, &gap| sum.saturating_add(gap));
        if gap > ball.reach() || ball.is_settled() {
            return;
        }
        let [first, end] = node.range;
        if node.depth == 0 {
            let offsets = &self.order[first..end];
            ball.add_listed(self.grid, self.base, offsets, self.query);
            return;
        }
        let halving = self.halvings[node.number];
        let axis = (halving & AXIS_BITS) as usize;
        let low = i64::from(halving & !AXIS_BITS);
        let high = low + i64::from(AXIS_BITS);
        let at = i64::from(self.query[axis]);
        let middle = first + (end - first) / 2;
        let mut lower = Node {
            number: 2 * node.number,
            range: [first, middle],
            depth: node.depth - 1,
            gaps: node.gaps,
        };
        let mut upper = Node {
            number: 2 * node.number + 1,
            range: [middle, end],
            ..lower
        };
        let widen = |gaps: &mut [u64; 3], gap: i64| {
            gaps[axis] = gaps[axis].max((gap.max(0) as u64).pow(2));
        };
        widen(&mut lower.gaps, at - high);
        widen(&mut upper.gaps, low - at);
        // Of equal points those with lower indices are in the lower half, and come first.
        if at <= high {
            self.add_below(lower, ball);
            self.add_below(upper, ball);
        } else {
            self.add_below(upper, ball);
            self.add_below(lower, ball);
        }
    }
}

/// Makes the tree of the sorted points from `base` on.
fn build_tree(grid: &Grid<'_>, base: usize, order: &mut [u16], halvings: &mut [i32]) {
    for (offset, at) in order.iter_mut().enumerate() {
        *at = offset as u16;
    }
    let depth = order.len().div_ceil(LEAF).next_power_of_two().ilog2();
    halvings[0] = depth as i32;
    halve(grid, base, order, halvings, 1, depth);
}

fn halve(
    grid: &Grid<'_>,
    base: usize,
    order: &mut [u16],
    halvings: &mut [i32],
    number: usize,
    depth: u32,
) {
    if depth == 0 {
        order.sort_unstable();
        return;
    }
    let axes = [&grid.x, &grid.y, &grid.z];
    let length = |axis: &[i32]| {
        let range = order.iter().fold([i32::MAX, i32::MIN], |range, &offset| {
            let value = axis[base + usize::from(offset)];
            [range[0].min(value), range[1].max(value)]
        });
        range[1].abs_diff(range[0])
    };
    let lengths = axes.map(|axis| length(axis));
    let longest = (0..3).max_by_key(|&axis| lengths[axis]).unwrap_or(0);
    let along = axes[longest];
    let middle = order.len() / 2;
    order.select_nth_unstable_by_key(middle, |&offset| {
        (along[base + usize::from(offset)], offset)
    });
    let value = along[base + usize::from(order[middle])];
    halvings[number] = (value & !AXIS_BITS) | longest as i32;
    let (lower, upper) = order.split_at_mut(middle);
    halve(grid, base, lower, halvings, 2 * number, depth - 1);
    halve(grid, base, upper, halvings, 2 * number + 1, depth - 1);
}
