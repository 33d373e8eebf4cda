//! What many machines do to one folder: a test a fault that was seen (docs/fleet.md), with
//! processes that all have the number 1, as containers' have.

#![cfg(unix)]
#![allow(clippy::print_stderr, missing_docs)]

mod ends;
mod merging;
mod workers;

use isopach::cloud::Rigid;
use isopach_survey::scene;
use isopach_testkit::{
    documentation::{documented_commands, read_document, run_commands},
    ended::{ended_well, ends_within, made_unreadable, made_whole, send_signal},
    message::message,
    place::Place,
    program::program,
};
use scene::Scene;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Of another machine: it is never removed before all results are there.
const OF_ANOTHER: &str = ".000000-0-1.tile.00000000-0123456789abcdef.part";

trait FleetRuns {
    /// Runs it with an alignment.
    fn aligning(&self, out: &str, more: &[&str]) -> Output;

    /// Runs it over epochs at other places.
    fn staged(&self, inputs: [&str; 2], out: &str, more: &[&str]) -> Output;

    /// Starts it as the first process of its own, as a container does.
    fn first_process(&self, out: &str, more: &[&str]) -> Child;

    fn tiles(&self, out: &str) -> PathBuf;

    /// The results of tiles that are there.
    fn done(&self, out: &str) -> Vec<PathBuf>;

    /// Refuses anything but results in a folder.
    fn is_tidy(&self, out: &str);
}

impl FleetRuns for Place {
    fn aligning(&self, out: &str, more: &[&str]) -> Output {
        let arguments = self.arguments(["before.laz", "after.laz"], out, more);
        Command::new(program("terrain_change"))
            .args(arguments)
            .output()
            .unwrap()
    }

    fn staged(&self, inputs: [&str; 2], out: &str, more: &[&str]) -> Output {
        let arguments = self.arguments(inputs, out, &[&["--align", "none"], more].concat());
        Command::new(program("terrain_change"))
            .args(arguments)
            .output()
            .unwrap()
    }

    fn first_process(&self, out: &str, more: &[&str]) -> Child {
        let mut command = Command::new("unshare");
        command.args(["-p", "-f"]).arg(program("terrain_change"));
        command.args(self.arguments(["before.laz", "after.laz"], out, more));
        command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn tiles(&self, out: &str) -> PathBuf {
        self.path(out).join(".run/tiles")
    }

    fn done(&self, out: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.tiles(out)).into_iter().flatten();
        let mut done: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        done.retain(|path| path.extension().is_some_and(|end| end == "tile"));
        done.sort();
        done
    }

    fn is_tidy(&self, out: &str) {
        let entries = fs::read_dir(self.path(out)).unwrap();
        let hidden = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let hidden: Vec<String> = hidden.filter(|name| name.starts_with('.')).collect();
        assert!(hidden.is_empty(), "{hidden:?} is left");
    }
}

