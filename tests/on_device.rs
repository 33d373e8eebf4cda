//! The scripts for minutes on a graphics processor: `on_device.sh` with programs that only pretend,
//! and the tables that `on_device_report.py` makes of lines whose tables are known. What the
//! programs themselves do is tested where they are; scripts/try_on_device.sh runs all of it in a
//! bare root folder.

#![cfg(target_os = "linux")]
#![allow(clippy::print_stderr, missing_docs)]

use serde_json::Value;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A program that lists a device in software, and whatever else a case says of each step.
const DEVICES: &str = r#"#!/bin/sh
case "$*" in
--json) echo '{"what":"adapter","name":"llvmpipe","kind":"Cpu"}' ;;
*--check*) echo '{"what":"conformance"}'; printf '{"half'; exec sleep 20 ;;
*--programs*) exit 1 ;;
*) echo '{"what":"floors"}' ;;
esac
"#;
const NOTHING: &str = "#!/bin/sh\necho '{\"what\":\"adapters\"}'\n";

/// Runs the script in a packed folder of such programs; where `OUT` is, and what it ended with.
fn on_device(devices: &str, variables: &[(&str, &str)]) -> (tempfile::TempDir, Output) {
    let packed = tempfile::tempdir().unwrap();
    let at = |name: &str| packed.path().join(name);
    for folder in ["bin", "lib"] {
        fs::create_dir(at(folder)).unwrap();
    }
    fs::write(at("lib/libvulkan.so.1"), "").unwrap();
    for (name, text) in [
        ("devices", devices),
        ("switches", NOTHING),
        ("terrain_change", NOTHING),
        ("emission", NOTHING),
    ] {
        let path = at("bin").join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::copy(
        Path::new(ROOT).join("scripts/on_device.sh"),
        at("on_device.sh"),
    )
    .unwrap();
    let mut command = Command::new("sh");
    command
        .arg(at("on_device.sh"))
        .env("OUT", at("out"))
        .env("SMALL", "1")
        .envs(variables.iter().copied());
    let output = command.output().unwrap();
    (packed, output)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_step_that_is_ended_or_fails_is_told_and_the_others_go_on() {
    let (packed, output) = on_device(DEVICES, &[("GPUS", "llvmpipe"), ("CHECK_S", "3")]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let text = fs::read_to_string(packed.path().join("out/lines.jsonl")).unwrap();
    // Half a line of a program that was ended spoils no other.
    let lines: Vec<Value> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    assert_eq!(lines.len() + 1, text.lines().count(), "{text}");
    let last = lines.last().unwrap();
    assert_eq!(
        (&last["what"], &last["well"]),
        (&"steps".into(), &false.into())
    );
    let steps: Vec<(&str, u64)> = last["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| {
            (
                step["step"].as_str().unwrap(),
                step["code"].as_u64().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("conformance", 124),
        ("kernels", 0),
        ("sweep", 0),
        ("switches", 0),
        ("programs", 1),
        ("workers", 0),
        ("threads", 0),
    ];
    assert_eq!(steps, expected);
    assert!(said(&output).contains("ENDED AT ITS LIMIT"));
}

#[test]
fn no_step_begins_when_the_time_is_over() {
    let (packed, output) = on_device(DEVICES, &[("GPUS", "llvmpipe"), ("TOTAL_S", "1")]);
    assert_eq!(output.status.code(), Some(1));
    let text = fs::read_to_string(packed.path().join("out/lines.jsonl")).unwrap();
    assert!(!text.contains("floors"), "{text}");
    assert_eq!(text.matches("\"what\":\"step\",").count(), 7, "{text}");
}

#[test]
fn a_device_in_software_is_named_or_it_is_a_failure_and_so_is_none() {
    let no_driver = ("VK_DRIVER_FILES", "/nonexistent");
    let none = "#!/bin/sh\nexit 1\n";
    for (devices, words) in [
        (DEVICES, "only a device in software"),
        (none, "no Vulkan driver"),
    ] {
        let (_packed, output) = on_device(devices, &[no_driver]);
        assert_eq!(output.status.code(), Some(2));
        assert!(
            said(&output).contains(words) && said(&output).lines().count() == 1,
            "{}",
            said(&output)
        );
    }
}

/// What the report makes of a file of lines, and its exit code; `None` where there is no Python.
fn report(lines: &str) -> Option<(String, Option<i32>)> {
    let script = Path::new(ROOT).join("scripts/on_device_report.py");
    let Ok(output) = Command::new("python3")
        .arg(script)
        .arg(Path::new(ROOT).join("tests/on_device").join(lines))
        .output()
    else {
        eprintln!("SKIPPED: there is no python3");
        return None;
    };
    assert!(output.stderr.is_empty(), "{}", said(&output));
    Some((
        String::from_utf8(output.stdout).unwrap(),
        output.status.code(),
    ))
}

/// The tables by heart.
fn expected(name: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join("tests/on_device").join(name)).unwrap()
}

#[test]
fn a_run_that_went_well_has_its_tables_and_proposals() {
    let Some((text, code)) = report("well.jsonl") else {
        return;
    };
    assert_eq!((text, code), (expected("well.md"), Some(0)));
}

#[test]
fn what_went_wrong_comes_first_and_has_no_speed() {
    let Some((text, code)) = report("ill.jsonl") else {
        return;
    };
    assert_eq!((text, code), (expected("ill.md"), Some(1)));
}
