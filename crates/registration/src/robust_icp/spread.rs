//! How far other poses lie that are nearly as likely and contradict nothing.
//!
//! The standard error of a patch is known roughly: neighbours across the edge of a change show more
//! scatter than there is, and with more scatter a tilt explains a change. So poses are judged with
//! several amounts of scatter, and their likelihood is the mean over these (the scatter is
//! integrated out, as a nuisance parameter: Berger, Liseo & Wolpert 1999).

use super::{
    consensus::Mixture,
    regression::{Hypothesis, Patch, Regression, refine_with_errors},
};
use nalgebra::{Matrix6, Vector6};
use rayon::prelude::*;

/// Amounts of scatter that poses are judged with, as shares of the variance that neighbours show.
const SCATTERS: [f64; 6] = [0.0, 0.125, 0.25, 0.5, 1.0, 2.0];
/// Amounts of scatter that poses are improved with, besides that of neighbours: with less of it, a
/// pose beside a change does not slide into the tilt that explains it.
const FEWER: [f64; 2] = [0.0, 0.25];
/// Poses taken over from the regression: its likeliest.
const TAKEN: usize = 48;
/// A pose less likely than the likeliest by this many nats does not count: one in 8000.
pub(super) const MARGIN: f64 = 9.0;
/// Poses whose offsets differ by less than this, root mean square in standard errors of patches,
/// count once.
const SAME: f64 = 0.25;
/// Largest contribution of one patch to the difference of poses, in standard errors.
const MOST: f64 = 5.0;

/// A pose by its step and the offsets of the patches after it.
struct LikelyPose {
    step: Vector6<f64>,
    offsets: Vec<f64>,
    /// −log of its likelihood, nats.
    cost: f64,
}

/// Mean square of the steps from the pose that `patches` were gathered at, where they have
/// `offsets`, to other poses, weighted by their likelihood; scaled unknowns. Poses that are
/// `excluded` (by step and offsets) do not count.
pub(super) fn spread_of_likely_poses(
    patches: &[Patch],
    offsets: &[f64],
    regression: &Regression,
    ratio: f64,
    excluded: impl Fn(&Vector6<f64>, &[f64]) -> bool,
) -> Matrix6<f64> {
    let scatters = Scatters::new(regression);
    let likely: Vec<Hypothesis> = regression
        .hypotheses
        .iter()
        .filter(|pose| !excluded(&pose.step, &pose.offsets))
        .cloned()
        .collect();
    let mut candidates: Vec<Hypothesis> = likely.iter().take(TAKEN).cloned().collect();
    for share in FEWER {
        let errors = errors_with_scatter(regression, share);
        let mixture = Mixture::new(&errors, &regression.middles);
        candidates.extend(refine_with_errors(patches, &likely, &mixture, ratio));
    }
    candidates.retain(|pose| !excluded(&pose.step, &pose.offsets));
    let mut poses: Vec<LikelyPose> = candidates
        .into_par_iter()
        .map(|Hypothesis { step, offsets, .. }| LikelyPose {
            cost: scatters.cost(&offsets),
            step,
            offsets,
        })
        .collect();
    poses.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    let own = LikelyPose {
        step: Vector6::zeros(),
        cost: scatters.cost(offsets),
        offsets: offsets.to_vec(),
    };
    weighted_spread(&distinct_poses(own, poses, &regression.errors))
}

/// Standard errors of patches with a share of the variance of the scatter that neighbours show,
/// metres.
fn errors_with_scatter(regression: &Regression, share: f64) -> Vec<f64> {
    let Regression {
        largest_errors,
        own_errors,
        ..
    } = regression;
    largest_errors
        .iter()
        .zip(own_errors)
        .map(|(error, own)| (own * own + share * (error * error - own * own)).sqrt())
        .collect()
}

/// The standard errors of patches with different amounts of scatter.
struct Scatters<'a> {
    /// With all the scatter of neighbours.
    reference: &'a [f64],
    middles: &'a [[f64; 3]],
    /// Standard errors, and Σ ln(error) above that of the reference.
    each: Vec<(Vec<f64>, f64)>,
}

impl<'a> Scatters<'a> {
    fn new(regression: &'a Regression) -> Self {
        let reference = &regression.largest_errors;
        let with_norm = |share: f64| {
            let errors = errors_with_scatter(regression, share);
            let ratios = errors.iter().zip(reference);
            let norm = ratios.map(|(error, all)| (error / all).ln()).sum();
            (errors, norm)
        };
        Self {
            reference,
            middles: &regression.middles,
            each: SCATTERS.map(with_norm).into(),
        }
    }

    /// −log of the mean likelihood over the amounts of scatter, nats.
    fn cost(&self, offsets: &[f64]) -> f64 {
        let costs: Vec<f64> = self
            .each
            .iter()
            .map(|(errors, norm)| {
                let mixture = Mixture {
                    errors,
                    reference: self.reference,
                    middles: self.middles,
                };
                mixture.fit(offsets).cost + norm
            })
            .collect();
        let least = costs.iter().copied().fold(f64::INFINITY, f64::min);
        let sum: f64 = costs.iter().map(|cost| (least - cost).exp()).sum();
        least - (sum / costs.len() as f64).ln()
    }
}

