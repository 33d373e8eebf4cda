//! Blocks of 8 × 8 cells, split where they contradict themselves.
//!
//! The noise of a sum of 64 cells is an eighth of a cell's in proportion, so that the sign of a
//! change is known far sooner than in a single cell. That holds only while the cells of the block
//! changed alike. A block whose quarters differ by more than their noise is therefore taken apart,
//! down to single cells: next to a scarp, gain and loss are not added up.

use super::noise::Noise;

/// Cells along the side of a block.
pub(crate) const SIDE: usize = 8;

/// χ² with three degrees of freedom above which the quarters of a block contradict each other (p =
/// 0.002).
const CONTRADICTION: f64 = 15.0;

/// The same for quarters of a block that is split already (p = 0.05): change is there.
const CONTRADICTION_WITHIN: f64 = 8.0;

/// Standard deviations of χ² by which the cells of a block may scatter more than their variances
/// say.
const SCATTER: f64 = 5.0;

/// Cells of a block from which on it is no chance that all have equal heights: the epochs have the
/// same points there. Two, for blocks at the edge of the data; where it is chance after all, on
/// heights of whole centimetres, two cells matter little.
const COPIED: usize = 2;

/// Degrees of freedom from which the variances of cells stand for those of cells of single points
/// beside them.
const FREEDOM: f64 = 6.0;

/// A cell with a difference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cell {
    /// Compared − reference, metres.
    pub(crate) difference: f64,
    /// Random variance of the difference, m².
    pub(crate) variance: f64,
    /// 1/n₁ + 1/n₂ of the points of both epochs: variances of cells that are alike are in
    /// proportion to it.
    pub(crate) factor: f64,
    /// Degrees of freedom of the variance; 0 where it is that of the survey, since an epoch has a
    /// single point.
    pub(crate) freedom: f64,
    /// Whether both epochs have as many points and the same height.
    pub(crate) is_equal: bool,
    /// Rise of the surface per unit of each unknown of the pose; zeros where the pose has no
    /// covariance.
    pub(crate) lever: [f64; 6],
    /// Part of a free direction that noise of the normal explains.
    pub(crate) tilt: f64,
}

/// The cells of a block that have been seen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Block {
    cells: [Option<Cell>; SIDE * SIDE],
    /// One bit per cell that was visited, with a difference or without.
    visited: u64,
}

/// Cells that changed alike: sums over them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Leaf {
    /// Number of cells with a difference.
    pub(crate) cells: u32,
    /// log₂ of the side, cells.
    pub(crate) level: usize,
    /// Σ differences, metres.
    pub(crate) sum: f64,
    /// Σ random variances, m².
    pub(crate) variance: f64,
    /// Σ levers.
    pub(crate) lever: [f64; 6],
    /// Σ tilts.
    pub(crate) tilt: f64,
}

/// A square of cells in a block.
#[derive(Clone, Copy)]
struct Square {
    row: usize,
    column: usize,
    level: usize,
}

impl Default for Block {
    fn default() -> Self {
        Self {
            cells: [None; SIDE * SIDE],
            visited: 0,
        }
    }
}

impl Block {
    /// Visits a cell; rows and columns count from the block's own corner.
    pub(crate) fn visit_cell(&mut self, row: usize, column: usize, cell: Option<Cell>) {
        let at = row * SIDE + column;
        self.cells[at] = cell;
        self.visited |= 1 << at;
    }

    /// Whether every cell was visited.
    pub(crate) fn is_complete(&self) -> bool {
        self.visited == u64::MAX
    }

    /// Joins the cells that were visited elsewhere.
    pub(crate) fn join_visited(&mut self, other: &Self) {
        for (at, cell) in other.cells.iter().enumerate() {
            if other.visited >> at & 1 == 1 {
                self.cells[at] = *cell;
            }
        }
        self.visited |= other.visited;
    }

    /// Calls `each` with every part of the block whose cells changed alike.
    pub(crate) fn for_each_leaf(&self, noise: &Noise, each: &mut impl FnMut(Leaf)) {
        let mut block = self.clone();
        block.borrow_variances();
        block.drop_variances_of_copies();
        block.split_square(
            Square {
                row: 0,
                column: 0,
                level: SIDE.ilog2() as usize,
            },
            CONTRADICTION,
            noise,
            each,
        );
    }

    /// Gives cells where an epoch has a single point the scatter of the cells around them, from the
    /// smallest square that knows enough. The survey's scatter, which they have otherwise, contains
    /// its steepest and roughest places.
    fn borrow_variances(&mut self) {
        let known = self.clone();
        for (at, cell) in self.cells.iter_mut().enumerate() {
            let Some(cell) = cell.as_mut().filter(|cell| cell.freedom == 0.0) else {
                continue;
            };
            let squares = (1..=SIDE.ilog2() as usize).map(|level| Square::holding_cell(at, level));
            if let Some(variance) = squares
                .filter_map(|square| known.variance_of_points(square))
                .next()
            {
                cell.variance = cell.factor * variance;
            }
        }
    }

