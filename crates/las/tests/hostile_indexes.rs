//! Thousands of damaged chunk indexes: never a panic, a hang, or more memory than the file's own
//! points take; points that are read are never others.
//!
//! `HOSTILE_CASES=20000 cargo test -p isopach-las --test hostile_indexes -- --nocapture` runs as
//! many as docs/correctness.md reports.

#![allow(missing_docs, clippy::print_stderr)]

mod made;

use isopach_cloud::{Columns, Points, Rect};
use isopach_las::Las;
use isopach_testkit::hostile::{self, PeakAlloc, Watch, random};
use std::{fs, path::Path};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// The points of the file in memory twice over, and a chunk a thread.
const ALLOWED: usize = 32 << 20;
/// Two chunks of an uncompressed file.
const POINTS: u32 = 60_000;

/// Whether the last four bytes are the checksum of those before.
fn has_checksum(bytes: &[u8]) -> bool {
    bytes
        .split_last_chunk()
        .is_some_and(|(before, sum)| crc32fast::hash(before) == u32::from_le_bytes(*sum))
}

/// Damages an index; one in eight has its checksum made right again.
fn damaged(whole: &[u8], state: &mut u64) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let mut pick = |count: usize| random(state) as usize % count.max(1);
    match pick(5) {
        0 => bytes.truncate(pick(whole.len())),
        1 | 2 => {
            let at = pick(whole.len());
            bytes[at] ^= 1 << pick(8);
        }
        3 => {
            let at = pick(whole.len());
            let end = (at + [4, 8, 60][pick(3)]).min(whole.len());
            bytes[at..end].fill([0, 0x7F, 0x80, 0xFF][pick(4)]);
        }
        _ => bytes.extend(vec![pick(256) as u8; 1 + pick(200)]),
    }
    if pick(8) == 0
        && let Some((before, sum)) = bytes.split_last_chunk_mut()
    {
        *sum = crc32fast::hash(before).to_le_bytes();
    }
    bytes
}

/// Points of a part of the file.
fn part(path: &Path) -> Option<Points> {
    let las = Las::open(path).ok()?;
    let [min, max] = [las.header().min, las.header().max];
    let half = Rect {
        min: [min[0], min[1]],
        max: [0.5 * (min[0] + max[0]), max[1]],
    };
    las.within(half)
        .keep_classes(&[2, 3])
        .read_points(Columns::CLASSIFICATION)
        .ok()
}

#[test]
fn nothing_but_points_of_the_file() {
    let cases = hostile::cases(300);
    let dir = tempfile::tempdir().unwrap();
    let (path, index) = (dir.path().join("a.las"), dir.path().join("a.las.chunks"));
    fs::write(&path, made::las(2, 0, 0, POINTS)).unwrap();
    let right = part(&path).unwrap();
    assert!(right.len() > 1000, "{}", right.len());
    drop(Las::open(&path).unwrap().indexed(None).unwrap());
    let whole = fs::read(&index).unwrap();
    assert_eq!(part(&path).unwrap().xyz, right.xyz, "a right index");
    assert!(has_checksum(&whole), "an index ends with its checksum");
    let mut state = 20_261_128;
    let (mut others, mut watch) = (0, Watch::new(ALLOWED));
    for case in 0..cases {
        let bytes = damaged(&whole, &mut state);
        fs::write(&index, &bytes).unwrap();
        let found = watch.case(|| part(&path).map(|points| points.xyz));
        let found = found.unwrap_or_else(|much| panic!("case {case}: {much}"));
        if found.as_ref() != Some(&right.xyz) {
            others += 1;
            assert!(
                has_checksum(&bytes),
                "case {case}: a damaged index was used"
            );
            // A chunk that is left out: whole runs of points are missing, none is another.
            let mut rest = right.xyz.iter();
            assert!(
                found
                    .iter()
                    .flatten()
                    .all(|point| rest.any(|other| other == point)),
                "case {case}"
            );
        }
    }
    eprintln!("{cases} damaged indexes: {others} gave fewer points; {watch}");
}
