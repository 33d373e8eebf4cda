//! Sources of counts, some rows at a time.

use crate::{arrays::Arrays, images::Images, scene::Region};
use isopach::{
    compute::Result,
    emission::{Real, TemperatureResponse},
    fits::KeywordValue,
};
use ndarray::{Array3, ArrayD};
use std::ops::Range;

/// Facts about the input that are known before anything is read.
pub(crate) struct About {
    /// One line for each channel, or one for all.
    pub(crate) names: Vec<String>,
    /// Names by which options mean a channel, each: `171`, `AIA:171`.
    pub(crate) channels: Vec<Vec<String>>,
    /// Response of the channels at the time of the images.
    pub(crate) response: TemperatureResponse,
    /// Shape of the pixels.
    pub(crate) leading: Vec<usize>,
    /// Counts from which on a channel is saturated, if known.
    pub(crate) levels: Option<Vec<f64>>,
    /// Words about the sensitivity of the instrument.
    pub(crate) sensitivity: String,
    /// Axes of the pixels.
    pub(crate) axes: [Axis; 2],
    /// Place, instrument and time of the pixels for the output files: keywords of all cubes.
    pub(crate) keywords: Vec<CubeKeyword>,
    /// Warnings about the input that affect the trust in the results.
    pub(crate) warnings: Vec<String>,
}

impl About {
    /// Whether one of the channels is of AIA.
    pub(crate) fn is_of_aia(&self) -> bool {
        self.channels
            .iter()
            .flatten()
            .any(|name| name.starts_with("AIA:"))
    }

    /// The position of a channel that an option names.
    ///
    /// # Errors
    /// A text that lists the known channels.
    pub(crate) fn channel(&self, option: &str, text: &str) -> std::result::Result<usize, String> {
        let is_meant = |names: &Vec<String>| {
            names
                .iter()
                .any(|name| name.eq_ignore_ascii_case(text.trim()))
        };
        let found: Vec<usize> = (0..self.channels.len())
            .filter(|&f| is_meant(&self.channels[f]))
            .collect();
        let known = || {
            self.channels
                .iter()
                .filter_map(|names| names.last().cloned())
                .collect::<Vec<_>>()
                .join(", ")
        };
        match found[..] {
            [one] => Ok(one),
            [] => Err(format!(
                "{option} names {text}, but the channels are {}",
                known()
            )),
            _ => Err(format!(
                "{option} names {text}, which several channels are called: {}",
                known()
            )),
        }
    }
}

/// A keyword of a cube: name, value, comment.
pub(crate) type CubeKeyword = (String, KeywordValue, String);

/// A coordinate of pixels: value of pixel 0, and from one to the next.
#[derive(Clone, Copy)]
pub(crate) struct Axis {
    pub(crate) first: f64,
    pub(crate) step: f64,
    pub(crate) unit: &'static str,
}

impl Axis {
    /// Pixels themselves.
    pub(crate) const PIXELS: Self = Self {
        first: 0.0,
        step: 1.0,
        unit: "pixel",
    };
}

/// Counts and errors.
pub(crate) enum Source {
    Images(Images),
    Arrays(Arrays),
    Region(Box<Region>),
}

impl Source {
    /// Counts and errors of some rows, shape (rows, columns, channels).
    pub(crate) fn read<T: Real>(&mut self, rows: Range<usize>) -> Result<[ArrayD<T>; 2]> {
        match self {
            Self::Images(images) => images.read(rows),
            Self::Arrays(arrays) => arrays.read(rows),
            Self::Region(region) => region.read(rows),
        }
    }

    /// Errors of the mean counts of `pixels` pixels whose variances sum up to `variances`, by
    /// channel. Systematic errors stay as they are, if they are known separately.
    pub(crate) fn sigma_of_mean(
        &self,
        counts: &[f64],
        pixels: usize,
        variances: &[f64],
    ) -> Vec<f64> {
        let pixels = pixels as f64;
        match self {
            Self::Images(images) => images
                .noises_of_mean(pixels)
                .zip(counts)
                .map(|(of, count)| of.sigma(*count))
                .collect(),
            Self::Region(region) => region
                .channel_noises()
                .iter()
                .zip(counts)
                .map(|(noise, count)| noise.of_mean(pixels).sigma(*count))
                .collect(),
            Self::Arrays(_) => variances
                .iter()
                .map(|variance| variance.sqrt() / pixels)
                .collect(),
        }
    }

    /// Remarks on the numbers, after all rows were read.
    pub(crate) fn remarks(&self) -> Option<String> {
        match self {
            Self::Images(images) => images.seen_remarks(),
            Self::Arrays(_) | Self::Region(_) => None,
        }
    }

    /// Whether reading all rows may show something that should be known.
    pub(crate) fn may_have_remarks(&self) -> bool {
        match self {
            Self::Images(images) => images.may_have_remarks(),
            Self::Arrays(_) | Self::Region(_) => false,
        }
    }

    /// Whether the emission measure is known.
    pub(crate) fn has_truth(&self) -> bool {
        matches!(self, Self::Region(_))
    }

    /// Emission measure in bands, shape (rows, columns, bands), if known.
    pub(crate) fn truth(&self, rows: Range<usize>) -> Result<Option<Array3<f64>>> {
        match self {
            Self::Region(region) => region.truth(rows).map(Some),
            _ => Ok(None),
        }
    }

    /// Bytes a row that reading needs in addition to its numbers.
    pub(crate) fn bytes_per_row(&self) -> u64 {
        match self {
            Self::Images(images) => images.bytes_per_row(),
            _ => 0,
        }
    }

    /// Bytes in addition to those of the rows that are read: buffers kept between calls, and a tile
    /// that is being decoded.
    pub(crate) fn bytes_kept(&self) -> u64 {
        match self {
            Self::Images(images) => images.bytes_kept(),
            _ => 0,
        }
    }
}
