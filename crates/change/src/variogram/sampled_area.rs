//! The area that samples stand for.

use super::StableSample;
use std::collections::BTreeMap;

/// Side of the squares in which samples are counted, in spacings.
const SIDE: f64 = 8.0;

/// Number of samples times the area of one, m². The density is that of the squares that hold the
/// median sample: squares cut by an edge of the ground hold few samples.
pub(super) fn measure_area(samples: &[StableSample], spacing: f64) -> f64 {
    let side = SIDE * spacing;
    let mut counts: BTreeMap<[i64; 2], usize> = BTreeMap::new();
    for sample in samples {
        let square = sample.position.map(|x| (x / side).floor() as i64);
        *counts.entry(square).or_default() += 1;
    }
    let mut counts: Vec<usize> = counts.into_values().collect();
    counts.sort_unstable();
    let mut seen = 0;
    let of_median = counts.iter().find(|count| {
        seen += *count;
        2 * seen >= samples.len()
    });
    let count = of_median.copied().unwrap_or(1);
    samples.len() as f64 * side * side / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(keep: impl Fn(usize, usize) -> bool) -> f64 {
        let samples: Vec<StableSample> = (0..100 * 80)
            .map(|i| (i % 100, i / 100))
            .filter(|(x, y)| keep(*x, *y))
            .map(|(x, y)| StableSample {
                position: [596_000.25 + 2.0 * x as f64, 6_653_000.5 + 2.0 * y as f64],
                difference: 0.0,
            })
            .collect();
        measure_area(&samples, 2.0)
    }

    #[test]
    fn a_lattice_has_the_area_of_its_cells() {
        assert_eq!(area(|_, _| true), 32_000.0);
    }

    #[test]
    fn ground_apart_adds_up_and_what_lies_between_does_not_count() {
        let found = area(|x, y| (x < 30 || x >= 70) && y >= 10);
        assert!((found / 16_800.0 - 1.0).abs() < 0.1, "{found}");
    }

    #[test]
    fn samples_at_random_places_have_the_area_of_their_density() {
        // One of five places of a lattice: the spacing is that of the lattice.
        let kept = |x: usize, y: usize| (x * 7919 + y * 104_729 + x * y * 31) % 5 == 0;
        let found = area(kept);
        assert!((found / 32_000.0 - 1.0).abs() < 0.25, "{found}");
    }
}
