//! Hashes of places: an order without pattern that depends on the place alone.

use isopach_compute::splitmix64;

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

#[cfg(test)]
mod tests {
    use super::*;

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
