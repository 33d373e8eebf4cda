//! The tables that `scripts/on_device_report.py` makes of lines whose tables are known: of a run that went well, and of one that did not.
//!
//! Needs a `python3`, nothing else; skipped with a line that says so where there is none.

#![allow(clippy::print_stderr, missing_docs)]

use std::{fs, path::Path, process::Command};

/// What the script makes of a file of lines, and its exit code; `None` where there is no Python.
fn report(lines: &str) -> Option<(String, Option<i32>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = root.join("scripts/on_device_report.py");
    let output = Command::new("python3").arg(script).arg(root.join("tests/on_device_report").join(lines)).output();
    let Ok(output) = output else {
        eprintln!("SKIPPED: there is no python3");
        return None;
    };
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    Some((String::from_utf8(output.stdout).unwrap(), output.status.code()))
}

/// The tables by heart.
fn expected(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/on_device_report").join(name)).unwrap()
}

#[test]
fn a_run_that_went_well_has_its_tables_and_proposals() {
    let Some((text, code)) = report("well.jsonl") else { return };
    assert_eq!((text, code), (expected("well.md"), Some(0)));
}

#[test]
fn what_went_wrong_comes_first_and_has_no_speed() {
    let Some((text, code)) = report("ill.jsonl") else { return };
    assert_eq!((text, code), (expected("ill.md"), Some(1)));
}
