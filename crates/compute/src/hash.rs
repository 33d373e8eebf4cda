//! A hash that notices a change.

/// FNV-1a of 64 bits: for telling that something has changed, not against an attack.
#[must_use]
pub fn fnv1a(bytes: impl IntoIterator<Item = u8>) -> u64 {
    let add = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    bytes.into_iter().fold(0xCBF2_9CE4_8422_2325, add)
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
