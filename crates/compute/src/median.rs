//! The weighted median that crates share.

/// The value up to which the (value, weight) pairs hold half of the weight; `None` for no pairs.
/// O(n log n). Pairs of one value and weight may come in any order.
///
/// ```
/// let pairs = vec![(5.0, 3.0), (1.0, 1.0), (2.0, 1.0)];
/// assert_eq!(isopach_compute::weighted_median(pairs), Some(5.0));
/// ```
#[must_use]
pub fn weighted_median(mut pairs: Vec<(f64, f64)>) -> Option<f64> {
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let half = 0.5 * pairs.iter().map(|(_, weight)| weight).sum::<f64>();
    let mut sum = 0.0;
    for (value, weight) in pairs {
        sum += weight;
        if sum >= half {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weighted_median_is_that_of_values_repeated_by_their_weights() {
        let median = |pairs: &[(f64, f64)]| weighted_median(pairs.to_vec());
        assert_eq!(median(&[(3.0, 1.0), (1.0, 1.0), (2.0, 1.0)]), Some(2.0));
        assert_eq!(median(&[(5.0, 3.0), (1.0, 1.0), (2.0, 1.0)]), Some(5.0));
        assert_eq!(median(&[(5.0, 0.5), (1.0, 1.0), (2.0, 0.1)]), Some(1.0));
        assert_eq!(median(&[]), None);
    }
}
