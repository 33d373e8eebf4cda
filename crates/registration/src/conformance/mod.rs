//! Conformance suite of alignment: compares a backend with the reference implementation.
//!
//! Pairs and their sums are compared with those of [`crate::HostCorrespondences`] with
//! [`BruteForce`], at several poses and distances. The clouds are ones that have broken other
//! tools: hills, a cloud and itself, lattices (all distances tie), a vertical line, equal points,
//! one point, none, more pairs than one block holds, ten thousand kilometres from zero, pivots at
//! the edge and far away, normals missing here and there or everywhere.
//!
//! | compared | must agree |
//! |---|---|
//! | pairs, also trimmed | their number, and how often each target point is chosen, exactly |
//! | sums of point to point, point to plane, and a factor that the backend does not know | to the tolerance of [`crate::Correspondences::linearize_pairs`]; symmetric to the last bit |
//! | sums over the pairs of a rejector that the backend does not know | to the same tolerance, or refused as `Unsupported`: never ignored |
//! | a second call | the same bits |
//! | a pose that is NaN, or takes points out of reach | the error of the reference implementation |
//! | a negative distance, a share outside of (0, 1] | refused, with an error that no other backend could mend |
//!
//! A backend that lacks an operation ([`isopach_compute::Error::Unsupported`]) gets a finding that
//! says so.

mod cases;
mod compare;

pub use compare::compare_equations;
pub use isopach_compute::conformance::Finding;

use crate::{
    Align, AlignTarget, Correspondences, Factor, PointToPlane, PointToPoint, Rejection, Robust,
    kernel,
};
use cases::{Case, test_cases, test_poses};
use compare::{EastOfPivot, NotingFactor, compare_outcomes, compare_pairs};
use isopach_cloud::Rigid;
use isopach_compute::{Error, Result};
use isopach_neighbours::BruteForce;

/// Compares pairs and sums of the backend `on` with their definition. An empty list means that the
/// backend conforms and lacks nothing.
///
/// ```
/// use isopach_registration::{Cpu, conformance::conformance};
/// assert_eq!(conformance(&Cpu), []);
/// ```
#[must_use]
pub fn conformance(on: &dyn Align) -> Vec<Finding> {
    test_cases()
        .iter()
        .flat_map(|case| case.compare_at_poses(on))
        .collect()
}

const FAR: f64 = f64::INFINITY;

/// The same clouds on the backend and on the reference, at a pose.
struct AtPose<'a> {
    name: &'a str,
    place: &'a str,
    pose: Rigid,
    found: &'a dyn Correspondences,
    defined: &'a dyn Correspondences,
}

impl Case {
    fn compare_at_poses(&self, on: &dyn Align) -> Vec<Finding> {
        let (found, defined) = match self.prepare_both(on) {
            Ok(both) => both,
            Err(error) => {
                return Finding::of("pairing", self.name, Err(error))
                    .into_iter()
                    .collect();
            }
        };
        let mut findings = Vec::new();
        for &pivot in &self.pivots {
            for (place, pose) in test_poses(pivot) {
                let at = AtPose {
                    name: self.name,
                    place,
                    pose,
                    found: &*found,
                    defined: &*defined,
                };
                findings.extend(at.compare_sums());
                findings.extend(at.compare_chosen_pairs());
                findings.extend(at.compare_unknown_rejector());
            }
        }
        findings.extend(self.check_refusals(&*found, &*defined));
        findings
    }

