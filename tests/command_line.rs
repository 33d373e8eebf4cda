//! What a person sees who gives the program something it cannot use: one line that names the thing,
//! an exit code that is not 0, and no file left behind.

#![allow(missing_docs)]

use isopach::{
    cloud::{Attributes, Cloud, Columns, Crs, Origin, Points},
    las::{LazWriter, Schema},
};
use isopach_survey::scene;
use isopach_testkit::program::program;
use scene::Scene;
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

fn terrain_change(out: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program("terrain_change"));
    // Where there is no session, some drivers complain about that on standard error when they are
    // asked what there is.
    command.env("XDG_RUNTIME_DIR", std::env::temp_dir());
    command
        .args(arguments)
        .arg("--out")
        .arg(out)
        .output()
        .unwrap()
}

struct Epochs {
    dir: tempfile::TempDir,
}

impl Epochs {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Scene::new(4000, 5)
            .write(
                &dir.path().join("before.laz"),
                &dir.path().join("after.laz"),
            )
            .unwrap();
        Self { dir }
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().into()
    }

    /// Runs it and expects a refusal that says all of `words`, leaving nothing behind.
    fn refused(&self, arguments: &[&str], words: &[&str]) {
        let out = self.dir.path().join("out");
        let output = terrain_change(&out, arguments);
        let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        assert!(!output.status.success(), "{arguments:?} was accepted");
        assert_ne!(
            output.status.code(),
            Some(101),
            "{arguments:?} panicked: {message}"
        );
        for word in words {
            assert!(
                message.contains(word),
                "{arguments:?}: {message:?} does not say {word:?}"
            );
        }
        assert_eq!(
            message.lines().count(),
            1,
            "{arguments:?}: more than one line: {message:?}"
        );
        let left: Vec<_> = fs::read_dir(&out)
            .map(|dir| dir.map(|entry| entry.unwrap().path()).collect())
            .unwrap_or_default();
        assert!(left.is_empty(), "{arguments:?} left {left:?} behind");
    }
}

fn write_cloud(path: &str, points: &[[f64; 3]], crs: Option<Crs>) {
    let schema = Schema {
        crs,
        columns: Columns::CLASSIFICATION,
        offset: points[0],
        ..Schema::default()
    };
    let points = Points {
        xyz: points.to_vec(),
        attributes: Attributes {
            classification: Some(vec![2; points.len()]),
            ..Attributes::default()
        },
    };
    let origin = Origin::near(points.xyz[0]).unwrap();
    let cloud: Cloud = points.about(origin).unwrap();
    let mut writer = LazWriter::create(path, &schema).unwrap();
    writer.write(&cloud, &[]).unwrap();
    writer.finish().unwrap();
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let epochs = Epochs::new();
    let (before, after) = (epochs.path("before.laz"), epochs.path("after.laz"));
    epochs.refused(&[&epochs.path("missing.laz"), &after], &["missing.laz"]);

    let empty = epochs.path("empty.laz");
    fs::write(&empty, b"").unwrap();
    epochs.refused(&[&before, &empty], &["empty.laz"]);

    let text = epochs.path("text.laz");
    fs::write(&text, "x y z\n1 2 3\n".repeat(100)).unwrap();
    epochs.refused(&[&text, &after], &["text.laz"]);

    let truncated = epochs.path("truncated.laz");
    let whole = fs::read(&before).unwrap();
    fs::write(&truncated, &whole[..whole.len() * 2 / 3]).unwrap();
    epochs.refused(&[&truncated, &after], &["truncated.laz"]);
}

#[test]
fn epochs_that_do_not_belong_together_are_refused() {
    let epochs = Epochs::new();
    let before = epochs.path("before.laz");
    let near = [596_010.0, 6_653_010.0, 180.0];
    let plane = |at: [f64; 3]| -> Vec<[f64; 3]> {
        (0..900)
            .map(|i| {
                [
                    at[0] + f64::from(i % 30) * 0.4,
                    at[1] + f64::from(i / 30) * 0.4,
                    at[2],
                ]
            })
            .collect()
    };
    let other_crs = epochs.path("other_crs.laz");
    write_cloud(&other_crs, &plane(near), Some(Crs::from_epsg(26917)));
    epochs.refused(&[&before, &other_crs], &["25833", "26917"]);

    let far = epochs.path("far.laz");
    write_cloud(
        &far,
        &plane([700_000.0, near[1], near[2]]),
        Some(Crs::from_epsg(25833)),
    );
    epochs.refused(&[&before, &far, "--align", "none"], &["far.laz"]);
    epochs.refused(
        &[&before, &epochs.path("after.laz"), "--classes", "77"],
        &["77"],
    );
}

#[test]
fn parameters_that_make_no_sense_are_named() {
    let epochs = Epochs::new();
    let (before, after) = (epochs.path("before.laz"), epochs.path("after.laz"));
    for (option, name) in [
        ("--cell", "cell size"),
        ("--core-spacing", "spacing"),
        ("--normal-radii", "normal radius"),
        ("--cylinder-radius", "cylinder radius"),
        ("--depth", "projection depth"),
        ("--tile-size", "tile size"),
        ("--memory", "memory"),
    ] {
        for value in ["NaN", "-1", "0"] {
            epochs.refused(&[&before, &after, option, value], &[name]);
        }
    }
    epochs.refused(
        &[&before, &after, "--registration-error", "-0.1"],
        &["registration error is -0.1"],
    );
    epochs.refused(&[&before, &after, "--gpus", "nonesuch"], &["no gpu"]);
    epochs.refused(&[&before, &after, "--threads", "0"], &["threads"]);
}

#[test]
fn a_made_scene_is_found_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let output = terrain_change(&out, &["--scene-points", "150000", "--tile-size", "60"]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for name in [
        "index.html",
        "summary.json",
        "dod.tif",
        "dod_lod.tif",
        "m3c2.laz",
        "c2c.laz",
    ] {
        assert!(out.join(name).metadata().unwrap().len() > 500, "{name}");
    }
    let summary: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("summary.json")).unwrap()).unwrap();
    let truth = &summary["truth"];
    let number = |name: &str| {
        truth[name]
            .as_f64()
            .unwrap_or_else(|| panic!("{name} in {truth}"))
    };
    // 3 cm of noise, and a tenth of the ground changed by decimetres, which an alignment cannot
    // wholly ignore.
    assert!(number("alignment_error_mm") < 10.0, "{truth}");
    assert!(number("m3c2_error_mean_m").abs() < 0.01, "{truth}");
    assert!(number("m3c2_error_rms_m") < 0.05, "{truth}");
    assert!(number("stable_significant_fraction") < 0.08, "{truth}");
    for volume in ["net", "gain", "loss"] {
        let off = number(&format!("found_{volume}_m3")) - number(&format!("true_{volume}_m3"));
        assert!(
            off.abs() < number(&format!("found_{volume}_error_m3")),
            "{volume}: {truth}"
        );
    }
}
