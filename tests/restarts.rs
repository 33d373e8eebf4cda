//! The program is killed, runs out of disk, meets a broken file, finds its input replaced: each
//! time it says so, leaves nothing half done under the name of a result, and the same command goes
//! on from there and ends with the same bytes.

#![cfg(unix)]
#![allow(clippy::print_stderr, missing_docs)]

use isopach_survey::scene;
use isopach_testkit::{
    message::message,
    place::{Place, RESULTS},
    program::program,
};
use scene::Scene;
use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    path::Path,
    process::{Child, Command, Output},
    time::{Duration, Instant},
};

trait RestartedRuns {
    /// Runs it to the end.
    fn finish(&self, out: &str);

    /// The names of all files in a folder of results, and the bytes of the results.
    fn files(&self, out: &str) -> (BTreeSet<OsString>, Vec<Vec<u8>>);

    /// Refuses a difference between two folders of results, stray files included.
    fn same(&self, out: &str, expected: &(BTreeSet<OsString>, Vec<Vec<u8>>));

    /// Refuses anything that looks like a result.
    fn no_result(&self, out: &str);

    fn tiles_done(&self, out: &str) -> usize;

    /// The program, stopped (not ended) when so many tiles or more are done and others are not. A
    /// machine may be too busy to see it in time: then once more.
    fn stopped(&self, out: &str, more: &[&str], tiles: usize) -> Child;

    /// Kills it when so many tiles or more are done.
    fn kill_after(&self, out: &str, tiles: usize);
}

impl RestartedRuns for Place {
    fn finish(&self, out: &str) {
        let output = self.run(out, &[]);
        assert!(output.status.success(), "{}", message(&output));
    }

    fn files(&self, out: &str) -> (BTreeSet<OsString>, Vec<Vec<u8>>) {
        (
            fs::read_dir(self.path(out))
                .unwrap()
                .map(|entry| entry.unwrap().file_name())
                .collect(),
            self.results(out),
        )
    }

    fn same(&self, out: &str, expected: &(BTreeSet<OsString>, Vec<Vec<u8>>)) {
        let (names, results) = expected;
        let found = self.files(out);
        assert_eq!(found.0, *names);
        for (name, (found, expected)) in RESULTS.iter().zip(found.1.iter().zip(results)) {
            assert!(found == expected, "{name} differs");
        }
    }

    fn no_result(&self, out: &str) {
        for name in RESULTS {
            assert!(!self.path(out).join(name).exists(), "{name} is there");
        }
    }

    fn tiles_done(&self, out: &str) -> usize {
        fs::read_dir(self.path(out).join(".run/tiles")).map_or(0, Iterator::count)
    }

    fn stopped(&self, out: &str, more: &[&str], tiles: usize) -> Child {
        for _ in 0..20 {
            let mut child = self.command(out, more).spawn().unwrap();
            while self.tiles_done(out) < tiles && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            if child.try_wait().unwrap().is_none() {
                signal(&child, "-STOP");
                if self.tiles_done(out) >= tiles
                    && RESULTS
                        .iter()
                        .all(|name| !self.path(out).join(name).exists())
                {
                    return child;
                }
                signal(&child, "-CONT");
            }
            child.wait().unwrap();
            fs::remove_dir_all(self.path(out)).unwrap();
        }
        panic!("it was never seen between its first and last tile");
    }

