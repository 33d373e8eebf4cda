//! A sample of `calibrate -- alignment`: random halves of real clouds, a third of one side of some
//! changed, each from a start of its own.

#![allow(clippy::print_stderr, missing_docs)]

use isopach::{
    cloud::{Cloud, Columns, Rigid, TICK},
    compute::Cpu,
    las::Las,
    registration::{AlignmentOutcome, Pair, RobustAlignment, RobustIcp},
};
use isopach_testkit::calibration::{
    halves::{Halves, split_cloud, thin_cloud},
    poses::{left_over, squares_along_normals},
};
use std::path::{Path, PathBuf};

/// Cloud, its ground alone, and by how much 30 % of it, on one side, is raised, metres.
const CASES: [(&str, bool, f64); 5] = [
    ("ttp_2015", true, 0.3),
    ("topography", true, 0.0),
    ("topography", true, -0.3),
    ("topography", false, 0.7),
    ("megaplot", false, -1.5),
];
const SPLITS: u64 = 3;

/// What is left of the motion, in standard errors of each unknown.
fn in_errors(motion: &Rigid, found: &RobustAlignment) -> [f64; 6] {
    let known = &found.covariance;
    let off = left_over(motion, &found.proposed, known);
    std::array::from_fn(|i| {
        let scale = if i < 3 { known.arm } else { 1.0 };
        off[i] / (known.matrix[i][i].sqrt() * scale)
    })
}

/// Whether distances between the epochs are no more wrong than at the start.
fn is_no_worse(motion: &Rigid, found: &RobustAlignment) -> bool {
    let known = &found.covariance;
    let squares = |pose: &Rigid| {
        squares_along_normals(&left_over(motion, pose, known), &found.hessian, known.arm)
    };
    squares(&found.proposed) <= squares(&Rigid::identity([0.0; 3]))
}

/// Pair of halves as a program aligns it, and the motion between them.
fn align_halves(cloud: &Cloud, seed: u64, change: f64) -> (Rigid, RobustAlignment) {
    let Halves {
        source,
        target,
        motion,
    } = split_cloud(cloud, seed, change).unwrap();
    let (source, target) = thin_cloud(&source, &target).unwrap();
    let pair = Pair {
        source: source.positions(),
        target: target.positions(),
    };
    let found = RobustIcp::default()
        .align(&Cpu, pair, Rigid::identity([0.0; 3]))
        .unwrap();
    (motion, found)
}

/// The folder of clouds, or `None` with a line that says so.
fn clouds() -> Option<PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/lidar");
    if data.exists() {
        return Some(data);
    }
    eprintln!("SKIPPED: {} is not there", data.display());
    None
}

#[test]
fn a_wood_is_aligned_to_decimetres() {
    // Ground between trees knows the pose in the plan, though at the distance of a spacing nothing
    // pairs any more, and pairs of twigs lead away from it.
    let Some(data) = clouds() else { return };
    let cloud = Las::open(data.join("ttp_2015.laz"))
        .unwrap()
        .read_all(Columns::CLASSIFICATION)
        .unwrap();
    for seed in 0..3 {
        let (motion, found) = align_halves(&cloud, seed, 0.0);
        assert_eq!(found.outcome, AlignmentOutcome::Moved, "{seed}");
        assert!(found.covariance.free.is_empty(), "{seed}");
        let [u, v, w] = motion
            .then(&found.proposed)
            .about(found.covariance.pivot)
            .translation;
        assert!(
            u.hypot(v) < 0.1 && w.abs() < 0.005,
            "{seed}: {u:.3} {v:.3} {w:.4} m"
        );
    }
}

#[test]
fn ground_without_noise_is_aligned_beside_a_change() {
    // The ground of this survey is at height 0: residuals are roundings of coordinates.
    let Some(data) = clouds() else { return };
    let cloud = Las::open(data.join("megaplot.laz"))
        .unwrap()
        .read_all(Columns::CLASSIFICATION)
        .unwrap();
    let ground = cloud.filter_classes(&[2]).unwrap();
    for (seed, change) in (0..4).flat_map(|seed| [(seed, 0.3), (seed, -0.3)]) {
        let (motion, found) = align_halves(&ground, seed, change);
        assert_eq!(found.outcome, AlignmentOutcome::Moved, "{seed} {change}");
        let off = left_over(&motion, &found.proposed, &found.covariance);
        assert!(
            off.iter().all(|off| off.abs() < 4.0 * TICK),
            "{seed} {change}: {off:?}"
        );
    }
}

#[test]
fn poses_of_random_halves_are_within_what_is_stated_or_refused() {
    let Some(data) = clouds() else { return };
    let (mut errors, mut refused, mut all) = (Vec::new(), 0, 0);
    for (name, ground, change) in CASES {
        let cloud = Las::open(data.join(format!("{name}.laz")))
            .unwrap()
            .read_all(Columns::CLASSIFICATION)
            .unwrap();
        let cloud = if ground {
            cloud.filter_classes(&[2]).unwrap().into_owned()
        } else {
            cloud
        };
        for seed in 0..SPLITS {
            let (motion, found) = align_halves(&cloud, seed, change);
            all += 1;
            match found.outcome {
                AlignmentOutcome::Moved => {
                    assert!(
                        found.covariance.free.is_empty(),
                        "{name} {seed}: all directions of these clouds are known"
                    );
                    let off = in_errors(&motion, &found);
                    assert!(
                        off.iter().all(|e| e.abs() < 6.0),
                        "{name} {seed} {change}: {off:?}"
                    );
                    assert!(is_no_worse(&motion, &found), "{name} {seed} {change}");
                    errors.extend(off);
                }
                AlignmentOutcome::NotMoved(_) | AlignmentOutcome::Ambiguous { .. } => refused += 1,
            }
        }
    }
    let outside = errors.iter().filter(|e| e.abs() > 4.0).count();
    let rms = (errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64).sqrt();
    assert!(
        outside == 0,
        "{outside} of {} unknowns are off by more than four stated errors",
        errors.len()
    );
    assert!(
        (0.6..1.4).contains(&rms),
        "errors are {rms:.2} of what is stated"
    );
    assert!(6 * refused <= all, "{refused} of {all} are refused");
}
