//! The two epochs: from the paths of the command line to sources of points.

use crate::{
    SurveyError, files, inputs::Inputs, listed::list_paths, options::ChangeOptions,
    warnings::Warnings,
};
use isopach::tiling::TilingError;
use isopach::{
    cloud::{Columns, Crs, Rect},
    compute::{Error, Result},
    las::{self, Catalogue, CatalogueOptions, GpsTime, LeftOut, Overlap},
    tiling::{InMemory, PointSource, WithCrs},
};
use std::path::{Path, PathBuf};

/// Bytes that a point takes while it is decoded and held: absolute coordinates and ticks.
const BYTES_PER_POINT: u64 = 24 + 12;

/// Limit on the bytes of a point's columns.
const ATTRIBUTE_BYTES: u64 = 24;

/// The names of the epochs.
const NAMES: [&str; 2] = ["earlier", "later"];
/// Pairs of overlapping files that are named.
const NAMED: usize = 3;

/// One opened epoch.
pub(crate) struct Epoch {
    /// The files and folders as given.
    pub(crate) paths: Vec<PathBuf>,
    /// The headers of its files.
    pub(crate) catalogue: Catalogue,
    /// The same files with the points of the classes that the user declares stable, if any.
    pub(crate) stable: Option<Catalogue>,
}

/// Treatment of files that have no index.
pub(crate) enum Indexes {
    /// They are made in this folder, once, for all later readers of the files.
    Make(PathBuf),
    /// Those in this folder are used.
    Use(PathBuf),
}

impl Indexes {
    fn of(&self, catalogue: Catalogue) -> Result<Catalogue> {
        match self {
            Self::Make(folder) => {
                std::fs::create_dir_all(folder).map_err(|error| Error::of_file(folder, error))?;
                Ok(catalogue.indexed_by_content(folder)?)
            }
            Self::Use(folder) if Path::exists(folder) => {
                Ok(catalogue.with_index_by_content(folder)?)
            }
            Self::Use(_) => Ok(catalogue),
        }
    }
}

/// Opens both epochs in metres, without the points that are excluded from the comparison, and
/// reports oddities of their files.
pub(crate) fn open_epochs(
    options: &ChangeOptions,
    indexes: &Indexes,
    warnings: &mut Warnings,
) -> Result<[Epoch; 2]> {
    let (Some(before), Some(after)) = (&options.before, &options.after) else {
        return Err(SurveyError::MissingEpoch.into());
    };
    let reading = CatalogueOptions {
        crs: declared_system(options)?,
        ignore_crs: options.ignore_crs,
    };
    let paths = [before, after].map(|argument| list_paths(argument));
    let inputs = Inputs::default();
    let open = |paths: &[PathBuf]| indexes.of(files::open_catalogue(&inputs, paths, &reading)?);
    let catalogues = [open(&paths[0])?, open(&paths[1])?];
    for (name, catalogue) in NAMES.iter().zip(&catalogues) {
        mention_files(name, catalogue, &reading, warnings);
    }
    for [file, same] in catalogues[0].shared_with(&catalogues[1])? {
        let text = if file == same {
            format!(
                "{} is in both epochs: it is compared with itself",
                file.display()
            )
        } else {
            let same = same.display();
            let file = file.display();
            format!(
                "{same} of the later epoch has the points of {file} of the earlier ({})",
                files::COMPARED
            )
        };
        warnings.add(text);
    }
    let catalogues = with_one_system(catalogues, options, warnings);
    if options.crs.is_none() && !options.ignore_crs {
        mention_unwritten(&catalogues, warnings);
        mention_depths(&catalogues, warnings);
    }
    let [first, second] = paths;
    let [before, after] = catalogues;
    let epochs = [
        prepare_epoch(first, before, options)?,
        prepare_epoch(second, after, options)?,
    ];
    for (name, epoch) in NAMES.iter().zip(&epochs) {
        mention_overlaps(name, &epoch.catalogue, warnings);
    }
    Ok(epochs)
}

fn prepare_epoch(
    paths: Vec<PathBuf>,
    catalogue: Catalogue,
    options: &ChangeOptions,
) -> Result<Epoch> {
    let stable = match &options.stable_classes[..] {
        [] => None,
        classes => Some(prepare_catalogue(catalogue.clone(), classes, options)?),
    };
    Ok(Epoch {
        paths,
        catalogue: prepare_catalogue(catalogue, &options.classes, options)?,
        stable,
    })
}

