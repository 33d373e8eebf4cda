//! Several times in one call: a result a time, and frames of a film.

use isopach::fits::{Cube, CubeFile, ImageFile, KeywordValue, Packing, Precision};
use isopach_testkit::{
    difference::difference,
    refused::refused,
    sun_folder::{Folder, text},
};
use ndarray::Array3;
use serde_json::{Value as Json, json};
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Output, Stdio},
    time::SystemTime,
};

const TIMES: [&str; 3] = [
    "2010-06-02T12:00:00.12Z",
    "2010-06-02T12:00:12.12Z",
    "2010-06-02T12:00:24.12Z",
];

trait SeriesFiles {
    /// Files of all channels of a time; those of the later channels some seconds later.
    fn time(&self, number: usize) -> Vec<String>;

    fn text_of(&self, name: &str) -> String;
}

impl SeriesFiles for Folder {
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
    let values = bytes[bytes.len() - 8 * 40 * 40 * 6..]
        .as_chunks::<8>()
        .0
        .iter()
        .map(|x| f64::from_le_bytes(*x));
    Array3::from_shape_vec([40, 40, 6], values.collect()).unwrap()
}

#[test]
fn each_time_is_inverted_as_by_itself() {
    let folder = Folder::new();
    let mut files: Vec<String> = (0..3).flat_map(|i| folder.time(i)).collect();
    files.reverse();
    folder.refused(
        &files,
        &[],
        &["both of", "--series inverts images of several times"],
    );
    let output = folder.output(&files, &["--series"]);
    assert!(output.status.success(), "{}", message(&output));
    assert!(message(&output).contains("time 2 of 3: 2010-06-02T12:00:12.120"));
    let summary: Json = serde_json::from_str(&folder.text_of("summary.json")).unwrap();
    let folders: Vec<&str> = summary["times"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["folder"].as_str().unwrap())
        .collect();
    assert_eq!(
        folders,
        [
            "2010-06-02T12-00-00.120",
            "2010-06-02T12-00-12.120",
            "2010-06-02T12-00-24.120"
        ]
    );
    // Frames, all with the same colours for the same emission: the brighter time is not darker
    // anywhere.
    assert_eq!(summary["files"].as_array().unwrap().len(), 18);
    let frame = |time: usize| {
        let path = folder.out().join(format!("frames/band_2_{time:04}.png"));
        let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
        let mut reader = png::Decoder::new(file).read_info().unwrap();
        let mut samples = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut samples).unwrap();
        assert_eq!(reader.info().color_type, png::ColorType::Rgb);
        samples
    };
    let [first, last] = [frame(0), frame(2)];
    let lightness = |pixel: &[u8]| pixel.iter().map(|x| u32::from(*x)).sum::<u32>();
    let brighter = first
        .chunks_exact(3)
        .zip(last.chunks_exact(3))
        .filter(|(a, b)| lightness(b) > lightness(a))
        .count();
    assert!(brighter > 1500, "{brighter} of 1600");
    assert!(
        folder
            .text_of("index.html")
            .contains("2010-06-02T12-00-12.120/index.html")
    );
    let expected: Vec<Array3<f64>> = (0..3)
        .map(|i| {
            let other = Folder::new();
            other.run(&folder.time(i), &[]).bands
        })
        .collect();
    for (name, expected) in folders.iter().zip(&expected) {
        assert_eq!(
            difference(&bands(&folder.out().join(name)), expected),
            0.0,
            "{name}"
        );
        assert!(folder.out().join(name).join("index.html").exists());
    }
    // Fewer times: nothing of the other stays. A single time: nothing of the series.
    let output = folder.output(&files[..12], &["--series"]);
    assert!(output.status.success(), "{}", message(&output));
    let there = || {
        let names = fs::read_dir(folder.out())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    };
    assert_eq!(
        there(),
        [
            "2010-06-02T12-00-12.120",
            "2010-06-02T12-00-24.120",
            "frames",
            "index.html",
            "summary.json"
        ]
    );
    assert_eq!(
        fs::read_dir(folder.out().join("frames")).unwrap().count(),
        12
    );
    folder.run(&files[..6], &[]);
    assert!(
        !there()
            .iter()
            .any(|name| name.starts_with("2010") || name == "frames"),
        "{:?}",
        there()
    );
}

