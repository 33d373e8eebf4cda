//! `scripts/dask_run.py` with real processes of Dask, some of which are killed. Needs a Python with
//! it: `DASK_PYTHON`, or `python3`.

#![cfg(target_os = "linux")]
#![allow(clippy::print_stderr, missing_docs)]

use isopach_survey::scene;
use isopach_testkit::{
    program::program,
    python::{judge, python},
};
use scene::Scene;
use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
};

#[test]
fn workers_and_drivers_of_dask_may_be_killed() {
    let Some(python) = python("DASK_PYTHON", "dask, distributed, psutil") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    Scene::new(200_000, 9)
        .write(
            &dir.path().join("before.laz"),
            &dir.path().join("after.laz"),
        )
        .unwrap();
    eprintln!(
        "{}",
        judge(
            &python,
            "dask_run_killed.py",
            &program("terrain_change"),
            &[dir.path().to_owned()]
        )
    );
}

#[test]
fn the_walk_through_of_the_documentation_runs() {
    let Some(python) = python("DASK_PYTHON", "dask, distributed") else {
        return;
    };
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(here.join("docs/fleet.md")).unwrap();
    let section = text.split("\n## Dask\n").nth(1).unwrap();
    let commands = section
        .split("```sh\n")
        .nth(2)
        .and_then(|rest| rest.split("```").next())
        .unwrap();
    assert_eq!(commands.matches("dask_run.py ").count(), 2, "{commands}");
    // Another scheduler may be at work on this machine.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let commands = commands.replace("8786", &port.to_string());
    let dir = tempfile::tempdir().unwrap();
    Scene::new(16_000, 9)
        .write(
            &dir.path().join("before.laz"),
            &dir.path().join("after.laz"),
        )
        .unwrap();
    let (programs, driver) = (program("terrain_change"), here.join("scripts/dask_run.py"));
    let folders = [Path::new(&python), &driver, &programs].map(|file| file.parent().unwrap());
    let path = folders.map(|folder| folder.display().to_string()).join(":");
    let path = format!("{path}:{}", std::env::var("PATH").unwrap());
    let said = dir.path().join("said");
    let mut command = Command::new("timeout");
    command
        .args(["100", "sh", "-e", "-c", &commands])
        .current_dir(&dir)
        .env("PATH", path);
    // Into a file: the scheduler and the workers live on.
    command
        .stdout(Stdio::null())
        .stderr(fs::File::create(&said).unwrap());
    let mut child = command.spawn().unwrap();
    let status = child.wait().unwrap();
    // `timeout` is the first of its group of processes.
    let group = format!("-{}", child.id());
    Command::new("kill")
        .args(["-TERM", "--", &group])
        .status()
        .unwrap();
    assert!(
        status.success(),
        "{status}: {}",
        fs::read_to_string(said).unwrap()
    );
}
