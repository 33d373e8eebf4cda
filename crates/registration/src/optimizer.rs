//! Optimisers: how a step follows from the normal equations.

/// Optimiser of [`crate::Icp`].
///
/// ```
/// use isopach_registration::{Icp, Optimizer};
/// let damped = Icp {
///     optimizer: Optimizer::LevenbergMarquardt { first_damping: 1e-3 },
///     ..Icp::point_to_plane(1.0)
/// };
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Optimizer {
    /// Takes the full step.
    #[default]
    GaussNewton,
    /// Damps steps until the error falls (Levenberg 1944; Marquardt 1963).
    ///
    /// The diagonal of the system is enlarged by a share of itself: ten times more after a step
    /// that raised the error, ten times less after one that did not. Pairs are found again at each
    /// trial.
    LevenbergMarquardt {
        /// First share of the diagonal, above zero.
        first_damping: f64,
    },
}

/// Largest damping that is tried. Beyond it the pose is at a minimum, as far as pairs allow.
const MAX_DAMPING: f64 = 1e8;

/// Current damping, and whether it adapts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Damping {
    /// Share of the diagonal.
    pub(crate) share: f64,
    adapts: bool,
}

impl Optimizer {
    pub(crate) fn initial_damping(self) -> Damping {
        match self {
            Self::GaussNewton => Damping {
                share: 0.0,
                adapts: false,
            },
            Self::LevenbergMarquardt { first_damping } => Damping {
                share: first_damping,
                adapts: true,
            },
        }
    }
}

impl Damping {
    /// Whether to keep a step that led from one mean error to another; adapts the damping.
    pub(crate) fn accept_step(&mut self, before: f64, after: f64) -> bool {
        if !self.adapts {
            return true;
        }
        // A NaN error is not kept.
        let falls = after <= before;
        self.share = if falls {
            (self.share / 10.0).max(1e-12)
        } else {
            self.share * 10.0
        };
        falls
    }

    /// Whether the damping is at its largest.
    pub(crate) fn is_spent(&self) -> bool {
        self.adapts && self.share > MAX_DAMPING
    }
}
