//! Thousands of damaged FITS files: an error or an image; never a panic, a hang, or more memory
//! than the limits allow.
//!
//! `HOSTILE_CASES=100000 cargo test -p isopach-fits --test hostile_many -- --nocapture` runs as
//! many as docs/correctness.md reports.

#![allow(missing_docs, clippy::print_stderr)]

use flate2::{Compression, write::GzEncoder};
use isopach_fits::{FitsLimits, ImageFile};
use isopach_testkit::hostile::{self, PeakAlloc, Watch, random};
use std::{
    fs,
    io::{Cursor, Write},
    path::PathBuf,
};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const LIMITS: FitsLimits = FitsLimits {
    header_bytes: 1 << 20,
    pixels: 1 << 24,
    tile_bytes: 16 << 20,
    unpacked_bytes: 16 << 20,
    memory_bytes: 32 << 20,
};

/// Rows that are asked for and what is stored of them, compressed tiles, a row of decoded ones, and
/// a tile while it is decoded.
const ALLOWED: usize = (32 + 32 + 16 + 3 * 16 + 4) << 20;

/// The files of tests/data, plain ones and every kind of compression.
fn wholes() -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "fits"));
    paths.sort();
    paths
        .into_iter()
        .map(|path| fs::read(path).unwrap())
        .collect()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Values that a keyword may be made to have.
const LIES: [&str; 16] = [
    "0",
    "-1",
    "1",
    "2",
    "3",
    "255",
    "65535",
    "2147483647",
    "4294967296",
    "4611686018427387904",
    "9223372036854775807",
    "-9223372036854775808",
    "1E300",
    "NaN",
    "'HCOMPRESS_1'",
    "'unclosed",
];

/// Damages a file in one of many ways.
fn damaged(whole: &[u8], state: &mut u64) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let pick = |state: &mut u64, count: usize| random(state) as usize % count.max(1);
    match pick(state, 9) {
        0 => bytes.truncate(pick(state, whole.len())),
        // A keyword's value.
        1..=4 => {
            for _ in 0..=pick(state, 3) {
                let cards = whole.chunks_exact(80).enumerate();
                let valued: Vec<usize> = cards
                    .filter(|(_, card)| card[8..10] == *b"= ")
                    .map(|(i, _)| 80 * i)
                    .collect();
                let at = valued[pick(state, valued.len())];
                let lie = LIES[pick(state, LIES.len())];
                bytes[at + 10..at + 80].fill(b' ');
                bytes[at + 11..at + 11 + lie.len()].copy_from_slice(lie.as_bytes());
            }
        }
        // Two keywords change places.
        5 => {
            let cards = whole.len() / 80;
            let [a, b] = [80 * pick(state, cards), 80 * pick(state, cards)];
            let card = bytes[a..a + 80].to_vec();
            bytes.copy_within(b..b + 80, a);
            bytes[b..b + 80].copy_from_slice(&card);
        }
        // Lengths and places of tiles, which are behind the headers, as large as they can be.
        6 => {
            let at = 5760 + pick(state, whole.len().saturating_sub(5760 + 8));
            let fill = [0, 0x7F, 0xFF][pick(state, 3)];
            let end = (at + [1, 4, 8][pick(state, 3)]).min(whole.len());
            bytes.get_mut(at..end).unwrap_or_default().fill(fill);
        }
        _ => (0..=pick(state, 8)).for_each(|_| {
            let at = pick(state, whole.len());
            bytes[at] = random(state) as u8;
        }),
    }
    match pick(state, 8) {
        0 => packed(&bytes),
        1 => {
            let mut packed = packed(whole);
            let at = pick(state, packed.len());
            packed[at] = random(state) as u8;
            packed
        }
        _ => bytes,
    }
}

/// Reads some rows, then all where they are not too many; whether there was anything.
fn read(bytes: &[u8]) -> bool {
    let Ok(mut file) = ImageFile::new_within(Cursor::new(bytes), LIMITS) else {
        return false;
    };
    let [rows, columns] = file.shape();
    let last = file.read_rows(rows - 1..rows);
    let all = file.read_rows(0..rows);
    if let Ok(all) = &all {
        assert_eq!(all.dim(), (rows, columns));
        let again = all.row(rows - 1);
        assert!(
            last.unwrap()
                .iter()
                .zip(again)
                .all(|(a, b)| a.to_bits() == b.to_bits())
        );
    }
    all.is_ok()
}

#[test]
fn nothing_but_errors_and_images() {
    // Panics of the codec are caught and become errors; their backtraces would only take time. Ours
    // are told.
    std::panic::set_hook(Box::new(|panic| {
        if !panic
            .location()
            .is_some_and(|place| place.file().contains("fitskit-"))
        {
            eprintln!("{panic}");
        }
    }));
    let cases = hostile::cases(3000);
    let wholes = wholes();
    assert!(
        wholes
            .iter()
            .all(|whole| read(whole) && read(&packed(whole))),
        "whole files are read"
    );
    let mut state = 20_261_128;
    let (mut read_some, mut watch) = (0, Watch::new(ALLOWED));
    for case in 0..cases {
        let file = damaged(&wholes[case % wholes.len()], &mut state);
        let found = watch.case(|| read(&file)).unwrap_or_else(|much| {
            let kept = std::env::temp_dir().join("isopach_hostile.fits");
            fs::write(&kept, &file).unwrap();
            panic!("case {case}: {much}: see {}", kept.display());
        });
        read_some += usize::from(found);
    }
    eprintln!(
        "{cases} damaged files of {}: {read_some} could still be read; {watch}",
        wholes.len()
    );
    assert!(read_some > 0 && read_some < cases);
}
