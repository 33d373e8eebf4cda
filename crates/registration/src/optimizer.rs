//! How a step follows from the normal equations.

/// Optimiser of [`crate::Icp`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Optimizer {
    /// The full step at once.
    #[default]
    GaussNewton,
    /// Steps that are damped until the error falls (Levenberg 1944; Marquardt 1963): the diagonal
    /// grows by `first_damping` of itself, ten times more after a step that made the error larger,
    /// ten times less after one that did not. Pairs are found anew at each trial.
    LevenbergMarquardt {
        /// Share of the diagonal, above zero.
        first_damping: f64,
    },
}

/// Damping beyond which no step is tried: the pose is then at a minimum, as far as pairs let it be.
const MOST: f64 = 1e8;

/// The damping in force, and how it reacts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Damping {
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
    /// Whether a step is kept that led from one mean error to another; adapts the damping.
    pub(crate) fn accept_step(&mut self, before: f64, after: f64) -> bool {
        if !self.adapts {
            return true;
        }
        // Written so that an error that is no number is not kept.
        let falls = after <= before;
        self.share = if falls {
            (self.share / 10.0).max(1e-12)
        } else {
            self.share * 10.0
        };
        falls
    }

    /// Whether damping has come to its end.
    pub(crate) fn is_spent(&self) -> bool {
        self.adapts && self.share > MOST
    }
}
