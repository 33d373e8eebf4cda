//! A run of terrain_change over two epochs, and the cases that it is tried with.

use crate::program::{ROOT, program};
use isopach_program::eprintln;
use serde_json::Value;
use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A folder of cases; `None`, and a line that says so, where it is not there.
pub fn cases(folder: &str) -> Option<PathBuf> {
    let cases = Path::new(ROOT).join("../shared/data/cases").join(folder);
    if !cases.exists() {
        eprintln!("SKIPPED: {} is not there", cases.display());
        return None;
    }
    Some(cases)
}

/// A run of the program, and its results.
#[derive(Debug)]
pub struct Run {
    /// The folder of the results.
    pub dir: tempfile::TempDir,
    /// Exit code and lines of the program.
    pub output: Output,
}

impl Run {
    /// Runs `terrain_change` on the CPU.
    pub fn new(
        before: &(impl AsRef<OsStr> + ?Sized),
        after: &(impl AsRef<OsStr> + ?Sized),
        options: &[&str],
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new(program("terrain_change"));
        command.env("XDG_RUNTIME_DIR", std::env::temp_dir());
        command
            .arg(before)
            .arg(after)
            .args(["--backend", "cpu", "--out"])
            .arg(dir.path())
            .args(options);
        Self {
            output: command.output().unwrap(),
            dir,
        }
    }

    /// Refuses a run that failed.
    pub fn succeeded(self) -> Self {
        assert!(self.output.status.success(), "{}", self.error());
        self
    }

    /// Standard error of the program.
    pub fn error(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// Standard output of the program.
    pub fn terminal(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    /// The bytes of a result.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.dir.path().join(name)).unwrap()
    }

    /// summary.json.
    pub fn summary(&self) -> Value {
        serde_json::from_slice(&self.bytes("summary.json")).unwrap()
    }

    /// A number of summary.json, by the path to it.
    pub fn number(&self, path: &str) -> f64 {
        let summary = self.summary();
        summary
            .pointer(path)
            .and_then(Value::as_f64)
            .unwrap_or_else(|| panic!("{path} in {summary:#}"))
    }
}
