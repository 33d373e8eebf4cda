//! The distribution of a column's values, in bounded memory and independent of their order.

/// Bits of a value that tell its bin within its octave: bins are 1/512 of the octave wide.
const BIN_BITS: u32 = 9;
/// Bits of the significand of an `f32` that are stored.
const STORED_BITS: u32 = 23;
/// Exponents of an `f32`, for either sign.
const OCTAVES: usize = 512;

/// Counts of the values of one octave, with their exact sum.
#[derive(Clone, Debug)]
struct Octave {
    bins: [u64; 1 << BIN_BITS],
    /// Sum of the significands, which are whole numbers.
    significands: u128,
}

/// Distribution of `f32` values: counts in bins whose width is 1/512 of the power of two below the
/// value, and the exact sum. Octaves without a value take no memory.
#[derive(Clone, Debug)]
pub(crate) struct Values {
    octaves: Vec<Option<Box<Octave>>>,
    count: u64,
    missing: u64,
    least: f32,
    largest: f32,
}

impl Default for Values {
    fn default() -> Self {
        Self {
            octaves: vec![None; OCTAVES],
            count: 0,
            missing: 0,
            least: f32::INFINITY,
            largest: f32::NEG_INFINITY,
        }
    }
}

/// A share of the values in equal bins between two limits.
pub(crate) struct Binned {
    pub(crate) edges: Vec<f64>,
    /// Values a bin; a fine bin that lies across an edge is shared out.
    pub(crate) counts: Vec<f64>,
    /// Values below and above.
    pub(crate) outside: [f64; 2],
}

impl Values {
    /// Adds values; those that are not finite are counted as missing.
    pub(crate) fn add(&mut self, values: &[f32]) {
        for &value in values {
            if !value.is_finite() {
                self.missing += 1;
                continue;
            }
            let key = key_of(value);
            let octave = self.octaves[(key >> STORED_BITS) as usize].get_or_insert_with(|| {
                Box::new(Octave {
                    bins: [0; 1 << BIN_BITS],
                    significands: 0,
                })
            });
            let bin = key >> (STORED_BITS - BIN_BITS) & ((1 << BIN_BITS) - 1);
            octave.bins[bin as usize] += 1;
            octave.significands += u128::from(significand_of(value));
            self.count += 1;
            self.least = self.least.min(value);
            self.largest = self.largest.max(value);
        }
    }

    /// Number of finite values.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Number of values that are not finite.
    pub(crate) fn missing(&self) -> u64 {
        self.missing
    }

    /// The least value; NaN for none.
    pub(crate) fn least(&self) -> f64 {
        if self.count == 0 {
            f64::NAN
        } else {
            self.least.into()
        }
    }

    /// The largest value; NaN for none.
    pub(crate) fn largest(&self) -> f64 {
        if self.count == 0 {
            f64::NAN
        } else {
            self.largest.into()
        }
    }

    /// The mean; NaN for no value.
    pub(crate) fn mean(&self) -> f64 {
        // Each side from small to large, so that the rounding of the sum is least.
        let [negative, positive] = [0..OCTAVES / 2, OCTAVES / 2..OCTAVES];
        let below: f64 = negative.rev().map(|at| self.sum_of_octave(at)).sum();
        let above: f64 = positive.map(|at| self.sum_of_octave(at)).sum();
        (above - below) / self.count as f64
    }

    /// Sum of the magnitudes of an octave.
    fn sum_of_octave(&self, at: usize) -> f64 {
        let Some(octave) = &self.octaves[at] else {
            return 0.0;
        };
        let exponent = if at < OCTAVES / 2 {
            OCTAVES / 2 - 1 - at
        } else {
            at - OCTAVES / 2
        };
        // Subnormal numbers have the unit of the smallest normal ones.
        octave.significands as f64 * 2.0_f64.powi(exponent.max(1) as i32 - 150)
    }

    /// The value below which the share `q` lies, to 1/1024 of the value; NaN for no value.
    pub(crate) fn quantile(&self, q: f64) -> f64 {
        let rank = (q * self.count as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (edges, count) in self.filled_bins() {
            seen += count;
            if seen >= rank {
                let middle = (edges[0] + edges[1]) / 2.0;
                // The bins at zero hold subnormal numbers too.
                let is_zero = middle.abs() < f64::from(f32::MIN_POSITIVE);
                let value = if is_zero { 0.0 } else { middle };
                return value.clamp(self.least(), self.largest());
            }
        }
        f64::NAN
    }

    /// The bins that hold values, ascending: their edges and counts.
    fn filled_bins(&self) -> impl Iterator<Item = ([f64; 2], u64)> + '_ {
        let filled = (0_u32..)
            .zip(&self.octaves)
            .filter_map(|(at, octave)| Some((at, octave.as_deref()?)));
        filled.flat_map(|(at, octave)| {
            let bins = (0_u32..).zip(&octave.bins).filter(|(_, count)| **count > 0);
            bins.map(move |(bin, &count)| {
                let first = (at << BIN_BITS | bin) << (STORED_BITS - BIN_BITS);
                let last = first | ((1 << (STORED_BITS - BIN_BITS)) - 1);
                ([first, last].map(value_of_key), count)
            })
        })
    }

