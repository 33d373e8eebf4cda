//! What an index is asked with, checked: every backend refuses the same, in the same words.

use crate::{Cylinder, reference};
use isopach_cloud::{Positions, REACH};
use isopach_compute::{Error, Result};

/// Of `k` nearest points within `max_distance` metres: the largest squared distance that counts,
/// square ticks.
///
/// # Errors
/// [`Error::InvalidParameter`] where `k` is 0, or the distance is negative or NaN.
pub fn check_nearest(k: usize, max_distance: f64) -> Result<u128> {
    Error::check("k", k as f64, k > 0, "be at least 1")?;
    reference::squared_ticks("maximum distance", max_distance)
}

/// Of all points within `radius` metres: the largest squared distance that counts, square ticks.
///
/// # Errors
/// [`Error::InvalidParameter`] where the radius is negative or not finite.
pub fn check_radius(radius: f64) -> Result<u128> {
    Error::not_negative("radius", radius)?;
    reference::squared_ticks("radius", radius)
}

/// As [`ball`], where moments are wanted: differences of ticks stay within 32 bits.
///
/// # Errors
/// [`Error::InvalidParameter`] where the radius is negative, not finite, or 8192 m and more.
pub fn check_moment_radius(radius: f64) -> Result<u128> {
    let limit = check_radius(radius)?;
    Error::check("radius", radius, radius < REACH, "be below 8192 m")?;
    Ok(limit)
}

/// Of cylinders: the radius of the ball that encloses one, metres.
///
/// # Errors
/// [`Error::InvalidParameter`] for lengths that are not above zero, or too large for differences of
/// 32 bits.
pub fn check_cylinder(cylinder: Cylinder) -> Result<f64> {
    let enclosing = cylinder.enclosing_radius()?;
    Error::check(
        "projection depth",
        enclosing,
        enclosing < REACH,
        "stay below 8192 m",
    )
}

/// As [`cylinder`], along `axes`.
///
/// # Errors
/// Those of [`cylinder`]; [`Error::InvalidInput`] where axes are not finite, or not one a query.
pub fn check_cylinders(queries: Positions<'_>, axes: &[[f64; 3]], of: Cylinder) -> Result<f64> {
    let enclosing = check_cylinder(of)?;
    reference::check_axes(queries, axes)?;
    Ok(enclosing)
}