    fn kill_after(&self, out: &str, tiles: usize) {
        let mut child = self.stopped(out, &[], tiles);
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

fn signal(child: &Child, name: &str) {
    assert!(
        Command::new("kill")
            .args([name, &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
}

/// One line that has all the words, from a program that ended by itself.
fn refused(output: &Output, words: &[&str]) {
    let message = message(output);
    assert!(
        matches!(output.status.code(), Some(2 | 3 | 75)),
        "{:?}: {message}",
        output.status
    );
    for word in words {
        assert!(message.contains(word), "{message:?} does not say {word:?}");
    }
    assert_eq!(message.lines().count(), 1, "{message:?}");
}

#[test]
fn killed_at_any_moment_it_goes_on_and_ends_the_same() {
    let place = Place::with(16_000);
    let start = Instant::now();
    place.finish("whole");
    let (expected, takes) = (place.files("whole"), start.elapsed());
    assert_eq!(
        expected.0.len(),
        RESULTS.len() + 4,
        "and two styles, a summary and a page: {:?}",
        expected.0
    );
    for moment in 0..20_u32 {
        if moment % 2 == 0 {
            // At any time of the run as it took before, in a scattered order.
            let mut child = place.command("killed", &[]).spawn().unwrap();
            std::thread::sleep(takes * (moment * 7 % 20) / 20);
            child.kill().unwrap();
            child.wait().unwrap();
        } else {
            place.kill_after("killed", moment as usize / 2 + 1);
        }
        place.finish("killed");
        place.same("killed", &expected);
        fs::remove_dir_all(place.path("killed")).unwrap();
    }
}

#[test]
fn what_was_done_before_the_kill_is_not_done_again() {
    let place = Place::with(16_000);
    place.finish("whole");
    place.kill_after("killed", 5);
    let done = place.tiles_done("killed");
    place.finish("killed");
    place.same("killed", &place.files("whole"));
    let summary = fs::read(place.path("killed").join("summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
    let kept = summary["run"]["tiling"]["tiles_kept"].as_u64().unwrap() as usize;
    assert!(
        kept + 2 >= done && kept >= 3,
        "{kept} of {done}: a file or two may have been half written"
    );
}

#[test]
fn a_run_goes_on_with_other_memory_and_the_tiles_that_it_was_begun_with() {
    let place = Place::with(16_000);
    place.finish("whole");
    place.kill_after("out", 3);
    assert!(
        place
            .run("out", &["--memory", "64MiB", "--tile-size", "20"])
            .status
            .success()
    );
    place.same("out", &place.files("whole"));
}

#[test]
fn other_parameters_and_other_inputs_are_refused() {
    let place = Place::with(16_000);
    place.kill_after("out", 3);
    refused(
        &place.run("out", &["--depth", "4"]),
        &["other parameters", "remove"],
    );
    let (before, kept) = (place.path("before.laz"), place.path("kept.laz"));
    fs::rename(&before, &kept).unwrap();
    Scene::new(16_000, 10)
        .write(&before, &place.path("unused.laz"))
        .unwrap();
    refused(
        &place.run("out", &[]),
        &["an input has changed", "before.laz"],
    );
    place.no_result("out");
    // What was moved away is what it was.
    fs::rename(&kept, &before).unwrap();
    place.finish("out");
    place.finish("whole");
    place.same("out", &place.files("whole"));
    Scene::new(16_000, 10)
        .write(&before, &place.path("unused.laz"))
        .unwrap();
    refused(
        &place.run("out", &["--fresh"]),
        &["finished results of other inputs", "--force"],
    );
    assert!(
        place.run("out", &["--fresh", "--force"]).status.success(),
        "a new run may begin"
    );
}

#[test]
fn an_input_that_is_replaced_during_the_run_is_noticed() {
    let place = Place::with(120_000);
    // So little that the epochs are not read into memory at the start.
    let little = ["--memory", "30MiB"];
    assert!(place.run("whole", &little).status.success());
    let after = place.path("after.laz");
    let child = place.stopped("out", &little, 1);
    fs::rename(&after, place.path("kept.laz")).unwrap();
    Scene::new(16_000, 10)
        .write(&place.path("unused.laz"), &after)
        .unwrap();
    signal(&child, "-CONT");
    refused(&child.wait_with_output().unwrap(), &["after.laz", "chang"]);
    place.no_result("out");
    fs::rename(place.path("kept.laz"), &after).unwrap();
    assert!(place.run("out", &little).status.success());
    place.same("out", &place.files("whole"));
}

#[test]
fn a_file_that_cannot_be_decoded_ends_the_run_until_it_is_whole_again() {
    let place = Place::with(120_000);
    place.finish("whole");
    let after = place.path("after.laz");
    let whole = fs::read(&after).unwrap();
    let modified = fs::metadata(&after).unwrap().modified().unwrap();
    let write = |bytes: &[u8]| {
        fs::write(&after, bytes).unwrap();
        fs::File::options()
            .write(true)
            .open(&after)
            .unwrap()
            .set_modified(modified)
            .unwrap();
    };
    let mut torn = whole.clone();
    let middle = torn.len() * 6 / 10;
    torn[middle..middle + 60_000].fill(0xFF);
    write(&torn);
    let mut output = place.run("out", &[]);
    // The decoder may have cried out on the way; what counts is how it ends.
    let last = message(&output).lines().last().unwrap().to_owned();
    output.stderr = last.into();
    refused(&output, &["terrain_change: ", "after.laz"]);
    place.no_result("out");
    write(&whole);
    place.finish("out");
    place.same("out", &place.files("whole"));
}

/// Runs it where no file may grow beyond a number of blocks of 512 bytes, as on a disk that is
/// full.
fn with_little_disk(place: &Place, out: &str, blocks: u32) -> Output {
    let mut shell = Command::new("sh");
    shell
        .args([
            "-c",
            &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""),
            "sh",
        ])
        .arg(program("terrain_change"));
    shell
        .arg(place.path("before.laz"))
        .arg(place.path("after.laz"));
    shell
        .args([
            "--backend",
            "cpu",
            "--align",
            "none",
            "--tile-size",
            "15",
            "--classes",
            "2",
            "--out",
        ])
        .arg(place.path(out));
    shell.output().unwrap()
}

#[test]
fn a_full_disk_is_said_and_nothing_is_corrupted() {
    let place = Place::with(16_000);
    place.finish("whole");
    for blocks in [1, 8, 40] {
        let output = with_little_disk(&place, "out", blocks);
        refused(&output, &["large"]);
        place.no_result("out");
    }
    place.finish("out");
    place.same("out", &place.files("whole"));
}

/// What is done on the little disk: the command where it is full, and again where the same disk has
/// grown. Results go to the second folder.
const ON_A_FULL_DISK: &str = r#"
    mount -t tmpfs -o size=$1 tmpfs "$2" || exit 77
    out=$2 copies=$3; shift 3
    "$@" >/dev/null && exit 78
    for name in dod.tif dod_lod.tif m3c2.laz c2c.laz; do [ ! -e "$out/$name" ] || exit 79; done
    mount -o remount,size=256m "$out" || exit 77
    "$@" >/dev/null 2>&1 || exit 80
    cp -r "$out/." "$copies"
"#;

#[test]
fn a_small_file_system_is_full_and_the_same_one_larger_goes_on() {
    let place = Place::with(16_000);
    place.finish("whole");
    let unshare = |arguments: &[&str]| {
        Command::new("unshare")
            .args(["-rm", "--"])
            .args(arguments)
            .output()
    };
    let may = unshare(&["sh", "-c", "mount -t tmpfs tmpfs /tmp"])
        .is_ok_and(|output| output.status.success());
    if !may {
        eprintln!("SKIPPED: file systems cannot be mounted here (unshare -rm)");
        return;
    }
    for (number, size) in ["16k", "200k", "600k"].into_iter().enumerate() {
        let [out, copies] = ["small", "copies"].map(|name| place.path(&format!("{name}{number}")));
        fs::create_dir(&out).unwrap();
        fs::create_dir(&copies).unwrap();
        let command = place.command(&format!("small{number}"), &[]);
        let mut words = vec![
            "sh",
            "-c",
            ON_A_FULL_DISK,
            "sh",
            size,
            out.to_str().unwrap(),
            copies.to_str().unwrap(),
        ];
        words.push(command.get_program().to_str().unwrap());
        words.extend(
            command
                .get_args()
                .map(|argument| argument.to_str().unwrap()),
        );
        let output = unshare(&words).unwrap();
        let said = message(&output);
        assert_eq!(output.status.code(), Some(0), "{size}: {said}");
        assert!(said.contains("No space left"), "{size}: {said}");
        place.same(&format!("copies{number}"), &place.files("whole"));
    }
}

#[test]
fn a_limit_of_the_disk_is_kept_and_a_run_goes_on_with_more() {
    let place = Place::with(400_000);
    let little = [
        "--memory",
        "30MiB",
        "--tile-size",
        "300",
        "--core-spacing",
        "5",
        "--normal-radii",
        "1",
        "--depth",
        "1",
    ];
    let output = place.run("out", &[&little[..], &["--disk-limit", "100kB"]].concat());
    refused(&output, &["bytes of disk", "the limit is 100000"]);
    place.no_result("out");
    let output = place.run("out", &little);
    assert!(output.status.success(), "{}", message(&output));
    let summary = fs::read(place.path("out/summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
    let tiling = &summary["run"]["tiling"];
    assert!(
        tiling["bytes_spilled"].as_u64().unwrap() > 100_000,
        "{tiling}"
    );
    assert!(
        tiling["peak_bytes"].as_u64().unwrap() <= tiling["memory"].as_u64().unwrap(),
        "{tiling}"
    );
    let plenty = [&["--memory", "2GiB"], &little[2..]].concat();
    assert!(place.run("plenty", &plenty).status.success());
    for name in ["dod.tif", "dod_lod.tif"] {
        let [a, b] = ["out", "plenty"]
            .map(|out| isopach::raster::read_geotiff(place.path(out).join(name)).unwrap());
        assert!(
            a.grid == b.grid
                && a.values
                    .iter()
                    .zip(&b.values)
                    .all(|(a, b)| a.to_bits() == b.to_bits()),
            "{name}"
        );
    }
}

#[test]
fn shards_and_one_process_give_the_same_files() {
    let place = Place::with(16_000);
    place.finish("whole");
    for number in ["3/3", "1/3", "2/3"] {
        refused(&place.run("shards", &["--merge"]), &["not done yet"]);
        let output = place.run("shards", &["--shard", number]);
        assert!(output.status.success(), "{}", message(&output));
    }
    place.no_result("shards");
    assert!(place.run("shards", &["--merge"]).status.success());
    place.same("shards", &place.files("whole"));
    refused(
        &place.run("shards", &["--shard", "4/3"]),
        &["--shard is 4/3"],
    );
    refused(
        &place.run("shards", &["--shard", "1/3", "--merge"]),
        &["exclude each other"],
    );
}

#[test]
fn the_plan_is_told_and_drawn() {
    let place = Place::with(16_000);
    let output = place.run("plan", &["--plan"]);
    assert!(output.status.success(), "{}", message(&output));
    let svg = fs::read_to_string(place.path("plan/plan.svg")).unwrap();
    let plan: serde_json::Value =
        serde_json::from_slice(&fs::read(place.path("plan/plan.json")).unwrap()).unwrap();
    let tiles = plan["tiles"].as_array().unwrap().len();
    assert!(tiles > 10 && svg.matches("<title>tile ").count() == tiles);
    // It begins the run, for shards; as nothing is done yet, another plan may take its place.
    let begun = || -> serde_json::Value {
        serde_json::from_slice(&fs::read(place.path("plan/.run/manifest.json")).unwrap()).unwrap()
    };
    assert_eq!(begun()["plan"]["tiles"].as_array().unwrap().len(), tiles);
    assert!(
        place
            .run("plan", &["--plan", "--tile-size", "30"])
            .status
            .success()
    );
    assert!(begun()["plan"]["tiles"].as_array().unwrap().len() < tiles);
    place.finish("plan");
    let hidden = |path: &Path| path.file_name().unwrap().to_string_lossy().starts_with('.');
    assert!(
        fs::read_dir(place.path("plan"))
            .unwrap()
            .all(|entry| !hidden(&entry.unwrap().path()))
    );
}
