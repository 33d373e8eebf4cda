//! Workers that claim runs of tiles.

use super::*;

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
