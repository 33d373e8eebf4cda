//! Nothing of anybody's is written over: neither inputs, nor results of other inputs or parameters, nor what another run is writing.

use crate::arguments::Arguments;
use isopach::compute::FolderLock;
use serde_json::{Value, json};
use std::{
    error::Error,
    fs, io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

/// Where summary.json says what results were made from.
pub(crate) const KEY: &str = "made_from";

/// Holds the folder of results, which is made if it is not there, as long as the run; refuses one with other finished results, and inputs
/// that results would write over. And what tells these results from others.
pub(crate) fn hold(arguments: &Arguments) -> Result<(FolderLock, Value), Box<dyn Error>> {
    let out = &arguments.out;
    fs::create_dir_all(out).map_err(|e| format!("{}: {e}", out.display()))?;
    let lock = FolderLock::alone(out.join(".lock"))?;
    let inputs = inputs(arguments);
    inputs.iter().try_for_each(|input| refuse_written_over(out, input))?;
    let made_from = json!({ "parameters": parameters(arguments), "inputs": identities(&inputs)? });
    let summary = out.join("summary.json");
    match fs::read(&summary) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(format!("{}: {error}", summary.display()).into()),
        Ok(bytes) => {
            let found = serde_json::from_slice::<Value>(&bytes).ok().and_then(|summary| summary.get(KEY).cloned());
            if found.as_ref() != Some(&made_from) && !arguments.force {
                let out = out.display();
                return Err(format!(
                    "{out} has finished results of other inputs or parameters: name another folder (--out), or write over them with --force"
                )
                .into());
            }
        }
    }
    Ok((lock, made_from))
}

fn inputs(arguments: &Arguments) -> Vec<PathBuf> {
    let Arguments { files, counts, sigma, response, response_log_t, log_t_edges, degradation_table, .. } = arguments;
    let others = [counts, sigma, response, response_log_t, log_t_edges, degradation_table];
    files.iter().cloned().chain(others.into_iter().flatten().cloned()).collect()
}

/// Name, size and time of change of each file.
fn identities(inputs: &[PathBuf]) -> Result<Value, Box<dyn Error>> {
    let identity = |path: &PathBuf| -> Result<Value, Box<dyn Error>> {
        let about = fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let modified = about.modified()?.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
        Ok(json!([path, about.len(), modified.to_string()]))
    };
    inputs.iter().map(identity).collect::<Result<Vec<_>, _>>().map(Value::Array)
}

/// Everything that results depend on beside the inputs.
fn parameters(arguments: &Arguments) -> Value {
    let a = arguments;
    json!({
        "bins": a.bins, "log_t": a.log_t, "outputs": a.outputs.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "format": a.format.map(|format| format!("{format:?}")), "halves": a.halves, "precision": format!("{:?}", a.precision),
        "systematic": a.systematic, "saturation": format!("{:?}", a.saturation), "saturation_level": a.saturation_level,
        "degradation": a.degradation, "max_iterations": a.max_iterations, "size": a.size,
    })
}

/// Refuses an input in the folder of results with a name that results have.
fn refuse_written_over(out: &Path, input: &Path) -> Result<(), Box<dyn Error>> {
    let same = |a: &Path, b: &Path| fs::canonicalize(a).ok().zip(fs::canonicalize(b).ok()).is_some_and(|(a, b)| a == b);
    let folder = input.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = input.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let is_result =
        name == "emission.fits" || input.extension().is_some_and(|end| end == "npy") || name == "summary.json";
    if is_result && same(folder, out) {
        let (input, out) = (input.display(), out.display());
        return Err(format!("{input} may be written over by results in {out}: name another folder (--out)").into());
    }
    Ok(())
}
