//! The parameters of a run: the user's, and those that the data suggest.

use crate::{
    SurveyError, epochs,
    masks::Masks,
    options::{ChangeOptions, Correlated, Lod, Statistic},
    sample::{FromData, Sample},
};
use isopach::{
    change::{CoreSelection, Detection, ErrorModel, Normals, Orientation, RegistrationError},
    cloud::{Cloud, Columns},
    compute::{Error, Result},
    las::{Catalogue, CatalogueOptions},
    neighbours::AxialStatistic,
    tiling::PointSource as _,
};
use isopach_program::ProgramError;
use serde_json::{Map, Value, json};
use std::{path::Path, sync::Arc};

/// The parameters that are known before the sample is run through: geometry.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Side of a DoD cell, metres.
    pub(crate) cell: f64,
    /// The core points of M3C2.
    pub(crate) core: CoreSelection,
    /// Distance between core points, metres.
    pub(crate) core_spacing: f64,
    /// The normals of M3C2.
    pub(crate) normals: Normals,
    /// Radius of the cylinder, metres.
    pub(crate) cylinder_radius: f64,
    /// Half length of the cylinder, metres.
    pub(crate) depth: f64,
    /// The statistic of the points in a cylinder.
    pub(crate) statistic: AxialStatistic,
    /// The method of levels of detection, without the findings from the survey.
    pub(crate) detection: Detection,
    /// Uncertainty of the alignment.
    pub(crate) registration_error: RegistrationError,
    /// The reason of each parameter that comes from the data, by its name in summary.json.
    pub(crate) reasons: Map<String, Value>,
    /// Points per m² of each epoch's surface, found in the sample.
    density: [f64; 2],
    core_description: String,
}

impl Settings {
    /// Settings from the user's options, and `suggested` for the rest.
    pub(crate) fn new(
        options: &ChangeOptions,
        data: &FromData,
        registration_error: RegistrationError,
    ) -> Result<Self> {
        let suggested = &data.suggestions;
        let mut reasons = Map::new();
        let mut because = |name: &str, reason: &str| {
            reasons.insert(name.to_owned(), json!(reason));
        };
        let cell = options.cell.unwrap_or_else(|| {
            because("cell_m", &suggested.cell_size.reason);
            suggested.cell_size.value
        });
        let cylinder_radius = options.cylinder_radius.unwrap_or_else(|| {
            because("cylinder_radius_m", &suggested.cylinder_radius.reason);
            suggested.cylinder_radius.value
        });
        let core_spacing = options.core_spacing.unwrap_or_else(|| {
            because("core_spacing_m", &suggested.core_spacing.reason);
            suggested.core_spacing.value
        });
        let statistic = match options.statistic {
            Some(Statistic::Mean) => AxialStatistic::MeanDeviation,
            Some(Statistic::Median) => AxialStatistic::MedianIqr,
            None => {
                because("statistic", &suggested.statistic.reason);
                suggested.statistic.value
            }
        };
        let radii = if options.normal_radii.is_empty() {
            because("normal_radii_m", &suggested.normal_radii.reason);
            suggested.normal_radii.value.clone()
        } else {
            options.normal_radii.clone()
        };
        let (core, core_description) = match &options.core_points {
            Some(words) => (core_points(words, core_spacing, options)?, words.clone()),
            None => {
                because("core_points", &data.steep.reason);
                let steep = data.steep.value;
                let core = if steep {
                    CoreSelection::Voxels(core_spacing)
                } else {
                    CoreSelection::Grid(core_spacing)
                };
                (core, if steep { "cubes" } else { "grid" }.to_owned())
            }
        };
        Ok(Self {
            cell,
            core,
            core_spacing,
            normals: normal_choice(options, radii)?,
            cylinder_radius,
            depth: options.depth,
            statistic,
            detection: cell_detection(options),
            registration_error,
            reasons,
            density: suggested.density,
            core_description,
        })
    }

    /// All parameters, as summary.json has them.
    pub(crate) fn to_json(&self, options: &ChangeOptions) -> Value {
        let radii = match &self.normals {
            Normals::Multiscale { radii, .. } | Normals::Accumulated { radii, .. } => json!(radii),
            Normals::Fixed(_) | Normals::Given(_) => Value::Null,
        };
        let statistic = match self.statistic {
            AxialStatistic::MeanDeviation => "mean",
            AxialStatistic::MedianIqr => "median",
        };
        let mut all = shared_parameters(options);
        all["cell_m"] = json!(self.cell);
        all["core_spacing_m"] = json!(self.core_spacing);
        all["normal_radii_m"] = radii;
        all["cylinder_radius_m"] = json!(self.cylinder_radius);
        all["core_points"] = json!(self.core_description);
        all["statistic"] = json!(statistic);
        all["density_per_m2"] = json!(self.density);
        all
    }

