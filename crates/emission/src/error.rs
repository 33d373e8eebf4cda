//! Errors about inversions and responses: each names the value and the remedy.

use crate::PixelStatus;
use isopach_compute::Error;

/// Reason why an inversion is refused; [`Error::find_cause`] returns it.
///
/// ```
/// use isopach_emission::{EmissionError, TemperatureResponse};
/// let error = TemperatureResponse::join_responses(&[]).unwrap_err();
/// assert!(matches!(error.find_cause::<EmissionError>(), Some(EmissionError::NoResponse)));
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EmissionError {
    /// The edges of the temperature bins do not ascend, or are too few.
    #[error(
        "the edges of the temperature bins must be finite, ascending, and at least four, but {edges} were given"
    )]
    BinEdges {
        /// Number of edges.
        edges: usize,
    },
    /// Weights or a constraint of the regularised method were given to another method.
    #[error(
        "weights and constraints belong to the regularised method: leave them out, or choose that method"
    )]
    WeightsOfOtherMethod,
    /// The EM loci weights name no channel.
    #[error("EM loci weights need at least one channel")]
    NoLociChannel,
    /// Given weights have the wrong shape.
    #[error(
        "the weights have the shape ({rows}, {columns}), but must have (1, {bins}) or ({pixels}, {bins})"
    )]
    WeightShape {
        /// Rows of the weights.
        rows: usize,
        /// Columns of the weights.
        columns: usize,
        /// Temperature bins.
        bins: usize,
        /// Pixels of the image.
        pixels: usize,
    },
    /// Counts and their errors differ in shape.
    #[error("counts have the shape {counts:?}, but their errors {sigma:?}")]
    SigmaShape {
        /// Shape of the counts.
        counts: Vec<usize>,
        /// Shape of the errors.
        sigma: Vec<usize>,
    },
    /// The last axis of an array has the wrong length.
    #[error("the shape {shape:?} must end with {expected} {axis}")]
    LastAxis {
        /// Shape of the array.
        shape: Vec<usize>,
        /// Length that the last axis must have.
        expected: usize,
        /// The content of the axis: bins, channels.
        axis: &'static str,
    },
    /// An image has no axis.
    #[error("an image must have at least one axis")]
    NoAxis,
    /// A reader gave other rows than were asked for.
    #[error("rows {first} to {end} were asked for, but the shape {given:?} was given")]
    OtherRows {
        /// First row.
        first: usize,
        /// The row after the last.
        end: usize,
        /// Shape of the array that was given.
        given: Vec<usize>,
    },
    /// A single pixel has no result.
    #[error("no result: {status}")]
    NoResult {
        /// How its inversion ended.
        status: PixelStatus,
    },
    /// There is no response to join.
    #[error("there is no response to join: give at least one")]
    NoResponse,
    /// Responses that are to be joined have no temperatures in common.
    #[error(
        "the responses have no temperatures in common: one begins at log T {begin}, another ends at {end}"
    )]
    NoCommonTemperatures {
        /// Highest first log10 T.
        begin: f64,
        /// Lowest last log10 T.
        end: f64,
    },
    /// A response has no channel, or too many.
    #[error("the response has {channels} channels, but must have 1 to {most}")]
    ChannelCount {
        /// Its channels.
        channels: usize,
        /// Most channels of a response.
        most: usize,
    },
    /// A channel of a response has not one value per temperature.
    #[error(
        "channel {channel} of the response has {values} values for {temperatures} temperatures"
    )]
    ValueCount {
        /// Number of the channel, from 0.
        channel: usize,
        /// Its values.
        values: usize,
        /// Temperatures of the response.
        temperatures: usize,
    },
    /// The temperatures of a response do not ascend, or are too few.
    #[error(
        "the temperatures of the response must be two or more, finite and ascending, but {temperatures} were given"
    )]
    Temperatures {
        /// Number of temperatures.
        temperatures: usize,
    },
    /// A channel of a response is nowhere above zero, or not finite.
    #[error("channel {channel} of the response must be finite and somewhere above zero")]
    ChannelValues {
        /// Number of the channel, from 0.
        channel: usize,
    },
    /// The reference's cleaning leaves negative values in a response.
    #[error(
        "the reference's way of cleaning leaves negative values in this response: use another compatibility"
    )]
    NegativeResponse,
}

impl From<EmissionError> for Error {
    fn from(error: EmissionError) -> Self {
        Self::invalid_input(error)
    }
}
