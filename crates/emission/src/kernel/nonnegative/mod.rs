//! [`crate::Method::NonNegative`] in lanes: the active set of Lawson & Hanson, one pixel a lane.
//!
//! Pixels need different numbers of passes, so they go through the lanes one after the other: a
//! lane that is done takes the next pixel ([`search`]). A pass does the same in all lanes: it makes
//! the triangle of the columns in use anew and solves ([`triangle`]), and it compares the slopes of
//! all bins. What a lane makes of that (a column more, some fewer, the end) is a matter of a few
//! numbers, which go one by one. A triangle that is made anew has the bits of one that has grown
//! with its columns, and needs no order of lanes that grow and lanes that shrink.

mod search;
mod solution;
mod triangle;

pub(crate) use search::invert_slab;

use crate::dictionary::Dictionary;

/// Response by bins, with room for NF channels.
#[derive(Debug)]
pub(crate) struct ResponseTable<const NF: usize> {
    response: Vec<[f64; NF]>,
    /// By what slopes are compared: one over the length of a bin's column, channels in units of
    /// their largest response. Steep bins that are seen well by everything would be taken first,
    /// only to be given up again.
    scales: Vec<f64>,
    to_report: Vec<f64>,
}

impl<const NF: usize> ResponseTable<NF> {
    pub(crate) fn new(dictionary: &Dictionary) -> Self {
        let filled =
            |row: &Vec<f64>| std::array::from_fn(|f| row.get(f).copied().unwrap_or_default());
        let response: Vec<[f64; NF]> = dictionary.response.iter().map(filled).collect();
        let largest: [f64; NF] = std::array::from_fn(|f| {
            response
                .iter()
                .map(|row| row[f])
                .fold(f64::MIN_POSITIVE, f64::max)
        });
        let squared = |row: &[f64; NF]| {
            row.iter()
                .zip(&largest)
                .map(|(r, most)| (r / most).powi(2))
                .sum::<f64>()
        };
        let scales = response
            .iter()
            .map(|row| 1.0 / squared(row).sqrt())
            .collect();
        Self {
            response,
            scales,
            to_report: dictionary.to_report.clone(),
        }
    }
}
