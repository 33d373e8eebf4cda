//! The instruments whose files are known: AIA as shipped, and those of the files that were given.

use crate::{named::name_error, options::EmissionOptions};
use isopach::{
    emission::{Channel, Instrument},
    fits::FitsHeader,
    solar::ObservationTime,
};
use std::{error::Error, fs::File, io::Read as _, path::Path};

/// The word for the shipped instrument.
const SHIPPED: &str = "aia";

/// Instruments, in the order in which results have their channels.
pub(crate) struct Instruments {
    known: Vec<Instrument>,
    /// Number of instruments that the user gave.
    given: usize,
    /// Whether AIA is the one that is shipped.
    is_aia_shipped: bool,
}

impl Instruments {
    /// Reads the instruments of `--instrument`, after AIA if it is not one of them.
    ///
    /// # Errors
    /// In words, naming file and field.
    pub(crate) fn read(options: &EmissionOptions) -> Result<Self, Box<dyn Error>> {
        let mut known: Vec<Instrument> = Vec::new();
        for path in &options.instrument {
            let found = read(path)?;
            if known
                .iter()
                .any(|other| other.name.eq_ignore_ascii_case(&found.name))
            {
                return Err(format!(
                    "--instrument {}: {} was given before",
                    path.display(),
                    found.name
                )
                .into());
            }
            known.push(found);
        }
        let given = known.len();
        let shipped = Instrument::aia()?;
        let is_aia_given = known
            .iter()
            .any(|other| other.name.eq_ignore_ascii_case(&shipped.name));
        let is_aia_shipped =
            !is_aia_given || options.instrument.iter().any(|path| is_shipped(path));
        if !is_aia_given {
            known.insert(0, shipped);
        }
        Ok(Self {
            known,
            given,
            is_aia_shipped,
        })
    }

    pub(crate) fn is_aia_shipped(&self) -> bool {
        self.is_aia_shipped
    }

    fn channel_names(&self) -> String {
        self.known
            .iter()
            .map(|instrument| instrument.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// The instrument and the channel of a file; `channel` is the value of `--channel`. Reports its
    /// assumptions.
    ///
    /// # Errors
    /// A text: the file's header, the known instruments, the option that helps.
    pub(crate) fn find_channel(
        &self,
        seen: &Seen<'_>,
        channel: Option<&str>,
        said: &mut Vec<String>,
    ) -> Result<Found, String> {
        let (prefix, name) = match channel.and_then(|text| text.split_once(':')) {
            Some((prefix, name)) => (Some(prefix), Some(name)),
            None => (None, channel),
        };
        let instrument = self.read_instrument(seen, prefix, said)?;
        let of = &self.known[instrument];
        let Instrument { name: called, .. } = of;
        let channel = if let Some(name) = name {
            let known = of.channel_names();
            of.channel_named(name)
                .ok_or_else(|| format!("--channel is {name}, but {called} has {known}"))?
        } else {
            match of.channels_matching(seen.wavelength, |keyword| seen.match_keyword(keyword))[..] {
                [one] => one,
                [] => return Err(seen.no_channel(of)),
                [a, b, ..] => {
                    let [a, b] = [a, b].map(|i| of.channels[i].name.as_str());
                    return Err(format!(
                        "by its header it may be of {a} and of {b} of {called}: give --channel"
                    ));
                }
            }
        };
        Ok(Found {
            place: [instrument, channel],
            of: of.clone(),
        })
    }

    /// Instruments that the header of a file names.
    fn find_named(&self, seen: &Seen<'_>) -> Vec<usize> {
        (0..self.known.len())
            .filter(|i: &usize| {
                self.known[*i].matches_header(|keyword| seen.match_keyword(keyword))
            })
            .collect()
    }

    fn read_instrument(
        &self,
        seen: &Seen<'_>,
        prefix: Option<&str>,
        said: &mut Vec<String>,
    ) -> Result<usize, String> {
        if let Some(prefix) = prefix {
            let found = self.known.iter().position(|instrument: &Instrument| {
                instrument.name.eq_ignore_ascii_case(prefix.trim())
            });
            let found = found.ok_or_else(|| {
                format!(
                    "--channel names {prefix}, but known are {}",
                    self.channel_names()
                )
            })?;
            if let Some(stated) = seen
                .instrument
                .filter(|_| !self.find_named(seen).contains(&found))
            {
                let name = &self.known[found].name;
                said.push(format!(
                    "by its header it is of {stated}: taken for {name}, as in --channel"
                ));
            }
            return Ok(found);
        }
        let named = self.find_named(seen);
        match (&named[..], seen.instrument) {
            ([one], _) => Ok(*one),
            ([a, b, ..], _) => {
                let [a, b] = [a, b].map(|i| self.known[*i].name.as_str());
                Err(format!(
                    "by its header it may be of {a} and of {b}: make `headers` of their files distinguish them"
                ))
            }
            ([], Some(stated)) => Err(format!(
                "it is of {stated}, but known are {}: give its file (--instrument), or arrays (--counts, --sigma, --response)",
                self.channel_names()
            )),
            ([], None) if self.given > 1 => Err(format!(
                "it does not state its instrument (TELESCOP, INSTRUME), and known are {}: give --channel as INSTRUMENT:CHANNEL",
                self.channel_names()
            )),
            ([], None) => {
                // The one that was given is the last.
                let only = if self.given == 1 {
                    self.known.len() - 1
                } else {
                    0
                };
                let name = &self.known[only].name;
                said.push(format!(
                    "it does not state its instrument (TELESCOP, INSTRUME): taken for {name}"
                ));
                Ok(only)
            }
        }
    }
}

/// Whether an instrument is the one that is shipped, not a file.
pub(crate) fn is_shipped(path: &Path) -> bool {
    path.as_os_str() == SHIPPED && !path.is_file()
}

fn read(path: &Path) -> Result<Instrument, Box<dyn Error>> {
    let name = path.display();
    if is_shipped(path) {
        return Ok(Instrument::aia()?);
    }
    let of_file = |error: Box<dyn Error>| name_error(format!("--instrument {name}"), error);
    let mut text = String::new();
    let file = File::open(path).map_err(|error| of_file(error.into()))?;
    // One byte more than allowed is refused.
    file.take(Instrument::MOST_BYTES as u64 + 1)
        .read_to_string(&mut text)
        .map_err(|error| of_file(error.into()))?;
    let found = Instrument::from_json(&text).map_err(|error| of_file(error.into()))?;
    match found
        .response_until
        .as_deref()
        .filter(|until| ObservationTime::parse(until).is_none())
    {
        Some(until) => Err(of_file(
            format!("response_until is {until:?}, but must be a time as 2014-01-02T03:04:05")
                .into(),
        )),
        None => Ok(found),
    }
}

/// The header values that identify a file.
pub(crate) struct Seen<'a> {
    pub(crate) header: &'a FitsHeader,
    /// TELESCOP and INSTRUME.
    pub(crate) instrument: Option<&'a str>,
    /// Å.
    pub(crate) wavelength: Option<f64>,
}

impl Seen<'_> {
    fn match_keyword(&self, keyword: &str) -> Option<String> {
        self.header
            .text(keyword)
            .map(str::to_owned)
            .or_else(|| self.header.number(keyword).map(|number| number.to_string()))
    }

