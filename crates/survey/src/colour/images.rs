//! The images of a run.

use super::{ColourOptionError, options::ColourOptions};
use crate::{
    inputs::{Inputs, is_address},
    listed::list_paths,
};
use isopach::{
    colour::ImageCatalogue,
    compute::{Error, Result},
    las::Catalogue,
    raster::ImageSource,
};
use isopach_program::listener::Listener;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Endings of the images of a folder.
const ENDINGS: [&str; 2] = ["tif", "tiff"];
/// Files beside an image that other programs read with it.
const BESIDE: [&str; 2] = ["msk", "ovr"];

/// The images, opened.
pub(super) struct OpenedImages {
    pub(super) catalogue: Arc<ImageCatalogue>,
    /// Counts the requests to stores for them.
    pub(super) inputs: Inputs,
    /// Paths or addresses in the order in which they are given.
    pub(super) paths: Vec<PathBuf>,
    /// Identity of each file, in that order.
    pub(super) identities: Vec<String>,
}

/// Opens the images that the options name, for points whose times may say which of them wins.
pub(super) fn open_images(
    options: &ColourOptions,
    points: &Catalogue,
    cache: u64,
    listener: &dyn Listener,
) -> Result<OpenedImages> {
    let args = &options.images;
    let mut paths = Vec::new();
    for path in list_paths(&args.images) {
        paths.extend(list_images(&path)?);
    }
    let inputs = Inputs::default();
    let dates = args.given_dates(paths.len())?;
    let mut sources: Vec<Arc<dyn ImageSource>> = Vec::new();
    let mut identities = Vec::new();
    for (number, path) in paths.iter().enumerate() {
        let mut image = inputs.open_image(path)?;
        if !args.bands.is_empty() {
            image = image.with_bands(&args.bands)?;
        }
        if let Some(dates) = &dates {
            image = image.with_date(dates[number]);
        }
        identities.push(image.identity());
        sources.push(Arc::new(image));
    }
    for path in paths.iter().filter(|path| !is_address(path)) {
        mention_files_beside(path, listener);
    }
    let catalogue = ImageCatalogue::new(sources, args.precedence(points)?, cache)?;
    Ok(OpenedImages {
        catalogue: Arc::new(catalogue),
        inputs,
        paths,
        identities,
    })
}

/// A file or an object, or the images of a folder by name.
fn list_images(path: &Path) -> Result<Vec<PathBuf>> {
    if is_address(path) || !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(|error| Error::of_file(path, error))? {
        let file = entry.map_err(|error| Error::of_file(path, error))?.path();
        let ending = file.extension().and_then(|ending| ending.to_str());
        let is_image = ending.is_some_and(|ending| {
            let ending = ending.to_ascii_lowercase();
            ENDINGS.contains(&ending.as_str())
        });
        if is_image && file.is_file() {
            found.push(file);
        }
    }
    if found.is_empty() {
        return Err(ColourOptionError::NoImagesIn { path: path.into() }.into());
    }
    found.sort();
    Ok(found)
}

/// Warns of files that are not read, although other programs do.
fn mention_files_beside(path: &Path, listener: &dyn Listener) {
    for ending in BESIDE {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{ending}"));
        if Path::new(&name).exists() {
            let beside = Path::new(&name).display();
            listener.warn(&format!(
                "{beside} is not read: write masks and overviews into the image (gdal_translate -of COG)"
            ));
        }
    }
}
