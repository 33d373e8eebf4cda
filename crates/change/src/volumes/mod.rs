//! Volumes of gain, loss and net change, with errors.
//!
//! The method, its tests and its tables: `docs/algorithms/volumes.md`.

mod block;
mod chance;
mod errors;
mod gather;
mod noise;
mod report;
mod sums;
mod tally;
mod zones;

use crate::{ChangeError, DodRasters, RegistrationError, Variogram};
use block::Block;
use isopach_compute::Result;
use noise::Noise;
pub use report::{
    Balance, ErrorParts, PlainBalance, PlainVolume, Volume, VolumeAreas, VolumeParts, VolumeReport,
};
use std::collections::BTreeMap;
use sums::Sums;
use tally::Tally;
pub use zones::{ZonedReport, ZonedVolumes};

/// Volumes and areas of a DEM of difference, added up tile by tile in any order.
///
/// The net is Σ d · a over all cells of area a with a difference d. Gain and loss are estimates of
/// Σ max(±δ, 0) · a for the true change δ of the same cells. Σ max(±d, 0) is too large, since noise
/// makes gain and loss where nothing changed, and so is a sum of significant cells. Blocks of 8 × 8
/// cells, split where their quarters contradict each other, give S = Σ d with its variance σ², and
/// T = σ h(S/σ) with E T = 0 where nothing changed. Gain and loss are (Σ T ± Σ S)/2.
///
/// The errors are 95 % and contain the scatter of the heights, the correction, the alignment
/// (`RegistrationError`) and, with a variogram, errors that cells share. They cover the change of
/// the cells with data in both epochs; [`VolumeAreas`] says how much had none. Results have the
/// same bits for any tiling. Memory: the blocks along the edges of tiles that have not met yet.
///
/// Source: Wheaton et al. 2010 (doi:10.1002/esp.1886), Anderson 2019 (doi:10.1002/esp.4551), Cai &
/// Low 2011 (doi:10.1214/10-AOS849), Rolstad et al. 2009 (doi:10.3189/002214309789470950).
///
/// ```
/// use isopach_change::{Dod, Volumes};
/// use isopach_cloud::{Cloud, Rect};
/// # fn main() -> isopach_compute::Result<()> {
/// let plane = |height: f64| -> Vec<[f64; 3]> {
///     (0..400).map(|i| [f64::from(i % 20) * 0.5, f64::from(i / 20) * 0.5, height + 0.01 * f64::from(i * 7 % 5)]).collect()
/// };
/// let [before, after] = [Cloud::from_points(&plane(3.0))?, Cloud::from_points(&plane(3.2))?];
/// let rasters = Dod::default().run(&isopach_compute::Cpu, &before, &after, Rect { min: [0.0, 0.0], max: [10.0, 10.0] })?;
/// let mut volumes = Volumes::new(1.0, 0.01);
/// volumes.add_tile(&rasters)?;
/// let report = volumes.report();
/// assert!((report.net.volume - 20.0).abs() < report.net.error);
/// assert!((report.gain.volume - 20.0).abs() < report.gain.error);
/// assert_eq!(report.areas.compared, 100.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Volumes {
    parameters: Parameters,
    tally: Tally,
    sums: Sums,
    /// Blocks of which some cells were not visited yet.
    pending: BTreeMap<[i64; 2], Box<Block>>,
}

/// Inputs of the errors.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parameters {
    cell_size: f64,
    registration_error: RegistrationError,
    variogram: Option<Variogram>,
    variogram_ground: VariogramGround,
    noise: Noise,
}

/// Where a variogram was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum VariogramGround {
    /// On cells of the volume: its sill errs as the scatter of these cells does.
    #[default]
    Within,
    /// On other ground.
    Elsewhere,
}

impl Parameters {
    fn cell_area(&self) -> f64 {
        self.cell_size * self.cell_size
    }
}

impl Volumes {
    /// Empty volumes, for cells of `cell_size` metres and an uncertainty of the alignment.
    #[must_use]
    pub fn new(cell_size: f64, registration_error: impl Into<RegistrationError>) -> Self {
        let registration_error = registration_error.into();
        let parameters = Parameters {
            cell_size,
            registration_error,
            variogram: None,
            variogram_ground: VariogramGround::default(),
            noise: Noise::default(),
        };
        Self {
            parameters,
            tally: Tally::default(),
            sums: Sums::default(),
            pending: BTreeMap::new(),
        }
    }

    /// Takes errors that neighbouring cells share from the variogram of the differences over stable
    /// ground among the cells that are added. Its nugget is not used: the cells' own standard
    /// errors say the same.
    #[must_use]
    pub fn with_variogram(mut self, variogram: Variogram) -> Self {
        self.parameters.noise = Noise::new(&variogram, self.parameters.cell_size);
        self.parameters.variogram = Some(variogram);
        self.parameters.variogram_ground = VariogramGround::Within;
        self
    }

