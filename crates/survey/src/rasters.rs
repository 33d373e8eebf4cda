//! Optional rasters in addition to the difference and its level of detection.

use crate::{settings::Settings, styles::Look};
use clap::ValueEnum;
use isopach::{
    change::DodRasters,
    cloud::{Crs, Rect},
    compute::Result,
    raster::{GeoTiffMosaic, Raster},
    tiling::TileSink,
};
use std::path::Path;

/// An optional raster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Heights of the earlier epoch: before.tif
    Before,
    /// Heights of the later epoch: after.tif
    After,
    /// Points a cell of the earlier epoch: count_before.tif
    CountBefore,
    /// Points a cell of the later epoch: count_after.tif
    CountAfter,
    /// The difference if it is beyond its level of detection, else no data: dod_significant.tif
    Significant,
    /// Reason that a cell has no difference or level of detection, as a number: dod_status.tif
    Status,
}

impl Kind {
    /// The name of its file.
    pub(crate) fn file(self) -> &'static str {
        match self {
            Self::Before => "before.tif",
            Self::After => "after.tif",
            Self::CountBefore => "count_before.tif",
            Self::CountAfter => "count_after.tif",
            Self::Significant => "dod_significant.tif",
            Self::Status => "dod_status.tif",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Before => "height of the earlier epoch, m",
            Self::After => "height of the later epoch, m",
            Self::CountBefore => "points of the earlier epoch",
            Self::CountAfter => "points of the later epoch",
            Self::Significant => {
                "height difference beyond its level of detection, later - earlier, m"
            }
            Self::Status => "why there is no difference or level of detection: 0 is valid",
        }
    }

    /// The raster's values in a tile.
    fn of(self, tile: &DodRasters) -> Raster {
        match self {
            Self::Before => tile.heights[0].clone(),
            Self::After => tile.heights[1].clone(),
            Self::CountBefore => count(tile, 0),
            Self::CountAfter => count(tile, 1),
            Self::Significant => {
                let mut significant = tile.difference.clone();
                significant.values.zip_mut_with(
                    &tile.level_of_detection.values,
                    |difference, limit| {
                        // Without a level of detection nothing is known to be significant.
                        let is_beyond = difference.abs() > *limit;
                        *difference = if is_beyond { *difference } else { f64::NAN };
                    },
                );
                significant
            }
            Self::Status => {
                // Cells without a point are outside of the survey, or of its tiles: both are no
                // data.
                let empty = f64::from(isopach::change::ChangeStatus::Empty as u8);
                let values = tile
                    .status
                    .values
                    .mapv(|status| if status == empty { f64::NAN } else { status });
                Raster {
                    grid: tile.status.grid,
                    values,
                }
            }
        }
    }
}

/// Points of an epoch in each cell. A cell without a point of either is outside of the survey, or
/// of its tiles: both are no data.
fn count(tile: &DodRasters, epoch: usize) -> Raster {
    let mut counts = tile.counts[epoch].clone();
    let other = &tile.counts[1 - epoch].values;
    counts.values.zip_mut_with(other, |count, other| {
        *count = if *count + other > 0.0 {
            *count
        } else {
            f64::NAN
        }
    });
    counts
}

/// A raster that is being written, and its range of values.
pub(crate) struct Requested {
    pub(crate) kind: Kind,
    mosaic: GeoTiffMosaic,
    range: [f64; 2],
}

impl Requested {
    pub(crate) fn create(
        kind: Kind,
        folder: &Path,
        settings: &Settings,
        crs: Option<&Crs>,
    ) -> Result<Self> {
        let mosaic = GeoTiffMosaic::create(folder.join(kind.file()), settings.cell)?;
        let mosaic = mosaic
            .description(kind.description())
            .crs(crs.cloned().unwrap_or_default());
        Ok(Self {
            kind,
            mosaic,
            range: [f64::INFINITY, f64::NEG_INFINITY],
        })
    }

    pub(crate) fn begin(&mut self, whole: Rect) -> Result<()> {
        self.mosaic.begin(whole)
    }

    pub(crate) fn accept(&mut self, core: Rect, tile: &DodRasters) -> Result<()> {
        let raster = self.kind.of(tile);
        // `min` and `max` pass over NaN.
        self.range = raster.values.iter().fold(self.range, |[low, high], value| {
            [low.min(*value), high.max(*value)]
        });
        self.mosaic.accept(core, raster)
    }

    pub(crate) fn finish(&mut self) -> Result<()> {
        self.mosaic.finish()
    }

    /// The style of the raster, with differences shown up to `limit`.
    pub(crate) fn look(&self, limit: f64) -> Look {
        let [low, high] = if self.range[0] <= self.range[1] {
            self.range
        } else {
            [0.0, 1.0]
        };
        match self.kind {
            Kind::Before | Kind::After => Look::Rising([low, high]),
            Kind::CountBefore | Kind::CountAfter => Look::Counts(high),
            Kind::Significant => Look::Diverging(limit),
            Kind::Status => Look::Statuses,
        }
    }
}
