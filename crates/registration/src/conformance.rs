//! One suite that every backend is put through.
//!
//! Pairs and their sums are compared with the plain definition ([`crate::HostCorrespondences`] with
//! [`BruteForce`], which looks at every target point) at several poses and distances, on clouds
//! that have broken other tools: hills, a cloud and itself, lattices (all distances tie), a
//! vertical line, equal points, one point, none, more pairs than anyone adds up at once, ten
//! thousand kilometres from zero, pivots at the edge and far away, normals that are missing here
//! and there or everywhere.
//!
//! | what | must agree |
//! |---|---|
//! | pairs, trimmed ones too | how many take part, and how often each target point is chosen, exactly: a factor is asked once a pair |
//! | sums of point to point, point to plane and a stranger's factor | as [`crate::Correspondences::linearize`] says; symmetric to the last bit |
//! | a second call | the same bits |
//! | a pose that is no number, or takes points out of reach | the definition's error |
//! | a distance below zero, a share that is not above 0 and at most 1 | refused, with an error that no other backend could mend |
//!
//! Where a backend lacks an operation (`Unsupported`), the suite says so and goes on.

use crate::{
    Align, AlignTarget, Correspondences, Factor, Huber, NormalEquations, PointToPlane,
    PointToPoint, Rejection,
};
use isopach_cloud::{Cloud, Rigid, TICK, to_ticks};
pub use isopach_compute::conformance::Finding;
use isopach_compute::{Cpu, Result, conformance::random};
use isopach_neighbours::reference::BruteForce;
use std::{
    collections::BTreeMap,
    f64::consts::SQRT_2,
    sync::{Mutex, PoisonError},
};

/// Runs pairs and sums of `on` against their definition. Empty: it conforms, and has everything.
#[must_use]
pub fn conformance(on: &dyn Align) -> Vec<Finding> {
    test_cases()
        .iter()
        .flat_map(|case| case.compare_at_poses(on))
        .collect()
}

/// Share of a sum's scale that it may differ by.
const SHARE: f64 = 1e-5;
/// What rounding leaves of a moved source point, metres.
const FINEST: f64 = 2e-9;

/// What differs first, if anything does, beyond what [`Correspondences::linearize`] allows.
#[must_use]
pub fn compare_equations(found: &NormalEquations, expected: &NormalEquations) -> Option<String> {
    if found.inliers != expected.inliers {
        return Some(format!("{} pairs, not {}", found.inliers, expected.inliers));
    }
    let far = |name: String, a: f64, b: f64, tolerance: f64| {
        let near = (a - b).abs() <= tolerance; // NaN is near nothing
        (!near).then(|| format!("{name} is {a}, not {b}"))
    };
    let (residual, rounding) = (
        expected.error.sqrt(),
        f64::from(expected.inliers).sqrt() * FINEST,
    );
    let diagonal = |i: usize| expected.h[i][i].sqrt();
    // A rotation's lever arm is made of two coordinates, a translation has none.
    let arm = |i: usize| if i < 3 { SQRT_2 * rounding } else { 0.0 };
    for i in 0..6 {
        for j in 0..6 {
            let own = (SHARE * diagonal(i) + arm(i)) * diagonal(j);
            let entry = far(
                format!("h[{i}][{j}]"),
                found.h[i][j],
                expected.h[i][j],
                own + arm(j) * (diagonal(i) + arm(i)),
            );
            let lopsided = found.h[i][j].to_bits() != found.h[j][i].to_bits();
            let what =
                entry.or_else(|| lopsided.then(|| format!("h[{i}][{j}] is not h[{j}][{i}]")));
            if what.is_some() {
                return what;
            }
        }
    }
    let slope = |i: usize| {
        let off = diagonal(i) * (SHARE * residual + rounding) + arm(i) * (residual + rounding);
        far(format!("b[{i}]"), found.b[i], expected.b[i], off)
    };
    let off = residual * (SHARE * residual + 2.0 * rounding) + rounding * rounding;
    (0..6)
        .find_map(slope)
        .or_else(|| far("the error".into(), found.error, expected.error, off))
}

struct Case {
    name: &'static str,
    source: Cloud,
    target: Cloud,
    normals: Vec<[f64; 3]>,
    /// One at least.
    pivots: Points,
}

/// Metres.
type Points = Vec<[f64; 3]>;

/// The points of `n` numbers from `first` on.
fn points_from(first: u64, n: u64, point: impl Fn(u64) -> [f64; 3]) -> Points {
    (first..first + n).map(point).collect()
}

