//! Exact sums, so that cells may be added in any order.

use super::{
    block::Leaf,
    chance::{CERTAIN, HERMITE, VARIANCE, rising_share, unbiased_magnitude},
    noise::Noise,
};

/// Steps of a sum: nanometres for heights, square nanometres for variances.
const HEIGHT: f64 = 1e9;
const VARIANCE_UNIT: f64 = HEIGHT * HEIGHT;

/// A sum of whole steps. It saturates far beyond any survey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exact(i128);

impl Exact {
    fn add_steps(&mut self, value: f64, steps: f64) {
        self.0 = self.0.saturating_add((value * steps).round() as i128);
    }

    /// Adds metres (or any number of order one).
    pub(crate) fn add_height(&mut self, metres: f64) {
        self.add_steps(metres, HEIGHT);
    }

    pub(crate) fn height(self) -> f64 {
        self.0 as f64 / HEIGHT
    }

    fn add_variance(&mut self, square_metres: f64) {
        self.add_steps(square_metres, VARIANCE_UNIT);
    }

    pub(crate) fn variance(self) -> f64 {
        self.0 as f64 / VARIANCE_UNIT
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}

/// Sums over one side of the estimate, gain or loss, or over the net.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Side {
    /// Σ estimates, metres × cells.
    pub(crate) heights: Exact,
    /// Σ variances of the independent parts, m² × cells².
    pub(crate) variances: Exact,
    /// Σ weights with which an offset of all heights enters, cells.
    pub(crate) weights: Exact,
    /// Number of cells that certainly belong to this side.
    pub(crate) certain: u64,
    /// Σ weights × levers.
    pub(crate) levers: [Exact; 6],
    /// Σ weights × tilts.
    pub(crate) tilts: Exact,
}

impl Side {
    fn merge(&mut self, other: &Self) {
        let Self {
            heights,
            variances,
            weights,
            certain,
            levers,
            tilts,
        } = self;
        heights.merge(other.heights);
        variances.merge(other.variances);
        weights.merge(other.weights);
        *certain += other.certain;
        tilts.merge(other.tilts);
        for (lever, more) in levers.iter_mut().zip(other.levers) {
            lever.merge(more);
        }
    }

    /// Adds a part whose offset counts with `weight`.
    fn add_leaf(&mut self, leaf: &Leaf, height: f64, variance: f64, weight: f64) {
        let cells = f64::from(leaf.cells);
        self.heights.add_height(height);
        self.variances.add_variance(variance);
        self.weights.add_height(weight * cells);
        self.certain += if weight >= 1.0 {
            u64::from(leaf.cells)
        } else {
            0
        };
        self.tilts.add_height(weight * leaf.tilt);
        for (sum, lever) in self.levers.iter_mut().zip(leaf.lever) {
            sum.add_height(weight * lever);
        }
    }
}

/// Sums over the parts of all blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sums {
    pub(crate) net: Side,
    pub(crate) gain: Side,
    pub(crate) loss: Side,
    /// Number of cells where the sign of the change is not certain.
    pub(crate) uncertain: u64,
    /// Σ over them of the share of the noise that is correlated.
    pub(crate) correlated_share: Exact,
}

impl Sums {
    pub(crate) fn merge(&mut self, other: &Self) {
        self.net.merge(&other.net);
        self.gain.merge(&other.gain);
        self.loss.merge(&other.loss);
        self.uncertain += other.uncertain;
        self.correlated_share.merge(other.correlated_share);
    }

    /// Adds a part: T = σ h(S/σ) estimates |change|, so that (T ± S)/2 estimate gain and loss.
    pub(crate) fn add_leaf(&mut self, leaf: &Leaf, noise: &Noise) {
        let cells = f64::from(leaf.cells);
        let correlated = cells * cells * noise.of_mean(leaf.level);
        let total = leaf.variance + correlated;
        let sigma = total.sqrt();
        let t = if sigma > 0.0 || leaf.sum == 0.0 {
            leaf.sum / sigma.max(f64::MIN_POSITIVE)
        } else {
            f64::INFINITY.copysign(leaf.sum)
        };
        let moved = if t.is_finite() {
            sigma * unbiased_magnitude(t)
        } else {
            leaf.sum.abs()
        };
        self.net.add_leaf(leaf, leaf.sum, leaf.variance, 1.0);
        let up = rising_share(t);
        if t.abs() >= CERTAIN {
            let variance = [leaf.variance * up, leaf.variance * (1.0 - up)];
            self.gain
                .add_leaf(leaf, 0.5 * (moved + leaf.sum), variance[0], up);
            self.loss
                .add_leaf(leaf, 0.5 * (moved - leaf.sum), variance[1], 1.0 - up);
            return;
        }
        let share = if total > 0.0 { correlated / total } else { 0.0 };
        let shared: f64 = HERMITE
            .iter()
            .map(|(order, square)| square * share.powi(*order))
            .sum();
        let variance = 0.25 * (leaf.variance + total * (VARIANCE - shared));
        self.gain
            .add_leaf(leaf, 0.5 * (moved + leaf.sum), variance, up);
        self.loss
            .add_leaf(leaf, 0.5 * (moved - leaf.sum), variance, 1.0 - up);
        self.uncertain += u64::from(leaf.cells);
        self.correlated_share.add_height(share * cells);
    }
}
