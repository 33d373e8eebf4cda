//! What is computed: DoD, M3C2 and C2C.

use crate::{sample::Sample, settings::Settings};
use isopach::{
    Backend,
    change::{C2c, C2cTile, Dod, DodRasters, M3c2, M3c2Tile},
    raster::CellStatistic,
    tiling::TileOperation,
};

/// What a tile gives.
pub(crate) type Found = (DodRasters, M3c2Tile, C2cTile);

/// All three at one load of a tile, with the survey's scatter from the sample in their levels of detection.
pub(crate) fn operation(
    settings: &Settings,
    sample: &Sample,
    correlated: f64,
) -> impl TileOperation<2, dyn Backend, Output = Found> + use<> {
    let dod = Dod { detection: settings.informed(sample.cells, correlated), ..dod(settings) };
    let m3c2 = M3c2 { detection: settings.informed(sample.cylinders, correlated), ..m3c2(settings) };
    let c2c = C2c { max_distance: settings.depth };
    (dod, m3c2.at(settings.core.clone()), c2c)
}

/// The DoD alone, without what a sample says.
pub(crate) fn dod(settings: &Settings) -> Dod {
    Dod {
        cell_size: settings.cell,
        statistic: CellStatistic::Mean,
        classes: Vec::new(), // filtered while reading
        registration_error: settings.registration_error.clone(),
        detection: settings.detection.clone(),
    }
}

/// M3C2 alone, without what a sample says.
pub(crate) fn m3c2(settings: &Settings) -> M3c2 {
    M3c2 {
        normals: settings.normals.clone(),
        cylinder_radius: settings.cylinder_radius,
        projection_depth: settings.depth,
        registration_error: settings.registration_error.clone(),
        statistic: settings.statistic,
        detection: settings.detection.clone(),
    }
}
