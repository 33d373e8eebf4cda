//! The program `isopach` as people run it: subcommands, help, exit codes, and a run on two
//! processes.

#![allow(missing_docs)]

use clap::{Arg, Command};
use std::{
    path::Path,
    process::{self, Output},
};

fn isopach(words: &[&str]) -> Output {
    process::Command::new(env!("CARGO_BIN_EXE_isopach"))
        .env("XDG_RUNTIME_DIR", std::env::temp_dir())
        .args(words)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn help_lists_every_subcommand_and_each_has_help_of_its_own() {
    let help = isopach(&["--help"]);
    assert!(help.status.success());
    let help = text(&help.stdout);
    let command = isopach_cli::command();
    let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
    for known in [
        "change", "plan", "merge", "emission", "features", "info", "devices",
    ] {
        assert!(names.contains(&known), "{known} in {names:?}");
    }
    for name in names {
        assert!(help.contains(name), "{name} in {help}");
        let own = isopach(&[name, "--help"]);
        assert!(own.status.success(), "{name}");
        assert!(text(&own.stdout).contains("Usage: isopach"), "{name}");
    }
}

#[test]
fn mistakes_end_with_2_and_say_the_remedy() {
    let unknown = isopach(&["chnge"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("'change'"));
    let alone = isopach(&["change", "a.laz"]);
    assert_eq!(alone.status.code(), Some(2));
    assert!(text(&alone.stderr).contains("<AFTER>"));
    let missing = isopach(&["info", "no-such-file.laz"]);
    assert!(!missing.status.success());
    assert!(text(&missing.stderr).starts_with("isopach info: "));
}

#[test]
fn completions_name_the_options_of_subcommands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = isopach(&["completions", shell]);
        assert!(script.status.success(), "{shell}");
        let script = text(&script.stdout);
        for subcommand in isopach_cli::command().get_subcommands() {
            let options = subcommand.get_arguments().filter_map(Arg::get_long);
            for word in options.chain([subcommand.get_name()]) {
                assert!(script.contains(word), "{word} in the script of {shell}");
            }
        }
        assert!(script.contains("core-spacing"), "{shell}");
    }
}

/// A change run over the synthetic scene of 20,000 points, with more words.
fn change(subcommand: &str, out: &Path, more: &[&str]) -> Output {
    let out = out.to_str().unwrap();
    let words = [
        &[subcommand, "--scene-points", "20000", "--backend", "cpu"][..],
        &["--tile-size", "40", "--out", out],
        more,
    ];
    let output = isopach(&words.concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    output
}

#[test]
fn plan_shards_and_merge_give_what_one_run_gives() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let parts = folder.path().join("parts");
    change("change", &whole, &[]);
    change("plan", &parts, &[]);
    change("change", &parts, &["--shard", "1/2"]);
    change("change", &parts, &["--shard", "2/2"]);
    change("merge", &parts, &[]);
    for name in ["dod.tif", "dod_lod.tif", "m3c2.laz", "c2c.laz"] {
        let read = |folder: &Path| std::fs::read(folder.join(name)).unwrap();
        assert!(read(&whole) == read(&parts), "{name} differs");
    }
    let info = isopach(&["info", "--json", parts.join("m3c2.laz").to_str().unwrap()]);
    assert!(text(&info.stdout).contains("m3c2_distance"));
}
