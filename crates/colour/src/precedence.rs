//! The order in which images are asked for the colour of a place.

use crate::{ColourError, ImageCatalogue, utc_seconds};
use isopach_compute::{Error, Result};
use isopach_raster::ImageDate;
use std::cmp::Ordering;

/// Which image gives the colour of a point that several cover. The next one does where the first
/// has no value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precedence {
    /// The first in the order in which they are given.
    #[default]
    First,
    /// The one whose date is nearest, before or after; of equally near ones the first. Images
    /// without a date come last.
    NearestDate(ImageDate),
    /// The one whose date is nearest to the GPS time of the point, likewise. Dates of images are
    /// taken to be UTC.
    PointTime {
        /// Seconds that were taken off the GPS times, which count from 1980-01-06: a thousand
        /// million for adjusted standard time.
        taken_off: u64,
    },
}

/// Places that ask the same images in the same order.
#[derive(Debug, PartialEq)]
pub(crate) struct OrderedPlaces {
    /// Numbers of the images in the order in which they are asked.
    pub(crate) images: Vec<usize>,
    /// Numbers of the places, ascending.
    pub(crate) places: Vec<u32>,
}

impl ImageCatalogue {
    /// Places within `bounds` by the order in which they ask the images that may cover them; `times`
    /// are those of all places, by number.
    ///
    /// # Errors
    /// [`ColourError::NoTimes`] and [`ColourError::NoTime`], if times are needed.
    pub(crate) fn order_places(
        &self,
        places: Vec<u32>,
        times: Option<&[f64]>,
        bounds: [[f64; 2]; 2],
    ) -> Result<Vec<OrderedPlaces>> {
        let nearby = self.images().iter().enumerate();
        let images: Vec<usize> = nearby
            .filter(|(_, image)| image.may_cover(bounds))
            .map(|(number, _)| number)
            .collect();
        let Precedence::PointTime { taken_off } = self.precedence() else {
            return Ok(vec![OrderedPlaces { images, places }]);
        };
        let Some(times) = times else {
            return Err(ColourError::NoTimes.into());
        };
        let dates: Vec<Option<i64>> = images
            .iter()
            .map(|&image| self.images()[image].description().date)
            .map(|date| date.map(ImageDate::seconds))
            .collect();
        let changes = changes_of_order(&dates);
        let mut timed: Vec<(usize, u32, f64)> = Vec::with_capacity(places.len());
        for place in places {
            let time = times[place as usize];
            if !time.is_finite() {
                return Err(ColourError::NoTime { time }.into());
            }
            let at = utc_seconds(time + taken_off as f64);
            timed.push((class_of(at, &changes), place, at));
        }
        timed.sort_unstable_by_key(|(class, place, _)| (*class, *place));
        let groups = timed.chunk_by(|a, b| a.0 == b.0).map(|group| {
            let mut order: Vec<usize> = (0..images.len()).collect();
            // A stable sort: equally near images keep their order.
            order.sort_by(|&a, &b| compare_distances(dates[a], dates[b], group[0].2));
            OrderedPlaces {
                images: order.into_iter().map(|number| images[number]).collect(),
                places: group.iter().map(|(_, place, _)| *place).collect(),
            }
        });
        Ok(groups.collect())
    }
}

/// Refuses times that are not as many as places.
pub(crate) fn check_times(times: &[f64], places: usize) -> Result<()> {
    Error::check_length("times", times.len(), "places", places)
}

/// The moments, ascending, at which one image becomes nearer than another: the middles between two
/// dates, exact in `f64`.
fn changes_of_order(dates: &[Option<i64>]) -> Vec<f64> {
    let mut dates: Vec<i64> = dates.iter().flatten().copied().collect();
    dates.sort_unstable();
    dates.dedup();
    let later = |first: usize| dates[first + 1..].iter().map(move |later| (first, *later));
    let pairs = (0..dates.len()).flat_map(later);
    let mut sums: Vec<i64> = pairs.map(|(first, later)| dates[first] + later).collect();
    sums.sort_unstable();
    sums.dedup();
    sums.into_iter().map(middle_of_sum).collect()
}

fn middle_of_sum(sum: i64) -> f64 {
    sum as f64 / 2.0
}

/// A number that moments with the same order of images share: between two changes, or on one.
fn class_of(at: f64, changes: &[f64]) -> usize {
    let before = changes.partition_point(|change| *change < at);
    2 * before + usize::from(changes.get(before) == Some(&at))
}

/// Compares the distances of two dates from a moment, without rounding; no date is farthest.
fn compare_distances(a: Option<i64>, b: Option<i64>, at: f64) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => {
            let is_before_middle = at.partial_cmp(&middle_of_sum(a + b));
            let is_before_middle = is_before_middle.unwrap_or(Ordering::Equal);
            match a.cmp(&b) {
                Ordering::Less => is_before_middle,
                Ordering::Equal => Ordering::Equal,
                Ordering::Greater => is_before_middle.reverse(),
            }
        }
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_changes_in_the_middle_between_two_dates_alone() {
        let dates = [Some(100), None, Some(40), Some(100), Some(0), Some(41)];
        let changes = changes_of_order(&dates);
        assert_eq!(changes, [20.0, 20.5, 40.5, 50.0, 70.0, 70.5]);
        let order_at = |at: f64| {
            let mut order: Vec<usize> = (0..dates.len()).collect();
            order.sort_by(|&a, &b| compare_distances(dates[a], dates[b], at));
            order
        };
        // By definition: the distance, then the place in the list.
        for quarter in -400..800 {
            let at = f64::from(quarter) / 4.0;
            let mut expected: Vec<usize> = (0..dates.len()).collect();
            let distance = |i: &usize| {
                dates[*i].map_or(u64::MAX, |date| {
                    (4 * date - i64::from(quarter)).unsigned_abs()
                })
            };
            expected.sort_by_key(distance);
            assert_eq!(order_at(at), expected, "{at}");
            let near = f64::from(quarter) / 4.0 + 0.1;
            if class_of(at, &changes) == class_of(near, &changes) {
                assert_eq!(order_at(near), expected);
            }
        }
        assert_eq!(
            order_at(50.0)[..4],
            [5, 2, 0, 3],
            "0 and 100 are equally near"
        );
    }
}
