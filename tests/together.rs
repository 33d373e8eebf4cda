//! Runs beside each other in one folder: whoever says success has whole, right files. And nothing
//! of anybody's is written over.
//!
//! Two runs of one command, doubled merges, a run beside a shard of it, in 6 random timings each,
//! or as many as `ISOPACH_TIMINGS` says.

#![cfg(unix)]
#![allow(missing_docs)]

use isopach_survey::scene;
use isopach_testkit::{message::message, place::Place, program::program};
use scene::Scene;
use std::{
    fs,
    ops::Deref,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

/// A place, and what one run alone does there.
struct Beside {
    place: Place,
    /// The results.
    expected: Vec<Vec<u8>>,
    /// How long it takes.
    takes: Duration,
}

impl Deref for Beside {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.place
    }
}

impl Beside {
    fn new() -> Self {
        let place = Place::with(16_000);
        let start = Instant::now();
        let output = place.run("alone", &[]);
        assert!(output.status.success(), "{}", message(&output));
        let (takes, expected) = (start.elapsed(), place.results("alone"));
        Self {
            place,
            expected,
            takes,
        }
    }

    fn spawn(&self, out: &str, more: &[&str]) -> Child {
        self.command(out, more).spawn().unwrap()
    }

    /// Whether a process succeeded; refuses a success without whole, right files, and a failure
    /// without a reason.
    fn succeeded(&self, out: &str, child: Child) -> bool {
        let output = child.wait_with_output().unwrap();
        if output.status.success() {
            assert!(
                self.results(out) == self.expected,
                "success, but other files"
            );
            let summary = fs::read(self.path(out).join("summary.json")).unwrap();
            serde_json::from_slice::<serde_json::Value>(&summary).unwrap();
        } else {
            assert_eq!(output.status.code(), Some(75), "{}", message(&output));
            assert_eq!(message(&output).lines().count(), 1, "{}", message(&output));
        }
        output.status.success()
    }

    /// Refuses anything but results in a folder.
    fn is_tidy(&self, out: &str) {
        let mut names: Vec<String> = fs::read_dir(self.path(out))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        let results = [
            "c2c.laz",
            "dod.qml",
            "dod.tif",
            "dod_lod.qml",
            "dod_lod.tif",
            "index.html",
            "m3c2.laz",
        ];
        assert_eq!(names, [&results[..], &["summary.json"]].concat());
    }
}

fn refused(output: &Output, words: &[&str]) {
    let message = message(output);
    assert!(
        matches!(output.status.code(), Some(2 | 3 | 75)),
        "{message}"
    );
    words
        .iter()
        .for_each(|word| assert!(message.contains(word), "{message:?} does not say {word:?}"));
}

