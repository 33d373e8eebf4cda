//! A hash that detects changes.

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
