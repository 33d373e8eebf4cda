//! Any bytes as the manifest or a kept result of a run: an error or results, never a panic, a hang
//! or much memory.

#![no_main]

#[path = "../memory.rs"]
mod memory;
#[path = "../panics.rs"]
mod panics;
#[path = "../../crates/tiling/tests/small_run/mod.rs"]
mod small_run;

use libfuzzer_sys::fuzz_target;
use small_run::{Tiles, files, head_bytes, run};
use std::{
    fs,
    path::{Path, PathBuf},
    process,
    sync::LazyLock,
};

const ALLOWED: usize = 64 << 20;
struct Whole {
    folder: PathBuf,
    files: Vec<(PathBuf, Vec<u8>)>,
    tiles: Tiles,
}

/// The files of a run that is done.
static WHOLE: LazyLock<Whole> = LazyLock::new(|| {
    panics::end_at_ours(&[]);
    let memory = PathBuf::from("/dev/shm");
    let place = if memory.is_dir() {
        memory
    } else {
        std::env::temp_dir()
    };
    let folder = place.join(format!("isopach-fuzz-run-{}", process::id()));
    let tiles = run(&folder).expect("a run ends well");
    Whole {
        files: files(&folder),
        tiles,
        folder,
    }
});

// The first byte: a manifest, a result as it is, or the payload of a result whose head and checksum
// are right.
fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    let Whole {
        folder,
        files,
        tiles,
    } = &*WHOLE;
    let of_kind = |is_result: bool| {
        files.iter().find(|(path, _)| {
            path.extension()
                .is_some_and(|end| (end == "tile") == is_result)
        })
    };
    let Some((path, whole)) = of_kind(kind % 3 > 0) else {
        return;
    };
    let bytes = if kind % 3 == 2 {
        with_head(whole, rest)
    } else {
        rest.to_vec()
    };
    restore(folder, files);
    if fs::write(path, bytes).is_err() {
        return;
    }
    memory::within(ALLOWED, || {
        if let Ok(found) = run(folder) {
            assert!(kind % 3 == 2 || found == *tiles, "other results");
        }
    });
});

/// The head of a result before another payload, whose length and checksum it states.
fn with_head(whole: &[u8], payload: &[u8]) -> Vec<u8> {
    let head = head_bytes(whole).expect("a result has a head");
    let mut bytes = whole[..head - 12].to_vec();
    bytes.extend((payload.len() as u64).to_le_bytes());
    bytes.extend(crc32fast::hash(payload).to_le_bytes());
    bytes.extend(payload);
    bytes
}

/// The folder as it was when the run was done.
fn restore(folder: &Path, files: &[(PathBuf, Vec<u8>)]) {
    let _ = fs::remove_dir_all(folder);
    let _ = fs::create_dir_all(folder.join("tiles"));
    for (path, bytes) in files {
        let _ = fs::write(path, bytes);
    }
}
