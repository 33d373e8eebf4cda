//! Volumes with their errors.

use super::{
    Parameters, errors,
    sums::{Side, Sums},
    tally::{RawBalance, Tally},
};
use crate::{ChangeStatus, distributions::NORMAL_975};

/// Volume with its 95 % error and its area.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Volume {
    /// Volume, m³. If little changed, an estimate may be below zero, within its error.
    pub volume: f64,
    /// 95 % error of the volume, m³; if NaN, [`VolumeReport::without_error`] says why.
    pub error: f64,
    /// m².
    pub area: f64,
}

/// Gain, loss and their difference.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Balance {
    /// Volume that was added.
    pub gain: Volume,
    /// Volume that was removed, positive.
    pub loss: Volume,
    /// Gain minus loss.
    pub net: Volume,
}

/// Plain sum over cells as measured. It has no error, since no error of such a sum covers the true
/// volume.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PlainVolume {
    /// m³.
    pub volume: f64,
    /// m².
    pub area: f64,
}

/// Gain, loss and net as plain sums over cells as measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PlainBalance {
    /// Σ of the positive differences.
    pub gain: PlainVolume,
    /// Σ of the negative differences, positive.
    pub loss: PlainVolume,
    /// Gain minus loss.
    pub net: PlainVolume,
}

/// Areas of a comparison, m². A share is that of the area that either epoch has data in.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VolumeAreas {
    /// Both epochs have data: there is a difference.
    pub compared: f64,
    /// There is a difference, but no level of detection.
    pub untested: f64,
    /// The same by reason; none that is zero.
    pub untested_by_reason: Vec<(ChangeStatus, f64)>,
    /// Only the reference epoch has data.
    pub only_reference: f64,
    /// Only the compared epoch has data.
    pub only_compared: f64,
    /// |difference| exceeds its level of detection.
    pub significant: f64,
}

impl VolumeAreas {
    /// Area that at least one epoch has data in, m².
    #[must_use]
    pub fn with_data(&self) -> f64 {
        self.compared + self.only_reference + self.only_compared
    }

    /// Share of [`Self::with_data`], 0 to 1; 0 where there is no data.
    #[must_use]
    pub fn share_of(&self, area: f64) -> f64 {
        let all = self.with_data();
        if all > 0.0 { area / all } else { 0.0 }
    }
}

/// Components of the error of a volume: standard errors (1 σ), m³. Their squares add.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ErrorParts {
    /// Scatter of the heights, and the error of the correction for chance.
    pub random: f64,
    /// Alignment of the epochs.
    pub registration: f64,
    /// Errors that neighbouring cells share, by the variogram.
    pub correlated: f64,
}

impl ErrorParts {
    /// 95 % error, m³.
    #[must_use]
    pub fn error_95(&self) -> f64 {
        NORMAL_975
            * (self.random.powi(2) + self.registration.powi(2) + self.correlated.powi(2)).sqrt()
    }
}

/// Volumes over a survey or a zone.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VolumeReport {
    /// Net of all cells: Σ d · cell area. No threshold, no correction.
    pub net: Volume,
    /// Gain over all cells with a difference, corrected for chance.
    pub gain: Volume,
    /// Loss over all cells with a difference, corrected for chance.
    pub loss: Volume,
    /// The estimates above, with the areas of the cells that rose, fell, and were compared.
    pub all: Balance,
    /// The estimates above, with the areas of the cells that exceed their level of detection.
    pub significant: Balance,
    /// Plain sums of the cells that exceed their level of detection: too large by the noise above
    /// the threshold, too small by the change below it.
    pub thresholded: PlainBalance,
    /// Plain sums of all cells: gain and loss contain the noise of unchanged cells.
    pub summed: PlainBalance,
    /// Areas with and without data and significance.
    pub areas: VolumeAreas,
    /// Components of the errors of gain, loss and net.
    pub parts: VolumeParts,
    /// Number of cells with a difference.
    pub cells: u64,
    /// Number of cells with a difference but no level of detection.
    pub cells_without_level_of_detection: u64,
    /// Reason if the errors are NaN.
    pub without_error: Option<String>,
}

/// [`ErrorParts`] of each estimate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VolumeParts {
    /// Of the gain.
    pub gain: ErrorParts,
    /// Of the loss.
    pub loss: ErrorParts,
    /// Of the net.
    pub net: ErrorParts,
}

/// Plain sums of cells.
fn plain_balance(raw: &RawBalance, cell: f64) -> PlainBalance {
    let volume = |heights: f64, cells: u64| PlainVolume {
        volume: heights * cell,
        area: cells as f64 * cell,
    };
    let RawBalance { gain, loss } = raw;
    let [risen, fallen] = [gain.heights.height(), loss.heights.height()];
    PlainBalance {
        gain: volume(risen, gain.cells),
        loss: volume(fallen, loss.cells),
        net: volume(risen - fallen, gain.cells + loss.cells),
    }
}

/// Report of sums over cells.
pub(crate) fn make_report(parameters: &Parameters, tally: &Tally, sums: &Sums) -> VolumeReport {
    let cell = parameters.cell_size * parameters.cell_size;
    let without_error = errors::reason_without_error(parameters, tally, sums);
    let parts = VolumeParts {
        gain: errors::error_of_side(parameters, sums, &sums.gain),
        loss: errors::error_of_side(parameters, sums, &sums.loss),
        net: errors::error_of_net(parameters, sums),
    };
    let known = |error: f64| {
        if without_error.is_none() {
            error
        } else {
            f64::NAN
        }
    };
    let volume = |side: &Side, parts: &ErrorParts, cells: u64| Volume {
        volume: side.heights.height() * cell,
        error: known(parts.error_95()),
        area: cells as f64 * cell,
    };
    let estimate = |raw: &RawBalance, cells: u64| Balance {
        gain: volume(&sums.gain, &parts.gain, raw.gain.cells),
        loss: volume(&sums.loss, &parts.loss, raw.loss.cells),
        net: volume(&sums.net, &parts.net, cells),
    };
    let all = estimate(&tally.summed, tally.cells);
    let significant = estimate(
        &tally.thresholded,
        tally.thresholded.gain.cells + tally.thresholded.loss.cells,
    );
    VolumeReport {
        net: all.net,
        gain: all.gain,
        loss: all.loss,
        all,
        significant,
        thresholded: plain_balance(&tally.thresholded, cell),
        summed: plain_balance(&tally.summed, cell),
        areas: areas_of(tally, cell),
        parts,
        cells: tally.cells,
        cells_without_level_of_detection: tally.untested.iter().sum(),
        without_error,
    }
}

/// Areas of the cells that were counted.
fn areas_of(tally: &Tally, cell: f64) -> VolumeAreas {
    let of = |count: u64| count as f64 * cell;
    let by_reason = ChangeStatus::ALL
        .into_iter()
        .zip(tally.untested)
        .filter(|(_, count)| *count > 0);
    VolumeAreas {
        compared: of(tally.cells),
        untested: of(tally.untested.iter().sum()),
        untested_by_reason: by_reason
            .map(|(status, count)| (status, of(count)))
            .collect(),
        only_reference: of(tally.only_reference),
        only_compared: of(tally.only_compared),
        significant: of(tally.thresholded.gain.cells + tally.thresholded.loss.cells),
    }
}
