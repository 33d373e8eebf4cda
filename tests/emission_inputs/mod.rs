//! What the headers of images say is what happens: units, places, times, quality, instruments.

#![allow(missing_docs, clippy::print_stderr)]

mod corrections;
mod instruments;
mod pixels;
mod series;

use isopach::fits::KeywordValue;
use isopach_testkit::{
    difference::difference,
    program::program,
    python::{judge, python},
    sun_folder::{EXPOSURE, Folder, Found, Picture, SIDE, picture, text},
};
use ndarray::{Array2, Array3, s};
use std::{fs, path::PathBuf};

#[test]
fn an_exposure_is_divided_out_once() {
    let folder = Folder::new();
    let expected = folder.run(&folder.write("dn", |p| p), &[]);
    assert_eq!(expected.summary["warnings"], serde_json::json!([]));
    let divided = |mut picture: Picture| {
        picture.dn /= EXPOSURE;
        picture
    };
    for unit in [
        "DN / s",
        "DN/s",
        "DN s-1",
        "ct s^-1",
        "DN/sec/pixel",
        "DN / (pix s)",
    ] {
        let files = folder.write("rate", |p| {
            Picture { unit, ..divided(p) }.with("PIXLUNIT", text("DN"))
        });
        let found = folder.run(&files, &[]);
        assert!(difference(&expected.bands, &found.bands) < 1e-12, "{unit}");
        assert!(found.warnings().contains("PIXLUNIT"), "{unit}");
    }
    let found = folder.run(
        &folder.write("unsaid", |p| Picture {
            unit: "",
            ..divided(p)
        }),
        &["--unit", "DN/s"],
    );
    assert!(difference(&expected.bands, &found.bands) < 1e-12);
    let unsaid = folder.run(&folder.write("unsaid", |p| Picture { unit: "", ..p }), &[]);
    assert!(
        difference(&expected.bands, &unsaid.bands) < 1e-12 && unsaid.warnings().contains("--unit")
    );
    let radiance = folder.write("radiance", |p| Picture {
        unit: "W m-2 sr-1",
        ..p
    });
    folder.refused(&radiance, &[], &["BUNIT", "W m-2 sr-1", "counts"]);
}

#[test]
fn what_a_header_says_oddly_is_read_or_said() {
    let folder = Folder::new();
    let expected = folder.run(&folder.write("plain", |p| p), &[]);
    let same = |name: &str, change: &dyn Fn(Picture) -> Picture, words: &[&str]| {
        let found = folder.run(&folder.write("odd", change), &[]);
        assert!(difference(&expected.bands, &found.bands) < 1e-9, "{name}");
        let said = found.warnings();
        assert!(
            words.iter().all(|words| said.contains(words)) && words.is_empty() == (said == "[]"),
            "{name}: {said}"
        );
    };
    let without_time = |p: Picture| p.without(&["T_OBS"]);
    same(
        "milliseconds",
        &|p| {
            p.with("EXPTIME", KeywordValue::Number(2000.0))
                .with("TIMEUNIT", text("ms"))
        },
        &[],
    );
    same("a text", &|p| p.with("EXPTIME", text("2.0")), &[]);
    let no_exptime = |p: Picture| {
        p.with("EXPTIME", KeywordValue::Number(0.0))
            .with("XPOSURE", KeywordValue::Number(EXPOSURE))
    };
    same("EXPTIME of 0", &no_exptime, &["XPOSURE, 2, is taken"]);
    same(
        "two exposures",
        &|p| p.with("XPOSURE", KeywordValue::Number(1.5)),
        &["EXPTIME is taken"],
    );
    let date_and_clock = |p| {
        without_time(p)
            .with("DATE-OBS", text("2010-06-02"))
            .with("TIME-OBS", text("12:00:00"))
    };
    same("date and clock", &date_and_clock, &[]);
    same(
        "two dates",
        &|p| p.with("DATE-OBS", text("2014-06-02T12:00:00")),
        &["T_OBS is taken"],
    );
    // wcslib takes PC, and so does sunpy.
    let cd = |p: Picture| {
        p.with("CD1_1", KeywordValue::Number(6.0))
            .with("CD2_2", KeywordValue::Number(6.0))
    };
    same(
        "CD and PC",
        &|p| {
            cd(p)
                .with("PC1_1", KeywordValue::Number(1.0))
                .with("PC2_2", KeywordValue::Number(1.0))
        },
        &[],
    );
    // A clock that is stated apart counts.
    let mut files = folder.write("clock", date_and_clock);
    files[3] = date_and_clock(picture(3, [0.0; 2]))
        .with("TIME-OBS", text("18:00:00"))
        .write(folder.path(), "evening");
    folder.refused(&files, &[], &["evening_193", "6.0 h", "--any-time"]);
    for (keyword, value) in [("ACS_SUNP", "NO"), ("ACS_SAFE", "YES")] {
        files[3] = date_and_clock(picture(3, [0.0; 2]))
            .with(keyword, text(value))
            .write(folder.path(), "acs");
        folder.refused(&files, &[], &["acs_193", keyword, "--ignore-quality"]);
    }
    folder.refused(
        &folder.write("days", |p| p.with("TIMEUNIT", text("d"))),
        &[],
        &["TIMEUNIT", "--exposure"],
    );
}

