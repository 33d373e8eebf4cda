//! The two epochs: from what was said on the command line to sources of points.

use crate::arguments::Arguments;
use isopach::{
    cloud::{Columns, Rect},
    compute,
    las::Catalogue,
    tiling::{Declared, PointSource, Resident},
};
use std::path::PathBuf;

/// Bytes that a point takes while it is decoded and held: absolute coordinates, ticks, and its class.
const BYTES_PER_POINT: u64 = 24 + 12 + 1;

/// One epoch, open.
pub struct Epoch {
    /// The files as given.
    pub paths: Vec<PathBuf>,
    /// What they state about themselves.
    pub catalogue: Catalogue,
}

impl Epoch {
    /// Opens the files, folders and lists of one argument.
    pub fn open(argument: &str, classes: &[u8]) -> compute::Result<Self> {
        let paths: Vec<PathBuf> = argument.split(',').map(PathBuf::from).collect();
        let catalogue = Catalogue::open(&paths)?.keep_classes(classes);
        Ok(Self { paths, catalogue })
    }

    /// Its points: decoded once into memory where they fit `budget` bytes, else read chunk by chunk whenever they are needed.
    pub fn source(&self, arguments: &Arguments, budget: u64) -> compute::Result<Box<dyn PointSource + '_>> {
        let extent = self.catalogue.extent();
        let fits = self.catalogue.point_count().saturating_mul(BYTES_PER_POINT) <= budget && within_reach(&extent);
        let crs = if arguments.ignore_crs { None } else { self.catalogue.crs().cloned() };
        if !fits {
            return Ok(Box::new(Declared::new(&self.catalogue, crs)));
        }
        let cloud = self.catalogue.read_all(Columns::XYZ)?;
        if cloud.is_empty() {
            return Err(compute::Error::InvalidInput(match &arguments.classes[..] {
                [] => format!("{} has no points", self.catalogue.name()),
                classes => format!("{} has no point of class {classes:?}", self.catalogue.name()),
            }));
        }
        Ok(Box::new(Declared::new(Resident::new(self.catalogue.name(), cloud), crs)))
    }
}

/// Whether one cloud can hold the extent.
fn within_reach(extent: &Rect) -> bool {
    extent.size().iter().all(|side| *side < isopach::cloud::REACH)
}
