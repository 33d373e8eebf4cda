//! The heights of one cell: exact sums, and order statistics.

use crate::CellStatistic;
use isopach_cloud::{TICK, from_ticks};

/// Exact sums over the heights in a cell, in ticks relative to a base: integers, so that results
/// depend neither on the order of the points nor on the base.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CellSums {
    /// Number of points.
    pub count: u32,
    /// Base of the sums, absolute ticks.
    pub base: i64,
    /// Lowest height, absolute ticks.
    pub low: i64,
    /// Highest height, absolute ticks.
    pub high: i64,
    /// Σ (height − base), ticks.
    pub sum: i64,
    /// Σ (height − base)², square ticks.
    pub squares: i128,
}

impl CellSums {
    /// Adds a height in absolute ticks. The first one becomes the base.
    #[inline]
    pub fn add(&mut self, height: i64) {
        if self.count == 0 {
            (self.base, self.low, self.high) = (height, height, height);
        }
        let above = height - self.base;
        self.count += 1;
        self.low = self.low.min(height);
        self.high = self.high.max(height);
        self.sum += above;
        self.squares += i128::from(above) * i128::from(above);
    }

    /// Computes a statistic, metres (a count for [`CellStatistic::Count`]), rounded once from its
    /// exact value. NaN for no point, and for those that need an order, [`CellStatistic::Median`]
    /// and [`CellStatistic::Percentile`]: see [`Rank`].
    #[must_use]
    pub fn value(&self, statistic: CellStatistic) -> f64 {
        let n = i128::from(self.count);
        if matches!(statistic, CellStatistic::Count) {
            return f64::from(self.count);
        }
        if n == 0 {
            return f64::NAN;
        }
        match statistic {
            CellStatistic::Min => from_ticks(self.low),
            CellStatistic::Max => from_ticks(self.high),
            // Exact: n times the base, plus the sum of heights above it.
            CellStatistic::Mean => {
                (n * i128::from(self.base) + i128::from(self.sum)) as f64 / n as f64 * TICK
            }
            CellStatistic::StandardDeviation => {
                let spread =
                    (n * self.squares - i128::from(self.sum) * i128::from(self.sum)) as f64;
                (spread / (n as f64 * (n - 1) as f64)).sqrt() * TICK
            }
            CellStatistic::Median | CellStatistic::Percentile(_) | CellStatistic::Count => f64::NAN,
        }
    }
}

/// Position of a quantile among sorted heights: a share `beyond` of the way from the one at `below`
/// to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rank {
    /// Position of the order statistic at or below the quantile, from 0.
    pub below: usize,
    /// Share of the way to the next one, 0 to 1.
    pub beyond: f64,
}

impl Rank {
    /// Position of the quantile at `share` (0 to 1) of `count` heights; `None` for no heights.
    #[inline]
    #[must_use]
    pub fn from_share(share: f64, count: usize) -> Option<Self> {
        let at = share * count.checked_sub(1)? as f64;
        let below = at.floor() as usize;
        Some(Self {
            below,
            beyond: at - below as f64,
        })
    }

    /// The quantile, metres, interpolated between two order statistics in absolute ticks: the one
    /// at `below`, and the next (or the same, if it is the last).
    #[inline]
    #[must_use]
    pub fn interpolate(self, low: i64, high: i64) -> f64 {
        from_ticks(low) + self.beyond * ((high - low) as f64 * TICK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn where_the_sums_are_counted_from_cannot_be_seen(
            heights in prop::collection::vec(-3_000_000_000_i64..3_000_000_000, 1..40), base in -4_000_000_000_i64..4_000_000_000,
        ) {
            let mut own = CellSums::default();
            let mut other = CellSums { base, count: heights.len() as u32, ..CellSums::default() };
            for &height in &heights {
                own.add(height);
                other.sum += height - base;
                other.squares += i128::from(height - base).pow(2);
            }
            for statistic in [CellStatistic::Mean, CellStatistic::StandardDeviation] {
                prop_assert_eq!(own.value(statistic).to_bits(), other.value(statistic).to_bits());
            }
        }
    }
}
