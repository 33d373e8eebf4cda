//! Summary of points for a header: counts, counts by return, bounds.

use crate::layout::{Layout, i32_at};

/// Sums over records.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Summary {
    pub(crate) count: u64,
    pub(crate) by_return: [u64; 15],
    /// Lowest and highest stored coordinates.
    pub(crate) low: [i32; 3],
    pub(crate) high: [i32; 3],
    /// First and last GPS time.
    pub(crate) time: [f64; 2],
}

impl Default for Summary {
    /// Summary of no points.
    fn default() -> Self {
        let time = [f64::INFINITY, f64::NEG_INFINITY];
        Self {
            count: 0,
            by_return: [0; 15],
            low: [i32::MAX; 3],
            high: [i32::MIN; 3],
            time,
        }
    }
}

impl Summary {
    /// Summarises records of a layout.
    pub(crate) fn of_records<'a>(records: impl Iterator<Item = &'a [u8]>, layout: &Layout) -> Self {
        let mut summary = Self::default();
        for record in records {
            summary.count += 1;
            let [number, _] = layout.split_returns(record[14]);
            if let Some(count) = summary
                .by_return
                .get_mut(usize::from(number).wrapping_sub(1))
            {
                *count += 1;
            }
            for axis in 0..3 {
                let stored = i32_at(record, 4 * axis);
                summary.low[axis] = summary.low[axis].min(stored);
                summary.high[axis] = summary.high[axis].max(stored);
            }
            if let Some(time) = layout.gps_time_of(record) {
                summary.time = [summary.time[0].min(time), summary.time[1].max(time)];
            }
        }
        summary
    }

    /// Merges the summary of other points into this one.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.by_return
            .iter_mut()
            .zip(other.by_return)
            .for_each(|(a, b)| *a += b);
        for axis in 0..3 {
            self.low[axis] = self.low[axis].min(other.low[axis]);
            self.high[axis] = self.high[axis].max(other.high[axis]);
        }
        self.time = [
            self.time[0].min(other.time[0]),
            self.time[1].max(other.time[1]),
        ];
    }

    /// Highest and lowest coordinate of each axis in turn, in header order; zeros for no points.
    pub(crate) fn extent(&self, scale: [f64; 3], offset: [f64; 3]) -> [f64; 6] {
        let mut extent = [0.0; 6];
        if self.count > 0 {
            for axis in 0..3 {
                let ends = [self.high[axis], self.low[axis]]
                    .map(|stored| f64::from(stored) * scale[axis] + offset[axis]);
                extent[2 * axis] = ends[0].max(ends[1]); // a scale may be negative
                extent[2 * axis + 1] = ends[0].min(ends[1]);
            }
        }
        extent
    }
}
