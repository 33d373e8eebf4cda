//! Factors, rejectors and kernels that no backend knows are called or refused, never ignored.

#![allow(missing_docs)]

use isopach_registration::{
    BlockCorrespondences, Candidate, Cloud, Correspondences, Cpu, Error, Factor, GeneralizedIcp,
    Icp, NormalAngle, NormalEquations, Pair, PointToPlane, PointToPoint, Rejection, Rejector,
    Result, Rigid, Robust, RobustKernel,
};

/// Takes pairs west of the pivot.
struct West;

impl Rejector for West {
    fn max_distance(&self) -> f64 {
        1.0
    }

    fn accepts(&self, pair: &Candidate) -> bool {
        pair.target[0] < 0.0
    }
}

/// Knows distances and shares alone.
struct DistancesAlone;

impl Correspondences for DistancesAlone {
    fn linearize_pairs(
        &self,
        _factor: &dyn Factor,
        _rejection: Rejection,
        _at: &Rigid,
    ) -> Result<NormalEquations> {
        Ok(NormalEquations {
            inliers: 7,
            ..NormalEquations::default()
        })
    }
}

/// Ignores residuals above a width.
struct Cut {
    width: f64,
}

impl RobustKernel for Cut {
    fn weight(&self, residual: f64) -> f64 {
        if residual.abs() < self.width {
            1.0
        } else {
            0.0
        }
    }
}

/// Hills of 20 m × 20 m; their western half rises by `west`, their eastern half by `east`.
fn hills(west: f64, east: f64) -> Cloud {
    let points: Vec<[f64; 3]> = (0..6400)
        .map(|i| [f64::from(i % 80) * 0.25, f64::from(i / 80) * 0.25])
        .map(|[x, y]| {
            let rise = if x < 10.0 { west } else { east };
            [x, y, rise + (x / 2.0).sin() + (y / 3.0).cos()]
        })
        .collect();
    Cloud::from_points(&points).unwrap()
}

const START: [f64; 3] = [10.0, 10.0, 0.0];

#[test]
fn an_unknown_rejector_decides_which_pairs_take_part() {
    let [target, source] = [hills(0.0, 0.0), hills(0.1, 0.4)];
    let pair = Pair {
        source: source.positions(),
        target: target.positions(),
    };
    let icp = Icp::point_to_plane(1.0);
    let all = icp.align(&Cpu, pair, Rigid::identity(START)).unwrap();
    let west = icp
        .with_rejector(West)
        .align(&Cpu, pair, Rigid::identity(START))
        .unwrap();
    assert!((west.inlier_fraction - 0.5).abs() < 0.05, "{west:?}");
    let rise = west.target_from_source.apply([3.0, 10.0, 0.0])[2];
    assert!((rise + 0.1).abs() < 0.02, "{rise}");
    assert!(all.inlier_fraction > 0.95);
}

#[test]
fn a_backend_that_cannot_call_a_rejector_says_so() {
    let at = Rigid::identity(START);
    let refused = DistancesAlone.linearize_pairs_with(&PointToPoint, &West, &at);
    assert!(matches!(refused, Err(Error::Unsupported { .. })));
    let within = Rejection {
        max_distance: 1.0,
        kept_share: 1.0,
    };
    let known = DistancesAlone.linearize_pairs_with(&PointToPoint, &within, &at);
    assert_eq!(known.unwrap().inliers, 7);
    let facing = NormalAngle {
        within,
        max_angle: 0.5,
    };
    let blocks = BlockCorrespondences {
        parts: vec![Box::new(DistancesAlone)],
    };
    let refused = blocks.linearize_pairs_with(&PointToPoint, &facing, &at);
    assert!(matches!(refused, Err(Error::Unsupported { .. })));
}

#[test]
fn factors_and_rejectors_get_the_shapes_that_they_need() {
    let [target, source] = [hills(0.0, 0.0), hills(0.1, 0.1)];
    let pair = Pair {
        source: source.positions(),
        target: target.positions(),
    };
    let icp = Icp::with_factor(GeneralizedIcp, 1.0);
    let facing = NormalAngle {
        within: icp.rejection,
        max_angle: 0.8,
    };
    for found in [
        icp.align(&Cpu, pair, Rigid::identity(START)),
        icp.with_rejector(facing)
            .align(&Cpu, pair, Rigid::identity(START)),
    ] {
        let rise = found.unwrap().target_from_source.translation[2];
        assert!((rise + 0.1).abs() < 0.01, "{rise}");
    }
}

#[test]
fn an_unknown_kernel_weights_the_pairs() {
    let [target, source] = [hills(0.0, 0.0), hills(0.02, 0.5)];
    let pair = Pair {
        source: source.positions(),
        target: target.positions(),
    };
    let factor = Robust {
        factor: PointToPlane,
        kernel: Cut { width: 0.1 },
    };
    let found = Icp::with_factor(factor, 1.0)
        .align(&Cpu, pair, Rigid::identity(START))
        .unwrap();
    assert!(found.inlier_fraction < 0.7, "{found:?}");
}
