//! What the headers of images say is what happens: units, places, times, quality, instruments.

#![allow(missing_docs, clippy::print_stderr)]

mod instruments;
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

/// The noise of a mean is that of the pixels of the detector under it, however they were cut.
#[test]
fn pixels_that_were_cut_have_one_noise() {
    let folder = Folder::new();
    let even = |channel: usize| {
        let mut p = picture(channel, [0.0; 2]);
        let mean = p.dn.mean().unwrap();
        p.dn.fill(mean);
        p
    };
    let mut files: Vec<String> = (0..6)
        .map(|channel| even(channel).write(folder.path(), "even"))
        .collect();
    let curve = |files: &[String]| {
        folder.run(
            files,
            &["--align", "--curve", "8:16,8:16", "--saturation", "keep"],
        );
        fs::read_to_string(folder.out().join("curve_8-16_8-16.csv")).unwrap()
    };
    let expected = curve(&files);
    // 171 with pixels of twice the side.
    let coarse = even(2)
        .with("CDELT1", KeywordValue::Number(1.2))
        .with("CDELT2", KeywordValue::Number(1.2));
    files[2] = coarse.write(folder.path(), "coarse");
    let numbers = |table: &str| -> Vec<f64> {
        table
            .lines()
            .skip(1)
            .flat_map(|line| {
                line.split(',')
                    .map(|x| x.parse().unwrap())
                    .collect::<Vec<f64>>()
            })
            .collect()
    };
    let (found, expected) = (numbers(&curve(&files)), numbers(&expected));
    let far = found
        .iter()
        .zip(&expected)
        .map(|(a, b)| ((a - b) / b).abs())
        .fold(0.0, f64::max);
    assert!(found.len() == 100 && far < 1e-9, "{far}");
}

#[test]
fn sums_of_pixels_are_said_to_be_sums() {
    let folder = Folder::new();
    let wide = |p: Picture| {
        p.with("CDELT1", KeywordValue::Number(1.2))
            .with("CDELT2", KeywordValue::Number(1.2))
    };
    let means = folder.run(&folder.write("means", wide), &["--saturation", "keep"]);
    let summed = |mut p: Picture| {
        p.dn *= 4.0;
        wide(p)
    };
    let sums = folder.run(
        &folder.write("sums", summed),
        &["--saturation", "keep", "--summed"],
    );
    assert!(difference(&means.bands, &sums.bands) < 1e-12);
    // Means of four pixels, four of which were added: CDELT cannot tell, but the mean that JSOC
    // wrote does.
    let wider = |p: Picture| {
        p.with("CDELT1", KeywordValue::Number(2.4))
            .with("CDELT2", KeywordValue::Number(2.4))
    };
    let stated = |p: Picture| {
        let mean = p.dn.mean().unwrap();
        wider(p.with("DATAMEAN", KeywordValue::Number(mean)))
    };
    let options = ["--saturation", "keep"];
    let expected = folder.run(&folder.write("wider", stated), &options);
    assert_eq!(expected.summary["warnings"], serde_json::json!([]));
    let added = folder.write("added", |p| {
        let mut p = stated(p);
        p.dn *= 4.0;
        p
    });
    let found = folder.run(&added, &["--saturation", "keep", "--summed=4"]);
    assert!(difference(&expected.bands, &found.bands) < 1e-12 && found.warnings() == "[]");
    for (more, words) in [
        (&[][..], "taken for means: --summed=4"),
        (&["--summed"], "taken for sums of 16: --summed=4"),
    ] {
        let found = folder.run(&added, &[&options[..], more].concat());
        assert!(found.warnings().contains(words), "{}", found.warnings());
    }
    let none = folder.run(
        &folder.write("wider", stated),
        &["--saturation", "keep", "--summed"],
    );
    assert!(
        none.warnings().contains("no sums of 16"),
        "{}",
        none.warnings()
    );
    folder.refused(&added, &["--summed=0"], &["--summed"]);
    // A part of the image has another mean, and not the same in all channels.
    let part = folder.write("part", |p| {
        let channel = p.channel as f64;
        let mean = p.dn.mean().unwrap();
        p.with(
            "DATAMEAN",
            KeywordValue::Number(mean / (2.0 + 0.1 * channel)),
        )
    });
    assert_eq!(
        folder.run(&part, &options).summary["warnings"],
        serde_json::json!([])
    );
}

