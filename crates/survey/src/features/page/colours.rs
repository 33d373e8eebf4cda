//! Colours and limits that the scales of a quantity share.

use super::values::Values;
use crate::features::columns::OutputColumn;
use isopach::raster::picture;

/// Shares of the values at the ends of the colours, and of the histograms.
const COLOURED: [f64; 2] = [0.02, 0.98];
const COUNTED: [f64; 2] = [0.005, 0.995];

/// Colours of a quantity's values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Colours {
    /// Dark to light, between two values.
    Rising([f64; 2]),
    /// Red to blue, from minus to plus this value.
    AboutZero(f64),
}

impl Colours {
    /// Those of the columns of one quantity: the same for all its scales.
    pub(super) fn of(columns: &[OutputColumn], values: &[&Values]) -> Self {
        let [low, high] = common_range(values, COLOURED);
        let is_signed = columns.iter().any(|column| column.is_signed);
        if is_signed && low < 0.0 {
            let limit = low.abs().max(high.abs());
            Self::AboutZero(round_outward([0.0, limit])[1])
        } else {
            Self::Rising(round_outward([low, high]))
        }
    }

    pub(super) fn colour(self, value: f64) -> [u8; 3] {
        match self {
            Self::Rising(range) => picture::sequential(value, range),
            Self::AboutZero(limit) => picture::diverging(value, limit),
        }
    }

    /// The colours of the legend.
    pub(super) fn ramp(self) -> &'static [[u8; 3]] {
        match self {
            Self::Rising(_) => &picture::SEQUENTIAL,
            Self::AboutZero(_) => &picture::DIVERGING,
        }
    }

    /// The values at the ends.
    pub(super) fn ends(self) -> [f64; 2] {
        match self {
            Self::Rising(range) => range,
            Self::AboutZero(limit) => [-limit, limit],
        }
    }
}

/// The range of the histograms of the columns of one quantity.
pub(super) fn histogram_range(values: &[&Values]) -> [f64; 2] {
    round_outward(common_range(values, COUNTED))
}

/// From the least of the lower quantiles to the largest of the upper ones; 0 to 1 of no value.
fn common_range(values: &[&Values], [low, high]: [f64; 2]) -> [f64; 2] {
    // `min` and `max` pass over the NaN of a column without values.
    let least = values.iter().map(|of| of.quantile(low));
    let least = least.fold(f64::INFINITY, f64::min);
    let most = values.iter().map(|of| of.quantile(high));
    let most = most.fold(f64::NEG_INFINITY, f64::max);
    if least <= most {
        [least, most]
    } else {
        [0.0, 1.0]
    }
}

/// A range that holds the given one, with ends that are short to write: hundredths to tenths of
/// its length.
fn round_outward([low, high]: [f64; 2]) -> [f64; 2] {
    let length = (high - low).max(1e-3 * high.abs()).max(1e-12);
    let step = 10_f64.powf(length.log10().floor() - 1.0);
    let ends = [(low / step + 1e-6).floor(), (high / step - 1e-6).ceil()];
    let [low, high] = ends.map(|end| end * step);
    if low < high {
        [low, high]
    } else {
        [low, low + step]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_round_and_hold_the_range() {
        for ([low, high], expected) in [
            ([0.012, 0.9731], [0.0, 0.98]),
            ([-0.004, 0.004], [-0.004, 0.004]),
            ([3.0, 3.0], [3.0, 3.0001]),
            ([0.0, 0.0], [0.0, 1e-13]),
        ] {
            let found = round_outward([low, high]);
            let slack = 1e-6 * (found[1] - found[0]);
            let holds = found[0] <= low + slack && high <= found[1] + slack;
            assert!(holds && found[0] < found[1], "{found:?}");
            let near = |i: usize| (found[i] - expected[i]).abs() < 0.03 * (high - low).max(1e-3);
            assert!(near(0) && near(1), "{found:?} {expected:?}");
        }
    }

    #[test]
    fn scales_share_the_widest_range() {
        let mut fine = Values::default();
        fine.add(&[0.1, 0.2]);
        let mut coarse = Values::default();
        coarse.add(&[0.4, 0.7]);
        let empty = Values::default();
        let [low, high] = common_range(&[&fine, &coarse, &empty], [0.0, 1.0]);
        assert!((low - 0.1).abs() < 1e-3 && (high - 0.7).abs() < 1e-3);
        assert_eq!(common_range(&[&empty], [0.0, 1.0]), [0.0, 1.0]);
    }
}
