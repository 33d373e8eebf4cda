//! The parameters of a run: as the user gave them, and as the data suggest where the user did not.

use crate::{
    arguments::{Arguments, Correlated, Lod, Statistic},
    epochs,
    masks::Masks,
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
use serde_json::{Map, Value, json};
use std::{path::Path, sync::Arc};

/// What is known before the sample is run through: geometry.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Side of a DoD cell, metres.
    pub(crate) cell: f64,
    /// Where M3C2 measures.
    pub(crate) core: CoreSelection,
    /// Distance between core points, metres.
    pub(crate) core_spacing: f64,
    /// What M3C2 measures along.
    pub(crate) normals: Normals,
    /// Radius of the cylinder, metres.
    pub(crate) cylinder_radius: f64,
    /// Half length of the cylinder, metres.
    pub(crate) depth: f64,
    /// What stands for the points in a cylinder.
    pub(crate) statistic: AxialStatistic,
    /// How levels of detection are made, but for what the survey says.
    pub(crate) detection: Detection,
    /// Uncertainty of the alignment.
    pub(crate) registration_error: RegistrationError,
    /// Why each parameter that was found from the data is what it is, by its name in summary.json.
    pub(crate) reasons: Map<String, Value>,
    core_description: String,
}

impl Settings {
    /// Of what the user gave, and `suggested` for the rest.
    pub(crate) fn new(
        arguments: &Arguments,
        data: &FromData,
        registration_error: RegistrationError,
    ) -> Result<Self> {
        let suggested = &data.suggestions;
        let mut reasons = Map::new();
        let mut because = |name: &str, reason: &str| {
            reasons.insert(name.to_owned(), json!(reason));
        };
        let cell = arguments.cell.unwrap_or_else(|| {
            because("cell_m", &suggested.cell_size.reason);
            suggested.cell_size.value
        });
        let cylinder_radius = arguments.cylinder_radius.unwrap_or_else(|| {
            because("cylinder_radius_m", &suggested.cylinder_radius.reason);
            suggested.cylinder_radius.value
        });
        let core_spacing = arguments.core_spacing.unwrap_or_else(|| {
            because("core_spacing_m", &suggested.core_spacing.reason);
            suggested.core_spacing.value
        });
        let statistic = match arguments.statistic {
            Some(Statistic::Mean) => AxialStatistic::MeanDeviation,
            Some(Statistic::Median) => AxialStatistic::MedianIqr,
            None => {
                because("statistic", &suggested.statistic.reason);
                suggested.statistic.value
            }
        };
        let radii = if arguments.normal_radii.is_empty() {
            because("normal_radii_m", &suggested.normal_radii.reason);
            suggested.normal_radii.value.clone()
        } else {
            arguments.normal_radii.clone()
        };
        let (core, core_description) = match &arguments.core_points {
            Some(words) => (core_points(words, core_spacing, arguments)?, words.clone()),
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
            normals: normals(arguments, radii)?,
            cylinder_radius,
            depth: arguments.depth,
            statistic,
            detection: detection(arguments),
            registration_error,
            reasons,
            core_description,
        })
    }

    /// All parameters, as summary.json has them.
    pub(crate) fn to_json(&self, arguments: &Arguments) -> Value {
        let radii = match &self.normals {
            Normals::Multiscale { radii, .. } | Normals::Accumulated { radii, .. } => json!(radii),
            Normals::Fixed(_) | Normals::Given(_) => Value::Null,
        };
        let statistic = match self.statistic {
            AxialStatistic::MeanDeviation => "mean",
            AxialStatistic::MedianIqr => "median",
        };
        let mut all = shared(arguments);
        all["cell_m"] = json!(self.cell);
        all["core_spacing_m"] = json!(self.core_spacing);
        all["normal_radii_m"] = radii;
        all["cylinder_radius_m"] = json!(self.cylinder_radius);
        all["core_points"] = json!(self.core_description);
        all["statistic"] = json!(statistic);
        all
    }

    /// [`Detection`] with what the sample says.
    pub(crate) fn informed(
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

/// What the user gave, which a run that is continued must agree with: what the data say follows
/// from the inputs. Files are told by what they have, in the fingerprints of the masks.
pub(crate) fn given(arguments: &Arguments) -> Value {
    let mut all = shared(arguments);
    all["stable"] = json!(arguments.stable.is_some());
    all["areas"] = json!(arguments.areas.is_some());
    all["cell_m"] = json!(arguments.cell);
    all["core_spacing_m"] = json!(arguments.core_spacing);
    all["normal_radii_m"] = json!(arguments.normal_radii);
    all["cylinder_radius_m"] = json!(arguments.cylinder_radius);
    all["core_points"] = arguments
        .core_points
        .as_ref()
        .map_or(Value::Null, |words| core_points_given(words));
    all["statistic"] = json!(
        arguments
            .statistic
            .map(|statistic| format!("{statistic:?}"))
    );
    if let Some(icp) = arguments.icp.given() {
        all["robust_icp"] = icp;
    }
    all
}

/// The parameters of a run as its manifest keeps them: those of its profile that results depend on,
/// by table and key. Files are told by what they have.
pub(crate) fn kept(arguments: &Arguments, masks: &Masks) -> Value {
    let mut all = arguments.request.resolved.of_results();
    if let Some(words) = &arguments.core_points {
        all["m3c2"]["core_points"] = core_points_given(words);
    }
    all["polygons"] = masks.fingerprint();
    all
}

/// Core points as they were given: a file by what it has, whatever its path.
fn core_points_given(words: &str) -> Value {
    let files = Path::new(words)
        .exists()
        .then(|| Catalogue::open(&[words]).and_then(|files| files.identity()));
    files
        .and_then(Result::ok)
        .map_or_else(|| json!(words), |identity| json!(identity))
}

/// Parameters that the data do not suggest.
fn shared(arguments: &Arguments) -> Value {
    json!({
        "classes": arguments.classes, "cell_m": null, "core_spacing_m": null,
        "normal_radii_m": null, "cylinder_radius_m": null,
        "projection_depth_m": arguments.depth, "c2c_max_distance_m": arguments.depth,
        "align": format!("{:?}", arguments.align).to_lowercase(),
        "columns": format!("{:?}", arguments.columns),
        "rasters": arguments.rasters.iter().map(|kind| kind.file()).collect::<Vec<_>>(), "ignore_crs": arguments.ignore_crs,
        "attributes": format!("{:?}", arguments.attributes).to_lowercase(), "crs": arguments.crs, "keep_withheld": arguments.keep_withheld, "keep_noise": arguments.keep_noise,
        "given_registration_error_m": arguments.registration_error,
        "core_points": null, "statistic": null,
        "towards": vector_or_null(&arguments.towards), "scanner": vector_or_null(&arguments.scanner),
        "normal": vector_or_null(&arguments.normal),
        "level_of_detection": format!("{:?}", arguments.lod).to_lowercase(),
        "minimum_level_of_detection_m": arguments.min_lod, "minimum_count": arguments.min_count,
        "correlated": format!("{:?}", arguments.correlated).to_lowercase(),
        "false_discovery_rate": arguments.fdr,
        "stable": arguments.stable, "stable_classes": arguments.stable_classes, "areas": arguments.areas,
    })
}

fn vector_or_null(values: &[f64]) -> Value {
    if values.is_empty() {
        Value::Null
    } else {
        json!(values)
    }
}

fn detection(arguments: &Arguments) -> Detection {
    let errors = match arguments.lod {
        Lod::Student => ErrorModel::Student,
        Lod::Normal => ErrorModel::Normal,
    };
    Detection {
        minimum: arguments.min_lod,
        minimum_count: arguments.min_count,
        ..errors.into()
    }
}

/// Whether correlated errors enter the level of detection.
pub(crate) fn correlated(arguments: &Arguments, sample: &Sample) -> f64 {
    match arguments.correlated {
        Correlated::Report => 0.0,
        Correlated::Include => sample.correlated_sigma(),
    }
}

/// Directions as the command line has them.
fn normals(arguments: &Arguments, radii: Vec<f64>) -> Result<Normals> {
    if let Some(normal) = vector("--normal", &arguments.normal)? {
        return Ok(Normals::Fixed(normal));
    }
    let towards = match (
        vector("--towards", &arguments.towards)?,
        vector("--scanner", &arguments.scanner)?,
    ) {
        (Some(direction), _) => Orientation::Towards(direction),
        (None, Some(position)) => Orientation::Scanner(position),
        (None, None) => Orientation::UP,
    };
    Ok(Normals::Multiscale { radii, towards })
}

/// Three numbers, or none.
fn vector(option: &str, values: &[f64]) -> Result<Option<[f64; 3]>> {
    match values {
        [] => Ok(None),
        [x, y, z] if values.iter().all(|value| value.is_finite()) => Ok(Some([*x, *y, *z])),
        _ => Err(Error::InvalidInput(format!(
            "{option} is {values:?}, but must be three numbers: x,y,z"
        ))),
    }
}

/// Refuses words for core points that mean nothing, before anything is read.
fn check_core_points(words: Option<&str>) -> Result<()> {
    let Some(words) = words else { return Ok(()) };
    let is_number = |number: &str| number.parse::<u32>().is_ok_and(|number| number > 0);
    let is_every = words.strip_prefix("every:").is_some_and(is_number);
    if is_every || ["grid", "cubes", "all"].contains(&words) || Path::new(words).exists() {
        return Ok(());
    }
    Err(Error::InvalidInput(format!(
        "--core-points {words}: must be grid, cubes, all, like every:10, or a file that is there"
    )))
}

/// Core points as the command line has them.
fn core_points(words: &str, spacing: f64, arguments: &Arguments) -> Result<CoreSelection> {
    match words.split_once(':') {
        _ if words == "grid" => Ok(CoreSelection::Grid(spacing)),
        _ if words == "cubes" => Ok(CoreSelection::Voxels(spacing)),
        _ if words == "all" => Ok(CoreSelection::All),
        Some(("every", number)) => match number.parse() {
            Ok(number) if number > 0 => Ok(CoreSelection::EveryNth(number)),
            _ => Err(Error::InvalidInput(format!(
                "--core-points {words}: must be like every:10"
            ))),
        },
        _ => {
            let options = CatalogueOptions {
                crs: epochs::declared(arguments)?,
                ignore_crs: arguments.ignore_crs,
            };
            let catalogue = Catalogue::open_with(&[words], &options)?.in_metres()?;
            let points: Cloud = catalogue.read_all(Columns::XYZ)?;
            if points.is_empty() {
                return Err(Error::InvalidInput(format!(
                    "--core-points {words}: the file has no points"
                )));
            }
            Ok(CoreSelection::Given(Arc::new(points)))
        }
    }
}

/// Refuses numbers that make no sense before anything is read.
pub(crate) fn check(arguments: &Arguments) -> Result<()> {
    Error::positive("cell size", arguments.cell.unwrap_or(1.0))?;
    Error::positive("core point spacing", arguments.core_spacing.unwrap_or(1.0))?;
    Error::positive("cylinder radius", arguments.cylinder_radius.unwrap_or(1.0))?;
    Error::positive("projection depth", arguments.depth)?;
    arguments
        .normal_radii
        .iter()
        .try_for_each(|radius| Error::positive("normal radius", *radius).map(drop))?;
    Error::check(
        "tile size",
        arguments.tile_size,
        arguments.tile_size > 0.0,
        "be above zero",
    )?;
    Error::check(
        "--threads",
        arguments.threads.unwrap_or(1) as f64,
        arguments.threads != Some(0),
        "be at least 1",
    )?;
    Error::not_negative(
        "registration error",
        arguments.registration_error.unwrap_or(0.0),
    )?;
    let rate = arguments.fdr.unwrap_or(0.05);
    Error::check(
        "false discovery rate",
        rate,
        rate > 0.0 && rate < 1.0,
        "be above 0 and below 1",
    )?;
    normals(arguments, vec![1.0])?;
    epochs::declared(arguments)?;
    check_core_points(arguments.core_points.as_deref())?;
    arguments.icp.check()?;
    detection(arguments).check()
}