#[test]
fn counts_of_a_second_that_hide_their_exposure_are_said() {
    let folder = Folder::new();
    let expected = folder.run(&folder.write("dn", |p| p), &[]);
    let normalised = folder.write("normalised", |mut p| {
        p.dn /= EXPOSURE;
        Picture {
            unit: "ct / s",
            ..p.with("EXPTIME", KeywordValue::Number(1.0))
        }
    });
    let found = folder.run(&normalised, &[]);
    assert!(
        found.warnings().contains("normalize_exposure"),
        "{}",
        found.warnings()
    );
    let told = folder.run(&normalised, &["--exposure", "2"]);
    assert!(
        difference(&expected.bands, &told.bands) < 1e-12
            && told.summary["warnings"] == serde_json::json!([])
    );
}

#[test]
fn a_channel_without_counts_is_named() {
    let folder = Folder::new();
    let files = folder.write("empty", |mut p| {
        if p.channel == 2 {
            p.dn.fill(f64::NAN);
        }
        p
    });
    let found = folder.run(&files, &[]);
    assert!(
        found
            .warnings()
            .contains("channel 171: no count in all pixels"),
        "{}",
        found.warnings()
    );
    let others = [&files[..2], &files[3..]].concat();
    assert!(difference(&folder.run(&others, &[]).bands, &found.bands) < 1e-9);
    let full = folder.write("full", |mut p| {
        if p.channel == 3 {
            p.dn.fill(16_383.0);
        }
        p
    });
    assert!(
        folder
            .run(&full, &[])
            .warnings()
            .contains("channel 193: saturated in all pixels")
    );
}

#[test]
fn images_of_other_times_and_eclipses_are_refused() {
    let folder = Folder::new();
    let files = folder.write("good", |p| p);
    let with = |picture: Picture, name: &str| {
        let mut files = files.clone();
        files[3] = picture.write(folder.path(), name);
        files
    };
    let late = with(
        picture(3, [0.0; 2]).with("T_OBS", text("2010-06-04T12:00:00")),
        "late",
    );
    folder.refused(&late, &[], &["late_193", "2.0 days", "--any-time"]);
    assert!(
        folder
            .run(&late, &["--any-time"])
            .warnings()
            .contains("2.0 days")
    );
    for (keyword, value, words) in [
        (
            "QUALITY",
            KeywordValue::Whole((1 << 30) + (1 << 18)),
            "calibration",
        ),
        ("QUALITY", KeywordValue::Whole(1 << 13), "eclipsed"),
        ("ACS_ECLP", text("YES"), "ACS_ECLP"),
        ("IMG_TYPE", text("DARK"), "DARK"),
    ] {
        let bad = with(picture(3, [0.0; 2]).with(keyword, value), "bad");
        folder.refused(&bad, &[], &["bad_193", words, "--ignore-quality"]);
        assert!(
            folder
                .run(&bad, &["--ignore-quality"])
                .warnings()
                .contains(words)
        );
    }
    let other = with(
        picture(3, [0.0; 2])
            .with("TELESCOP", text("GOES-16"))
            .with("INSTRUME", text("SUVI")),
        "suvi",
    );
    folder.refused(&other, &[], &["GOES-16 SUVI", "--response"]);
}

