//! One image's header.

use crate::{CountUnit, Keywords, Quality, Time, Wcs};
use isopach_compute::{Error, Result};

/// What the header of an image says. What it does not state is `None`.
#[derive(Clone, Debug)]
pub struct SolarHeader {
    /// TELESCOP and INSTRUME, with a blank between them.
    pub instrument: Option<String>,
    /// Ångström.
    pub wavelength: Option<f64>,
    /// Seconds, above zero.
    pub exposure: Option<f64>,
    /// Of the numbers: BUNIT or PIXLUNIT.
    pub unit: Option<CountUnit>,
    /// Or why there is none.
    pub wcs: std::result::Result<Wcs, String>,
    /// The middle of the exposure, or its start where only that is stated.
    pub time: Option<Time>,
    /// As the header has it.
    pub time_text: Option<String>,
    /// QUALITY, 0 where it is not stated.
    pub quality: Quality,
    /// Why the image cannot be used, in words: quality, eclipse, dark image.
    pub unusable: Vec<String>,
    /// What contradicts itself or should be known, in words.
    pub remarks: Vec<String>,
}

impl SolarHeader {
    /// Reads the keywords. Of two that say the same, the one that programs keep up to date is taken: BUNIT (sunpy, FITS standard) before PIXLUNIT (JSOC),
    /// EXPTIME before XPOSURE, T_OBS before DATE-AVG, DATE-BEG and DATE-OBS.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a unit that is none of counts, or an exposure that is not above zero.
    pub fn of(header: &impl Keywords) -> Result<Self> {
        let text = |keyword: &str| header.text(keyword).filter(|text| !text.is_empty());
        let mut remarks = Vec::new();
        let names: Vec<&str> = ["TELESCOP", "INSTRUME"].into_iter().filter_map(text).collect();
        let time_text = ["T_OBS", "DATE-AVG", "DATE-BEG", "DATE-OBS", "DATE_OBS"].into_iter().find_map(text);
        let quality = header.number("QUALITY").map_or(Quality(0), Quality::of_keyword);
        remarks.extend(quality.remarks().into_iter().map(|words| format!("QUALITY: {words}")));
        Ok(Self {
            instrument: (!names.is_empty()).then(|| names.join(" ")),
            wavelength: wavelength(header),
            exposure: exposure(header, &mut remarks)?,
            unit: unit(header, &mut remarks)?,
            wcs: Wcs::of(header),
            time: time_text.and_then(Time::parse),
            time_text: time_text.map(str::to_owned),
            quality,
            unusable: unusable(header, quality),
            remarks,
        })
    }

    /// Whether it says to be of the Atmospheric Imaging Assembly; `None` where it does not say of what it is.
    #[must_use]
    pub fn is_aia(&self) -> Option<bool> {
        self.instrument.as_ref().map(|name| name.to_uppercase().split([' ', '/', '_']).any(|part| part == "AIA"))
    }
}

fn unit(header: &impl Keywords, remarks: &mut Vec<String>) -> Result<Option<CountUnit>> {
    let stated = |keyword: &str| header.text(keyword).filter(|text| !text.is_empty());
    let (current, at_start) = (stated("BUNIT"), stated("PIXLUNIT"));
    let Some((keyword, text)) = current.map(|text| ("BUNIT", text)).or(at_start.map(|text| ("PIXLUNIT", text))) else {
        return Ok(None);
    };
    let unit = CountUnit::parse(text).map_err(|error| Error::InvalidInput(format!("{keyword}: {error}")))?;
    if let (Some(current), Some(at_start)) = (current, at_start)
        && CountUnit::parse(at_start).ok() != Some(unit)
    {
        remarks.push(format!(
            "BUNIT is {current:?} and PIXLUNIT {at_start:?}: BUNIT is taken, which programs keep up to date"
        ));
    }
    Ok(Some(unit))
}

fn exposure(header: &impl Keywords, remarks: &mut Vec<String>) -> Result<Option<f64>> {
    let stated = |keyword: &'static str| header.number(keyword).map(|seconds| (keyword, seconds));
    let (first, second) = (stated("EXPTIME"), stated("XPOSURE"));
    let Some((keyword, seconds)) = first.or(second) else { return Ok(None) };
    if !(seconds.is_finite() && seconds > 0.0) {
        return Err(Error::InvalidInput(format!("{keyword} is {seconds}, but an exposure is above zero")));
    }
    if let (Some((_, first)), Some((_, second))) = (first, second)
        && (first / second - 1.0).abs() > 0.01
    {
        remarks.push(format!("EXPTIME is {first} s and XPOSURE {second} s: EXPTIME is taken"));
    }
    Ok(Some(seconds))
}

/// WAVELNTH as a number or as text, in the unit of WAVEUNIT (a name, or a power of ten of metres); ångström without one.
fn wavelength(header: &impl Keywords) -> Option<f64> {
    let leading = |text: &str| {
        let digits: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        digits.parse::<f64>().ok()
    };
    let number = header.number("WAVELNTH").or_else(|| header.text("WAVELNTH").and_then(leading));
    let named = header.text("WAVEUNIT").map(|text| match text.to_lowercase().as_str() {
        "nm" | "nanometer" | "nanometers" | "nanometre" => 10.0,
        text => text.parse::<f64>().map_or(1.0, |power| 10_f64.powf(power + 10.0)),
    });
    let numbered = header.number("WAVEUNIT").map(|power| 10_f64.powf(power + 10.0));
    let unit = named.or(numbered).unwrap_or(1.0);
    number.map(|number| number * unit).filter(|value| value.is_finite() && *value > 0.0)
}

fn unusable(header: &impl Keywords, quality: Quality) -> Vec<String> {
    let mut words: Vec<String> = quality.unusable().into_iter().map(|words| format!("QUALITY: {words}")).collect();
    if let Some(kind) = header.text("IMG_TYPE").filter(|kind| !kind.is_empty() && !kind.eq_ignore_ascii_case("LIGHT")) {
        words.push(format!("IMG_TYPE is {kind}"));
    }
    if header.text("ACS_ECLP").is_some_and(|text| text.eq_ignore_ascii_case("YES")) && quality.0 >> 13 & 1 == 0 {
        words.push("ACS_ECLP is YES: the Sun was eclipsed".into());
    }
    words
}
