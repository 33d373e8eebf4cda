//! What a robust alignment says.

use isopach_cloud::{PoseCovariance, Rigid};
use std::fmt;

/// What came of an alignment.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum AlignmentOutcome {
    /// The source was moved.
    Moved,
    /// The proposed pose is not shown to be better than the start, so the source stays at the
    /// start.
    NotMoved(NotMoved),
    /// Two groups of ground contradict each other, and neither is so much smaller that it must be
    /// the change. The source stays at the start.
    Ambiguous {
        /// What the larger and the smaller group ask for.
        modes: Box<[ResidualMode; 2]>,
    },
}

/// Why the source stays at the start.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum NotMoved {
    /// The start is within the uncertainty of what was found: the squared distance in standard
    /// errors, and its limit (99 % of χ²).
    WithinUncertainty {
        /// xᵀ C⁻¹ x.
        squared: f64,
        /// What it would have had to exceed.
        limit: f64,
    },
    /// Residuals are no smaller than at the start.
    NoBetter,
    /// Nothing of the pose is determined.
    Undetermined,
    /// Too little of the ground agrees on one pose.
    NoConsensus {
        /// Share of the patches of ground that agree with what was found, 0 to 1.
        share: f64,
        /// What it would have had to reach.
        wanted: f64,
    },
    /// Ground that agrees lies in too few blocks to say how well the pose is known.
    TooFewBlocks,
}

/// A pose that part of the ground agrees on.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ResidualMode {
    /// Moves the source onto the target as that part asks.
    pub target_from_source: Rigid,
    /// Share of the ground, 0 to 1.
    pub share: f64,
    /// How far that moves the middle of the survey from the start, metres.
    pub shift: [f64; 3],
}

impl AlignmentOutcome {
    /// Whether the source was moved.
    #[must_use]
    pub fn is_moved(&self) -> bool {
        matches!(self, Self::Moved)
    }

    /// In plain words, for a report.
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

/// How one start went.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct StartReport {
    /// What it was.
    pub name: &'static str,
    /// Rounds of pairing and regression.
    pub iterations: usize,
    /// −log likelihood a patch of ground above that of perfect agreement, nats: the lowest wins.
    pub score: f64,
    /// Where it ended.
    pub target_from_source: Rigid,
}

/// What [`super::RobustIcp`] found.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct RobustAlignment {
    /// Moves the source onto the target; the start where the source was not moved.
    pub target_from_source: Rigid,
    /// What was found, applied or not.
    pub proposed: Rigid,
    /// Whether it was applied, and why not.
    pub outcome: AlignmentOutcome,
    /// Whether the last step was negligible.
    pub converged: bool,
    /// Steps on all points.
    pub iterations: usize,
    /// Root of the mean weighted squared residual, metres.
    pub rmse: f64,
    /// Pairs that count, of both directions.
    pub inliers: usize,
    /// Their share of the points of both clouds.
    pub inlier_fraction: f64,
    /// Share of the patches of ground that agree with what was found.
    pub stable_fraction: f64,
    /// Median |r| of pairs on ground that agrees, at the start, metres.
    pub score_before: f64,
    /// The same at the proposed pose, metres.
    pub score_after: f64,
    /// Standard deviation of residuals within patches, metres: fixed before the pose is, and the
    /// width of the kernel is three of them.
    pub noise: f64,
    /// Σ ψ′ j jᵀ of rotation vector (radians) and translation (metres) about the covariance's
    /// pivot.
    pub hessian: [[f64; 6]; 6],
    /// Covariance of the proposed pose, and the directions that are free.
    pub covariance: PoseCovariance,
    /// Blocks that the covariance is made of.
    pub blocks: usize,
    /// How far a pair could be apart in the end, metres.
    pub max_distance: f64,
    /// How each start went.
    pub starts: Vec<StartReport>,
}

impl RobustAlignment {
    /// The free directions, in words; none where the data determine all.
    #[must_use]
    pub fn undetermined(&self) -> Vec<&str> {
        self.covariance
            .free
            .iter()
            .map(|free| free.description.as_str())
            .collect()
    }
}
