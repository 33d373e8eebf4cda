//! Any bytes as the chunk index of a file: points of the file, never a panic, a hang or much
//! memory.

#![no_main]

#[path = "../../crates/las/tests/made/mod.rs"]
mod made;
#[path = "../memory.rs"]
mod memory;
#[path = "../panics.rs"]
mod panics;

use isopach_cloud::{Columns, Rect};
use isopach_las::Las;
use libfuzzer_sys::fuzz_target;
use std::{
    fs,
    path::{Path, PathBuf},
    process,
    sync::LazyLock,
};

/// The file three times over.
const ALLOWED: usize = 32 << 20;
/// Points of the file: two chunks.
const POINTS: u32 = 50_500;

/// Bits of the second byte of an input: the index has the checksum of its bytes, and its length.
const CHECKED: u8 = 3;
const FITTED: u8 = 4;
/// Bytes of the checksum at the end of an index.
const CHECKSUM: usize = 4;

/// A file, and its index.
static FILE: LazyLock<(PathBuf, Vec<u8>)> = LazyLock::new(|| {
    panics::end_at_ours(&["laz"]);
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() {
        memory
    } else {
        std::env::temp_dir()
    };
    let path = folder.join(format!("isopach-fuzz-index-{}.las", process::id()));
    fs::write(&path, made::las(2, 0, 0, POINTS)).expect("a file is written");
    drop(
        Las::open(&path)
            .and_then(|las| las.indexed(None))
            .expect("an index is written"),
    );
    let index = fs::read(index_of(&path)).expect("the index is there");
    (path, index)
});

fn index_of(path: &Path) -> PathBuf {
    path.with_extension("las.chunks")
}

// The first byte: how much of the index' own head stands before the bytes, so that they are not
// refused for a hash that no seed can know. The second: whether what follows is made as long as in
// the index, and whether the right checksum is put behind it: without both, no entry is looked at.
fuzz_target!(|bytes: &[u8]| {
    let (path, whole) = &*FILE;
    let Some(([kept, ends], rest)) = bytes.split_first_chunk() else {
        return;
    };
    let mut index = [&whole[..usize::from(*kept).min(whole.len())], rest].concat();
    if ends & FITTED > 0 {
        index.resize(whole.len() - CHECKSUM, 0);
    }
    if ends & CHECKED > 0 {
        index.extend(crc32fast::hash(&index).to_le_bytes());
    }
    if fs::write(index_of(path), index).is_err() {
        return;
    }
    memory::within(ALLOWED, || read(path));
});

fn read(path: &Path) {
    let Ok(las) = Las::open(path) else { return };
    let [min, max] = [las.header().min, las.header().max];
    let half = Rect {
        min: [min[0], min[1]],
        max: [0.5 * (min[0] + max[0]), max[1]],
    };
    let within = las.within(half).keep_classes(&[2]);
    if let Ok(points) = within.read_points(Columns::CLASSIFICATION) {
        assert!(
            points.len() < POINTS as usize
                && points
                    .xyz
                    .iter()
                    .all(|point| half.contains([point[0], point[1]]))
        );
    }
}