#[test]
fn channels_that_lie_elsewhere_are_refused_or_resampled() {
    let folder = Folder::new();
    let mut files = folder.write("near", |p| p);
    let expected = folder.run(&files, &["--align"]);
    // 171 was cut out 4.3 pixels further right and 2.6 further up, and its header says so.
    files[2] = picture(2, [2.6, 4.3]).write(folder.path(), "shifted");
    folder.refused(
        &files,
        &[],
        &["shifted_171", "5.0 pixels", "--align", "--unaligned"],
    );
    let found = folder.run(&files, &["--align"]);
    let middle = s![8..SIDE - 8, 8..SIDE - 8, ..];
    let part = |found: &Found| found.bands.slice(middle).to_owned();
    assert!(
        difference(&part(&expected), &part(&found)) < 0.01,
        "{}",
        difference(&part(&expected), &part(&found))
    );
    let taken = folder.run(&files, &["--unaligned"]);
    assert!(
        difference(&part(&expected), &part(&taken)) > 0.05
            && taken.warnings().contains("5.0 pixels")
    );
    // A header that is wrong is found out by what the images show.
    files[2] = picture(2, [0.0, 3.0])
        .with("CRPIX1", KeywordValue::Number(20.5))
        .write(folder.path(), "wrong");
    let found = folder.run(&files, &["--align"]);
    assert!(
        found.warnings().contains("by correlation"),
        "{}",
        found.warnings()
    );
    files[2] = picture(2, [0.0, 9.0])
        .with("CRPIX1", KeywordValue::Number(20.5))
        .write(folder.path(), "far");
    assert!(
        folder
            .run(&files, &["--align"])
            .warnings()
            .contains("by correlation")
    );
    files[2] = picture(2, [0.0, 500.0]).write(folder.path(), "away");
    folder.refused(&files, &["--align"], &["away_171", "no pixel in common"]);
    let turned = picture(2, [0.0; 2])
        .with("CROTA2", KeywordValue::Number(10.0))
        .write(folder.path(), "turned");
    folder.refused(
        &[&files[..2], &[turned]].concat(),
        &[],
        &["turned by 10.00°"],
    );
    let smaller = Picture {
        dn: Array2::ones([20, 30]),
        ..picture(2, [0.0; 2])
    }
    .write(folder.path(), "small");
    folder.refused(
        &[&files[..2], &[smaller]].concat(),
        &[],
        &["30 × 20", "40 × 40", "--align"],
    );
}

#[test]
fn what_a_saturated_pixel_was_mixed_into_is_saturated() {
    let folder = Folder::new();
    let mut files = folder.write("near", |p| p);
    let mut bright = picture(2, [0.5, 0.5]);
    bright.dn[[20, 20]] = 16_383.0;
    files[2] = bright.write(folder.path(), "bright");
    let found = folder.run(&files, &["--align", "--outputs", "emission,bands,status"]);
    // Cubic convolution takes four by four pixels.
    assert_eq!(
        found.summary["saturated_by_channel"],
        serde_json::json!([0, 0, 16, 0, 0, 0])
    );
}

