//! One image's header.

use crate::{CountUnit, Keywords, ObservationTime, Quality, SolarError, Wcs};

/// Metadata of a solar image, read from its header. Unstated parts are `None`.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SolarHeader {
    /// TELESCOP and INSTRUME, separated by a blank.
    pub instrument: Option<String>,
    /// Wavelength, Ångström.
    pub wavelength: Option<f64>,
    /// Exposure time, seconds, above zero; or the reason why the stated one is unusable.
    pub exposure: Result<Option<f64>, SolarError>,
    /// Unit of the pixel values, from BUNIT or PIXLUNIT; or the reason why it is no unit of counts.
    pub unit: Result<Option<CountUnit>, SolarError>,
    /// Side of a square with the area of a pixel, arcseconds, for any projection.
    pub pixel_size: Option<f64>,
    /// World coordinates, or the reason why there are none.
    pub wcs: Result<Wcs, SolarError>,
    /// Stonyhurst longitude and latitude of the observer, degrees (HGLN_OBS, HGLT_OBS).
    pub observer: Option<[f64; 2]>,
    /// The middle of the exposure, or its start if only that is stated.
    pub time: Option<ObservationTime>,
    /// Text of the time in the header.
    pub time_text: Option<String>,
    /// The QUALITY word, 0 if it is absent.
    pub quality: Quality,
    /// Reasons why the image cannot be used, in words: quality, eclipse, dark image.
    pub unusable: Vec<String>,
    /// Contradictions and notable facts, in words.
    pub remarks: Vec<String>,
}

impl SolarHeader {
    /// Reads the metadata from keywords. If two keywords state the same, the one that programs keep
    /// up to date has precedence: BUNIT (sunpy, FITS standard) before PIXLUNIT (JSOC), EXPTIME
    /// before XPOSURE, T_OBS before DATE-AVG, DATE-BEG, DATE-OBS (with TIME-OBS if it is only a
    /// date) and MJD-OBS.
    #[must_use]
    pub fn from_keywords(header: &impl Keywords) -> Self {
        let mut remarks = Vec::new();
        let names: Vec<&str> = ["TELESCOP", "INSTRUME"]
            .into_iter()
            .filter_map(|keyword: &str| header.text(keyword).filter(|text| !text.is_empty()))
            .collect();
        let (time, time_text) = read_time(header, &mut remarks).unzip();
        let quality = read_quality(header, &mut remarks);
        remarks.extend(
            quality
                .remarks()
                .into_iter()
                .map(|words| format!("QUALITY: {words}")),
        );
        Self {
            instrument: (!names.is_empty()).then(|| names.join(" ")),
            wavelength: read_wavelength(header),
            exposure: read_exposure(header, &mut remarks),
            unit: read_unit(header, &mut remarks),
            pixel_size: Wcs::pixel_size_of(header),
            wcs: Wcs::from_keywords(header),
            observer: read_observer(header),
            time,
            time_text,
            quality,
            unusable: reasons_unusable(header, quality),
            remarks,
        }
    }
}

/// Unit of the pixel values: BUNIT, otherwise PIXLUNIT.
fn read_unit(
    header: &impl Keywords,
    remarks: &mut Vec<String>,
) -> Result<Option<CountUnit>, SolarError> {
    let current = stated_text(header, "BUNIT");
    let at_start = stated_text(header, "PIXLUNIT");
    let Some((keyword, text)) = current
        .map(|text| ("BUNIT", text))
        .or(at_start.map(|text| ("PIXLUNIT", text)))
    else {
        return Ok(None);
    };
    let unit = CountUnit::parse(text).map_err(|error| SolarError::Keyword {
        keyword: keyword.into(),
        source: Box::new(error),
    })?;
    if let (Some(current), Some(at_start)) = (current, at_start)
        && CountUnit::parse(at_start).ok() != Some(unit)
    {
        remarks.push(format!(
            "BUNIT is {current:?} and PIXLUNIT {at_start:?}: BUNIT is taken, which programs keep up to date"
        ));
    }
    Ok(Some(unit))
}

