//! Checks of query parameters, shared by all backends so that each refuses the same values with the
//! same message.

use crate::{Cylinder, NeighbourError, distance::squared_ticks};
use isopach_cloud::{Positions, REACH};
use isopach_compute::{Error, Result};

/// Checks `k` and `max_distance` (metres) of a nearest-neighbour query; returns the largest squared
/// distance that counts, in square ticks.
///
/// # Errors
/// [`Error::InvalidParameter`] if `k` is 0, or if the distance is negative or NaN.
pub fn check_nearest(k: usize, max_distance: f64) -> Result<u128> {
    Error::check("k", k as f64, k > 0, "be at least 1")?;
    squared_ticks("maximum distance", max_distance)
}

/// Checks a search radius (metres); returns the largest squared distance that counts, in square
/// ticks.
///
/// # Errors
/// [`Error::InvalidParameter`] if the radius is negative or not finite.
pub fn check_radius(radius: f64) -> Result<u128> {
    Error::not_negative("radius", radius)?;
    squared_ticks("radius", radius)
}

/// Checks the radius (metres) of a neighbourhood whose moments are summed: differences of ticks
/// must fit 32 bits.
///
/// # Errors
/// [`Error::InvalidParameter`] if the radius is negative, not finite, or 8192 m or more.
pub fn check_moment_radius(radius: f64) -> Result<u128> {
    let limit = check_radius(radius)?;
    Error::check("radius", radius, radius < REACH, "be below 8192 m")?;
    Ok(limit)
}

/// Checks a cylinder; returns the radius of the ball that encloses it, metres.
///
/// ```
/// use isopach_neighbours::{Cylinder, arguments::check_cylinder};
/// let error = check_cylinder(Cylinder { radius: 9000.0, half_length: 5.0 }).unwrap_err();
/// assert!(error.to_string().starts_with("cylinder radius is 9000, "), "{error}");
/// ```
///
/// # Errors
/// [`Error::InvalidParameter`] if a length is not above zero, or if the enclosing ball has a radius
/// of 8192 m or more; the error names the larger length.
pub fn check_cylinder(cylinder: Cylinder) -> Result<f64> {
    let enclosing = cylinder.enclosing_radius()?;
    let Cylinder {
        radius,
        half_length,
    } = cylinder;
    let (name, larger) = if radius > half_length {
        ("cylinder radius", radius)
    } else {
        ("cylinder half length", half_length)
    };
    Error::check(
        name,
        larger,
        enclosing < REACH,
        "be so small that the whole cylinder is within 8192 m of its centre",
    )?;
    Ok(enclosing)
}

/// Checks a cylinder and its axes, one per query; returns the radius of the enclosing ball, metres.
///
/// # Errors
/// The errors of [`check_cylinder`] and [`check_axes`].
pub fn check_cylinders(
    queries: Positions<'_>,
    axes: &[[f64; 3]],
    cylinder: Cylinder,
) -> Result<f64> {
    let enclosing = check_cylinder(cylinder)?;
    check_axes(queries, axes)?;
    Ok(enclosing)
}

/// Checks that there is one axis per query and that all axes are finite.
///
/// # Errors
/// [`Error::InvalidInput`] with the two numbers, or with the first axis that is not finite.
pub fn check_axes(queries: Positions<'_>, axes: &[[f64; 3]]) -> Result<()> {
    Error::check_length("axes", axes.len(), "queries", queries.len())?;
    let is_not_finite = |axis: &[f64; 3]| axis.iter().any(|x| !x.is_finite());
    match axes.iter().position(is_not_finite) {
        Some(i) => Err(NeighbourError::AxisNotFinite {
            index: i,
            axis: axes[i],
        }
        .into()),
        None => Ok(()),
    }
}
