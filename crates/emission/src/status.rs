//! Status of a pixel.

use crate::{Compatibility, Inversion, Method};
use std::fmt;

/// How the inversion of a pixel ended. A pixel without a result has NaN everywhere (zeros with
/// [`crate::Compatibility::Reference`]).
///
/// Where several apply, the one that says most against the numbers: [`Self::PositivityNotReached`],
/// [`Self::TargetNotReached`], [`Self::NegativeWithinError`], [`Self::ChannelDropped`],
/// [`Self::Converged`]. Channels that were left out are in [`crate::EmissionMap::dropped`] whatever
/// the status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum PixelStatus {
    /// No bin is negative, χ² is at its target, all channels were used.
    #[default]
    Converged,
    /// No bin is negative and χ² is at its target; some channels were bad or saturated and left
    /// out: [`crate::EmissionMap::dropped`] says which, and [`crate::EmissionMap::saturated`] which
    /// of them were saturated.
    ChannelDropped,
    /// The last iteration still has bins that are negative by more than
    /// [`crate::Inversion::negative_tolerance`] of their vertical errors. The numbers are those of
    /// that iteration.
    PositivityNotReached,
    /// No result: no channel is left, or none of those that the weights need.
    NoChannel,
    /// No result: the numbers left the range of the precision (counts that are 10³⁰ of their error,
    /// say).
    OutOfRange,
    /// χ² is at its target; some bins are negative, by no more than
    /// [`crate::Inversion::negative_tolerance`] of their own vertical errors.
    NegativeWithinError,
    /// The counts are not explained: χ² a channel is more than [`Self::TARGET_SLACK`] of the
    /// target, because the channels contradict each other or because bins had to be made positive.
    /// Never with [`crate::Compatibility::Strict`] or [`crate::Compatibility::Reference`].
    TargetNotReached,
    /// No result: the count or the error of a channel is not a usable number.
    BadInput {
        /// The first such channel.
        channel: u8,
    },
    /// No result: a channel is saturated, and such pixels are to be rejected.
    Saturated {
        /// The first such channel.
        channel: u8,
    },
}

/// The signs of a solution's bins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signs {
    /// None is negative but for round-off.
    Positive,
    /// Some are, within the tolerance.
    WithinError,
    /// Some are, by more than the tolerance.
    Negative,
}

impl PixelStatus {
    /// χ² a channel, in units of its target, up to which the target counts as reached: the most
    /// that a step of the grid of μ can miss it by.
    pub const TARGET_SLACK: f64 = 1.5;

    /// Whether the pixel has numbers.
    #[must_use]
    pub fn has_result(self) -> bool {
        match self {
            Self::Converged
            | Self::ChannelDropped
            | Self::PositivityNotReached
            | Self::NegativeWithinError
            | Self::TargetNotReached => true,
            Self::NoChannel | Self::OutOfRange | Self::BadInput { .. } | Self::Saturated { .. } => {
                false
            }
        }
    }

    /// A number for files: 0 converged, 1 channel dropped, 2 positivity not reached, 3 no channel,
    /// 4 out of range, 5 negative within its error, 6 χ² target not reached, 16 + channel for bad
    /// input, 48 + channel for a saturated one.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Converged => 0,
            Self::ChannelDropped => 1,
            Self::PositivityNotReached => 2,
            Self::NoChannel => 3,
            Self::OutOfRange => 4,
            Self::NegativeWithinError => 5,
            Self::TargetNotReached => 6,
            Self::BadInput { channel } => 16 + channel,
            Self::Saturated { channel } => 48 + channel,
        }
    }

    /// The status with this [`Self::code`]; `None` where none has it.
    ///
    /// ```
    /// # use isopach_emission::PixelStatus;
    /// let codes = (0..=u8::MAX).filter_map(|code| Some((code, PixelStatus::from_code(code)?)));
    /// assert!(codes.into_iter().all(|(code, status)| status.code() == code));
    /// assert_eq!(PixelStatus::from_code(18), Some(PixelStatus::BadInput { channel: 2 }));
    /// ```
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Converged,
            1 => Self::ChannelDropped,
            2 => Self::PositivityNotReached,
            3 => Self::NoChannel,
            4 => Self::OutOfRange,
            5 => Self::NegativeWithinError,
            6 => Self::TargetNotReached,
            16..48 => Self::BadInput { channel: code - 16 },
            48..80 => Self::Saturated { channel: code - 48 },
            _ => return None,
        })
    }

    /// The status of a pixel that has numbers: its signs, the channels left out (bits), χ² a
    /// channel. For backends.
    #[must_use]
    pub fn from_result(
        inversion: &Inversion,
        signs: Signs,
        dropped: u32,
        chi_squared: f64,
    ) -> Self {
        let explained = (inversion.compat != Compatibility::Off
            && inversion.method == Method::Regularised)
            || chi_squared <= Self::TARGET_SLACK * inversion.chi_squared_target;
        match signs {
            Signs::Negative => Self::PositivityNotReached,
            _ if !explained => Self::TargetNotReached,
            Signs::WithinError => Self::NegativeWithinError,
            Signs::Positive if dropped != 0 => Self::ChannelDropped,
            Signs::Positive => Self::Converged,
        }
    }
}

impl fmt::Display for PixelStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Converged => f.write_str("converged"),
            Self::ChannelDropped => f.write_str("converged, some channels left out"),
            Self::PositivityNotReached => f.write_str("still negative after the last iteration"),
            Self::NoChannel => f.write_str("no usable channel"),
            Self::OutOfRange => f.write_str("out of range"),
            Self::NegativeWithinError => f.write_str("negative within its error"),
            Self::TargetNotReached => f.write_str("χ² target not reached"),
            Self::BadInput { channel } => write!(f, "bad count or error in channel {channel}"),
            Self::Saturated { channel } => write!(f, "saturated in channel {channel}"),
        }
    }
}