fn timings() -> u64 {
    std::env::var("ISOPACH_TIMINGS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(6)
}

/// A share in [0, 1) that is scattered.
fn random(i: u64) -> f64 {
    (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11) as f64 / (1_u64 << 53) as f64
}

#[test]
fn two_runs_of_one_command() {
    let place = Beside::new();
    for timing in 0..timings() {
        let first = place.spawn("out", &[]);
        std::thread::sleep(place.takes.mul_f64(1.3 * random(timing)));
        let second = place.spawn("out", &[]);
        let done = [
            place.succeeded("out", first),
            place.succeeded("out", second),
        ];
        assert!(done[0] || done[1], "one of them has the folder");
        place.is_tidy("out");
        assert!(place.results("out") == place.expected);
        fs::remove_dir_all(place.path("out")).unwrap();
    }
}

#[test]
fn doubled_merges() {
    let place = Beside::new();
    for timing in 0..timings() {
        for shard in ["1/2", "2/2"] {
            let output = place.run("out", &["--shard", shard]);
            assert!(output.status.success(), "{}", message(&output));
        }
        let first = place.spawn("out", &["--merge"]);
        std::thread::sleep(place.takes.mul_f64(0.7 * random(timing)));
        let second = place.spawn("out", &["--merge"]);
        assert!(
            place.succeeded("out", first),
            "one merge at least has all tiles"
        );
        assert!(
            place.succeeded("out", second),
            "and the other finds them merged"
        );
        place.is_tidy("out");
        fs::remove_dir_all(place.path("out")).unwrap();
    }
}

#[test]
fn a_run_beside_a_shard_of_it() {
    let place = Beside::new();
    for timing in 0..timings() {
        let shard = || place.spawn("out", &["--shard", "1/2"]);
        let run = || place.spawn("out", &[]);
        let pause = place.takes.mul_f64(random(timing));
        let (run, shard) = if timing % 2 == 0 {
            let shard = shard();
            std::thread::sleep(pause);
            (run(), shard)
        } else {
            let run = run();
            std::thread::sleep(pause);
            (run, shard())
        };
        let finished = place.succeeded("out", run);
        let shard = shard.wait_with_output().unwrap();
        assert!(finished || shard.status.success(), "{}", message(&shard));
        // What is there afterwards goes on to the same bytes.
        let output = place.run("out", &[]);
        assert!(output.status.success(), "{}", message(&output));
        assert!(place.results("out") == place.expected);
        place.is_tidy("out");
        fs::remove_dir_all(place.path("out")).unwrap();
    }
}

#[test]
fn shards_work_together_and_another_manifest_is_refused() {
    let place = Beside::new();
    let shards = ["1/3", "2/3", "3/3"].map(|shard| place.spawn("out", &["--shard", shard]));
    for shard in shards {
        let output = shard.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", message(&output));
    }
    refused(
        &place.run("out", &["--shard", "1/3", "--depth", "3"]),
        &["other parameters", "remove"],
    );
    assert!(place.run("out", &["--merge"]).status.success());
    assert!(place.results("out") == place.expected);
    refused(&place.run("nowhere", &["--merge"]), &["no shard"]);
    assert!(!place.path("nowhere").exists());
}

#[test]
fn a_lock_of_another_machine_is_named_with_the_remedy() {
    let place = Beside::new();
    let lock = place.path("out/.lock");
    fs::create_dir(place.path("out")).unwrap();
    fs::write(
        &lock,
        "held alone\nprocess 4711\nhost elsewhere\nmachine another\n",
    )
    .unwrap();
    refused(
        &place.run("out", &[]),
        &["process 4711 on elsewhere", "remove", ".lock"],
    );
    fs::remove_file(&lock).unwrap();
    assert!(place.run("out", &[]).status.success());
    place.is_tidy("out");
}

#[test]
fn finished_results_are_written_over_by_the_same_run_or_by_force() {
    let place = Beside::new();
    assert!(
        place.run("alone", &[]).status.success(),
        "the same command again"
    );
    refused(
        &place.run("alone", &["--depth", "3"]),
        &["finished results of other parameters", "--out", "--force"],
    );
    assert!(place.results("alone") == place.expected);
    assert!(
        place
            .run("alone", &["--depth", "3", "--force"])
            .status
            .success()
    );
    refused(
        &place.run("alone", &[]),
        &["projection_depth_m 3.0, now 5.0"],
    );
    Scene::new(16_000, 10)
        .write(&place.path("before.laz"), &place.path("unused.laz"))
        .unwrap();
    refused(&place.run("alone", &["--depth", "3"]), &["other inputs"]);
    // Files of which nobody knows what made them.
    fs::create_dir(place.path("own")).unwrap();
    fs::write(place.path("own/dod.tif"), b"precious").unwrap();
    refused(&place.run("own", &[]), &["unknown inputs", "--force"]);
    assert_eq!(fs::read(place.path("own/dod.tif")).unwrap(), b"precious");
}

#[test]
fn two_runs_of_emission() {
    let dir = tempfile::tempdir().unwrap();
    let run = |out: &str, more: &[&str]| {
        let mut command = Command::new(program("emission"));
        command
            .args(["--backend", "cpu", "--size", "48", "--bins", "12", "--out"])
            .arg(dir.path().join(out))
            .args(more);
        command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let files = |out: &str| {
        ["emission.fits", "status.png"].map(|name| fs::read(dir.path().join(out).join(name)).ok())
    };
    let start = Instant::now();
    assert!(run("alone", &[]).wait().unwrap().success());
    let (takes, expected) = (start.elapsed(), files("alone"));
    assert!(expected.iter().all(Option::is_some));
    let succeeded = |child: Child| {
        let output = child.wait_with_output().unwrap();
        if output.status.success() {
            assert!(files("out") == expected, "success, but other files");
            serde_json::from_slice::<serde_json::Value>(
                &fs::read(dir.path().join("out/summary.json")).unwrap(),
            )
            .unwrap();
        } else {
            refused(&output, &["another run is at work"]);
            assert_eq!(output.status.code(), Some(75), "{}", message(&output));
            assert_eq!(message(&output).lines().count(), 1, "{}", message(&output));
        }
        output.status.success()
    };
    for timing in 0..timings() {
        // Every other time over results of another run.
        let more: &[&str] = if timing % 2 == 0 { &[] } else { &["--force"] };
        if timing % 2 == 1 {
            assert!(
                run("out", &["--max-iterations", "2"])
                    .wait()
                    .unwrap()
                    .success()
            );
        }
        let first = run("out", more);
        std::thread::sleep(takes.mul_f64(1.3 * random(timing)));
        let second = run("out", more);
        let done = [succeeded(first), succeeded(second)];
        assert!(done[0] || done[1], "one of them has the folder");
        assert!(files("out") == expected && !dir.path().join("out/.lock").exists());
        fs::remove_dir_all(dir.path().join("out")).unwrap();
    }
}

#[test]
fn no_file_of_anybody_is_written_over_whatever_output_has_its_name() {
    let place = Beside::new();
    for (number, name) in ["dod.tif", "before.tif", "index.html"].iter().enumerate() {
        let own = format!("own{number}");
        fs::create_dir(place.path(&own)).unwrap();
        let file = place.path(&own).join(name);
        fs::write(&file, b"precious").unwrap();
        refused(
            &place.run(&own, &["--rasters", "before"]),
            &["unknown inputs", "--force"],
        );
        assert_eq!(fs::read(&file).unwrap(), b"precious", "{name}");
        assert!(
            place
                .run(&own, &["--rasters", "before", "--force"])
                .status
                .success(),
            "{name}"
        );
        assert_ne!(fs::read(&file).unwrap(), b"precious", "{name}");
    }
    // What this run does not write is no matter.
    fs::create_dir(place.path("beside")).unwrap();
    fs::write(place.path("beside/before.tif"), b"precious").unwrap();
    fs::write(place.path("beside/plan.json"), b"precious").unwrap();
    assert!(place.run("beside", &[]).status.success());
    assert_eq!(
        fs::read(place.path("beside/before.tif")).unwrap(),
        b"precious"
    );
    assert!(
        place
            .run("beside", &["--depth", "3", "--force"])
            .status
            .success()
    );
    assert_eq!(
        fs::read(place.path("beside/before.tif")).unwrap(),
        b"precious",
        "no result of the run before"
    );
    assert_eq!(
        fs::read(place.path("beside/plan.json")).unwrap(),
        b"precious"
    );
}

#[test]
fn inputs_are_not_written_over_by_rasters() {
    let place = Beside::new();
    fs::create_dir(place.path("named")).unwrap();
    let areas = place.path("named/before.tif");
    fs::write(&areas, r#"{"type": "FeatureCollection", "features": []}"#).unwrap();
    let text = areas.to_str().unwrap();
    refused(
        &place.run("named", &["--rasters", "before", "--areas", text]),
        &["is an input", "before.tif"],
    );
}

#[test]
fn nothing_of_other_results_stays_beside_these() {
    let place = Beside::new();
    assert!(
        place
            .run("out", &["--rasters", "before,status"])
            .status
            .success()
    );
    assert!(
        place
            .run("out", &["--rasters", "status", "--force"])
            .status
            .success()
    );
    let there = |name: &str| place.path("out").join(name).exists();
    assert!(
        there("dod_status.tif")
            && there("dod_status.qml")
            && !there("before.tif")
            && !there("before.qml")
    );
    refused(
        &place.run("out", &["--fresh"]),
        &["finished results of other parameters", "--force"],
    );
    assert!(there("dod_status.tif"));
    assert!(place.run("out", &["--fresh", "--force"]).status.success());
    place.is_tidy("out");
    assert!(place.results("out") == place.expected);
}

#[test]
fn a_style_of_somebody_stays_and_one_of_this_program_follows_its_raster() {
    let place = Beside::new();
    let [own, stale] = ["dod.qml", "before.qml"].map(|name| place.path("out").join(name));
    fs::create_dir(place.path("out")).unwrap();
    fs::write(&own, "<qgis>mine</qgis>").unwrap();
    let run = |more: &[&str]| {
        let output = place
            .command("out", more)
            .stdout(Stdio::piped())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", message(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let said = run(&["--rasters", "before"]);
    assert!(
        said.lines()
            .any(|line| line.starts_with("kept") && line.contains("dod.qml")),
        "{said}"
    );
    assert_eq!(fs::read(&own).unwrap(), b"<qgis>mine</qgis>");
    // One that was written here, and changed since.
    let written = fs::read_to_string(&stale).unwrap();
    let changed = written.replacen("INTERPOLATED", "DISCRETE", 1);
    assert_ne!(written, changed);
    fs::write(&stale, &changed).unwrap();
    fs::remove_file(&own).unwrap();
    assert!(!run(&["--rasters", "before"]).contains("dod.qml"));
    assert_eq!(fs::read_to_string(&stale).unwrap(), changed);
    run(&["--force"]);
    assert!(
        !place.path("out/before.tif").exists() && fs::read_to_string(&stale).unwrap() == changed
    );
    // And one that nobody changed follows the colours of the run.
    let first = fs::read(&own).unwrap();
    Scene::new(16_000, 11)
        .write(&place.path("before.laz"), &place.path("unused.laz"))
        .unwrap();
    run(&["--force"]);
    assert_ne!(fs::read(&own).unwrap(), first);
}

#[test]
fn to_begin_anew_is_no_consent_to_write_over_others() {
    let place = Beside::new();
    // The begun run is not forgotten by one that is refused.
    assert!(place.run("begun", &["--shard", "1/2"]).status.success());
    fs::rename(place.path("begun/.run"), place.path("alone/.run")).unwrap();
    refused(
        &place.run("alone", &["--fresh", "--depth", "3"]),
        &["finished results of other parameters", "--force"],
    );
    assert!(
        place.path("alone/.run/manifest.json").exists() && place.results("alone") == place.expected
    );
    assert!(place.run("alone", &["--fresh"]).status.success());
    place.is_tidy("alone");
    assert!(place.results("alone") == place.expected);
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let place = Beside::new();
    for name in [
        "dod.tif",
        "dod_lod.tif",
        "m3c2.laz",
        "c2c.laz",
        "before.tif",
        "index.html",
        "summary.json",
    ] {
        fs::create_dir_all(place.path("out").join(name)).unwrap();
        let text = place.path("out").join(name);
        refused(
            &place.run("out", &["--rasters", "before", "--force"]),
            &[text.to_str().unwrap(), "directory"],
        );
        assert!(text.is_dir(), "{name}");
        fs::remove_dir_all(place.path("out")).unwrap();
    }
}

#[test]
fn results_are_no_epochs_and_inputs_are_not_written_over() {
    let place = Beside::new();
    let change = |before: &str, after: &str, out: &str| {
        let mut command = Command::new(program("terrain_change"));
        command
            .arg(place.path(before))
            .arg(place.path(after))
            .args(["--backend", "cpu", "--align", "none", "--out"]);
        command.arg(place.path(out)).output().unwrap()
    };
    // A folder of files that results would lie in.
    fs::create_dir(place.path("new")).unwrap();
    fs::copy(place.path("after.laz"), place.path("new/after.laz")).unwrap();
    refused(
        &change("before.laz", "new", "new"),
        &["would lie among the inputs", "--out"],
    );
    // Results that lie in it all the same.
    fs::copy(place.path("alone/m3c2.laz"), place.path("new/renamed.laz")).unwrap();
    refused(
        &change("before.laz", "new", "elsewhere"),
        &["renamed.laz", "result", "m3c2_distance"],
    );
    // An input that has the name of a result.
    fs::create_dir(place.path("named")).unwrap();
    fs::copy(place.path("before.laz"), place.path("named/m3c2.laz")).unwrap();
    let before = fs::read(place.path("named/m3c2.laz")).unwrap();
    refused(
        &change("named/m3c2.laz", "after.laz", "named"),
        &["is an input", "overwrite"],
    );
    assert!(fs::read(place.path("named/m3c2.laz")).unwrap() == before);
}

#[test]
fn a_run_that_a_damaged_file_ended_goes_on_with_the_repaired_one() {
    let place = Beside::new();
    let after = place.path("after.laz");
    let whole = fs::read(&after).unwrap();
    let mut torn = whole.clone();
    let middle = torn.len() / 2;
    torn[middle..middle + 2_000].fill(0xFF);
    fs::write(&after, &torn).unwrap();
    // So little memory that the epochs are not read at the start.
    refused(&place.run("out", &["--memory", "30MiB"]), &["after.laz"]);
    fs::write(&after, &whole).unwrap();
    let output = place.run("out", &["--memory", "30MiB"]);
    assert!(output.status.success(), "{}", message(&output));
    assert!(place.results("out") == place.expected);
}

#[test]
fn two_runs_do_not_clear_each_others_points() {
    let place = Beside::new();
    Scene::new(400_000, 9)
        .write(&place.path("before.laz"), &place.path("after.laz"))
        .unwrap();
    let spill = place.path("spill");
    let little = [
        "--memory",
        "30MiB",
        "--tile-size",
        "300",
        "--core-spacing",
        "5",
        "--normal-radii",
        "1",
        "--depth",
        "1",
        "--spill-dir",
    ];
    let command = |out: &str| {
        let mut command = Command::new(program("terrain_change"));
        command
            .arg(place.path("before.laz"))
            .arg(place.path("after.laz"))
            .args(["--backend", "cpu", "--align", "none"]);
        command
            .args(["--classes", "2", "--out"])
            .arg(place.path(out))
            .args(little)
            .arg(&spill);
        command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let runs = ["first", "second", "third"].map(|out| {
        std::thread::sleep(Duration::from_millis(700));
        command(out)
    });
    for run in runs {
        let output = run.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", message(&output));
    }
    assert!(
        place.results("first") == place.results("second")
            && place.results("first") == place.results("third")
    );
    assert_eq!(fs::read_dir(&spill).unwrap().count(), 0);
}
