//! A sample of `calibrate -- alignment`: random halves of real clouds, a third of one side of some
//! changed, each from a start of its own.

#![allow(clippy::print_stderr, missing_docs)]

use isopach::{
    cloud::{Columns, Rigid},
    compute::Cpu,
    las::Las,
    registration::{AlignmentOutcome, Pair, RobustAlignment, RobustIcp},
};
use isopach_testkit::calibration::halves::{Halves, split_cloud, thin_cloud};
use std::path::Path;

/// Cloud, its ground alone, and by how much 30 % of one side is raised, metres.
const CASES: [(&str, bool, f64); 4] = [
    ("ttp_2015", true, 0.3),
    ("topography", true, 0.0),
    ("topography", false, 0.7),
    ("megaplot", false, -1.5),
];
const SPLITS: u64 = 3;

/// What is left of the motion, in standard errors of each unknown; nothing where nothing is stated.
fn in_errors(motion: &Rigid, found: &RobustAlignment) -> Vec<f64> {
    let known = &found.covariance;
    let rest = motion.then(&found.proposed).about(known.pivot);
    let ([a, b, c], [u, v, w]) = (rest.rotation_vector(), rest.translation);
    let off = [a, b, c, u, v, w];
    let stated = |i: usize| known.matrix[i][i].sqrt();
    (0..6)
        .filter(|&i| stated(i) > 1e-9)
        .map(|i| off[i] / stated(i))
        .collect()
}

#[test]
fn poses_of_random_halves_are_within_what_is_stated_or_refused() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/lidar");
    if !data.exists() {
        eprintln!("SKIPPED: {} is not there", data.display());
        return;
    }
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
            let Halves {
                source,
                target,
                motion,
            } = split_cloud(&cloud, seed, change).unwrap();
            let (source, target) = thin_cloud(&source, &target).unwrap();
            let pair = Pair {
                source: source.positions(),
                target: target.positions(),
            };
            let found = RobustIcp::default()
                .align(&Cpu, pair, Rigid::identity([0.0; 3]))
                .unwrap();
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
