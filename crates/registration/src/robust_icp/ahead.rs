//! Steps that take into account that pairs change with the pose.
//!
//! A step solves for the pairs as they are. At the next pose some are others, which holds the
//! source back: each step is shorter than the one before by about the same share. Two steps show
//! that share, and the sum of all that would follow (Anderson 1965, depth 1; for ICP: Pavlov et al.
//! 2018).

use nalgebra::{Matrix6, Vector6};

/// A step is lengthened by no more than this many times the last motion, and shortened by no more
/// than half of it: two steps may agree by chance.
const LONGEST: f64 = 4.0;
const SHORTEST: f64 = 0.5;

/// Extrapolates steps from the last one.
#[derive(Default)]
pub(super) struct StepExtrapolation {
    last: Option<PreviousStep>,
}

struct PreviousStep {
    /// Step from the normal equations.
    asked: Vector6<f64>,
    /// Motion that was applied.
    done: Vector6<f64>,
}

impl StepExtrapolation {
    /// The motion for pairs that ask for `asked`, whose normal matrix is `a`; scaled unknowns.
    pub(super) fn extrapolate_step(
        &mut self,
        asked: &Vector6<f64>,
        a: &Matrix6<f64>,
    ) -> Vector6<f64> {
        let product = |u: &Vector6<f64>, v: &Vector6<f64>| (u.transpose() * a * v)[0];
        let mut done = *asked;
        if let Some(last) = &self.last {
            let change = asked - last.asked;
            let size = product(&change, &change);
            if size > 0.0 {
                let share = (product(&change, asked) / size).clamp(-LONGEST, SHORTEST);
                done -= (last.done + change) * share;
            }
        }
        self.last = Some(PreviousStep {
            asked: *asked,
            done,
        });
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_share_is_seen_through_at_once() {
        let goal = Vector6::new(3.0, -1.0, 2.0, 0.5, 0.0, 1.0);
        let a = Matrix6::from_diagonal(&Vector6::new(1.0, 2.0, 3.0, 4.0, 5.0, 6.0));
        let (mut place, mut ahead) = (Vector6::zeros(), StepExtrapolation::default());
        // Each step goes 0.6 of the way.
        for _ in 0..2 {
            place += ahead.extrapolate_step(&((goal - place) * 0.6), &a);
        }
        assert!((place - goal).norm() < 1e-12, "{place}");
    }

    #[test]
    fn steps_that_say_nothing_of_the_next_are_done_as_they_are() {
        let mut ahead = StepExtrapolation::default();
        let (a, step) = (
            Matrix6::identity(),
            Vector6::new(1.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        );
        for _ in 0..3 {
            assert_eq!(ahead.extrapolate_step(&step, &a), step);
        }
    }
}
