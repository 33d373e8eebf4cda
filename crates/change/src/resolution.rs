//! Resolution of coordinates: the step that they were rounded to.

use crate::shares::round_to_whole;
use isopach_cloud::{Positions, from_ticks, to_ticks};
use rayon::prelude::*;

/// Steps of LAS files in metres, the coarsest first: of a centimetre, of hundredths and thousandths
/// of international and US survey feet, of tenths of a millimetre.
const STEPS: [f64; 7] = [
    0.01,
    0.003_048_006_096_012_192,
    0.003_048,
    0.001,
    0.000_304_800_609_601_219_2,
    0.000_304_8,
    0.000_1,
];

/// Finds the step that heights were rounded to, metres: the coarsest of the usual steps of files of
/// which every height is a multiple; 0 if there is none. O(n).
///
/// For points without their file: a LAS header states the scale. Heights that were shifted after
/// rounding are multiples of no step.
///
/// ```
/// use isopach_cloud::Cloud;
/// let whole_centimetres = Cloud::from_points(&[[0.0, 0.0, 1.23], [1.0, 0.0, -4.56], [2.0, 0.0, 7.0]])?;
/// assert_eq!(isopach_change::resolution_of_heights(whole_centimetres.positions()), 0.01);
/// # Ok::<(), isopach_compute::Error>(())
/// ```
#[must_use]
pub fn resolution_of_heights(points: Positions<'_>) -> f64 {
    if points.is_empty() {
        0.0
    } else {
        STEPS
            .iter()
            .copied()
            .find(|step: &f64| {
                let is_rounded = |i| is_multiple(points.absolute_ticks(i)[2], *step);
                (0..points.len()).into_par_iter().all(is_rounded)
            })
            .unwrap_or(0.0)
    }
}

fn is_multiple(ticks: i64, step: f64) -> bool {
    let steps = round_to_whole(from_ticks(ticks) / step);
    to_ticks(steps as f64 * step).abs_diff(ticks) <= 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use isopach_cloud::Cloud;

    fn cloud(height: impl Fn(f64) -> f64) -> Cloud {
        let points: Vec<[f64; 3]> = (0..500)
            .map(|i| [f64::from(i), 0.0, height(f64::from(i))])
            .collect();
        Cloud::from_points(&points).unwrap()
    }

    #[test]
    fn the_scale_of_a_file_is_found_and_nothing_else() {
        let rough = |i: f64| 1234.0 + 5.0 * (i * 12.9898).sin();
        for step in STEPS {
            let rounded = cloud(|i| (rough(i) / step).round() * step);
            assert_eq!(resolution_of_heights(rounded.positions()), step);
        }
        assert_eq!(resolution_of_heights(cloud(rough).positions()), 0.0);
        assert_eq!(resolution_of_heights(Cloud::default().positions()), 0.0);
        // One point that was moved is enough to deny it.
        let moved = cloud(|i| {
            if i == 77.0 {
                1.234_567_8
            } else {
                (rough(i) * 100.0).round() / 100.0
            }
        });
        assert_eq!(resolution_of_heights(moved.positions()), 0.0);
    }
}
