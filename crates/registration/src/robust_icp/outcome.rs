//! Results of a robust alignment.

use isopach_cloud::{PoseCovariance, Rigid};
use std::fmt;

/// Outcome of a robust alignment: whether the source is moved, and the reason if not.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum AlignmentOutcome {
    /// The source was moved.
    Moved,
    /// The proposed pose is not shown to be better than the start, so the source stays at the
    /// start.
    NotMoved(NotMoved),
    /// Two groups of ground contradict each other, and neither is small enough to be the change.
    /// The source stays at the start.
    Ambiguous {
        /// Poses that the larger and the smaller group support.
        modes: Box<[ResidualMode; 2]>,
    },
}

/// Reason that the source stays at the start.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum NotMoved {
    /// The start is within the uncertainty of the proposed pose: the squared distance in standard
    /// errors does not exceed its limit (99 % of χ²).
    WithinUncertainty {
        /// Squared distance xᵀ C⁻¹ x.
        squared: f64,
        /// Limit of the squared distance.
        limit: f64,
    },
    /// Residuals are no smaller than at the start.
    NoBetter,
    /// The data determine no direction of the pose.
    Undetermined,
    /// Too little of the ground agrees on one pose.
    NoConsensus {
        /// Share of the patches of ground that agree, 0 to 1.
        share: f64,
        /// Least share for a consensus.
        wanted: f64,
    },
    /// Ground that agrees lies in too few blocks to say how well the pose is known.
    TooFewBlocks,
}

/// Pose that part of the ground supports.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ResidualMode {
    /// Transform of that part, from source to target.
    pub target_from_source: Rigid,
    /// Share of the ground, 0 to 1.
    pub share: f64,
    /// Shift of the middle of the survey from the start, metres.
    pub shift: [f64; 3],
}

impl AlignmentOutcome {
    /// Whether the source was moved.
    #[must_use]
    pub fn is_moved(&self) -> bool {
        matches!(self, Self::Moved)
    }

    /// Description in a sentence, for a report.
    #[must_use]
    pub fn describe(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for AlignmentOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Moved => write!(f, "moved"),
            Self::NotMoved(NotMoved::WithinUncertainty { squared, limit }) => write!(
                f,
                "not moved: the start is within the uncertainty of the alignment (χ² {squared:.1}, limit {limit:.1})"
            ),
            Self::NotMoved(NotMoved::NoBetter) => {
                write!(f, "not moved: residuals are no smaller than at the start")
            }
            Self::NotMoved(NotMoved::Undetermined) => {
                write!(f, "not moved: the data determine no direction")
            }
            Self::NotMoved(NotMoved::NoConsensus { share, wanted }) => write!(
                f,
                "not moved: only {:.0} % of the ground agrees on one pose (at least {:.0} % must)",
                100.0 * share,
                100.0 * wanted
            ),
            Self::NotMoved(NotMoved::TooFewBlocks) => {
                write!(
                    f,
                    "not moved: ground that agrees lies in too few blocks to say how well the pose is known"
                )
            }
            Self::Ambiguous { modes } => {
                let [first, second] = &**modes;
                write!(
                    f,
                    "ambiguous, not moved: {first} and {second}; say which ground is stable, or which of the two is change"
                )
            }
        }
    }
}

impl fmt::Display for ResidualMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [x, y, z] = self.shift;
        write!(
            f,
            "{:.0} % of the ground asks for a shift of {x:+.2} {y:+.2} {z:+.2} m",
            100.0 * self.share
        )
    }
}

/// Report of one start.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct StartReport {
    /// Name of the start.
    pub name: &'static str,
    /// Rounds of pairing and regression.
    pub iterations: usize,
    /// −log likelihood a patch of ground above that of perfect agreement, nats: the lowest wins.
    pub score: f64,
    /// Pose at which it ended.
    pub target_from_source: Rigid,
}

/// Result of [`super::RobustIcp`].
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct RobustAlignment {
    /// Transform from source to target; the start, if the source is not moved.
    pub target_from_source: Rigid,
    /// Proposed transform, applied or not.
    pub proposed: Rigid,
    /// Whether the proposed transform is applied, and the reason if not.
    pub outcome: AlignmentOutcome,
    /// Whether the last step was negligible.
    pub converged: bool,
    /// Steps on all points.
    pub iterations: usize,
    /// Root of the mean weighted squared residual, metres.
    pub rmse: f64,
    /// Number of pairs with a weight, of both directions.
    pub inliers: usize,
    /// Share of the pairs with a weight in the points of both clouds.
    pub inlier_fraction: f64,
    /// Share of the patches of ground that agree with the proposed pose.
    pub stable_fraction: f64,
    /// Median |r| of pairs on ground that agrees, at the start, metres.
    pub score_before: f64,
    /// Median |r| of pairs on ground that agrees, at the proposed pose, metres.
    pub score_after: f64,
    /// Standard deviation of residuals within patches along the smoothest planes, metres (residuals
    /// along rougher ones count by their precision): fixed before the pose is, and the width of the
    /// kernel is three of them.
    pub noise: f64,
    /// Σ p² ψ′ j jᵀ, p the precision of a plane, of rotation vector (radians) and translation
    /// (metres) about the covariance's pivot.
    pub hessian: [[f64; 6]; 6],
    /// Covariance of the proposed pose, and the directions that are free.
    pub covariance: PoseCovariance,
    /// Number of blocks of the covariance.
    pub blocks: usize,
    /// Largest distance of a pair at the end, metres.
    pub max_distance: f64,
    /// Report of each start.
    pub starts: Vec<StartReport>,
}

impl RobustAlignment {
    /// Free directions in words; empty if the data determine all.
    #[must_use]
    pub fn undetermined(&self) -> Vec<&str> {
        self.covariance
            .free
            .iter()
            .map(|free| free.description.as_str())
            .collect()
    }
}
