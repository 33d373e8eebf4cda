//! Mean distances to the nearest points, and their exact sums over a survey.

use crate::Divisor;
use isopach_cloud::{Positions, TICK};
use isopach_compute::Result;
use isopach_neighbours::{NeighbourIndex, squared_distance};
use rayon::prelude::*;

/// Steps of a mean distance in sums, per metre: 2⁻³⁰ m are 0.9 nm.
///
/// Distances in a cloud are below 2¹⁵ m, so a square is below 2⁹⁰ steps², and 128 bits hold the sum
/// of 2³⁸ of them.
const STEPS_PER_METRE: f64 = (1_u64 << 30) as f64;

/// Queries that are answered together.
const BLOCK: usize = 1 << 14;

/// Mean distance (metres) of each query, which is one of the points, to its `others` nearest other
/// points; `None` where fewer lie within `max_distance`.
///
/// Distances are summed from the nearest to the farthest: equal ones are equal terms, so that the
/// order of the points changes no bit. Means are rounded to steps of 2⁻³⁰ m, as in the sums.
pub(super) fn mean_distances(
    index: &dyn NeighbourIndex,
    queries: Positions<'_>,
    others: usize,
    max_distance: f64,
) -> Result<Vec<Option<f64>>> {
    let mut means = Vec::with_capacity(queries.len());
    for start in (0..queries.len()).step_by(BLOCK) {
        let block = start..(start + BLOCK).min(queries.len());
        let asked = Positions::new(queries.origin(), &queries.ticks()[block]);
        // The first is the point itself, or another one at its place.
        let lists = index.k_nearest(asked, others.saturating_add(1), max_distance)?;
        let of_block: Vec<Option<f64>> = (0..asked.len())
            .into_par_iter()
            .map(|i| {
                let nearest = lists.indices_of(i).get(1..)?;
                let is_full = nearest.len() == others;
                is_full.then(|| mean_distance(index, asked.absolute_ticks(i), nearest))
            })
            .collect();
        means.extend(of_block);
    }
    Ok(means)
}

/// Which queries, points of the cloud, have fewer than `fewest` other points within the radius.
pub(super) fn find_lonely(
    index: &dyn NeighbourIndex,
    queries: Positions<'_>,
    fewest: usize,
    radius: f64,
) -> Result<Vec<bool>> {
    let mut is_lonely = Vec::with_capacity(queries.len());
    for start in (0..queries.len()).step_by(BLOCK) {
        let block = start..(start + BLOCK).min(queries.len());
        let asked = Positions::new(queries.origin(), &queries.ticks()[block]);
        // The point itself is found, too.
        let lists = index.k_nearest(asked, fewest.saturating_add(1), radius)?;
        is_lonely.extend((0..asked.len()).map(|i| lists.indices_of(i).len() <= fewest));
    }
    Ok(is_lonely)
}

fn mean_distance(index: &dyn NeighbourIndex, from: [i64; 3], nearest: &[u32]) -> f64 {
    let points = index.positions();
    let distances = nearest.iter().map(|&to| {
        let squared = squared_distance(from, points.absolute_ticks(to as usize));
        (squared as f64).sqrt() * TICK
    });
    let mean = distances.sum::<f64>() / nearest.len() as f64;
    (mean * STEPS_PER_METRE).round() / STEPS_PER_METRE
}

/// Sums of mean distances, exact in steps of 2⁻³⁰ m: the same for any tiles and in any order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DistanceSums {
    /// Points with a mean distance.
    pub count: u64,
    sum: u128,
    squares: u128,
}

impl DistanceSums {
    /// The sums of mean distances, metres.
    pub(super) fn of_means(means: &[Option<f64>]) -> Self {
        let mut sums = Self::default();
        for mean in means.iter().flatten() {
            let steps = (mean * STEPS_PER_METRE).round() as u128;
            sums.count += 1;
            sums.sum += steps;
            sums.squares += steps * steps;
        }
        sums
    }

    /// The sums of two parts.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            sum: self.sum + other.sum,
            squares: self.squares + other.squares,
        }
    }

    /// Mean of the mean distances, metres; NaN of none.
    #[must_use]
    pub fn mean(self) -> f64 {
        let count = u128::from(self.count);
        if count == 0 {
            return f64::NAN;
        }
        let rest = (self.sum % count) as f64 / count as f64;
        ((self.sum / count) as f64 + rest) / STEPS_PER_METRE
    }

    /// Their standard deviation, metres; 0 for one alone, NaN of none.
    #[must_use]
    pub fn deviation(self, divisor: Divisor) -> f64 {
        let count = u128::from(self.count);
        if count == 0 {
            return f64::NAN;
        }
        // Σ(x − m)² about the whole part m of the mean, where Σx = n m + rest. The differences are
        // taken modulo 2¹²⁸, which holds the result.
        let whole = self.sum / count;
        let rest = self.sum % count;
        let about_whole = self
            .squares
            .wrapping_sub(whole.wrapping_mul(self.sum.wrapping_add(rest)));
        let about_mean = about_whole as f64 - rest as f64 * (rest as f64 / count as f64);
        let divided_by = match divisor {
            Divisor::Count => count,
            Divisor::CountMinusOne => count.max(2) - 1,
        };
        (about_mean.max(0.0) / divided_by as f64).sqrt() / STEPS_PER_METRE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isopach_compute::conformance::random;

    #[test]
    fn sums_are_those_of_the_definition() {
        let means: Vec<Option<f64>> = (0..5000)
            .map(|i| (i % 7 != 0).then(|| 9000.0 + random(i)))
            .collect();
        let known: Vec<f64> = means.iter().copied().flatten().collect();
        let sums = DistanceSums::of_means(&means);
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        let squares: f64 = known.iter().map(|x| (x - mean).powi(2)).sum();
        assert!((sums.mean() - mean).abs() < 1e-9);
        for (divisor, by) in [(Divisor::Count, 0.0), (Divisor::CountMinusOne, 1.0)] {
            let deviation = (squares / (known.len() as f64 - by)).sqrt();
            assert!((sums.deviation(divisor) - deviation).abs() < 1e-9);
        }
        let parts = [&means[..1234], &means[1234..]].map(DistanceSums::of_means);
        assert_eq!(parts[1].plus(parts[0]), sums);
    }

    #[test]
    fn equal_distances_have_no_deviation_and_none_have_no_mean() {
        let sums = DistanceSums::of_means(&[Some(0.3); 9]);
        assert_eq!(sums.deviation(Divisor::CountMinusOne), 0.0);
        assert_eq!(
            DistanceSums::of_means(&[Some(2.0)]).deviation(Divisor::CountMinusOne),
            0.0
        );
        assert!(DistanceSums::default().mean().is_nan());
        assert!(DistanceSums::default().deviation(Divisor::Count).is_nan());
    }
}
