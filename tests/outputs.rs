//! Rasters on request, styles, names with commas, numbers that no run ends with, pipes that are
//! closed and signals.

#![allow(clippy::print_stderr, missing_docs)]

use isopach::raster::{Raster, read_geotiff};
use isopach_testkit::program::program;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

/// The plain pair of the cases; `None`, and a line that says so, where it is not there.
fn pair() -> Option<[PathBuf; 2]> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/cases/io");
    if !cases.exists() {
        eprintln!("SKIPPED: {} is not there", cases.display());
        return None;
    }
    Some(["A.las", "B.las"].map(|name| cases.join(name)))
}

fn change(files: &[&Path], out: &Path, options: &[&str]) -> Command {
    let mut command = Command::new(program("terrain_change"));
    command
        .args(files)
        .args(["--backend", "cpu", "--align", "none", "--out"])
        .arg(out)
        .args(options);
    command
}

fn message(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn rasters_on_request_agree_with_each_other_and_have_styles() {
    let Some([a, b]) = pair() else { return };
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let rasters = "before,after,count-before,count-after,significant,status";
    let output = change(&[&a, &b], &out, &["--cell", "2", "--rasters", rasters])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", message(&output));
    let read = |name: &str| -> Raster { read_geotiff(out.join(format!("{name}.tif"))).unwrap() };
    let [dod, lod, before, after] = ["dod", "dod_lod", "before", "after"].map(read);
    let [first, second, significant, status] = [
        "count_before",
        "count_after",
        "dod_significant",
        "dod_status",
    ]
    .map(read);
    let mut beyond = 0;
    for (at, difference) in dod.values.indexed_iter() {
        let [before, after, limit] = [&before, &after, &lod].map(|raster| raster.values[at]);
        // Rasters hold single precision.
        assert!(difference.is_nan() == (before.is_nan() || after.is_nan()));
        assert!(
            difference.is_nan() || (after - before - difference).abs() < 1e-4,
            "{after} - {before}: {difference}"
        );
        assert_eq!(first.values[at] > 0.0, !before.is_nan());
        assert_eq!(second.values[at] > 0.0, !after.is_nan());
        assert_eq!(status.values[at] == 0.0, !limit.is_nan());
        let shown = significant.values[at];
        // Where the two agree to the last digit of single precision, rounding may have gone either
        // way.
        if (difference.abs() - limit).abs() > 1e-6 || limit.is_nan() {
            assert_eq!(
                !shown.is_nan(),
                difference.abs() > limit,
                "{difference} {limit} {shown}"
            );
        }
        assert!(shown.is_nan() || shown == *difference);
        beyond += u32::from(!shown.is_nan());
    }
    assert!(beyond > 0);
    for name in [
        "dod",
        "dod_lod",
        "before",
        "after",
        "count_before",
        "count_after",
        "dod_significant",
        "dod_status",
    ] {
        let style = fs::read_to_string(out.join(format!("{name}.qml"))).unwrap();
        assert!(
            style.starts_with("<!DOCTYPE qgis") && style.contains("</qgis>"),
            "{name}"
        );
        assert!(
            style.trim_end().ends_with("-->"),
            "{name}: a line tells whether somebody changed it"
        );
    }
    let style = fs::read_to_string(out.join("dod_status.qml")).unwrap();
    assert!(
        isopach::change::ChangeStatus::ALL
            .iter()
            .all(|status| style.contains(status.describe())),
        "{style}"
    );
}

#[test]
fn a_name_with_commas_is_taken_whole() {
    let Some([a, b]) = pair() else { return };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spring, 2019,1.las");
    fs::copy(a, &path).unwrap();
    let out = dir.path().join("out");
    let output = change(&[&path, &b], &out, &[]).output().unwrap();
    assert!(output.status.success(), "{}", message(&output));
    // And in a list.
    let list = format!(
        "{},{}",
        path.display(),
        dir.path().join("absent.las").display()
    );
    let output = change(&[Path::new(&list), &b], &out, &[]).output().unwrap();
    assert!(
        message(&output).contains("absent.las"),
        "{}",
        message(&output)
    );
}

#[test]
fn numbers_that_no_run_ends_with_are_refused_by_name() {
    let Some([a, b]) = pair() else { return };
    let dir = tempfile::tempdir().unwrap();
    for (option, value, words) in [
        ("--depth", "1e9", "at most 1000 m"),
        ("--cylinder-radius", "1e7", "at most 1000 m"),
        ("--normal-radii", "1,1e6", "at most 1000 m"),
        ("--cell", "0.001", "must be at least"),
        ("--threads", "100000", "at most 1024"),
        ("--gpu-memory", "17592186044416", "MiB"),
        ("--memory", "4", "4GiB"),
        ("--memory", "1e30GiB", "below 8 EiB"),
        ("--disk-limit", "some", "2GiB"),
    ] {
        let output = change(&[&a, &b], &dir.path().join("out"), &[option, value])
            .output()
            .unwrap();
        let message = message(&output);
        assert_eq!(output.status.code(), Some(2), "{option} {value}: {message}");
        assert!(
            message.contains(option) && message.contains(words),
            "{option} {value}: {message}"
        );
    }
    let output = change(
        &[],
        &dir.path().join("out"),
        &["--scene-points", "10000000000000"],
    )
    .output()
    .unwrap();
    assert!(
        message(&output).contains("--scene-points is 10000000000000"),
        "{}",
        message(&output)
    );
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        0,
        "nothing is left"
    );
}

