//! Errors about the text of an instrument file: each names the key.

use isopach_compute::Error;

/// Reason why the file of an instrument is refused; [`Error::find_cause`] returns it.
///
/// ```
/// use isopach_emission::{Instrument, InstrumentError};
/// let error = Instrument::from_json("{}").unwrap_err();
/// let Some(InstrumentError::Missing { key, .. }) = error.find_cause() else { panic!("{error}") };
/// assert_eq!(key, "instrument");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstrumentError {
    /// The file is too large.
    #[error("it has {bytes} bytes, but must have {most} at most")]
    TooLarge {
        /// Its bytes.
        bytes: usize,
        /// Most bytes.
        most: usize,
    },
    /// The text is no JSON.
    #[error("no JSON: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A key is missing.
    #[error("{key} is missing: {meaning}")]
    Missing {
        /// The key, with its place: `channels[2].name`.
        key: String,
        /// Its meaning, or the remedy.
        meaning: String,
    },
    /// A key is not known.
    #[error("{key} is not known: {advice}")]
    UnknownKey {
        /// The key, with its place.
        key: String,
        /// The nearest known key, or all of them.
        advice: String,
    },
    /// A value is not as it must be.
    #[error("{key} is {value}, but must be {must}")]
    InvalidValue {
        /// The key, with its place.
        key: String,
        /// The beginning of the value.
        value: String,
        /// The condition that it violates, to be read after "must be".
        must: String,
    },
    /// The temperatures of the responses do not ascend, or are too few.
    #[error("log_t must be two temperatures or more that ascend")]
    Temperatures,
    /// There is no channel, or too many.
    #[error("channels has {channels} entries, but must have 1 to {most}")]
    ChannelCount {
        /// Entries of the list.
        channels: usize,
        /// Most channels.
        most: usize,
    },
    /// Two channels have the same name.
    #[error("channels[{first}] and channels[{second}] have the same name {name:?}")]
    SameName {
        /// Number of a channel, from 0.
        first: usize,
        /// Number of another channel.
        second: usize,
        /// The name.
        name: String,
    },
    /// Gain and wavelength do not give a number of DN per photon.
    #[error(
        "{key} is {gain:e}, but with a wavelength of {wavelength:e} Å a photon would make {dn} DN"
    )]
    NoDnPerPhoton {
        /// The key of the gain, with its place.
        key: String,
        /// The gain, electrons per DN.
        gain: f64,
        /// The wavelength, Å.
        wavelength: f64,
        /// The resulting DN per photon.
        dn: f64,
    },
    /// A response has not one value per temperature.
    #[error("{key} has {values} numbers for {temperatures} temperatures in log_t")]
    ValueCount {
        /// The key of the response, with its place.
        key: String,
        /// Its values.
        values: usize,
        /// Temperatures in `log_t`.
        temperatures: usize,
    },
    /// A response is nowhere above zero.
    #[error("{key} is nowhere above zero")]
    NoResponse {
        /// The key of the response, with its place.
        key: String,
    },
}

impl From<InstrumentError> for Error {
    fn from(error: InstrumentError) -> Self {
        Self::invalid_input(error)
    }
}
