//! Counts of cells, and plain sums.

use super::sums::Exact;
use crate::{ChangeStatus, DodRasters};

/// Counts of cells, and plain sums.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    pub(crate) cells: u64,
    pub(crate) untested: [u64; ChangeStatus::ALL.len()],
    pub(crate) only_reference: u64,
    pub(crate) only_compared: u64,
    /// Cells with a difference of which nothing is known of the scatter.
    pub(crate) without_scatter: u64,
    pub(crate) summed: RawBalance,
    pub(crate) thresholded: RawBalance,
}

/// Cells that rose, and cells that fell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct RawBalance {
    pub(crate) gain: Raw,
    pub(crate) loss: Raw,
}

impl RawBalance {
    pub(crate) fn add_difference(&mut self, difference: f64) {
        if difference > 0.0 {
            self.gain.add_height(difference);
        } else if difference < 0.0 {
            self.loss.add_height(-difference);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.gain.merge(&other.gain);
        self.loss.merge(&other.loss);
    }
}

impl Tally {
    /// Counts a cell of rasters.
    pub(crate) fn add_cell(&mut self, tile: &DodRasters, row: usize, column: usize) {
        let at = [row, column];
        let difference = tile.difference.values[at];
        if difference.is_nan() {
            let has_points = |epoch: usize| tile.counts[epoch].values[at] > 0.0;
            self.only_reference += u64::from(has_points(0) && !has_points(1));
            self.only_compared += u64::from(has_points(1) && !has_points(0));
            return;
        }
        let level_of_detection = tile.level_of_detection.values[at];
        self.cells += 1;
        self.without_scatter += u64::from(tile.standard_error.values[at].is_nan());
        self.summed.add_difference(difference);
        if level_of_detection.is_nan() {
            self.untested[reason_index(tile.status.values[at])] += 1;
        } else if difference.abs() > level_of_detection {
            self.thresholded.add_difference(difference);
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        let Self {
            cells,
            untested,
            only_reference,
            only_compared,
            without_scatter,
            summed,
            thresholded,
        } = self;
        *cells += other.cells;
        *only_reference += other.only_reference;
        *only_compared += other.only_compared;
        *without_scatter += other.without_scatter;
        for (count, more) in untested.iter_mut().zip(other.untested) {
            *count += more;
        }
        summed.merge(&other.summed);
        thresholded.merge(&other.thresholded);
    }
}

/// Cells of one sign as they were measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Raw {
    pub(crate) cells: u64,
    pub(crate) heights: Exact,
}

impl Raw {
    fn add_height(&mut self, height: f64) {
        self.cells += 1;
        self.heights.add_height(height);
    }

    fn merge(&mut self, other: &Self) {
        self.cells += other.cells;
        self.heights.merge(other.heights);
    }
}

/// Position in [`ChangeStatus::ALL`] of a status that a raster holds as its number.
fn reason_index(number: f64) -> usize {
    let at = ChangeStatus::ALL
        .iter()
        .position(|status| f64::from(*status as u8) == number);
    at.unwrap_or(ChangeStatus::NoSpread as usize)
}
