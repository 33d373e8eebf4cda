//! Heights above ground of a run, and their part of the summary.

use super::{
    FeatureOptionError,
    options::{GroundArgs, HeightArgs},
    output::Output,
};
use isopach::{
    compute::Result,
    features::{ClothTerrain, GroundSource, GroundSurface, HeightTiles, TerrainModel},
    las::Catalogue,
    raster::GeoTiff,
};
use serde_json::{Value, json};
use std::{path::Path, sync::Arc};

/// The heights that the options ask for.
pub(super) fn open_heights(
    options: &HeightArgs,
    catalogue: &Catalogue,
    cloth: Option<&Arc<ClothTerrain>>,
) -> Result<Option<HeightTiles>> {
    if let Some(path) = &options.terrain {
        let terrain = open_terrain(path, catalogue)?;
        return Ok(Some(HeightTiles::above_terrain(Arc::new(terrain))));
    }
    let Some(above) = options.ground.above() else {
        return Ok(None);
    };
    let ground = match cloth {
        Some(cloth) => GroundSource::Cloth(cloth.clone()),
        None => options.ground.source(),
    };
    HeightTiles::new(above, ground).map(Some)
}

/// A terrain model in metres, in the coordinate system of the points as far as both state one.
fn open_terrain(path: &Path, catalogue: &Catalogue) -> Result<TerrainModel> {
    let terrain = TerrainModel::from_geotiff(GeoTiff::read(path)?)?;
    let contradiction = catalogue
        .crs()
        .and_then(|crs| terrain.raster().crs.find_contradiction(crs));
    match contradiction {
        None => Ok(terrain),
        Some(contradiction) => Err(FeatureOptionError::TerrainOfOtherSystem {
            path: path.into(),
            contradiction,
        }
        .into()),
    }
}

/// The part of the summary about heights.
pub(super) fn describe_heights(options: &HeightArgs, output: &Output) -> Option<Value> {
    let without = output.counted.without_height;
    if let Some(path) = &options.terrain {
        return Some(json!({
            "column": GroundArgs::COLUMN,
            "surface": "terrain model, bilinear",
            "terrain": path.display().to_string(),
            "points_without": without,
        }));
    }
    let above = options.ground.above()?;
    Some(json!({
        "column": GroundArgs::COLUMN,
        "surface": surface_of(above.surface),
        "ground": match &output.cloth {
            Some(cloth) => json!({
                "found_by": "cloth simulation",
                "sweeps": cloth.sweeps,
                "at_rest": cloth.is_at_rest,
            }),
            None => ground_of(&options.ground),
        },
        "max_distance_m": above.max_distance,
        "points_without": without,
    }))
}

/// The ground points of options without a cloth.
pub(crate) fn ground_of(options: &GroundArgs) -> Value {
    if options.find_ground {
        json!("found by the morphological filter")
    } else {
        json!({ "classes": options.ground_classes })
    }
}

pub(crate) fn surface_of(surface: GroundSurface) -> Value {
    match surface {
        GroundSurface::Nearest => json!("nearest"),
        GroundSurface::InverseDistance { k, power } => json!({ "nearest": k, "power": power }),
        GroundSurface::Triangulated => json!("triangulation"),
        other => json!(format!("{other:?}")),
    }
}
