//! A run of features that is killed, or ended by SIGTERM, goes on with the same command and ends
//! with the same bytes.

#![cfg(unix)]
#![allow(missing_docs)]

mod stopping;

use isopach_program::signals::count_results;
use isopach_survey::scene::Scene;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
};
use stopping::{errors, signal, stop_between};
use tempfile::TempDir;

/// A survey of one file, and outputs beside it.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Self { folder };
        let [input, other] = ["in.laz", "other.laz"].map(|name| place.path(name));
        Scene::new(40_000, 9).write(&input, &other).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The run: small tiles, heights above ground beside the features.
    fn command(&self, out: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_isopach"));
        let words = "--radius 1,2 --height tin --ground-distance 8 --backend cpu --tile-size 20";
        command.env("XDG_RUNTIME_DIR", std::env::temp_dir());
        command.arg("features").arg(self.path("in.laz"));
        command
            .arg(self.path(out))
            .args(words.split(' '))
            .args(more);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn finish(&self, out: &str) {
        let output = self.command(out, &[]).output().unwrap();
        assert!(output.status.success(), "{}", errors(&output));
    }

    /// Tiles whose results are kept.
    fn tiles_kept(&self, out: &str) -> usize {
        count_results(&self.path(&format!("{out}.run")))
    }

    /// The run, stopped between its first and its last tile.
    fn stopped(&self, out: &str, tiles: usize) -> Child {
        stop_between(
            || self.command(out, &[]),
            || self.tiles_kept(out) >= tiles,
            || self.tiles_kept(out) >= tiles && !self.path(out).exists(),
            || fs::remove_file(self.path(out)).unwrap(),
        )
    }

    fn kill_after(&self, out: &str, tiles: usize) {
        let mut child = self.stopped(out, tiles);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn summary(&self, out: &str) -> Value {
        let text = fs::read_to_string(self.path(&format!("{out}.json"))).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// The results of two outputs are the same bytes, and nothing else lies beside them.
    fn same(&self, first: &str, second: &str) {
        for ending in ["", ".html"] {
            let read = |out: &str| fs::read(self.path(&format!("{out}{ending}"))).unwrap();
            assert!(
                read(first) == read(second),
                "{first} and {second}: {ending}"
            );
        }
        let there = fs::read_dir(self.folder.path()).unwrap();
        let there: BTreeSet<String> = there
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let outputs = [first, second]
            .into_iter()
            .flat_map(|out| ["", ".html", ".json"].map(|ending| format!("{out}{ending}")));
        let inputs = ["in.laz", "other.laz"].map(str::to_owned);
        assert_eq!(there, outputs.chain(inputs).collect());
    }
}

#[test]
fn killed_it_goes_on_and_ends_with_the_same_bytes() {
    let place = Place::new();
    place.finish("whole.laz");
    for tiles in [1, 4] {
        place.kill_after("killed.laz", tiles);
        let kept = place.tiles_kept("killed.laz");
        place.finish("killed.laz");
        let summary = place.summary("killed.laz");
        let taken = summary["tiles_kept"].as_u64().unwrap() as usize;
        assert!(
            taken + 2 >= kept && taken >= 1,
            "{taken} of {kept}: one or two may be half written"
        );
        assert_eq!(summary["columns"], place.summary("whole.laz")["columns"]);
        place.same("whole.laz", "killed.laz");
        fs::remove_file(place.path("killed.laz")).unwrap();
    }
}

#[test]
fn after_sigterm_it_says_how_to_go_on_and_ends_with_75() {
    let place = Place::new();
    let child = place.stopped("out.laz", 2);
    signal(&child, "-TERM");
    signal(&child, "-CONT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(75), "{}", errors(&output));
    let words = errors(&output);
    assert!(
        words.contains("the same command continues from there"),
        "{words}"
    );
    place.finish("out.laz");
    place.finish("whole.laz");
    place.same("whole.laz", "out.laz");
}

#[test]
fn other_parameters_are_refused_until_the_run_is_forgotten() {
    let place = Place::new();
    place.kill_after("out.laz", 2);
    for other in [
        &["--features", "lod2"] as &[&str],
        &["--keep-noise"],
        &["--towards", "0,0,50"],
    ] {
        let output = place.command("out.laz", other).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
        assert!(
            errors(&output).contains("other parameters"),
            "{}",
            errors(&output)
        );
        assert!(!place.path("out.laz").exists());
    }
    fs::copy(place.path("in.laz"), place.path("kept.laz")).unwrap();
    fs::copy(place.path("other.laz"), place.path("in.laz")).unwrap();
    let output = place.command("out.laz", &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
    assert!(errors(&output).contains("in.laz"), "{}", errors(&output));
    fs::rename(place.path("kept.laz"), place.path("in.laz")).unwrap();
    let output = place
        .command("out.laz", &["--features", "lod2", "--fresh"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", errors(&output));
    assert_eq!(place.summary("out.laz")["tiles_kept"], 0);
}

#[test]
fn an_output_among_the_inputs_is_refused() {
    let place = Place::new();
    let before = fs::read(place.path("in.laz")).unwrap();
    let output = place.command("in.laz", &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
    assert!(fs::read(place.path("in.laz")).unwrap() == before);
    assert!(!place.path("in.laz.run").exists());
}
