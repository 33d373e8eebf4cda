//! The emission example on many machines that share a folder (docs/fleet.md): whatever is started,
//! killed, doubled and repeated, the files are those of one process.

#![cfg(unix)]
#![allow(clippy::print_stderr, missing_docs)]

use isopach_testkit::{
    ended::{ended_well, ends_within, made_unreadable, made_whole, send_signal},
    message::message,
    program::program,
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

/// A made-up region, small enough for many runs.
const SMALL: &[&str] = &["--size", "40", "--bins", "12"];
/// The same with so many draws that a share of it takes a while.
const SLOW: &[&str] = &["--size", "40", "--bins", "12", "--monte-carlo", "300"];
/// What tells of time and memory, and so differs from one run to the next.
const OF_THE_RUN: [&str; 6] = [
    "seconds",
    "cpu_seconds",
    "pixels_per_second",
    "peak_mib",
    "seconds_inverting",
    "outcome",
];

/// Folders of results of the same inputs and parameters.
struct Runs<'a> {
    dir: tempfile::TempDir,
    /// Inputs and parameters.
    given: &'a [&'a str],
}

impl<'a> Runs<'a> {
    fn of(given: &'a [&'a str]) -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            given,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, out: &str, more: &[&str]) -> Command {
        let mut command = Command::new(program("emission"));
        command
            .args(self.given)
            .args(["--backend", "cpu", "--out"])
            .arg(self.path(out))
            .args(more);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn start(&self, out: &str, more: &[&str]) -> Child {
        self.command(out, more).spawn().unwrap()
    }

    fn run(&self, out: &str, more: &[&str]) -> Output {
        self.command(out, more).output().unwrap()
    }

    /// The results of blocks that are there.
    fn done(&self, out: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path(out).join(".run/tiles"))
            .into_iter()
            .flatten();
        let mut done: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        done.retain(|path| path.extension().is_some_and(|end| end == "tile"));
        done.sort();
        done
    }

    /// Waits until the process has done more than so many blocks.
    fn wait_for_more_than(&self, out: &str, blocks: usize, child: &mut Child) {
        while self.done(out).len() <= blocks {
            assert!(
                child.try_wait().unwrap().is_none(),
                "it ended before it did more than {blocks} blocks"
            );
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// All files of a folder of results, without what tells of time and memory. Refuses hidden
    /// ones.
    fn results(&self, out: &str) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(self.path(out))
            .unwrap()
            .map(|entry| entry.unwrap());
        let read = |entry: fs::DirEntry| {
            let name = entry.file_name().into_string().unwrap();
            assert!(!name.starts_with('.'), "{name} is left");
            let bytes = fs::read(entry.path()).unwrap();
            let bytes = if name.ends_with("html") || name.ends_with("json") {
                without_times(&bytes)
            } else {
                bytes
            };
            (name, bytes)
        };
        entries.map(read).collect()
    }

    /// Refuses results that are not those of one process, in all files.
    fn are_those_of_one_process(&self, out: &str) {
        let [whole, found] = ["whole", out].map(|out| self.results(out));
        assert_eq!(
            whole.keys().collect::<Vec<_>>(),
            found.keys().collect::<Vec<_>>()
        );
        assert!(
            whole.contains_key("summary.json") && whole.len() > 2,
            "{:?}",
            whole.keys()
        );
        for (name, bytes) in &whole {
            assert!(found[name] == *bytes, "{name} differs");
        }
    }
}

