//! Nothing of anybody's is written over by the emission example, and nothing of other results stays
//! beside its own.

#![allow(missing_docs, clippy::print_stderr)]

use isopach::compute::FolderLock;
use isopach_testkit::emission_folder::{Folder, counts, emission, write};
use serde_json::Value as Json;
use std::{fs, process::Output};

#[test]
fn results_are_written_over_by_the_same_run_or_by_force() {
    let folder = Folder::new();
    let out = folder.path("out");
    let message = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let run = |more: &[&str]| {
        emission(
            &[&["--size", "16", "--outputs", "chi2"], more].concat(),
            &out,
        )
    };
    let refused = |more: &[&str], word: &str| {
        let output = run(more);
        let message = message(&output);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(
            message.contains(word) && message.contains("--out") && message.contains("--force"),
            "{message}"
        );
    };
    let succeeds = |more: &[&str]| {
        let output = run(more);
        assert!(output.status.success(), "{}", message(&output));
    };
    succeeds(&["--bins", "8"]);
    let first = fs::read(out.join("emission.fits")).unwrap();
    refused(
        &["--bins", "9"],
        "finished results of other inputs or parameters",
    );
    assert!(fs::read(out.join("emission.fits")).unwrap() == first);
    succeeds(&["--bins", "8"]);
    succeeds(&["--bins", "9", "--force"]);
    refused(
        &["--bins", "8"],
        "finished results of other inputs or parameters",
    );
    assert!(!out.join(".lock").exists());

    // Files of which nobody knows what made them.
    for (file, more) in [
        ("emission.fits", &[][..]),
        ("chi2.npy", &["--format", "npy"]),
        ("log_t_edges.npy", &["--format", "npy"]),
        ("index.html", &[]),
        ("status.png", &[]),
    ] {
        fs::remove_dir_all(&out).unwrap();
        fs::create_dir(&out).unwrap();
        fs::write(out.join(file), "precious").unwrap();
        let more = [&["--bins", "8"], more].concat();
        refused(&more, "unknown inputs and parameters");
        assert_eq!(fs::read(out.join(file)).unwrap(), b"precious", "{file}");
        succeeds(&[&more[..], &["--force"]].concat());
        assert!(out.join("summary.json").exists());
    }
    // Names that this run does not write are no matter.
    fs::remove_dir_all(&out).unwrap();
    fs::create_dir(&out).unwrap();
    for file in ["chi2.npy", "mine.npy"] {
        fs::write(out.join(file), "precious").unwrap();
    }
    succeeds(&["--bins", "8"]);
    assert_eq!(fs::read(out.join("chi2.npy")).unwrap(), b"precious");
}

#[test]
fn nothing_of_other_results_stays_beside_these() {
    let folder = Folder::new();
    let out = folder.path("out");
    let run = |more: &[&str]| {
        let output = emission(&[&["--size", "16", "--bins", "8"], more].concat(), &out);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let summary: Json =
            serde_json::from_slice(&fs::read(out.join("summary.json")).unwrap()).unwrap();
        let files: Vec<String> = serde_json::from_value(summary["files"].clone()).unwrap();
        let mut all: Vec<String> = files
            .into_iter()
            .chain(["summary.json".into(), "index.html".into()])
            .collect();
        all.sort();
        all
    };
    let there = || {
        let names = fs::read_dir(&out)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name != "mine.npy").collect();
        names.sort();
        names
    };
    let arrays = run(&["--format", "npy", "--outputs", "chi2,temperature"]);
    assert!(
        arrays.contains(&"temperature.npy".into()) && arrays == there(),
        "{arrays:?}"
    );
    fs::write(out.join("mine.npy"), "precious").unwrap();
    let fewer = run(&["--format", "npy", "--outputs", "chi2", "--force"]);
    assert!(
        !fewer.contains(&"temperature.npy".into()) && fewer == there(),
        "{fewer:?}"
    );
    let cubes = run(&["--outputs", "chi2", "--force"]);
    assert!(
        cubes.contains(&"emission.fits".into()) && cubes == there(),
        "{cubes:?}"
    );
    assert_eq!(fs::read(out.join("mine.npy")).unwrap(), b"precious");
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let folder = Folder::new();
    for (name, format) in [
        ("emission.fits", "fits"),
        ("chi2.npy", "npy"),
        ("log_t_edges.npy", "npy"),
        ("band_0.png", "fits"),
        ("index.html", "fits"),
        ("summary.json", "fits"),
    ] {
        let _ = fs::remove_dir_all(folder.path("refused"));
        fs::create_dir_all(folder.path("refused").join(name)).unwrap();
        let options = [
            "--size",
            "16",
            "--bins",
            "8",
            "--outputs",
            "chi2",
            "--format",
            format,
            "--force",
        ];
        folder.refused(
            &options,
            &[
                "emission: ",
                &folder.text(&format!("refused/{name}")),
                "directory",
            ],
        );
        let left = fs::read_dir(folder.path("refused"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        assert!(
            left.into_iter()
                .all(|name| !name.to_string_lossy().starts_with('.')),
            "{name}: a file is left"
        );
    }
}

#[test]
fn an_input_is_not_written_over() {
    let folder = Folder::new();
    let [counts, sigma] = counts(2, 2);
    fs::create_dir(folder.path("refused")).unwrap();
    let counts = write(&folder, "refused/chi2.npy", &counts);
    let sigma = write(&folder, "sigma.npy", &sigma);
    let before = fs::read(&counts).unwrap();
    let options = [
        "--counts", &counts, "--sigma", &sigma, "--bins", "8", "--force",
    ];
    folder.refused(&options, &["chi2.npy is an input", "overwrite"]);
    assert!(fs::read(&counts).unwrap() == before);
}

#[test]
fn a_folder_in_which_another_run_is_at_work_is_refused() {
    let folder = Folder::new();
    let other = FolderLock::acquire_exclusive(folder.path("refused/.lock")).unwrap();
    let options = ["--size", "16", "--bins", "8", "--outputs", "chi2"];
    folder.refused(
        &options,
        &[
            "another run is at work",
            &format!("process {}", std::process::id()),
        ],
    );
    assert!(!folder.path("refused/emission.fits").exists());
    drop(other);
    assert!(emission(&options, &folder.path("refused")).status.success());
}
