//! The part of the noise that neighbouring cells share.

use super::block::SIDE;
use crate::Variogram;

/// Number of sizes of squares: 1, 2, 4, 8 cells.
const LEVELS: usize = SIDE.ilog2() as usize + 1;

/// Correlated noise of squares of cells, from a variogram; zero without one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Noise {
    /// Variance of the mean over a square of 2ⁱ cells, m².
    of_mean: [f64; LEVELS],
    /// Variance per degree of freedom among the means of the quarters of such a square, m².
    between: [f64; LEVELS],
}

impl Noise {
    /// Of squares of cells of `cell_size` metres.
    pub(crate) fn new(variogram: &Variogram, cell_size: f64) -> Self {
        let mut noise = Self::default();
        for level in 0..LEVELS {
            let side = 1 << level;
            let centres: Vec<[f64; 2]> = (0..side * side)
                .map(|i| [i % side, i / side].map(|k| f64::from(k) * cell_size))
                .collect();
            noise.of_mean[level] = variogram.correlated_variance_of(&centres);
            // Six pairs of quarters: four along the sides, two across.
            let apart = 0.5 * f64::from(side) * cell_size;
            let rise = |distance: f64| variogram.covariance(0.0) - variogram.covariance(distance);
            noise.between[level] = (4.0 * rise(apart) + 2.0 * rise(apart * 2.0_f64.sqrt())) / 6.0;
        }
        noise
    }

    /// Variance of the mean over a square of that level, m².
    pub(crate) fn of_mean(&self, level: usize) -> f64 {
        self.of_mean.get(level).copied().unwrap_or(0.0)
    }

    /// Variance of single cells about the mean of a square of that level, m².
    pub(crate) fn within_square(&self, level: usize) -> f64 {
        self.of_mean(0) - self.of_mean(level)
    }

    /// Variance of the means of the quarters of a square of that level about their mean, m².
    pub(crate) fn between_quarters(&self, level: usize) -> f64 {
        self.between.get(level).copied().unwrap_or(0.0)
    }
}
