//! A run of perspectives that is killed, or ended by SIGTERM, goes on with the same command and ends
//! with the same bytes; frames that are refused give the exit code 3.

#![cfg(unix)]
#![allow(missing_docs)]

mod stopping;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use stopping::{errors, signal, stop_between};
use tempfile::TempDir;

/// Frames of a run.
const FRAMES: usize = 12;

/// A folder of frames, and outputs beside it.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("frames")).unwrap();
        for i in 0..FRAMES {
            let path = folder.path().join(format!("frames/{i:02}.png"));
            fs::write(path, frame(i)).unwrap();
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, out: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_isopach"));
        command.arg("perspectives").arg(self.path("frames"));
        command.arg(self.path(out)).args(more);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn finish(&self, out: &str) {
        let output = self.command(out, &[]).output().unwrap();
        assert!(output.status.success(), "{}", errors(&output));
    }

    /// Frames whose records are kept.
    fn frames_kept(&self, out: &str) -> usize {
        let records = self.path(out).join(".run/tiles");
        let names = fs::read_dir(records).into_iter().flatten().flatten();
        names
            .filter(|entry| entry.path().extension().is_some_and(|end| end == "tile"))
            .count()
    }

    /// The run, stopped between its first and its last frame.
    fn stopped(&self, out: &str, frames: usize) -> Child {
        stop_between(
            || self.command(out, &["--threads", "1"]),
            || self.frames_kept(out) >= frames,
            || (frames..FRAMES).contains(&self.frames_kept(out)),
            || fs::remove_dir_all(self.path(out)).unwrap(),
        )
    }

    /// All files of an output but the summary, which has times.
    fn results(&self, out: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect_files(&self.path(out), Path::new(""), &mut files);
        assert!(files.remove(Path::new("summary.json")).is_some());
        files
    }
}

fn collect_files(folder: &Path, prefix: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = prefix.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            collect_files(&entry.path(), &name, files);
        } else {
            files.insert(name, fs::read(entry.path()).unwrap());
        }
    }
}

/// A panorama of 512 × 256 pixels, as PNG.
fn frame(seed: usize) -> Vec<u8> {
    let samples: Vec<u8> = (0..512 * 256 * 3)
        .map(|i: usize| ((i * i / 977 + seed * 40) % 251) as u8)
        .collect();
    isopach::raster::encode_png([512, 256], isopach::raster::PngColour::Rgb, &samples).unwrap()
}

#[test]
fn killed_it_goes_on_and_ends_with_the_same_bytes() {
    let place = Place::new();
    place.finish("whole");
    for frames in [1, 5] {
        let mut child = place.stopped("killed", frames);
        child.kill().unwrap();
        child.wait().unwrap();
        let kept = place.frames_kept("killed");
        place.finish("killed");
        let summary = fs::read_to_string(place.path("killed/summary.json")).unwrap();
        let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
        assert_eq!(summary["frames"]["kept"], kept);
        assert_eq!(summary["frames"]["made"], FRAMES - kept);
        assert_eq!(place.results("whole"), place.results("killed"));
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
    assert!(
        words.contains("frames are done and kept: the same command continues from there"),
        "{words}"
    );
    place.finish("out");
    place.finish("whole");
    assert_eq!(place.results("whole"), place.results("out"));
}

#[test]
fn refused_frames_are_named_with_the_exit_code_3_and_wrong_options_have_2() {
    let place = Place::new();
    fs::write(place.path("frames/05.png"), &frame(5)[..1000]).unwrap();
    let output = place.command("out", &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", errors(&output));
    let words = errors(&output);
    assert!(
        words.contains("05.png") && words.contains("ends early"),
        "{words}"
    );
    let other = place.command("out", &["--fov", "80"]).output().unwrap();
    assert_eq!(other.status.code(), Some(2), "{}", errors(&other));
    assert!(errors(&other).contains("other parameters"));
    fs::write(place.path("frames/05.png"), frame(5)).unwrap();
    place.finish("out");
    place.finish("whole");
    assert_eq!(place.results("whole"), place.results("out"));
}
