//! Thousands of damaged manifests and kept results: an error, or the results of a run that was
//! never ended; never a panic, a hang, or much memory.
//!
//! `HOSTILE_CASES=20000 cargo test -p isopach-tiling --test hostile_many -- --nocapture` runs as
//! many as docs/correctness.md reports.

#![allow(missing_docs, clippy::print_stderr)]

mod small_run;

use isopach_testkit::hostile::{self, PeakAlloc, Watch, random};
use small_run::{files, head_bytes, run};
use std::{fs, path::Path};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// A run of 400 points needs a few hundred kibibytes; a manifest that could be its own has a
/// mebibyte at most, and is parsed.
const ALLOWED: usize = 64 << 20;

/// Damages a file. `is_crafted`: a result whose checksum is made right again.
fn damaged(whole: &[u8], state: &mut u64) -> (Vec<u8>, bool) {
    let mut bytes = whole.to_vec();
    let mut pick = |count: usize| random(state) as usize % count.max(1);
    match (pick(7), head_bytes(whole)) {
        (0, _) => bytes.truncate(pick(whole.len())),
        (1 | 2, _) => {
            let (at, to) = (pick(whole.len()), pick(256) as u8);
            bytes[at] = to;
        }
        (3, _) => {
            let at = pick(whole.len());
            let end = (at + 8).min(whole.len());
            bytes[at..end].fill([0, 0x7F, 0xFF, b'[', b'9'][pick(5)]);
        }
        // Texts as deep and as long as they can be.
        (4, _) => {
            let deep = [&b"["[..], b"{\"a\":", b"[[],", b"9", b"\"\\u0000\","][pick(5)]
                .repeat(1 << pick(18));
            let at = pick(whole.len());
            bytes.splice(at..at, deep);
        }
        (5, Some(head)) => {
            for _ in 0..=pick(3) {
                let at = head + pick(whole.len() - head);
                let end = (at + [1, 8][pick(2)]).min(whole.len());
                bytes[at..end].fill([0, 1, 0x7F, 0xFF][pick(4)]);
            }
            let sum = crc32fast::hash(&bytes[head..]);
            bytes[head - 4..head].copy_from_slice(&sum.to_le_bytes());
            return (bytes, true);
        }
        _ => bytes.extend(vec![pick(256) as u8; 1 + pick(100)]),
    }
    (bytes, false)
}

#[test]
fn nothing_but_errors_and_right_results() {
    let cases = hostile::cases(600);
    // In memory where the system has such a place: results are written through to the disk.
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    };
    let dir = tempfile::tempdir_in(place).unwrap();
    let folder = dir.path().join("run");
    let right = run(&folder).unwrap();
    let wholes = files(&folder);
    assert!(
        right.len() == 4 && wholes.len() >= 5,
        "a manifest and four tiles: {wholes:?}"
    );
    assert_eq!(run(&folder).unwrap(), right, "a run that goes on");
    let mut state = 20_261_128;
    let (mut went_on, mut watch) = (0, Watch::new(ALLOWED));
    for case in 0..cases {
        fs::remove_dir_all(&folder).unwrap();
        fs::create_dir_all(folder.join("tiles")).unwrap();
        wholes
            .iter()
            .for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
        let (path, whole) = &wholes[case % wholes.len()];
        let (bytes, is_crafted) = damaged(whole, &mut state);
        fs::write(path, &bytes).unwrap();
        let found = watch
            .case(|| run(&folder))
            .unwrap_or_else(|much| panic!("case {case}: {much}"));
        if let Ok(found) = found {
            went_on += 1;
            assert!(
                is_crafted || found == right,
                "case {case}: wrong results from a damaged {}",
                path.display()
            );
        }
    }
    eprintln!("{cases} damaged files of a run: {went_on} went on; {watch}");
    assert!(went_on > 0 && went_on < cases);
}
