//! A run of patches that is killed, or ended by SIGTERM, goes on with the same command and ends
//! with the same bytes.

#![cfg(unix)]
#![allow(missing_docs)]

mod stopping;

use isopach_program::signals::count_results;
use isopach_survey::scene::Scene;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use stopping::{errors, signal, stop_between};
use tempfile::TempDir;

/// A survey of one file, and outputs beside it.
struct Place {
    folder: TempDir,
}

/// Small tiles; features and heights, copies, normalised; points are left out.
const WORDS: &str = "--side 10 --overlap 2 --points 300 --at-least 50 --features minimal,nx,ny,nz --radius 1,2 \
    --height tin --ground-distance 8 --normalise --copies 1 --rotate --classes 1,2,3,4,5 \
    --backend cpu --tile-size 20";

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

    fn command(&self, out: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_isopach"));
        command.env("XDG_RUNTIME_DIR", std::env::temp_dir());
        command.arg("patches").arg(self.path("in.laz"));
        command
            .arg(self.path(out))
            .args(WORDS.split_whitespace())
            .args(more);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs to the end; what the program said.
    fn finish(&self, out: &str, more: &[&str]) -> String {
        let output = self.command(out, more).output().unwrap();
        assert!(output.status.success(), "{}", errors(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Tiles whose results are kept.
    fn tiles_kept(&self, out: &str) -> usize {
        count_results(&self.path(&format!("{out}.run")))
    }

    /// The run, stopped after so many tiles and before its end.
    fn stopped(&self, out: &str, tiles: usize) -> Child {
        stop_between(
            || self.command(out, &[]),
            || self.tiles_kept(out) >= tiles,
            || self.tiles_kept(out) >= tiles && !self.path(out).exists(),
            || fs::remove_dir_all(self.path(out)).unwrap(),
        )
    }

    fn kill_after(&self, out: &str, tiles: usize) {
        let mut child = self.stopped(out, tiles);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// The folders are the same bytes, and nothing else lies beside them.
    fn same(&self, first: &str, second: &str) {
        assert!(
            contents(&self.path(first)) == contents(&self.path(second)),
            "{first} and {second}"
        );
        let there = fs::read_dir(self.folder.path()).unwrap();
        let there: BTreeSet<String> = there
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let expected = [first, second, "in.laz", "other.laz"].map(str::to_owned);
        assert_eq!(there, expected.into());
    }
}

/// All files of a folder.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}

#[test]
fn killed_it_goes_on_and_ends_with_the_same_bytes() {
    let place = Place::new();
    place.finish("whole", &[]);
    assert!(contents(&place.path("whole")).len() > 1);
    for tiles in [1, 4] {
        place.kill_after("killed", tiles);
        let said = place.finish("killed", &[]);
        assert!(said.contains("tiles kept from an earlier run: "), "{said}");
        place.same("whole", "killed");
        fs::remove_dir_all(place.path("killed")).unwrap();
    }
}

#[test]
fn after_sigterm_it_says_how_to_go_on_and_ends_with_75() {
    let place = Place::new();
    let child = place.stopped("out", 2);
    signal(&child, "-TERM");
    signal(&child, "-CONT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(75), "{}", errors(&output));
    let words = errors(&output);
    let how = "the same command continues from there";
    assert!(words.contains(how), "{words}");
    place.finish("out", &[]);
    place.finish("whole", &[]);
    place.same("whole", "out");
}

#[test]
fn other_parameters_are_refused_until_the_run_is_forgotten() {
    let place = Place::new();
    place.kill_after("out", 2);
    for other in [
        &["--seed", "3"] as &[&str],
        &["--keep-noise"],
        &["--zero-height", "7"],
    ] {
        let output = place.command("out", other).output().unwrap();
        let words = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{words}");
        assert!(words.contains("other parameters"), "{words}");
        assert!(!place.path("out").exists());
    }
    let said = place.finish("out", &["--seed", "3", "--fresh"]);
    assert!(!said.contains("tiles kept"), "{said}");
}

#[test]
fn files_of_another_kind_are_made_of_the_tiles_that_are_kept() {
    let place = Place::new();
    place.kill_after("out", 2);
    let said = place.finish("out", &["--format", "npy"]);
    assert!(said.contains("tiles kept from an earlier run: "), "{said}");
    place.finish("whole", &["--format", "npy"]);
    place.same("whole", "out");
}
