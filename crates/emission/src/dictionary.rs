//! The pieces of which [`crate::Method::Positive`] and [`crate::Method::NonNegative`] build a
//! solution.

use crate::{Discretised, Inversion, Quantity, discretised::UNIT};

/// Kinds of atoms: standard deviation (dex; 0: one bin), least distance of neighbours (dex; 0:
/// every bin), preference.
///
/// Smooth atoms are preferred: explaining the same counts by single bins costs 100 times as much.
/// Compared with atoms of one width, and with other preferences, on the table of `calibrate
/// emission`: two Gaussians want smooth atoms, an isothermal plasma single bins.
const KINDS: [(f64, f64, f64); 3] = [(0.0, 0.0, 0.01), (0.05, 1.0 / 15.0, 0.1), (0.1, 0.1, 1.0)];

/// Standard deviations at which a Gaussian is cut off.
const REACH: f64 = 3.0;

/// A piece of emission measure: a bin, or a Gaussian in log T.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Atom {
    /// First bin that it reaches.
    pub(crate) first: usize,
    /// Emission measure in that bin and the next ones; the sum is 1.
    pub(crate) profile: Vec<f64>,
    /// Counts of each channel for 10¹⁵ cm⁻⁵ of it.
    pub(crate) column: Vec<f64>,
    /// How readily it is used.
    pub(crate) preference: f64,
}

/// Response to the integrated measure, and the atoms to build it of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dictionary {
    /// Counts of each channel for 10¹⁵ cm⁻⁵ in a bin: `[bin][channel]`.
    pub(crate) response: Vec<Vec<f64>>,
    /// Atoms; each bin by itself first.
    pub(crate) atoms: Vec<Atom>,
    /// Factor of each bin from 10¹⁵ cm⁻⁵ to the reported quantity.
    pub(crate) to_report: Vec<f64>,
}

impl Dictionary {
    pub(crate) fn new(inversion: &Inversion, shared: &Discretised) -> Self {
        let integrated = |t: usize| match inversion.solve_for {
            Quantity::Differential => 1.0 / shared.kelvin[t],
            Quantity::Integrated => 1.0,
        };
        let bins = shared.log_t.len();
        let response: Vec<Vec<f64>> = (0..bins)
            .map(|t| {
                shared
                    .response_of_bin(t)
                    .iter()
                    .map(|r| r * integrated(t))
                    .collect()
            })
            .collect();
        let to_report = (0..bins)
            .map(|t| match inversion.report {
                Quantity::Differential => UNIT / shared.kelvin[t],
                Quantity::Integrated => UNIT,
            })
            .collect();
        let mut atoms = vec![];
        for (deviation, distance, preference) in KINDS {
            for centre in atom_centres(&shared.log_t, distance) {
                atoms.push(make_atom(shared, &response, centre, deviation, preference));
            }
        }
        Self {
            response,
            atoms,
            to_report,
        }
    }
}

/// Bins at least `distance` apart, the first one first.
fn atom_centres(log_t: &[f64], distance: f64) -> Vec<usize> {
    let mut last = f64::NEG_INFINITY;
    let mut chosen = vec![];
    for (t, &x) in log_t.iter().enumerate() {
        if x - last >= distance * (1.0 - 1e-6) {
            chosen.push(t);
            last = x;
        }
    }
    chosen
}

fn make_atom(
    shared: &Discretised,
    response: &[Vec<f64>],
    centre: usize,
    deviation: f64,
    preference: f64,
) -> Atom {
    let middle = shared.log_t[centre];
    let density = |t: usize| {
        let distance = (shared.log_t[t] - middle) / deviation;
        if distance.abs() <= REACH {
            (-0.5 * distance * distance).exp()
        } else {
            0.0
        }
    };
    let share = |t: usize| {
        if t == centre {
            shared.widths[t]
        } else {
            density(t) * shared.widths[t]
        }
    };
    let reached: Vec<usize> = (0..shared.log_t.len())
        .filter(|&t| share(t) > 0.0)
        .collect();
    let sum: f64 = reached.iter().map(|&t| share(t)).sum();
    let profile: Vec<f64> = reached.iter().map(|&t| share(t) / sum).collect();
    Atom {
        first: reached[0],
        column: (0..shared.channels)
            .map(|f: usize| {
                reached
                    .iter()
                    .zip(&profile)
                    .map(|(&t, share)| response[t][f] * share)
                    .sum()
            })
            .collect(),
        profile,
        preference,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TemperatureResponse;

    #[test]
    fn atoms_are_bins_and_gaussians_of_unit_measure() {
        let edges = (0..=42).map(|i| 5.7 + f64::from(i) / 30.0).collect();
        let inversion = Inversion::new(TemperatureResponse::aia(), edges);
        let dictionary = Dictionary::new(&inversion, &inversion.discretised().unwrap());
        assert_eq!(dictionary.atoms.len(), 42 + 21 + 14);
        for (t, atom) in dictionary.atoms[..42].iter().enumerate() {
            assert_eq!(
                (atom.first, &atom.profile[..], &atom.column),
                (t, &[1.0][..], &dictionary.response[t])
            );
        }
        for atom in &dictionary.atoms {
            assert!((atom.profile.iter().sum::<f64>() - 1.0).abs() < 1e-14);
            assert!(atom.first + atom.profile.len() <= 42 && atom.column.iter().all(|&c| c > 0.0));
        }
    }

    #[test]
    fn a_wide_bin_is_an_atom_of_its_own() {
        let inversion = Inversion::new(
            TemperatureResponse::aia(),
            (0..=8).map(|i| 5.5 + 0.5 * f64::from(i)).collect(),
        );
        let dictionary = Dictionary::new(&inversion, &inversion.discretised().unwrap());
        assert_eq!(dictionary.atoms.len(), 24);
        assert!(dictionary.atoms.iter().all(|atom| atom.profile.len() == 1));
    }
}
