//! How a pixel ended.

use std::fmt;

/// How the inversion of a pixel ended. A pixel without a result has NaN everywhere (zeros with [`crate::Compat::Reference`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Status {
    /// No bin is negative, all channels were used.
    #[default]
    Converged,
    /// No bin is negative; some channels were bad or saturated and left out: [`crate::EmissionMap::dropped`] says which, and
    /// [`crate::EmissionMap::saturated`] which of them were saturated.
    ChannelDropped,
    /// The last iteration still has negative bins. The numbers are those of that iteration.
    PositivityNotReached,
    /// No result: the count or the error of a channel is not a finite number above zero.
    BadInput {
        /// The first such channel.
        channel: u8,
    },
    /// No result: a channel is saturated, and such pixels are to be rejected.
    Saturated {
        /// The first such channel.
        channel: u8,
    },
    /// No result: no channel is left, or none of those that the weights need.
    NoChannel,
    /// No result: the numbers left the range of the precision (counts that are 10³⁰ of their error, say).
    OutOfRange,
}

impl Status {
    /// Whether the pixel has numbers.
    #[must_use]
    pub fn has_result(self) -> bool {
        matches!(self, Self::Converged | Self::ChannelDropped | Self::PositivityNotReached)
    }

    /// A number for files: 0 converged, 1 channel dropped, 2 positivity not reached, 3 no channel, 4 out of range, 16 + channel for bad input,
    /// 48 + channel for a saturated one.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Converged => 0,
            Self::ChannelDropped => 1,
            Self::PositivityNotReached => 2,
            Self::NoChannel => 3,
            Self::OutOfRange => 4,
            Self::BadInput { channel } => 16 + channel,
            Self::Saturated { channel } => 48 + channel,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Converged => f.write_str("converged"),
            Self::ChannelDropped => f.write_str("converged without some channels"),
            Self::PositivityNotReached => f.write_str("still negative after the last iteration"),
            Self::NoChannel => f.write_str("no usable channel"),
            Self::OutOfRange => f.write_str("out of range"),
            Self::BadInput { channel } => write!(f, "bad count or error in channel {channel}"),
            Self::Saturated { channel } => write!(f, "saturated in channel {channel}"),
        }
    }
}