fn test_cases() -> Vec<Case> {
    let hills = |first: u64, n: u64, [x, y, z]: [f64; 3]| {
        points_from(first, n, |i| {
            let [u, v] = [0, 1].map(|axis| 20.0 * random(3 * i + axis));
            [
                x + u,
                y + v,
                z + 3.0 * (u / 7.0).sin() + 2.0 * (v / 5.0).cos() + 0.03 * random(3 * i + 2),
            ]
        })
    };
    let lattice = |off: f64| {
        points_from(0, 400, move |i| {
            [(i % 20) as f64 + off, (i / 20) as f64 + off, off]
        })
    };
    let line = |off: f64| points_from(0, 200, move |i| [1.0, 2.0 + off, 0.1 * i as f64]);
    let equal = |at: f64| points_from(0, 150, move |_| [3.0, 4.0, at]);
    let corner = [596_000.25, 6_653_000.5, 430.0];
    let beside = corner.map(|x| x - 0.2);
    let middle = corner.map(|x| x + 10.0);
    let [edge, elsewhere] = [[595_000.0, 6_652_000.3, 0.0], [0.0; 3]];
    let out = [1e7, -1e7, 1e7];
    let one = vec![[3.0, 4.0, 5.0]];
    let here = [3.0, 4.0, 5.3];
    let (few, target, source) = (
        hills(5000, 40, corner),
        hills(0, 300, corner),
        hills(900, 250, beside),
    );
    let far = [
        source.clone(),
        points_from(0, 50, |i| {
            [corner[0] + 1000.0, corner[1] + i as f64, corner[2]]
        }),
    ]
    .concat();
    let pivots = vec![middle, edge, elsewhere];
    let clouds: Vec<(&str, Points, Points, Points)> = vec![
        ("hills", source.clone(), target.clone(), pivots),
        (
            "hills ten thousand kilometres out",
            hills(900, 250, out),
            hills(0, 300, out),
            vec![out],
        ),
        (
            "hills below zero",
            hills(900, 250, [-15.0; 3]),
            hills(0, 300, [-15.0; 3]),
            vec![[-5.0, -5.0, 0.1]],
        ),
        (
            "a cloud and itself",
            target.clone(),
            target.clone(),
            vec![middle],
        ),
        (
            "many more points than the target's",
            hills(9000, 5000, corner),
            few,
            vec![middle],
        ),
        ("points a kilometre away", far, target.clone(), vec![middle]),
        (
            "a lattice and itself",
            lattice(0.0),
            lattice(0.0),
            vec![[9.5, 9.5, 0.0]],
        ),
        (
            "a lattice between points",
            lattice(0.5),
            lattice(0.0),
            vec![[9.5, 9.5, 0.0]],
        ),
        (
            "a vertical line",
            line(0.25),
            line(0.0),
            vec![[1.0, 2.0, 10.0]],
        ),
        ("equal points", equal(5.5), equal(5.0), vec![here]),
        ("one point", one.clone(), one.clone(), vec![here]),
        (
            "one target point",
            target.clone(),
            vec![middle],
            vec![middle],
        ),
        ("no source", vec![], target.clone(), vec![middle]),
        ("no target", source.clone(), vec![], vec![middle]),
        ("nothing at all", vec![], vec![], vec![middle]),
        (
            "some normals missing",
            source.clone(),
            target.clone(),
            vec![middle],
        ),
        ("no normals", source, target, vec![middle]),
    ];
    let case = |(name, source, target, pivots): (&'static str, Points, Points, Points)| {
        // The suite's own coordinates are finite and within reach.
        let (source, target) = (
            Cloud::from_points(&source).ok()?,
            Cloud::from_points(&target).ok()?,
        );
        let mut normals = crate::estimate_normals(&Cpu, target.positions(), 12).ok()?;
        match name {
            "some normals missing" => normals
                .iter_mut()
                .step_by(3)
                .for_each(|normal| *normal = [0.0; 3]),
            "no normals" => normals.clear(),
            _ => {}
        }
        Some(Case {
            name,
            source,
            target,
            normals,
            pivots,
        })
    };
    clouds.into_iter().filter_map(case).collect()
}

