//! Times of observations.

use std::fmt;

/// Seconds of a day.
const DAY: f64 = 86_400.0;
/// TAI − UTC in seconds from a day (since 1970) on; SDO began in 2010.
const LEAP_SECONDS: [(f64, f64); 5] = [
    (13_149.0, 33.0),
    (14_245.0, 34.0),
    (15_522.0, 35.0),
    (16_617.0, 36.0),
    (17_167.0, 37.0),
];

/// Time of an observation, UTC.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ObservationTime {
    days: f64,
}

impl ObservationTime {
    /// Parses `2011-02-15`, `2011-02-15T01:48:12.34`, with a blank for the T or Z, UTC or +00:00 at
    /// the end, JSOC's `2011.02.15_01:48:12.34_TAI` or `_UTC`, SolarSoft's `15-Feb-2011
    /// 01:48:12.34`, `20110215_014812` of file names, and `15/02/98` of FITS before 1999.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let tai = ["_TAI", " TAI"]
            .into_iter()
            .find_map(|end| text.strip_suffix(end));
        let utc = ["_UTC", " UTC", "UTC", "+00:00", "Z"]
            .into_iter()
            .find_map(|end| text.strip_suffix(end));
        let text = tai.or(utc).unwrap_or(text).trim_end();
        let is_tai = tai.is_some();
        let between = text.char_indices().find(|(at, c): &(usize, char)| match c {
            ' ' | '_' => true,
            // Not that of OCT.
            'T' => text[..*at].ends_with(|c: char| c.is_ascii_digit()),
            _ => false,
        });
        let (date, clock) =
            between.map_or((text, "0:0:0"), |(at, _)| (&text[..at], &text[at + 1..]));
        let midnight = parse_date(&split_fields(date, '-', 4))?;
        let seconds = parse_clock(&split_fields(clock, ':', 2))?;
        let days = midnight + seconds / DAY;
        let behind = if is_tai { leap_seconds_at(days) } else { 0.0 };
        Some(Self {
            days: days - behind / DAY,
        })
    }

    /// The time of a modified Julian date; `None` outside the years 1600 to 9999.
    #[must_use]
    pub fn from_mjd(days: f64) -> Option<Self> {
        (-94_553.0..2_973_484.0).contains(&days).then_some(Self {
            days: days - 40_587.0,
        })
    }

    /// Days since 1970-01-01T00:00:00, UTC.
    #[must_use]
    pub fn days_since_1970(self) -> f64 {
        self.days
    }

    /// Seconds from `other` to this time.
    #[must_use]
    pub fn seconds_since(self, other: Self) -> f64 {
        (self.days - other.days) * DAY
    }
}

/// Days from 1970 to a date of numbers or month names between `-`, `.` or `/`.
fn parse_date(date: &str) -> Option<f64> {
    let parts: Vec<&str> = date.split(['-', '.', '/']).collect();
    let [first, second, third] = parts[..] else {
        return None;
    };
    let whole = |part: &str| part.parse::<i64>().ok();
    let is_old = date.matches('/').count() == 2 && first.len() <= 2 && third.len() == 2;
    // SolarSoft writes 15-Feb-2011.
    let (year, month, day) = match month_named(second) {
        Some(month) => (whole(third)?, month, whole(first)?),
        None if is_old => (1900 + whole(third)?, whole(second)?, whole(first)?),
        None => (whole(first)?, whole(second)?, whole(third)?),
    };
    let is_date = (1600..=9999).contains(&year) && (1..=12).contains(&month);
    (is_date && (1..=days_of(year, month)).contains(&day))
        .then(|| days_from_civil(year, month, day) as f64)
}

/// Seconds since midnight of hours, minutes and seconds between colons; the last ones may be
/// missing.
fn parse_clock(clock: &str) -> Option<f64> {
    const UNITS: [(f64, f64); 3] = [(3600.0, 24.0), (60.0, 60.0), (1.0, 61.0)];
    let parts: Vec<&str> = clock.split(':').collect();
    if parts.len() > UNITS.len() {
        return None;
    }
    let mut seconds = 0.0;
    for (part, (unit, most)) in parts.iter().zip(UNITS) {
        let part = part.parse::<f64>().ok()?;
        if !(0.0..=most).contains(&part) {
            return None;
        }
        seconds += part * unit;
    }
    Some(seconds)
}

/// TAI minus UTC at a time in days since 1970; 0 before the first leap second of the table.
fn leap_seconds_at(days: f64) -> f64 {
    LEAP_SECONDS
        .iter()
        .rev()
        .find(|(from, _)| days >= *from)
        .map_or(0.0, |(_, seconds)| *seconds)
}

