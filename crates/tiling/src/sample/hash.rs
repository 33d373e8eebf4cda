//! Hashes of places: an order without pattern that depends on the place alone.

/// Hash of a position in absolute ticks.
pub(crate) fn of_position(ticks: [i64; 3]) -> u64 {
    ticks
        .into_iter()
        .fold(0, |hash, tick| splitmix64(hash ^ tick.cast_unsigned()))
}

/// Hash of a cell of the plan, another order for each seed.
pub(crate) fn of_cell(cell: [i64; 2], seed: u64) -> u64 {
    cell.into_iter().fold(splitmix64(seed), |hash, index| {
        splitmix64(hash ^ index.cast_unsigned())
    })
}

/// One step of SplitMix64 (Steele, Lea and Flood 2014): every bit of the result depends on every
/// bit of `x`.
fn splitmix64(x: u64) -> u64 {
    let mut x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_is_the_published_one() {
        // First number of SplitMix64 seeded with 0, from the reference implementation.
        assert_eq!(splitmix64(0), 0xE220_A839_7B1D_CDAF);
    }

    #[test]
    fn a_lattice_of_positions_shows_no_pattern() {
        let low = (0..40_000_i64)
            .filter(|i| of_position([i % 200 * 262_144, i / 200 * 262_144, 0]) < u64::MAX / 4)
            .count();
        assert!(
            (9_740..10_260).contains(&low),
            "{low} of 40000 in the lowest quarter"
        ); // 3 standard deviations
        let of = |seed: u64| {
            (0..1000_i64)
                .map(|i| of_cell([i, -i], seed))
                .collect::<Vec<_>>()
        };
        assert_ne!(of(1), of(2));
    }
}
