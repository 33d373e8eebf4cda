//! Profiles of terrain_change: what counts, what is refused, what keeps them (docs/profiles.md).

#![allow(missing_docs)]

mod printed;
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

/// What it printed; it ended well.
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
        // What the command line excludes gives way.
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
fn unknown_keys_are_named_with_file_line_and_the_nearest_known_one() {
    for (text, words) in [
        (
            "[dod]\ncel_size_m = 1\n",
            &[
                "p.toml:2:",
                "`cel_size_m` in [dod]",
                "did you mean `cell_size_m`?",
            ][..],
        ),
        (
            "[dod]\nrasters = []\n\ncell = 1\n",
            &[
                "p.toml:4:",
                "`cell` in [dod]",
                "did you mean `cell_size_m`?",
            ],
        ),
        (
            "[m3c2]\ncell_size_m = 1\n",
            &["`cell_size_m` in [m3c2]", "did you mean `dod.cell_size_m`?"],
        ),
        (
            "depth = 1\n",
            &[
                "p.toml:1:",
                "outside of tables",
                "did you mean `m3c2.projection_depth_m`?",
            ],
        ),
        (
            "[allignment]\n",
            &[
                "p.toml:1:",
                "unknown table [allignment]",
                "did you mean [alignment]?",
            ],
        ),
        ("[dod.more]\nx = 1\n", &["unknown key `more` in [dod]"]),
        (
            "[points]\nstable = \"a.geojson\"\n",
            &["unknown key `stable`"],
        ),
        ("[tiling]\nshard = \"1/2\"\n", &["unknown key `shard`"]),
    ] {
        refused(&with_profile(text, &[]), words);
    }
    refused(
        &with_profile("", &["--unset", "clases"]),
        &["--unset", "`clases`", "did you mean `points.classes`?"],
    );
}

/// What the program says to a profile, which lies in a folder of its own.
fn with_profile(text: impl AsRef<[u8]>, more: &[&str]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("p.toml"), text).unwrap();
    let output = run(
        dir.path(),
        &[&["a.laz", "b.laz", "--profile", "p.toml"], more].concat(),
    );
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        1,
        "nothing is left behind"
    );
    output
}

#[test]
fn keys_without_effect_are_named_with_what_makes_them_so() {
    for (text, words) in [
        (
            "[m3c2]\nnormal_radii_m = [1]\nnormal = [0, 0, 1]\n",
            &[
                "p.toml:2:",
                "m3c2.normal_radii_m: has no effect with m3c2.normal",
            ][..],
        ),
        (
            "[m3c2]\ntowards = [1, 0, 0]\nscanner = [0, 0, 1]\n",
            &["m3c2.towards: has no effect with m3c2.scanner"],
        ),
        (
            "[conduct]\nlease_s = 60\n",
            &[
                "p.toml:2:",
                "conduct.lease_s: has no effect without --claim",
            ],
        ),
        (
            "[alignment]\nmethod = \"none\"\nstart_rotation_deg = 1\n",
            &[
                "p.toml:3:",
                "start_rotation_deg: has no effect with alignment.method",
            ],
        ),
        (
            "[devices]\nbackend = \"cpu\"\ngpu_memory_mib = 8\n",
            &["devices.gpu_memory_mib: has no effect with devices.backend"],
        ),
        (
            "[points]\nscene_points = 8\n",
            &["points.scene_points: has no effect"],
        ),
    ] {
        refused(&with_profile(text, &[]), words);
    }
    // With what it needs it is alive.
    let text = "[conduct]\nlease_s = 60\n";
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("p.toml"), text).unwrap();
    let text = print(
        dir.path(),
        &["a.laz", "b.laz", "--profile", "p.toml", "--claim", "4"],
    );
    assert!(text.contains("\nlease_s = 60\n"), "{text}");
    // The command line follows the same rules.
    let output = run(
        dir.path(),
        &["a.laz", "b.laz", "--align", "none", "--stable-classes", "6"],
    );
    refused(&output, &["--stable-classes has no effect with --align"]);
    refused(
        &run(dir.path(), &["a.laz", "b.laz", "--lease", "9"]),
        &["--lease has no effect without --claim"],
    );
}