/// Lines of a summary, which pages have too, without those of time and memory.
fn without_times(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let key = |line: &str| {
        let words = line
            .trim_start()
            .trim_start_matches(['"'])
            .trim_start_matches("&quot;");
        words
            .split(['"', '&'])
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let lines = text
        .lines()
        .filter(|line| !OF_THE_RUN.contains(&key(line).as_str()));
    lines.collect::<Vec<_>>().join("\n").into_bytes()
}

fn manifest(runs: &Runs<'_>, out: &str) -> Value {
    serde_json::from_slice(&fs::read(runs.path(out).join(".run/manifest.json")).unwrap()).unwrap()
}

#[test]
fn shards_make_what_one_process_makes_in_all_formats_and_precisions() {
    let compressed = [
        "--compress",
        "rice",
        "--monte-carlo",
        "3",
        "--curve",
        "3,4",
        "--curve",
        "2:9,10:30",
    ];
    let double = [
        "--precision",
        "double",
        "--format",
        "npy",
        "--outputs",
        "emission,kernel,uncertainty,status",
    ];
    let positive = [
        "--method",
        "positive",
        "--outputs",
        "emission,uncertainty,resolution,synthetic,lambda,iterations",
    ];
    for more in [&compressed[..], &double, &positive] {
        let given = [SMALL, more].concat();
        let runs = Runs::of(&given);
        ended_well(&runs.run("whole", &[]));
        let said = ended_well(&runs.run("out", &["--plan"]));
        assert!(said.contains("40 rows in 40 blocks of 1"), "{said}");
        // In any order, on machines of other sizes.
        let small = ["--memory", "28MiB", "--threads", "1"];
        ended_well(&runs.run("out", &[&["--shard", "3/3"], &small[..]].concat()));
        ended_well(&runs.run("out", &["--shard-index", "1/3", "--block-rows", "9"]));
        ended_well(&runs.run("out", &["--shard", "1/3", "--threads", "3"]));
        ended_well(&runs.run("out", &["--merge"]));
        runs.are_those_of_one_process("out");
        // Without a plan, and by blocks of another size.
        for shard in ["2/2", "1/2"] {
            ended_well(&runs.run("other", &["--shard", shard, "--block-rows", "7"]));
        }
        assert_eq!(manifest(&runs, "other")["plan"]["rows_a_block"], 7);
        ended_well(&runs.run("other", &["--merge"]));
        runs.are_those_of_one_process("other");
    }
}

#[test]
fn arrays_of_any_shape_are_cut_into_blocks() {
    // 30 pixels in a row, six channels: a version 1.0 header and doubles.
    let array = |scale: f64| {
        let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (30, 6), }";
        let header = format!("{header:<117}\n");
        let mut bytes = [
            b"\x93NUMPY\x01\x00".as_slice(),
            &118_u16.to_le_bytes(),
            header.as_bytes(),
        ]
        .concat();
        let counts = [3.4, 13.8, 520.0, 680.0, 230.0, 15.0];
        (0..30)
            .flat_map(|pixel| counts.map(|count| count * scale * (1.0 + f64::from(pixel) / 30.0)))
            .for_each(|x| {
                bytes.extend(x.to_le_bytes());
            });
        bytes
    };
    let inputs = tempfile::tempdir().unwrap();
    let [counts, sigma] = ["counts.npy", "sigma.npy"].map(|name| inputs.path().join(name));
    fs::write(&counts, array(1.0)).unwrap();
    fs::write(&sigma, array(0.1)).unwrap();
    let given = [
        "--counts",
        counts.to_str().unwrap(),
        "--sigma",
        sigma.to_str().unwrap(),
        "--bins",
        "12",
    ];
    let runs = Runs::of(&given);
    ended_well(&runs.run("whole", &[]));
    for shard in ["1/2", "2/2"] {
        ended_well(&runs.run("out", &["--shard", shard, "--block-rows", "4"]));
    }
    assert_eq!(runs.done("out").len(), 8);
    ended_well(&runs.run("out", &["--merge"]));
    runs.are_those_of_one_process("out");
}

#[test]
fn a_killed_worker_is_overtaken_by_the_others() {
    let runs = Runs::of(SLOW);
    ended_well(&runs.run("whole", &[]));
    ended_well(&runs.run("out", &["--plan"]));
    let worker =
        |lease: &str| runs.start("out", &["--threads", "1", "--claim", "5", "--lease", lease]);
    let mut dead = worker("600");
    runs.wait_for_more_than("out", 2, &mut dead);
    dead.kill().unwrap();
    dead.wait().unwrap();
    let done = runs.done("out").len();
    assert!((3..40).contains(&done), "in the middle: {done} of 40");
    let left = runs.run("out", &["--merge"]);
    ends_within(
        &left,
        75,
        &["of 40 blocks are not done yet", "39", "--claim"],
    );
    for worker in [worker("1"), worker("1")] {
        ends_within(&worker.wait_with_output().unwrap(), 0, &[]);
    }
    ended_well(&runs.run("out", &["--merge"]));
    runs.are_those_of_one_process("out");
    let said = ended_well(&worker("1").wait_with_output().unwrap());
    assert!(said.contains("merged already"), "{said}");
    ends_within(&runs.run("none", &["--claim", "0"]), 2, &["--claim is 0"]);
}

