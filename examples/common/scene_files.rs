//! A made scene as files.

use crate::scene::{CORNER, Scene};
use isopach::{
    cloud::{Columns, Crs, Origin},
    las::{LazWriter, Schema},
};
use std::path::Path;

impl Scene {
    /// Writes both epochs as LAZ.
    pub(crate) fn write(&self, before: &Path, after: &Path) -> Result<(), Box<dyn std::error::Error>> {
        let schema = Schema {
            crs: Some(Crs::epsg(25833)),
            scale: 0.001,
            offset: [CORNER[0], CORNER[1], 0.0],
            columns: Columns::CLASSIFICATION,
            ..Schema::default()
        };
        for (path, points) in [before, after].into_iter().zip(self.epochs()) {
            let mut writer = LazWriter::create(path, &schema)?;
            writer.write(&points.about(Origin::near(self.middle())?)?, &[])?;
            writer.finish()?;
        }
        Ok(())
    }
}
