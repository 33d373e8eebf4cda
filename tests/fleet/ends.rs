//! How processes end: exit codes and signals.

use super::*;

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

/// Waits until a process handles SIGTERM, or has ended: on a busy machine its first instructions
/// may come late. Where the system does not tell, it goes on at once.
fn wait_until_it_listens(child: &Child) {
    const SIGTERM: u64 = 1 << 14;
    let status = format!("/proc/{}/status", child.id());
    let listens = |text: String| {
        let caught = text.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let mask = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        text.contains("State:\tZ") || mask.is_some_and(|mask| mask & SIGTERM != 0)
    };
    let latest = Instant::now() + Duration::from_secs(5);
    while Instant::now() < latest && fs::read_to_string(&status).is_ok_and(|text| !listens(text)) {
        thread::sleep(Duration::from_millis(1));
    }
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
        wait_until_it_listens(&child);
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
