//! Normals towards a place, of files in feet.

use clap::Parser as _;
use isopach::{
    cloud::{Cloud, Columns, Crs},
    compute::Error,
    crs::named_crs,
    las::{Las, LazWriter, Schema},
};
use isopach_survey::{
    Silent,
    features::{self, FeatureOptionError, FeatureOptions},
    patches::{self, PatchOptions},
};
use std::{fs, path::Path};

/// A wall that faces east and west at x = 1000 in the units of the file, 40 wide and high, from
/// `south` on.
fn write_wall(path: &Path, south: f64, crs: Option<Crs>) {
    let random = isopach::compute::conformance::random;
    let points: Vec<[f64; 3]> = (0..4000)
        .map(|i| {
            let [y, z] = [random(3 * i), random(3 * i + 1)].map(|share| 40.0 * share);
            [1000.0 + 0.02 * random(3 * i + 2), south + y, 30.0 + z]
        })
        .collect();
    let cloud = Cloud::from_points(&points).unwrap();
    let schema = Schema {
        crs,
        ..Schema::default()
    };
    let mut writer = LazWriter::create(path, &schema).unwrap();
    writer.write(&cloud, &[]).unwrap();
    writer.finish().unwrap();
}

fn run(input: &str, out: &Path, towards: &str) -> Result<Vec<f64>, Error> {
    let out = out.to_str().unwrap();
    let words = "--radius 3 --features nx,ny,nz --backend cpu --force --towards";
    let words = ["features", input, out].into_iter().chain(words.split(' '));
    let options = FeatureOptions::try_parse_from(words.chain([towards])).unwrap();
    features::run(&options, &Silent)?;
    Ok(Las::open(out).unwrap().read_extra("nx").unwrap())
}

#[test]
fn normals_point_to_a_place_in_the_units_of_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let [feet, metres, out] = ["feet.laz", "metres.laz", "out.laz"].map(|n| folder.path().join(n));
    write_wall(&feet, 500.0, Some(named_crs("EPSG:2260+6360").unwrap()));
    write_wall(&metres, 500.0, Some(named_crs("EPSG:25832").unwrap()));
    for input in [&feet, &metres] {
        let input = input.to_str().unwrap();
        // The wall is at 304.8 m: 500 is east of it in metres, and west of it in feet.
        let west = run(input, &out, "500,520,50").unwrap();
        let known = west.iter().filter(|nx| !nx.is_nan()).count();
        assert!(known > 3900, "{known}");
        assert!(west.iter().all(|nx| nx.is_nan() || *nx < -0.9), "{input}");
        let east = run(input, &out, "1500,520,50").unwrap();
        assert!(east.iter().all(|nx| nx.is_nan() || *nx > 0.9), "{input}");
    }
    let cloud = Las::open(&out).unwrap().read_all(Columns::XYZ).unwrap();
    assert_eq!(cloud.len(), 4000);
}

#[test]
fn normals_of_patches_point_to_a_place_in_the_units_of_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let [feet, out] = ["feet.laz", "out"].map(|name| folder.path().join(name));
    write_wall(&feet, 500.0, Some(named_crs("EPSG:2260+6360").unwrap()));
    let [input, out_word] = [&feet, &out].map(|path| path.to_str().unwrap());
    let words = "--side 50 --at-least 1 --sample all --features nx,ny,nz --radius 1 --format npy \
        --backend cpu --towards 500,520,50";
    let words = ["patches", input, out_word]
        .into_iter()
        .chain(words.split_whitespace());
    let options = PatchOptions::try_parse_from(words).unwrap();
    patches::run(&options, &Silent).unwrap();
    let mut rows = 0;
    for patch in fs::read_dir(out.join("patches")).unwrap() {
        let normals = isopach_npy::read(&patch.unwrap().path().join("normal.npy")).unwrap();
        let nx = normals.values.iter().step_by(3);
        rows += nx.clone().count();
        assert!(nx.clone().all(|nx| nx.is_nan() || *nx < -0.9));
    }
    assert_eq!(rows, 4000);
}

#[test]
fn a_place_in_files_of_two_units_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [feet, other, out] = ["a.laz", "b.laz", "out.laz"].map(|name| folder.path().join(name));
    // Heights in metres, and heights of which nothing is stated: feet, as the plane.
    write_wall(&feet, 500.0, Some(named_crs("EPSG:2260").unwrap()));
    write_wall(&other, 540.0, Some(named_crs("EPSG:2260+5703").unwrap()));
    let input = format!("{},{}", feet.display(), other.display());
    let refused = run(&input, &out, "500,520,50").map(drop).unwrap_err();
    let cause = refused.find_cause();
    assert!(
        matches!(cause, Some(FeatureOptionError::PlaceInOtherUnits { .. })),
        "{refused}"
    );
}
