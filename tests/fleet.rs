//! What many machines do to one folder: a test a fault that was seen (docs/fleet.md), with
//! processes that all have the number 1, as containers' have.

#![cfg(unix)]
#![allow(clippy::print_stderr, missing_docs)]

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
fn merges_may_be_killed_and_doubled_and_a_shard_may_come_after_them() {
    let place = Place::with(16_000);
    let start = Instant::now();
    ended_well(&place.run("whole", &[]));
    let takes = start.elapsed();
    for moment in 0..3_u32 {
        for shard in ["1/2", "2/2"] {
            ended_well(&place.run("out", &["--shard", shard]));
        }
        // What a killed shard and a killed merge of another machine left.
        let left = "process 7\nhost there\nmachine another\n";
        fs::write(place.path("out/.lock"), format!("held shared\n{left}")).unwrap();
        fs::write(place.path("out/.run/lock"), format!("held shared\n{left}")).unwrap();
        let merge = || place.command("out", &["--merge"]).spawn().unwrap();
        let mut killed = merge();
        thread::sleep(takes * (1 + 2 * moment) / 10);
        killed.kill().unwrap();
        killed.wait().unwrap();
        let merges = [merge(), merge()];
        for merge in merges {
            ends_within(&merge.wait_with_output().unwrap(), 0, &[]);
        }
        let merged = place.results("out");
        assert!(merged == place.results("whole"));
        let said = [&["--shard", "1/2"][..], &["--merge"]]
            .map(|share| ended_well(&place.run("out", share)));
        assert!(
            said.iter().all(|said| said.contains("merged already")),
            "{said:?}"
        );
        assert!(place.results("out") == merged);
        place.is_tidy("out");
        fs::remove_dir_all(place.path("out")).unwrap();
    }
}

#[test]
fn a_straggler_that_runs_on_while_the_results_are_merged_ends_well() {
    let place = Place::with(16_000);
    ended_well(&place.run("whole", &[]));
    // Stopped between two tiles; others do its work meanwhile. A machine may be too busy to see it
    // in time: then once more.
    for _ in 0..20 {
        let mut straggler = place
            .command("out", &["--shard", "1/1", "--threads", "1"])
            .spawn()
            .unwrap();
        while place.done("out").is_empty() && straggler.try_wait().unwrap().is_none() {
            thread::sleep(Duration::from_millis(1));
        }
        send_signal(&straggler, "-STOP");
        let was_between = straggler.try_wait().unwrap().is_none();
        ended_well(&place.run("out", &["--shard", "1/1"]));
        ended_well(&place.run("out", &["--merge"]));
        let merged = place.results("out");
        send_signal(&straggler, "-CONT");
        ends_within(&straggler.wait_with_output().unwrap(), 0, &[]);
        assert!(merged == place.results("whole") && place.results("out") == merged);
        place.is_tidy("out");
        if was_between {
            return;
        }
        fs::remove_dir_all(place.path("out")).unwrap();
    }
    panic!("it was never seen between its first and last tile");
}

#[test]
fn the_same_bytes_elsewhere_are_the_same_inputs_and_other_bytes_are_not() {
    let place = Place::with(16_000);
    ended_well(&place.run("whole", &[]));
    let copied = |folder: &str, change: &dyn Fn(&mut Vec<u8>)| {
        fs::create_dir(place.path(folder)).unwrap();
        let mut bytes = fs::read(place.path("after.laz")).unwrap();
        change(&mut bytes);
        let [before, after] = ["a.laz", "b.laz"].map(|name| place.path(folder).join(name));
        fs::copy(place.path("before.laz"), before).unwrap();
        fs::write(&after, bytes).unwrap();
        fs::File::options()
            .write(true)
            .open(after)
            .unwrap()
            .set_modified(std::time::UNIX_EPOCH)
            .unwrap();
    };
    copied("node", &|_| ());
    copied("damaged", &|bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    });
    copied("other", &|bytes| bytes.push(0));
    ended_well(&place.run("out", &["--plan"]));
    ended_well(&place.run("out", &["--shard", "1/2"]));
    let refused = place.staged(["other/a.laz", "other/b.laz"], "out", &["--shard", "2/2"]);
    ends_within(&refused, 2, &["an input has changed"]);
    // The same length, header and table of chunks: the index that the plan made knows the bytes.
    let refused = place.staged(
        ["damaged/a.laz", "damaged/b.laz"],
        "out",
        &["--shard", "2/2"],
    );
    ends_within(&refused, 3, &["damaged/b.laz", "checksum of a chunk"]);
    ended_well(&place.staged(["node/a.laz", "node/b.laz"], "out", &["--shard", "2/2"]));
    ended_well(&place.staged(["node/a.laz", "node/b.laz"], "out", &["--merge"]));
    assert!(place.results("out") == place.results("whole"));
    place.is_tidy("out");
}

