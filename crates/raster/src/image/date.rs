//! Dates of images.

use std::{fmt, str::FromStr};

/// A moment as cameras and TIFF files state it, without a time zone: seconds since the beginning
/// of 1970.
///
/// ```
/// use isopach_raster::ImageDate;
/// let of_file: ImageDate = "2021:06:15 10:30:00".parse()?; // TIFF's tag DateTime
/// let asked: ImageDate = "2021-06-15".parse()?;
/// assert_eq!(of_file.seconds() - asked.seconds(), 10 * 3600 + 30 * 60);
/// assert_eq!(of_file.to_string(), "2021-06-15 10:30:00");
/// # Ok::<(), isopach_raster::ImageDateError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageDate(i64);

/// A text that is no date.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no date: write 2021-06-15, or 2021-06-15 10:30:00")]
pub struct ImageDateError(String);

const DAY: i64 = 86_400;

impl ImageDate {
    /// Seconds since the beginning of 1970.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0
    }
}

impl FromStr for ImageDate {
    type Err = ImageDateError;

    fn from_str(text: &str) -> Result<Self, ImageDateError> {
        parse_seconds(text.trim())
            .map(Self)
            .ok_or_else(|| ImageDateError(text.chars().take(40).collect()))
    }
}

/// Year, month and day with `-` or `:` between them; hours, minutes and seconds after a space or T.
fn parse_seconds(text: &str) -> Option<i64> {
    let numbers: Vec<i64> = text
        .split(['-', ':', ' ', 'T'])
        .map(|part| part.trim_end_matches('Z').parse().ok())
        .collect::<Option<_>>()?;
    let [year, month, day, time @ ..] = &numbers[..] else {
        return None;
    };
    let [hours, minutes, seconds] = match *time {
        [] => [0; 3],
        [hours, minutes] => [hours, minutes, 0],
        [hours, minutes, seconds] => [hours, minutes, seconds],
        _ => return None,
    };
    let is_time =
        (0..24).contains(&hours) && (0..60).contains(&minutes) && (0..=60).contains(&seconds);
    let is_date = (1..=9999).contains(year)
        && (1..=12).contains(month)
        && (1..=days_of_month(*year, *month)).contains(day);
    (is_time && is_date)
        .then(|| days_before(*year, *month, *day) * DAY + hours * 3600 + minutes * 60 + seconds)
}

fn days_of_month(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from the beginning of 1970 to a date of the Gregorian calendar, whose years are counted
/// from March here: the leap day is their last.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

impl fmt::Display for ImageDate {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.0.div_euclid(DAY);
        let seconds = self.0.rem_euclid(DAY);
        let mut year = 1970 + days.div_euclid(366);
        while days_before(year + 1, 1, 1) <= days {
            year += 1;
        }
        let mut month = 1;
        while month < 12 && days_before(year, month + 1, 1) <= days {
            month += 1;
        }
        let day = days - days_before(year, month, 1) + 1;
        write!(to, "{year:04}-{month:02}-{day:02}")?;
        let [hours, minutes] = [seconds / 3600, seconds / 60 % 60];
        write!(to, " {hours:02}:{minutes:02}:{:02}", seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_come_back_as_they_were_written() {
        for (text, seconds) in [
            ("1970-01-01 00:00:00", 0),
            ("2000-02-29 12:00:00", 951_825_600),
            ("1969-12-31 23:59:59", -1),
            ("2100-03-01 00:00:00", 4_107_542_400),
            ("2026-11-30 02:37:47", 1_796_006_267),
        ] {
            let date: ImageDate = text.parse().unwrap();
            assert_eq!((date.seconds(), date.to_string().as_str()), (seconds, text));
        }
    }

    #[test]
    fn texts_that_are_no_dates_are_refused() {
        for text in [
            "",
            "2021",
            "2021-02-29",
            "2021-13-01",
            "2021-06-15 24:00:00",
            "15.6.2021",
            "2021-06-15 1",
        ] {
            assert!(text.parse::<ImageDate>().is_err(), "{text}");
        }
        assert_eq!(
            "2021:06:15 10:30".parse::<ImageDate>(),
            "2021-06-15T10:30:00Z".parse()
        );
    }
}
