//! Pseudo-random choices that depend on the position of a point alone.

use isopach_compute::fnv1a;

/// A hash of absolute ticks: the same for a point in any file, chunk, tile and order.
pub(crate) fn position_hash(ticks: [i64; 3]) -> u64 {
    let mut mixed = fnv1a(ticks.iter().flat_map(|tick| tick.to_le_bytes()));
    // FNV leaves patterns of neighbouring coordinates in single bits; the last step of splitmix64
    // does not.
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
