//! Several times in one call: a result a time, and frames of a film.

use crate::{
    difference::difference,
    sun::{Folder, text},
};
use ndarray::Array3;
use serde_json::{Value as Json, json};
use std::{fs, path::Path, process::Output};

const TIMES: [&str; 3] = ["2010-06-02T12:00:00.12Z", "2010-06-02T12:00:12.12Z", "2010-06-02T12:00:24.12Z"];

impl Folder {
    /// Files of all channels of a time; those of the later channels some seconds later.
    fn time(&self, number: usize) -> Vec<String> {
        let start = TIMES[number];
        let brightness = 1.0 + number as f64;
        self.write(&format!("time{number}"), |mut p| {
            p.dn *= brightness;
            let second: usize = start[17..19].parse().unwrap();
            let time = format!("{}{:02}{}", &start[..17], second + p.channel, &start[19..]);
            p.with("T_OBS", text(&time))
        })
    }

    fn text_of(&self, name: &str) -> String {
        fs::read_to_string(self.out().join(name)).unwrap()
    }
}

fn message(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn bands(folder: &Path) -> Array3<f64> {
    let bytes = fs::read(folder.join("bands.npy")).unwrap();
    let values = bytes[bytes.len() - 8 * 40 * 40 * 6..].as_chunks::<8>().0.iter().map(|x| f64::from_le_bytes(*x));
    Array3::from_shape_vec([40, 40, 6], values.collect()).unwrap()
}

#[test]
fn each_time_is_inverted_as_by_itself() {
    let folder = Folder::new();
    let mut files: Vec<String> = (0..3).flat_map(|i| folder.time(i)).collect();
    files.reverse();
    folder.refused(&files, &[], &["both of", "--series inverts images of several times"]);
    let output = folder.output(&files, &["--series"]);
    assert!(output.status.success(), "{}", message(&output));
    assert!(message(&output).contains("time 2 of 3: 2010-06-02T12:00:12.120"));
    let summary: Json = serde_json::from_str(&folder.text_of("summary.json")).unwrap();
    let folders: Vec<&str> =
        summary["times"].as_array().unwrap().iter().map(|t| t["folder"].as_str().unwrap()).collect();
    assert_eq!(folders, ["2010-06-02T12-00-00.120", "2010-06-02T12-00-12.120", "2010-06-02T12-00-24.120"]);
    // Frames, all with the same colours for the same emission: the brighter time is not darker anywhere.
    assert_eq!(summary["files"].as_array().unwrap().len(), 18);
    let frame = |time: usize| image::open(folder.out().join(format!("frames/band_2_{time:04}.png"))).unwrap().to_rgb8();
    let [first, last] = [frame(0), frame(2)];
    let lightness = |pixel: &image::Rgb<u8>| pixel.0.iter().map(|x| u32::from(*x)).sum::<u32>();
    let brighter = first.pixels().zip(last.pixels()).filter(|(a, b)| lightness(b) > lightness(a)).count();
    assert!(brighter > 1500, "{brighter} of 1600");
    assert!(folder.text_of("index.html").contains("2010-06-02T12-00-12.120/index.html"));
    let expected: Vec<Array3<f64>> = (0..3)
        .map(|i| {
            let other = Folder::new();
            other.run(&folder.time(i), &[]).bands
        })
        .collect();
    for (name, expected) in folders.iter().zip(&expected) {
        assert_eq!(difference(&bands(&folder.out().join(name)), expected), 0.0, "{name}");
        assert!(folder.out().join(name).join("index.html").exists());
    }
    // Fewer times: nothing of the other stays. A single time: nothing of the series.
    let output = folder.output(&files[..12], &["--series"]);
    assert!(output.status.success(), "{}", message(&output));
    let there = || {
        let names = fs::read_dir(folder.out()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    };
    assert_eq!(there(), ["2010-06-02T12-00-12.120", "2010-06-02T12-00-24.120", "frames", "index.html", "summary.json"]);
    assert_eq!(fs::read_dir(folder.out().join("frames")).unwrap().count(), 12);
    folder.run(&files[..6], &[]);
    assert!(!there().iter().any(|name| name.starts_with("2010") || name == "frames"), "{:?}", there());
}

#[test]
fn a_time_that_lacks_a_channel_is_named() {
    let folder = Folder::new();
    let all: Vec<Vec<String>> = (0..3).map(|i| folder.time(i)).collect();
    let files = all.concat();
    let without =
        |missing: &str| -> Vec<String> { files.iter().filter(|name| !name.ends_with(missing)).cloned().collect() };
    let refused = |files: &[String], words: &[&str]| folder.refused(files, &["--series"], words);
    refused(&without("time1_171.fits"), &["the time 2010-06-02T12:00:12.120 has no image of 171 Å"]);
    // The first channel of a time is missing: another one says when.
    refused(&without("time1_94.fits"), &["the time 2010-06-02T12:00:13.120 has no image of 94 Å"]);
    let twice = folder.write("twice", |p| p.with("T_OBS", text("2010-06-02T12:00:13.00Z")));
    refused(
        &[&files[..], &twice[1..2]].concat(),
        &["time 2010-06-02T12:00:1", "two images of 131 Å", "twice_131.fits"],
    );
    let timeless = folder.write("timeless", |p| p.without(&["T_OBS"]));
    refused(&[&files[..], &timeless[..1]].concat(), &["timeless_94.fits", "no time", "--series"]);
    let mut eclipsed = files.clone();
    let bad = folder.write("bad", |p| p.with("T_OBS", text("2010-06-02T12:00:26.12Z")).with("ACS_ECLP", text("YES")));
    eclipsed[14].clone_from(&bad[2]);
    refused(&eclipsed, &["the time 2010-06-02T12:00:24.120", "bad_171.fits", "ACS_ECLP"]);
    assert!(!folder.out().join("2010-06-02T12-00-00.120").exists(), "nothing is inverted before all is checked");
    folder.refused(&files, &["--series", "--any-time"], &["--any-time"]);
}

#[test]
fn results_of_a_series_are_not_written_over_unasked() {
    let folder = Folder::new();
    let files: Vec<String> = (0..2).flat_map(|i| folder.time(i)).collect();
    assert!(folder.output(&files, &["--series"]).status.success());
    let run = |bins: &str, more: &[&str]| {
        let command = std::process::Command::new(crate::program("emission"))
            .args(&files)
            .args(["--series", "--format", "npy", "--backend", "cpu", "--precision", "double", "--bins", bins, "--out"])
            .arg(folder.out())
            .args(more)
            .output()
            .unwrap();
        (command.status.success(), message(&command))
    };
    let (succeeded, words) = run("20", &[]);
    assert!(succeeded, "the same again: {words}");
    let (succeeded, words) = run("12", &[]);
    assert!(!succeeded && words.contains("--force"), "{words}");
    assert!(run("12", &["--force"]).0);
    let summary: Json = serde_json::from_str(&folder.text_of("summary.json")).unwrap();
    assert_eq!(summary["pixels"], json!([40, 40]));
}
