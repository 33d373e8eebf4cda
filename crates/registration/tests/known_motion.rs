//! Motions that are known are found.

#![allow(missing_docs)]

use isopach_cloud::{Cloud, Rigid};
use isopach_compute::{Compute, Cpu, Device, Result};
use isopach_neighbours::{BruteForce, NeighbourIndex, NeighbourSearch};
use isopach_registration::{
    Align, AlignTarget, Alignment, Factor, Icp, NormalEquations, Pair, PointToPlane, Rejection,
    Robust, coarse, estimate_normals, kernel,
};
use proptest::prelude::*;

fn random(i: u64) -> f64 {
    let mut z = i
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(0x1234_5678_9ABC_DEF1);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

fn height(x: f64, y: f64) -> f64 {
    2.0 * (x / 5.0).sin() * (y / 6.0).cos() + 0.1 * x + 0.5 * ((x + 2.0 * y) / 3.0).sin()
}

/// A rough surface of 40 × 40 m sampled at random.
fn surface(n: u64, seed: u64, noise: f64, offset: [f64; 3]) -> Vec<[f64; 3]> {
    (0..n)
        .map(|i| {
            let r = |stream: u64| random(seed.wrapping_mul(1 << 40) + 4 * i + stream);
            let (x, y) = (40.0 * r(0), 40.0 * r(1));
            [
                x + offset[0],
                y + offset[1],
                height(x, y) + noise * (r(2) + r(3) - 1.0) * 2.449 + offset[2],
            ]
        })
        .collect()
}

fn align(source: &[[f64; 3]], target: &[[f64; 3]], icp: &Icp<impl Factor>) -> Alignment {
    let (source, target) = (
        Cloud::from_points(source).unwrap(),
        Cloud::from_points(target).unwrap(),
    );
    let pair = Pair {
        source: source.positions(),
        target: target.positions(),
    };
    icp.align(&Cpu, pair, Rigid::identity(target.positions().absolute(0)))
        .unwrap()
}

/// What is left of `moved` after `found`: metres at the middle, radians.
fn left(moved: &Rigid, found: &Alignment) -> [f64; 2] {
    let rest = moved.then(&found.target_from_source).about(moved.pivot);
    [
        rest.translation.iter().map(|t| t * t).sum::<f64>().sqrt(),
        rest.angle(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn a_small_motion_of_the_same_points_is_undone(r in prop::array::uniform3(-0.005..0.005f64), t in prop::array::uniform3(-0.1..0.1f64), far in any::<bool>()) {
        let offset = if far { [596_000.0, 6_653_000.0, 180.0] } else { [0.0; 3] };
        let target = surface(4000, 1, 0.0, offset);
        let motion = Rigid::from_vectors(r, t, [offset[0] + 20.0, offset[1] + 20.0, offset[2]]);
        let source: Vec<_> = target.iter().map(|p| motion.apply(*p)).collect();
        let mut icp = Icp::point_to_point(1.0);
        icp.termination.max_iterations = 200;
        let [shift, angle] = left(&motion, &align(&source, &target, &icp));
        // Coordinates are rounded to 3.8 µm, and ICP stops at steps of 0.1 mm.
        prop_assert!(shift < 1e-3 && angle < 1e-4, "{shift} {angle}");
    }
}

#[test]
fn other_samples_of_a_noisy_surface_align_within_their_noise() {
    let offset = [596_000.0, 6_653_000.0, 180.0];
    let motion = Rigid::from_vectors(
        [1e-3, -2e-3, 3e-3],
        [0.2, -0.15, 0.1],
        [offset[0] + 20.0, offset[1] + 20.0, offset[2]],
    );
    let target = surface(20_000, 1, 0.02, offset);
    let source: Vec<_> = surface(20_000, 2, 0.02, offset)
        .iter()
        .map(|p| motion.apply(*p))
        .collect();
    let found = align(&source, &target, &Icp::point_to_plane(1.0));
    let [shift, angle] = left(&motion, &found);
    // 2 cm noise over 20,000 points: standard errors well below a millimetre; planes through 20
    // curved neighbours add some.
    assert!(
        found.converged && shift < 3e-3 && angle < 3e-4,
        "{shift} {angle} {found:?}"
    );
    assert!(
        found.registration_error > 1e-5 && found.registration_error < 3e-3,
        "{}",
        found.registration_error
    );
    assert!(
        (found.rmse - 0.02 * 2_f64.sqrt()).abs() < 0.01,
        "{}",
        found.rmse
    );
}

#[test]
fn the_place_on_earth_is_not_seen() {
    let run = |offset: [f64; 3]| {
        let motion = Rigid::from_vectors(
            [1e-3, 0.0, 2e-3],
            [0.1, 0.05, -0.1],
            [offset[0] + 20.0, offset[1] + 20.0, offset[2]],
        );
        let source: Vec<_> = surface(5000, 2, 0.02, offset)
            .iter()
            .map(|p| motion.apply(*p))
            .collect();
        align(
            &source,
            &surface(5000, 1, 0.02, offset),
            &Icp::point_to_plane(1.0),
        )
        .target_from_source
        .about(motion.pivot)
    };
    let (here, there) = (run([0.0; 3]), run([596_000.0, 6_653_000.0, 180.0]));
    for axis in 0..3 {
        // Rounding to ticks differs (6.653·10⁶ m has no bits below 10⁻⁹ m), the result may by as
        // little.
        assert!((here.translation[axis] - there.translation[axis]).abs() < 1e-6);
    }
}

#[test]
fn a_fifth_of_changed_ground_is_resisted() {
    let motion = Rigid::from_vectors([0.0; 3], [0.1, 0.05, -0.03], [20.0, 20.0, 0.0]);
    let target = surface(10_000, 1, 0.01, [0.0; 3]);
    let mut source: Vec<_> = surface(10_000, 2, 0.01, [0.0; 3])
        .iter()
        .map(|p| motion.apply(*p))
        .collect();
    source
        .iter_mut()
        .filter(|p| p[0] < 8.0)
        .for_each(|p| p[2] += 0.7);
    let plain = left(&motion, &align(&source, &target, &Icp::point_to_plane(1.5)))[0];
    let trimmed = Icp {
        rejection: Rejection {
            max_distance: 1.5,
            kept_share: 0.7,
        },
        ..Icp::point_to_plane(1.5)
    };
    let robust = Icp::with_factor(
        Robust {
            factor: PointToPlane,
            kernel: kernel::Tukey { width: 0.3 },
        },
        1.5,
    );
    for error in [
        left(&motion, &align(&source, &target, &trimmed))[0],
        left(&motion, &align(&source, &target, &robust))[0],
    ] {
        assert!(
            error < 0.02 && error < plain / 5.0,
            "{error} against {plain}"
        );
    }
}

#[test]
fn a_plane_leaves_three_directions_alone() {
    let plane = |z: f64| -> Vec<[f64; 3]> {
        (0..2500)
            .map(|i| [f64::from(i % 50) * 40.0, f64::from(i / 50) * 40.0, z])
            .collect()
    };
    let found = align(&plane(0.3), &plane(0.0), &Icp::point_to_plane(1.0));
    assert_eq!(found.undetermined, 3);
    let moved = found.target_from_source.apply([1000.0, 1000.0, 0.3]);
    assert!(moved[2].abs() < 1e-5 && (moved[0] - 1000.0).abs() < 1e-6);
}

#[test]
fn threads_are_not_seen() {
    let (source, target) = (
        surface(20_000, 2, 0.02, [0.0; 3]),
        surface(20_000, 1, 0.02, [0.1; 3]),
    );
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| align(&source, &target, &Icp::point_to_plane(1.0)))
    };
    assert_eq!(run(1), run(2));
    assert_eq!(run(1), run(5));
}

/// Neighbours from the plain loop, nothing fused.
#[derive(Debug)]
struct Plain;

impl Compute for Plain {
    fn device(&self) -> Device {
        Device {
            name: "plain".into(),
        }
    }
}

impl NeighbourSearch for Plain {
    fn index<'a>(
        &self,
        points: isopach_cloud::Positions<'a>,
    ) -> Result<Box<dyn NeighbourIndex + 'a>> {
        isopach_neighbours::BruteForce.index(points)
    }
}