#[test]
fn what_a_header_lacks_can_be_given() {
    let folder = Folder::new();
    let expected = folder.run(&folder.write("whole", |p| p), &[]);
    let degrees = |p: Picture| {
        let bare = p.without(&[
            "WAVELNTH", "EXPTIME", "T_OBS", "TELESCOP", "INSTRUME", "QUALITY", "CUNIT1", "CUNIT2",
            "CDELT1", "CDELT2",
        ]);
        let step = || KeywordValue::Number(0.6 / 3600.0);
        let bare = bare
            .with("CUNIT1", text("deg"))
            .with("CUNIT2", text("deg"))
            .with("CDELT1", step())
            .with("CDELT2", step());
        Picture { unit: "", ..bare }
    };
    let mut files = folder.write("reprojected", degrees);
    folder.refused(&files, &[], &["WAVELNTH", "--channel"]);
    files.reverse();
    let channels = ["--channel", "335,211,193,171,131,94"];
    folder.refused(&files, &channels, &["EXPTIME", "--exposure"]);
    let found = folder.run(
        &files,
        &[&channels[..], &["--exposure", "2", "--unit", "DN"]].concat(),
    );
    assert!(
        difference(&expected.bands, &found.bands) < 1e-9,
        "{}",
        difference(&expected.bands, &found.bands)
    );
    assert!(found.warnings().contains("taken for AIA"));
    folder.refused(
        &files,
        &["--channel", "171,193"],
        &["--channel has 2 numbers for 6 files"],
    );
}

#[test]
fn a_pixel_has_a_curve_with_its_loci() {
    let folder = Folder::new();
    let files = folder.write("dn", |p| p);
    folder.run(
        &files,
        &[
            "--curve",
            "7,9",
            "--curve",
            "39,0",
            "--outputs",
            "emission,uncertainty,bands",
        ],
    );
    let table = fs::read_to_string(folder.out().join("curve_7_9.csv")).unwrap();
    let rows: Vec<Vec<f64>> = table
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|x| x.parse().unwrap()).collect())
        .collect();
    assert_eq!(rows.len(), 20);
    let bytes = fs::read(folder.out().join("emission.npy")).unwrap();
    let start = bytes.len() - 8 * SIDE * SIDE * 20;
    let value = |t: usize| {
        let at = start + 8 * ((9 * SIDE + 7) * 20 + t);
        f64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
    };
    assert!(
        rows.iter()
            .enumerate()
            .all(|(t, row)| row[2] == value(t) && row[3] > 0.0 && row[4].is_nan())
    );
    let page = fs::read_to_string(folder.out().join("index.html")).unwrap();
    assert!(
        page.contains("Pixel 7, 9") && page.contains("Pixel 39, 0") && page.contains("EM loci")
    );
    folder.run(&files, &[]);
    assert!(
        !folder.out().join("curve_7_9.csv").exists(),
        "of a former run"
    );
    folder.refused(&files, &["--curve", "40,0"], &["--curve 40,0", "40 × 40"]);
}

#[test]
fn sunpy_ndcube_and_astropy_open_every_plane_at_its_place() {
    let Some(python) = python("SUN_PYTHON", "astropy, ndcube, sunpy.map") else {
        return;
    };
    let folder = Folder::new();
    let mut files = folder.write("turned", |p| {
        p.with("CROTA2", KeywordValue::Number(7.0))
            .with("CRVAL1", KeywordValue::Number(300.0))
    });
    files.truncate(4);
    let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
    let printed = judge(
        &python,
        "results_beside_sunpy.py",
        &program("emission"),
        &files,
    );
    assert!(printed.contains(", 0 off"), "{printed}");
    let printed = judge(
        &python,
        "compressed_beside_astropy.py",
        &program("emission"),
        &files,
    );
    assert!(
        printed.contains("rice") && printed.contains(", 0 off"),
        "{printed}"
    );
}

#[test]
fn images_are_the_same_in_all_forms_that_astropy_and_sunpy_write() {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/aia");
    let Ok(entries) = fs::read_dir(&data) else {
        eprintln!("SKIPPED: no images of AIA at {}", data.display());
        return;
    };
    let Some(python) = python("SUN_PYTHON", "astropy, reproject, sunpy.map") else {
        return;
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    files.retain(|path| path.to_string_lossy().contains("flare_2011-02-15T01-48"));
    files.sort();
    let printed = judge(
        &python,
        "inputs_beside_sunpy.py",
        &program("emission"),
        &files,
    );
    assert_eq!(
        (printed.matches(": ok").count(), printed.contains("WRONG")),
        (6, false),
        "{printed}"
    );
}
