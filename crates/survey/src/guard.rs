//! Protection of files: a run overwrites neither inputs nor results of other inputs or parameters;
//! and results cannot be epochs.

use crate::{
    SurveyError, epochs::Epoch, options::ChangeOptions, outputs::FILES, rasters::Kind, settings,
};
use clap::ValueEnum as _;
use isopach::{
    compute::{Error, Result, fnv1a},
    las::Las,
    tiling::PointSource,
};
use isopach_program::{
    finished::{self, ABOUT, KEY, UNKNOWN, WrittenOver},
    same_file::file_identity,
};
use serde_json::{Value, json};
use std::{
    ffi::OsStr,
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

/// Files of a plan.
const PLAN: [&str; 2] = ["plan.json", "plan.svg"];
/// Columns that only results of this program have.
const COLUMNS: [&str; 3] = ["m3c2_distance", "m3c2_lod", "c2c_distance"];

/// State of the folder of results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finished {
    /// No results, or those that a run was naming when it ended.
    Nothing,
    /// Results of the same inputs and parameters.
    Same,
    /// The same, without the results of tiles that failed.
    Incomplete,
    /// Others, which may be written over: the rasters on request that they have.
    Others(Vec<&'static str>),
}

/// Names of the files that a run overwrites: results and their descriptions, or a plan. Styles are
/// overwritten only if this program wrote them.
fn output_names(options: &ChangeOptions) -> Vec<&'static str> {
    if options.plan {
        return PLAN.into();
    }
    let requested = options.rasters.iter().map(|kind| kind.file());
    FILES.into_iter().chain(ABOUT).chain(requested).collect()
}

/// The rasters on request among the files that a summary names.
fn rasters_of(summary: &Value) -> Vec<&'static str> {
    finished::listed_files(
        summary,
        Kind::value_variants().iter().map(|kind| kind.file()),
    )
}

/// Inputs and parameters of the results, as summary.json states them.
pub(crate) fn made_from(options: &ChangeOptions, inputs: Value) -> Result<Value> {
    let polygons = [
        content_identity(options.stable.as_deref())?,
        content_identity(options.areas.as_deref())?,
    ];
    Ok(
        json!({ "parameters": settings::given_parameters(options), "polygons": polygons, "inputs": inputs }),
    )
}

/// The identity of a file beside the survey, by its bytes; null without one.
pub(crate) fn content_identity(path: Option<&Path>) -> Result<Value> {
    let Some(path) = path else {
        return Ok(Value::Null);
    };
    let file = File::open(path).map_err(|error| Error::of_file(path, error))?;
    let mut failure = None;
    let bytes = BufReader::new(file)
        .bytes()
        .map_while(|byte| byte.map_err(|error| failure = Some(error)).ok());
    let identity = fnv1a(bytes);
    match failure {
        Some(error) => Err(Error::of_file(path, error)),
        None => Ok(json!(format!("{identity:016x}"))),
    }
}

/// Identities of the files of both epochs now.
pub(crate) fn input_identities(epochs: [&Epoch; 2]) -> Result<Value> {
    let [before, after] = epochs.map(|epoch| epoch.catalogue.input_identities());
    Ok(json!([before?, after?]))
}

/// Refuses to overwrite finished results of other inputs or parameters, unless the user permits it.
/// `is_begun`: the folder has a run that can continue.
pub(crate) fn check_finished(
    options: &ChangeOptions,
    made_from: &Value,
    is_begun: bool,
) -> Result<Finished> {
    let summary = finished::read_summary(&options.out)?;
    // A run that ended while it named its results continues; a plan writes no results.
    let may_begin = is_begun || options.plan;
    if summary.is_none()
        && (may_begin || WrittenOver::of(&options.out, output_names(options)).is_empty())
    {
        return Ok(Finished::Nothing);
    }
    let summary = summary.unwrap_or_default();
    let found = summary.get(KEY);
    if found == Some(made_from) {
        return Ok(if has_failures(&summary) {
            Finished::Incomplete
        } else {
            Finished::Same
        });
    }
    if options.force {
        return Ok(Finished::Others(rasters_of(&summary)));
    }
    let what = match found {
        None => UNKNOWN.to_owned(),
        Some(found) => format!(
            "finished results of other {}",
            describe_difference(found, made_from)
        ),
    };
    Err(finished::refuse_folder(&options.out, &what))
}

/// Whether tiles failed in the run of a summary.
fn has_failures(summary: &Value) -> bool {
    summary["run"]["tiling"]["failures"]
        .as_array()
        .is_some_and(|failures| !failures.is_empty())
}

/// Whether all results of the same inputs and parameters exist now: another process may have merged
/// them meanwhile.
pub(crate) fn is_merged(options: &ChangeOptions, made_from: &Value) -> bool {
    let summary = finished::read_summary(&options.out).ok().flatten();
    summary.is_some_and(|summary| summary.get(KEY) == Some(made_from) && !has_failures(&summary))
}

/// The first difference, for people.
fn describe_difference(then: &Value, now: &Value) -> String {
    for part in ["inputs", "polygons", "parameters"] {
        let then = &then[part];
        let now = &now[part];
        let keys = now.as_object().into_iter().flatten().map(|(key, _)| key);
        if let Some(key) = keys
            .into_iter()
            .find(|key| then[key.as_str()] != now[key.as_str()])
        {
            return format!(
                "parameters ({key} {}, now {})",
                then[key.as_str()],
                now[key.as_str()]
            );
        }
        if then != now {
            return part.to_owned();
        }
    }
    "parameters".to_owned()
}

/// Refuses epochs that are results of a run like this one, or would be written over or joined by
/// its results.
pub(crate) fn check_inputs(options: &ChangeOptions, epochs: [&Epoch; 2]) -> Result<()> {
    let written_over = WrittenOver::of(&options.out, output_names(options));
    let out = file_identity(&options.out);
    for epoch in epochs {
        for file in epoch.catalogue.files() {
            written_over.refuse_input(file.path())?;
            refuse_result(file)?;
        }
        for folder in epoch.paths.iter().filter(|path| path.is_dir()) {
            if out.is_some() && file_identity(folder) == out {
                return Err(SurveyError::ResultsAmongInputs {
                    folder: folder.clone(),
                }
                .into());
            }
        }
    }
    let core_points = options
        .core_points
        .iter()
        .map(PathBuf::from)
        .filter(|path| path.exists());
    let others = core_points
        .chain(options.stable.clone())
        .chain(options.areas.clone());
    others
        .into_iter()
        .try_for_each(|path| written_over.refuse_input(&path))
}

fn refuse_result(file: &Las) -> Result<()> {
    let column = file
        .header()
        .extra_bytes
        .iter()
        .find(|extra| COLUMNS.contains(&extra.name.as_str()));
    let name = file
        .path()
        .file_name()
        .and_then(OsStr::to_str)
        .unwrap_or_default();
    let is_beside_summary = FILES.contains(&name)
        && ABOUT
            .iter()
            .all(|about| file.path().with_file_name(about).exists());
    let reason = match column {
        Some(column) => format!("it has the column {}", column.name),
        None if is_beside_summary => format!("{} lies beside it", ABOUT[0]),
        None => return Ok(()),
    };
    Err(SurveyError::InputIsResult {
        file: file.path().into(),
        reason,
    }
    .into())
}
