//! Reduced maps of an image for the pictures and the page, in memory that does not grow with the
//! image.

use crate::BANDS;
use isopach::emission::{PixelStatus, Real, RowBlock, Spread};
use ndarray::{Array2, Array3, ArrayD, ArrayView};
use std::collections::BTreeMap;

/// Limit on the pixels a side of a picture.
const MOST: usize = 1024;

/// A map, each pixel the mean of a square of the image's pixels that are numbers.
pub(crate) struct Mean {
    factor: usize,
    sum: Array2<f32>,
    count: Array2<u16>,
}

impl Mean {
    fn new(shape: [usize; 2], factor: usize) -> Self {
        let shape = shape.map(|n| n.div_ceil(factor));
        Self {
            factor,
            sum: Array2::zeros(shape),
            count: Array2::zeros(shape),
        }
    }

    fn add(&mut self, row: usize, column: usize, value: f64) {
        if value.is_finite() {
            let at = [row / self.factor, column / self.factor];
            self.sum[at] += value as f32;
            self.count[at] += 1;
        }
    }

    /// The mean of each pixel; NaN without a number.
    pub(crate) fn mean(&self) -> Array2<f32> {
        let mut mean = self.sum.clone();
        mean.zip_mut_with(&self.count, |sum, &count| *sum /= f32::from(count));
        mean
    }
}

/// Status of a pixel in a picture; of several statuses the last in this order is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    Converged,
    NegativeWithinError,
    WithoutMissing,
    WithoutSaturated,
    TargetNotReached,
    StillNegative,
    NoResult,
}

/// Maps and counts of a whole image.
pub(crate) struct Overview {
    pub(crate) bands: Vec<Mean>,
    /// Mean of the true emission, if it is known.
    pub(crate) truth: Vec<Mean>,
    pub(crate) temperature: Mean,
    pub(crate) chi_squared: Mean,
    /// Saturated channels, the most of a square.
    pub(crate) saturated: Array2<u8>,
    pub(crate) endings: Array2<u8>,
    /// Pixels by status, in words.
    kinds: BTreeMap<u16, (String, usize)>,
    /// Pixels by channel in which it is missing, and saturated.
    pub(crate) missing_by_channel: Vec<usize>,
    pub(crate) saturated_by_channel: Vec<usize>,
    pub(crate) inverted_again: usize,
    factor: usize,
    /// χ² in steps of log₁₀.
    histogram: Vec<usize>,
    /// Scatter of draws over the stated error, in bins with emission: steps of log₁₀.
    scatter: Vec<usize>,
}

/// Bins in which draws are compared with their errors: emission above this share of a pixel's
/// largest.
const THERE: f64 = 0.1;
/// Steps of log₁₀ of scatter over error, from 10⁻³ to 10³.
const SCATTER_STEP: f64 = 0.005;

/// Steps of log₁₀ χ², from 10⁻⁶ on.
const STEP: f64 = 0.001;

impl Overview {
    pub(crate) fn new(shape: [usize; 2], channels: usize, truth: bool) -> Self {
        let factor = shape.into_iter().max().unwrap_or(1).div_ceil(MOST).max(1);
        let map = || Mean::new(shape, factor);
        let small = shape.map(|n| n.div_ceil(factor));
        Self {
            bands: BANDS.iter().map(|_| map()).collect(),
            truth: BANDS.iter().filter(|_| truth).map(|_| map()).collect(),
            temperature: map(),
            chi_squared: map(),
            saturated: Array2::zeros(small),
            endings: Array2::zeros(small),
            kinds: BTreeMap::new(),
            missing_by_channel: vec![0; channels],
            saturated_by_channel: vec![0; channels],
            inverted_again: 0,
            factor,
            histogram: vec![0; (12.0 / STEP) as usize],
            scatter: vec![0; (6.0 / SCATTER_STEP) as usize],
        }
    }

    /// Pixels by status in words.
    pub(crate) fn statuses(&self) -> BTreeMap<&str, usize> {
        self.kinds
            .values()
            .map(|(words, pixels)| (words.as_str(), *pixels))
            .collect()
    }

    /// Pixels of the image a side of a picture's pixel.
    pub(crate) fn picture_factor(&self) -> usize {
        self.factor
    }

    /// Bytes.
    pub(crate) fn bytes(shape: [usize; 2], truth: bool) -> u64 {
        let factor = shape.into_iter().max().unwrap_or(1).div_ceil(MOST).max(1);
        let maps = BANDS.len() * (1 + usize::from(truth)) + 2;
        let pixels: usize = shape.into_iter().map(|n| n.div_ceil(factor)).product();
        // And one as numbers and one as colours while a picture is drawn.
        (pixels * (6 * maps + 2 + 8 + 6)) as u64
    }

