//! The operations of a tile: DoD, M3C2 and C2C.

use crate::{
    sample::Sample,
    settings::{Settings, informed_detection},
};
use isopach::{
    Backend,
    change::{C2c, C2cTile, Dod, DodRasters, M3c2, M3c2Tile, Normals},
    cloud::Columns,
    compute::Result,
    raster::CellStatistic,
    tiling::{Tile, TileOperation, TileStats},
};

/// The results of a tile.
pub(crate) type Found = (DodRasters, M3c2Tile, C2cTile);

/// All three at one load of a tile, with the survey's scatter from the sample in their levels of
/// detection.
pub(crate) fn tile_operation(
    settings: &Settings,
    sample: &Sample,
    correlated: f64,
    kept: Columns,
) -> impl TileOperation<2, dyn Backend, Output = Found> + use<> {
    let dod = Dod {
        detection: informed_detection(&settings.cell_detection, sample.cells, correlated),
        ..dod_of(settings)
    };
    let m3c2 = M3c2 {
        detection: informed_detection(&settings.core_point_detection, sample.cylinders, correlated),
        ..m3c2_of(settings, &settings.normals)
    };
    let c2c = C2c {
        max_distance: settings.depth,
    };
    Keeping {
        of: (dod, m3c2.with_core_points(settings.core.clone()), c2c),
        columns: kept,
    }
}

/// An operation whose results keep columns of its points.
struct Keeping<O> {
    of: O,
    columns: Columns,
}

/// Bytes of all columns of a point that is copied into a result.
const COLUMN_BYTES: u64 = 32;

impl<B: ?Sized, O: TileOperation<2, B>> TileOperation<2, B> for Keeping<O> {
    type Output = O::Output;

    fn halo(&self) -> f64 {
        self.of.halo()
    }
    fn cell_sizes(&self) -> Vec<f64> {
        self.of.cell_sizes()
    }
    fn columns(&self) -> Columns {
        self.of.columns().with(self.columns)
    }
    fn working_bytes(&self, load: &TileStats) -> u64 {
        let copied = if self.columns == Columns::XYZ {
            0
        } else {
            COLUMN_BYTES * load.points()
        };
        self.of.working_bytes(load).saturating_add(copied)
    }
    fn run_tile(&self, on: &B, tile: &Tile<2>) -> Result<Self::Output> {
        self.of.run_tile(on, tile)
    }
}

/// The DoD alone, without the findings of a sample.
pub(crate) fn dod_of(settings: &Settings) -> Dod {
    Dod {
        cell_size: settings.cell,
        statistic: CellStatistic::Mean,
        classes: Vec::new(), // filtered while reading
        registration_error: settings.registration_error.clone(),
        detection: settings.cell_detection.clone(),
    }
}

/// M3C2 alone along these normals, without the findings of a sample.
pub(crate) fn m3c2_of(settings: &Settings, normals: &Normals) -> M3c2 {
    M3c2 {
        normals: normals.clone(),
        cylinder_radius: settings.cylinder_radius,
        projection_depth: settings.depth,
        registration_error: settings.registration_error.clone(),
        statistic: settings.statistic,
        detection: settings.core_point_detection.clone(),
    }
}
