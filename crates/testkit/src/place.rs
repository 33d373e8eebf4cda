//! Two epochs of a made scene on disk, folders of results beside them, and the program that is run
//! over them.

use crate::program::program;
use isopach_survey::scene::Scene;
use std::{
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

/// Names of the files that hold results.
pub const RESULTS: [&str; 4] = ["dod.tif", "dod_lod.tif", "m3c2.laz", "c2c.laz"];

/// The epochs `before.laz` and `after.laz`, and folders of results.
#[derive(Debug)]
pub struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    /// Of a scene.
    pub fn of(scene: &Scene) -> Self {
        let dir = tempfile::tempdir().unwrap();
        scene
            .write(
                &dir.path().join("before.laz"),
                &dir.path().join("after.laz"),
            )
            .unwrap();
        Self { dir }
    }

    /// Of a scene with so many points an epoch.
    pub fn with(points: usize) -> Self {
        Self::of(&Scene::new(points, 9))
    }

    /// The path of a file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The arguments of a run over two files: on the processor, ground alone, tiles of 15 m unless
    /// `more` says otherwise.
    pub fn arguments(&self, inputs: [&str; 2], out: &str, more: &[&str]) -> Vec<String> {
        let paths = [inputs[0], inputs[1], "--out", out];
        let whole = |word: &str| self.path(word).to_str().unwrap().to_owned();
        let paths = paths.map(|word| {
            if word.starts_with("--") {
                word.to_owned()
            } else {
                whole(word)
            }
        });
        let tiles: &[&str] = if more.contains(&"--tile-size") {
            &[]
        } else {
            &["--tile-size", "15"]
        };
        let words = ["--backend", "cpu", "--classes", "2"]
            .iter()
            .chain(tiles)
            .chain(more);
        paths
            .into_iter()
            .chain(words.map(|word| (*word).to_owned()))
            .collect()
    }

    /// The program over both epochs, which are taken to be aligned.
    pub fn command(&self, out: &str, more: &[&str]) -> Command {
        let mut command = Command::new(program("terrain_change"));
        command.args(self.arguments(
            ["before.laz", "after.laz"],
            out,
            &[&["--align", "none"], more].concat(),
        ));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program with more arguments.
    pub fn run(&self, out: &str, more: &[&str]) -> Output {
        self.command(out, more).output().unwrap()
    }

    /// The bytes of the results in a folder.
    pub fn results(&self, out: &str) -> Vec<Vec<u8>> {
        RESULTS
            .map(|name| fs::read(self.path(out).join(name)).unwrap())
            .into()
    }
}