#[test]
fn a_time_that_lacks_a_channel_is_named() {
    let folder = Folder::new();
    let all: Vec<Vec<String>> = (0..3).map(|i| folder.time(i)).collect();
    let files = all.concat();
    let without = |missing: &str| -> Vec<String> {
        files
            .iter()
            .filter(|name| !name.ends_with(missing))
            .cloned()
            .collect()
    };
    let refused = |files: &[String], words: &[&str]| folder.refused(files, &["--series"], words);
    refused(
        &without("time1_171.fits"),
        &["the time 2010-06-02T12:00:12.120 has no image of 171 Å"],
    );
    // The first channel of a time is missing: another one says when.
    refused(
        &without("time1_94.fits"),
        &["the time 2010-06-02T12:00:13.120 has no image of 94 Å"],
    );
    let twice = folder.write("twice", |p| {
        p.with("T_OBS", text("2010-06-02T12:00:13.00Z"))
    });
    refused(
        &[&files[..], &twice[1..2]].concat(),
        &[
            "time 2010-06-02T12:00:1",
            "two images of 131 Å",
            "twice_131.fits",
        ],
    );
    let timeless = folder.write("timeless", |p| p.without(&["T_OBS"]));
    refused(
        &[&files[..], &timeless[..1]].concat(),
        &["timeless_94.fits", "no time", "--series"],
    );
    let mut eclipsed = files.clone();
    let bad = folder.write("bad", |p| {
        p.with("T_OBS", text("2010-06-02T12:00:26.12Z"))
            .with("ACS_ECLP", text("YES"))
    });
    eclipsed[14].clone_from(&bad[2]);
    refused(
        &eclipsed,
        &[
            "the time 2010-06-02T12:00:24.120",
            "bad_171.fits",
            "ACS_ECLP",
        ],
    );
    assert!(
        !folder.out().join("2010-06-02T12-00-00.120").exists(),
        "nothing is inverted before all is checked"
    );
    folder.refused(&files, &["--series", "--any-time"], &["--any-time"]);
}

