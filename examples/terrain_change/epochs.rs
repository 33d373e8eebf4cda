//! The two epochs: from what was said on the command line to sources of points.

use crate::arguments::Arguments;
use isopach::{
    cloud::{Columns, Rect},
    compute::{Error, Result},
    las::Catalogue,
    tiling::{Declared, PointSource, Resident},
};
use std::path::PathBuf;

/// Bytes that a point takes while it is decoded and held: absolute coordinates and ticks.
const BYTES_PER_POINT: u64 = 24 + 12;

/// One epoch, open.
pub(crate) struct Epoch {
    /// The files and folders as given.
    pub(crate) paths: Vec<PathBuf>,
    /// What they state about themselves.
    pub(crate) catalogue: Catalogue,
}

impl Epoch {
    /// Opens the files, folders and lists of one argument.
    pub(crate) fn open(argument: &str, classes: &[u8]) -> Result<Self> {
        let paths: Vec<PathBuf> = argument.split(',').map(PathBuf::from).collect();
        let catalogue = Catalogue::open(&paths)?.in_metres()?.keep_classes(classes);
        Ok(Self { paths, catalogue })
    }

    /// Its points: decoded once into memory where they fit `budget` bytes, else read chunk by chunk whenever they are needed; and the bytes that
    /// they hold.
    pub(crate) fn source(&self, arguments: &Arguments, budget: u64) -> Result<(Box<dyn PointSource + '_>, u64)> {
        let catalogue = &self.catalogue;
        let fits =
            catalogue.point_count().saturating_mul(BYTES_PER_POINT) <= budget && within_reach(&catalogue.extent());
        let crs = if arguments.ignore_crs { None } else { catalogue.crs().cloned() };
        if !fits {
            return Ok((Box::new(Declared::new(catalogue, crs)), 0));
        }
        let cloud = catalogue.read_all(Columns::XYZ)?;
        if cloud.is_empty() {
            let name = catalogue.name();
            return Err(Error::InvalidInput(match &arguments.classes[..] {
                [] => format!("{name} has no points"),
                classes => format!("{name} has no point of class {classes:?}"),
            }));
        }
        let held = 12 * cloud.len() as u64;
        let resident = Resident::read_from(catalogue, cloud)?;
        Ok((Box::new(Declared::new(resident, crs)), held))
    }
}

/// Whether one cloud can hold the extent.
fn within_reach(extent: &Rect) -> bool {
    extent.size().iter().all(|side| *side < isopach::cloud::REACH)
}

/// Refuses epochs that cannot be compared, before anything is aligned.
pub(crate) fn belong_together(a: &dyn PointSource, b: &dyn PointSource) -> Result<()> {
    if let Some(difference) = a.crs().zip(b.crs()).and_then(|(a, b)| a.contradiction(b)) {
        let (a, b) = (a.name(), b.name());
        return Err(Error::InvalidInput(format!(
            "{a} and {b} differ in {difference} (--ignore-crs compares them all the same)"
        )));
    }
    if a.extent().intersection(&b.extent()).is_none() {
        let (first, second) = (a.extent(), b.extent());
        return Err(Error::InvalidInput(format!("{} ({first}) and {} ({second}) do not overlap", a.name(), b.name())));
    }
    Ok(())
}
