//! The atoms of a solution, with room for NF channels.

use crate::dictionary::Dictionary;

/// [`Dictionary`] with room for NF channels.
#[derive(Debug)]
pub(crate) struct Atoms<const NF: usize> {
    pub(super) columns: Vec<[f64; NF]>,
    pub(super) preferences: Vec<f64>,
    /// First bin and profile.
    pub(super) profiles: Vec<(usize, Vec<f64>)>,
    pub(super) response: Vec<[f64; NF]>,
    pub(super) to_report: Vec<f64>,
}

impl<const NF: usize> Atoms<NF> {
    pub(crate) fn new(dictionary: Dictionary) -> Self {
        let filled =
            |values: &[f64]| std::array::from_fn(|f| values.get(f).copied().unwrap_or_default());
        Self {
            columns: dictionary
                .atoms
                .iter()
                .map(|atom| filled(&atom.column))
                .collect(),
            preferences: dictionary
                .atoms
                .iter()
                .map(|atom| atom.preference)
                .collect(),
            response: dictionary.response.iter().map(|row| filled(row)).collect(),
            to_report: dictionary.to_report,
            profiles: dictionary
                .atoms
                .into_iter()
                .map(|atom| (atom.first, atom.profile))
                .collect(),
        }
    }
}
