//! Thresholds from numbers alone.

use crate::distributions::NORMAL_975;

/// Computes the 95 % level of detection of M3C2, metres: 1.96 (√(s₁²/n₁ + s₂²/n₂) + registration
/// error), eq. 1 of Lague et al. 2013.
///
/// The result of [`crate::ErrorModel::Normal`]. Too small at few points: see
/// [`crate::ErrorModel::Student`].
///
/// ```
/// let lod = isopach_change::level_of_detection([0.03, 0.04], [9, 16], 0.01);
/// assert!((lod - 1.96 * ((1e-4_f64 + 1e-4).sqrt() + 0.01)).abs() < 1e-15);
/// ```
#[must_use]
pub fn level_of_detection(spread: [f64; 2], count: [u32; 2], registration_error: f64) -> f64 {
    let variance = |epoch: usize| spread[epoch] * spread[epoch] / f64::from(count[epoch]);
    NORMAL_975 * ((variance(0) + variance(1)).sqrt() + registration_error)
}

/// Factor by which to multiply levels of detection, so that 5 % of the differences over stable
/// ground exceed them: the 95th percentile of |difference| / level.
///
/// `places` are pairs of a difference and a level without a registration error, metres. The result
/// is for [`crate::Detection::factor`]; `None` if fewer than 100 places have both. O(n log n).
///
/// ```
/// let differences: Vec<f64> = (0..1000).map(|i| f64::from(i) * 1e-3).collect();
/// let factor = isopach_change::exceedance_factor(differences.iter().map(|d| (*d, 0.5))).unwrap();
/// assert!((factor - 1.9).abs() < 1e-9);
/// assert!(isopach_change::exceedance_factor([(0.1, 0.5)]).is_none());
/// ```
#[must_use]
pub fn exceedance_factor(places: impl IntoIterator<Item = (f64, f64)>) -> Option<f64> {
    let ratios = places
        .into_iter()
        .map(|(difference, level)| difference.abs() / level);
    let mut ratios: Vec<f64> = ratios.filter(|ratio| ratio.is_finite()).collect();
    ratios.sort_unstable_by(f64::total_cmp);
    if ratios.len() < 100 {
        None
    } else {
        ratios.get((0.95 * ratios.len() as f64) as usize).copied()
    }
}
