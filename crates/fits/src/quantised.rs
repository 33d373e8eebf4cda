//! Real numbers that were stored as whole ones, with noise against the steps (subtractive
//! dithering).
//!
//! Follows cfitsio: R. L. White, W. D. Pence and others, "Tiled image convention for storing
//! compressed images in FITS binary tables" (2013), section 4.

use std::sync::OnceLock;

/// Length of the sequence of random numbers.
const RANDOM: usize = 10_000;
/// The whole number that stands for an exact zero in the second way of dithering.
const ZERO: i64 = -2_147_483_646;

/// Dithering method of the quantised numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dither {
    None,
    /// SUBTRACTIVE_DITHER_1.
    First,
    /// SUBTRACTIVE_DITHER_2: exact zeros are preserved.
    Second,
}

impl Dither {
    /// ZQUANTIZ; `None` for an unknown one.
    pub(crate) fn from_keyword(keyword: Option<&str>) -> Option<Self> {
        match keyword.map(str::to_ascii_uppercase).as_deref() {
            None | Some("NONE" | "NO_DITHER") => Some(Self::None),
            Some("SUBTRACTIVE_DITHER_1") => Some(Self::First),
            Some("SUBTRACTIVE_DITHER_2") => Some(Self::Second),
            Some(_) => None,
        }
    }
}

/// Scale, offset and dithering of a tile's integers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quantised {
    pub(crate) scale: f64,
    pub(crate) zero: f64,
    /// The whole number that stands for no value.
    pub(crate) blank: Option<i64>,
    pub(crate) dither: Dither,
    /// Number of the tile, from zero, plus ZDITHER0 less one.
    pub(crate) seed: i64,
}

impl Quantised {
    /// The real numbers of a tile's whole ones.
    pub(crate) fn dequantise(
        self,
        whole: impl IntoIterator<Item = i64>,
    ) -> impl Iterator<Item = f64> {
        let Self {
            scale,
            zero,
            blank,
            dither,
            seed,
        } = self;
        let mut seed = seed.rem_euclid(RANDOM as i64) as usize;
        let mut next = first_offset(seed);
        whole.into_iter().map(move |whole| {
            // One rounding, as the compiler of cfitsio produces it; the difference shows if the
            // zero is far away.
            let value = match dither {
                _ if blank == Some(whole) => f64::NAN,
                Dither::Second if whole == ZERO => 0.0,
                Dither::None => return (whole as f64).mul_add(scale, zero),
                _ => (whole as f64 - f64::from(random_numbers()[next]) + 0.5).mul_add(scale, zero),
            };
            if dither != Dither::None {
                next += 1;
                if next == RANDOM {
                    seed = (seed + 1) % RANDOM;
                    next = first_offset(seed);
                }
            }
            value
        })
    }
}

/// Index in the sequence at which a seed begins.
fn first_offset(seed: usize) -> usize {
    (random_numbers()[seed] * 500.0) as usize
}

/// The sequence of Park and Miller: a = 16807, m = 2³¹ − 1, seed 1.
fn random_numbers() -> &'static [f32; RANDOM] {
    static SEQUENCE: OnceLock<Box<[f32; RANDOM]>> = OnceLock::new();
    SEQUENCE.get_or_init(|| {
        let mut seed = 1_u64;
        Box::new(std::array::from_fn(|_| {
            seed = seed * 16_807 % 2_147_483_647;
            (seed as f64 / 2_147_483_647.0) as f32
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_that_of_the_convention() {
        // The convention names the seed after the last number.
        assert_eq!(
            random_numbers()[RANDOM - 1],
            (1_043_618_065_f64 / 2_147_483_647.0) as f32
        );
    }

    #[test]
    fn an_unknown_way_of_dithering_is_none() {
        assert_eq!(Dither::from_keyword(Some("NO_DITHER")), Some(Dither::None));
        assert_eq!(
            Dither::from_keyword(Some("subtractive_dither_2")),
            Some(Dither::Second)
        );
        assert_eq!(Dither::from_keyword(Some("SUBTRACTIVE_DITHER_3")), None);
    }
}
