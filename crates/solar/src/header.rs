//! One image's header.

use crate::{CountUnit, Keywords, Quality, Time, Wcs};

/// What the header of an image says. What it does not state is `None`.
#[derive(Clone, Debug)]
pub struct SolarHeader {
    /// TELESCOP and INSTRUME, with a blank between them.
    pub instrument: Option<String>,
    /// Ångström.
    pub wavelength: Option<f64>,
    /// Seconds, above zero; or why what is stated is no exposure.
    pub exposure: Result<Option<f64>, String>,
    /// Of the numbers: BUNIT or PIXLUNIT; or why it is none of counts.
    pub unit: Result<Option<CountUnit>, String>,
    /// Side of a square with the area of a pixel, arcseconds, whatever the projection.
    pub pixel_size: Option<f64>,
    /// Or why there is none.
    pub wcs: Result<Wcs, String>,
    /// Stonyhurst longitude and latitude of the observer, degrees (HGLN_OBS, HGLT_OBS).
    pub observer: Option<[f64; 2]>,
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
    #[must_use]
    pub fn of(header: &impl Keywords) -> Self {
        let text = |keyword: &str| header.text(keyword).filter(|text| !text.is_empty());
        let mut remarks = Vec::new();
        let names: Vec<&str> = ["TELESCOP", "INSTRUME"].into_iter().filter_map(text).collect();
        let times = ["T_OBS", "DATE-AVG", "DATE-BEG", "DATE-OBS", "DATE_OBS"].into_iter().filter_map(text);
        let time_text = times.into_iter().find(|text| Time::parse(text).is_some());
        if time_text.is_none() {
            remarks.push(
                "it states no time that can be read: neither times nor the loss of sensitivity are checked".into(),
            );
        }
        let quality = quality(header, &mut remarks);
        remarks.extend(quality.remarks().into_iter().map(|words| format!("QUALITY: {words}")));
        Self {
            instrument: (!names.is_empty()).then(|| names.join(" ")),
            wavelength: wavelength(header),
            exposure: exposure(header, &mut remarks),
            unit: unit(header, &mut remarks),
            pixel_size: Wcs::pixel_size_of(header),
            wcs: Wcs::of(header),
            observer: observer(header),
            time: time_text.and_then(Time::parse),
            time_text: time_text.map(str::to_owned),
            quality,
            unusable: unusable(header, quality),
            remarks,
        }
    }
}

fn unit(header: &impl Keywords, remarks: &mut Vec<String>) -> Result<Option<CountUnit>, String> {
    let stated = |keyword: &str| header.text(keyword).filter(|text| !text.is_empty());
    let (current, at_start) = (stated("BUNIT"), stated("PIXLUNIT"));
    let Some((keyword, text)) = current.map(|text| ("BUNIT", text)).or(at_start.map(|text| ("PIXLUNIT", text))) else {
        return Ok(None);
    };
    let unit = CountUnit::parse(text).map_err(|error| format!("{keyword}: {error}"))?;
    if let (Some(current), Some(at_start)) = (current, at_start)
        && CountUnit::parse(at_start).ok() != Some(unit)
    {
        remarks.push(format!(
            "BUNIT is {current:?} and PIXLUNIT {at_start:?}: BUNIT is taken, which programs keep up to date"
        ));
    }
    Ok(Some(unit))
}

fn exposure(header: &impl Keywords, remarks: &mut Vec<String>) -> Result<Option<f64>, String> {
    let stated = |keyword: &'static str| header.number(keyword).map(|seconds| (keyword, seconds));
    let (first, second) = (stated("EXPTIME"), stated("XPOSURE"));
    let Some((keyword, seconds)) = first.or(second) else { return Ok(None) };
    if !(seconds.is_finite() && seconds > 0.0) {
        return Err(format!("{keyword} is {seconds}, but an exposure is above zero"));
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

fn observer(header: &impl Keywords) -> Option<[f64; 2]> {
    let degrees = |keyword: &str| header.number(keyword).filter(|value| value.is_finite());
    Some([degrees("HGLN_OBS")?, degrees("HGLT_OBS")?])
}

/// A number, or a text as 0x80000000.
fn quality(header: &impl Keywords, remarks: &mut Vec<String>) -> Quality {
    if let Some(number) = header.number("QUALITY") {
        return Quality::of_keyword(number);
    }
    let Some(text) = header.text("QUALITY").filter(|text| !text.is_empty()) else { return Quality(0) };
    let digits = text.trim_start_matches("0x").trim_start_matches("0X");
    u32::from_str_radix(digits, 16).map_or_else(
        |_| {
            remarks.push(format!("QUALITY is {text:?}, which is no number: it is not looked at"));
            Quality(0)
        },
        Quality,
    )
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