/// Poses that leave the clouds near each other, unless the pivot is far away.
fn test_poses(pivot: [f64; 3]) -> [(&'static str, Rigid); 3] {
    [
        ("where it is", Rigid::identity(pivot)),
        (
            "moved",
            Rigid::from_vectors([0.01, -0.02, 0.03], [0.3, -0.2, 0.1], pivot),
        ),
        (
            "moved a little",
            Rigid::from_vectors([1e-7, 2e-7, -3e-7], [TICK, 0.0, 0.0], pivot),
        ),
    ]
}

impl Case {
    fn compare_at_poses(&self, on: &dyn Align) -> Vec<Finding> {
        let to = AlignTarget {
            positions: self.target.positions(),
            normals: &self.normals,
        };
        let both = || {
            Ok([on, &BruteForce as &dyn Align]
                .map(|on| on.prepare_points(self.source.positions(), to)))
        };
        let pairings = both().and_then(|[found, defined]| Ok((found?, defined?)));
        let (found, defined) = match pairings {
            Ok((found, defined)) => (found, defined),
            Err(error) => {
                return Finding::of("pairing", self.name, Err(error))
                    .into_iter()
                    .collect();
            }
        };
        let mut findings = Vec::new();
        for &pivot in &self.pivots {
            for (place, pose) in test_poses(pivot) {
                findings.extend(self.compare_at(&*found, &*defined, place, &pose));
            }
        }
        findings.extend(self.check_refusals(&*found, &*defined));
        findings
    }

    fn compare_at(
        &self,
        found: &dyn Correspondences,
        defined: &dyn Correspondences,
        place: &str,
        pose: &Rigid,
    ) -> Vec<Finding> {
        const FAR: f64 = f64::INFINITY;
        let huber = Huber {
            factor: PointToPlane,
            width: 0.1,
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
        let case = |r: Rejection| {
            let [x, y, z] = pose.pivot;
            let pivot = format!("about {x} {y} {z}");
            format!(
                "{}, {place} {pivot}, {} of the pairs within {} m",
                self.name, r.kept_share, r.max_distance
            )
        };
        let rejection = |&[max_distance, kept_share]: &[f64; 2]| Rejection {
            max_distance,
            kept_share,
        };
        let mut findings = Vec::new();
        for (operation, factor, rejections) in sums {
            for rejection in rejections.iter().map(rejection) {
                let [first, again] =
                    [(); 2].map(|()| found.linearize_pairs(factor, rejection, pose));
                let expected = defined.linearize_pairs(factor, rejection, pose);
                let compared = compare_outcomes(first, expected, |a, b| {
                    let repeated = again.is_ok_and(|again| again == *a);
                    compare_equations(a, b)
                        .or_else(|| (!repeated).then(|| "another answer at a second call".into()))
                });
                findings.extend(Finding::of(operation, &case(rejection), compared));
            }
        }
        for rejection in [[0.0, 1.0], [FAR, 1.0], [3.0, 0.5], [FAR, 0.001]]
            .iter()
            .map(rejection)
        {
            let noted = |pairing: &dyn Correspondences| {
                let factor = Noting::default();
                let sums = pairing.linearize_pairs(&factor, rejection, pose)?;
                Ok((
                    sums,
                    factor
                        .chosen
                        .into_inner()
                        .unwrap_or_else(PoisonError::into_inner),
                ))
            };
            let compared = compare_outcomes(noted(found), noted(defined), |a, b| {
                same_pairs(&a.1, &b.1).or_else(|| compare_equations(&a.0, &b.0))
            });
            findings.extend(Finding::of("pairs", &case(rejection), compared));
        }
        findings
    }

    fn check_refusals(
        &self,
        found: &dyn Correspondences,
        defined: &dyn Correspondences,
    ) -> Vec<Finding> {
        let factors = [&PointToPoint as &dyn Factor, &Noting::default()];
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

/// What differs; an error is no difference where it is the definition's.
fn compare_outcomes<T>(
    found: Result<T>,
    defined: Result<T>,
    difference: impl FnOnce(&T, &T) -> Option<String>,
) -> Result<Option<String>> {
    match (found, defined) {
        (Ok(found), Ok(defined)) => Ok(difference(&found, &defined)),
        (Err(found), Err(defined)) if found.cause() == defined.cause() => Ok(None),
        (Err(found), _) => Err(found),
        (Ok(_), Err(defined)) => Ok(Some(format!("accepted, but {defined}"))),
    }
}

/// How often each point of the target was chosen; ticks from the pivot.
type Chosen = BTreeMap<[i64; 3], u32>;

fn same_pairs(found: &Chosen, defined: &Chosen) -> Option<String> {
    let times = |chosen: &Chosen, point: &[i64; 3]| chosen.get(point).copied().unwrap_or(0);
    let differs = |point: &&[i64; 3]| times(found, point) != times(defined, point);
    let point = found.keys().chain(defined.keys()).find(differs)?;
    let metres = point.map(isopach_cloud::from_ticks);
    Some(format!(
        "{metres:?} m from the pivot is chosen {} times, not {}",
        times(found, point),
        times(defined, point)
    ))
}

/// A stranger's factor: trusts a pair less the farther it is apart (Cauchy), and notes which points
/// of the target it was asked about.
#[derive(Default)]
struct Noting {
    chosen: Mutex<Chosen>,
}

impl Factor for Noting {
    fn linearize_pair(
        &self,
        source: [f64; 3],
        target: [f64; 3],
        normal: [f64; 3],
    ) -> NormalEquations {
        let mut chosen = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        *chosen.entry(target.map(to_ticks)).or_default() += 1;
        let plain = PointToPoint.linearize_pair(source, target, normal);
        plain.scaled_by(1.0 / (1.0 + plain.error))
    }
}
