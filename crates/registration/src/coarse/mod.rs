//! Coarse alignment: brings two clouds near enough for ICP.
//!
//! ```
//! use isopach_registration::{Cloud, Cpu, Icp, Pair, coarse};
//!
//! let hills = |east: f64| -> Vec<[f64; 3]> {
//!     let at = |i: u32| [f64::from(i % 120) * 0.5, f64::from(i / 120) * 0.5];
//!     let height = |x: f64, y: f64| 2.0 * (x / 5.0).sin() + 2.0 * (y / 7.0).cos() + (x * y / 90.0).sin();
//!     (0..14_400).map(at).map(|[x, y]| [x + east, y, height(x, y)]).collect()
//! };
//! let [target, source] = [Cloud::from_points(&hills(0.0))?, Cloud::from_points(&hills(7.2))?];
//! let pair = Pair { source: source.positions(), target: target.positions() };
//! let start = coarse::align_centroids(pair)?;
//! let found = Icp::point_to_plane(2.0).align(&Cpu, pair, start)?;
//! assert!((found.target_from_source.translation[0] + 7.2).abs() < 0.01);
//! # Ok::<(), isopach_registration::Error>(())
//! ```

#[cfg(feature = "phase-correlation")]
mod phase_correlation;

#[cfg(feature = "phase-correlation")]
pub use phase_correlation::{Correlation, correlate_heights};

use crate::{AlignError, Pair};
use isopach_cloud::{Positions, Rigid, TICK};
use isopach_compute::Result;

/// Shifts the centroid of the source onto that of the target. O(n).
///
/// ```
/// use isopach_registration::{Cloud, Pair, coarse};
/// let target = Cloud::from_points(&[[0.0, 0.0, 0.0], [2.0, 0.0, 0.0]])?;
/// let source = Cloud::from_points(&[[5.0, 0.0, 1.0], [7.0, 0.0, 1.0]])?;
/// let pair = Pair { source: source.positions(), target: target.positions() };
/// assert_eq!(coarse::align_centroids(pair)?.translation, [-5.0, 0.0, -1.0]);
/// # Ok::<(), isopach_registration::Error>(())
/// ```
///
/// # Errors
/// [`Error::InvalidInput`](isopach_compute::Error::InvalidInput) for an empty cloud.
pub fn align_centroids(pair: Pair<'_>) -> Result<Rigid> {
    let from = centroid_of("source", pair.source)?;
    let to = centroid_of("target", pair.target)?;
    Ok(Rigid::from_translation(std::array::from_fn(|axis| to[axis] - from[axis])).about(to))
}

fn centroid_of(cloud: &'static str, points: Positions<'_>) -> Result<[f64; 3]> {
    if points.is_empty() {
        return Err(AlignError::NoPoints { cloud }.into());
    }
    let sums = points.ticks().iter().fold([0_i64; 3], |sums, p| {
        std::array::from_fn(|a| sums[a] + i64::from(p[a]))
    });
    let origin = points.origin().metres();
    Ok(std::array::from_fn(|a| {
        origin[a] + sums[a] as f64 / points.len() as f64 * TICK
    }))
}
