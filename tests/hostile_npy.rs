//! Thousands of damaged `.npy` files: an error or an array; never a panic, a hang, or more memory
//! than the numbers of the file take.
//!
//! `HOSTILE_CASES=100000 cargo test --test hostile_npy -- --nocapture` runs as many as
//! docs/correctness.md reports.

#![allow(missing_docs, clippy::print_stderr)]

use isopach_testkit::hostile::{self, PeakAlloc, Watch, random};
use std::{fs, path::Path};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// A file of numbers of one kind.
fn whole(descr: &str, shape: &[usize], bytes: usize) -> Vec<u8> {
    let mut file = isopach_npy::encode_header(descr, shape);
    let count: usize = shape.iter().product();
    file.extend((0..count * bytes).map(|i| (i * i) as u8));
    file
}

/// Shapes that a header may be made to have: none is that of its numbers.
const LIES: [&str; 8] = [
    "(4294967296, 4294967296)",
    "(18446744073709551615,)",
    "(0, 9223372036854775807)",
    "(-1,)",
    "(1e9,)",
    "(3, 7, 5",
    "((2, 2))",
    "(9223372036854775808, 2, 30)",
];

fn damaged(whole: &[u8], state: &mut u64) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let mut pick = |count: usize| random(state) as usize % count.max(1);
    match pick(6) {
        0 => bytes.truncate(pick(whole.len())),
        1 => bytes[8..10].fill([0, 0x7F, 0xFF][pick(3)]),
        2 => {
            (bytes[6], bytes[10], bytes[11]) =
                ([2, 3, 9][pick(3)], pick(256) as u8, pick(256) as u8)
        }
        3 => {
            let text = String::from_utf8_lossy(&whole[10..]).into_owned();
            let at = 10 + text.find("'shape': ").unwrap() + 9;
            let lie = LIES[pick(LIES.len())];
            bytes[at..at + lie.len()].copy_from_slice(lie.as_bytes());
        }
        4 => {
            let at = pick(128);
            bytes[at] = pick(256) as u8;
        }
        _ => bytes.extend(vec![0; pick(9)]),
    }
    bytes
}

#[test]
fn nothing_but_errors_and_arrays() {
    let cases = hostile::cases(3000);
    let wholes = [
        whole("<f8", &[3, 7, 5], 8),
        whole("<f4", &[30], 4),
        whole("<i2", &[4, 4], 2),
        whole("|u1", &[100, 2], 1),
        whole("<u8", &[], 8),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    let read = |bytes: &[u8]| -> Option<usize> {
        fs::write(&path, bytes).unwrap();
        let array = isopach_npy::read(Path::new(&path)).ok()?;
        assert_eq!(array.values.len(), array.shape.iter().product::<usize>());
        Some(array.values.len())
    };
    assert_eq!(
        wholes.each_ref().map(|whole| read(whole)),
        [105, 30, 16, 200, 1].map(Some)
    );
    let mut state = 20_261_128;
    // A header of a mebibyte at most, its text, and a number of eight bytes for each byte.
    let (mut read_some, mut watch) = (0, Watch::new(4 << 20));
    for case in 0..cases {
        let file = damaged(&wholes[case % wholes.len()], &mut state);
        let found = watch
            .case(|| read(&file))
            .unwrap_or_else(|much| panic!("case {case}: {much}: {file:?}"));
        read_some += usize::from(found.is_some());
    }
    eprintln!(
        "{cases} damaged arrays of {}: {read_some} could still be read; {watch}",
        wholes.len()
    );
    assert!(read_some > 0 && read_some < cases);
}

/// Sizes that wrap around to that of the file, and empty arrays with an axis that never ends.
#[test]
fn shapes_that_wrap_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    for (shape, words) in [
        (&[1 << 61, 8, 1][..], "1 numbers for the shape"), // 2⁶⁷ bytes
        (&[(1 << 61) + 1], "1 numbers for the shape"),     // eight bytes, modulo 2⁶⁴
        (&[1 << 62, 0], "has no numbers"),
    ] {
        let mut file = isopach_npy::encode_header("<f8", shape);
        file.extend([0; 8]);
        fs::write(&path, file).unwrap();
        let error = isopach_npy::read(&path).unwrap_err().to_string();
        assert!(
            error.contains(words) && error.contains("a.npy"),
            "{shape:?}: {error}"
        );
    }
    isopach_npy::write(&path, &[30], &[0.5; 30]).unwrap();
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 8 * 12]).unwrap();
    let error = isopach_npy::read(&path).unwrap_err().to_string();
    assert!(
        error.contains("there are 18 numbers for the shape [30]"),
        "a cut file: {error}"
    );
}

/// Halves as numpy 2.3 has them: `np.array([...], np.float16).tobytes()`.
#[test]
fn halves_are_the_numbers_that_numpy_sees() {
    let bits = [
        0x3C00_u16, 0xC000, 0x7BFF, 0x0001, 0x0400, 0x3555, 0x7C00, 0xFC00, 0x8000,
    ];
    let expected = [
        1.0,
        -2.0,
        65504.0,
        2_f64.powi(-24),
        2_f64.powi(-14),
        0.333_251_953_125,
        f64::INFINITY,
        f64::NEG_INFINITY,
        0.0,
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("half.npy");
    for (descr, bytes) in [
        ("<f2", bits.map(u16::to_le_bytes)),
        (">f2", bits.map(u16::to_be_bytes)),
    ] {
        let file = [
            isopach_npy::encode_header(descr, &[bits.len()]),
            bytes.concat(),
        ]
        .concat();
        fs::write(&path, file).unwrap();
        assert_eq!(isopach_npy::read(&path).unwrap().values, expected);
    }
}
