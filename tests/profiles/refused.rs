//! Profiles that cannot be: each is refused with file, line and key.

use super::*;

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

/// The program's answer to a profile, which lies in a folder of its own.
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
    // With the option it needs it is alive.
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