#[test]
fn pixels_of_a_coarser_image_are_means() {
    let folder = Folder::new();
    let wide = |p: Picture| {
        let at = |i: usize, j: usize| p.dn.slice(s![i..;2, j..;2]).to_owned();
        let dn = (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4.0;
        let wide = Picture { dn, ..p }
            .with("CDELT1", KeywordValue::Number(1.2))
            .with("CDELT2", KeywordValue::Number(1.2));
        wide.with("CRPIX1", KeywordValue::Number(10.5))
            .with("CRPIX2", KeywordValue::Number(10.5))
    };
    let coarse = folder.write("coarse", wide);
    let mut mixed = coarse.clone();
    mixed[3] = picture(3, [0.0; 2]).write(folder.path(), "fine");
    let bands = |files: &[String]| {
        let output = folder.output(
            files,
            &[
                "--align",
                "--outputs",
                "synthetic,bands",
                "--saturation",
                "keep",
            ],
        );
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let bytes = fs::read(folder.out().join("bands.npy")).unwrap();
        let values = bytes[bytes.len() - 8 * 400 * 6..]
            .as_chunks::<8>()
            .0
            .iter()
            .map(|x| f64::from_le_bytes(*x));
        Array3::from_shape_vec([20, 20, 6], values.collect())
            .unwrap()
            .slice(s![2..18, 2..18, ..])
            .to_owned()
    };
    let far = difference(&bands(&coarse), &bands(&mixed));
    assert!(far < 0.02, "{far}");
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
fn shares_belong_to_wavelengths_and_their_lack_is_said() {
    let folder = Folder::new();
    let mut files = folder.write("late", |p| p.with("T_OBS", text("2014-01-01T00:00:12.34Z")));
    let uncorrected = folder.run(&files, &[]);
    assert!(
        uncorrected.warnings().contains("2014-01-01")
            && uncorrected.warnings().contains("--degradation-table")
    );
    let listed = folder.run(&files, &["--degradation", "0.9,0.8,0.7,0.6,0.5,0.4"]);
    assert!(!listed.warnings().contains("--degradation-table"));
    files.reverse();
    let named = folder.run(
        &files,
        &[
            "--degradation",
            "335=0.4,131=0.8,171=0.7,193=0.6,94=0.9,211=0.5",
        ],
    );
    assert_eq!(difference(&listed.bands, &named.bands), 0.0);
    folder.refused(
        &files,
        &["--degradation", "335=0.4,131=0.8"],
        &["no share of 94"],
    );
    folder.refused(&files, &["--degradation", "304=0.4,131=0.8"], &["304"]);
    let shipped = folder.run(&files, &["--degradation-table", "builtin"]);
    let words = shipped.summary["sensitivity"].as_str().unwrap().to_owned();
    assert!(
        words.contains("0.914, 0.752, 0.876, 0.887, 0.825, 0.443"),
        "as aiapy has it: {words}"
    );
    assert!(!shipped.warnings().contains("2020-10-26"));
    let late = folder.write("later", |p| {
        p.with("T_OBS", text("2023-01-01T00:00:12.34Z"))
    });
    assert!(
        folder
            .run(&late, &["--degradation-table", "builtin"])
            .warnings()
            .contains("2020-10-26")
    );
}

#[test]
fn a_division_that_no_header_states_is_found_out() {
    let folder = Folder::new();
    let stated = |p: Picture| {
        let mean = p.dn.mean().unwrap();
        p.with("DATAMEAN", KeywordValue::Number(mean))
    };
    let divided = folder.write("divided", |p| {
        let mut p = stated(p);
        p.dn /= EXPOSURE;
        p
    });
    assert!(folder.run(&divided, &[]).warnings().contains("--unit DN/s"));
    assert_eq!(folder.run(&divided, &["--unit", "DN/s"]).warnings(), "[]");
    let whole = folder.write("whole", |p| Picture {
        unit: "DN/s",
        ..stated(p)
    });
    assert!(
        folder.run(&whole, &[]).warnings().contains("--unit DN\""),
        "taken for DN/s"
    );
    assert_eq!(folder.run(&whole, &["--unit", "DN"]).warnings(), "[]");
}

#[test]
fn what_all_rows_say_is_known_to_whoever_puts_blocks_together() {
    let folder = Folder::new();
    let divided = folder.write("divided", |p| {
        let mean = p.dn.mean().unwrap();
        let dn = &p.dn / EXPOSURE;
        Picture {
            dn,
            ..p.with("DATAMEAN", KeywordValue::Number(mean))
        }
    });
    let whole = folder.run(&divided, &[]).warnings();
    assert!(whole.contains("--unit DN/s"), "{whole}");
    fs::remove_dir_all(folder.out()).unwrap();
    for shard in ["1/2", "2/2"] {
        let output = folder.output(&divided, &["--shard", shard]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    assert_eq!(folder.run(&divided, &["--merge"]).warnings(), whole);
}

#[test]
fn images_that_were_corrected_before_are_said() {
    let folder = Folder::new();
    let left = [0.914, 0.752, 0.876, 0.887, 0.825, 0.443];
    let of_2014 = |p: Picture| {
        let mean = p.dn.mean().unwrap();
        p.with("T_OBS", text("2014-01-01T00:00:12.34Z"))
            .with("DATAMEAN", KeywordValue::Number(mean))
    };
    let raw = folder.write("raw", of_2014);
    let corrected = folder.write("corrected", |p| {
        let mut p = of_2014(p);
        p.dn /= left[p.channel];
        p
    });
    let shares = ["--degradation-table", "builtin"];
    assert!(
        !folder
            .run(&raw, &shares)
            .warnings()
            .contains("correct_degradation")
    );
    assert!(
        folder
            .run(&corrected, &shares)
            .warnings()
            .contains("corrected here again")
    );
    assert!(
        folder
            .run(&corrected, &[])
            .warnings()
            .contains("--saturation-level")
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
