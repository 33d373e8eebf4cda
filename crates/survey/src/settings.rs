//! The parameters of a run: the user's, and those that the data suggest.

use crate::{
    core_points::{GivenCorePoints, check_core_points, choose_in_words, core_points_given},
    epochs,
    geometry::Geometry,
    masks::Masks,
    options::{ChangeOptions, Correlated, Lod, Statistic},
    sample::{FromData, Sample},
};
use isopach::{
    change::{CoreSelection, Detection, ErrorModel, Normals, RegistrationError, SurveyStatistics},
    cloud::Rigid,
    compute::{Error, Result},
    neighbours::AxialStatistic,
};
use serde_json::{Map, Value, json};

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
    /// Normals of the sample: those of M3C2, or estimated ones if each core point of a file has
    /// its own.
    pub(crate) sampled_normals: Normals,
    /// Radius of the cylinder, metres.
    pub(crate) cylinder_radius: f64,
    /// Half length of the cylinder, metres.
    pub(crate) depth: f64,
    /// The statistic of the points in a cylinder.
    pub(crate) statistic: AxialStatistic,
    /// The method of levels of detection of cells, without the findings from the survey.
    pub(crate) cell_detection: Detection,
    /// Likewise, of core points.
    pub(crate) core_point_detection: Detection,
    /// Uncertainty of the alignment.
    pub(crate) registration_error: RegistrationError,
    /// The reason of each parameter that comes from the data, by its name in summary.json.
    pub(crate) reasons: Map<String, Value>,
    /// Points per m² of each epoch's surface, found in the sample.
    density: [f64; 2],
    core_description: String,
}

impl Settings {
    /// Settings from the user's options, and what the data suggest for the rest. `motion` was
    /// applied to the later epoch.
    pub(crate) fn new(
        options: &ChangeOptions,
        geometry: &Geometry,
        data: &FromData,
        registration_error: RegistrationError,
        motion: &Rigid,
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
        let given = geometry.core_points.as_ref();
        let given_normals = given.and_then(GivenCorePoints::normals);
        let sampled_normals = geometry.normals(if options.normal_radii.is_empty() {
            suggested.normal_radii.value.clone()
        } else {
            options.normal_radii.clone()
        });
        let estimates_normals =
            given_normals.is_none() && matches!(sampled_normals, Normals::Multiscale { .. });
        if estimates_normals && options.normal_radii.is_empty() {
            because("normal_radii_m", &suggested.normal_radii.reason);
        }
        let (core, core_description) = match (given, &options.core_points) {
            (Some(given), Some(words)) => (given.selection(), words.clone()),
            (None, Some(words)) => (choose_in_words(words, core_spacing)?, words.clone()),
            (_, None) => {
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
            normals: given_normals.unwrap_or_else(|| sampled_normals.clone()),
            sampled_normals,
            cylinder_radius,
            depth: options.depth,
            statistic,
            cell_detection: cell_detection(options),
            core_point_detection: Detection {
                errors: geometry
                    .point_errors(motion)
                    .unwrap_or_else(|| error_model(options.lod)),
                ..cell_detection(options)
            },
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
        all["density_per_m2"] = json!(self.density.map(|density| (1e3 * density).round() / 1e3));
        all
    }
}

/// A method of levels of detection with the findings of the sample.
pub(crate) fn informed_detection(
    detection: &Detection,
    survey: SurveyStatistics,
    correlated: f64,
) -> Detection {
    Detection {
        survey: Some(survey),
        correlated,
        ..detection.clone()
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
        "normal_columns": (!options.normal_columns.is_empty()).then_some(&options.normal_columns),
        "earlier_scanner": vector_or_null(&options.earlier_scanner),
        "later_scanner": vector_or_null(&options.later_scanner),
        "scanner_errors": vector_or_null(&options.scanner_errors),
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
    Detection {
        minimum: options.min_lod,
        minimum_count: options.min_count,
        ..error_model(options.lod).into()
    }
}

/// The errors of cells, and of core points whose scanners are not given.
fn error_model(lod: Lod) -> ErrorModel {
    match lod {
        Lod::Student | Lod::Scanner => ErrorModel::Student,
        Lod::Normal => ErrorModel::Normal,
    }
}

/// Whether correlated errors enter the level of detection.
pub(crate) fn correlated_sigma(options: &ChangeOptions, sample: &Sample) -> f64 {
    match options.correlated {
        Correlated::Report => 0.0,
        Correlated::Include => sample.correlated_sigma(),
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
    Geometry::check(options)?;
    epochs::declared_system(options)?;
    check_core_points(options)?;
    options.icp.check_options()?;
    cell_detection(options).check()
}