/// The coordinate system that the user declares for all files.
pub(crate) fn declared_system(options: &ChangeOptions) -> Result<Option<Crs>> {
    let named = options.crs.as_deref().map(las::named_crs).transpose();
    named.map_err(|error| SurveyError::from(error).into())
}

/// Opens the files in metres, without the points that are excluded from the comparison.
fn prepare_catalogue(
    catalogue: Catalogue,
    classes: &[u8],
    options: &ChangeOptions,
) -> Result<Catalogue> {
    files::choose_points(
        catalogue,
        classes,
        options.keep_withheld,
        options.keep_noise,
    )
}

/// Gives an epoch without a coordinate system that of the other.
fn with_one_system(
    catalogues: [Catalogue; 2],
    options: &ChangeOptions,
    warnings: &mut Warnings,
) -> [Catalogue; 2] {
    let [before, after] = catalogues;
    match (before.crs().cloned(), after.crs().cloned()) {
        (Some(crs), None) => {
            mention_missing(NAMES[1], NAMES[0], &crs, warnings);
            [before, after.with_crs(Some(&crs))]
        }
        (None, Some(crs)) => {
            mention_missing(NAMES[0], NAMES[1], &crs, warnings);
            [before.with_crs(Some(&crs)), after]
        }
        (Some(a), Some(b)) => {
            let unstated = a.unstated_parts(&b);
            if !unstated.is_empty() && !options.ignore_crs {
                let what = unstated.join(" and ");
                warnings.add(format!(
                    "only one epoch states {what}: the other is taken to have the same"
                ));
            }
            [before, after]
        }
        (None, None) => [before, after],
    }
}

fn mention_missing(name: &str, other: &str, crs: &Crs, warnings: &mut Warnings) {
    warnings.add(format!(
        "the {name} epoch states no coordinate system: it is taken to be in that of the {other}, {crs} ({})",
        crs.unit
    ));
}

/// Warns that heights are depths.
fn mention_depths(catalogues: &[Catalogue; 2], warnings: &mut Warnings) {
    if let Some(crs) = catalogues
        .iter()
        .filter_map(Catalogue::crs)
        .find(|crs: &&Crs| las::counts_downwards(crs))
    {
        let name = crs
            .heights
            .name
            .as_deref()
            .unwrap_or("a vertical system without a name");
        warnings.add(format!(
            "heights count downwards ({name}): gain is lost ground, and loss is gained ground"
        ));
    }
}

/// Warns that the results will state no coordinate system although the files do: keys of a method
/// without a known text, or without a parameter.
fn mention_unwritten(catalogues: &[Catalogue; 2], warnings: &mut Warnings) {
    let Some(crs) = catalogues
        .iter()
        .filter_map(Catalogue::crs)
        .find(|crs: &&Crs| crs.horizontal.is_none() && las::well_known_text(crs).is_none())
    else {
        return;
    };
    warnings.add(format!(
        "the keys of the files define no coordinate system that can be written ({crs}, {}): results state none (--crs EPSG:… gives them one)",
        crs.unit
    ));
}

/// Reports oddities of the files of an epoch: copies, missing coordinate systems, wrong headers.
fn mention_files(
    name: &str,
    catalogue: &Catalogue,
    options: &CatalogueOptions,
    warnings: &mut Warnings,
) {
    for text in files::describe_files(&format!("the {name} epoch"), catalogue, options) {
        warnings.add(text);
    }
}

/// Warns which files of an epoch cover the same ground.
fn mention_overlaps(name: &str, catalogue: &Catalogue, warnings: &mut Warnings) {
    let overlaps = catalogue.overlaps();
    if overlaps.is_empty() {
        return;
    }
    let pair = |overlap: &Overlap| {
        let [a, b] = overlap
            .files
            .map(|file| short_name(catalogue.files()[file].path()));
        format!("{a} and {b} ({:.0} m²)", overlap.area.area())
    };
    let named: Vec<String> = overlaps.iter().take(NAMED).map(pair).collect();
    let more = match overlaps.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {more} more pairs"),
    };
    warnings.add(format!(
        "files of the {name} epoch overlap, and the points of all are read: {}{more}",
        named.join(", ")
    ));
}

/// Reports how many points were left out for their flags and classes.
pub(crate) fn mention_left_out(left_out: [LeftOut; 2], warnings: &mut Warnings) {
    for (name, left_out) in NAMES.iter().zip(left_out) {
        for text in files::describe_left_out(&format!(" of the {name} epoch"), left_out) {
            warnings.add(text);
        }
    }
}

