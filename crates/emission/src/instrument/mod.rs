//! Instruments as data: file headers, noise and temperature responses.

mod error;
mod fields;
mod file;

pub use error::InstrumentError;

use crate::{Noise, TemperatureResponse};
use isopach_compute::Result;

/// An instrument: keywords of its files, channels, noise and temperature response. It is read from
/// a JSON file, so that a new instrument needs no code.
///
/// | key | | |
/// |---|---|---|
/// | `instrument` | text | its name, for reports |
/// | `headers` | list of `{KEYWORD: text}` | a file is of this instrument if all keywords of one of these contain these words |
/// | `pixel_arcsec` | number | side of a pixel of the detector |
/// | `log_t` | numbers | log₁₀ of the temperatures of the responses, K, ascending |
/// | `channels` | list | see below |
/// | `binned` | `"mean"`, `"sum"` | how pixels of the detector were binned into one of the image; `"mean"` if not given |
/// | `unit` | text | a BUNIT whose numbers are counts a second of the response, where that is none of DN |
/// | `response_until` | time | until when the response is right within a few percent; later images are warned of |
/// | `source` | text | where the numbers are from; not used |
///
/// | key of a channel | | |
/// |---|---|---|
/// | `name` | text | for reports and options |
/// | `wavelength` | Å | a file is of this channel if its WAVELNTH is within 0.5 Å, and |
/// | `keywords` | `{KEYWORD: text}` | its keywords have these words, as filters do |
/// | `response` | numbers | DN cm⁵ s⁻¹ px⁻¹ for each of `log_t`, of a pixel of the detector |
/// | `gain` | electrons a DN | with `wavelength` gives the DN of a photon: 3397 / (gain × wavelength) |
/// | `dn_per_photon` | DN | instead, or where there is no wavelength |
/// | `read_noise` | DN | of a pixel and exposure |
/// | `saturation` | DN | of a pixel and exposure; never if not given |
///
/// `gain`, `read_noise` and `saturation` may be given once for all channels, beside `channels`.
///
/// ```
/// # use isopach_emission::Instrument;
/// let text = r#"{ "instrument": "XRT", "headers": [{ "INSTRUME": "XRT" }], "pixel_arcsec": 1.0286, "read_noise": 1.5,
///     "log_t": [6.0, 6.5, 7.0], "channels": [{ "name": "Al-poly", "keywords": { "EC_FW1_": "Al_poly", "EC_FW2_": "Open" },
///     "dn_per_photon": 0.06, "response": [1e-26, 8e-26, 1.5e-25] }] }"#;
/// let xrt = Instrument::from_json(text)?;
/// let header = |keyword: &str| Some(match keyword { "INSTRUME" => "XRT", "EC_FW1_" => "Al_poly", "EC_FW2_" => "Open", _ => return None }.to_string());
/// assert!(xrt.matches_header(header) && !Instrument::aia()?.matches_header(header));
/// assert_eq!(xrt.channels_matching(None, header), [0]);
/// # Ok::<(), isopach_compute::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Instrument {
    /// For reports.
    pub name: String,
    /// Alternatives; keywords and words, all of which must be there.
    pub headers: Vec<Vec<(String, String)>>,
    /// Side of a pixel of the detector, arcseconds.
    pub pixel_arcsec: f64,
    /// Whether a pixel that was made of several of the detector is their sum, not their mean.
    pub binned_are_sums: bool,
    /// A unit that files may have instead of DN: counts a second.
    pub unit: Option<String>,
    /// A time, until which the response is right within a few percent.
    pub response_until: Option<String>,
    /// log₁₀ K of the responses.
    pub log_t: Vec<f64>,
    /// In the order in which results have them.
    pub channels: Vec<Channel>,
}

