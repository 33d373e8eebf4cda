//! The two epochs: from what was said on the command line to sources of points.

use crate::{arguments::Arguments, listed::listed, warnings::Warnings};
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
        let paths = listed(argument);
        let catalogue = Catalogue::open(&paths)?.in_metres()?.keep_classes(classes);
        Ok(Self { paths, catalogue })
    }

    /// The step that heights are rounded to, metres: that of the coarsest file.
    pub(crate) fn resolution(&self) -> f64 {
        self.catalogue.files().iter().map(|file| file.header().scale[2]).fold(0.0, f64::max)
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

/// ASPRS class of ground.
const GROUND: u8 = 2;
/// Chunks of an epoch that are looked at for it.
const LOOKED_AT: usize = 4;

/// Says that the files have ground points apart from others, where all were asked for.
pub(crate) fn mention_ground(arguments: &Arguments, epochs: [&Epoch; 2], warnings: &mut Warnings) -> Result<()> {
    if !arguments.classes.is_empty() {
        return Ok(());
    }
    let classified: Vec<bool> =
        epochs.iter().map(|epoch| has_ground_among_others(&epoch.catalogue)).collect::<Result<_>>()?;
    let which = match classified[..] {
        [true, true] => "both epochs have",
        [true, false] => "the earlier epoch has",
        [false, true] => "the later epoch has",
        _ => return Ok(()),
    };
    warnings.add(format!(
        "{which} points of class 2 (ground) among others, and all points are compared: --classes 2 compares the ground alone"
    ));
    Ok(())
}

/// Whether some of the first, the last and chunks between have points of class 2 and of other classes.
fn has_ground_among_others(catalogue: &Catalogue) -> Result<bool> {
    let count = catalogue.chunk_count();
    let step = count.div_ceil(LOOKED_AT).max(1);
    let (mut ground, mut others) = (false, false);
    for chunk in (0..count).step_by(step) {
        let points = catalogue.read_chunk(chunk, Columns::CLASSIFICATION)?;
        for class in points.attributes.classification.iter().flatten() {
            ground |= *class == GROUND;
            others |= *class != GROUND;
        }
    }
    Ok(ground && others)
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
