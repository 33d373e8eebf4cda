//! Thousands of damaged files: an error or a correct part; never a panic, a case of more than a
//! second, or more memory than the limits allow.
//!
//! `HOSTILE_CASES=100000 cargo test -p isopach-las --test hostile_many -- --nocapture` runs as many
//! as docs/correctness.md reports.

#![allow(missing_docs, clippy::print_stderr)]

use isopach_cloud::{Attributes, Cloud, Columns};
use isopach_las::{ExtraBytes, ExtraKind, Las, LasLimits, LazWriter, Schema};
use isopach_testkit::hostile::{self, PeakAlloc, Watch, random};
use std::{fs, path::Path};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const LIMITS: LasLimits = LasLimits {
    record_bytes: 1 << 20,
    points: 1 << 40,
    chunk_bytes: 32 << 20,
    memory_bytes: 32 << 20,
};

/// Points in memory, one decoded chunk a thread, and what the codec keeps beside it.
const ALLOWED: usize = (32 + 4 * 2 * 32 + 64) << 20;

fn written(path: &Path) -> Vec<u8> {
    let n = 700;
    let points: Vec<[f64; 3]> = (0..n)
        .map(|i| [f64::from(i % 20), f64::from(i / 20), f64::from(i % 9)])
        .collect();
    let mut cloud = Cloud::from_points(&points).unwrap();
    cloud.attributes = Attributes {
        classification: Some((0..n).map(|i| (i % 7) as u8).collect()),
        gps_time: Some((0..n).map(f64::from).collect()),
        ..Attributes::default()
    };
    let schema = Schema {
        columns: Columns::CLASSIFICATION.with(Columns::GPS_TIME),
        extra_bytes: vec![ExtraBytes::new("extra", "", ExtraKind::F32)],
        ..Schema::default()
    };
    let mut writer = LazWriter::create(path, &schema).unwrap();
    writer.write(&cloud, &[&vec![1.5; n as usize]]).unwrap();
    writer.finish().unwrap();
    fs::read(path).unwrap()
}

/// Damages a file in one of many ways.
fn damaged(whole: &[u8], state: &mut u64) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let points_at = u32::from_le_bytes(whole[96..100].try_into().unwrap()) as usize;
    let mut at =
        |from: usize, to: usize| from + random(state) as usize % to.saturating_sub(from).max(1);
    let [header, table, anywhere] = [
        at(0, points_at.min(whole.len())),
        at(whole.len().saturating_sub(64), whole.len()),
        at(0, whole.len()),
    ];
    let value = random(state);
    let lies = [0, 0xFF, 0x7F, 0x80, 1, value as u8];
    let lie = lies[random(state) as usize % lies.len()];
    match random(state) % 8 {
        0 => bytes.truncate(anywhere),
        1 | 2 => bytes[header] = lie,
        3 => bytes[table] = lie,
        4 => bytes[anywhere] = lie,
        // Counts and lengths of 4 and 8 bytes, as large as they can be.
        5 => bytes[header..(header + 4).min(whole.len())].fill(0xFF),
        6 => {
            let count: [u8; 8] = (1_u64 << (value % 64)).to_le_bytes();
            if whole[25] >= 4 {
                bytes[247..255].copy_from_slice(&count)
            } else {
                bytes[107..111].copy_from_slice(&count[..4])
            }
        }
        _ => (0..8).for_each(|_| {
            let at = random(state) as usize % whole.len();
            bytes[at] = random(state) as u8;
        }),
    }
    bytes
}

/// Reads all that there is in two ways; whether there was anything.
fn read(path: &Path) -> bool {
    let Ok(las) = Las::open_within(path, LIMITS) else {
        return false;
    };
    let stated = las.header().point_count;
    let few = las.read_points(Columns::CLASSIFICATION);
    let many = las.read_points(Columns::CLASSIFICATION.with(Columns::INTENSITY));
    let names: Vec<String> = las
        .header()
        .extra_bytes
        .iter()
        .map(|extra| extra.name.clone())
        .collect();
    if stated < 100_000 {
        names.iter().for_each(|name| drop(las.read_extra(name)));
    }
    if let (Ok(few), Ok(many)) = (&few, &many) {
        assert_eq!(few.len() as u64, stated);
        assert_eq!(many.len() as u64, stated);
    }
    few.is_ok()
}

#[test]
fn nothing_but_errors_and_correct_parts() {
    // Panics of the codec are caught and become errors; their backtraces would only take time. Ours
    // are told.
    std::panic::set_hook(Box::new(|panic| {
        if !panic
            .location()
            .is_some_and(|place| place.file().contains("laz-"))
        {
            eprintln!("{panic}");
        }
    }));
    let cases = hostile::cases(3000);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.laz");
    let mut wholes = vec![written(&path)];
    let formats = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/lidar/formats");
    let mut others: Vec<_> = fs::read_dir(&formats)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    others.sort(); // a case is the same file on every machine
    wholes.extend(
        others
            .iter()
            .map(|path| fs::read(path).unwrap())
            .filter(|bytes| bytes.len() < 200_000),
    );
    if wholes.len() == 1 {
        eprintln!("SKIPPED the files of {}: not there", formats.display());
    }
    for whole in &wholes {
        fs::write(&path, whole).unwrap();
        assert!(read(&path), "a file that is whole is read");
    }
    let mut state = 20_261_121;
    let (mut read_some, mut watch) = (0, Watch::new(ALLOWED));
    for case in 0..cases {
        let whole = &wholes[case % wholes.len()];
        fs::write(&path, damaged(whole, &mut state)).unwrap();
        read_some += match watch.case(|| read(&path)) {
            Ok(is_read) => usize::from(is_read),
            Err(much) => {
                let kept = std::env::temp_dir().join("isopach_hostile.laz");
                fs::copy(&path, &kept).unwrap();
                panic!("case {case}: {much}: see {}", kept.display());
            }
        };
    }
    eprintln!(
        "{cases} damaged files of {}: {read_some} could still be read; {watch}",
        wholes.len()
    );
    assert!(read_some > 0 && read_some < cases);
}
