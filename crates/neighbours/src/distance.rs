//! Exact squared distances in ticks.

use isopach_cloud::{TICK, TICKS_PER_METRE};
use isopach_compute::{Error, Result};

/// Converts a search radius in metres to the largest squared distance that counts, in square ticks:
/// ⌊(radius · 2¹⁸)²⌋.
///
/// `name` is the parameter that an error names. An infinite radius gives [`u128::MAX`].
///
/// # Errors
/// [`Error::InvalidParameter`] for a negative or NaN radius.
pub fn squared_ticks(name: &'static str, radius: f64) -> Result<u128> {
    Error::check(name, radius, radius >= 0.0, "be zero or above")?;
    let ticks = radius * TICKS_PER_METRE;
    Ok((ticks * ticks) as u128) // saturates at infinity
}

/// Exact squared distance of two points, in square ticks.
#[must_use]
pub fn squared_distance(a: [i64; 3], b: [i64; 3]) -> u128 {
    (0..3)
        .map(|axis| u128::from(a[axis].abs_diff(b[axis])).pow(2))
        .sum()
}

/// Converts square ticks to m², rounded to `f32`.
#[must_use]
pub fn square_metres(squared_ticks: u128) -> f32 {
    let exact_once = match u64::try_from(squared_ticks) {
        Ok(small) => small as f64,
        Err(_) => nearest_double_of_large(squared_ticks),
    };
    (exact_once * (TICK * TICK)) as f32
}

/// Conversion from 128 bits is slow and hardly ever needed: a call, so that it is not done ahead of
/// the decision.
#[cold]
#[inline(never)]
fn nearest_double_of_large(squared_ticks: u128) -> f64 {
    squared_ticks as f64
}