impl Align for Plain {}

struct VerticalOnly;

impl Factor for VerticalOnly {
    fn linearize_pair(&self, s: [f64; 3], t: [f64; 3], _: [f64; 3]) -> NormalEquations {
        NormalEquations::from_residual(s[2] - t[2], [0.0, 0.0, 0.0, 0.0, 0.0, 1.0])
    }
}

#[test]
fn a_strangers_backend_and_factor_align() {
    let (source, target) = (
        surface(600, 1, 0.0, [0.0, 0.0, 0.2]),
        surface(600, 1, 0.0, [0.0; 3]),
    );
    let (source, target) = (
        Cloud::from_points(&source).unwrap(),
        Cloud::from_points(&target).unwrap(),
    );
    let pair = Pair {
        source: source.positions(),
        target: target.positions(),
    };
    let start = Rigid::identity([20.0, 20.0, 0.0]);
    let found = Icp::with_factor(VerticalOnly, 1.0)
        .align(&Plain, pair, start)
        .unwrap();
    assert!(
        (found.target_from_source.about(start.pivot).translation[2] + 0.2).abs() < 1e-4,
        "{found:?}"
    );
    assert_eq!(found.undetermined, 5);
    let icp = Icp::point_to_plane(1.0);
    assert_eq!(
        icp.align(&Plain, pair, start).unwrap(),
        icp.align(&Cpu, pair, start).unwrap()
    );
}

