//! The core points of M3C2 as the command line has them.

use crate::{SurveyError, epochs, guard, options::ChangeOptions, warnings::Warnings};
use isopach::{
    change::{CoreSelection, Normals},
    cloud::{Cloud, Columns, Rect},
    compute::Result,
    las::{Catalogue, CatalogueOptions, Las},
    tiling::{PointSource as _, WithCrs},
};
use isopach_program::ProgramError;
use serde_json::{Value, json};
use std::{path::Path, sync::Arc};

/// Core points of a file.
#[derive(Clone, Debug)]
pub(crate) struct GivenCorePoints {
    points: Arc<Cloud>,
    /// The normal of each, if the file has them.
    normals: Option<Vec<[f64; 3]>>,
}

impl GivenCorePoints {
    /// Reads the file that `--core-points` names; `None` if it names none.
    pub(crate) fn read(
        options: &ChangeOptions,
        epochs: [&Catalogue; 2],
        warnings: &mut Warnings,
    ) -> Result<Option<Self>> {
        let Some(file) = options
            .core_points
            .as_deref()
            .filter(|words| is_file(words))
        else {
            return Ok(None);
        };
        let catalogue = open_file(file, options, epochs, warnings)?;
        let points: Cloud = catalogue.read_all(Columns::XYZ)?;
        if points.is_empty() {
            return Err(SurveyError::NoCorePoints { file: file.into() }.into());
        }
        let crs = catalogue.crs().filter(|_| !options.ignore_crs).cloned();
        epochs::belong_together(&WithCrs::new(catalogue.clone(), crs), epochs[0])?;
        mention_outside(&points, epochs, warnings);
        if options.normal_columns.is_empty() {
            return Ok(Some(Self {
                points: Arc::new(points),
                normals: None,
            }));
        }
        let normals = read_normals(&catalogue, &options.normal_columns)?;
        let has_normal = |i: &u32| length(normals[*i as usize]).is_normal();
        let kept: Vec<u32> = (0..points.len() as u32).filter(has_normal).collect();
        if kept.is_empty() {
            return Err(SurveyError::NoNormals {
                file: file.into(),
                columns: options.normal_columns.join(","),
            }
            .into());
        }
        let without = points.len() - kept.len();
        if without > 0 {
            warnings.add(format!(
                "{without} of the {} points of --core-points have no normal, and are left out",
                points.len()
            ));
        }
        Ok(Some(Self {
            points: Arc::new(points.select(&kept)),
            normals: Some(kept.iter().map(|&i| normals[i as usize]).collect()),
        }))
    }

    /// As a choice of core points.
    pub(crate) fn selection(&self) -> CoreSelection {
        CoreSelection::Given(Arc::clone(&self.points))
    }

    /// The normals of the file, if it has them.
    pub(crate) fn normals(&self) -> Option<Normals> {
        self.normals.clone().map(Normals::Given)
    }
}

/// Opens a file of core points in metres. If it states no coordinate system, it is in that of the
/// epochs' files.
fn open_file(
    file: &str,
    options: &ChangeOptions,
    epochs: [&Catalogue; 2],
    warnings: &mut Warnings,
) -> Result<Catalogue> {
    let reading = CatalogueOptions {
        crs: epochs::declared_system(options)?,
        ignore_crs: options.ignore_crs,
    };
    let catalogue = Catalogue::open_with(&[file], &reading)?;
    let stated = |file: &Las| file.header().crs.clone();
    let system = match catalogue.crs() {
        Some(_) => None,
        None => epochs
            .iter()
            .find_map(|epoch| epoch.files().iter().find_map(stated)),
    };
    let catalogue = match &system {
        Some(system) => {
            warnings.add(format!(
                "the file of --core-points states no coordinate system: it is taken to be in that of the epochs, {system} ({})",
                system.unit
            ));
            catalogue.with_crs(Some(system))
        }
        None => catalogue,
    };
    Ok(catalogue.in_metres()?)
}

/// Warns of core points where no epoch is.
fn mention_outside(points: &Cloud, epochs: [&Catalogue; 2], warnings: &mut Warnings) {
    let extents = epochs.map(|epoch| epoch.extent());
    let positions = points.positions();
    let is_outside = |i: &usize| {
        let [x, y, _] = positions.absolute(*i);
        !extents.iter().any(|extent: &Rect| extent.contains([x, y]))
    };
    let outside = (0..positions.len()).filter(is_outside).count();
    if outside > 0 {
        warnings.add(format!(
            "{outside} of the {} points of --core-points lie outside both epochs: nothing is measured there",
            positions.len()
        ));
    }
}

/// Reads the normals of core points from three extra columns: of their surface in the coordinates
/// of the file, of any length.
fn read_normals(catalogue: &Catalogue, names: &[String]) -> Result<Vec<[f64; 3]>> {
    let mut normals = Vec::new();
    for file in catalogue.files() {
        let factors = file.metres_per_unit();
        let columns = names.iter().map(|name| file.read_extra(name));
        let columns = columns.collect::<std::result::Result<Vec<_>, _>>()?;
        for i in 0..columns.first().map_or(0, Vec::len) {
            // The plane n · x = c has the normal n / f where x is multiplied by f.
            normals.push(std::array::from_fn(|axis| columns[axis][i] / factors[axis]));
        }
    }
    Ok(normals)
}

fn length(vector: [f64; 3]) -> f64 {
    vector.iter().map(|part| part * part).sum::<f64>().sqrt()
}

/// Core points that are chosen from the earlier epoch, by the words of `--core-points`.
pub(crate) fn choose_in_words(words: &str, spacing: f64) -> Result<CoreSelection> {
    let every = || words.strip_prefix("every:")?.parse().ok();
    match words {
        "grid" => Ok(CoreSelection::Grid(spacing)),
        "cubes" => Ok(CoreSelection::Voxels(spacing)),
        "all" => Ok(CoreSelection::All),
        _ => match every() {
            Some(number) if number > 0 => Ok(CoreSelection::EveryNth(number)),
            _ => Err(ProgramError::invalid_option(
                "--core-points",
                words,
                "be grid, cubes, all, like every:10, or an existing file",
            )
            .into()),
        },
    }
}

/// Whether `--core-points` names a file.
fn is_file(words: &str) -> bool {
    choose_in_words(words, 1.0).is_err() && Path::new(words).exists()
}

/// Core points as the user gave them: files by their contents, at any path.
pub(crate) fn core_points_given(words: &str) -> Value {
    let contents = || -> Result<Vec<Value>> {
        let files = Catalogue::list_files(Path::new(words))?;
        let identities = files.iter().map(|file| guard::content_identity(Some(file)));
        identities.collect()
    };
    match is_file(words).then(contents) {
        Some(Ok(identities)) => json!(identities),
        Some(Err(_)) | None => json!(words),
    }
}

/// Refuses words for core points and columns of normals that mean nothing, before anything is read.
pub(crate) fn check_core_points(options: &ChangeOptions) -> Result<()> {
    let words = options.core_points.as_deref();
    if let Some(words) = words.filter(|words| !is_file(words)) {
        choose_in_words(words, 1.0)?;
    }
    let names = &options.normal_columns;
    if names.is_empty() {
        return Ok(());
    }
    let must = if names.len() != 3 {
        "be the names of three columns: x, y and z of the normals"
    } else if !words.is_some_and(is_file) {
        "come with --core-points FILE, whose columns they are"
    } else {
        return Ok(());
    };
    Err(ProgramError::invalid_option("--normal-columns", names.join(","), must).into())
}
