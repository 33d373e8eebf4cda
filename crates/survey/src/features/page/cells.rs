//! Cells of pictures, and the sums of columns in them: in bounded memory, and independent of the
//! order of the points.

use super::super::sums::{ColumnSums, Placed};
use rayon::prelude::*;
use std::collections::HashMap;

/// Limits of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CellLimits {
    /// Sides of the smallest cells, as powers of two of a tick: along the picture, and up.
    pub(crate) finest: [u32; 2],
    /// Most cells that may hold points.
    pub(crate) cells: usize,
    /// Most rows from the lowest to the highest point.
    pub(crate) rows: u64,
    /// The same while cells are longer than high.
    pub(crate) flat_rows: u64,
}

/// Means of columns in the cells of a plane: the smallest cells that the limits allow.
///
/// Cells lie on absolute multiples of their sides, and each coarser level merges cells of the one
/// before. Whether a level is within the limits depends on the points and not on their order: so
/// does the level at the end. Sums are whole numbers: they do not depend on the order either.
#[derive(Debug)]
pub(crate) struct CellMeans {
    limits: CellLimits,
    level: u32,
    /// Slot of a cell (column, row) in the sums.
    slots: HashMap<[i64; 2], u32>,
    /// Lowest and highest row that holds a point.
    rows: Option<[i64; 2]>,
    columns: Vec<ColumnSums>,
}

/// The pixels of a picture, row by row from the top.
pub(crate) struct Pixels {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    /// Column and row of the lower left pixel, of cells of [`Self::bits`].
    pub(crate) first: [i64; 2],
    /// Sides of a pixel, as powers of two of a tick.
    pub(crate) bits: [u32; 2],
    /// `None` without a point; NaN with points that have no value.
    pub(crate) means: Vec<Option<f64>>,
}

impl CellMeans {
    pub(crate) fn new(limits: CellLimits, columns: usize) -> Self {
        Self {
            limits,
            level: 0,
            slots: HashMap::new(),
            rows: None,
            columns: vec![ColumnSums::default(); columns],
        }
    }

    /// Sides of a cell, as powers of two of a tick. Coarser levels first make cells square, then
    /// larger.
    fn bits(&self) -> [u32; 2] {
        let [along, up] = self.limits.finest;
        let flat = along.saturating_sub(up).min(self.level);
        let both = self.level - flat;
        [along + both, up + flat + both]
    }

    fn is_within_limits(&self) -> bool {
        let rows = self.rows.map_or(0, |[low, high]| high.abs_diff(low) + 1);
        let [along, up] = self.bits();
        let most_rows = if along > up {
            self.limits.flat_rows
        } else {
            self.limits.rows
        };
        self.slots.len() <= self.limits.cells && rows <= most_rows
    }

    /// Adds the values of `count` points, a slice a column. `place`: ticks of a point along the
    /// picture and up; `None` for one that is not in it.
    pub(crate) fn add(
        &mut self,
        count: usize,
        place: impl Fn(usize) -> Option<[i64; 2]>,
        values: &[Vec<f32>],
    ) {
        let placed = loop {
            match self.find_slots(count, &place) {
                Some(placed) => break placed,
                None => self.merge_cells(),
            }
        };
        let slots = self.slots.len();
        let columns = self.columns.par_iter_mut().zip(values);
        columns.for_each(|(sums, values)| {
            sums.resize(slots);
            sums.add(&placed, values);
        });
    }

    /// The slots of points; `None` if they need more cells than the limits allow.
    fn find_slots(
        &mut self,
        count: usize,
        place: impl Fn(usize) -> Option<[i64; 2]>,
    ) -> Option<Vec<Placed>> {
        let [along, up] = self.bits();
        let mut last: Option<([i64; 2], u32)> = None;
        let mut placed = Vec::new();
        for point in 0..count {
            let Some([x, y]) = place(point) else {
                continue;
            };
            let cell = [x >> along, y >> up];
            let slot = match last {
                Some((same, slot)) if same == cell => slot,
                _ => self.slot_of(cell)?,
            };
            last = Some((cell, slot));
            placed.push(Placed {
                point: point as u32, // a tile has fewer than 2³² points
                slot,
            });
        }
        Some(placed)
    }

    /// The slot of a cell; `None` if it is new and beyond the limits.
    fn slot_of(&mut self, cell: [i64; 2]) -> Option<u32> {
        let next = self.slots.len() as u32; // the limits are far below
        let slot = *self.slots.entry(cell).or_insert(next);
        if slot == next {
            let [low, high] = self.rows.unwrap_or([cell[1]; 2]);
            self.rows = Some([low.min(cell[1]), high.max(cell[1])]);
        }
        (slot != next || self.is_within_limits()).then_some(slot)
    }