#[test]
fn metres_apart_is_for_phase_correlation() {
    let target =
        Cloud::from_points(&surface(30_000, 1, 0.02, [596_000.0, 6_653_000.0, 180.0])).unwrap();
    let moved: Vec<_> = surface(30_000, 2, 0.02, [596_006.4, 6_652_996.3, 191.0]);
    let source = Cloud::from_points(&moved).unwrap();
    let pair = Pair {
        source: source.positions(),
        target: target.positions(),
    };
    let found = coarse::correlate_heights(pair, 0.5).unwrap();
    let shift = found.target_from_source.translation;
    assert!(
        (shift[0] + 6.4).abs() < 0.3
            && (shift[1] - 3.7).abs() < 0.3
            && (shift[2] + 11.0).abs() < 0.2,
        "{found:?}"
    );
    let centred = coarse::align_centroids(pair).unwrap().translation;
    assert!((centred[0] + 6.4).abs() < 0.5, "{centred:?}");
}

#[test]
fn clouds_that_cannot_be_aligned_say_so() {
    let cloud = |points: &[[f64; 3]]| Cloud::from_points(points).unwrap();
    let (here, there, none) = (
        cloud(&surface(100, 1, 0.0, [0.0; 3])),
        cloud(&surface(100, 1, 0.0, [500.0; 3])),
        Cloud::default(),
    );
    let message = |source: &Cloud, target: &Cloud, distance: f64| {
        let pair = Pair {
            source: source.positions(),
            target: target.positions(),
        };
        Icp::point_to_plane(distance)
            .align(&Cpu, pair, Rigid::identity([0.0; 3]))
            .unwrap_err()
            .to_string()
    };
    assert!(message(&here, &there, 1.0).contains("only 0 of 100 source points"));
    assert!(message(&none, &here, 1.0).contains("source"));
    assert!(message(&here, &none, 1.0).contains("target"));
    assert!(message(&here, &here, -1.0).contains("maximum correspondence distance is -1"));
    assert!(
        coarse::correlate_heights(
            Pair {
                source: none.positions(),
                target: here.positions()
            },
            1.0
        )
        .is_err()
    );
}

#[test]
fn an_index_that_is_there_gives_the_sums_of_one_that_is_made() {
    let heights = |i: u32| (f64::from(i % 40) * 0.3).sin() + f64::from(i / 40) * 0.01;
    let at = |i: u32| [f64::from(i % 40) * 0.5, f64::from(i / 40) * 0.5, heights(i)];
    let target = Cloud::from_points(&(0..1600).map(at).collect::<Vec<_>>()).unwrap();
    let moved = (0..1600).map(at).map(|[x, y, z]| [x + 0.1, y, z + 0.05]);
    let source = Cloud::from_points(&moved.collect::<Vec<_>>()).unwrap();
    let normals = estimate_normals(&Cpu, target.positions(), 12).unwrap();
    let to = AlignTarget {
        positions: target.positions(),
        normals: &normals,
    };
    let within = Rejection {
        max_distance: 1.0,
        kept_share: 0.9,
    };
    let pose = Rigid::identity([10.0, 10.0, 0.0]);
    let made = Cpu.prepare_points(source.positions(), to).unwrap();
    for backend in [&Cpu as &dyn Align, &BruteForce] {
        let index = backend.index(target.positions()).unwrap();
        let there = backend
            .prepare_indexed(source.positions().into(), to.into(), index)
            .unwrap();
        let [found, defined] = [&there, &made]
            .map(|pairs| pairs.linearize_pairs(&PointToPlane, within, &pose).unwrap());
        assert_eq!(found, defined);
    }
}