#[test]
fn values_that_cannot_be_are_named_with_file_and_key() {
    for (text, words) in [
        (
            "[dod]\ncell_size_m = \"1 m\"\n",
            &["p.toml:2:", "dod.cell_size_m: must be a number, not text"][..],
        ),
        (
            "[dod]\ncell_size_m = -1\n",
            &[
                "p.toml:2:",
                "dod.cell_size_m",
                "cell size is -1",
                "above zero",
            ],
        ),
        (
            "[m3c2]\ncore_points = \"all\"\n[dod]\ncell_size_m = nan\n",
            &["p.toml:4:", "dod.cell_size_m"],
        ),
        (
            "[m3c2]\nnormal_radii_m = 1\n",
            &["m3c2.normal_radii_m: must be an array of numbers"],
        ),
        (
            "[m3c2]\nnormal_radii_m = [1, 5000]\n",
            &["m3c2.normal_radii_m", "at most 1000 m"],
        ),
        (
            "[m3c2]\ntowards = [1, 0]\n",
            &["m3c2.towards", "must be three numbers"],
        ),
        (
            "[m3c2]\ncore_points = \"every:0\"\n",
            &["m3c2.core_points", "every:10"],
        ),
        (
            "[m3c2]\nstatistic = \"mode\"\n",
            &["m3c2.statistic", "mean", "median"],
        ),
        (
            "[m3c2]\ncolumns = []\n",
            &["m3c2.columns: must not be empty"],
        ),
        (
            "[m3c2]\ncolumns = [\"distance\", \"distnce\"]\n",
            &["m3c2.columns", "distnce", "did you mean \"distance\"?"],
        ),
        (
            "[alignment]\nmethod = \"coarse\"\n",
            &["alignment.method", "\"coarse\" is not one of", "coarse+icp"],
        ),
        (
            "[alignment]\nnormal_neighbours = 4\n",
            &["alignment.normal_neighbours", "at least 5"],
        ),
        (
            "[alignment]\nmax_iterations = 4000000\n",
            &["alignment.max_iterations", "at most 10000"],
        ),
        (
            "[alignment]\nstart_rotation_deg = 400\n",
            &["alignment.start_rotation_deg", "rotation of the start"],
        ),
        ("[points]\nclasses = [2, 300]\n", &["points.classes", "300"]),
        (
            "[points]\nclasses = [2.5]\n",
            &["points.classes: must be a whole number"],
        ),
        (
            "[points]\nkeep_noise = 1\n",
            &["points.keep_noise: must be true or false, not a whole number"],
        ),
        ("[points]\ncrs = \"EPSG:0\"\n", &["points.crs"]),
        (
            "[tiling]\nmemory = 4\n",
            &["tiling.memory: must be text in quotes"],
        ),
        (
            "[tiling]\nmemory = \"4 lots\"\n",
            &["tiling.memory", "4 lots"],
        ),
        (
            "[tiling]\nin_flight = \"many\"\n",
            &["tiling.in_flight", "measured"],
        ),
        (
            "[conduct]\nthreads = 0\n",
            &["conduct.threads", "at least 1"],
        ),
        (
            "[conduct]\nthreads = 99999999999999999999\n",
            &["p.toml:2:"],
        ),
        (
            "[devices]\ngpu_memory_mib = 0\n",
            &["devices.gpu_memory_mib"],
        ),
        (
            "[level_of_detection]\nfalse_discovery_rate = 1.5\n",
            &["level_of_detection.false_discovery_rate", "below 1"],
        ),
        (
            "[dod]\ncell_size_m = 2024-01-01\n",
            &["must be a number, not a date"],
        ),
    ] {
        refused(&with_profile(text, &[]), words);
    }
    // A word of the command line is at fault itself.
    let output = with_profile("[dod]\ncell_size_m = 1\n", &["--depth", "-1"]);
    refused(&output, &["projection depth is -1"]);
    assert!(!message(&output).contains("p.toml"), "{}", message(&output));
    // Also where the profile has the same key.
    for more in [
        &["--cell", "abc"][..],
        &["--cell"],
        &["--align", "nun", "--cell", "3"],
    ] {
        let output = with_profile(
            "[dod]\ncell_size_m = 1\n[alignment]\nmethod = \"none\"\n",
            more,
        );
        assert_eq!(output.status.code(), Some(2), "{}", message(&output));
        assert!(
            message(&output).contains(more[0]) && !message(&output).contains("p.toml"),
            "{}",
            message(&output)
        );
    }
}

