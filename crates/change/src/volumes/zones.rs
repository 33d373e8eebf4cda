//! Volumes of zones.

use super::{VolumeReport, Volumes, gather};
use crate::{ChangeError, DodRasters};
use isopach_compute::Result;
use std::collections::{BTreeMap, BTreeSet};

/// [`Volumes`] of zones (polygons, catchments, reaches) and of all cells.
///
/// The caller says which zones a cell's centre lies in: none, one or several. Each zone has an
/// error of its own: that of its cells, its area and its place relative to the pivot of the
/// alignment.
///
/// ```
/// use isopach_change::{Volumes, ZonedVolumes};
/// let mut volumes = ZonedVolumes::new(Volumes::new(1.0, 0.01), 2);
/// // For each tile: volumes.add_tile(&rasters, |[x, _]| [usize::from(x >= 50.0)])?;
/// let report = volumes.report();
/// assert_eq!(report.zones.len(), 2);
/// assert_eq!(report.total.net.volume, 0.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ZonedVolumes {
    total: Volumes,
    zones: Vec<Volumes>,
}

/// Reports of all cells and of each zone.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ZonedReport {
    /// All cells, in a zone or not.
    pub total: VolumeReport,
    /// By zone, in the order of their numbers.
    pub zones: Vec<VolumeReport>,
}

impl ZonedVolumes {
    /// `zones` zones, each beginning as `empty`. A variogram counts as measured elsewhere for each
    /// of them: nothing says which of its samples lie in a zone.
    #[must_use]
    pub fn new(empty: Volumes, zones: usize) -> Self {
        Self {
            zones: vec![empty.clone().measured_elsewhere(); zones],
            total: empty,
        }
    }

    /// Adds the cells of a tile; `zones_of` gives the numbers of the zones that a cell's centre (x,
    /// y) lies in.
    ///
    /// # Errors
    /// [`Error::InvalidInput`](isopach_compute::Error::InvalidInput) for rasters of another cell size or a zone that there is not;
    /// nothing is added then.
    pub fn add_tile<Zones>(
        &mut self,
        tile: &DodRasters,
        zones_of: impl Fn([f64; 2]) -> Zones,
    ) -> Result<()>
    where
        Zones: IntoIterator<Item = usize>,
    {
        let grid = tile.difference.grid;
        let mut cells: BTreeMap<usize, BTreeSet<[usize; 2]>> = BTreeMap::new();
        for (row, column) in
            (0..grid.rows).flat_map(|row| (0..grid.columns).map(move |column| (row, column)))
        {
            for zone in zones_of(grid.centre(row, column)) {
                if zone >= self.zones.len() {
                    return Err(ChangeError::NoSuchZone {
                        zone,
                        zones: self.zones.len(),
                    }
                    .into());
                }
                cells.entry(zone).or_default().insert([row, column]);
            }
        }
        self.total.add_tile(tile)?;
        for (zone, cells) in cells {
            let blocks: BTreeSet<_> = cells
                .iter()
                .map(|[row, column]| gather::block_of(&grid, *row, *column))
                .collect();
            for block in blocks {
                self.zones[zone]
                    .add_block(tile, block, &|row, column| cells.contains(&[row, column]));
            }
        }
        Ok(())
    }

    /// Adds the volumes of other cells, from another process or thread.
    ///
    /// # Errors
    /// [`Error::InvalidInput`](isopach_compute::Error::InvalidInput) if the parameters or the number of zones differ.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if self.zones.len() != other.zones.len() {
            return Err(ChangeError::OtherZones {
                these: self.zones.len(),
                others: other.zones.len(),
            }
            .into());
        }
        self.total.merge(&other.total)?;
        self.zones
            .iter_mut()
            .zip(&other.zones)
            .try_for_each(|(zone, others)| zone.merge(others))
    }

    /// Reports of all cells and of each zone.
    #[must_use]
    pub fn report(&self) -> ZonedReport {
        ZonedReport {
            total: self.total.report(),
            zones: self.zones.iter().map(Volumes::report).collect(),
        }
    }
}