/// Digits without separators with them: `20110215` as 2011-02-15, `014812.3` as 01:48:12.3;
/// `first`: digits of the first part.
fn split_fields(text: &str, separator: char, first: usize) -> String {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let is_whole = digits == first + 4
        && text[digits..]
            .chars()
            .all(|c| c == '.' || c.is_ascii_digit());
    if !is_whole {
        return text.to_owned();
    }
    let a = &text[..first];
    let b = &text[first..first + 2];
    let c = &text[first + 2..];
    format!("{a}{separator}{b}{separator}{c}")
}

/// Days of a month.
fn days_of(year: i64, month: i64) -> i64 {
    let next = if month == 12 {
        (year + 1, 1)
    } else {
        (year, month + 1)
    };
    days_from_civil(next.0, next.1, 1) - days_from_civil(year, month, 1)
}

/// The number of a month by the first three letters of its English name.
fn month_named(text: &str) -> Option<i64> {
    let names = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let text = text.to_lowercase();
    names
        .iter()
        .position(|name| text == *name)
        .map(|i| i as i64 + 1)
}

/// Days since 1970 of a date; March first, so that a leap day is the last of its year (Hinnant
/// 2013, `days_from_civil`).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    365 * year + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2) / 5
        + day
        - 719_469
}

impl fmt::Display for ObservationTime {
    /// Formats as `2011-02-15T01:48:12.346`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = (self.days * DAY * 1e3).round() as i64;
        let seconds = milliseconds.div_euclid(1000);
        let rest = milliseconds.rem_euclid(1000);
        let days = seconds.div_euclid(86_400);
        let clock = seconds.rem_euclid(86_400);
        // The inverse of `days_from_civil`.
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let of_era = z.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 {
            shifted + 3
        } else {
            shifted - 9
        };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{rest:03}",
            clock / 3600,
            clock / 60 % 60,
            clock % 60
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_time_agree() {
        let expected = ObservationTime::parse("2011-02-15T01:48:12").unwrap();
        for text in [
            "2011-02-15 01:48:12",
            "2011-02-15T01:48:12Z",
            "2011.02.15_01:48:12_UTC",
            "2011.02.15_01:48:46_TAI",
            "2011/02/15T01:48:12.0",
            "15-Feb-2011 01:48:12.000",
            "2011-02-15T01:48:12+00:00",
            "2011-02-15 01:48:12 UTC",
            "2011-02-15T01:48:12.000UTC",
            "2011-02-15 01:48:46 TAI",
            "20110215_014812",
            "20110215T014812.0Z",
            "2011.02.15 01:48:12",
        ] {
            let found = ObservationTime::parse(text).unwrap();
            assert!(
                found.seconds_since(expected).abs() < 1e-4,
                "{text}: {found}"
            );
        }
        assert_eq!(expected.to_string(), "2011-02-15T01:48:12.000");
        assert_eq!(
            ObservationTime::parse("1970-01-01")
                .unwrap()
                .days_since_1970(),
            0.0
        );
        assert_eq!(
            ObservationTime::parse("15-OCT-2011").unwrap().to_string(),
            "2011-10-15T00:00:00.000"
        );
        assert_eq!(
            ObservationTime::parse("15/02/98").unwrap().to_string(),
            "1998-02-15T00:00:00.000"
        );
        assert_eq!(
            ObservationTime::from_mjd(40_587.5).unwrap().to_string(),
            "1970-01-01T12:00:00.000"
        );
        assert!(
            [f64::NAN, -1e5, 1e300]
                .into_iter()
                .all(|days| ObservationTime::from_mjd(days).is_none())
        );
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "no time",
            "2011",
            "2011-02",
            "2011-13-01",
            "2011-02-15T25:00:00",
            "2011-02-15T1:2:3:4",
            "2011-02-15-1",
            "-1-2-3",
            "2011-02-15T01:nan:12",
            "2010-02-30T00:00:00",
            "2010-06-02T12:00:00+05:00",
            "201102150_014812",
            "2011021é",
        ] {
            assert_eq!(ObservationTime::parse(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn times_come_back(seconds in -2_000_000_000_i64..8_000_000_000) {
            let time = ObservationTime { days: seconds as f64 / DAY };
            let again = ObservationTime::parse(&time.to_string()).unwrap();
            proptest::prop_assert!(again.seconds_since(time).abs() < 1e-2);
        }
    }
}