fn may_unshare() -> bool {
    let may = Command::new("unshare")
        .args(["-p", "-f", "true"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !may {
        eprintln!("SKIPPED: processes cannot have numbers of their own here (unshare -p -f)");
    }
    may
}

#[test]
fn programs_that_all_are_process_1_do_not_disturb_each_other() {
    if !may_unshare() {
        return;
    }
    let place = Place::with(16_000);
    ended_well(&place.run("whole", &[]));
    let little = ["--align", "none", "--threads", "1"];
    let shard = |number: usize| {
        let name = format!("{}/12", number % 12 + 1);
        place.first_process("out", &[&little[..], &["--shard", &name]].concat())
    };
    // Each shard on two machines at once, all of them beginning the run.
    let shards: Vec<Child> = (0..24).map(shard).collect();
    for shard in shards {
        ends_within(&shard.wait_with_output().unwrap(), 0, &[]);
    }
    let merges = [0, 1].map(|_| place.first_process("out", &[&little[..], &["--merge"]].concat()));
    for merge in merges {
        ends_within(&merge.wait_with_output().unwrap(), 0, &[]);
    }
    assert!(place.results("out") == place.results("whole"));
    place.is_tidy("out");
}

#[test]
fn a_result_that_cannot_be_read_is_an_error_and_stays_and_only_who_needs_it_looks() {
    let place = Place::with(16_000);
    ended_well(&place.run("whole", &[]));
    ended_well(&place.run("out", &["--shard", "1/2"]));
    let first = place.done("out");
    let kept: Vec<Vec<u8>> = first.iter().map(|path| made_unreadable(path)).collect();
    ends_within(&place.run("out", &["--shard", "1/2"]), 75, &[".tile: "]);
    // The other shard has nothing to do with them.
    ended_well(&place.run("out", &["--shard-index", "1/2"]));
    ends_within(&place.run("out", &["--merge"]), 75, &[".tile: "]);
    assert!(
        first.iter().all(|path| path.is_symlink()),
        "nothing was removed"
    );
    for (path, bytes) in first.iter().zip(&kept) {
        made_whole(path, bytes);
    }
    ended_well(&place.run("out", &["--merge"]));
    assert!(place.results("out") == place.results("whole"));
    place.is_tidy("out");
}

/// What makes calls on files fail, loaded before the C library; nothing where there is no compiler
/// of C.
#[cfg(target_os = "linux")]
fn failing(dir: &Path) -> Option<PathBuf> {
    let (source, library) = (
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/common/failing.c"),
        dir.join("failing.so"),
    );
    let made = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(source)
        .arg("-ldl")
        .output();
    match made {
        Ok(output) => {
            assert!(output.status.success(), "{}", message(&output));
            Some(library)
        }
        Err(error) => {
            eprintln!("SKIPPED: cc cannot be run here ({error})");
            None
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_of_files_that_fails_damages_nothing_and_is_asked_again_later() {
    const EIO: i32 = 5;
    const ENOSPC: i32 = 28;
    const ESTALE: i32 = 116;
    let place = Place::with(16_000);
    let Some(library) = failing(&place.path(".")) else {
        return;
    };
    ended_well(&place.run("whole", &[]));
    ended_well(&place.run("out", &["--plan"]));
    ended_well(&place.run("out", &["--shard", "1/2"]));
    let kept = |done: &[PathBuf]| -> Vec<Vec<u8>> {
        done.iter().map(|path| fs::read(path).unwrap()).collect()
    };
    let done = place.done("out");
    let before = kept(&done);
    for (call, path, number, more) in [
        ("open", ".tile", ESTALE, &["--shard", "1/2"][..]),
        ("read", ".tile", EIO, &["--shard", "1/2"]),
        ("read", ".tile", ESTALE, &["--shard", "1/2"]),
        ("open", "manifest.json", ESTALE, &["--shard", "2/2"]),
        ("read", "manifest.json", EIO, &["--merge"]),
        ("read", "after.laz", EIO, &["--shard", "2/2"]),
        ("open", "after.laz", ESTALE, &["--shard", "2/2"]),
        ("write", ".tile", ENOSPC, &["--shard", "2/2"]),
        ("write", ".tile", EIO, &["--shard", "2/2"]),
    ] {
        let mut command = place.command("out", more);
        command
            .env("LD_PRELOAD", &library)
            .env("FAILING_CALL", call)
            .env("FAILING_PATH", path);
        let output = command
            .env("FAILING_ERRNO", number.to_string())
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(75),
            "{call} {path} {number}: {}",
            message(&output)
        );
        assert!(
            place.done("out") == done && kept(&done) == before,
            "{call} {path}: {}",
            message(&output)
        );
    }
    ended_well(&place.run("out", &["--shard", "2/2"]));
    for (call, number) in [("open", ESTALE), ("read", EIO)] {
        let mut command = place.command("out", &["--merge"]);
        command
            .env("LD_PRELOAD", &library)
            .env("FAILING_CALL", call)
            .env("FAILING_PATH", ".tile");
        ends_within(
            &command
                .env("FAILING_ERRNO", number.to_string())
                .output()
                .unwrap(),
            75,
            &[".tile: "],
        );
    }
    ended_well(&place.run("out", &["--merge"]));
    assert!(place.results("out") == place.results("whole"));
    place.is_tidy("out");
}

#[test]
fn what_is_of_others_stays_and_ends_nothing() {
    let place = Place::with(16_000);
    ended_well(&place.run("whole", &[]));
    let tiles = place.tiles("out");
    fs::create_dir_all(tiles.join("folder")).unwrap();
    let others = [
        "notes.txt",
        ".nfs0123456789abcdef",
        "000000-0-1.tile.bak",
        "folder/mine",
    ];
    others
        .iter()
        .chain([&OF_ANOTHER])
        .for_each(|name| fs::write(tiles.join(name), "mine").unwrap());
    // A whole result under a name that this plan does not have.
    fs::write(tiles.join("999999-0-1.tile"), "mine").unwrap();
    for shard in ["1/2", "2/2"] {
        ended_well(&place.run("out", &["--shard", shard]));
    }
    assert_eq!(
        fs::read_to_string(tiles.join(OF_ANOTHER)).unwrap(),
        "mine",
        "another machine may be writing it"
    );
    ended_well(&place.run("out", &["--merge"]));
    assert!(place.results("out") == place.results("whole"));
    for name in others {
        assert_eq!(
            fs::read_to_string(tiles.join(name)).unwrap(),
            "mine",
            "{name}"
        );
    }
    assert!(
        place.done("out").is_empty() && !tiles.join(OF_ANOTHER).exists(),
        "all results are there"
    );
}

#[test]
fn the_walk_through_of_the_documentation_runs() {
    let text = read_document("docs/fleet.md");
    let headings = [
        "## On one machine",
        "## Workers that take what is left",
        "## Emission",
    ];
    let commands = headings
        .map(|heading| documented_commands(&text, heading))
        .concat();
    assert!(
        commands.matches("terrain_change ").count() >= 11,
        "{commands}"
    );
    assert!(commands.matches("emission ").count() >= 6, "{commands}");
    let dir = tempfile::tempdir().unwrap();
    ended_well(&run_commands(&commands, dir.path()));
    for out in ["fleet", "claims", "sun"] {
        assert!(
            dir.path().join(out).join("index.html").exists()
                && !dir.path().join(out).join(".run").exists()
        );
    }
}