#[test]
fn results_of_a_series_are_not_written_over_unasked() {
    let folder = Folder::new();
    let files: Vec<String> = (0..2).flat_map(|i| folder.time(i)).collect();
    assert!(folder.output(&files, &["--series"]).status.success());
    let run = |bins: &str, more: &[&str]| {
        let command = std::process::Command::new(isopach_testkit::program::program("emission"))
            .args(&files)
            .args([
                "--series",
                "--format",
                "npy",
                "--backend",
                "cpu",
                "--precision",
                "double",
                "--bins",
                bins,
                "--out",
            ])
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

/// When a file was written, and what is in it.
fn stamp(folder: &Folder, name: &str) -> (SystemTime, Vec<u8>) {
    let path = folder.out().join(name);
    (
        fs::metadata(&path).unwrap().modified().unwrap(),
        fs::read(path).unwrap(),
    )
}

/// Folders of the times.
const FOLDERS: [&str; 3] = [
    "2010-06-02T12-00-00.120",
    "2010-06-02T12-00-12.120",
    "2010-06-02T12-00-24.120",
];

fn of(time: usize, name: &str) -> String {
    format!("{}/{name}", FOLDERS[time])
}

trait SeriesCommand {
    /// The command of a series that does not write over anything unless it is told to.
    fn series(&self, files: &[String], more: &[&str]) -> Command;
}

impl SeriesCommand for Folder {
    fn series(&self, files: &[String], more: &[&str]) -> Command {
        let mut command = Command::new(isopach_testkit::program::program("emission"));
        command.args(files).args([
            "--series",
            "--format",
            "npy",
            "--backend",
            "cpu",
            "--precision",
            "double",
        ]);
        command.arg("--out").arg(self.out()).args(more);
        command
    }
}

/// How many times a run kept.
fn kept(output: &Output) -> usize {
    assert!(output.status.success(), "{}", message(output));
    String::from_utf8_lossy(&output.stdout)
        .matches("kept from a former run")
        .count()
}

#[test]
fn a_series_that_was_stopped_goes_on() {
    let folder = Folder::new();
    let files: Vec<String> = (0..3).flat_map(|i| folder.time(i)).collect();
    let options = ["--bins", "20"];
    let mut stopped = folder
        .series(&files, &options)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(stopped.stderr.take().unwrap()).lines();
    assert!(
        lines.any(|line| line.unwrap().starts_with("time 3 of 3")),
        "two times are done"
    );
    stopped.kill().unwrap();
    stopped.wait().unwrap();
    assert!(!folder.out().join("summary.json").exists());
    let before = [0, 1].map(|time| stamp(&folder, &of(time, "bands.npy")));
    // What it was doing: a cube that nothing tells of.
    fs::create_dir_all(folder.out().join(FOLDERS[2])).unwrap();
    let _ = fs::remove_file(folder.out().join(of(2, "summary.json")));
    fs::copy(
        folder.out().join(of(0, "bands.npy")),
        folder.out().join(of(2, "bands.npy")),
    )
    .unwrap();
    // Another one has no say there.
    let other = folder.series(&files, &["--bins", "12"]).output().unwrap();
    refused(&other, &["a series that was not finished", "--force"]);
    assert_eq!(kept(&folder.series(&files, &options).output().unwrap()), 2);
    assert!([0, 1].map(|time| stamp(&folder, &of(time, "bands.npy"))) == before);
    assert!(
        stamp(&folder, &of(2, "bands.npy")).1 != before[0].1
            && !folder.out().join(".series.json").exists()
    );
    // As if nothing had happened.
    let whole = Folder::new();
    assert_eq!(kept(&whole.series(&files, &options).output().unwrap()), 0);
    for name in [
        "frames/band_2_0002.png",
        &of(2, "bands.npy"),
        &of(1, "emission.npy"),
    ] {
        assert!(stamp(&folder, name).1 == stamp(&whole, name).1, "{name}");
    }
}

#[test]
fn times_are_kept_only_as_they_were_written() {
    let folder = Folder::new();
    let files: Vec<String> = (0..3).flat_map(|i| folder.time(i)).collect();
    let run = |files: &[String], more: &[&str]| {
        folder
            .series(files, &[&["--bins", "20"], more].concat())
            .output()
            .unwrap()
    };
    assert_eq!(kept(&run(&files, &[])), 0);
    let cubes = || [0, 1, 2].map(|time| stamp(&folder, &of(time, "bands.npy")));
    let before = cubes();
    let path = folder.out().join(of(0, "bands.npy"));
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    fs::remove_file(folder.out().join(of(2, "band_maps.npy"))).unwrap();
    let again = run(&files, &[]);
    assert_eq!(kept(&again), 1);
    for words in [
        "12:00:00.120 are made again: bands.npy was changed",
        "12:00:24.120 are made again: band_maps.npy was changed",
    ] {
        assert!(message(&again).contains(words), "{}", message(&again));
    }
    let after = cubes();
    assert!(after[1] == before[1] && after[0].1 == before[0].1 && after[2].1 == before[2].1);
    // Fewer times are another series; what both have is kept, what only the former has goes.
    refused(
        &run(&files[6..], &[]),
        &["finished results of other inputs", "--force"],
    );
    assert_eq!(kept(&run(&files[6..], &["--force"])), 2);
    assert!(
        !folder.out().join(FOLDERS[0]).exists() && stamp(&folder, &of(1, "bands.npy")) == after[1]
    );
    // Results of a time are not overlooked where nothing tells of the series.
    for name in ["summary.json", "index.html"] {
        fs::remove_file(folder.out().join(name)).unwrap();
    }
    fs::remove_dir_all(folder.out().join("frames")).unwrap();
    refused(
        &run(&files, &["--chi2-target", "1.2"]),
        &[FOLDERS[1], "finished results of other inputs"],
    );
}

#[test]
fn a_former_series_stays_until_its_times_are_replaced() {
    let folder = Folder::new();
    let mut files: Vec<String> = (0..3).flat_map(|i| folder.time(i)).collect();
    assert_eq!(
        kept(&folder.series(&files, &["--bins", "20"]).output().unwrap()),
        0
    );
    let before = [0, 1, 2].map(|time| stamp(&folder, &of(time, "bands.npy")));
    // The headers of the second time are good, but the data of one channel are not.
    files[8] = damaged(&folder, &files[8]);
    let failed = folder
        .series(&files, &["--bins", "12", "--force"])
        .output()
        .unwrap();
    refused(
        &failed,
        &["the time 2010-06-02T12:00:12.120", "damaged.fits"],
    );
    assert!(
        stamp(&folder, &of(0, "bands.npy")).1 != before[0].1,
        "the first time was done"
    );
    assert!(
        [1, 2].map(|time| stamp(&folder, &of(time, "bands.npy"))) == before[1..],
        "others are as they were"
    );
    assert!(
        folder.out().join(of(1, "summary.json")).exists()
            && folder.out().join(of(2, "index.html")).exists()
    );
    assert!(
        !folder.out().join("summary.json").exists(),
        "nothing tells of a mixture"
    );
    // It goes on without the time that cannot be read.
    let rest = [&files[..6], &files[12..]].concat();
    assert_eq!(
        kept(
            &folder
                .series(&rest, &["--bins", "12", "--force"])
                .output()
                .unwrap()
        ),
        1
    );
    assert!(!folder.out().join(FOLDERS[1]).exists());
    // A single time takes the place of the series when it is done.
    let single = folder.output(&rest[..6], &[]);
    assert!(single.status.success(), "{}", message(&single));
    assert!(!folder.out().join("frames").exists() && folder.out().join("bands.npy").exists());
}

/// The image of a file, compressed, with damaged tiles.
fn damaged(folder: &Folder, file: &str) -> String {
    let mut image = ImageFile::open(file).unwrap();
    let dn = image.read_rows(0..40).unwrap();
    let texts = [
        "T_OBS", "TELESCOP", "INSTRUME", "CTYPE1", "CTYPE2", "CUNIT1", "CUNIT2",
    ];
    let numbers = [
        "WAVELNTH", "EXPTIME", "CDELT1", "CDELT2", "CRPIX1", "CRPIX2",
    ];
    let header = image.header();
    let texts = texts.map(|name| {
        (
            name.to_owned(),
            text(header.text(name).unwrap()),
            String::new(),
        )
    });
    let numbers = numbers.map(|name| {
        (
            name.to_owned(),
            KeywordValue::Number(header.number(name).unwrap()),
            String::new(),
        )
    });
    let cube = Cube {
        name: "IMAGE".into(),
        unit: "DN".into(),
        shape: [1, 40, 40],
        precision: Precision::Double,
        keywords: [&texts[..], &numbers].concat(),
    };
    let path = folder.path().join("damaged.fits");
    let mut packed = CubeFile::create_packed(&path, &[(cube, Packing::Lossless)]).unwrap();
    packed
        .write_rows(0, 0, dn.view().insert_axis(ndarray::Axis(0)))
        .unwrap();
    packed.finish().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    // Streams of gzip begin so.
    let starts: Vec<usize> = (0..bytes.len() - 2)
        .filter(|&i| bytes[i..].starts_with(&[0x1F, 0x8B]))
        .collect();
    assert!(!starts.is_empty());
    starts
        .into_iter()
        .for_each(|at| bytes[at + 10..at + 14].fill(0xFF));
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().into()
}
