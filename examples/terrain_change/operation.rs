//! What is computed: DoD, M3C2 and C2C, as said on the command line.

use crate::arguments::Arguments;
use isopach::{
    Backend,
    change::{C2c, C2cTile, Detection, Dod, DodRasters, M3c2, M3c2Tile, Normals, SurveyStatistics},
    raster::CellStatistic,
    tiling::TileOperation,
};

/// What a tile gives.
pub(crate) type Found = (DodRasters, M3c2Tile, C2cTile);

/// All three at one load of a tile, with this standard error of the alignment (metres) in their levels of detection.
pub(crate) fn operation(
    arguments: &Arguments,
    registration_error: f64,
) -> impl TileOperation<2, dyn Backend, Output = Found> {
    let dod = Dod {
        cell_size: arguments.cell,
        statistic: CellStatistic::Mean,
        classes: Vec::new(), // filtered while reading
        registration_error: registration_error.into(),
        detection: detection(),
    };
    let c2c = C2c { max_distance: arguments.depth };
    (dod, m3c2(arguments, registration_error).every(arguments.core_spacing), c2c)
}

/// Epochs of one kind: no tile knows the survey.
fn detection() -> Detection {
    Detection { survey: Some(SurveyStatistics::equal_epochs()), ..Detection::default() }
}

/// M3C2 alone.
pub(crate) fn m3c2(arguments: &Arguments, registration_error: f64) -> M3c2 {
    M3c2 {
        normals: Normals::Multiscale { radii: arguments.normal_radii.clone(), towards: [0.0, 0.0, 1.0].into() },
        cylinder_radius: arguments.cylinder_radius,
        projection_depth: arguments.depth,
        registration_error: registration_error.into(),
        detection: detection(),
        ..M3c2::default()
    }
}
