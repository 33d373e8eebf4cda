//! Protection of files: a run overwrites no inputs, no results of other inputs or parameters, and
//! no files that another run is writing.

use crate::{
    blocks::BlockExecution, checksum::length_and_crc32, curves::Place, degradation, instruments,
    options::EmissionOptions, pictures, series, sink,
};
use isopach::compute::{Error as Failure, FolderLock};
use isopach_program::finished::{self, KEY, PAGE, SUMMARY, UNKNOWN, WrittenOver};
use serde_json::{Value, json};
use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

/// The folder of results, held as long as this.
pub(crate) struct Held {
    /// Identity of these results.
    pub(crate) made_from: Value,
    /// Files of the results that these replace: those that these do not have go when these are
    /// whole.
    pub(crate) before_this: Vec<PathBuf>,
    /// Whether the folder has finished results of the same inputs and parameters.
    pub(crate) is_finished: bool,
    pub(crate) _lock: FolderLock,
}

/// Locks the folder of results, and creates it if it is missing; refuses a folder with other
/// results, and inputs that results would overwrite. `is_image`: the run also writes pictures and a
/// page.
pub(crate) fn lock_folder(
    options: &EmissionOptions,
    execution: &BlockExecution,
    contents: &[Content],
    is_image: bool,
) -> Result<Held, Box<dyn Error>> {
    let out = &options.out;
    finished::make_folder(out)?;
    let _lock = execution.folder.lock()?;
    let made_from = made_from(options, contents);
    // Checked before the summary: a merge writes that, and then removes the begun run.
    let is_begun = execution.folder.is_begun();
    let summary = finished::read_summary(out)?;
    let mut before_this: Vec<PathBuf> = summary
        .iter()
        .flat_map(files_of)
        .map(PathBuf::from)
        .collect();
    let outputs = output_names(options, is_image);
    let written_over = WrittenOver::of(out, &outputs);
    let unfinished = series::Notes::read(out)?;
    before_this.extend(series::leftover_files(
        out,
        summary.as_ref(),
        unfinished.as_ref(),
        &[],
    )?);
    before_this.extend(unfinished.as_ref().map(|_| series::NOTES.into()));
    let gone = WrittenOver::of(
        out,
        before_this
            .iter()
            .cloned()
            .chain(outputs.iter().map(PathBuf::from)),
    );
    input_paths(options)
        .iter()
        .try_for_each(|input| gone.refuse_input(input))?;
    let what = match summary.as_ref().map(|summary| summary.get(KEY)) {
        _ if unfinished.is_some() => Some(series::UNFINISHED),
        // Those of a run that ended while it gave results their names.
        None if written_over.is_empty() || is_begun => None,
        None | Some(None) => Some(UNKNOWN),
        Some(Some(found)) if *found == made_from => None,
        Some(Some(_)) => Some(OTHER),
    };
    match what {
        Some(what) if !options.force => Err(finished::refuse_folder(out, what).into()),
        _ => {
            let is_finished = summary.is_some_and(|summary| summary.get(KEY) == Some(&made_from));
            Ok(Held {
                made_from,
                before_this,
                is_finished,
                _lock,
            })
        }
    }
}

/// Description of results that another run finished.
pub(crate) const OTHER: &str = "finished results of other inputs or parameters";

/// Identity of the results of one time, or of images of one time.
pub(crate) fn made_from(options: &EmissionOptions, contents: &[Content]) -> Value {
    json!({ "parameters": result_parameters(options), "inputs": Content::file_identities(contents) })
}

/// Whether finished results of this run exist now: another process may have merged them meanwhile.
pub(crate) fn is_merged(out: &Path, made_from: &Value) -> bool {
    finished::read_summary(out)
        .ok()
        .flatten()
        .is_some_and(|summary| summary.get(KEY) == Some(made_from))
}

/// An input, identified by its contents, at any path.
pub(crate) struct Content {
    pub(crate) path: PathBuf,
    bytes: u64,
    pub(crate) crc32: u32,
}

impl Content {
    /// Reads all inputs.
    ///
    /// # Errors
    /// If an input cannot be read.
    pub(crate) fn of_inputs(options: &EmissionOptions) -> isopach::compute::Result<Vec<Self>> {
        input_paths(options)
            .into_iter()
            .map(|path: PathBuf| {
                let (bytes, crc32) = length_and_crc32(&path)?;
                Ok(Self { path, bytes, crc32 })
            })
            .collect()
    }