    pub(crate) fn add<T: Real>(
        &mut self,
        block: &RowBlock<T>,
        bands: &ArrayD<T>,
        temperature: &ArrayD<T>,
    ) {
        let map = &block.map;
        self.inverted_again += map.inverted_again;
        for (i, status) in map.status.iter().enumerate() {
            let columns = map.status.shape()[1];
            let row = block.rows.start + i / columns;
            let column = i % columns;
            let at = [i / columns, i % columns];
            let dropped = map.dropped[&at[..]];
            let saturated = map.saturated[&at[..]];
            self.count(*status, dropped, saturated);
            let small = [row / self.factor, column / self.factor];
            self.saturated[small] = self.saturated[small].max(saturated.count_ones() as u8);
            self.endings[small] =
                self.endings[small].max(count_ending(*status, dropped & !saturated) as u8);
            for (b, band) in self.bands.iter_mut().enumerate() {
                band.add(row, column, bands[&[at[0], at[1], b][..]].to_f64());
            }
            let chi_squared = map.chi_squared[&at[..]].to_f64();
            self.temperature
                .add(row, column, temperature[&at[..]].to_f64());
            self.chi_squared.add(row, column, chi_squared);
            if chi_squared.is_finite() {
                let bin = ((chi_squared.max(1e-6).log10() + 6.0) / STEP) as usize;
                let last = self.histogram.len() - 1;
                self.histogram[bin.min(last)] += 1;
            }
        }
    }

    pub(crate) fn add_truth(&mut self, first: usize, truth: &Array3<f64>) {
        for ((row, column, band), &value) in truth.indexed_iter() {
            self.truth[band].add(first + row, column, value);
        }
    }

    /// Compares the scatter of draws with the errors that are stated, if they are.
    pub(crate) fn add_draws<T: Real>(&mut self, block: &RowBlock<T>, spread: &Spread) {
        let Some(uncertainty) = &block.map.uncertainty else {
            return;
        };
        let rows = block
            .map
            .emission
            .rows()
            .into_iter()
            .zip(uncertainty.rows())
            .zip(spread.deviation.rows());
        for ((emission, stated), found) in rows {
            let largest = emission.iter().map(|x| x.to_f64()).fold(0.0, f64::max);
            for ((x, stated), found) in emission.iter().zip(stated).zip(found) {
                let ratio = found / stated.to_f64();
                if x.to_f64() > THERE * largest && ratio > 0.0 && ratio.is_finite() {
                    let bin = (ratio.log10() + 3.0) / SCATTER_STEP;
                    let last = self.scatter.len() - 1;
                    self.scatter[(bin.max(0.0) as usize).min(last)] += 1;
                }
            }
        }
    }

    /// A quantile of the scatter of draws over the stated errors; `None` without draws.
    pub(crate) fn scatter_over_stated(&self, quantile: f64) -> Option<f64> {
        let all = self.scatter.iter().sum::<usize>();
        let wanted = ((all as f64 * quantile).ceil() as usize).max(1);
        let mut seen = 0;
        let bin = self.scatter.iter().position(|n| {
            seen += n;
            seen >= wanted
        })?;
        Some(10_f64.powf((bin as f64 + 0.5) * SCATTER_STEP - 3.0))
    }

    fn count(&mut self, status: PixelStatus, dropped: u32, saturated: u32) {
        let kind = 2 * u16::from(status.code())
            + u16::from(status == PixelStatus::ChannelDropped && saturated != 0);
        let words = || match status {
            PixelStatus::ChannelDropped if saturated != 0 => {
                "converged, saturated channels left out".into()
            }
            PixelStatus::ChannelDropped => "converged, missing channels left out".into(),
            other => other.to_string(),
        };
        self.kinds.entry(kind).or_insert_with(|| (words(), 0)).1 += 1;
        let bits = |bits: u32| (0..32).filter(move |f| bits & (1 << f) != 0);
        bits(saturated).for_each(|f| self.saturated_by_channel[f] += 1);
        let bad = if let PixelStatus::BadInput { channel } = status {
            1 << channel
        } else {
            dropped & !saturated
        };
        bits(bad).for_each(|f| self.missing_by_channel[f] += 1);
    }

    /// Median χ², to a thousandth of a decade; 0 without pixels.
    pub(crate) fn median_chi_squared(&self) -> f64 {
        let half = self.histogram.iter().sum::<usize>().div_ceil(2);
        let mut seen = 0;
        let found = self.histogram.iter().position(|n| {
            seen += n;
            seen >= half && seen > 0
        });
        found.map_or(0.0, |bin| 10f64.powf((bin as f64 + 0.5) * STEP - 6.0))
    }
}

fn count_ending(status: PixelStatus, missing: u32) -> Ending {
    match status {
        PixelStatus::Converged => Ending::Converged,
        PixelStatus::ChannelDropped if missing == 0 => Ending::WithoutSaturated,
        PixelStatus::ChannelDropped => Ending::WithoutMissing,
        PixelStatus::NegativeWithinError => Ending::NegativeWithinError,
        PixelStatus::TargetNotReached => Ending::TargetNotReached,
        PixelStatus::PositivityNotReached => Ending::StillNegative,
        PixelStatus::NoChannel
        | PixelStatus::OutOfRange
        | PixelStatus::BadInput { .. }
        | PixelStatus::Saturated { .. } => Ending::NoResult,
    }
}

/// Quantile of the finite values; 0 if there are none.
pub(crate) fn quantile<D: ndarray::Dimension>(values: ArrayView<'_, f32, D>, q: f64) -> f32 {
    let mut sorted: Vec<f32> = values.iter().copied().filter(|x| x.is_finite()).collect();
    let at = ((sorted.len().max(1) - 1) as f64 * q).round() as usize;
    if sorted.is_empty() {
        0.0
    } else {
        *sorted.select_nth_unstable_by(at, f32::total_cmp).1
    }
}