    /// The values in `bins` equal bins from `low` to `high`.
    pub(crate) fn binned(&self, low: f64, high: f64, bins: usize) -> Binned {
        let width = (high - low) / bins as f64;
        let mut counts = vec![0.0; bins];
        let mut outside = [0.0; 2];
        for ([first, last], count) in self.filled_bins() {
            // A value at a limit is in its bin, whatever the width of the fine bin beyond.
            let first = first.max(self.least());
            let last = last.min(self.largest()).max(first);
            let of_bins = |value: f64| (value - low) / width;
            let [from, to] = [of_bins(first), of_bins(last)];
            let density = count as f64 / (to - from).max(f64::MIN_POSITIVE);
            let mut put = |bin: f64, share: f64| {
                if bin < 0.0 {
                    outside[0] += share;
                } else if bin < bins as f64 || (bin == bins as f64 && last == high) {
                    counts[(bin as usize).min(bins - 1)] += share;
                } else {
                    outside[1] += share;
                }
            };
            if from.floor() == to.floor() || to - from < 1e-9 {
                put(from.floor(), count as f64);
                continue;
            }
            let mut at = from.max(-1.0);
            put(-1.0, (to.min(0.0) - from).max(0.0) * density);
            at = at.max(0.0);
            while at < to.min(bins as f64) {
                let next = (at.floor() + 1.0).min(to);
                put(at.floor(), (next - at) * density);
                at = next;
            }
            put(
                bins as f64 + 1.0,
                (to - from.max(bins as f64)).max(0.0) * density,
            );
        }
        let edges = (0..=bins).map(|i| low + width * i as f64).collect();
        Binned {
            edges,
            counts,
            outside,
        }
    }
}

/// A number in the order of the values; −0 is 0.
fn key_of(value: f32) -> u32 {
    let bits = (value + 0.0).to_bits();
    if bits >> 31 == 1 {
        !bits
    } else {
        bits | 1 << 31
    }
}

fn value_of_key(key: u32) -> f64 {
    let bits = if key >> 31 == 1 { key ^ 1 << 31 } else { !key };
    let value = f32::from_bits(bits);
    // Bins of the last octave end at infinity.
    f64::from(value.clamp(f32::MIN, f32::MAX))
}

/// The significand as a whole number.
fn significand_of(value: f32) -> u32 {
    let bits = value.to_bits();
    let stored = bits & ((1 << STORED_BITS) - 1);
    let is_normal = bits >> STORED_BITS & 0xFF != 0;
    stored | u32::from(is_normal) << STORED_BITS
}

#[cfg(test)]
mod tests {
    use super::*;
    use isopach::compute::conformance::random;

    fn filled(values: &[f32]) -> Values {
        let mut found = Values::default();
        found.add(values);
        found
    }

    #[test]
    fn mean_and_quantiles_are_those_of_the_sorted_values() {
        let mut values: Vec<f32> = (0..5000)
            .map(|i| ((random(2 * i) - 0.4) * 10.0_f64.powf(4.0 * random(2 * i + 1))) as f32)
            .collect();
        let found = filled(&values);
        let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / 5000.0;
        assert!(
            (found.mean() - mean).abs() < 1e-12 * mean.abs().max(1.0),
            "{} {mean}",
            found.mean()
        );
        values.sort_unstable_by(f32::total_cmp);
        for share in [0.0, 0.02, 0.25, 0.5, 0.9, 1.0] {
            let rank = ((share * 5000.0_f64).ceil() as usize).max(1) - 1;
            let expected = f64::from(values[rank]);
            let quantile = found.quantile(share);
            assert!(
                (quantile - expected).abs() <= expected.abs() / 1024.0,
                "{share}: {quantile} {expected}"
            );
        }
        assert_eq!(
            [found.least(), found.largest()],
            [values[0], values[4999]].map(f64::from)
        );
    }

    #[test]
    fn order_and_pieces_change_no_bit() {
        let values: Vec<f32> = (0..999).map(|i| (random(i) * 3.0 - 1.0) as f32).collect();
        let mut reversed = values.clone();
        reversed.reverse();
        let [a, mut b] = [filled(&values), filled(&reversed[..400])];
        b.add(&reversed[400..]);
        assert_eq!(a.mean().to_bits(), b.mean().to_bits());
        assert_eq!(a.quantile(0.3).to_bits(), b.quantile(0.3).to_bits());
    }

    #[test]
    fn missing_values_are_counted_and_zeros_of_both_signs_are_one() {
        let found = filled(&[0.0, -0.0, f32::NAN, f32::INFINITY, 1e-42]);
        assert_eq!((found.count(), found.missing()), (3, 2));
        assert_eq!(found.quantile(0.5), 0.0);
        assert!((found.mean() - f64::from(1e-42_f32) / 3.0).abs() < 1e-50);
        assert!(Values::default().mean().is_nan() && Values::default().quantile(0.5).is_nan());
        assert!(Values::default().least().is_nan());
    }

    #[test]
    fn every_value_is_in_a_bin_or_outside() {
        let values: Vec<f32> = (0..4000).map(|i| (random(i) * 4.0 - 2.0) as f32).collect();
        let found = filled(&values);
        let binned = found.binned(-1.0, 1.0, 40);
        let inside: f64 = binned.counts.iter().sum();
        let all = inside + binned.outside.iter().sum::<f64>();
        assert!((all - 4000.0).abs() < 1e-6, "{all}");
        let truth = values.iter().filter(|x| x.abs() < 1.0).count() as f64;
        assert!((inside - truth).abs() < 8.0, "{inside} {truth}");
        let ones = filled(&[0.0, 1.0, 1.0]).binned(0.0, 1.0, 4);
        assert_eq!(ones.counts, [1.0, 0.0, 0.0, 2.0]);
        assert_eq!(ones.outside, [0.0, 0.0]);
    }
}
