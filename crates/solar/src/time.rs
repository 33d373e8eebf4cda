//! Times of observations.

use std::fmt;

/// Seconds of a day.
const DAY: f64 = 86_400.0;
/// TAI − UTC in seconds from a day (since 1970) on; SDO began in 2010.
const LEAP_SECONDS: [(f64, f64); 5] =
    [(13_149.0, 33.0), (14_245.0, 34.0), (15_522.0, 35.0), (16_617.0, 36.0), (17_167.0, 37.0)];

/// A time, UTC.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Time {
    days: f64,
}

impl Time {
    /// Reads `2011-02-15`, `2011-02-15T01:48:12.34`, with a blank for the T or a Z at the end, JSOC's `2011.02.15_01:48:12.34_TAI` or `_UTC`, and SolarSoft's `15-Feb-2011 01:48:12.34`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (text, is_tai) = match text.trim() {
            text if text.ends_with("_TAI") => (text.trim_end_matches("_TAI"), true),
            text => (text.trim_end_matches("_UTC").trim_end_matches('Z'), false),
        };
        let (date, clock) = text.split_once(['T', ' ', '_']).unwrap_or((text, "0:0:0"));
        let parts: Vec<&str> = date.split(['-', '.', '/']).collect();
        let [first, second, third] = parts[..] else { return None };
        let whole = |part: &str| part.parse::<i64>().ok();
        // SolarSoft writes 15-Feb-2011.
        let (year, month, day) = match month_named(second) {
            Some(month) => (whole(third)?, month, whole(first)?),
            None => (whole(first)?, whole(second)?, whole(third)?),
        };
        let is_date = (1600..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
        if !is_date {
            return None;
        }
        let mut seconds = 0.0;
        let parts: Vec<&str> = clock.split(':').collect();
        if parts.len() > 3 {
            return None;
        }
        for (part, (unit, most)) in parts.iter().zip([(3600.0, 24.0), (60.0, 60.0), (1.0, 61.0)]) {
            let part = part.parse::<f64>().ok().filter(|part| (0.0..=most).contains(part))?;
            seconds += part * unit;
        }
        let days = days_from_civil(year, month, day) as f64 + seconds / DAY;
        let behind = if is_tai {
            LEAP_SECONDS.iter().rev().find(|(from, _)| days >= *from).map_or(0.0, |(_, s)| *s)
        } else {
            0.0
        };
        Some(Self { days: days - behind / DAY })
    }

    /// Days since 1970-01-01T00:00:00, UTC.
    #[must_use]
    pub fn days(self) -> f64 {
        self.days
    }

    /// Seconds from another time to this one.
    #[must_use]
    pub fn seconds_since(self, other: Self) -> f64 {
        (self.days - other.days) * DAY
    }
}

/// The number of a month by the first three letters of its English name.
fn month_named(text: &str) -> Option<i64> {
    let names = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let text = text.to_lowercase();
    names.iter().position(|name| text == *name).map(|i| i as i64 + 1)
}

/// Days since 1970 of a date; March first, so that a leap day is the last of its year (Hinnant 2013, `days_from_civil`).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * month + 2) / 5 + day
        - 719_469
}

impl fmt::Display for Time {
    /// As `2011-02-15T01:48:12.346`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = (self.days * DAY * 1e3).round() as i64;
        let (seconds, rest) = (milliseconds.div_euclid(1000), milliseconds.rem_euclid(1000));
        let (days, clock) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        // The inverse of `days_from_civil`.
        let z = days + 719_468;
        let (era, of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
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
        let expected = Time::parse("2011-02-15T01:48:12").unwrap();
        for text in [
            "2011-02-15 01:48:12",
            "2011-02-15T01:48:12Z",
            "2011.02.15_01:48:12_UTC",
            "2011.02.15_01:48:46_TAI",
            "2011/02/15T01:48:12.0",
            "15-Feb-2011 01:48:12.000",
        ] {
            let found = Time::parse(text).unwrap();
            assert!(found.seconds_since(expected).abs() < 1e-4, "{text}: {found}");
        }
        assert_eq!(expected.to_string(), "2011-02-15T01:48:12.000");
        assert_eq!(Time::parse("1970-01-01").unwrap().days(), 0.0);
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
        ] {
            assert_eq!(Time::parse(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn times_come_back(seconds in -2_000_000_000_i64..8_000_000_000) {
            let time = Time { days: seconds as f64 / DAY };
            let again = Time::parse(&time.to_string()).unwrap();
            proptest::prop_assert!(again.seconds_since(time).abs() < 1e-2);
        }
    }
}