    /// Why it is of no channel of an instrument.
    fn no_channel(&self, of: &Instrument) -> String {
        let mut keywords: Vec<&str> = Vec::new();
        for (keyword, _) in of.channels.iter().flat_map(|channel| &channel.keywords) {
            if !keywords.contains(&keyword.as_str()) {
                keywords.push(keyword);
            }
        }
        let stated = keywords
            .iter()
            .map(|keyword| match self.match_keyword(keyword) {
                Some(text) => format!("{keyword} is {text:?}"),
                None => format!("{keyword} is missing"),
            });
        let by_wavelength = of
            .channels
            .iter()
            .any(|channel| channel.wavelength.is_some());
        let wavelength = by_wavelength.then(|| match self.wavelength {
            Some(wavelength) => format!("WAVELNTH is {wavelength} Å"),
            None => "it has no WAVELNTH".into(),
        });
        let stated: Vec<String> = wavelength.into_iter().chain(stated).collect();
        let name = &of.name;
        let known = of.channel_names();
        format!(
            "it is of no channel of {name} ({known}): {}; --channel names one for each file",
            stated.join(", ")
        )
    }
}

/// The one channel that an option names.
///
/// # Errors
/// A text: it names no instrument, or one of two.
pub(crate) fn only_instrument(
    option: &str,
    name: &str,
    channels: &[&Found],
) -> Result<usize, String> {
    let mut meant = (0..channels.len()).filter(|&i| channels[i].is_meant_by(name));
    match (meant.next(), meant.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(format!(
            "{option} names {name}, which two instruments have: name it INSTRUMENT:{name}"
        )),
        (None, _) => {
            let known: Vec<String> = channels.iter().map(|channel| channel.name()).collect();
            Err(format!(
                "{option} names {name}, but the channels are {}",
                known.join(", ")
            ))
        }
    }
}

/// The instrument and channel of a file.
#[derive(Clone)]
pub(crate) struct Found {
    /// Numbers of instrument and channel: the sort key.
    pub(crate) place: [usize; 2],
    pub(crate) of: Instrument,
}

impl Found {
    pub(crate) fn channel(&self) -> &Channel {
        &self.of.channels[self.place[1]]
    }

    /// `171` of AIA, `XRT Al-poly` of others.
    pub(crate) fn name(&self) -> String {
        let channel = &self.channel().name;
        if self.is_aia() {
            channel.clone()
        } else {
            format!("{} {channel}", self.of.name)
        }
    }

    /// `AIA:171`, the name in options if two instruments have a channel of that name.
    pub(crate) fn qualified_name(&self) -> String {
        format!("{}:{}", self.of.name, self.channel().name)
    }

    /// The name for people: with Å if it is a wavelength.
    pub(crate) fn channel_label(&self) -> String {
        let unit = if self.channel().name.parse::<f64>().is_ok() {
            " Å"
        } else {
            ""
        };
        self.name() + unit
    }

    pub(crate) fn is_aia(&self) -> bool {
        self.of.name.eq_ignore_ascii_case(SHIPPED)
    }

    /// Whether an option that names a channel means this one: by its name, its wavelength, or with
    /// the instrument before it.
    pub(crate) fn is_meant_by(&self, text: &str) -> bool {
        let (prefix, name) = text
            .split_once(':')
            .map_or((None, text), |(prefix, name)| (Some(prefix), name));
        let is_of = prefix.is_none_or(|prefix| prefix.trim().eq_ignore_ascii_case(&self.of.name));
        is_of && self.of.channel_named(name) == Some(self.place[1])
    }
}
