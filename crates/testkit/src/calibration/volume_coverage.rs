//! How often the stated errors of volumes contain the truth.

use super::volume_scenes::{Case, Outcome};
use rayon::prelude::*;

/// Gain, loss and net over many scenes.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// Share of the scenes whose error contains the truth.
    pub inside: [f64; 3],
    /// Mean of found − true, m³.
    pub bias: [f64; 3],
    /// Root mean square of found − true, m³.
    pub rms: [f64; 3],
    /// Mean of the stated standard errors, m³.
    pub stated: [f64; 3],
    /// Mean of what a sum of significant cells has too much, m³: gain, loss.
    pub thresholded_bias: [f64; 2],
}

/// Measures a case.
///
/// # Errors
/// In words, the cases that the library declined.
pub fn count_coverage(case: &Case, scenes: u64) -> Result<Coverage, String> {
    // Scenes of their own for each case: bad luck of one is not that of all.
    let first = isopach_compute::fnv1a(case.name.bytes());
    let outcomes: Vec<Outcome> = (0..scenes)
        .into_par_iter()
        .map(|scene| case.run(first.wrapping_add(scene)))
        .collect::<Result<_, _>>()?;
    let n = scenes as f64;
    let mean = |value: &dyn Fn(&Outcome) -> f64| outcomes.iter().map(value).sum::<f64>() / n;
    Ok(Coverage {
        inside: [0, 1, 2]
            .map(|i| mean(&|o| f64::from(u8::from(o.deviation[i].abs() <= o.error[i])))),
        bias: [0, 1, 2].map(|i| mean(&|o| o.deviation[i])),
        rms: [0, 1, 2].map(|i| mean(&|o| o.deviation[i].powi(2)).sqrt()),
        stated: [0, 1, 2].map(|i| mean(&|o| o.error[i] / 1.96)),
        thresholded_bias: [0, 1].map(|i| mean(&|o| o.thresholded[i])),
    })
}