    /// As [`Self::with_variogram`], for a variogram of other ground. How well that ground tells the
    /// sill adds to the errors of gain and loss.
    #[must_use]
    pub fn with_variogram_from_elsewhere(self, variogram: Variogram) -> Self {
        self.with_variogram(variogram).measured_elsewhere()
    }

    /// The same volumes, with the variogram taken for one of other ground.
    fn measured_elsewhere(mut self) -> Self {
        self.parameters.variogram_ground = VariogramGround::Elsewhere;
        self
    }

    /// As [`Self::with_variogram`], in the errors alone: the correction for chance stays that of
    /// independent cells. For a variogram of ground that may hold change: it takes faint change for
    /// errors that cells share, and corrected with it gain and loss would lose that and, over the
    /// whole survey, much more.
    #[must_use]
    pub fn with_variogram_in_errors(mut self, variogram: Variogram) -> Self {
        self.parameters.variogram = Some(variogram);
        self
    }

    /// Adds the cells of a tile. No cell may be added twice.
    ///
    /// # Errors
    /// [`Error::InvalidInput`](isopach_compute::Error::InvalidInput) for rasters of another cell size.
    pub fn add_tile(&mut self, tile: &DodRasters) -> Result<()> {
        self.add_where(tile, |_| true)
    }

    /// Adds the cells of a tile whose centre (x, y) is inside.
    ///
    /// # Errors
    /// [`Error::InvalidInput`](isopach_compute::Error::InvalidInput) for rasters of another cell size.
    pub fn add_where(
        &mut self,
        tile: &DodRasters,
        inside: impl Fn([f64; 2]) -> bool,
    ) -> Result<()> {
        let grid = tile.difference.grid;
        if grid.cell_size != self.parameters.cell_size {
            return Err(ChangeError::OtherCellSize {
                rasters: grid.cell_size,
                volumes: self.parameters.cell_size,
            }
            .into());
        }
        for at in gather::blocks_of(&grid) {
            self.add_block(tile, at, &|row, column| inside(grid.centre(row, column)));
        }
        Ok(())
    }

    /// Adds the cells of a tile in a block that `taken` takes, by row and column of the raster.
    fn add_block(&mut self, tile: &DodRasters, at: [i64; 2], taken: &dyn Fn(usize, usize) -> bool) {
        let mut block = Block::default();
        for place in gather::cells_of(&tile.difference.grid, at) {
            let is_taken = taken(place.row, place.column);
            if is_taken {
                self.tally.add_cell(tile, place.row, place.column);
            }
            let cell = if is_taken {
                gather::read_cell(&self.parameters, tile, &place)
            } else {
                None
            };
            block.visit_cell(place.inner_row, place.inner_column, cell);
        }
        self.add_or_keep(at, &block);
    }

    /// Adds a block, or keeps it until its other cells come.
    fn add_or_keep(&mut self, at: [i64; 2], block: &Block) {
        if block.is_complete() {
            return add_leaves(block, &self.parameters.noise, &mut self.sums);
        }
        let pending = self.pending.entry(at).or_default();
        pending.join_visited(block);
        if pending.is_complete() {
            add_leaves(pending, &self.parameters.noise, &mut self.sums);
            self.pending.remove(&at);
        }
    }

    /// Adds the volumes of other cells, from another process or thread.
    ///
    /// # Errors
    /// [`Error::InvalidInput`](isopach_compute::Error::InvalidInput) if the cell size, the
    /// registration error, the variogram or its ground differs.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if self.parameters != other.parameters {
            return Err(ChangeError::OtherVolumeParameters.into());
        }
        self.tally.merge(&other.tally);
        self.sums.merge(&other.sums);
        for (at, block) in &other.pending {
            self.add_or_keep(*at, block);
        }
        Ok(())
    }

    /// Number of cells with a difference.
    #[must_use]
    pub fn cell_count(&self) -> u64 {
        self.tally.cells
    }

    /// Volumes, errors and areas of all cells added so far.
    #[must_use]
    pub fn report(&self) -> VolumeReport {
        let mut sums = self.sums;
        for block in self.pending.values() {
            add_leaves(block, &self.parameters.noise, &mut sums);
        }
        report::make_report(&self.parameters, &self.tally, &sums)
    }
}

/// Adds the parts of a block.
fn add_leaves(block: &Block, noise: &Noise, sums: &mut Sums) {
    block.for_each_leaf(noise, &mut |leaf| sums.add_leaf(&leaf, noise));
}