/// Exposure time in seconds: EXPTIME, otherwise XPOSURE.
fn read_exposure(
    header: &impl Keywords,
    remarks: &mut Vec<String>,
) -> Result<Option<f64>, SolarError> {
    let stated = ["EXPTIME", "XPOSURE"]
        .into_iter()
        .filter_map(|keyword| Some((keyword, number_or_text(header, keyword)?)));
    let stated: Vec<(&str, f64)> = stated.collect();
    let Some(&(keyword, value)) = stated
        .iter()
        .find(|(_, value)| is_exposure(*value))
        .or(stated.first())
    else {
        return Ok(None);
    };
    let seconds = value * seconds_of_unit(header)?;
    if !is_exposure(seconds) {
        return Err(SolarError::NoExposure {
            keyword: keyword.into(),
            value,
        });
    }
    for (other, stated) in stated.into_iter().filter(|(other, _)| *other != keyword) {
        if !is_exposure(stated) {
            remarks.push(format!(
                "{other} is {stated}, which is not an exposure: {keyword}, {value}, is taken"
            ));
        } else if (stated / value - 1.0).abs() > 0.01 {
            remarks.push(format!(
                "{keyword} is {value} s and {other} {stated} s: {keyword} is taken"
            ));
        }
    }
    Ok(Some(seconds))
}

/// Whether a number can be an exposure.
fn is_exposure(seconds: f64) -> bool {
    seconds.is_finite() && seconds > 0.0
}

/// The text of a keyword, unless it is empty.
fn stated_text<'a>(header: &'a impl Keywords, keyword: &str) -> Option<&'a str> {
    header.text(keyword).filter(|text| !text.is_empty())
}

/// A number, or a text that is one; NaN for a text that is none.
fn number_or_text(header: &impl Keywords, keyword: &str) -> Option<f64> {
    header.number(keyword).or_else(|| {
        let text = stated_text(header, keyword)?;
        Some(text.parse().unwrap_or(f64::NAN))
    })
}

/// Seconds of the unit of exposures, TIMEUNIT.
fn seconds_of_unit(header: &impl Keywords) -> Result<f64, SolarError> {
    match header.text("TIMEUNIT").map(str::to_lowercase).as_deref() {
        None | Some("" | "s" | "sec" | "second" | "seconds") => Ok(1.0),
        Some("ms") => Ok(1e-3),
        Some(other) => Err(SolarError::UnknownTimeUnit { unit: other.into() }),
    }
}

/// Days by which two times of one image may differ: a date may be stated without its hour.
const APART: f64 = 1.0;

/// The first time that can be read, and its text.
fn read_time(
    header: &impl Keywords,
    remarks: &mut Vec<String>,
) -> Option<(ObservationTime, String)> {
    let keywords = ["T_OBS", "DATE-AVG", "DATE-BEG", "DATE-OBS", "DATE_OBS"];
    let mut times = keywords.into_iter().filter_map(|keyword| {
        let text = header.text(keyword).filter(|text| !text.is_empty())?;
        let clock = ["TIME-OBS", "TIME_OBS"]
            .into_iter()
            .find_map(|keyword| header.text(keyword));
        let text = match clock {
            Some(clock) if keyword.ends_with("OBS") && !text.contains(':') => {
                format!("{text}T{clock}")
            }
            _ => text.to_owned(),
        };
        Some((keyword, ObservationTime::parse(&text)?, text))
    });
    let Some((keyword, taken, text)) = times.next() else {
        let of_days = header.number("MJD-OBS").and_then(ObservationTime::from_mjd);
        if of_days.is_none() {
            let words = "it states no time that can be read: neither times nor the loss of sensitivity are checked";
            remarks.push(words.into());
        }
        return of_days.map(|time| (time, time.to_string()));
    };
    if let Some((other, _, stated)) =
        times.find(|(_, time, _)| (time.days_since_1970() - taken.days_since_1970()).abs() > APART)
    {
        remarks.push(format!(
            "{keyword} is {text:?} and {other} {stated:?}: {keyword} is taken"
        ));
    }
    Some((taken, text))
}

