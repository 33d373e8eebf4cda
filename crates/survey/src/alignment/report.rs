//! The report of an alignment.

use super::Aligned;
use crate::warnings::Warnings;
use isopach::{
    cloud::PoseCovariance,
    registration::{AlignmentOutcome, ResidualMode},
};
use serde_json::{Value, json};

/// Points of the reference at which the error of the pose is looked at.
const LOOKED_AT: usize = 1000;
/// Upwards.
const UP: [f64; 3] = [0.0, 0.0, 1.0];
/// A vertical shift that is worth a sentence, metres.
const WORTH_SAYING: f64 = 0.05;

/// Median vertical standard error over some points, metres; NaN if the pose is free at all of them.
pub(super) fn typical_error(pose: &PoseCovariance, points: &[[f64; 3]]) -> f64 {
    let step = points.len().div_ceil(LOOKED_AT).max(1);
    let errors = points
        .iter()
        .step_by(step)
        .map(|point| pose.standard_error(*point, UP));
    let mut known: Vec<f64> = errors.filter(|error| error.is_finite()).collect();
    let middle = known.len() / 2;
    if known.is_empty() {
        f64::NAN
    } else {
        *known.select_nth_unstable_by(middle, f64::total_cmp).1
    }
}

impl Aligned {
    /// The result in one or two sentences.
    fn statement(&self) -> String {
        let found = &self.found;
        let [x, y, z] = self.shift();
        match &found.outcome {
            AlignmentOutcome::Moved => {
                let mut text =
                    format!("The later epoch was moved by {x:+.3} {y:+.3} {z:+.3} m (E, N, up).");
                text += &if z.abs() > WORTH_SAYING {
                    let by = z.abs();
                    let lay = if z > 0.0 { "lower" } else { "higher" };
                    format!(
                        " Before, it lay {by:.2} m {lay}: taken for a difference of datum or positioning and removed, as is any \
change that is the same all over the survey."
                    )
                } else {
                    " A change that is the same all over the survey is removed with it.".into()
                };
                text
            }
            outcome @ (AlignmentOutcome::NotMoved(_) | AlignmentOutcome::Ambiguous { .. }) => {
                format!("Alignment {}.", outcome.describe())
            }
        }
    }

    /// Displacement of the middle of the survey, metres.
    fn shift(&self) -> [f64; 3] {
        self.applied()
            .about(self.found.covariance.pivot)
            .translation
    }

    /// Adds the warnings about the alignment.
    pub(crate) fn warn(&self, warnings: &mut Warnings) {
        let found = &self.found;
        if !found.converged {
            warnings.add(format!(
                "the alignment did not converge in {} steps",
                found.iterations
            ));
        }
        match &found.outcome {
            AlignmentOutcome::Ambiguous { .. } => warnings.add(
                "the alignment is ambiguous: name stable ground (--stable, --stable-classes), or compare the epochs as they are \
(--align none)",
            ),
            AlignmentOutcome::Moved if !found.undetermined().is_empty() => warnings.add(format!(
                "the data do not determine the whole pose; the later epoch was not moved along: {}",
                found.undetermined().join("; ")
            )),
            AlignmentOutcome::Moved | AlignmentOutcome::NotMoved(_) => {}
        }
    }

    /// The alignment as an entry of summary.json.
    pub(crate) fn to_json(&self) -> Value {
        let found = &self.found;
        let motion = self.applied().about(found.covariance.pivot);
        let proposed = found.proposed.about(found.covariance.pivot);
        let deviation = |i: usize| found.covariance.matrix[i][i].max(0.0).sqrt();
        let rotations = [0, 1, 2].map(|i| deviation(i) * 1e3);
        let translations = [3, 4, 5].map(deviation);
        let modes = match &found.outcome {
            AlignmentOutcome::Ambiguous { modes } => modes.iter().map(mode).collect(),
            AlignmentOutcome::Moved | AlignmentOutcome::NotMoved(_) => Vec::new(),
        };
        let outcome = match &found.outcome {
            AlignmentOutcome::Moved => "moved",
            AlignmentOutcome::NotMoved(_) => "not moved",
            AlignmentOutcome::Ambiguous { .. } => "ambiguous",
        };
        let start = |start: &isopach::registration::StartReport| json!({ "name": start.name, "iterations": start.iterations, "score_m": number(start.score) });
        json!({
            "outcome": outcome,
            "statement": self.statement(),
            "later_to_earlier_translation_m": motion.translation,
            "rotation_mrad": motion.rotation_vector().map(|r| r * 1e3),
            "about": motion.pivot,
            "matrix": motion.to_matrix([0.0; 3]),
            "start_translation_m": self.start.about(found.covariance.pivot).translation,
            "proposed_translation_m": proposed.translation,
            "proposed_rotation_mrad": proposed.rotation_vector().map(|r| r * 1e3),
            "rmse_m": number(found.rmse), "iterations": found.iterations, "converged": found.converged,
            "inliers": found.inliers, "inlier_fraction": found.inlier_fraction, "stable_fraction": found.stable_fraction,
            "registration_error_m": number(self.typical_error),
            "standard_errors": {
                "rotation_mrad": rotations, "translation_m": translations,
            },
            "covariance": found.covariance.matrix, "hessian": found.hessian, "covariance_blocks": found.blocks,
            "undetermined_directions": found.covariance.free.len(),
            "undetermined": found.undetermined(),
            "score_before_m": number(found.score_before), "score_after_m": number(found.score_after),
            "noise_m": number(found.noise), "max_distance_m": number(found.max_distance),
            "modes": modes,
            "starts": found.starts.iter().map(start).collect::<Vec<_>>(),
        })
    }
}

fn mode(of: &ResidualMode) -> Value {
    json!({ "share": of.share, "shift_m": of.shift })
}

fn number(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
