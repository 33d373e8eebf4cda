//! How the GPS times of a survey count, for the image nearest in time to each point.

use super::ColourOptionError;
use isopach::{
    cloud::Columns,
    compute::Result,
    las::{Catalogue, GpsTime},
};

/// Seconds that were taken off the GPS times of all files.
///
/// # Errors
/// [`ColourOptionError::NoTimes`], [`ColourOptionError::WeekTimes`] and
/// [`ColourOptionError::OtherTimes`], with the file.
pub(super) fn seconds_taken_off(points: &Catalogue) -> Result<u64> {
    let mut first = None;
    let files = points.files().iter();
    for file in files.filter(|file| file.header().point_count > 0) {
        let path = || file.path().to_owned();
        if !file.columns().contains(Columns::GPS_TIME) {
            return Err(ColourOptionError::NoTimes { path: path() }.into());
        }
        let less_millions = match file.header().gps_time {
            GpsTime::Week => return Err(ColourOptionError::WeekTimes { path: path() }.into()),
            GpsTime::Standard { less_millions } => less_millions,
        };
        if *first.get_or_insert(less_millions) != less_millions {
            return Err(ColourOptionError::OtherTimes { path: path() }.into());
        }
    }
    Ok(u64::from(first.unwrap_or_default()) * 1_000_000)
}
