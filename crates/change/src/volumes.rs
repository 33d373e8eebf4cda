//! How much was gained and lost.

use crate::DodRasters;

/// Sums are kept in whole nanometres (and their squares), so that tiles may be added in any order.
const UNITS: f64 = 1e9;

/// Volumes and areas of a DEM of difference, added up cell by cell.
///
/// Gain is where the difference is positive, loss where it is negative; a cell counts as significant where |difference| exceeds its level
/// of detection. With σᵢ the standard error of cell i (random, independent) and r the registration error (shared by all cells),
///
/// ```text
/// V = a Σ |dᵢ|          ± 1.96 a (√Σσᵢ² + r n)          a: area of a cell, n: number of cells
/// ```
///
/// The error is that of the cells that were counted. It does not say what the threshold itself does: of unchanged cells one in twenty (more
/// where they have few points) is counted, half as gain and half as loss, and change below the level of detection is not. Gain and loss
/// of a large, mostly unchanged area are therefore both too large; their difference hardly.
///
/// The random part is after Wheaton et al. 2010, the systematic part fully correlated, after Anderson 2019 (doi:10.1002/esp.4551).
#[derive(Clone, Debug, PartialEq)]
pub struct Volumes {
    cell_area: f64,
    registration_error: f64,
    /// Gain and loss; all cells, significant ones.
    sums: [[Sum; 2]; 2],
    cells: u64,
    without_error: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sum {
    cells: u64,
    heights: i128,
    variances: i128,
}

impl Sum {
    fn add(&mut self, height: f64, variance: f64) {
        self.cells += 1;
        self.heights += (height.abs() * UNITS).round() as i128;
        self.variances += (variance * UNITS * UNITS).round() as i128;
    }

    fn merge(&mut self, other: &Self) {
        self.cells += other.cells;
        self.heights += other.heights;
        self.variances += other.variances;
    }
}

/// A volume over an area.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Volume {
    /// m³, never negative.
    pub volume: f64,
    /// 95 % error of the volume, m³.
    pub error: f64,
    /// m².
    pub area: f64,
}

impl Volumes {
    /// Nothing yet, for cells of `cell_size` metres.
    #[must_use]
    pub fn new(cell_size: f64, registration_error: f64) -> Self {
        let cell_area = cell_size * cell_size;
        Self { cell_area, registration_error, sums: Default::default(), cells: 0, without_error: 0 }
    }

    /// Adds the cells of a tile. A cell without a level of detection (a single point) counts in the totals, without a random error, and is not
    /// significant.
    pub fn add(&mut self, tile: &DodRasters) {
        for (difference, lod) in tile.difference.values.iter().zip(&tile.level_of_detection.values) {
            if difference.is_nan() {
                continue;
            }
            self.cells += 1;
            self.without_error += u64::from(lod.is_nan());
            let error = lod / 1.96 - self.registration_error;
            let variance = if error.is_nan() { 0.0 } else { error * error };
            let side = usize::from(*difference < 0.0);
            if *difference != 0.0 {
                self.sums[0][side].add(*difference, variance);
            }
            if difference.abs() > *lod {
                self.sums[1][side].add(*difference, variance);
            }
        }
    }

    /// Adds what was found elsewhere.
    pub fn merge(&mut self, other: &Self) {
        self.cells += other.cells;
        self.without_error += other.without_error;
        for (all, others) in self.sums.as_flattened_mut().iter_mut().zip(other.sums.as_flattened()) {
            all.merge(others);
        }
    }

    /// Number of cells with a difference.
    #[must_use]
    pub fn cells(&self) -> u64 {
        self.cells
    }

    /// Cells with a difference but no level of detection.
    #[must_use]
    pub fn cells_without_error(&self) -> u64 {
        self.without_error
    }

    /// Area of all cells with a difference, m².
    #[must_use]
    pub fn area(&self) -> f64 {
        self.cells as f64 * self.cell_area
    }

    /// Gained, all cells.
    #[must_use]
    pub fn gain(&self) -> Volume {
        self.volume(&self.sums[0][0])
    }

    /// Lost, all cells.
    #[must_use]
    pub fn loss(&self) -> Volume {
        self.volume(&self.sums[0][1])
    }

    /// Gained, significant cells alone.
    #[must_use]
    pub fn significant_gain(&self) -> Volume {
        self.volume(&self.sums[1][0])
    }

    /// Lost, significant cells alone.
    #[must_use]
    pub fn significant_loss(&self) -> Volume {
        self.volume(&self.sums[1][1])
    }

    /// Gain minus loss of all cells, and its 95 % error, m³.
    #[must_use]
    pub fn net(&self) -> [f64; 2] {
        self.net_of(&self.sums[0])
    }

    /// Gain minus loss of the significant cells, and its 95 % error, m³.
    #[must_use]
    pub fn significant_net(&self) -> [f64; 2] {
        self.net_of(&self.sums[1])
    }

    fn net_of(&self, [gain, loss]: &[Sum; 2]) -> [f64; 2] {
        let mut both = *gain;
        both.merge(loss);
        let net = (gain.heights - loss.heights) as f64 / UNITS * self.cell_area;
        [net, self.volume(&both).error]
    }

    fn volume(&self, sum: &Sum) -> Volume {
        let random = (sum.variances as f64).sqrt() / UNITS;
        let systematic = self.registration_error * sum.cells as f64;
        Volume {
            volume: sum.heights as f64 / UNITS * self.cell_area,
            error: 1.96 * self.cell_area * (random + systematic),
            area: sum.cells as f64 * self.cell_area,
        }
    }
}