/// `own` and the poses, the likeliest first, that differ from it and from each other. A place is as
/// likely as the likeliest pose there.
fn distinct_poses(mut own: LikelyPose, sorted: Vec<LikelyPose>, errors: &[f64]) -> Vec<LikelyPose> {
    let limit = sorted.first().map_or(own.cost, |first| first.cost) + MARGIN;
    let mut kept: Vec<LikelyPose> = Vec::new();
    for pose in sorted {
        if pose.cost > limit {
            break;
        }
        let is_at = |other: &LikelyPose| {
            difference_in_errors(&other.offsets, &pose.offsets, errors) <= SAME
        };
        if is_at(&own) {
            own.cost = own.cost.min(pose.cost);
        } else if !kept.iter().any(is_at) {
            kept.push(pose);
        }
    }
    kept.push(own);
    kept
}

fn weighted_spread(poses: &[LikelyPose]) -> Matrix6<f64> {
    let least = poses
        .iter()
        .map(|pose| pose.cost)
        .fold(f64::INFINITY, f64::min);
    let mut spread = Matrix6::zeros();
    let mut weights = 0.0;
    for LikelyPose { step, cost, .. } in poses {
        let weight = (least - cost).exp();
        spread += step * step.transpose() * weight;
        weights += weight;
    }
    spread / weights
}

/// Root mean square of the differences between two poses' offsets, in standard errors.
pub(super) fn difference_in_errors(a: &[f64], b: &[f64], errors: &[f64]) -> f64 {
    let each = a
        .iter()
        .zip(b)
        .zip(errors)
        .map(|((a, b), error)| ((a - b) / error).abs().min(MOST).powi(2));
    (each.sum::<f64>() / a.len().max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regression(own_error: f64, error: f64, patches: usize) -> Regression {
        Regression {
            hypotheses: Vec::new(),
            errors: vec![error; patches],
            largest_errors: vec![error; patches],
            own_errors: vec![own_error; patches],
            middles: (0..patches).map(|i| [i as f64, 0.0, 0.0]).collect(),
        }
    }

    #[test]
    fn a_tilt_is_no_likelier_than_a_change_only_because_neighbours_scatter() {
        // Two thirds agree to 2 cm, a third is off by 30 cm; beside it offsets of 4 cm all over.
        let noise = |i: usize, size: f64| size * [1.0, -0.4, 0.2, -1.2, 0.7, -0.6][i % 6];
        let change: Vec<f64> = (0..48)
            .map(|i| noise(i, 0.02) + if i < 32 { 0.0 } else { 0.3 })
            .collect();
        let tilt: Vec<f64> = (0..48).map(|i| noise(i, 0.04)).collect();
        let regression = regression(0.02, 0.09, 48);
        let mixture = Mixture::new(&regression.errors, &regression.middles);
        let fixed = |offsets: &[f64]| mixture.fit(offsets).cost;
        assert!(fixed(&tilt) < fixed(&change));
        let scatters = Scatters::new(&regression);
        assert!(scatters.cost(&change) < scatters.cost(&tilt));
    }

    #[test]
    fn a_pose_that_most_patches_fit_is_likelier_than_one_that_a_few_fit_exactly() {
        // Patches know their offsets to 1 mm and scatter by 2 cm.
        let noise = |i: usize| 0.02 * [1.0, -0.4, 0.2, -1.2, 0.7, -0.6][i % 6];
        let most: Vec<f64> = (0..48).map(noise).collect();
        let few: Vec<f64> = (0..48)
            .map(|i| if i < 6 { 0.0 } else { noise(i) + 0.05 })
            .collect();
        let regression = regression(0.001, 0.02, 48);
        let scatters = Scatters::new(&regression);
        assert!(scatters.cost(&most) < scatters.cost(&few) - 5.0);
    }

    #[test]
    fn the_spread_counts_a_place_once_and_by_its_likelihood() {
        let pose = |along: f64, cost: f64| LikelyPose {
            step: Vector6::ith(5, along),
            offsets: vec![along; 4],
            cost,
        };
        let errors = [0.1; 4];
        let kept = distinct_poses(
            pose(0.0, 6.0),
            vec![
                pose(0.01, 2.0),
                pose(0.5, 2.0),
                pose(0.51, 2.1),
                pose(0.9, 2.0 + 2.0 * MARGIN),
            ],
            &errors,
        );
        let places: Vec<f64> = kept.iter().map(|pose| pose.step[5]).collect();
        assert_eq!(places, [0.5, 0.0]);
        let spread = weighted_spread(&kept);
        assert!((spread[(5, 5)] - 0.125).abs() < 1e-12, "{spread}");
    }
}