#[test]
fn shards_and_merges_may_be_doubled_killed_and_late() {
    let runs = Runs::of(SMALL);
    let start = Instant::now();
    ended_well(&runs.run("whole", &[]));
    let takes = start.elapsed();
    for moment in 0..3_u32 {
        // All of them begin the run.
        let shards = ["1/3", "2/3", "3/3", "1/3", "2/3", "3/3"]
            .map(|shard| runs.start("out", &["--shard", shard]));
        for shard in shards {
            ends_within(&shard.wait_with_output().unwrap(), 0, &[]);
        }
        // What killed processes of another machine left.
        let left = "process 7\nhost there\nmachine another\n";
        fs::write(runs.path("out/.lock"), format!("held shared\n{left}")).unwrap();
        let mut killed = runs.start("out", &["--merge"]);
        thread::sleep(takes * (1 + 2 * moment) / 6);
        killed.kill().unwrap();
        killed.wait().unwrap();
        for merge in [0, 1].map(|_| runs.start("out", &["--merge"])) {
            ends_within(&merge.wait_with_output().unwrap(), 0, &[]);
        }
        runs.are_those_of_one_process("out");
        let said = [&["--shard", "1/2"][..], &["--merge"]]
            .map(|share| ended_well(&runs.run("out", share)));
        assert!(
            said.iter().all(|said| said.contains("merged already")),
            "{said:?}"
        );
        runs.are_those_of_one_process("out");
        fs::remove_dir_all(runs.path("out")).unwrap();
    }
}

#[test]
fn a_straggler_that_runs_on_after_the_merge_ends_well() {
    let runs = Runs::of(SLOW);
    ended_well(&runs.run("whole", &[]));
    let mut straggler = runs.start("out", &["--shard", "1/1", "--threads", "1"]);
    runs.wait_for_more_than("out", 0, &mut straggler);
    send_signal(&straggler, "-STOP");
    ended_well(&runs.run("out", &["--claim", "4"]));
    ended_well(&runs.run("out", &["--merge"]));
    send_signal(&straggler, "-CONT");
    let said = ended_well(&straggler.wait_with_output().unwrap());
    assert!(said.contains("merged already"), "{said}");
    runs.are_those_of_one_process("out");
}

#[test]
fn a_damaged_block_is_inverted_again_and_one_that_cannot_be_read_stays() {
    let runs = Runs::of(SMALL);
    ended_well(&runs.run("whole", &[]));
    ended_well(&runs.run("out", &["--shard", "1/2"]));
    let damaged = runs.done("out");
    for (number, path) in damaged.iter().take(3).enumerate() {
        let mut bytes = fs::read(path).unwrap();
        let at = [bytes.len() / 2, 9, bytes.len() - 1][number];
        bytes[at] ^= 1;
        fs::write(path, bytes).unwrap();
    }
    fs::write(&damaged[3], "short").unwrap();
    // A whole one under another's name.
    fs::copy(&damaged[5], &damaged[4]).unwrap();
    let said = ended_well(&runs.run("out", &["--shard", "1/2"]));
    assert!(said.contains("5 of 40 blocks were inverted here"), "{said}");
    let bytes = made_unreadable(&damaged[7]);
    ends_within(&runs.run("out", &["--shard", "1/2"]), 75, &[".tile: "]);
    // The other shard has nothing to do with it.
    ended_well(&runs.run("out", &["--shard", "2/2"]));
    ends_within(&runs.run("out", &["--merge"]), 75, &[".tile: "]);
    assert!(damaged[7].is_symlink(), "nothing was removed");
    made_whole(&damaged[7], &bytes);
    ended_well(&runs.run("out", &["--merge"]));
    runs.are_those_of_one_process("out");
}

#[test]
fn a_whole_run_goes_on_with_what_shards_have_done() {
    let runs = Runs::of(SMALL);
    ended_well(&runs.run("whole", &[]));
    ended_well(&runs.run("out", &["--shard", "2/4"]));
    let kept = runs.done("out");
    ended_well(&runs.run("out", &[]));
    assert_eq!(kept.len(), 10);
    runs.are_those_of_one_process("out");
    // Begun and not done: another run may take its place.
    ended_well(&runs.run("anew", &["--plan", "--max-iterations", "7"]));
    ended_well(&runs.run("anew", &[]));
    runs.are_those_of_one_process("anew");
}

