//! Small files that ask for much: what is held stays within the limits.

#![allow(missing_docs, clippy::print_stderr)]

mod made;

use isopach_cloud::Columns;
use isopach_las::{Las, LasLimits};
use peak_alloc::PeakAlloc;
use std::{fs, path::Path};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const LIMITS: LasLimits = LasLimits {
    record_bytes: 16 << 20,
    points: 1 << 40,
    chunk_bytes: 32 << 20,
    memory_bytes: 32 << 20,
};

/// What came of it, and the most bytes that were held at once.
fn held<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let result = work();
    (result, MEMORY.peak_usage().saturating_sub(before))
}

fn read(path: &Path) -> Result<usize, String> {
    let las = Las::open_within(path, LIMITS).map_err(|error| error.to_string())?;
    las.read_points(Columns::INTENSITY)
        .map(|points| points.len())
        .map_err(|error| error.to_string())
}

/// The file with its points in one stream, as the oldest LAZ files have them, made of one whose
/// points are one chunk.
fn in_one_stream(chunked: &[u8]) -> Vec<u8> {
    let mut bytes = chunked.to_vec();
    let record = bytes
        .windows(14)
        .position(|word| word == b"laszip encoded")
        .unwrap()
        - 2;
    bytes[record + 54..record + 56].copy_from_slice(&1_u16.to_le_bytes());
    let points_at = u32::from_le_bytes(bytes[96..100].try_into().unwrap()) as usize;
    let table = u64::from_le_bytes(bytes[points_at..points_at + 8].try_into().unwrap()) as usize;
    [&bytes[..points_at], &bytes[points_at + 8..table]].concat()
}

/// One test, so that nothing else takes memory meanwhile.
#[test]
fn what_is_held_is_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let [plain, path] = ["a.las", "a.laz"].map(|name| dir.path().join(name));
    let compressed = |minor, format, extra, points| {
        fs::write(&plain, made::las(minor, format, extra, points)).unwrap();
        Las::open(&plain).unwrap().rewrite(&path).unwrap();
        fs::read(&path).unwrap()
    };

    // A stream of 5,000 points, whole.
    let whole = in_one_stream(&compressed(2, 0, 0, 5000));
    fs::write(&path, &whole).unwrap();
    assert_eq!(read(&path), Ok(5000));
    // A stream that states more points than there are is refused, and takes no memory for them.
    for stated in [u32::MAX, 40_000_000, 1_000_000, 5001] {
        let mut lie = whole.clone();
        lie[107..111].copy_from_slice(&stated.to_le_bytes());
        fs::write(&path, lie).unwrap();
        let (found, held) = held(|| read(&path));
        let error = found.unwrap_err();
        assert!(
            held < 64 << 20 && error.contains("a.laz"),
            "{stated}: {held} bytes, {error}"
        );
        assert!(
            stated > 5001 || error.contains("its data end after 500"),
            "{error}"
        );
    }
    // Cut in the middle: it says how many points were read.
    fs::write(&path, &whole[..whole.len() * 2 / 3]).unwrap();
    let error = read(&path).unwrap_err();
    assert!(
        error.contains("a.laz: chunk 0 cannot be decoded: its data end after "),
        "{error}"
    );
    assert!(error.contains(" of 5000 points"), "{error}");

    // Long records: those whose decoding keeps more than `chunk_bytes` are refused before it
    // begins.
    for (minor, format) in [(2, 0), (4, 6)] {
        let small = compressed(minor, format, 1000, 40);
        for bytes in [
            small.clone(),
            if format == 0 {
                in_one_stream(&small)
            } else {
                small
            },
        ] {
            fs::write(&path, bytes).unwrap();
            let (found, held) = held(|| read(&path));
            assert!(
                found == Ok(40) && held < 64 << 20,
                "PDRF {format}: {held} bytes, {found:?}"
            );
        }
        compressed(minor, format, 30_000, 40);
        let (found, held) = held(|| read(&path));
        let error = found.unwrap_err();
        assert!(
            held < 1 << 20 && error.contains("take at most 33554432 bytes to decode"),
            "{held} bytes, {error}"
        );
    }

    // Well-known text that is longer than that of any system is refused before it is parsed.
    let mut file = made::las(4, 6, 0, 10);
    let text = b"A[".repeat(5_000_000);
    file[243..247].copy_from_slice(&2_u32.to_le_bytes()); // extended records
    let user: Vec<u8> = [&b"LASF_Projection"[..], &[0]].concat();
    let (id, length) = (2112_u16.to_le_bytes(), (text.len() as u64).to_le_bytes());
    file.extend([&[0; 2][..], &user, &id, &length, &[0; 32], &text].concat());
    fs::write(&plain, file).unwrap();
    let (found, held) = held(|| Las::open_within(&plain, LIMITS).map(drop));
    let error = found.unwrap_err().to_string();
    assert!(
        held < 32 << 20 && error.contains("well-known text") && error.contains("a.las"),
        "{held} bytes, {error}"
    );
}
