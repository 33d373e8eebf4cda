//! False discoveries: changes that are none.

use isopach_compute::{Error, Result};

/// Bins of a factor of two.
const BINS: u32 = 128;

/// Histogram of the p-values of a run, for a threshold that bounds the share of false discoveries
/// (Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x).
///
/// At a level of detection of 95 %, 5 % of the unchanged places are called changed: of a million
/// places where nothing happened, 50,000. Of m p-values, the procedure calls changed those up to
/// the largest p that is not above rate · (number of p-values up to p)/m. The expected share of
/// unchanged places among them is then at most `rate`, for independent places and for positively
/// dependent ones.
///
/// A bin is 1/128 of a factor of two, and its upper edge stands for its p-values, so that the
/// threshold is on the careful side by less than 0.8 %. Counts add up in any order; memory is
/// bounded (at most 138,000 bins, as many as there are different p-values at most).
///
/// ```
/// use isopach_change::FalseDiscoveries;
/// let mut tests = FalseDiscoveries::default();
/// tests.add_p_values(&[1e-6, 0.2, 0.9, 0.4, f64::NAN, 0.7]);
/// tests.add_p_values(&[1e-7]);
/// let threshold = tests.threshold(0.05).unwrap();
/// assert!(threshold > 1e-6 && threshold < 0.05);
/// assert_eq!((tests.count_up_to(threshold), tests.test_count()), (2, 6));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FalseDiscoveries {
    bins: std::collections::BTreeMap<u32, u64>,
    tests: u64,
}

impl FalseDiscoveries {
    /// Counts p-values; those that are NaN were not tested.
    pub fn add_p_values<'a>(&mut self, p_values: impl IntoIterator<Item = &'a f64>) {
        for &p_value in p_values {
            if (0.0..=1.0).contains(&p_value) {
                *self.bins.entry(bin_of(p_value)).or_default() += 1;
                self.tests += 1;
            }
        }
    }

    /// Adds the counts of another part of the run.
    pub fn merge(&mut self, other: &Self) {
        self.tests += other.tests;
        for (bin, count) in &other.bins {
            *self.bins.entry(*bin).or_default() += count;
        }
    }

    /// Number of p-values: places with a test.
    #[must_use]
    pub fn test_count(&self) -> u64 {
        self.tests
    }

    /// Threshold of the p-value below which a place is called changed, so that at most a share of
    /// `rate` of those places is unchanged; 0 if there are none.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] unless `rate` is above 0 and below 1.
    pub fn threshold(&self, rate: f64) -> Result<f64> {
        Error::check(
            "false discovery rate",
            rate,
            rate > 0.0 && rate < 1.0,
            "be above 0 and below 1",
        )?;
        let mut up_to = 0;
        let mut threshold = 0.0;
        for (&bin, &count) in &self.bins {
            up_to += count;
            if upper_edge(bin) * self.tests as f64 <= rate * up_to as f64 {
                threshold = upper_edge(bin);
            }
        }
        Ok(threshold)
    }

    /// Number of p-values up to a [`Self::threshold`].
    #[must_use]
    pub fn count_up_to(&self, threshold: f64) -> u64 {
        self.bins
            .iter()
            .take_while(|(bin, _)| upper_edge(**bin) <= threshold)
            .map(|(_, count)| count)
            .sum()
    }
}

/// The leading bits of a positive double order it and cut each factor of two into equal parts.
fn bin_of(p_value: f64) -> u32 {
    (p_value.to_bits() >> (52 - BINS.ilog2())) as u32
}

/// One past the largest p-value of a bin.
fn upper_edge(bin: u32) -> f64 {
    f64::from_bits(u64::from(bin + 1) << (52 - BINS.ilog2()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The procedure in its own words.
    fn by_definition(p_values: &[f64], rate: f64) -> usize {
        let mut sorted = p_values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let m = sorted.len() as f64;
        (0..sorted.len())
            .rev()
            .find(|&k| sorted[k] <= rate * (k + 1) as f64 / m)
            .map_or(0, |k| k + 1)
    }

    proptest! {
        #[test]
        fn as_the_definition_but_for_the_width_of_a_bin(
            nulls in prop::collection::vec(0.0..1.0f64, 1..300), changes in prop::collection::vec(0.0..1.0f64, 0..100),
            rate in 0.01..0.3f64,
        ) {
            let p_values: Vec<f64> = nulls.iter().copied().chain(changes.iter().map(|u| u.powi(8) * 1e-3)).collect();
            let mut whole = FalseDiscoveries::default();
            whole.add_p_values(&p_values);
            let (mut first, mut second) = (FalseDiscoveries::default(), FalseDiscoveries::default());
            first.add_p_values(p_values.iter().step_by(2));
            second.add_p_values(p_values.iter().skip(1).step_by(2));
            second.merge(&first);
            prop_assert_eq!(&second, &whole);
            let threshold = whole.threshold(rate).unwrap();
            let found = p_values.iter().filter(|&&p| p < threshold).count();
            prop_assert!(found <= by_definition(&p_values, rate));
            prop_assert!(found >= by_definition(&p_values, rate / (1.0 + 2.0 / f64::from(BINS))));
        }
    }

    #[test]
    fn a_rate_that_is_no_share_is_refused() {
        for rate in [0.0, 1.0, -0.1, f64::NAN] {
            assert!(FalseDiscoveries::default().threshold(rate).is_err());
        }
        assert_eq!(FalseDiscoveries::default().threshold(0.1).unwrap(), 0.0);
    }
}
