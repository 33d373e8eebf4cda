//! Sums of columns over the points of cells: whole numbers, independent of the order of the points.

/// Sums of a column, one entry a slot.
#[derive(Clone, Debug, Default)]
pub(crate) struct ColumnSums {
    sums: Vec<i128>,
    counts: Vec<u32>,
}

/// A point of a tile, and the slot of its cell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed {
    pub(crate) point: u32,
    pub(crate) slot: u32,
}

/// Bytes of a slot.
pub(crate) const SUM_BYTES: usize = size_of::<i128>() + size_of::<u32>();

/// Sums are multiples of 2⁻⁶⁴. With values below 2³¹, 2³² of them fit.
const UNIT: f64 = (1_u128 << 64) as f64;
const MOST: f32 = (1_u32 << 31) as f32;

impl ColumnSums {
    /// Adds the values of points, each to its slot; values that are no number, or 2³¹ and more,
    /// have no mean.
    pub(crate) fn add(&mut self, placed: &[Placed], values: &[f32]) {
        for &Placed { point, slot } in placed {
            let value = values[point as usize];
            // A NaN is below nothing.
            if value.abs() < MOST {
                self.sums[slot as usize] += (f64::from(value) * UNIT) as i128;
                let count = &mut self.counts[slot as usize];
                *count = count.saturating_add(1);
            }
        }
    }

    /// Makes room for so many slots.
    pub(crate) fn resize(&mut self, slots: usize) {
        self.sums.resize(slots, 0);
        self.counts.resize(slots, 0);
    }

    /// The mean of a slot; NaN of no value.
    pub(crate) fn mean(&self, slot: usize) -> f64 {
        self.sums[slot] as f64 / UNIT / f64::from(self.counts[slot])
    }

    /// The sums of merged cells: `moved` has the new slot of each.
    pub(crate) fn merged(&self, moved: &[u32], slots: usize) -> Self {
        let mut merged = Self::default();
        merged.resize(slots);
        for (from, to) in moved.iter().enumerate().take(self.sums.len()) {
            let count = &mut merged.counts[*to as usize];
            *count = count.saturating_add(self.counts[from]);
            merged.sums[*to as usize] += self.sums[from];
        }
        merged
    }
}
