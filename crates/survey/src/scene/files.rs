//! A synthetic scene as files.

use crate::scene::{Scene, schema};
use isopach::{cloud::Origin, las::LazWriter};
use std::path::Path;

impl Scene {
    /// Writes both epochs as LAZ.
    pub fn write(&self, before: &Path, after: &Path) -> Result<(), Box<dyn std::error::Error>> {
        for (path, points) in [before, after].into_iter().zip(self.epochs()) {
            let mut writer = LazWriter::create(path, &schema())?;
            writer.write(&points.about(Origin::near(self.centre())?)?, &[])?;
            writer.finish()?;
        }
        Ok(())
    }
}
