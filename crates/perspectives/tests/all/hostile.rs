//! Frames that are no frames: each is counted and named, and the others have their views.

use crate::frames::{Place, jpeg, jpeg_with, panorama, png};
use isopach_perspectives::{FrameError, PerspectiveError};
use proptest::prelude::*;
use std::fs;

fn sixteen_bits() -> Vec<u8> {
    let samples = vec![0; 128 * 64 * 2];
    png(
        [128, 64],
        png::ColorType::Grayscale,
        png::BitDepth::Sixteen,
        &samples,
    )
}

/// A JPEG that claims another size.
fn with_claimed_size(mut bytes: Vec<u8>, columns: u16, rows: u16) -> Vec<u8> {
    let start = bytes
        .windows(2)
        .position(|marker| marker == [0xFF, 0xC0])
        .unwrap();
    bytes[start + 5..start + 7].copy_from_slice(&rows.to_be_bytes());
    bytes[start + 7..start + 9].copy_from_slice(&columns.to_be_bytes());
    bytes
}

#[test]
fn bad_frames_are_named_and_the_others_have_views() {
    let place = Place::with_frames(3);
    let good = jpeg(128, 64, 1);
    let bad: [(&str, Vec<u8>, &str); 9] = [
        ("cut.jpg", good[..good.len() / 2].to_vec(), "ends early"),
        ("empty.jpg", Vec::new(), "neither a JPEG nor a PNG"),
        (
            "text.png",
            b"not a picture".to_vec(),
            "neither a JPEG nor a PNG",
        ),
        (
            "square.jpg",
            jpeg(64, 64, 1),
            "the first frame has 128 × 64",
        ),
        ("larger.jpg", jpeg(256, 128, 1), "256 × 128 pixels"),
        (
            "huge.jpg",
            with_claimed_size(good.clone(), 65_000, 32_500),
            "65000 × 32500",
        ),
        ("deep.png", sixteen_bits(), "samples of 16 bits"),
        (
            "cut.png",
            {
                let whole = png(
                    [128, 64],
                    png::ColorType::Rgb,
                    png::BitDepth::Eight,
                    &panorama(128, 64, 0),
                );
                whole[..whole.len() / 2].to_vec()
            },
            "ends early",
        ),
        (
            "flipped.png",
            {
                let mut whole = png(
                    [128, 64],
                    png::ColorType::Rgb,
                    png::BitDepth::Eight,
                    &panorama(128, 64, 0),
                );
                let middle = whole.len() / 2;
                whole[middle] ^= 0x55;
                whole
            },
            "damaged",
        ),
    ];
    for (name, bytes, _) in &bad {
        let stem = name.replace('.', "_");
        let ending = name.rsplit('.').next().unwrap();
        place.add_frame(&format!("{stem}.{ending}"), bytes);
    }
    let outcome = place.run("out", &["--size", "16"]);
    assert_eq!(outcome.made, 3);
    assert_eq!(outcome.refused.len(), bad.len());
    for (name, _, words) in &bad {
        let stem = name.replace('.', "_");
        let refused = outcome
            .refused
            .iter()
            .find(|frame| frame.name.starts_with(&stem))
            .unwrap();
        assert!(refused.reason.contains(words), "{}", refused.reason);
        assert!(refused.reason.contains(&stem) && !refused.is_transient);
    }
    let summary = place.summary("out");
    assert_eq!(summary["frames"]["refused"], bad.len());
    // Those that can be read by now are taken up.
    place.add_frame("cut_jpg.jpg", &good);
    let again = place.run("out", &["--size", "16"]);
    assert_eq!([again.made, again.kept], [1, 3]);
}

#[test]
fn a_panorama_that_does_not_fit_the_memory_is_refused_before_it_is_decoded() {
    let place = Place::empty();
    place.add_frame(
        "a.jpg",
        &with_claimed_size(jpeg(128, 64, 1), 65_000, 32_500),
    );
    let error = place.refusal("out", &["--memory", "64MiB"]);
    let Some(PerspectiveError::NoGoodFrame { reason, .. }) = error.find_cause() else {
        panic!("{error}");
    };
    assert!(reason.contains("--memory"), "{reason}");
    let error = place.refusal("out", &["--memory", "7GiB", "--size", "65536"]);
    assert!(
        matches!(error, isopach_compute::Error::OutOfMemory { .. }),
        "{error}"
    );
}

#[test]
fn progressive_frames_take_turns_in_little_memory() {
    let place = Place::empty();
    for i in 0..4 {
        let bytes = jpeg_with(128, 64, i, |encoder| encoder.progressive(true));
        place.add_frame(&format!("{i}.jpg"), &bytes);
    }
    let words = ["--size", "16", "--views", "ring:2", "--threads", "4"];
    let outcome = place.run("out", &[&words[..], &["--memory", "200KiB"]].concat());
    assert_eq!(outcome.made, 4);
    let error = FrameError::TooLarge {
        needed: 1,
        budget: 0,
    };
    assert!(error.to_string().contains("--memory"));
}

#[test]
fn options_that_cannot_be_used_are_refused() {
    let place = Place::with_frames(1);
    for words in [
        ["--fov", "180"],
        ["--fov", "nan"],
        ["--fov", "-90"],
        ["--size", "0"],
        ["--size", "70000"],
        ["--size", "10x"],
        ["--antialias", "33"],
        ["--antialias", "some"],
        ["--quality", "0"],
        ["--quality", "101"],
        ["--threads", "0"],
        ["--most-frames", "0"],
        ["--memory", "0"],
        ["--memory", "1KiB"],
        ["--every", "1"],
        ["--every", "-1"],
        ["--views", "ring:0"],
        ["--views", "ring:9999"],
        ["--views", "octagon"],
        ["--interpolation", "lanczos"],
        ["--format", "gif"],
    ] {
        let error = place.refusal("out", &words);
        assert!(!error.is_transient(), "{words:?}: {error}");
    }
    fs::create_dir(place.path("mine")).unwrap();
    fs::write(place.path("mine/thesis.txt"), "").unwrap();
    let error = place.refusal("mine", &["--fresh"]);
    assert!(matches!(
        error.find_cause(),
        Some(PerspectiveError::ForeignFolder { .. })
    ));
    assert!(place.path("mine/thesis.txt").exists());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn damaged_frames_are_refused_or_read_but_never_end_the_run(
        at in 0.0..1.0_f64, value in any::<u8>(), is_png in any::<bool>(), cut in 0.0..1.3_f64
    ) {
        let place = Place::with_frames(1);
        let mut bytes = if is_png {
            png([128, 64], png::ColorType::Rgb, png::BitDepth::Eight, &panorama(128, 64, 0))
        } else {
            jpeg(128, 64, 0)
        };
        let place_of_damage = (at * bytes.len() as f64) as usize;
        bytes[place_of_damage] = value;
        bytes.truncate((cut * bytes.len() as f64) as usize + 1);
        place.add_frame(if is_png { "z.png" } else { "z.jpg" }, &bytes);
        let outcome = place.run("out", &["--size", "8", "--views", "ring:2"]);
        prop_assert_eq!(outcome.made + outcome.refused.len(), 2);
    }
}