/// WAVELNTH as a number or as text, in the unit of WAVEUNIT (a name, or a power of ten of metres);
/// ångström without one.
fn read_wavelength(header: &impl Keywords) -> Option<f64> {
    let number = header
        .number("WAVELNTH")
        .or_else(|| header.text("WAVELNTH").and_then(leading_number));
    let named = header
        .text("WAVEUNIT")
        .map(|text| match text.to_lowercase().as_str() {
            "nm" | "nanometer" | "nanometers" | "nanometre" => 10.0,
            "um" | "micron" | "micrometer" | "micrometre" => 1e4,
            "m" | "meter" | "metre" => 1e10,
            text => text
                .parse::<f64>()
                .map_or(1.0, |power| 10_f64.powf(power + 10.0)),
        });
    let numbered = header
        .number("WAVEUNIT")
        .map(|power| 10_f64.powf(power + 10.0));
    let unit = named.or(numbered).unwrap_or(1.0);
    number
        .map(|number| number * unit)
        .filter(|value| value.is_finite() && *value > 0.0)
}

/// The number that a text begins with.
fn leading_number(text: &str) -> Option<f64> {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    text[..end].parse().ok()
}

/// Stonyhurst longitude and latitude of the observer, degrees.
fn read_observer(header: &impl Keywords) -> Option<[f64; 2]> {
    let place = [header.number("HGLN_OBS")?, header.number("HGLT_OBS")?];
    Some(place).filter(|place| place.iter().all(|angle| angle.is_finite()))
}

/// A number, or a text as 0x80000000.
fn read_quality(header: &impl Keywords, remarks: &mut Vec<String>) -> Quality {
    if let Some(number) = header.number("QUALITY") {
        return Quality::from_keyword(number);
    }
    let Some(text) = header.text("QUALITY").filter(|text| !text.is_empty()) else {
        return Quality(0);
    };
    let digits = text.trim_start_matches("0x").trim_start_matches("0X");
    u32::from_str_radix(digits, 16).map_or_else(
        |_| {
            remarks.push(format!(
                "QUALITY is {text:?}, which is not a number: it is ignored"
            ));
            Quality(0)
        },
        Quality,
    )
}

/// Keywords of the attitude control of SDO, the reason each gives against using the image, and the
/// equivalent bit of QUALITY.
const ACS: [(&str, &str, u32, &str); 3] = [
    ("ACS_ECLP", "YES", 13, "the Sun was eclipsed"),
    ("ACS_SUNP", "NO", 14, "the spacecraft did not see the Sun"),
    ("ACS_SAFE", "YES", 15, "the spacecraft was in safe mode"),
];

