//! The response that the search looks through.

use crate::dictionary::Dictionary;

/// Response by bins, with room for NF channels.
#[derive(Debug)]
pub(crate) struct ResponseTable<const NF: usize> {
    pub(super) response: Vec<[f64; NF]>,
    /// Scales by which slopes are compared: one over the length of a bin's column, channels in
    /// units of their largest response. Steep bins that are seen well by everything would be taken
    /// first, only to be given up again.
    pub(super) scales: Vec<f64>,
    pub(super) to_report: Vec<f64>,
}

impl<const NF: usize> ResponseTable<NF> {
    pub(crate) fn new(dictionary: &Dictionary) -> Self {
        let response: Vec<[f64; NF]> = dictionary
            .response
            .iter()
            .map(|row: &Vec<f64>| std::array::from_fn(|f| row.get(f).copied().unwrap_or_default()))
            .collect();
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
