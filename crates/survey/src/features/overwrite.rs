//! Protection of a finished output: a run writes over results of the same inputs and parameters
//! alone, unless the user permits it.

use super::{FeatureOptionError, restart::state_folder, summary::summary_path};
use isopach::{
    compute::{Error, Result},
    las::Catalogue,
    tiling::PointSource as _,
};
use isopach_program::signals;
use serde_json::{Value, json};
use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::Path,
};

/// Key of the summary that states the inputs and parameters of the results.
pub(crate) const KEY: &str = "made_from";
/// Key in it of everything that results depend on beside the files.
pub(crate) const PARAMETERS: &str = "parameters";
/// Bytes of a summary that are read at most.
const MOST_BYTES: u64 = 16 << 20;

/// Everything that an output is made of: the program, its files, and everything else that it depends on.
pub(crate) fn describe_origin(points: &Catalogue, parameters: Value) -> Result<Value> {
    Ok(json!({
        "program": env!("CARGO_PKG_VERSION"),
        "inputs": points.input_identities()?,
        PARAMETERS: parameters,
    }))
}

/// Refuses to write over an output that has another summary than this run will give it, and over a
/// summary of something else. Whether an unfinished run goes on.
///
/// A run that ended between its file and its summary goes on, unless it is to be forgotten (`fresh`):
/// it has removed the summary of an earlier result, and the results of its tiles are there.
pub(crate) fn check_output(
    out: &Path,
    made_from: &Value,
    [force, fresh]: [bool; 2],
) -> Result<bool> {
    let goes_on = !fresh && signals::count_results(&state_folder(out)) > 0;
    if force {
        return Ok(goes_on);
    }
    let found = read_summary(out)?;
    let is_same = found.as_ref().map(|summary| &summary[KEY]) == Some(made_from);
    let is_unfinished = found.is_none() && (goes_on || !out.exists());
    // Beside an earlier result that was deleted, its summary does not matter.
    let is_left_over = !out.exists()
        && found
            .as_ref()
            .is_some_and(|summary| !summary[KEY].is_null());
    if is_same || is_unfinished || is_left_over {
        return Ok(goes_on);
    }
    let then = found.map(|summary| summary[KEY].clone());
    Err(FeatureOptionError::OtherResults {
        out: out.to_owned(),
        difference: describe_difference(&then.unwrap_or_default(), made_from),
    }
    .into())
}

/// The summary of an output; `None` if it has none, null if that is not JSON.
pub(super) fn read_summary(out: &Path) -> Result<Option<Value>> {
    let path = summary_path(out);
    let file = match File::open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| Error::of_file(&path, error))?,
    };
    let mut bytes = Vec::new();
    let read = file.take(MOST_BYTES).read_to_end(&mut bytes);
    read.map_err(|error| Error::of_file(&path, error))?;
    Ok(Some(serde_json::from_slice(&bytes).unwrap_or_default()))
}

/// The first difference, for people.
fn describe_difference(then: &Value, now: &Value) -> String {
    let Some(parameters) = then[PARAMETERS].as_object() else {
        return "unknown inputs and parameters".to_owned();
    };
    if then["inputs"] != now["inputs"] {
        return "other inputs".to_owned();
    }
    let of_now = now[PARAMETERS].as_object().into_iter().flatten();
    let mut others = of_now.filter(|(key, value)| parameters.get(*key) != Some(*value));
    match others.next() {
        Some((key, _)) => format!("other parameters ({key})"),
        None if then["program"] != now["program"] => "another version of the program".to_owned(),
        None => "other parameters".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn results_of_others_are_written_over_by_permission_alone() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out.laz");
        let now = json!({ "inputs": ["a"], "parameters": { "radius": 1, "columns": "all" } });
        let check = |force| {
            let checked = check_output(&out, &now, [force, false]);
            checked.map_err(|error| error.to_string())
        };
        assert_eq!(check(false), Ok(false));
        fs::write(&out, "points").unwrap();
        assert!(
            check(false)
                .unwrap_err()
                .contains("unknown inputs and parameters")
        );
        assert_eq!(check(true), Ok(false));
        let write = |made_from: Value| {
            fs::write(summary_path(&out), json!({ KEY: made_from }).to_string()).unwrap();
        };
        write(json!({ "inputs": ["b"], "parameters": now["parameters"] }));
        assert!(check(false).unwrap_err().contains("other inputs"));
        write(json!({ "inputs": ["a"], "parameters": { "radius": 2, "columns": "all" } }));
        assert!(
            check(false)
                .unwrap_err()
                .contains("other parameters (radius)")
        );
        write(now.clone());
        assert_eq!(check(false), Ok(false));
        fs::write(summary_path(&out), b"\xff").unwrap();
        assert!(check(false).is_err());
        // The folder of a run that had no results yet, and one with a result.
        let tiles = state_folder(&out).join("tiles");
        fs::create_dir_all(&tiles).unwrap();
        assert!(check(false).is_err());
        fs::write(tiles.join("x.tile"), "").unwrap();
        assert!(check(false).is_err());
        fs::remove_file(summary_path(&out)).unwrap();
        assert_eq!(check(false), Ok(true));
        assert!(check_output(&out, &now, [false, true]).is_err());
        // A file of something else beside an output that is not there.
        fs::remove_file(&out).unwrap();
        assert_eq!(check(false), Ok(true));
        fs::write(summary_path(&out), "[]").unwrap();
        assert!(check(false).is_err());
        write(json!({ "inputs": ["b"] }));
        assert_eq!(check(false), Ok(true));
    }
}