    /// The identity of each input.
    pub(crate) fn file_identities(contents: &[Self]) -> Vec<String> {
        contents
            .iter()
            .map(|Self { bytes, crc32, .. }| format!("{bytes} bytes, CRC-32 {crc32:08x}"))
            .collect()
    }
}

/// Names of the result files that a summary lists.
pub(crate) fn files_of(summary: &Value) -> Vec<String> {
    finished::listed_files(summary, [all_file_names(), listed_curves(summary)].concat())
}

/// Names of curves that a summary names.
fn listed_curves(summary: &Value) -> Vec<String> {
    let named = summary[finished::FILES]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    named
        .filter(|name| Place::of_file(name).is_some())
        .map(str::to_owned)
        .collect()
}

/// Names of the files that any run may write next to its summary.
pub(crate) fn all_file_names() -> Vec<String> {
    [
        sink::all_file_names(),
        pictures::file_names(),
        vec![series::MAPS.into()],
    ]
    .concat()
}

/// Names of the files that a run writes.
pub(crate) fn output_names(options: &EmissionOptions, is_image: bool) -> Vec<String> {
    let mut names = sink::file_names(options);
    names.push(SUMMARY.into());
    names.extend(options.is_of_series.then(|| series::MAPS.into()));
    if is_image {
        names.push(PAGE.into());
        names.extend(pictures::file_names());
        names.extend(options.curve.iter().map(|place| place.file()));
    }
    names
}

pub(crate) fn input_paths(options: &EmissionOptions) -> Vec<PathBuf> {
    let EmissionOptions {
        files,
        instrument,
        counts,
        sigma,
        response,
        response_log_t,
        log_t_edges,
        degradation_table,
        ..
    } = options;
    // The shipped table is not a file.
    let table = degradation_table
        .as_ref()
        .filter(|path| !degradation::is_shipped(path));
    let others = [counts, sigma, response, response_log_t, log_t_edges].map(|path| path.as_ref());
    let others = others.into_iter().chain([table]);
    let instruments = instrument
        .iter()
        .filter(|path| !instruments::is_shipped(path));
    files
        .iter()
        .chain(instruments)
        .chain(others.flatten())
        .cloned()
        .collect()
}

/// Name, size and time of change of each file.
pub(crate) fn identities(inputs: &[PathBuf]) -> Result<Value, Box<dyn Error>> {
    let identity = |path: &PathBuf| -> Result<Value, Box<dyn Error>> {
        let about = fs::metadata(path).map_err(|error| Failure::of_file(path, error))?;
        let modified = about
            .modified()?
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_nanos());
        Ok(json!([
            path.to_string_lossy(),
            about.len(),
            modified.to_string()
        ]))
    };
    inputs
        .iter()
        .map(identity)
        .collect::<Result<Vec<_>, _>>()
        .map(Value::Array)
}

/// All values besides the inputs that results depend on.
pub(crate) fn result_parameters(options: &EmissionOptions) -> Value {
    let a = options;
    json!({
        "bins": a.bins, "log_t": a.log_t, "outputs": a.outputs.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "format": a.format.map(|format| format!("{format:?}")), "halves": a.halves, "precision": format!("{:?}", a.precision),
        "systematic": a.systematic.iter().map(ToString::to_string).collect::<Vec<_>>(), "saturation": format!("{:?}", a.saturation), "saturation_level": a.saturation_level,
        "curve": a.curve.iter().map(|place| place.file()).collect::<Vec<_>>(),
        "degradation": a.degradation.iter().map(ToString::to_string).collect::<Vec<_>>(), "align": a.align,
        "instrument": a.instrument.len(), "is_builtin_table": a.degradation_table.as_deref().is_some_and(degradation::is_shipped),
        "channel": a.channel, "exposure": a.exposure, "unit": a.unit.map(|unit| format!("{unit:?}")), "summed": a.summed.map(|summed| format!("{summed:?}")), "max_iterations": a.max_iterations,
        "method": format!("{:?}", a.method), "compat": a.compat, "negative_tolerance": a.negative_tolerance, "pad_value": a.pad_value,
        "size": a.size, "loci": a.loci, "solve_for": format!("{:?}", a.solve_for), "chi2_target": a.chi2_target, "growth": a.growth,
        "monte_carlo": a.monte_carlo, "seed": a.seed, "compress": format!("{:?}", a.compress),
    })
}