    /// [`Detection`] with the findings of the sample.
    pub(crate) fn informed_detection(
        &self,
        survey: isopach::change::SurveyStatistics,
        correlated: f64,
    ) -> Detection {
        Detection {
            survey: Some(survey),
            correlated,
            ..self.detection.clone()
        }
    }
}

/// The user's parameters, which a continued run must repeat: those from the data follow from the
/// inputs. Files are identified by their contents, in the fingerprints of the masks.
pub(crate) fn given_parameters(options: &ChangeOptions) -> Value {
    let mut all = shared_parameters(options);
    all["stable"] = json!(options.stable.is_some());
    all["areas"] = json!(options.areas.is_some());
    all["cell_m"] = json!(options.cell);
    all["core_spacing_m"] = json!(options.core_spacing);
    all["normal_radii_m"] = json!(options.normal_radii);
    all["cylinder_radius_m"] = json!(options.cylinder_radius);
    all["core_points"] = options
        .core_points
        .as_ref()
        .map_or(Value::Null, |words| core_points_given(words));
    all["statistic"] = json!(options.statistic.map(|statistic| format!("{statistic:?}")));
    if let Some(icp) = options.icp.given_options() {
        all["robust_icp"] = icp;
    }
    all
}

/// The parameters of a run as its manifest keeps them: those of its profile that results depend on,
/// by table and key. Files are identified by their contents.
pub(crate) fn result_parameters(options: &ChangeOptions, masks: &Masks) -> Value {
    let mut all = options.profile_args.resolved.of_results();
    if let Some(words) = &options.core_points {
        all["m3c2"]["core_points"] = core_points_given(words);
    }
    all["polygons"] = masks.hash_polygons();
    all
}

/// Core points as the user gave them: a file by its contents, at any path.
fn core_points_given(words: &str) -> Value {
    let files = Path::new(words)
        .exists()
        .then(|| Catalogue::open(&[words]).and_then(|files| files.input_identities()));
    files
        .and_then(Result::ok)
        .map_or_else(|| json!(words), |identity| json!(identity))
}

/// Parameters that the data do not suggest.
fn shared_parameters(options: &ChangeOptions) -> Value {
    json!({
        "classes": options.classes, "cell_m": null, "core_spacing_m": null,
        "normal_radii_m": null, "cylinder_radius_m": null,
        "projection_depth_m": options.depth, "c2c_max_distance_m": options.depth,
        "align": format!("{:?}", options.align).to_lowercase(),
        "columns": format!("{:?}", options.columns),
        "rasters": options.rasters.iter().map(|kind| kind.file()).collect::<Vec<_>>(), "ignore_crs": options.ignore_crs,
        "attributes": format!("{:?}", options.attributes).to_lowercase(), "crs": options.crs, "keep_withheld": options.keep_withheld, "keep_noise": options.keep_noise,
        "given_registration_error_m": options.registration_error,
        "core_points": null, "statistic": null,
        "towards": vector_or_null(&options.towards), "scanner": vector_or_null(&options.scanner),
        "normal": vector_or_null(&options.normal),
        "level_of_detection": format!("{:?}", options.lod).to_lowercase(),
        "minimum_level_of_detection_m": options.min_lod, "minimum_count": options.min_count,
        "correlated": format!("{:?}", options.correlated).to_lowercase(),
        "false_discovery_rate": options.fdr,
        "stable": options.stable, "stable_classes": options.stable_classes, "areas": options.areas,
    })
}

fn vector_or_null(values: &[f64]) -> Value {
    if values.is_empty() {
        Value::Null
    } else {
        json!(values)
    }
}

fn cell_detection(options: &ChangeOptions) -> Detection {
    let errors = match options.lod {
        Lod::Student => ErrorModel::Student,
        Lod::Normal => ErrorModel::Normal,
    };
    Detection {
        minimum: options.min_lod,
        minimum_count: options.min_count,
        ..errors.into()
    }
}

