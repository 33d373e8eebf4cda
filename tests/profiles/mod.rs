//! Profiles of terrain_change: what counts, what is refused, what keeps them (docs/profiles.md).

#![allow(missing_docs)]

mod documented;
mod emission_profiles;
mod printed;
mod refused;
mod shipped;

use isopach_survey::scene;
use isopach_testkit::{
    documentation::{documented_commands, read_document, run_commands},
    message::message,
    place::Place,
    program::program,
};
use printed::{Line, lines};
use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

/// Runs the program in a folder.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program("terrain_change"));
    command.env("XDG_RUNTIME_DIR", std::env::temp_dir());
    command
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

/// Its output; it ended well.
fn well(output: &Output) -> String {
    assert!(output.status.success(), "{}", message(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// It ended with 2, in one line that has the words.
fn refused(output: &Output, words: &[&str]) {
    let message = message(output);
    assert_eq!(output.status.code(), Some(2), "{message}");
    words
        .iter()
        .for_each(|word| assert!(message.contains(word), "{message:?} does not say {word:?}"));
    assert_eq!(message.lines().count(), 1, "{message}");
}

/// The profile that would run.
fn print(folder: &Path, arguments: &[&str]) -> String {
    well(&run(folder, &[arguments, &["--print-profile"]].concat()))
}

fn summary(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("summary.json")).unwrap()).unwrap()
}

#[test]
fn what_is_printed_runs_the_same_bits() {
    let place = Place::with(16_000);
    let options = [
        &[
            "--cell",
            "2",
            "--normal-radii",
            "2,4",
            "--depth",
            "3",
            "--keep-noise",
            "--columns",
            "distance,status",
        ][..],
        &[
            "--rasters",
            "status",
            "--min-lod",
            "0.01",
            "--lod",
            "normal",
            "--icp-start-rotation",
            "1",
        ],
        &[
            "--min-count",
            "3",
            "--fdr",
            "0.1",
            "--attributes",
            "intensity",
            "--core-points",
            "every:3",
        ],
        &[
            "--icp-max-iterations",
            "20",
            "--correlated",
            "include",
            "--registration-error",
            "0.02",
            "--tile-size",
            "20",
        ],
    ];
    let inputs = ["before.laz", "after.laz"];
    let options = options.concat();
    let given = [
        &inputs[..],
        &options,
        &["--classes", "2", "--backend", "cpu"],
    ]
    .concat();
    let folder = place.path("");
    let text = print(&folder, &given);
    assert!(
        !place.path("terrain_change_out").exists(),
        "nothing is written"
    );
    fs::write(place.path("printed.toml"), &text).unwrap();
    let by_file = [&inputs[..], &["--profile", "printed.toml"]].concat();
    assert_eq!(print(&folder, &by_file), text);
    well(&run(&folder, &[&given[..], &["--out", "given"]].concat()));
    well(&run(
        &folder,
        &[&by_file[..], &["--out", "by_file"]].concat(),
    ));
    assert!(place.results("given") == place.results("by_file"));
    let [given, by_file] = ["given", "by_file"].map(|out| summary(&place.path(out)));
    for part in [
        "parameters",
        "made_from",
        "reasons",
        "sample",
        "dod",
        "m3c2",
    ] {
        assert_eq!(given[part], by_file[part], "{part}");
    }
    assert_eq!(given["profile"], Value::Null);
    assert_eq!(by_file["profile"]["name"], "printed.toml");
    assert_eq!(by_file["profile"]["values"]["dod"]["cell_size_m"], 2.0);
    // All points of a made scene, which compares its ground without the key.
    fs::write(
        place.path("all.toml"),
        "[points]\nclasses = []\n[m3c2]\nscanner = []\ntowards = [1, 0, 0]\n",
    )
    .unwrap();
    let text = print(&folder, &["--profile", "all.toml"]);
    assert!(text.contains("\nclasses = []\n"), "{text}");
    // A made scene, which compares its ground.
    let text = print(&folder, &["--scene-points", "7000"]);
    assert!(
        text.contains("\nclasses = [2]\n") && text.contains("\nscene_points = 7000\n"),
        "{text}"
    );
}

#[test]
fn the_command_line_counts_before_the_file_and_that_before_defaults() {
    let place = Place::with(500);
    let folder = place.path("");
    let profile = "[points]\nclasses = [2, 6]\nkeep_noise = true\n[dod]\ncell_size_m = 3\n\
                   [m3c2]\nnormal_radii_m = [1, 2.5]\ncore_points = \"all\"\n[alignment]\nstable_classes = [6]\n";
    fs::write(place.path("p.toml"), profile).unwrap();
    let value = |more: &[&str], key: &str| {
        let text = print(
            &folder,
            &[&["before.laz", "after.laz", "--profile", "p.toml"], more].concat(),
        );
        lines(&text)
            .into_iter()
            .find(|line| line.key.ends_with(key))
            .unwrap_or_else(|| panic!("{key}: {text}"))
            .says
    };
    for (more, key, expected) in [
        (&[][..], "dod.cell_size_m", "= 3.0"),
        (&["--cell", "0.5"], "dod.cell_size_m", "= 0.5"),
        (
            &["--unset", "cell_size_m"],
            "dod.cell_size_m",
            "is found from the data",
        ),
        (&[], "points.classes", "= [2, 6]"),
        (&["--classes", "6"], "points.classes", "= [6]"),
        (
            &["--unset", "points.classes,dod.cell_size_m"],
            "points.classes",
            "is empty: all points",
        ),
        (&[], "points.keep_noise", "= true"),
        (&["--keep-noise=false"], "points.keep_noise", "= false"),
        (&["--keep-withheld"], "points.keep_withheld", "= true"),
        (&[], "m3c2.projection_depth_m", "= 5.0"),
        // Options that the command line excludes give way.
        (
            &["--normal", "0,0,1"],
            "m3c2.normal_radii_m",
            "has no effect with m3c2.normal",
        ),
        (
            &["--align", "none"],
            "alignment.stable_classes",
            "has no effect with alignment.method",
        ),
        (&[], "alignment.stable_classes", "= [6]"),
        (&[], "m3c2.normal_radii_m", "= [1.0, 2.5]"),
    ] {
        assert_eq!(value(more, key), expected, "{more:?}: {key}");
    }
    // It does so in a run as well: the same parameters as without the key.
    fs::write(
        place.path("radii.toml"),
        "[m3c2]\nnormal_radii_m = [1, 2]\n",
    )
    .unwrap();
    let given = [
        "before.laz",
        "after.laz",
        "--normal",
        "0,0,1",
        "--cell",
        "2",
        "--cylinder-radius",
        "2",
    ];
    well(&run(&folder, &[&given[..], &["--out", "without"]].concat()));
    well(&run(
        &folder,
        &[&given[..], &["--out", "with", "--profile", "radii.toml"]].concat(),
    ));
    assert_eq!(
        summary(&place.path("with"))["made_from"],
        summary(&place.path("without"))["made_from"]
    );
}

#[test]
fn what_a_profile_says_of_the_alignment_reaches_it() {
    let mut scene = scene::Scene::new(16_000, 9);
    scene.misalignment =
        isopach::cloud::Rigid::from_vectors([0.0; 3], [0.31, -0.24, 0.12], scene.centre());
    let place = Place::of(&scene);
    let folder = place.path("");
    let aligned = |out: &str, text: &str| {
        fs::write(
            place.path("p.toml"),
            format!("[points]\nclasses = [2]\n[alignment]\n{text}\n"),
        )
        .unwrap();
        well(&run(
            &folder,
            &[
                "before.laz",
                "after.laz",
                "--profile",
                "p.toml",
                "--out",
                out,
            ],
        ));
        summary(&place.path(out))
    };
    let usual = aligned("usual", "");
    assert_eq!(usual["alignment"]["outcome"], "moved");
    assert!(
        usual["alignment"]["iterations"].as_u64() > Some(1),
        "{}",
        usual["alignment"]
    );
    assert_eq!(usual["made_from"]["parameters"]["robust_icp"], Value::Null);
    let soon = aligned("soon", "max_iterations = 1");
    assert_eq!(soon["alignment"]["iterations"], 1, "{}", soon["alignment"]);
    assert_eq!(
        soon["made_from"]["parameters"]["robust_icp"]["max_iterations"],
        1
    );
    // Given as it is usual, it is the same run.
    let same = aligned("same", "max_iterations = 30");
    assert_eq!(same["alignment"], usual["alignment"]);
    assert_eq!(same["made_from"], usual["made_from"]);
    refused(
        &run(
            &folder,
            &[
                "before.laz",
                "after.laz",
                "--profile",
                "p.toml",
                "--out",
                "soon",
            ],
        ),
        &["other parameters"],
    );
}

#[test]
fn a_shipped_profile_is_meant_by_its_name_and_a_file_by_its_path() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("drone"), "[dod]\ncell_size_m = 77\n").unwrap();
    fs::write(dir.path().join("mine"), "[dod]\ncell_size_m = 78\n").unwrap();
    for (profile, cell) in [
        ("drone", "cell_size_m = 0.5"),
        ("./drone", "cell_size_m = 77.0"),
        ("mine", "= 78.0"),
    ] {
        let text = print(dir.path(), &["a.laz", "b.laz", "--profile", profile]);
        assert!(text.contains(cell), "{profile}: {text}");
    }
    let output = run(dir.path(), &["a.laz", "b.laz", "--profile", "terestrial"]);
    refused(
        &output,
        &[
            "no such file",
            "airborne, drone, terrestrial",
            "did you mean terrestrial?",
        ],
    );
}

