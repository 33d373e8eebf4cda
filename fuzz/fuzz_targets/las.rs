//! Any bytes as a LAS or LAZ file: an error or points, never a panic, a hang or more memory than
//! the limits.
//!
//! ```text
//! cargo install cargo-fuzz
//! cargo run --manifest-path fuzz/Cargo.toml --bin seeds -- fuzz/corpus     # whole small files of every kind
//! cargo +nightly fuzz run las -- -max_total_time=1800 -timeout=10 -rss_limit_mb=1024 -max_len=16384     # or fits, index, manifest
//! ```

#![no_main]

#[path = "../memory.rs"]
mod memory;
#[path = "../panics.rs"]
mod panics;

use isopach_cloud::{Columns, Rect};
use isopach_las::{Las, LasLimits};
use libfuzzer_sys::fuzz_target;
use std::{path::PathBuf, process, sync::LazyLock};

const LIMITS: LasLimits = LasLimits {
    record_bytes: 1 << 20,
    points: 1 << 30,
    chunk_bytes: 16 << 20,
    memory_bytes: 16 << 20,
};

/// Points in memory, one decoded chunk a thread and its file, what the codec keeps beside it, and a
/// copy.
const ALLOWED: usize = (16 + 4 * 2 * 16 + 64) << 20;

/// One file a process, in memory where the system has such a place.
static PATH: LazyLock<PathBuf> = LazyLock::new(|| {
    panics::end_at_ours(&["laz"]);
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() {
        memory
    } else {
        std::env::temp_dir()
    };
    folder.join(format!("isopach-fuzz-{}.laz", process::id()))
});

static COPY: LazyLock<PathBuf> = LazyLock::new(|| PATH.with_extension("copy.laz"));

fuzz_target!(|bytes: &[u8]| memory::within(ALLOWED, || read(bytes)));

/// Reads a file in every way that there is.
fn read(bytes: &[u8]) {
    if std::fs::write(&*PATH, bytes).is_err() {
        return;
    }
    let open = || Las::open_within(&*PATH, LIMITS).ok();
    let Some(las) = open() else { return };
    let stated = las.header().point_count;
    for columns in [
        Columns::XYZ,
        Columns::CLASSIFICATION,
        Columns::INTENSITY.with(Columns::FLAGS),
    ] {
        if let Ok(points) = las.read_points(columns) {
            assert_eq!(points.len() as u64, stated);
        }
    }
    if stated < 100_000 {
        for extra in &las.header().extra_bytes {
            let _ = las.read_extra(&extra.name);
        }
    }
    let [min, max] = [las.header().min, las.header().max];
    if stated < 10_000 {
        // What can be decoded whole can be written, and is the same.
        let decoded = |las: &Las| {
            (0..las.total_chunks())
                .map(|chunk| las.read_raw(chunk).ok())
                .collect::<Option<Vec<_>>>()
        };
        // But for a GPS time of −0.0, which `laz` takes for the 0.0 before it.
        let has_negative_zero = |records: &[Vec<u8>]| {
            records
                .concat()
                .windows(8)
                .any(|word| word == (-0.0_f64).to_le_bytes())
        };
        if let Some(records) = decoded(&las)
            && !has_negative_zero(&records)
            && las.rewrite(&*COPY).is_ok()
        {
            let copy = Las::open(&*COPY).ok().and_then(|copy| decoded(&copy));
            assert!(copy.is_some_and(|copy| copy.concat() == records.concat()));
        }
    }
    let middle = [0, 1].map(|axis| 0.5 * (min[axis] + max[axis]));
    let quarter = Rect {
        min: [min[0], min[1]],
        max: middle,
    };
    let within = las.keep_classes(&[2]).within(quarter);
    if let Ok(points) = within.read_points(Columns::CLASSIFICATION) {
        assert!(
            points
                .xyz
                .iter()
                .all(|point| quarter.contains([point[0], point[1]]))
        );
    }
    if let Some(coarse) = open()
        .filter(|las| las.copc_info().is_some())
        .and_then(|las| las.at_resolution(10.0).ok())
    {
        let _ = coarse.read_points(Columns::XYZ);
    }
}
