//! The schema of a synthetic scene's files.

use crate::scene::CORNER;
use isopach::{
    cloud::{Columns, Crs},
    las::Schema,
};

/// Millimetres about the scene's corner, with classes.
pub fn schema() -> Schema {
    Schema {
        crs: Some(Crs::from_epsg(25833)),
        scale: 0.001,
        offset: [CORNER[0], CORNER[1], 0.0],
        columns: Columns::CLASSIFICATION,
        ..Schema::default()
    }
}
