//! How well samples tell the sill: the mean squared correlation of their pairs.

use super::{
    StableSample, Variogram,
    pairs::{distance_squared, rank_by_hash},
};

/// Most samples whose pairs are looked at.
const MOST: usize = 2000;

/// Mean of the squared correlation over the pairs of samples. A hash of the position chooses among
/// many, so the order of the samples does not matter. 0 without structures.
pub(super) fn mean_squared_correlation(samples: &[StableSample], variogram: &Variogram) -> f64 {
    let sill = variogram.covariance(0.0);
    if sill <= 0.0 {
        return 0.0;
    }
    let mut ranked = rank_by_hash(samples);
    ranked.truncate(MOST);
    let mut sum = 0.0;
    for (i, (_, sample)) in ranked.iter().enumerate() {
        for (_, other) in &ranked[..i] {
            let distance = distance_squared(sample, other).sqrt();
            let correlation = variogram.covariance(distance) / sill;
            sum += correlation * correlation;
        }
    }
    let pairs = ranked.len() * ranked.len().saturating_sub(1) / 2;
    sum / pairs.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{VariogramModel, VariogramStructure};

    /// Noise shared over 25 m.
    fn variogram() -> Variogram {
        let structure = VariogramStructure {
            sill: 1e-3,
            range: 25.0,
            model: VariogramModel::Spherical,
        };
        Variogram::from_structures(1e-3, vec![structure])
    }

    fn samples(place: impl Fn(usize) -> [f64; 2], count: usize) -> Vec<StableSample> {
        let sample = |i| StableSample {
            position: place(i),
            difference: 0.0,
        };
        (0..count).map(sample).collect()
    }

    #[test]
    fn on_a_square_it_is_that_of_a_disc_of_its_area_nearly() {
        let square = samples(|i| [2.0 * (i % 60) as f64, 2.0 * (i / 60) as f64], 3600);
        let found = mean_squared_correlation(&square, &variogram());
        let disc = variogram().mean_correlation(120.0 * 120.0, 2);
        assert!((found / disc - 1.0).abs() < 0.05, "{found}, disc {disc}");
    }

    #[test]
    fn of_squares_far_apart_it_is_that_of_one_over_their_number() {
        let one = samples(|i| [2.0 * (i % 16) as f64, 2.0 * (i / 16) as f64], 256);
        let many = samples(
            |i| {
                let [square, i] = [i / 256, i % 256];
                [
                    2.0 * (i % 16) as f64 + 500.0 * square as f64,
                    2.0 * (i / 16) as f64,
                ]
            },
            7 * 256,
        );
        let [one, many] = [one, many].map(|of| mean_squared_correlation(&of, &variogram()));
        // Pairs of the same square: 255 of 7 · 256 − 1.
        let expected = one * 255.0 / 1791.0;
        assert!((many / expected - 1.0).abs() < 1e-9, "{many} {expected}");
    }

    #[test]
    fn the_order_of_the_samples_does_not_matter() {
        let mut square = samples(|i| [2.0 * (i % 60) as f64, 2.0 * (i / 60) as f64], 3600);
        let found = mean_squared_correlation(&square, &variogram());
        square.reverse();
        assert_eq!(
            mean_squared_correlation(&square, &variogram()).to_bits(),
            found.to_bits()
        );
    }

    #[test]
    fn without_structures_and_of_one_sample_it_is_nothing() {
        let line = samples(|i| [i as f64, 0.0], 200);
        let white = Variogram::from_structures(1.0, Vec::new());
        assert_eq!(mean_squared_correlation(&line, &white), 0.0);
        assert_eq!(mean_squared_correlation(&line[..1], &variogram()), 0.0);
    }
}
