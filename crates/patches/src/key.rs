//! The counter-based generator: numbers without pattern that depend on what they are for, and on
//! nothing that was drawn before.

use isopach_compute::splitmix64;

/// Purpose of a drawn number: numbers for different purposes are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Order of the points of a patch, in the n-th time that they are drawn.
    Draw(u64),
    /// Angle and mirroring of a copy of a patch, its scale.
    Copy(u64),
    /// Jitter of the rows of a copy.
    Jitter(u64),
    /// Rows that a copy drops.
    Dropout(u64),
}

/// Key of all numbers that a patch needs for one purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PatchKey(u64);

impl PatchKey {
    /// The key of a seed, a patch by its column and row, and a purpose.
    pub(crate) fn new(seed: u64, patch: [i64; 2], purpose: Purpose) -> Self {
        let [kind, number] = match purpose {
            Purpose::Draw(number) => [0, number],
            Purpose::Copy(number) => [1, number],
            Purpose::Jitter(number) => [2, number],
            Purpose::Dropout(number) => [3, number],
        };
        let [column, row] = patch.map(i64::cast_unsigned);
        let words = [column, row, kind, number];
        Self(words.into_iter().fold(splitmix64(seed), mix))
    }

    /// The number of a place in absolute ticks.
    #[inline]
    pub(crate) fn of_ticks(self, ticks: [i64; 3]) -> u64 {
        ticks.map(i64::cast_unsigned).into_iter().fold(self.0, mix)
    }

    /// The number of a counter.
    #[inline]
    pub(crate) fn of_counter(self, counter: u64) -> u64 {
        mix(self.0, counter)
    }

    /// The number of a counter, uniform in [0, 1), a multiple of 2⁻⁵³.
    pub(crate) fn chance(self, counter: u64) -> f64 {
        (self.of_counter(counter) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[inline]
fn mix(hash: u64, word: u64) -> u64 {
    splitmix64(hash ^ word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_key_changes_the_number() {
        let number = |seed, patch, purpose, z| {
            PatchKey::new(seed, patch, purpose).of_ticks([1 << 20, -(1 << 20), z])
        };
        let first = number(7, [3, 4], Purpose::Draw(0), 9);
        let others = [
            number(8, [3, 4], Purpose::Draw(0), 9),
            number(7, [4, 3], Purpose::Draw(0), 9),
            number(7, [3, 4], Purpose::Draw(1), 9),
            number(7, [3, 4], Purpose::Copy(0), 9),
            number(7, [3, 4], Purpose::Jitter(0), 9),
            number(7, [3, 4], Purpose::Dropout(0), 9),
            number(7, [3, 4], Purpose::Draw(0), 10),
        ];
        assert!(others.iter().all(|other| *other != first));
    }
}
