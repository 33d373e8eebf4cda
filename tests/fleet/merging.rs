//! Merges, stragglers, and what a plan finds once for all.

use super::*;

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
