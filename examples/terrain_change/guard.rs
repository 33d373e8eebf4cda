//! Nothing of anybody's is written over: neither inputs nor results of other inputs or parameters; and results are no epochs.

use crate::{arguments::Arguments, epochs::Epoch, outputs::FILES, same_file::is_same, settings};
use isopach::{
    compute::{Error, Result, fnv1a},
    las::Las,
    tiling::PointSource,
};
use serde_json::{Value, json};
use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

/// What a run writes beside its results.
pub(crate) const ABOUT: [&str; 2] = ["summary.json", "index.html"];
/// Files of a plan.
const PLAN: [&str; 2] = ["plan.json", "plan.svg"];
/// Where summary.json says what results were made from.
pub(crate) const KEY: &str = "made_from";
/// Columns that only results of this program have.
const COLUMNS: [&str; 3] = ["m3c2_distance", "m3c2_lod", "c2c_distance"];

/// What there is in the folder of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finished {
    /// No results, or such as were being named when a run ended.
    Nothing,
    /// Results of the same inputs and parameters.
    Same,
    /// Others, which may be written over.
    Others,
}

/// Inputs and parameters that results are made from, as summary.json tells them.
pub(crate) fn made_from(arguments: &Arguments, inputs: Value) -> Result<Value> {
    let polygons = |path: &Option<PathBuf>| -> Result<Value> {
        match path {
            None => Ok(Value::Null),
            Some(path) => {
                let bytes = fs::read(path).map_err(|error| Error::source(format!("{}: {error}", path.display())))?;
                Ok(json!(format!("{:016x}", fnv1a(bytes))))
            }
        }
    };
    let polygons = [polygons(&arguments.stable)?, polygons(&arguments.areas)?];
    Ok(json!({ "parameters": settings::given(arguments), "polygons": polygons, "inputs": inputs }))
}

/// What the files of both epochs are now.
pub(crate) fn identities(epochs: [&Epoch; 2]) -> Result<Value> {
    let [before, after] = epochs.map(|epoch| epoch.catalogue.identity());
    Ok(json!([before?, after?]))
}

/// Refuses to write over finished results of anything else, unless that was asked for. `is_begun`: a run was begun here that can go on.
pub(crate) fn finished(arguments: &Arguments, made_from: &Value, is_begun: bool) -> Result<Finished> {
    let summary = arguments.out.join(ABOUT[0]);
    let found = match fs::read(&summary) {
        Ok(bytes) => serde_json::from_slice::<Value>(&bytes).ok().and_then(|summary| summary.get(KEY).cloned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let there = FILES.iter().find(|name| arguments.out.join(name).exists());
            match there {
                // A run that ended while it gave results their names goes on.
                Some(_) if is_begun => return Ok(Finished::Nothing),
                Some(_) => None,
                None => return Ok(Finished::Nothing),
            }
        }
        Err(error) => return Err(Error::source(format!("{}: {error}", summary.display()))),
    };
    if found.as_ref() == Some(made_from) {
        return Ok(Finished::Same);
    }
    if arguments.force || arguments.fresh {
        return Ok(Finished::Others);
    }
    let what = match found {
        None => "results of which nothing says what they were made from".to_owned(),
        Some(found) => format!("finished results of other {}", differing(&found, made_from)),
    };
    let folder = arguments.out.display();
    Err(Error::InvalidInput(format!(
        "{folder} has {what}: name another folder (--out), or write over them with --force"
    )))
}

/// The first thing that differs, for people.
fn differing(then: &Value, now: &Value) -> String {
    for part in ["inputs", "polygons", "parameters"] {
        let (then, now) = (&then[part], &now[part]);
        let keys = now.as_object().into_iter().flatten().map(|(key, _)| key);
        if let Some(key) = keys.into_iter().find(|key| then[key.as_str()] != now[key.as_str()]) {
            return format!("parameters ({key} {}, now {})", then[key.as_str()], now[key.as_str()]);
        }
        if then != now {
            return part.to_owned();
        }
    }
    "parameters".to_owned()
}

/// Refuses epochs that are results of a run like this one, or would be written over or joined by its results.
pub(crate) fn inputs(arguments: &Arguments, epochs: [&Epoch; 2]) -> Result<()> {
    for epoch in epochs {
        for file in epoch.catalogue.files() {
            refuse_written_over(arguments, file.path())?;
            refuse_result(file)?;
        }
        for folder in epoch.paths.iter().filter(|path| path.is_dir()) {
            if is_same(folder, &arguments.out) {
                return Err(Error::InvalidInput(format!(
                    "results in {} would lie among the inputs, and be read with them the next time: name another folder (--out)",
                    folder.display()
                )));
            }
        }
    }
    let core_points = arguments.core_points.iter().map(PathBuf::from).filter(|path| path.exists());
    let others = core_points.chain(arguments.stable.clone()).chain(arguments.areas.clone());
    others.into_iter().try_for_each(|path| refuse_written_over(arguments, &path))
}

fn refuse_written_over(arguments: &Arguments, input: &Path) -> Result<()> {
    let rasters = arguments.rasters.iter().map(|kind| kind.file());
    let outputs = FILES.into_iter().chain(ABOUT).chain(PLAN).chain(rasters).map(|name| arguments.out.join(name));
    match outputs.into_iter().find(|output| is_same(output, input)) {
        None => Ok(()),
        Some(output) => Err(Error::InvalidInput(format!(
            "{} is an input, but would be written over by {}: name another folder (--out)",
            input.display(),
            output.display()
        ))),
    }
}

fn refuse_result(file: &Las) -> Result<()> {
    let column = file.header().extra_bytes.iter().find(|extra| COLUMNS.contains(&extra.name.as_str()));
    let name = file.path().file_name().and_then(OsStr::to_str).unwrap_or_default();
    let is_beside_summary =
        FILES.contains(&name) && ABOUT.iter().all(|about| file.path().with_file_name(about).exists());
    let why = match column {
        Some(column) => format!("it has the column {}", column.name),
        None if is_beside_summary => format!("{} lies beside it", ABOUT[0]),
        None => return Ok(()),
    };
    Err(Error::InvalidInput(format!(
        "{} is a result of terrain_change ({why}), not an epoch: name the files of the epoch, or move the results out of its folder",
        file.path().display()
    )))
}