#[test]
fn what_the_data_say_is_found_once_by_the_plan_and_so_are_the_tiles() {
    let mut scene = Scene::new(16_000, 9);
    scene.misalignment = Rigid::from_vectors(
        [0.1e-3, -0.15e-3, 0.6e-3],
        [0.31, -0.24, 0.12],
        scene.centre(),
    );
    let place = Place::of(&scene);
    let run = |out: &str, more: &[&str]| place.aligning(out, more);
    ended_well(&run("whole", &[]));
    ended_well(&run("out", &["--plan"]));
    ended_well(&run("out", &["--plan"]));
    // Whoever runs a share, or puts them together, has it from there.
    let manifest = place.path("out/.run/manifest.json");
    let mut begun: Value = serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    assert_eq!(begun["found"]["aligned"]["found"]["outcome"], "moved");
    begun["found"]["from_data"]["suggestions"]["cell_size"]["reason"] = "as the plan found".into();
    fs::write(&manifest, begun.to_string()).unwrap();
    let made = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    let indexes: Vec<PathBuf> = fs::read_dir(place.path("out/.run/index"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(indexes.len(), 2, "one a file");
    let times: Vec<_> = indexes.iter().map(|path| made(path)).collect();
    // Machines with other memory, threads and sizes of tiles.
    let machines = [
        &["--memory", "40MiB"][..],
        &["--threads", "1"],
        &["--memory", "1GiB", "--in-flight", "2"],
    ];
    for (number, machine) in machines.into_iter().enumerate() {
        let said = ended_well(&run(
            "out",
            &[&["--shard-index", &format!("{number}/3")], machine].concat(),
        ));
        assert!(said.contains("alignment and parameters as in"), "{said}");
    }
    assert_eq!(
        times,
        indexes.iter().map(|path| made(path)).collect::<Vec<_>>(),
        "none was made again"
    );
    ended_well(&run("out", &["--merge"]));
    assert!(place.results("out") == place.results("whole"));
    place.is_tidy("out");
    let [out, whole] = ["out", "whole"].map(|out| -> Value {
        serde_json::from_slice(&fs::read(place.path(out).join("summary.json")).unwrap()).unwrap()
    });
    assert_eq!(out["reasons"]["cell_m"], "as the plan found");
    for part in [
        "parameters",
        "sample",
        "alignment",
        "warnings",
        "dod",
        "m3c2",
        "c2c",
    ] {
        assert_eq!(out[part], whole[part], "{part}");
    }
}

#[test]
fn each_end_has_its_code() {
    let place = Place::with(16_000);
    ended_well(&place.run("done", &[]));
    ended_well(&place.run("begun", &["--shard", "1/2"]));
    // 2: never again.
    for (out, more, words) in [
        ("none", &["--no-such-option"][..], &[][..]),
        ("none", &["--depth", "-1"], &["depth"]),
        ("none", &["--shard", "0/2"], &["the first is 1/5"]),
        ("none", &["--shard-index", "2/2"], &["the first is 0/5"]),
        ("none", &["--shard", "1/2", "--fresh"], &["--plan"]),
        (
            "done",
            &["--depth", "3"],
            &["finished results of other parameters"],
        ),
        (
            "begun",
            &["--depth", "3", "--shard", "2/2"],
            &["other parameters"],
        ),
        ("begun", &["--depth", "3", "--merge"], &["other parameters"]),
    ] {
        let output = place.run(out, more);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{more:?}: {}",
            message(&output)
        );
        words
            .iter()
            .for_each(|word| assert!(message(&output).contains(word), "{}", message(&output)));
    }
    ends_within(
        &place.staged(["missing.laz", "after.laz"], "none", &[]),
        2,
        &["missing.laz"],
    );
    fs::write(place.path("text.laz"), "x y z").unwrap();
    ends_within(
        &place.staged(["text.laz", "after.laz"], "none", &[]),
        2,
        &["text.laz"],
    );
    // 75: later, or elsewhere.
    ends_within(&place.run("begun", &["--merge"]), 75, &["not done yet"]);
    ends_within(&place.run("none", &["--merge"]), 75, &["no shard was run"]);
    fs::create_dir(place.path("held")).unwrap();
    fs::write(
        place.path("held/.lock"),
        "held alone\nprocess 7\nhost there\nmachine another\n",
    )
    .unwrap();
    ends_within(
        &place.run("held", &["--shard", "1/2"]),
        75,
        &["process 7 on there"],
    );
    made_unreadable(&place.path("begun/.run/manifest.json"));
    ends_within(
        &place.run("begun", &["--shard", "2/2"]),
        75,
        &["manifest.json"],
    );
    let mut full = Command::new("sh");
    full.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh"])
        .arg(program("terrain_change"));
    let full = full
        .args(place.arguments(["before.laz", "after.laz"], "full", &["--align", "none"]))
        .output()
        .unwrap();
    ends_within(&full, 75, &["large"]);
    // Another version of the program.
    ended_well(&place.run("old", &["--plan"]));
    let manifest = place.path("old/.run/manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("isopach 0", "isopach 9")).unwrap();
    ends_within(
        &place.run("old", &["--shard", "1/2"]),
        2,
        &["other program"],
    );
}

#[test]
fn sigterm_ends_soon_with_75_whenever_it_comes_and_leaves_nothing_damaged() {
    let place = Place::with(16_000);
    let start = Instant::now();
    ended_well(&place.run("whole", &[]));
    let takes = start.elapsed();
    let mut ended_by_it = 0;
    for moment in 0..20_u32 {
        // Of a whole run and of a shard in turn: at any time, in a scattered order, or when some
        // tiles are done.
        let more: &[&str] = if moment % 4 < 2 {
            &[]
        } else {
            &["--shard", "1/1"]
        };
        let more = [&["--threads", "1"], more].concat();
        let child = place.command("out", &more).spawn().unwrap();
        if moment % 2 == 0 {
            thread::sleep(takes / 40 + takes * (moment * 7 % 20) / 20);
        } else {
            let (before, latest) = (place.done("out").len(), Instant::now() + takes);
            while place.done("out").len() <= before && Instant::now() < latest {
                thread::sleep(Duration::from_millis(1));
            }
        }
        let asked = Instant::now();
        send_signal(&child, "-TERM");
        let output = child.wait_with_output().unwrap();
        assert!(asked.elapsed() < Duration::from_secs(5), "soon");
        let code = output.status.code();
        assert!(
            code == Some(75) || code == Some(0),
            "{code:?}: {}",
            message(&output)
        );
        ended_by_it += usize::from(code == Some(75));
        let lock = fs::read_to_string(place.path("out/.lock")).unwrap_or_default();
        assert!(
            !lock.contains("alone"),
            "another machine could not go on: {lock}"
        );
        if moment % 3 == 2 {
            ended_well(&place.run("out", &[]));
            assert!(place.results("out") == place.results("whole"));
            fs::remove_dir_all(place.path("out")).unwrap();
        }
    }
    assert!(
        ended_by_it >= 4,
        "it is always too late: {ended_by_it} of 20"
    );
    ended_well(&place.run("out", &[]));
    assert!(place.results("out") == place.results("whole"));
    place.is_tidy("out");
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

#[test]
fn workers_claim_what_is_left_come_and_go_and_overtake_the_dead() {
    let place = Place::with(16_000);
    ended_well(&place.run("whole", &[]));
    ended_well(&place.run("out", &["--plan"]));
    let worker = |lease: &str| {
        let more = ["--threads", "1", "--claim", "6", "--lease", lease];
        place.command("out", &more).spawn().unwrap()
    };
    let claims = place.path("out/.run/claims");
    // The first is killed with a claim in its hands.
    let mut dead = worker("600");
    while fs::read_dir(&claims).map_or(0, Iterator::count) == 0 {
        assert!(
            dead.try_wait().unwrap().is_none(),
            "it ended before it claimed anything"
        );
        thread::sleep(Duration::from_millis(1));
    }
    dead.kill().unwrap();
    dead.wait().unwrap();
    // A claim that nobody works on.
    fs::write(claims.join("5-of-6.claim"), "").unwrap();
    let workers = [worker("1"), worker("1"), worker("1")];
    for worker in workers {
        ends_within(&worker.wait_with_output().unwrap(), 0, &[]);
    }
    let done = |ending: &str| {
        let entries = fs::read_dir(&claims)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        entries
            .filter(|path| path.extension().is_some_and(|end| end == ending))
            .count()
    };
    assert_eq!(done("done"), 6);
    ended_well(&place.run("out", &["--merge"]));
    assert!(place.results("out") == place.results("whole"));
    place.is_tidy("out");
    let said = ended_well(&worker("1").wait_with_output().unwrap());
    assert!(said.contains("merged already"), "{said}");
    ends_within(&place.run("none", &["--claim", "0"]), 2, &["--claim is 0"]);
}

#[test]
fn a_worker_that_is_started_again_has_its_own_claims_at_once() {
    let place = Place::with(16_000);
    ended_well(&place.run("whole", &[]));
    ended_well(&place.run("out", &["--plan"]));
    // Claims of one that was killed, and one of another, which is at work for ten minutes yet.
    let claims = place.path("out/.run/claims");
    fs::create_dir_all(&claims).unwrap();
    for number in [1, 2, 4, 5, 6] {
        fs::write(claims.join(format!("{number}-of-6.claim")), "first").unwrap();
    }
    fs::write(claims.join("3-of-6.claim"), "first and more").unwrap();
    ended_well(&place.run("out", &["--claim", "6", "--worker", "first"]));
    let is_done = |number: usize| claims.join(format!("{number}-of-6.done")).exists();
    assert_eq!(
        [1, 2, 3, 4, 5, 6].map(is_done),
        [true, true, false, true, true, true],
        "it did not wait for the other"
    );
    ends_within(&place.run("out", &["--merge"]), 75, &["not done yet"]);
    ended_well(&place.run("out", &["--claim", "6", "--worker", "first and more"]));
    ended_well(&place.run("out", &["--merge"]));
    assert!(place.results("out") == place.results("whole"));
    ends_within(
        &place.run("none", &["--claim", "6", "--worker", &"w".repeat(256)]),
        2,
        &["--worker has 256 bytes"],
    );
    assert_eq!(
        place
            .run("none", &["--plan", "--worker", "first"])
            .status
            .code(),
        Some(2)
    );
}
