//! The output of jakteristics and pgeof. The data are not shipped: `../shared/data` beside the
//! repository, or below the folder that ISOPACH_SHARED names.

use isopach_features::{
    Cloud, Convention, Cpu, Feature, Features, Neighbourhood, NormalSide, Wanted,
};
use isopach_testkit::feature_case;
use serde_json::Value;
use std::{env, fs, path::PathBuf};

/// A folder of the shared data; `None`, said aloud, where it is not there.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = env::var_os("ISOPACH_SHARED").map_or(beside, PathBuf::from);
    let folder = folder.join("data").join(name);
    if !folder.exists() {
        eprintln!("SKIPPED: no golden cases at {}", folder.display());
        return None;
    }
    Some(folder)
}

/// The 4,500 points of a real survey that the golden features are of.
pub(crate) fn real_points() -> Option<Cloud> {
    let folder = shared("golden-ml/features_bcts1")?;
    let points = isopach_npy::read(&folder.join("points.npy")).unwrap();
    let rows = points.values.as_chunks::<3>().0;
    Some(Cloud::from_points(rows).unwrap())
}

pub(crate) fn meta_of(path: PathBuf) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn assert_case(about: &Value, folder: PathBuf, tables: usize) {
    let compared = feature_case::compare(about, &folder).unwrap();
    assert_eq!(compared.len(), tables);
    for table in compared {
        assert!(table.points > 1000, "{table:?}");
        assert!(table.is_within_bounds(), "{table:?}");
        assert!(table.columns.len() >= 8, "{table:?}");
    }
}

#[test]
fn jakteristics_and_pgeof_at_two_radii_and_twenty_neighbours() {
    if let Some(folder) = shared("golden-ml/features_bcts1") {
        assert_case(&meta_of(folder.join("meta.json")), folder, 4);
    }
}

#[test]
fn jakteristics_at_two_metres() {
    if let Some(folder) = shared("golden") {
        let about = &meta_of(folder.join("meta.json"))["features_r2"];
        assert_case(about, folder.join("features_r2"), 1);
    }
}

/// Columns of the array that CloudCompare 2.11.3 wrote, and the largest difference that its `f32`
/// arithmetic explains.
const CLOUDCOMPARE: [(Feature, f64); 18] = [
    (Feature::EigenvalueSum, 2e-6),
    (Feature::Omnivariance, 2e-6),
    (Feature::Eigenentropy, 2e-6),
    (Feature::Anisotropy, 2e-6),
    (Feature::Planarity, 2e-6),
    (Feature::Linearity, 2e-6),
    (Feature::Pca1, 2e-6),
    (Feature::Pca2, 2e-6),
    (Feature::SurfaceVariation, 2e-6),
    (Feature::Sphericity, 2e-6),
    (Feature::Verticality, 2e-5),
    (Feature::Eigenvalue1, 2e-6),
    (Feature::Eigenvalue2, 2e-6),
    (Feature::Eigenvalue3, 2e-6),
    (Feature::Roughness, 2e-5),
    (Feature::MeanCurvature, 2e-5),
    (Feature::GaussianCurvature, 2e-5),
    (Feature::SurfaceVariation, 2e-6), // its "normal change rate"
];

/// A made surface with some scattered points above it, radius 1.1 m.
#[test]
fn cloudcompare_at_one_radius() {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let read = |name: &str| isopach_npy::read(&data.join(name)).unwrap();
    let points = read("cloudcompare_2.11.3_points.npy").values;
    let rows: Vec<[f64; 3]> = points.chunks_exact(3).map(|p| [p[0], p[1], p[2]]).collect();
    let golden = read("cloudcompare_2.11.3_r1.1.npy").values;
    let cloud = Cloud::from_points(&rows).unwrap();
    let features = Features {
        neighbourhood: Neighbourhood::Radius(1.1),
        wanted: Wanted::set("full").unwrap(),
        convention: Convention::CLOUDCOMPARE,
        normals: NormalSide::Up,
    };
    let found = features.run(&Cpu, cloud.positions()).unwrap();
    for (at, (feature, tolerance)) in CLOUDCOMPARE.into_iter().enumerate() {
        let ours = found.values(feature).unwrap();
        let mut compared = 0;
        let mut beyond = Vec::new();
        for (i, ours) in ours.iter().enumerate() {
            let theirs = golden[i * CLOUDCOMPARE.len() + at];
            // It has no change rate below six points.
            if theirs.is_nan() && at == CLOUDCOMPARE.len() - 1 {
                continue;
            }
            assert_eq!(ours.is_nan(), theirs.is_nan(), "{feature:?} of point {i}");
            if !ours.is_nan() {
                compared += 1;
                let difference = (f64::from(*ours) - theirs).abs();
                if difference > tolerance * theirs.abs().max(1.0) {
                    beyond.push((i, *ours, theirs));
                }
            }
        }
        // Its solver for quadrics is iterative and ends early at some points.
        let is_curvature = matches!(feature, Feature::MeanCurvature | Feature::GaussianCurvature);
        let most = if is_curvature { compared / 30 } else { 0 };
        assert!(beyond.len() <= most, "{feature:?}: {beyond:?}");
        assert!(compared > 400, "{feature:?}");
    }
}
