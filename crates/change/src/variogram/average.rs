//! Errors of means over areas.

use super::Variogram;
use std::f64::consts::PI;

/// Panels of Simpson's rule between two ranges.
const PANELS: usize = 128;
/// Multiples of an exponential range beyond which nothing is left.
const REACH: f64 = 8.0;

impl Variogram {
    /// Mean over all pairs of places in a disc of `area` m² of the shared part's correlation to a
    /// power; 1/N for the first power, N the effective number of samples. 0 without structures.
    ///
    /// The density of the distance of two places in a disc is known in closed form, so that this is
    /// one integral (as Rolstad et al. 2009, eq. 8, who take distances from the centre of the disc
    /// alone).
    #[must_use]
    pub fn mean_correlation(&self, area: f64, power: i32) -> f64 {
        let sill = self.covariance(0.0);
        if sill <= 0.0 {
            return 0.0;
        }
        let radius = (area / PI).sqrt();
        let reach = self
            .structures
            .iter()
            .map(|structure| REACH * structure.range)
            .fold(0.0, f64::max);
        if radius <= 1e-9 * reach {
            return 1.0;
        }
        let mut ends: Vec<f64> = self
            .structures
            .iter()
            .map(|structure| structure.range)
            .chain([reach, 2.0 * radius])
            .collect();
        ends.retain(|end| *end <= 2.0 * radius && *end <= reach);
        ends.sort_by(f64::total_cmp);
        let value = |r: f64| (self.covariance(r) / sill).powi(power) * distance_density(r, radius);
        let mut low = 0.0;
        let mut sum = 0.0;
        for high in ends {
            sum += integrate_simpson(low, high, value);
            low = high;
        }
        sum
    }

    /// Number of independent places that a mean over `area` m² is worth for the shared part;
    /// infinite without structures.
    #[must_use]
    pub fn effective_samples(&self, area: f64) -> f64 {
        1.0 / self.mean_correlation(area, 1)
    }

    /// Standard error (1 σ) of the shared part of a mean over `area` m², metres.
    #[must_use]
    pub fn mean_error(&self, area: f64) -> f64 {
        (self.covariance(0.0) * self.mean_correlation(area, 1)).sqrt()
    }

    /// Variance of the mean over places, nugget included, m²: the exact double sum. O(n²).
    #[must_use]
    pub fn variance_of_mean(&self, places: &[[f64; 2]]) -> f64 {
        self.nugget / places.len() as f64 + self.correlated_variance_of(places)
    }

    /// The same of the shared part alone.
    pub(crate) fn correlated_variance_of(&self, places: &[[f64; 2]]) -> f64 {
        let mut sum = 0.0;
        for [x, y] in places {
            for [u, v] in places {
                sum += self.covariance((x - u).hypot(y - v));
            }
        }
        sum / (places.len() as f64).powi(2)
    }
}

/// Density of the distance of two random places in a disc (Kendall & Moran 1963).
fn distance_density(distance: f64, radius: f64) -> f64 {
    let half = (distance / (2.0 * radius)).min(1.0);
    8.0 * half / (PI * radius) * (half.acos() - half * (1.0 - half * half).sqrt())
}

fn integrate_simpson(low: f64, high: f64, value: impl Fn(f64) -> f64) -> f64 {
    let step = (high - low) / (2 * PANELS) as f64;
    let term = |i: usize| {
        let factor = match i {
            0 => 1.0,
            i if i == 2 * PANELS => 1.0,
            i if i % 2 == 1 => 4.0,
            _ => 2.0,
        };
        factor * value(low + i as f64 * step)
    };
    (0..=2 * PANELS).map(term).sum::<f64>() * step / 3.0
}
