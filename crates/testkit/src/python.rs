//! Scripts of the project that judge its results with the tools of others.

use crate::program::ROOT;
use isopach_program::eprintln;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// A Python that can import these packages: the one that a variable names, else `python3`. `None`,
/// and a line that says so, where there is none.
pub fn python(variable: &str, packages: &str) -> Option<String> {
    let python = std::env::var(variable).unwrap_or_else(|_| "python3".into());
    let import = format!("import {packages}");
    let has_them = Command::new(&python)
        .args(["-c", &import])
        .output()
        .is_ok_and(|output| output.status.success());
    if !has_them {
        eprintln!("SKIPPED: {python} has not all of {packages} ({variable} names another Python)");
        return None;
    }
    Some(python)
}

/// Runs a script of the project with a program of it; returns its output.
pub fn judge(python: &str, script: &str, program: &Path, more: &[PathBuf]) -> String {
    let script = Path::new(ROOT).join("scripts").join(script);
    let mut command = Command::new(python);
    command.env("XDG_RUNTIME_DIR", std::env::temp_dir());
    let output = command
        .arg(script)
        .arg(program)
        .args(more)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}