#[test]
fn hostile_files_are_refused_in_a_line() {
    let deep = format!(
        "[dod]\nrasters = {}{}\n",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let dotted = format!("{} = 1\n", vec!["a"; 100_000].join("."));
    let long = format!("[dod]\n{} = 1\n", "k".repeat(1 << 19));
    let value = |key: &str| format!("{key} = \"{}\"\n", "v".repeat(1 << 19));
    let many: String = (0..60_000).map(|n| format!("k{n} = 1\n")).collect();
    for (text, words) in [
        (deep.as_bytes(), &["p.toml:2:", "no TOML"][..]),
        (dotted.as_bytes(), &["p.toml:1:"]),
        (long.as_bytes(), &["p.toml:2:", "unknown key `kkk"]),
        (
            value("[tiling]\nmemory").as_bytes(),
            &["p.toml:2:", "tiling.memory"],
        ),
        (
            value("[m3c2]\nstatistic").as_bytes(),
            &["p.toml:2:", "m3c2.statistic"],
        ),
        (
            value("[devices]\ngpu_memory_mib").as_bytes(),
            &["p.toml:2:", "must be a whole number, not text"],
        ),
        (many.as_bytes(), &["p.toml:1:", "unknown key `k0`"]),
        (
            b"[dod]\ncell_size_m = \xff\n",
            &["p.toml", "UTF-8", "byte 20"],
        ),
        (b"[dod\n", &["p.toml:1:", "no TOML"]),
        (
            b"[dod]\ncell_size_m = 1\ncell_size_m = 2\n",
            &["p.toml:3:", "duplicate"],
        ),
        (b"[dod]\n\"\\u001b[2Jcell\" = 1\n", &["p.toml:2:"]),
        (b"\0\0\0\0", &["p.toml:1:"]),
        (&vec![b'#'; (1 << 20) + 1], &["at most 1048576 bytes"]),
    ] {
        let output = with_profile(text, &[]);
        refused(&output, words);
        assert!(
            message(&output).len() < 700 && !message(&output).contains('\u{1b}'),
            "{}",
            message(&output)
        );
    }
    let dir = tempfile::tempdir().unwrap();
    refused(
        &run(dir.path(), &["a.laz", "b.laz", "--profile", "."]),
        &["it is a folder"],
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

#[test]
fn the_walk_of_the_documentation_runs() {
    let commands = documented_commands(&read_document("docs/profiles.md"), "## A walk");
    assert!(
        commands.matches("terrain_change ").count() >= 9,
        "{commands}"
    );
    let dir = tempfile::tempdir().unwrap();
    well(&run_commands(&commands, dir.path()));
    assert_eq!(
        summary(&dir.path().join("by_name"))["profile"]["shipped"],
        true
    );
}

/// Refuses a table of keys that has others than the program prints, or other defaults, options and
/// units.
fn is_documented(table: &str, printed: &[Line], not_shown: &str) {
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            line.trim_matches('|')
                .split(" | ")
                .map(|cell| cell.trim().trim_matches('`'))
                .collect()
        })
        .collect();
    let names: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    let known: Vec<&str> = printed.iter().map(|line| line.key.as_str()).collect();
    assert_eq!(names, known);
    for (row, Line { key, option, says }) in rows.iter().zip(printed) {
        assert_eq!(row[1], option, "{key}");
        let default = says
            .strip_prefix("= ")
            .or(says.strip_prefix("is "))
            .unwrap_or(not_shown);
        assert_eq!(row[3], default, "{key}");
        let units = [("_m", "m"), ("_deg", "°"), ("_s", "s"), ("_mib", "MiB")];
        let unit = units
            .iter()
            .find(|(end, _)| key.ends_with(end))
            .map_or(row[2], |(_, unit)| *unit);
        assert_eq!(row[2], unit, "{key}");
        assert!(row[4].len() > 5, "{key} is not explained");
    }
}

#[test]
fn the_documentation_has_every_key_as_it_is() {
    let text = read_document("docs/profiles.md");
    let (of_change, of_emission) = text.split_once("\n## emission\n").unwrap();
    let of_change = of_change.split("## All keys").nth(1).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let printed = lines(&print(dir.path(), &["a.laz", "b.laz", "--claim", "4"]));
    // Points of a made scene have no effect beside files: what holds without them stands in the
    // help.
    is_documented(of_change, &printed, "1000000");
    let printed = lines(&well(&emission(
        dir.path(),
        &["--print-profile", "--claim", "4"],
    )));
    is_documented(of_emission, &printed, "");
}

/// What says which part of a run a process does.
const OF_SHARES: [&str; 6] = [
    "--plan",
    "--shard",
    "--shard-index",
    "--claim",
    "--worker",
    "--merge",
];

#[test]
fn every_option_is_a_key_or_no_parameter() {
    let dir = tempfile::tempdir().unwrap();
    let of_profiles = [
        "--profile",
        "--print-profile",
        "--unset",
        "--help",
        "--out",
        "--force",
    ];
    // Paths of inputs, and what a process does of a run.
    let of_change = [
        &["--stable", "--areas", "--fresh", "--only-tile", "--parts"][..],
        &OF_SHARES,
    ];
    let of_emission = [
        &[
            "--instrument",
            "--counts",
            "--sigma",
            "--response",
            "--response-log-t",
            "--log-t-edges",
        ][..],
        &[&["--degradation-table"], &OF_SHARES[..]].concat(),
    ];
    for (program, outside) in [("terrain_change", of_change), ("emission", of_emission)] {
        let say = |argument: &str| match program {
            "emission" => well(&emission(dir.path(), &[argument])),
            _ => well(&run(dir.path(), &[argument])),
        };
        let help = say("--help");
        let options: Vec<&str> = help
            .lines()
            .filter_map(|line| {
                line.strip_prefix("      --")
                    .or(line.strip_prefix("  -h, --"))
                    .map(|_| line.trim())
            })
            .map(|line| {
                line.trim_start_matches("-h, ")
                    .split([' ', '[', '='])
                    .next()
                    .unwrap()
            })
            .collect();
        assert!(options.len() > 40, "{options:?}");
        let mut known: Vec<String> = lines(&say("--print-profile"))
            .into_iter()
            .map(|line| line.option)
            .collect();
        known.extend(
            outside
                .concat()
                .iter()
                .chain(&of_profiles)
                .map(|option| (*option).to_owned()),
        );
        let mut options: Vec<String> = options.into_iter().map(str::to_owned).collect();
        known.sort();
        options.sort();
        assert_eq!(options, known, "{program}");
    }
}

fn emission(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(program("emission"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn emission_has_profiles_in_the_same_sense() {
    let dir = tempfile::tempdir().unwrap();
    well(&run_commands(
        &documented_commands(&read_document("docs/profiles.md"), "\n## emission\n"),
        dir.path(),
    ));
    let by_file = summary(&dir.path().join("by_file"));
    assert_eq!(by_file["profile"]["name"], "sun.toml");
    assert_eq!(
        by_file["made_from"]["parameters"],
        summary(&dir.path().join("by_option"))["made_from"]["parameters"]
    );
    let profile = |text: &str| fs::write(dir.path().join("p.toml"), text).unwrap();
    // What is printed is a profile that prints itself.
    let all = [
        "--method",
        "positive",
        "--curve",
        "3,4",
        "--curve",
        "1:2,3:9",
        "--systematic",
        "0.1",
        "a.fits",
        "--align",
    ];
    let text = well(&emission(
        dir.path(),
        &[&all[..], &["--print-profile"]].concat(),
    ));
    assert!(
        text.contains("\ncurves = [\"3,4\", \"1:2,3:9\"]\n") && text.contains("\nalign = true\n"),
        "{text}"
    );
    assert!(
        text.contains("\n# growth has no effect with inversion.method\n"),
        "{text}"
    );
    profile(&text);
    assert_eq!(
        well(&emission(
            dir.path(),
            &["a.fits", "--profile", "p.toml", "--print-profile"]
        )),
        text
    );
    let off = well(&emission(
        dir.path(),
        &[
            "a.fits",
            "--profile",
            "p.toml",
            "--align=false",
            "--print-profile",
        ],
    ));
    assert!(off.contains("\nalign = false\n"), "{off}");
    for (text, words) in [
        (
            "[images]\nalign = true\n",
            &["p.toml:2: images.align: has no effect without <FILES>"][..],
        ),
        (
            "[images]\nseries = false\nunaligned = true\n",
            &["p.toml:3: images.unaligned: has no effect without"],
        ),
        (
            "[inversion]\nmethod = \"positive\"\ngrowth = 2\n",
            &["p.toml:3: inversion.growth: has no effect with inversion.method"],
        ),
        (
            "[inversion]\ncompat = true\nnegative_tolerance = 2\n",
            &["has no effect with inversion.negative_tolerance"],
        ),
        (
            "[output]\nformat = \"npy\"\ncompress = \"rice\"\n",
            &["p.toml:3: output.compress: --compress is for FITS"],
        ),
        (
            "[temperature]\nbins = 0\n",
            &["p.toml:2: temperature.bins: --bins is 0"],
        ),
        (
            "[temperature]\nlog_t = [7.1, 5.7]\n",
            &["temperature.log_t", "the lower first"],
        ),
        (
            "[counts]\nsystematic = [\"x=y\"]\n",
            &["counts.systematic", "is not a number"],
        ),
        (
            "[temperature]\nbin = 4\n",
            &["`bin` in [temperature]", "did you mean `bins`?"],
        ),
    ] {
        profile(text);
        refused(&emission(dir.path(), &["--profile", "p.toml"]), words);
    }
    refused(
        &emission(dir.path(), &["--profile", "airborne"]),
        &["no such file"],
    );
}