#[test]
fn each_end_has_its_code() {
    let runs = Runs::of(SMALL);
    ended_well(&runs.run("done", &[]));
    ended_well(&runs.run("begun", &["--shard", "1/2"]));
    for (out, more, words) in [
        ("none", &["--shard", "0/2"][..], &["the first is 1/5"][..]),
        ("none", &["--shard-index", "2/2"], &["the first is 0/5"]),
        (
            "none",
            &["--shard", "1/2", "--merge"],
            &["cannot be used with"],
        ),
        (
            "none",
            &["--block-rows", "0", "--plan"],
            &["--block-rows is 0"],
        ),
        ("none", &["--lease", "3"], &["--claim"]),
        (
            "done",
            &["--max-iterations", "3", "--shard", "1/2"],
            &["finished results of other inputs or parameters"],
        ),
        (
            "begun",
            &["--max-iterations", "3", "--shard", "2/2"],
            &["other parameters"],
        ),
        (
            "begun",
            &["--max-iterations", "3", "--claim", "2"],
            &["other parameters"],
        ),
        (
            "begun",
            &["--max-iterations", "3", "--merge"],
            &["other parameters"],
        ),
        ("begun", &["--max-iterations", "3"], &["other parameters"]),
    ] {
        let output = runs.run(out, more);
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
    assert_eq!(runs.done("begun").len(), 20, "nothing was forgotten");
    // Files of which nobody knows what made them stay, whoever would begin.
    fs::create_dir(runs.path("mine")).unwrap();
    fs::write(runs.path("mine/emission.fits"), "precious").unwrap();
    for more in [
        &["--plan"][..],
        &["--shard", "1/2"],
        &["--claim", "3"],
        &["--merge"],
    ] {
        ends_within(
            &runs.run("mine", more),
            2,
            &["unknown inputs and parameters", "--force"],
        );
    }
    assert_eq!(
        fs::read(runs.path("mine/emission.fits")).unwrap(),
        b"precious"
    );
    ends_within(
        &runs.run("begun", &["--merge"]),
        75,
        &["20 of 40 blocks are not done yet", "20 to 39"],
    );
    ends_within(&runs.run("none", &["--merge"]), 75, &["no shard was run"]);
    fs::create_dir(runs.path("held")).unwrap();
    fs::write(
        runs.path("held/.lock"),
        "held alone\nprocess 7\nhost there\nmachine another\n",
    )
    .unwrap();
    ends_within(
        &runs.run("held", &["--shard", "1/2"]),
        75,
        &["process 7 on there"],
    );
    let manifest = runs.path("begun/.run/manifest.json");
    let bytes = made_unreadable(&manifest);
    ends_within(
        &runs.run("begun", &["--shard", "2/2"]),
        75,
        &["manifest.json"],
    );
    for (written, word) in [
        (
            String::from_utf8(bytes.clone())
                .unwrap()
                .replace("isopach 0", "isopach 9"),
            "other program",
        ),
        (
            String::from_utf8(bytes.clone())
                .unwrap()
                .replace("\"rows\":40", "\"rows\":41"),
            "are not of an image of 40 rows",
        ),
        ("{".into(), "not a manifest"),
    ] {
        made_whole(&manifest, written.as_bytes());
        ends_within(&runs.run("begun", &["--shard", "2/2"]), 2, &[word]);
    }
    made_whole(&manifest, &bytes);
    ended_well(&runs.run("begun", &["--shard", "2/2"]));
    let mut full = Command::new("sh");
    full.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh"])
        .arg(program("emission"))
        .args(SMALL);
    let full = full
        .args(["--shard", "1/1", "--out"])
        .arg(runs.path("full"))
        .output()
        .unwrap();
    ends_within(&full, 75, &["large"]);
}

#[test]
fn sigterm_ends_with_75_and_the_same_command_goes_on() {
    let runs = Runs::of(SLOW);
    ended_well(&runs.run("whole", &[]));
    let mut ended_by_it = runs.start("out", &["--shard", "1/1", "--threads", "1"]);
    runs.wait_for_more_than("out", 0, &mut ended_by_it);
    send_signal(&ended_by_it, "-TERM");
    let output = ended_by_it.wait_with_output().unwrap();
    ends_within(&output, 75, &["done and kept: the same command continues"]);
    let lock = fs::read_to_string(runs.path("out/.lock")).unwrap_or_default();
    assert!(
        !lock.contains("alone"),
        "another machine could not go on: {lock}"
    );
    ended_well(&runs.run("out", &["--shard", "1/1"]));
    ended_well(&runs.run("out", &["--merge"]));
    runs.are_those_of_one_process("out");
}

#[test]
fn a_block_that_is_larger_than_the_memory_is_put_together_within_it() {
    let runs = Runs::of(&[
        "--size",
        "96",
        "--outputs",
        "kernel,chi2",
        "--memory",
        "40MiB",
    ]);
    ended_well(&runs.run("whole", &[]));
    ended_well(&runs.run("out", &["--shard", "1/1", "--block-rows", "96"]));
    let blocks = runs.done("out");
    let bytes = fs::metadata(&blocks[0]).unwrap().len();
    assert!(blocks.len() == 1 && bytes > 60 << 20, "{bytes}");
    ended_well(&runs.run("out", &["--merge"]));
    runs.are_those_of_one_process("out");
    let summary: Value =
        serde_json::from_slice(&fs::read(runs.path("out/summary.json")).unwrap()).unwrap();
    let peak = summary["peak_mib"].as_f64();
    if cfg!(target_os = "linux") {
        assert!(peak.unwrap() < 40.0, "{peak:?}");
    }
}

/// Images of AIA; `None`, and a line that says so, where they are not there.
fn flare() -> Option<Vec<PathBuf>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/aia");
    let Ok(entries) = fs::read_dir(&data) else {
        eprintln!("SKIPPED: no images of AIA at {}", data.display());
        return None;
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.to_string_lossy().contains("flare_2011-02-15T01-48"));
    files.sort();
    assert_eq!(files.len(), 6);
    Some(files)
}