/// Reasons from the QUALITY word and from keywords that repeat its bits.
fn reasons_unusable(header: &impl Keywords, quality: Quality) -> Vec<String> {
    let mut words: Vec<String> = quality
        .unusable_reasons()
        .into_iter()
        .map(|words| format!("QUALITY: {words}"))
        .collect();
    if let Some(kind) = header
        .text("IMG_TYPE")
        .filter(|kind| !kind.is_empty() && !kind.eq_ignore_ascii_case("LIGHT"))
    {
        words.push(format!("IMG_TYPE is {kind}"));
    }
    // Reasons also given by bits of QUALITY, unless those bits were lost.
    for (keyword, wrong, bit, why) in ACS {
        if header
            .text(keyword)
            .is_some_and(|text| text.eq_ignore_ascii_case(wrong))
            && quality.0 >> bit & 1 == 0
        {
            words.push(format!("{keyword} is {wrong}: {why}"));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts, some of which are numbers.
    struct Cards(Vec<(&'static str, &'static str)>);

    impl Keywords for Cards {
        fn number(&self, keyword: &str) -> Option<f64> {
            self.text(keyword)
                .filter(|text| !text.starts_with('\''))?
                .parse()
                .ok()
        }

        fn text(&self, keyword: &str) -> Option<&str> {
            self.0
                .iter()
                .find(|(name, _)| *name == keyword)
                .map(|(_, text)| text.trim_matches('\''))
        }
    }

    fn of(cards: &[(&'static str, &'static str)]) -> SolarHeader {
        SolarHeader::from_keywords(&Cards(cards.to_vec()))
    }

    fn says(header: &SolarHeader, words: &str) -> bool {
        header.remarks.iter().any(|remark| remark.contains(words))
    }

    #[test]
    fn exposures_are_seconds() {
        assert_eq!(of(&[]).exposure, Ok(None));
        for cards in [
            &[("EXPTIME", "2.9")][..],
            &[("XPOSURE", "2.9")],
            &[("EXPTIME", "'2.9'")],
            &[("EXPTIME", "''"), ("XPOSURE", "2.9")],
            &[("EXPTIME", "0"), ("XPOSURE", "2.9")],
            &[("EXPTIME", "2.9"), ("XPOSURE", "0")],
            &[("EXPTIME", "2.9"), ("XPOSURE", "2.5")],
            &[("EXPTIME", "2.9"), ("TIMEUNIT", "s")],
            &[("EXPTIME", "2900"), ("TIMEUNIT", "ms")],
        ] {
            let seconds = of(cards).exposure.unwrap().unwrap();
            assert!((seconds - 2.9).abs() < 1e-12, "{cards:?}: {seconds}");
        }
        assert!(says(
            &of(&[("EXPTIME", "2.9"), ("XPOSURE", "2.5")]),
            "EXPTIME is taken"
        ));
        assert!(says(
            &of(&[("EXPTIME", "0"), ("XPOSURE", "2.9")]),
            "XPOSURE, 2.9, is taken"
        ));
        for (cards, words) in [
            (&[("EXPTIME", "0")][..], "EXPTIME is 0"),
            (&[("EXPTIME", "-1"), ("XPOSURE", "0")], "EXPTIME is -1"),
            (&[("EXPTIME", "'two'")], "EXPTIME is NaN"),
            (&[("EXPTIME", "2"), ("TIMEUNIT", "d")], "TIMEUNIT"),
        ] {
            assert!(
                of(cards).exposure.unwrap_err().to_string().contains(words),
                "{cards:?}"
            );
        }
    }

    #[test]
    fn times_are_those_of_the_keyword_that_says_most() {
        let noon = ObservationTime::parse("2010-06-02T12:00:00").unwrap();
        for cards in [
            &[
                ("T_OBS", "2010-06-02T12:00:00Z"),
                ("DATE-OBS", "2010-06-02T11:59:59"),
            ][..],
            &[("T_OBS", "MISSING"), ("DATE-OBS", "2010-06-02T12:00:00")],
            &[("DATE-OBS", "2010-06-02"), ("TIME-OBS", "12:00:00")],
            &[("DATE_OBS", "2010/06/02"), ("TIME_OBS", "12:00:00.00")],
            &[
                ("DATE-OBS", "2010-06-02T12:00:00"),
                ("TIME-OBS", "03:00:00"),
            ],
            &[("MJD-OBS", "55349.5")],
        ] {
            let time = of(cards).time.unwrap();
            assert!(time.seconds_since(noon).abs() < 1e-3, "{cards:?}: {time}");
        }
        let other = of(&[
            ("T_OBS", "2010-06-02T12:00:00Z"),
            ("DATE-OBS", "2011-06-02T12:00:00"),
        ]);
        assert!(says(&other, "T_OBS is taken"));
        assert!(of(&[("MJD-OBS", "1e300")]).time.is_none() && says(&of(&[]), "no time"));
    }

    #[test]
    fn an_image_without_the_sun_cannot_be_used() {
        for (keyword, bad, good) in [
            ("ACS_ECLP", "Yes", "NO"),
            ("ACS_SUNP", "NO", "YES"),
            ("ACS_SAFE", "YES", "NO"),
        ] {
            assert!(of(&[(keyword, bad)]).unusable[0].contains(keyword));
            assert!(of(&[(keyword, good)]).unusable.is_empty());
        }
        // Said once.
        assert_eq!(
            of(&[("ACS_SUNP", "NO"), ("QUALITY", "16384")])
                .unusable
                .len(),
            1
        );
    }

    #[test]
    fn wavelengths_are_angstrom() {
        for cards in [
            [("WAVELNTH", "171"), ("WAVEUNIT", "angstrom")],
            [("WAVELNTH", "'171 A'"), ("WAVEUNIT", "")],
            [("WAVELNTH", "17.1"), ("WAVEUNIT", "nm")],
            [("WAVELNTH", "0.0171"), ("WAVEUNIT", "um")],
            [("WAVELNTH", "171"), ("WAVEUNIT", "-10")],
            [("WAVELNTH", "1.71e-8"), ("WAVEUNIT", "m")],
        ] {
            assert!(
                (of(&cards).wavelength.unwrap() - 171.0).abs() < 1e-9,
                "{cards:?}"
            );
        }
    }
}
