//! Hashes: one that detects changes, and one that spreads numbers.

/// The 64-bit FNV-1a hash. It detects accidental changes, not attacks.
///
/// ```
/// assert_eq!(isopach_compute::fnv1a(*b"foobar"), 0x8594_4171_F739_67E8);
/// ```
#[must_use]
pub fn fnv1a(bytes: impl IntoIterator<Item = u8>) -> u64 {
    let mut hash: u64 = 0xCBF2_9CE4_8422_2325;
    for byte in bytes {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    }
    hash
}

/// One step of SplitMix64 (Steele, Lea and Flood 2014): every bit of the result depends on every
/// bit of `number`.
///
/// ```
/// // The first number of the generator with the seed 0, from the reference implementation.
/// assert_eq!(isopach_compute::splitmix64(0), 0xE220_A839_7B1D_CDAF);
/// ```
#[inline]
#[must_use]
pub fn splitmix64(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_values() {
        assert_eq!(
            [*b"a", *b"b"].map(fnv1a),
            [0xAF63_DC4C_8601_EC8C, 0xAF63_DF4C_8601_F1A5]
        );
        assert_eq!(fnv1a(*b"foobar"), 0x8594_4171_F739_67E8);
    }
}
