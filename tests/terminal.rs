//! What programs print of files: nothing that a terminal obeys, and nothing of panics that were
//! caught.

#![allow(missing_docs, clippy::print_stderr)]

use isopach::{
    cloud::{Cloud, Columns},
    las::{Las, LazWriter, Schema},
};
use isopach_program::{codec_panics, printable};
use isopach_testkit::program::program;
use printable::printable;
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

fn las_info(arguments: &[&str], file: &Path) -> Output {
    Command::new(program("las_info"))
        .args(arguments)
        .arg(file)
        .output()
        .unwrap()
}

/// A file of 400 points.
fn whole(path: &Path) -> Vec<u8> {
    let points: Vec<[f64; 3]> = (0..400)
        .map(|i| [f64::from(i % 20), f64::from(i / 20), f64::from(i % 7)])
        .collect();
    let mut writer = LazWriter::create(
        path,
        &Schema {
            columns: Columns::XYZ,
            ..Schema::default()
        },
    )
    .unwrap();
    writer
        .write(&Cloud::from_points(&points).unwrap(), &[])
        .unwrap();
    writer.finish().unwrap();
    fs::read(path).unwrap()
}

/// Whether a terminal would only show it.
fn is_shown(output: &Output) -> bool {
    let text = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8(text)
        .unwrap()
        .chars()
        .all(|letter| letter == '\n' || !letter.is_control())
}

#[test]
fn control_characters_are_written_out() {
    assert_eq!(
        printable("a\u{1b}[31mb\u{9b}c\u{7f}\nd\u{202e}é"),
        "a\\u001b[31mb\\u009bc\\u007f\\u000ad\\u202eé"
    );
    assert_eq!(printable("Ångström, 5 µm"), "Ångström, 5 µm");
}

/// The place of a panic tells whose it is. Ours are told as ever.
#[test]
fn panics_of_codecs_alone_are_not_told() {
    codec_panics::silence_codecs();
    for (file, is_silent) in [
        (
            "/home/a/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/laz-0.13.0/src/lib.rs",
            true,
        ),
        ("C:\\registry\\fitskit-0.3.0\\src\\tile_compress.rs", true),
        ("/registry/ruzstd-0.9.1/src/decoding/frame.rs", true),
        ("/registry/weezl-0.2.1/src/decode.rs", true),
        ("crates/las/src/codec.rs", false),
        ("/registry/isopach-las-0.1.0/src/codec.rs", false),
        ("/registry/rayon-1.12.0/src/lib.rs", false),
    ] {
        assert_eq!(codec_panics::is_in_a_codec(file), is_silent, "{file}");
    }
}

#[test]
fn control_characters_of_a_file_do_not_reach_the_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.laz");
    let mut bytes = whole(&path);
    // The name of the system that made it, 32 bytes at 26: a colour, a bell, a line, and a sequence
    // of one character.
    let name = "\u{1b}[31mred\u{7}\nno\u{9b}1A";
    bytes[26..26 + name.len()].copy_from_slice(name.as_bytes());
    fs::write(&path, &bytes).unwrap();
    assert_eq!(Las::open(&path).unwrap().header().system_identifier, name);
    for arguments in [&[][..], &["--json"], &["--header-only"]] {
        let output = las_info(arguments, &path);
        assert!(
            output.status.success() && is_shown(&output),
            "{arguments:?}: {output:?}"
        );
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            text.contains("\\u001b[31mred\\u0007\\") && text.contains("\\u009b1A"),
            "{arguments:?}: {text}"
        );
    }
    let json = las_info(&["--json"], &path).stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(
        json["system_identifier"], name,
        "what is written out is still JSON"
    );
}

#[test]
fn damaged_files_give_one_line_each() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.laz");
    let whole = whole(&path);
    let mut refused = 0;
    for case in 0..60_usize {
        let mut bytes = whole.clone();
        let at = whole.len() - 1 - case * 7 % (whole.len() - 400);
        bytes[at] ^= 1 << (case % 8);
        fs::write(&path, &bytes).unwrap();
        let output = las_info(&[], &path);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            is_shown(&output) && output.status.code().is_some_and(|code| code < 2),
            "byte {at}: {message}"
        );
        if !output.status.success() {
            refused += 1;
            assert_eq!(message.lines().count(), 1, "byte {at}: {message}");
            assert!(
                message.starts_with("las_info: ") && message.contains("a.laz"),
                "byte {at}: {message}"
            );
        }
    }
    assert!(refused > 10, "only {refused} of 60 were refused");
}

/// A file that was cut says where, and how many points there are.
#[test]
fn a_cut_file_says_how_much_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("whole.laz");
    let compressed = whole(&path);
    let plain = dir.path().join("cut.las");
    Las::open(&path).unwrap().rewrite(&plain).unwrap();
    let bytes = fs::read(&plain).unwrap();
    let record = usize::from(Las::open(&plain).unwrap().header().record_length);
    fs::write(&plain, &bytes[..bytes.len() - 100 * record - 1]).unwrap();
    let refused = |file: &Path, words: &[&str]| {
        let output = las_info(&[], file);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && words.iter().all(|word| message.contains(word)),
            "{message}"
        );
    };
    refused(
        &plain,
        &["cut.las", "400 points should reach", "after 299 points"],
    );
    let cut = dir.path().join("cut.laz");
    fs::write(&cut, &compressed[..compressed.len() - 30]).unwrap();
    refused(
        &cut,
        &["cut.laz", "truncated: the chunk table should reach"],
    );
}