/// Whether correlated errors enter the level of detection.
pub(crate) fn correlated_sigma(options: &ChangeOptions, sample: &Sample) -> f64 {
    match options.correlated {
        Correlated::Report => 0.0,
        Correlated::Include => sample.correlated_sigma(),
    }
}

/// Directions as the command line has them.
fn normal_choice(options: &ChangeOptions, radii: Vec<f64>) -> Result<Normals> {
    if let Some(normal) = parse_vector("--normal", &options.normal)? {
        return Ok(Normals::Fixed(normal));
    }
    let towards = match (
        parse_vector("--towards", &options.towards)?,
        parse_vector("--scanner", &options.scanner)?,
    ) {
        (Some(direction), _) => Orientation::Towards(direction),
        (None, Some(position)) => Orientation::Scanner(position),
        (None, None) => Orientation::UP,
    };
    Ok(Normals::Multiscale { radii, towards })
}

/// Three numbers, or none.
fn parse_vector(option: &str, values: &[f64]) -> Result<Option<[f64; 3]>> {
    match values {
        [] => Ok(None),
        [x, y, z] if values.iter().all(|value| value.is_finite()) => Ok(Some([*x, *y, *z])),
        _ => Err(ProgramError::invalid_option(
            option,
            format!("{values:?}"),
            "be three numbers: x,y,z",
        )
        .into()),
    }
}

/// Refuses words for core points that mean nothing, before anything is read.
fn check_core_points(words: Option<&str>) -> Result<()> {
    let Some(words) = words else { return Ok(()) };
    let is_every = words
        .strip_prefix("every:")
        .is_some_and(|number: &str| number.parse::<u32>().is_ok_and(|number| number > 0));
    if is_every || ["grid", "cubes", "all"].contains(&words) || Path::new(words).exists() {
        return Ok(());
    }
    Err(ProgramError::invalid_option(
        "--core-points",
        words,
        "be grid, cubes, all, like every:10, or an existing file",
    )
    .into())
}

/// Core points as the command line has them.
fn core_points(words: &str, spacing: f64, options: &ChangeOptions) -> Result<CoreSelection> {
    match words.split_once(':') {
        _ if words == "grid" => Ok(CoreSelection::Grid(spacing)),
        _ if words == "cubes" => Ok(CoreSelection::Voxels(spacing)),
        _ if words == "all" => Ok(CoreSelection::All),
        Some(("every", number)) => match number.parse() {
            Ok(number) if number > 0 => Ok(CoreSelection::EveryNth(number)),
            _ => {
                Err(ProgramError::invalid_option("--core-points", words, "be like every:10").into())
            }
        },
        _ => {
            let options = CatalogueOptions {
                crs: epochs::declared_system(options)?,
                ignore_crs: options.ignore_crs,
            };
            let catalogue = Catalogue::open_with(&[words], &options)?.in_metres()?;
            let points: Cloud = catalogue.read_all(Columns::XYZ)?;
            if points.is_empty() {
                return Err(SurveyError::NoCorePoints { file: words.into() }.into());
            }
            Ok(CoreSelection::Given(Arc::new(points)))
        }
    }
}

/// Refuses numbers that make no sense before anything is read.
pub(crate) fn check_options(options: &ChangeOptions) -> Result<()> {
    Error::positive("cell size", options.cell.unwrap_or(1.0))?;
    Error::positive("core point spacing", options.core_spacing.unwrap_or(1.0))?;
    Error::positive("cylinder radius", options.cylinder_radius.unwrap_or(1.0))?;
    Error::positive("projection depth", options.depth)?;
    options
        .normal_radii
        .iter()
        .try_for_each(|radius| Error::positive("normal radius", *radius).map(drop))?;
    Error::check(
        "tile size",
        options.tile_size,
        options.tile_size > 0.0,
        "be above zero",
    )?;
    Error::check(
        "--threads",
        options.threads.unwrap_or(1) as f64,
        options.threads != Some(0),
        "be at least 1",
    )?;
    Error::not_negative(
        "registration error",
        options.registration_error.unwrap_or(0.0),
    )?;
    let rate = options.fdr.unwrap_or(0.05);
    Error::check(
        "false discovery rate",
        rate,
        rate > 0.0 && rate < 1.0,
        "be above 0 and below 1",
    )?;
    normal_choice(options, vec![1.0])?;
    epochs::declared_system(options)?;
    check_core_points(options.core_points.as_deref())?;
    options.icp.check_options()?;
    cell_detection(options).check()
}
