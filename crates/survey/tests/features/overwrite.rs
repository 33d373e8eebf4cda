//! A finished output is written over by the same run, or by permission.

use super::survey;
use clap::Parser as _;
use isopach::compute::Error;
use isopach_survey::{
    Silent,
    features::{self, FeatureOptionError, FeatureOptions},
};
use std::{fs, path::Path};

/// As a user runs it: the words are all that is given.
fn run(folder: &Path, more: &[&str]) -> Result<Vec<u8>, Error> {
    let [input, out] = ["west.laz", "out.laz"].map(|name| folder.join(name));
    let [input, out] = [&input, &out].map(|path| path.to_str().unwrap());
    let words = ["features", input, out, "--backend", "cpu"];
    let options = FeatureOptions::try_parse_from(words.iter().chain(more)).unwrap();
    features::run(&options, &Silent)?;
    Ok(fs::read(out).unwrap())
}

/// The difference that a refusal states.
fn difference(refused: &Error) -> &str {
    match refused.find_cause() {
        Some(FeatureOptionError::OtherResults { difference, .. }) => difference,
        _ => panic!("{refused}"),
    }
}

#[test]
fn results_of_other_parameters_are_written_over_by_permission_alone() {
    let folder = survey();
    let folder = folder.path();
    let words = ["--radius", "1", "--features", "planarity"];
    let first = run(folder, &words).unwrap();
    // Neither tiles nor memory are parameters of the result.
    let again = [&words[..], &["--tile-size", "7", "--memory", "300MiB"]].concat();
    assert!(run(folder, &again).unwrap() == first);
    let other = ["--radius", "2", "--features", "planarity"];
    let refused = run(folder, &other).unwrap_err();
    assert_eq!(difference(&refused), "other parameters (neighbourhood)");
    assert!(fs::read(folder.join("out.laz")).unwrap() == first);
    assert!(folder.join("out.laz.json").exists() && !folder.join("out.laz.run").exists());
    let second = run(folder, &[&other[..], &["--force"]].concat()).unwrap();
    assert!(second != first);
    fs::copy(folder.join("east.laz"), folder.join("west.laz")).unwrap();
    assert_eq!(
        difference(&run(folder, &other).unwrap_err()),
        "other inputs"
    );
}

#[test]
fn a_file_that_is_no_result_is_written_over_by_permission_alone() {
    let folder = survey();
    let folder = folder.path();
    fs::copy(folder.join("east.laz"), folder.join("out.laz")).unwrap();
    let refused = run(folder, &["--radius", "1"]).unwrap_err();
    assert_eq!(difference(&refused), "unknown inputs and parameters");
    run(folder, &["--radius", "1", "--force"]).unwrap();
}

#[test]
fn maps_that_no_run_made_are_written_over_by_permission_alone() {
    let folder = survey();
    let folder = folder.path();
    let words = ["--radius", "1", "--features", "planarity", "--maps", "2"];
    let maps = folder.join("out.laz.maps");
    fs::create_dir(&maps).unwrap();
    fs::write(maps.join("planarity.tif"), "of the user").unwrap();
    let refused = run(folder, &words).unwrap_err();
    assert_eq!(difference(&refused), "unknown inputs and parameters");
    assert_eq!(
        fs::read(maps.join("planarity.tif")).unwrap(),
        b"of the user"
    );
    let first = run(folder, &[&words[..], &["--force"]].concat()).unwrap();
    assert!(fs::read(maps.join("planarity.tif")).unwrap() != b"of the user");
    // Its own maps are written over by the same run.
    assert!(run(folder, &words).unwrap() == first);
}

#[test]
fn a_run_without_results_is_no_permission() {
    let folder = survey();
    let folder = folder.path();
    run(folder, &["--radius", "1"]).unwrap();
    fs::create_dir_all(folder.join("out.laz.run/tiles")).unwrap();
    let refused = run(folder, &["--radius", "2"]).unwrap_err();
    assert_eq!(difference(&refused), "other parameters (neighbourhood)");
}