    /// Removes the variances if the points of one epoch are a copy of the other's: then there is no
    /// noise, and no gain or loss by chance to correct.
    fn drop_variances_of_copies(&mut self) {
        let cells = || self.cells.iter().flatten();
        if cells().count() >= COPIED && cells().all(|cell| cell.is_equal) {
            self.cells
                .iter_mut()
                .flatten()
                .for_each(|cell| cell.variance = 0.0);
        }
    }

    /// Variance of single points in a square; `None` where too few cells know theirs.
    fn variance_of_points(&self, square: Square) -> Option<f64> {
        let side = 1 << square.level;
        let mut freedom = 0.0;
        let mut squares = 0.0;
        for row in square.row..square.row + side {
            for cell in self.cells[row * SIDE + square.column..][..side]
                .iter()
                .flatten()
            {
                freedom += cell.freedom;
                squares += cell.freedom * cell.variance / cell.factor;
            }
        }
        (freedom >= FREEDOM).then(|| squares / freedom)
    }

    fn split_square(
        &self,
        square: Square,
        threshold: f64,
        noise: &Noise,
        each: &mut impl FnMut(Leaf),
    ) {
        let whole = self.sum_square(square);
        if whole.cells == 0 {
            return;
        }
        let is_uniform = || {
            self.quarters_chi_square(square, &whole, noise) <= threshold
                && !self.scatters_too_much(square, &whole, noise)
        };
        if square.level == 0 || is_uniform() {
            return each(whole);
        }
        for quarter in square.quarters() {
            self.split_square(quarter, CONTRADICTION_WITHIN, noise, each);
        }
    }

    fn sum_square(&self, square: Square) -> Leaf {
        let mut leaf = Leaf {
            level: square.level,
            ..Leaf::default()
        };
        let side = 1 << square.level;
        for row in square.row..square.row + side {
            for cell in self.cells[row * SIDE + square.column..][..side]
                .iter()
                .flatten()
            {
                leaf.cells += 1;
                leaf.sum += cell.difference;
                leaf.variance += cell.variance;
                leaf.tilt += cell.tilt;
                for (sum, part) in leaf.lever.iter_mut().zip(cell.lever) {
                    *sum += part;
                }
            }
        }
        leaf
    }

    /// Whether single cells scatter about the mean by more than their variances say.
    fn scatters_too_much(&self, square: Square, whole: &Leaf, noise: &Noise) -> bool {
        let cells = f64::from(whole.cells);
        let mean = whole.sum / cells;
        let shared = noise.within_square(square.level);
        let side = 1 << square.level;
        let rows = square.row..square.row + side;
        let deviations = rows
            .flat_map(|row| {
                self.cells[row * SIDE + square.column..][..side]
                    .iter()
                    .flatten()
            })
            .map(|cell| (cell.difference - mean).powi(2));
        let chi_square =
            deviations.sum::<f64>() / (whole.variance / cells + shared).max(f64::MIN_POSITIVE);
        let freedom = cells - 1.0;
        chi_square > freedom + SCATTER * (2.0 * freedom).sqrt()
    }

    /// χ² of the quarters' means about the mean of the whole, with the mean variance of its cells.
    fn quarters_chi_square(&self, square: Square, whole: &Leaf, noise: &Noise) -> f64 {
        let mean = whole.sum / f64::from(whole.cells);
        let variance = whole.variance / f64::from(whole.cells);
        let mut chi_square = 0.0;
        for quarter in square.quarters().map(|quarter| self.sum_square(quarter)) {
            if quarter.cells > 0 {
                let cells = f64::from(quarter.cells);
                let expected = variance / cells + noise.between_quarters(square.level);
                let deviation = quarter.sum / cells - mean;
                chi_square += deviation * deviation / expected.max(f64::MIN_POSITIVE);
            }
        }
        chi_square
    }
}

impl Square {
    /// The square of a level that holds a cell.
    fn holding_cell(at: usize, level: usize) -> Self {
        let [row, column] = [at / SIDE, at % SIDE].map(|index| index >> level << level);
        Self { row, column, level }
    }

    fn quarters(self) -> [Self; 4] {
        let level = self.level - 1;
        let half = 1 << level;
        [(0, 0), (0, half), (half, 0), (half, half)].map(|(down, right)| Self {
            row: self.row + down,
            column: self.column + right,
            level,
        })
    }
}