/// A channel of an [`Instrument`].
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Channel {
    /// For reports and options: `171`, `Al-poly`.
    pub name: String,
    /// Å.
    pub wavelength: Option<f64>,
    /// Keywords and words by which files of it are known.
    pub keywords: Vec<(String, String)>,
    /// DN that one photon makes.
    pub dn_per_photon: f64,
    /// DN a pixel and exposure.
    pub read_noise: f64,
    /// DN a pixel and exposure from which on it is saturated; infinite: never.
    pub saturation: f64,
    /// DN cm⁵ s⁻¹ px⁻¹ for each temperature of the instrument.
    pub response: Vec<f64>,
}

/// Å by which the wavelength of a file may differ from its channel's.
const SAME_WAVELENGTH: f64 = 0.5;

impl Channel {
    /// Whether a file of this wavelength (Å) and these keywords may be of the channel.
    fn matches_file(
        &self,
        wavelength: Option<f64>,
        header: impl Fn(&str) -> Option<String>,
    ) -> bool {
        let by_wavelength = self
            .wavelength
            .is_none_or(|own| wavelength.is_some_and(|w| (w - own).abs() < SAME_WAVELENGTH));
        let is_known = self.wavelength.is_some() || !self.keywords.is_empty();
        is_known
            && by_wavelength
            && self
                .keywords
                .iter()
                .all(|(keyword, wanted): &(String, String)| {
                    split_words(&header(keyword).unwrap_or_default()) == split_words(wanted)
                })
    }
}

impl Instrument {
    /// Most bytes of the text of an instrument: 32 channels at 1,000 temperatures have half of it,
    /// and parsing may take a hundred times as many.
    pub const MOST_BYTES: usize = 1 << 20;

    /// The Atmospheric Imaging Assembly of SDO, as shipped: its six coronal channels, sensitivity
    /// as at launch.
    ///
    /// # Errors
    /// None: the shipped file is tested.
    pub fn aia() -> Result<Self> {
        Self::from_json(include_str!("../../data/aia.json"))
    }

    /// Reads the text of an instrument file.
    ///
    /// # Errors
    /// [`isopach_compute::Error::InvalidInput`] naming the field: no JSON, a key that is not known
    /// or missing, a value of another kind, numbers that mean nothing, channels of the same name,
    /// more than [`Self::MOST_BYTES`].
    pub fn from_json(text: &str) -> Result<Self> {
        file::parse_instrument(text)
    }

    /// Whether a file is from this instrument; `header` gives the text of a keyword.
    #[must_use]
    pub fn matches_header(&self, header: impl Fn(&str) -> Option<String>) -> bool {
        self.headers.iter().any(|all| {
            all.iter().all(|(keyword, wanted): &(String, String)| {
                let wanted = split_words(wanted);
                let found = split_words(&header(keyword).unwrap_or_default());
                !wanted.is_empty() && found.windows(wanted.len()).any(|some| some == wanted)
            })
        })
    }

    /// Positions of the channels that a file may be of: by its wavelength in Å, and by its
    /// keywords.
    #[must_use]
    pub fn channels_matching(
        &self,
        wavelength: Option<f64>,
        header: impl Fn(&str) -> Option<String>,
    ) -> Vec<usize> {
        (0..self.channels.len())
            .filter(|&i| self.channels[i].matches_file(wavelength, &header))
            .collect()
    }

    /// Position of a channel by its name or its wavelength.
    #[must_use]
    pub fn channel_named(&self, name: &str) -> Option<usize> {
        let wavelength = name.trim().parse::<f64>().ok();
        let by_name = self
            .channels
            .iter()
            .position(|channel: &Channel| split_words(&channel.name) == split_words(name));
        by_name.or_else(|| {
            self.channels.iter().position(|channel: &Channel| {
                channel
                    .wavelength
                    .zip(wavelength)
                    .is_some_and(|(own, given)| (own - given).abs() < SAME_WAVELENGTH)
            })
        })
    }