#[test]
fn a_place_where_no_folder_can_be_made_is_named_with_the_option() {
    let Some([a, b]) = pair() else { return };
    let dir = tempfile::tempdir().unwrap();
    let taken = dir.path().join("a.las");
    fs::copy(&a, &taken).unwrap();
    for (out, words) in [
        (taken.clone(), "it is a file"),
        (taken.join("out"), "the folder cannot be created"),
    ] {
        let output = change(&[&taken, &b], &out, &[]).output().unwrap();
        let message = message(&output);
        assert!(
            message.contains(&format!("--out {}", out.display())) && message.contains(words),
            "{message}"
        );
    }
    assert_eq!(fs::read(&taken).unwrap(), fs::read(&a).unwrap());
}

#[test]
fn defaults_of_lists_can_be_typed_as_they_are_shown() {
    let output = Command::new(program("terrain_change"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        help.contains("[default: distance,lod,significant,counts]"),
        "{help}"
    );
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_panic() {
    let Some([a, b]) = pair() else { return };
    let dir = tempfile::tempdir().unwrap();
    let mut command = change(&[&a, &b], &dir.path().join("out"), &[]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success() && !message(&output).contains("panicked"),
        "{}",
        message(&output)
    );
    assert!(dir.path().join("out/index.html").exists() && !dir.path().join("out/.run").exists());
}

#[cfg(unix)]
#[test]
fn a_signal_leaves_the_line_that_says_how_to_go_on() {
    use std::os::unix::process::ExitStatusExt;
    let dir = tempfile::tempdir().unwrap();
    for (name, number) in [("-INT", 2), ("-TERM", 15)] {
        let out = dir.path().join(name);
        let mut command = change(
            &[],
            &out,
            &["--scene-points", "150000", "--tile-size", "15"],
        );
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let tiles = || fs::read_dir(out.join(".run/tiles")).map_or(0, Iterator::count);
        for _ in 0..6000 {
            if tiles() > 3 {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(
            Command::new("kill")
                .args([name, &child.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
        let output = child.wait_with_output().unwrap();
        let message = message(&output);
        match name {
            "-TERM" => assert_eq!(
                output.status.code(),
                Some(75),
                "to be tried again: {message}"
            ),
            _ => assert_eq!(
                output.status.signal(),
                Some(number),
                "it ends as a signal ends a program: {message}"
            ),
        }
        let line = message.lines().last().unwrap();
        assert!(
            line.contains("the same command continues") && line.contains(".run"),
            "{message}"
        );
        let again = change(
            &[],
            &out,
            &["--scene-points", "150000", "--tile-size", "15"],
        )
        .output()
        .unwrap();
        assert!(
            again.status.success(),
            "{}",
            String::from_utf8_lossy(&again.stderr)
        );
        let hidden = |path: PathBuf| path.file_name().unwrap().to_string_lossy().starts_with('.');
        assert!(
            !fs::read_dir(&out)
                .unwrap()
                .any(|entry| hidden(entry.unwrap().path())),
            "nothing is left of the first run"
        );
    }
}

#[test]
fn a_plan_has_a_legend() {
    let Some([a, b]) = pair() else { return };
    let dir = tempfile::tempdir().unwrap();
    let output = change(&[&a, &b], dir.path(), &["--plan"]).output().unwrap();
    assert!(output.status.success(), "{}", message(&output));
    let svg = fs::read_to_string(dir.path().join("plan.svg")).unwrap();
    for words in [
        "tiles, by memory expected",
        "files or chunks of",
        "A.las",
        "B.las",
        " m</text>",
        ">N</text>",
    ] {
        assert!(svg.contains(words), "{words}: {svg}");
    }
}
