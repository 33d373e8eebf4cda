//! A run of colours as a process: killed, or ended by SIGTERM, it goes on with the same command and
//! ends with the same bytes; faults end with the code that says whether to try again.

#![cfg(unix)]
#![allow(missing_docs)]

mod stopping;

use isopach::{
    raster::{Grid, Raster, write_geotiff},
    tiling::PointSource as _,
};
use isopach_survey::scene::Scene;
use serde_json::Value;
use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};
use stopping::{errors, signal, stop_between};
use tempfile::TempDir;

/// Tiles that are there before a run is stopped: of each thread the last may be half written.
const FEWEST: usize = 6;

/// A survey of one file and an image of it.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Self { folder };
        let [input, other] = ["in.laz", "other.laz"].map(|name| place.path(name));
        Scene::new(40_000, 9).write(&input, &other).unwrap();
        let survey = isopach::las::Las::open(&input).unwrap();
        let extent = survey.extent();
        let cells = Grid::covering(&extent, 0.5).unwrap();
        let value = |i: usize| (i % 100) as f64 / 100.0;
        let values = (0..cells.rows * cells.columns).map(value).collect();
        let raster = Raster::from_rows(cells, values).unwrap();
        let crs = survey.crs().cloned().unwrap_or_default();
        write_geotiff(place.path("ortho.tif"), &raster, &crs).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, out: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_isopach"));
        command.env("XDG_RUNTIME_DIR", std::env::temp_dir());
        command.arg("colour").arg(self.path("in.laz"));
        command.arg(self.path(out));
        command.arg("--images").arg(self.path("ortho.tif"));
        let words = ["--backend", "cpu", "--tile-size", "4", "--range", "0,1"];
        command.args(words).args(more);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, out: &str, more: &[&str]) -> Output {
        self.command(out, more).output().unwrap()
    }

    fn finish(&self, out: &str) -> Value {
        let output = self.run(out, &[]);
        assert!(output.status.success(), "{}", errors(&output));
        let text = fs::read_to_string(self.path(&format!("{out}.json"))).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Tiles with points whose results are kept: others have no part.
    fn tiles_kept(&self, out: &str) -> usize {
        let tiles = self.path(&format!("{out}.run")).join("tiles");
        let files = fs::read_dir(tiles).into_iter().flatten().flatten();
        let names = files.filter_map(|file| file.file_name().into_string().ok());
        names
            .filter(|name| name.ends_with(".tile") && !name.ends_with("-0-0.tile"))
            .count()
    }

    /// The run, stopped between its first and its last tile.
    fn stopped(&self, out: &str) -> Child {
        stop_between(
            || self.command(out, &[]),
            || self.tiles_kept(out) >= FEWEST,
            || self.tiles_kept(out) >= FEWEST && !self.path(out).exists(),
            || fs::remove_file(self.path(out)).unwrap(),
        )
    }

    /// The files and pages of two outputs are the same bytes.
    fn same(&self, first: &str, second: &str) {
        for ending in ["", ".html"] {
            let read = |out: &str| fs::read(self.path(&format!("{out}{ending}"))).unwrap();
            assert!(
                read(first) == read(second),
                "{first} and {second}: {ending}"
            );
        }
    }
}

#[test]
fn killed_it_goes_on_and_ends_with_the_same_bytes() {
    let place = Place::new();
    let whole = place.finish("whole.laz");
    assert!(whole["tiles"].as_u64().unwrap() > 20, "{whole}");
    let mut child = place.stopped("killed.laz");
    child.kill().unwrap();
    child.wait().unwrap();
    let killed = place.finish("killed.laz");
    assert!(killed["tiles_kept"].as_u64().unwrap() >= 1);
    assert_eq!(killed["images"], whole["images"]);
    assert_eq!(killed["without_colour"], whole["without_colour"]);
    place.same("whole.laz", "killed.laz");
    assert!(!place.path("killed.laz.run").exists());
}

#[test]
fn after_sigterm_it_says_how_to_go_on_and_other_parameters_are_refused() {
    let place = Place::new();
    let child = place.stopped("out.laz");
    signal(&child, "-TERM");
    signal(&child, "-CONT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(75), "{}", errors(&output));
    let words = errors(&output);
    assert!(
        words.contains("the same command continues from there"),
        "{words}"
    );
    let other = place.run("out.laz", &["--sampling", "nearest"]);
    assert_eq!(other.status.code(), Some(2), "{}", errors(&other));
    place.finish("out.laz");
    place.finish("whole.laz");
    place.same("whole.laz", "out.laz");
}

#[test]
fn faults_end_with_the_code_that_says_whether_to_try_again() {
    let place = Place::new();
    let mut bytes = fs::read(place.path("ortho.tif")).unwrap();
    let end = bytes.len();
    bytes[end / 2..end / 2 + 200].fill(0xA5);
    fs::write(place.path("ortho.tif"), bytes).unwrap();
    let damaged = place.run("out.laz", &[]);
    assert_eq!(damaged.status.code(), Some(3), "{}", errors(&damaged));
    assert!(
        errors(&damaged).contains("ortho.tif"),
        "{}",
        errors(&damaged)
    );
    fs::write(place.path("ortho.tif"), "no image").unwrap();
    let none = place.run("out.laz", &["--fresh"]);
    assert_eq!(none.status.code(), Some(2), "{}", errors(&none));
    fs::remove_file(place.path("ortho.tif")).unwrap();
    let away = place.run("out.laz", &[]);
    assert_eq!(away.status.code(), Some(2), "{}", errors(&away));
    assert!(!place.path("out.laz").exists());
    let unknown = place.run("out.laz", &["--sampling", "best"]);
    assert_eq!(unknown.status.code(), Some(2));
}