#[test]
fn images_are_found_out_about_once_and_may_lie_elsewhere() {
    let Some(files) = flare() else { return };
    let staged = tempfile::tempdir().unwrap();
    let copied = |folder: &str, change: &dyn Fn(&mut Vec<u8>)| -> Vec<String> {
        fs::create_dir(staged.path().join(folder)).unwrap();
        let copy = |(number, file): (usize, &PathBuf)| {
            let mut bytes = fs::read(file).unwrap();
            if number == 3 {
                change(&mut bytes);
            }
            let path = staged.path().join(folder).join(format!("{number}.fits"));
            fs::write(&path, bytes).unwrap();
            path.to_str().unwrap().to_owned()
        };
        files.iter().enumerate().map(copy).collect()
    };
    let node = copied("node", &|_| ());
    let damaged = copied("damaged", &|bytes| *bytes.last_mut().unwrap() ^= 1);
    let options = [
        "--align",
        "--bins",
        "12",
        "--monte-carlo",
        "2",
        "--saturation",
        "reject",
    ];
    let here: Vec<&str> = files
        .iter()
        .map(|file| file.to_str().unwrap())
        .chain(options)
        .collect();
    let runs = Runs::of(&here);
    let fine = |output: Output| assert_eq!(output.status.code(), Some(0), "{}", message(&output));
    fine(runs.run("whole", &[]));
    fine(runs.run("out", &["--plan", "--block-rows", "10"]));
    let found = manifest(&runs, "out")["found"]["warnings"].to_string();
    assert!(found.contains("by correlation it lies"), "{found}");
    let elsewhere = |files: &[String], more: &[&str]| {
        let mut command = Command::new(program("emission"));
        command
            .args(files)
            .args(options)
            .args(["--backend", "cpu", "--out"])
            .arg(runs.path("out"));
        command.args(more).output().unwrap()
    };
    let refused = elsewhere(&damaged, &["--shard", "2/2"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        message(&refused).contains("an input has changed"),
        "{}",
        message(&refused)
    );
    fine(elsewhere(&node, &["--shard", "2/2"]));
    fine(runs.run("out", &["--shard", "1/2"]));
    fine(runs.run("out", &["--merge"]));
    runs.are_those_of_one_process("out");
    let late = elsewhere(&node, &["--shard", "1/2"]);
    assert!(
        String::from_utf8_lossy(&late.stdout).contains("merged already"),
        "{}",
        message(&late)
    );
    let series = runs.run("series", &["--series", "--shard", "1/2"]);
    ends_within(&series, 2, &["--shard is for images of one time"]);
}
