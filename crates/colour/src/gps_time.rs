//! GPS times of points as dates of images are counted.

/// Seconds from the beginning of 1970 to that of GPS time, 1980-01-06.
const GPS_BEGINS: f64 = 315_964_800.0;

/// Moments after a leap second, in seconds since the beginning of 1970: July 1981 to January 2017.
/// IERS Bulletin C has announced none since.
const AFTER_LEAP_SECONDS: [u32; 18] = [
    362_793_600,
    394_329_600,
    425_865_600,
    489_024_000,
    567_993_600,
    631_152_000,
    662_688_000,
    709_948_800,
    741_484_800,
    773_020_800,
    820_454_400,
    867_715_200,
    915_148_800,
    1_136_073_600,
    1_230_768_000,
    1_341_100_800,
    1_435_708_800,
    1_483_228_800,
];

/// The moment of a GPS time, seconds since 1980-01-06, as [`isopach_raster::ImageDate::seconds`]
/// counts: seconds since the beginning of 1970 in UTC, without the leap seconds that GPS time counts.
///
/// ```
/// use isopach_colour::utc_seconds;
/// let date: isopach_raster::ImageDate = "2021-06-15 10:30:00".parse()?;
/// let adjusted_standard = 307_788_218.0; // of a point: GPS seconds less a thousand million
/// assert_eq!(utc_seconds(adjusted_standard + 1e9), date.seconds() as f64);
/// # Ok::<(), isopach_raster::ImageDateError>(())
/// ```
#[must_use]
pub fn utc_seconds(gps_seconds: f64) -> f64 {
    let with_leaps = gps_seconds + GPS_BEGINS;
    let mut leaps = 0.0;
    for after in AFTER_LEAP_SECONDS {
        if with_leaps < f64::from(after) + leaps + 1.0 {
            break;
        }
        leaps += 1.0;
    }
    with_leaps - leaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use isopach_raster::ImageDate;

    #[test]
    fn gps_seconds_become_dates_without_leap_seconds() {
        for (gps, date) in [
            (0.0, "1980-01-06"),
            (46_828_799.0, "1981-06-30 23:59:59"),
            (46_828_801.0, "1981-07-01"),
            (1_000_000_000.0, "2011-09-14 01:46:25"),
            (1_167_264_016.0, "2016-12-31 23:59:59"),
            (1_167_264_018.0, "2017-01-01"),
        ] {
            let expected: ImageDate = date.parse().unwrap();
            assert_eq!(utc_seconds(gps), expected.seconds() as f64, "{date}");
        }
        // A leap second has the number of the second that follows it.
        assert_eq!(utc_seconds(46_828_800.0), utc_seconds(46_828_801.0));
        let months = AFTER_LEAP_SECONDS.map(|after| {
            let days = i64::from(after) / 86_400;
            let first = |month| format!("{}-{month:02}-01", 1970 + days / 365);
            let seconds = |text: String| text.parse::<ImageDate>().unwrap().seconds();
            [1, 7]
                .map(|month| seconds(first(month)))
                .contains(&i64::from(after))
        });
        assert!(months.iter().all(|is_first| *is_first), "{months:?}");
    }
}
