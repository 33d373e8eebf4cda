//! Frames of a video through `ffmpeg`. Skipped, with a message, where there is none.

use crate::frames::Place;
use isopach_perspectives::{PerspectiveError, PerspectiveOptions, Silent, run};
use std::{fs, process::Command};

/// A video of ten frames in a second, 128 × 64; `None`, said aloud, without `ffmpeg`.
fn video(place: &Place, size: &str) -> Option<String> {
    let path = place.path("walk: 1.mkv");
    let source = format!("testsrc2=size={size}:rate=10:duration=1");
    let made = Command::new("ffmpeg")
        .args([
            "-v", "error", "-y", "-f", "lavfi", "-i", &source, "-c:v", "ffv1",
        ])
        .arg(format!("file:{}", path.display()))
        .status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: no ffmpeg that makes a video");
        return None;
    }
    Some(path.to_str().unwrap().to_owned())
}

fn options(place: &Place, video: &str, out: &str, more: &[&str]) -> PerspectiveOptions {
    let out = place.path(out);
    let words = [
        video,
        out.to_str().unwrap(),
        "--size",
        "16",
        "--views",
        "ring:2",
    ];
    PerspectiveOptions::from_words(words.iter().chain(more).copied()).unwrap()
}

#[test]
fn frames_of_a_video_are_numbered_and_kept() {
    let place = Place::empty();
    let Some(video) = video(&place, "128x64") else {
        return;
    };
    let all = run(&options(&place, &video, "all", &[]), &Silent).unwrap();
    assert_eq!([all.made, all.views], [10, 20]);
    assert!(
        place
            .path("all/images/pano_camera1/walk: 1_000010.jpg")
            .exists()
    );
    let some = run(
        &options(&place, &video, "some", &["--every", "0.5"]),
        &Silent,
    )
    .unwrap();
    assert_eq!(some.made, 2);
    let first = run(
        &options(&place, &video, "first", &["--most-frames", "4"]),
        &Silent,
    )
    .unwrap();
    assert_eq!(first.made, 4);
    fs::remove_file(place.path("first/images/pano_camera0/walk: 1_000002.jpg")).unwrap();
    let more = run(&options(&place, &video, "first", &[]), &Silent).unwrap();
    assert_eq!([more.made, more.kept], [7, 3]);
    assert_eq!(place.results("first"), place.results("all"));
}

#[test]
fn what_ffmpeg_cannot_read_is_refused_with_its_words() {
    let place = Place::empty();
    if video(&place, "128x128").is_none() {
        return;
    }
    let square = place.path("walk: 1.mkv");
    let error = run(
        &options(&place, square.to_str().unwrap(), "out", &[]),
        &Silent,
    )
    .unwrap_err();
    assert!(error.to_string().contains("twice as wide"), "{error}");
    let text = place.path("notes.mp4");
    fs::write(&text, "no video").unwrap();
    let error = run(
        &options(&place, text.to_str().unwrap(), "out", &[]),
        &Silent,
    )
    .unwrap_err();
    let Some(PerspectiveError::Ffmpeg { words, .. }) = error.find_cause() else {
        panic!("{error}");
    };
    assert!(!words.is_empty());
}
