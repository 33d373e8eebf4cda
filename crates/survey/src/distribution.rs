//! Distribution of a quantity, in bounded memory and independent of order.

/// Counts in bins of a millimetre within ±20 m, with exact sums in micrometres.
#[derive(Clone, Debug)]
pub(crate) struct Distribution {
    bins: Vec<u64>,
    below: u64,
    above: u64,
    missing: u64,
    count: u64,
    sum: i128,
    squares: i128,
}

const REACH: f64 = 20.0;
const BINS_PER_METRE: f64 = 1000.0;
const UNITS_PER_METRE: f64 = 1e6;

impl Default for Distribution {
    fn default() -> Self {
        let bins = vec![0; (2.0 * REACH * BINS_PER_METRE) as usize];
        Self {
            bins,
            below: 0,
            above: 0,
            missing: 0,
            count: 0,
            sum: 0,
            squares: 0,
        }
    }
}

impl Distribution {
    /// Adds a value in metres; one that is not finite is counted as missing.
    pub(crate) fn add(&mut self, value: f64) {
        if !value.is_finite() {
            self.missing += 1;
            return;
        }
        self.count += 1;
        let units = (value * UNITS_PER_METRE).round() as i128;
        self.sum += units;
        self.squares += units * units;
        let bin = ((value + REACH) * BINS_PER_METRE).floor();
        if bin < 0.0 {
            self.below += 1;
        } else if let Some(count) = self.bins.get_mut(bin as usize) {
            *count += 1;
        } else {
            self.above += 1;
        }
    }

    /// Number of values that were not finite.
    pub(crate) fn missing(&self) -> u64 {
        self.missing
    }

    /// Number of finite values.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Mean, metres; NaN for no value.
    pub(crate) fn mean(&self) -> f64 {
        self.sum as f64 / self.count as f64 / UNITS_PER_METRE
    }

    /// Root mean square, metres; NaN for no value.
    pub(crate) fn rms(&self) -> f64 {
        (self.squares as f64 / self.count as f64).sqrt() / UNITS_PER_METRE
    }

    /// Standard deviation (divisor n − 1), metres.
    pub(crate) fn standard_deviation(&self) -> f64 {
        let n = i128::from(self.count);
        ((n * self.squares - self.sum * self.sum) as f64 / n as f64 / (n - 1) as f64).sqrt()
            / UNITS_PER_METRE
    }

    /// The value below which the share `q` lies, to half a millimetre within ±20 m; NaN for no
    /// value.
    pub(crate) fn quantile(&self, q: f64) -> f64 {
        let rank = (q * self.count as f64).ceil().max(1.0) as u64;
        let mut seen = self.below;
        if self.count == 0 {
            return f64::NAN;
        }
        if seen >= rank {
            return -REACH;
        }
        for (bin, count) in self.bins.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return (bin as f64 + 0.5) / BINS_PER_METRE - REACH;
            }
        }
        REACH
    }

    /// Edges and counts of about `bins` bins over [`low`, `high`], and the counts below and above.
    pub(crate) fn histogram(
        &self,
        low: f64,
        high: f64,
        bins: usize,
    ) -> (Vec<f64>, Vec<u64>, [u64; 2]) {
        let width = (((high - low) * BINS_PER_METRE / bins as f64).ceil() as usize).max(1);
        let start =
            (((low + REACH) * BINS_PER_METRE).floor().max(0.0) as usize).min(self.bins.len());
        let end = (start + width * bins).min(self.bins.len());
        let counts: Vec<u64> = self.bins[start..end]
            .chunks(width)
            .map(|chunk| chunk.iter().sum())
            .collect();
        let outside = [
            self.below + self.bins[..start].iter().sum::<u64>(),
            self.above + self.bins[end..].iter().sum::<u64>(),
        ];
        (
            (0..=counts.len())
                .map(|i: usize| ((start + i * width).min(end)) as f64 / BINS_PER_METRE - REACH)
                .collect(),
            counts,
            outside,
        )
    }
}
