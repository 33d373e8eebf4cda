//! Rivals: other poses that are nearly as likely as the one that was found.

use super::{
    RobustIcp,
    consensus::Mixture,
    regression::{Hypothesis, Patch, Regression, find_hypotheses},
    spread::{MARGIN, difference_in_errors, spread_of_likely_poses},
};
use nalgebra::{Matrix6, Vector6};

/// Sets of three places that rivals are made of.
const TRIES: u64 = 80;
/// Poses whose offsets differ by less than this, root mean square in standard errors of patches,
/// are the same.
const SAME: f64 = 2.0;
/// A rival within this many standard errors of each unknown contradicts nothing.
const OUTSIDE: f64 = 3.0;

/// Pose that is nearly as likely as the one that was found.
pub(super) struct Rival {
    /// From the pose that was found, scaled unknowns.
    pub(super) step: Vector6<f64>,
    /// Shares of the ground that agree on the pose that was found, and on the rival.
    pub(super) shares: [f64; 2],
    /// Root mean square of the differences between the two poses' offsets, metres.
    pub(super) apart: f64,
}

/// Judgement of a pose by the patches gathered at it.
pub(super) struct Verdict {
    /// Share of them that agree.
    pub(super) share: f64,
    pub(super) rival: Option<Rival>,
    /// Mean square of the steps to the poses that are nearly as likely and contradict nothing,
    /// weighed by how likely they are; scaled unknowns.
    pub(super) spread: Matrix6<f64>,
}

/// Judges the pose that `patches` were gathered at; `covariance` is that of its scaled unknowns,
/// `ends` are steps to where the starts ended, and by how many nats each is less likely than the
/// winner. Poses whose offsets differ by no more than `negligible` metres do not contradict each
/// other: they widen the spread. Nor does a pose on which much less ground agrees: it shows the
/// change.
pub(super) fn judge_pose(
    patches: &[Patch],
    icp: &RobustIcp,
    covariance: &Matrix6<f64>,
    ends: &[(Vector6<f64>, f64)],
    negligible: f64,
) -> Verdict {
    let regression = find_hypotheses(patches, icp.determined_ratio, TRIES);
    let Regression {
        hypotheses,
        errors,
        middles,
        ..
    } = &regression;
    let mixture = Mixture::new(errors, middles);
    let offsets: Vec<f64> = patches
        .iter()
        .map(|patch| patch.offset_after(&Vector6::zeros()))
        .collect();
    let own = mixture.fit(&offsets);
    let is_other = |step: &Vector6<f64>, others: &[f64]| {
        difference_in_errors(&offsets, others, errors) > SAME
            && is_outside(step, covariance)
            && offset_distance(&offsets, others) > negligible
    };
    let (others, near): (Vec<&Hypothesis>, Vec<&Hypothesis>) = hypotheses
        .iter()
        .partition(|other| is_other(&other.step, &other.offsets));
    let cost = near
        .iter()
        .map(|near| near.evidence.cost)
        .fold(own.cost, f64::min);
    let enough = |share: f64| share >= icp.ambiguous_share * own.share;
    let mut likely = others
        .iter()
        .take_while(|other| other.evidence.cost < cost + MARGIN);
    let rival = likely.find(|other| enough(other.evidence.share));
    let rival = rival.map(|other| Rival {
        step: other.step,
        shares: [own.share, other.evidence.share],
        apart: offset_distance(&offsets, &other.offsets),
    });
    let end = ends
        .iter()
        .filter(|(_, nats)| *nats < MARGIN)
        .find_map(|(step, _)| {
            let there: Vec<f64> = patches
                .iter()
                .map(|patch| patch.offset_after(step))
                .collect();
            let share = mixture.fit(&there).share;
            (enough(share) && is_other(step, &there)).then(|| Rival {
                step: *step,
                shares: [own.share, share],
                apart: offset_distance(&offsets, &there),
            })
        });
    let rival = rival.or(end);
    let ratio = icp.determined_ratio;
    Verdict {
        share: own.share,
        rival,
        spread: spread_of_likely_poses(patches, &offsets, &regression, ratio, is_other),
    }
}

impl Verdict {
    /// Adds the pose that disagreeing ground supports: as the rival, or to the spread.
    pub(super) fn add_rival(&mut self, second: Option<Rival>, negligible: f64) {
        let Some(second) = second else { return };
        if second.apart > negligible {
            self.rival = Some(second);
            return;
        }
        let [first, other] = second.shares;
        self.spread += second.step
            * second.step.transpose()
            * (other / (first + other).max(f64::MIN_POSITIVE));
    }
}

/// Whether an unknown is off by more standard errors than a pose may be.
fn is_outside(step: &Vector6<f64>, covariance: &Matrix6<f64>) -> bool {
    (0..6).any(|i| step[i].abs() > OUTSIDE * covariance[(i, i)].sqrt())
}

/// Root mean square of the differences between two poses' offsets, metres.
pub(super) fn offset_distance(a: &[f64], b: &[f64]) -> f64 {
    let each = a.iter().zip(b).map(|(a, b)| (a - b).powi(2));
    (each.sum::<f64>() / a.len().max(1) as f64).sqrt()
}