impl Epoch {
    /// The type of its GPS times, if those are kept: the same in all files.
    pub(crate) fn gps_time(&self, kept: Columns) -> Result<GpsTime> {
        let mut times = self
            .catalogue
            .files()
            .iter()
            .map(|file| (file, file.header().gps_time));
        let Some((_, first)) = times.next().filter(|_| kept.contains(Columns::GPS_TIME)) else {
            return Ok(GpsTime::ADJUSTED_STANDARD);
        };
        match times.find(|(_, time)| *time != first) {
            None => Ok(first),
            Some((file, time)) => Err(SurveyError::OtherGpsTime {
                file: file.path().into(),
                time,
                first,
            }
            .into()),
        }
    }

    /// The step that heights are rounded to, metres: that of the coarsest file.
    pub(crate) fn height_resolution(&self) -> f64 {
        self.catalogue
            .files()
            .iter()
            .map(|file| file.header().scale[2] * file.metres_per_unit()[2])
            .fold(0.0, f64::max)
    }

    /// Its points: decoded once into memory if they fit `budget` bytes, else read chunk by chunk
    /// whenever they are needed; and their bytes.
    pub(crate) fn source(
        &self,
        options: &ChangeOptions,
        budget: u64,
    ) -> Result<(Box<dyn PointSource + '_>, u64)> {
        let catalogue = &self.catalogue;
        let columns = options.kept_columns();
        let attributes = if columns == Columns::XYZ {
            0
        } else {
            ATTRIBUTE_BYTES
        };
        let fits = catalogue
            .point_count()
            .saturating_mul(BYTES_PER_POINT + attributes)
            <= budget
            && within_reach(&catalogue.extent());
        let crs = if options.ignore_crs {
            None
        } else {
            catalogue.crs().cloned()
        };
        if !fits {
            return Ok((Box::new(WithCrs::new(catalogue, crs)), 0));
        }
        let cloud = catalogue.read_all(columns)?;
        if cloud.is_empty() {
            let name = catalogue.name();
            let classes = options.classes.clone();
            return Err(if classes.is_empty() {
                SurveyError::NoPoints { name }.into()
            } else {
                SurveyError::NoPointsOfClasses { name, classes }.into()
            });
        }
        let held = (12 + attributes) * cloud.len() as u64;
        let resident = InMemory::from_source(catalogue, cloud)?;
        Ok((Box::new(WithCrs::new(resident, crs)), held))
    }
}

/// ASPRS class of ground.
const GROUND: u8 = 2;
/// Chunks of an epoch that are looked at for it.
const LOOKED_AT: usize = 4;

/// Reports that the files classify ground points, if all points were requested.
pub(crate) fn mention_ground(
    options: &ChangeOptions,
    epochs: [&Epoch; 2],
    warnings: &mut Warnings,
) -> Result<()> {
    if !options.classes.is_empty() {
        return Ok(());
    }
    let classified: Vec<bool> = epochs
        .iter()
        .map(|epoch| has_ground_among_others(&epoch.catalogue))
        .collect::<Result<_>>()?;
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

/// Whether some of the first, the last and chunks between have points of class 2 and of other
/// classes.
fn has_ground_among_others(catalogue: &Catalogue) -> Result<bool> {
    let count = catalogue.chunk_count();
    let step = count.div_ceil(LOOKED_AT).max(1);
    let mut ground = false;
    let mut others = false;
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
    extent
        .size()
        .iter()
        .all(|side| *side < isopach::cloud::REACH)
}

/// Refuses epochs that cannot be compared, before anything is aligned.
pub(crate) fn belong_together(a: &dyn PointSource, b: &dyn PointSource) -> Result<()> {
    if let Some(difference) = a
        .crs()
        .zip(b.crs())
        .and_then(|(a, b)| a.find_contradiction(b))
    {
        let [a, b] = [a, b].map(|source| source.name());
        return Err(SurveyError::OtherSystem { a, b, difference }.into());
    }
    if a.extent().intersection(&b.extent()).is_none() {
        return Err(TilingError::Apart {
            a: a.name(),
            a_extent: a.extent(),
            b: b.name(),
            b_extent: b.extent(),
        }
        .into());
    }
    Ok(())
}

/// The name of a file without its folder, for people.
pub(crate) fn short_name(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}
