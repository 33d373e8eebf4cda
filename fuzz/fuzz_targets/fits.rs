//! Any bytes as a FITS file: an error or an image, never a panic, a hang or more memory than the
//! limits.

#![no_main]

#[path = "../memory.rs"]
mod memory;
#[path = "../panics.rs"]
mod panics;

use isopach_fits::{FitsLimits, ImageFile};
use libfuzzer_sys::fuzz_target;
use std::{io::Cursor, sync::Once};

const LIMITS: FitsLimits = FitsLimits {
    header_bytes: 1 << 20,
    pixels: 1 << 20,
    tile_bytes: 2 << 20,
    unpacked_bytes: 2 << 20,
    memory_bytes: 2 << 20,
};

/// Rows and what is stored of them, tiles compressed and decoded, and a tile while it is decoded.
const ALLOWED: usize = (2 + 2 + 2 + 3 * 2 + 8) << 20;

fuzz_target!(|bytes: &[u8]| {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| panics::end_at_ours(&["fitskit"]));
    memory::within(ALLOWED, || read(bytes));
});

/// The last row alone is that of the whole.
fn read(bytes: &[u8]) {
    let Ok(mut file) = ImageFile::new_within(Cursor::new(bytes), LIMITS) else {
        return;
    };
    let [rows, _] = file.shape();
    let last = file.read_rows(rows - 1..rows);
    let Ok(all) = file.read_rows(0..rows) else { return };
    let last = last.expect("all rows were read");
    assert!(
        last.iter()
            .zip(all.row(rows - 1))
            .all(|(a, b)| a.to_bits() == b.to_bits())
    );
}