    /// Goes to the next level.
    fn merge_cells(&mut self) {
        let before = self.bits();
        self.level += 1;
        let after = self.bits();
        let shift = [0, 1].map(|axis| after[axis] - before[axis]);
        let mut merged: HashMap<[i64; 2], u32> = HashMap::with_capacity(self.slots.len() / 2);
        let mut moved = vec![0; self.slots.len()];
        for ([column, row], slot) in &self.slots {
            let next = merged.len() as u32;
            let cell = [column >> shift[0], row >> shift[1]];
            moved[*slot as usize] = *merged.entry(cell).or_insert(next);
        }
        let count = merged.len();
        let columns = self.columns.par_iter_mut();
        columns.for_each(|sums| *sums = sums.merged(&moved, count));
        self.slots = merged;
        self.rows = self.rows.map(|rows| rows.map(|row| row >> shift[1]));
    }

    /// Whether no point lies in the picture.
    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The means of a column; no pixel without points.
    pub(crate) fn pixels(&self, column: usize) -> Pixels {
        let cells = || self.slots.keys();
        let range = |axis: usize| {
            let low = cells().map(|cell| cell[axis]).min().unwrap_or(0);
            let high = cells().map(|cell| cell[axis]).max().unwrap_or(-1);
            (low, (high - low + 1) as usize)
        };
        let [(west, columns), (south, rows)] = [range(0), range(1)];
        let sums = &self.columns[column];
        let mut means = vec![None; columns * rows];
        for ([x, y], slot) in &self.slots {
            let row = rows - 1 - (y - south) as usize;
            means[row * columns + (x - west) as usize] = Some(sums.mean(*slot as usize));
        }
        Pixels {
            columns,
            rows,
            first: [west, south],
            bits: self.bits(),
            means,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isopach::compute::conformance::random;

    const LIMITS: CellLimits = CellLimits {
        finest: [6, 3],
        cells: 300,
        rows: 40,
        flat_rows: 40,
    };

    /// Places and values of made points: a hill, and a few points far above it.
    fn points() -> (Vec<Option<[i64; 2]>>, Vec<f32>) {
        let place = |i: u64| {
            let x = (random(3 * i) * 40_000.0) as i64 - 7000;
            let far = if i.is_multiple_of(500) { 3000 } else { 0 };
            let y = (random(3 * i + 1) * 200.0) as i64 + x / 50 + far;
            (!i.is_multiple_of(7)).then_some([x, y])
        };
        let values = (0..4000).map(|i| (random(3 * i + 2) - 0.3) as f32);
        ((0..4000).map(place).collect(), values.collect())
    }

    fn summed(
        limits: CellLimits,
        places: &[Option<[i64; 2]>],
        values: &[f32],
        piece: usize,
    ) -> Pixels {
        let mut means = CellMeans::new(limits, 1);
        for (places, values) in places.chunks(piece).zip(values.chunks(piece)) {
            means.add(places.len(), |i| places[i], &[values.to_vec()]);
        }
        means.pixels(0)
    }

    #[test]
    fn limits_are_kept_and_order_and_pieces_change_no_bit() {
        let (mut places, mut values) = points();
        let all = summed(LIMITS, &places, &values, 4000);
        let filled = all.means.iter().flatten().count();
        assert!(
            filled <= 300 && all.rows <= 40 && filled > 60,
            "{filled} {}",
            all.rows
        );
        places.reverse();
        values.reverse();
        let pieces = summed(LIMITS, &places, &values, 77);
        assert_eq!(
            (all.bits, all.first, all.columns),
            (pieces.bits, pieces.first, pieces.columns)
        );
        let bits = |pixels: &Pixels| -> Vec<Option<u64>> {
            pixels
                .means
                .iter()
                .map(|mean| mean.map(f64::to_bits))
                .collect()
        };
        assert_eq!(bits(&all), bits(&pieces));
    }

    #[test]
    fn a_pixel_is_the_mean_of_its_values() {
        let places = [
            Some([3, 9]),
            Some([0, 8]),
            None,
            Some([-1, 30]),
            Some([1, 8]),
        ];
        let values = [1.5, -0.25, 99.0, f32::NAN, f32::INFINITY];
        let pixels = summed(
            CellLimits {
                finest: [2, 2],
                ..LIMITS
            },
            &places,
            &values,
            2,
        );
        assert_eq!((pixels.columns, pixels.rows, pixels.first), (2, 6, [-1, 2]));
        assert_eq!(pixels.means[5 * 2 + 1], Some(0.625));
        assert!(
            pixels.means[0].is_some_and(f64::is_nan),
            "points without a value"
        );
        assert_eq!(pixels.means.iter().flatten().count(), 2);
    }

    #[test]
    fn coarser_cells_are_square_before_they_are_larger() {
        let mut means = CellMeans::new(LIMITS, 0);
        let mut seen = vec![means.bits()];
        for _ in 0..5 {
            means.level += 1;
            seen.push(means.bits());
        }
        assert_eq!(seen, [[6, 3], [6, 4], [6, 5], [6, 6], [7, 7], [8, 8]]);
    }
}