    fn prepare_both<'a>(
        &'a self,
        on: &dyn Align,
    ) -> Result<(Box<dyn Correspondences + 'a>, Box<dyn Correspondences + 'a>)> {
        let source = self.source.positions();
        let target = AlignTarget {
            positions: self.target.positions(),
            normals: &self.normals,
        };
        Ok((
            on.prepare_points(source, target)?,
            BruteForce.prepare_points(source, target)?,
        ))
    }

    fn check_refusals(
        &self,
        found: &dyn Correspondences,
        defined: &dyn Correspondences,
    ) -> Vec<Finding> {
        let factors = [&PointToPoint as &dyn Factor, &NotingFactor::default()];
        let distances = [-1.0, f64::NAN, f64::NEG_INFINITY].map(|max_distance| [max_distance, 1.0]);
        let shares = [0.0, -0.5, 1.5, f64::NAN].map(|kept_share| [3.0, kept_share]);
        let here = Rigid::identity(self.pivots[0]);
        let mut findings = Vec::new();
        for [max_distance, kept_share] in distances.into_iter().chain(shares) {
            let case = format!(
                "{}, a share of {kept_share} within {max_distance} m",
                self.name
            );
            for factor in factors {
                let outcome = found.linearize_pairs(
                    factor,
                    Rejection {
                        max_distance,
                        kept_share,
                    },
                    &here,
                );
                findings.extend(Finding::unless_refused("linearize", &case, outcome));
            }
        }
        let all = Rejection {
            max_distance: f64::INFINITY,
            kept_share: 1.0,
        };
        for translation in [
            [0.0, 1e5, 0.0],
            [0.0, f64::NAN, 0.0],
            [f64::INFINITY, 0.0, 0.0],
        ] {
            let pose = Rigid {
                translation,
                ..here
            };
            let case = format!("{}, moved by {translation:?} m", self.name);
            for factor in factors {
                let [found, defined] =
                    [found, defined].map(|on| on.linearize_pairs(factor, all, &pose));
                findings.extend(Finding::of(
                    "linearize",
                    &case,
                    compare_outcomes(found, defined, compare_equations),
                ));
            }
        }
        findings
    }
}

impl AtPose<'_> {
    fn case_with(&self, rejection: Rejection) -> String {
        let [x, y, z] = self.pose.pivot;
        let Rejection {
            max_distance,
            kept_share,
        } = rejection;
        format!(
            "{}, {} about {x} {y} {z}, {kept_share} of the pairs within {max_distance} m",
            self.name, self.place
        )
    }

    /// Sums of known and unknown factors, twice.
    fn compare_sums(&self) -> Vec<Finding> {
        let huber = Robust {
            factor: PointToPlane,
            kernel: kernel::Huber { width: 0.1 },
        };
        let sums: [(&'static str, &dyn Factor, &[[f64; 2]]); 3] = [
            (
                "point to point",
                &PointToPoint,
                &[[0.0, 1.0], [3.0, 1.0], [FAR, 1.0], [3.0, 0.6]],
            ),
            (
                "point to plane",
                &PointToPlane,
                &[[0.2, 1.0], [3.0, 1.0], [FAR, 1.0], [FAR, 0.6]],
            ),
            ("another factor", &huber, &[[3.0, 1.0], [FAR, 0.3]]),
        ];
        let mut findings = Vec::new();
        for (operation, factor, rejections) in sums {
            for rejection in rejections.iter().copied().map(rejection_of) {
                let [first, again] =
                    [(); 2].map(|()| self.found.linearize_pairs(factor, rejection, &self.pose));
                let expected = self.defined.linearize_pairs(factor, rejection, &self.pose);
                let compared = compare_outcomes(first, expected, |a, b| {
                    let repeated = again.is_ok_and(|again| again == *a);
                    compare_equations(a, b)
                        .or_else(|| (!repeated).then(|| "another answer at a second call".into()))
                });
                findings.extend(Finding::of(operation, &self.case_with(rejection), compared));
            }
        }
        findings
    }

    /// Pairs, by the target points that a factor is called with.
    fn compare_chosen_pairs(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for rejection in [[0.0, 1.0], [FAR, 1.0], [3.0, 0.5], [FAR, 0.001]].map(rejection_of) {
            let [found, defined] = [self.found, self.defined].map(|on| {
                let factor = NotingFactor::default();
                let sums = on.linearize_pairs(&factor, rejection, &self.pose)?;
                Ok((sums, factor.into_chosen()))
            });
            let compared = compare_outcomes(found, defined, |a, b| {
                compare_pairs(&a.1, &b.1).or_else(|| compare_equations(&a.0, &b.0))
            });
            findings.extend(Finding::of("pairs", &self.case_with(rejection), compared));
        }
        findings
    }

    /// A rejector that the backend cannot know is called or refused, never ignored.
    fn compare_unknown_rejector(&self) -> Option<Finding> {
        let [found, defined] = [self.found, self.defined]
            .map(|on| on.linearize_pairs_with(&PointToPoint, &EastOfPivot, &self.pose));
        if matches!(found, Err(Error::Unsupported { .. })) {
            return None;
        }
        let compared = compare_outcomes(found, defined, compare_equations);
        let case = self.case_with(rejection_of([3.0, 1.0]));
        Finding::of("another rejector", &case, compared)
    }
}

fn rejection_of([max_distance, kept_share]: [f64; 2]) -> Rejection {
    Rejection {
        max_distance,
        kept_share,
    }
}
