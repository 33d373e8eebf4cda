//! The folder that keeps the results of tiles until a run is complete, so that the same command
//! goes on after it was ended.

use super::{
    kept::column_names,
    options::{Filter, GroundArgs},
    overwrite::PARAMETERS,
    run::FeatureRun,
    summary::with_ending,
};
use crate::guard;
use isopach::{
    compute::{Error, Result},
    features::ClothFilter,
    tiling::{CheckpointDir, Spill},
};
use isopach_program::{run_folder::SPILL, signals};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The folder of an output's unfinished run: `out.laz.run`, `train.run`.
pub(crate) fn state_folder(out: &Path) -> PathBuf {
    with_ending(out, ".run")
}

/// From now on, a signal prints how many tiles of this output are done and how to go on, before it
/// ends the program. `locks`: other files that mark this process as working.
pub(crate) fn announce_resume(program: &str, out: &Path, locks: Vec<PathBuf>) {
    let state = state_folder(out);
    let mut locks = locks;
    locks.push(state.join("lock"));
    signals::say_how_to_go_on(program, locks, move || {
        signals::describe_progress(&state, "tile")
    });
}

/// Forgets the unfinished run of an output.
pub(crate) fn forget_run(out: &Path) -> Result<()> {
    let state = state_folder(out);
    if CheckpointDir::new(&state, "").remove_unless_held()? {
        remove_folder(&state);
        return Ok(());
    }
    let state = state.display();
    Err(Error::Busy(format!(
        "{state}: another process is at work there: --fresh must wait for it"
    )))
}

/// The results of a run's tiles, and the parameters that they depend on: others are refused.
pub(super) fn kept_results(run: &FeatureRun<'_>) -> CheckpointDir {
    let parameters = &run.made_from[PARAMETERS];
    let folder = state_folder(&run.options.out);
    CheckpointDir::new(folder, parameters.to_string())
}

/// Everything that the results of tiles depend on beside the files.
pub(super) fn result_parameters(run: &FeatureRun<'_>) -> Result<Value> {
    let options = run.options;
    let kept = &run.kept;
    let features = &run.features;
    // Debug formats have every field: also one that is added later.
    let height = options.height.ground.above().map(|above| {
        json!({
            "column": GroundArgs::COLUMN,
            "surface": format!("{above:?}"),
            "ground": format!("{:?}", options.height.ground.source()),
            "filter": format!("{:?}", options.height.filter()),
            "cloth": (options.height.filter() == Some(Filter::Cloth)).then(cloth_parameters),
        })
    });
    Ok(json!({
        "features": format!("{:?}", features.wanted),
        "neighbourhood": format!("{:?}", features.neighbourhood),
        "convention": format!("{:?}", features.convention),
        "normals": format!("{:?}", features.normals),
        "height": height,
        "terrain": guard::content_identity(options.height.terrain.as_deref())?,
        "trajectory": guard::content_identity(options.trajectory.as_deref())?,
        "outliers": format!("{:?}", options.outliers.parsed()?),
        "without_outliers": options.outliers.without_outliers,
        // Tiles end on the edges of cells.
        "maps": options.maps,
        "columns": column_names(kept.columns),
        "extra": format!("{:?}", kept.extra),
        "classes": options.classes,
        "keep_withheld": options.keep_withheld,
        "keep_noise": options.keep_noise,
    }))
}

fn cloth_parameters() -> String {
    format!("{:?}", ClothFilter::default())
}

/// Removes the files of a run that ended with this error before any tile was done. Results of tiles
/// stay, and so does the folder of a run that another process may be at work on.
pub(crate) fn forget_if_empty(kept: &CheckpointDir, error: &Error) {
    let is_of_others = matches!(error, Error::Busy(_) | Error::InvalidInput(_));
    if !is_of_others && signals::count_results(kept.folder()) == 0 {
        // The error to report is the reason of the end.
        let _ = kept.remove_unless_held();
    }
    remove_folder(kept.folder());
}

/// Where points wait that memory cannot hold.
pub(crate) fn spill_of(out: &Path, chosen: Option<&Path>) -> Spill {
    match chosen {
        Some(folder) => Spill::in_folder(folder),
        None => Spill::in_folder(state_folder(out).join(SPILL)),
    }
}

/// Removes the kept results, once the run is complete.
pub(crate) fn remove_kept(kept: &CheckpointDir) -> Result<()> {
    kept.remove_all()?;
    remove_folder(kept.folder());
    Ok(())
}

/// Removes the folder of a run that has ended, with the spilled points of killed processes. Other
/// files in it stay.
pub(crate) fn remove_folder(state: &Path) {
    let spill = state.join(SPILL);
    for entry in fs::read_dir(&spill).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_spill = |name: &str| name.starts_with(".isopach-spill.") && name.ends_with(".part");
        if name.to_str().is_some_and(is_spill) {
            let _ = fs::remove_file(entry.path());
        }
    }
    let _ = fs::remove_dir(spill);
    let _ = fs::remove_dir(state);
}