#[test]
fn a_shard_with_another_profile_is_refused_and_the_key_is_named() {
    let place = Place::with(16_000);
    let profile = |name: &str, text: &str| {
        fs::write(place.path(name), text).unwrap();
        place.path(name).to_str().unwrap().to_owned()
    };
    let ours = profile(
        "ours.toml",
        "[m3c2]\nprojection_depth_m = 4\nnormal_radii_m = [2, 4]\n",
    );
    let others = profile(
        "others.toml",
        "[m3c2]\nprojection_depth_m = 4\nnormal_radii_m = [2, 6]\n",
    );
    let machine = profile(
        "machine.toml",
        "[m3c2]\nprojection_depth_m = 4.0\nnormal_radii_m = [2, 4]\n[conduct]\nthreads = 1\n",
    );
    let shard = |profile: &str, share: &[&str]| {
        place.run("out", &[&["--profile", profile], share].concat())
    };
    well(&shard(&ours, &["--shard", "1/3"]));
    let manifest = fs::read(place.path("out/.run/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(
        manifest["parameters"]["m3c2"]["normal_radii_m"],
        serde_json::json!([2.0, 4.0])
    );
    assert_eq!(manifest["parameters"]["alignment"]["method"], "none");
    assert!(
        manifest["parameters"]["conduct"].is_null(),
        "{}",
        manifest["parameters"]
    );
    let words = ["other parameters", "m3c2.normal_radii_m", "4.0", "6.0"];
    refused(&shard(&others, &["--shard", "2/3"]), &words);
    refused(&shard(&others, &["--merge"]), &words);
    refused(
        &shard(&ours, &["--min-lod", "0.5", "--merge"]),
        &["level_of_detection.minimum_m: 0.0, now 0.5"],
    );
    // How a machine conducts it is its own matter, and so is where a value was given.
    well(&shard(&machine, &["--shard", "2/3"]));
    well(&place.run(
        "out",
        &["--depth", "4", "--normal-radii", "2,4", "--shard", "3/3"],
    ));
    well(&shard(&ours, &["--merge"]));
    well(&place.run("whole", &["--depth", "4", "--normal-radii", "2,4"]));
    assert!(place.results("out") == place.results("whole"));
    let merged = summary(&place.path("out"));
    assert_eq!(merged["profile"]["name"], ours.as_str());
    assert_eq!(merged["profile"]["shipped"], false);
    let page = fs::read_to_string(place.path("out/index.html")).unwrap();
    assert!(
        page.contains("ours.toml"),
        "the command of the page has the profile"
    );
    refused(
        &place.run("out", &["--profile", &others]),
        &["finished results of other parameters (normal_radii_m"],
    );
}

fn emission(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(program("emission"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}