    /// Names of all channels, for messages.
    #[must_use]
    pub fn channel_names(&self) -> String {
        self.channels
            .iter()
            .map(|channel| channel.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// The response of these channels, in this order.
    #[must_use]
    pub fn response(&self, positions: &[usize]) -> TemperatureResponse {
        let channels = positions
            .iter()
            .map(|&i| self.channels[i].response.clone())
            .collect();
        TemperatureResponse {
            log_t: self.log_t.clone(),
            channels,
        }
    }
}

impl Noise {
    /// Of a channel of an instrument.
    #[must_use]
    pub fn from_channel(channel: &Channel, exposure: f64, pixels: f64, systematic: f64) -> Self {
        let Channel {
            dn_per_photon,
            read_noise,
            ..
        } = *channel;
        Self {
            dn_per_photon,
            read_noise,
            exposure,
            pixels,
            systematic,
        }
    }
}

/// Letters and digits that stand together, without capitals: `SDO/AIA_3` is sdo, aia, 3.
fn split_words(text: &str) -> Vec<String> {
    let parts = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|part| !part.is_empty());
    parts.map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AIA;

    fn header(cards: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<String> {
        |keyword| {
            cards
                .iter()
                .find(|(name, _)| *name == keyword)
                .map(|(_, text)| (*text).to_owned())
        }
    }

    #[test]
    fn the_shipped_instrument_is_aia() {
        let aia = Instrument::aia().unwrap();
        assert_eq!(
            aia.response(&[0, 1, 2, 3, 4, 5]),
            TemperatureResponse::aia()
        );
        for (i, (channel, expected)) in aia.channels.iter().zip(AIA).enumerate() {
            assert_eq!(channel.name, expected.wavelength.to_string());
            assert_eq!(
                Noise::from_channel(channel, 2.9, 4.0, 0.1),
                Noise::aia(&expected, 2.9, 4.0, 0.1)
            );
            assert_eq!(
                (channel.saturation, aia.pixel_arcsec),
                (expected.saturation, 0.6)
            );
            let wavelength = Some(f64::from(expected.wavelength));
            assert_eq!(aia.channels_matching(wavelength, |_| None), [i]);
            assert_eq!(aia.channel_named(&channel.name), Some(i));
        }
        assert!(
            aia.channels_matching(Some(304.0), |_| None).is_empty()
                && aia.channels_matching(None, |_| None).is_empty()
        );
    }

    #[test]
    fn files_are_known_by_words_of_their_keywords() {
        let aia = Instrument::aia().unwrap();
        assert!(aia.matches_header(header(&[("TELESCOP", "SDO/AIA")])));
        assert!(aia.matches_header(header(&[("INSTRUME", "AIA_3")])));
        assert!(!aia.matches_header(header(&[("INSTRUME", "AIAX")])));
        assert!(!aia.matches_header(header(&[])));
        let euvi = Instrument {
            headers: vec![vec![
                ("INSTRUME".into(), "secchi".into()),
                ("DETECTOR".into(), "EUVI".into()),
            ]],
            ..aia
        };
        assert!(euvi.matches_header(header(&[("INSTRUME", "SECCHI"), ("DETECTOR", "EUVI")])));
        assert!(!euvi.matches_header(header(&[("INSTRUME", "SECCHI"), ("DETECTOR", "COR1")])));
    }

    #[test]
    fn channels_are_known_by_filters() {
        let mut xrt = Instrument::aia().unwrap();
        xrt.channels.truncate(2);
        for (channel, filter) in xrt.channels.iter_mut().zip(["Al_poly", "Open"]) {
            channel.wavelength = None;
            channel.keywords = vec![("EC_FW1_".into(), filter.into())];
        }
        assert_eq!(
            xrt.channels_matching(None, header(&[("EC_FW1_", "AL-POLY")])),
            [0]
        );
        assert_eq!(
            xrt.channels_matching(Some(94.0), header(&[("EC_FW1_", "open ")])),
            [1]
        );
        assert!(
            xrt.channels_matching(None, header(&[("EC_FW1_", "thin Al poly")]))
                .is_empty()
        );
        xrt.channels[0].keywords.clear();
        assert!(
            xrt.channels_matching(None, |_| None).is_empty(),
            "nothing to know it by"
        );
    }
}
