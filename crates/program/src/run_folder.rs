//! The output folder of a run that several processes may share: its lock, and `.run`, which holds
//! results until the run is complete.

use crate::{claims, signals};
use isopach_compute::{FolderLock, Result};
use isopach_tiling::RunScope;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Name of the folder in the output folder that holds results until the run is complete.
const RUN: &str = ".run";
/// Lock file that identifies the process working in the output folder.
const LOCK: &str = ".lock";
/// Folder of indexes that a plan made, in that of the run.
pub const INDEX: &str = "index";
/// Folder of points that memory cannot hold, in that of the run.
pub const SPILL: &str = "spill";
/// Folder of the results of tiles or blocks, in that of the run.
const TILES: &str = "tiles";

/// The output folder of a run, and which part of the run this process does there.
#[derive(Clone, Debug)]
pub struct RunFolder {
    out: PathBuf,
    state: PathBuf,
    /// Part of the run that this process does.
    pub scope: RunScope,
    /// Whether the run is only planned: no part of it is done.
    pub is_plan: bool,
}

impl RunFolder {
    /// The folder `out` of a process that does `scope`, or only plans.
    #[must_use]
    pub fn new(out: &Path, scope: RunScope, is_plan: bool) -> Self {
        Self {
            out: out.to_owned(),
            state: Self::state_within(out),
            scope,
            is_plan,
        }
    }

    /// The folder of unfinished results in the output folder `out`.
    #[must_use]
    pub fn state_within(out: &Path) -> PathBuf {
        out.join(RUN)
    }

    /// The folder that holds results until the run is complete.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Whether a run was begun here before.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        self.state.join("manifest.json").exists()
    }

    /// Whether other processes may do a part of the same run at the same time.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.is_plan || self.scope != RunScope::All
    }

    /// Whether a run of other inputs or parameters that was begun here may be replaced.
    #[must_use]
    pub fn may_begin_anew(&self) -> bool {
        self.is_plan || self.scope == RunScope::All
    }

    /// Locks the output folder: exclusively for a whole run that writes results, shared for a
    /// process that plans, runs a part, or merges. No result depends on it.
    ///
    /// # Errors
    /// [`Error::Busy`](isopach_compute::Error::Busy) if another process holds it.
    pub fn lock(&self) -> Result<FolderLock> {
        let lock = self.out.join(LOCK);
        if self.is_shared() {
            FolderLock::acquire_shared(lock)
        } else {
            FolderLock::acquire_exclusive(lock)
        }
    }

    /// From now on, a signal prints the progress in `piece`s (tile, block) before it ends the
    /// program.
    pub fn announce_resume(&self, program: &str, piece: &'static str) {
        let locks = vec![self.out.join(LOCK), self.state.join("lock")];
        let state = self.state.clone();
        signals::say_how_to_go_on(program, locks, move || {
            signals::describe_progress(&state, piece)
        });
    }

    /// Removes the folder of the run if it is empty: if a run never began, or has ended. A folder
    /// with contents stays.
    pub fn remove_if_empty(&self) {
        if self.is_begun() {
            return;
        }
        for name in [INDEX, claims::FOLDER, SPILL, TILES] {
            let _ = fs::remove_dir(self.state.join(name));
        }
        let _ = fs::remove_dir(&self.state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_part_of_a_run_shares_its_folder() {
        let out = tempfile::tempdir().unwrap();
        let folder = |scope, is_plan| RunFolder::new(out.path(), scope, is_plan);
        assert!(!folder(RunScope::All, false).is_shared());
        assert!(folder(RunScope::All, true).is_shared());
        assert!(folder(RunScope::Merge, false).is_shared());
        let alone = folder(RunScope::All, false).lock().unwrap();
        assert!(folder(RunScope::Merge, false).lock().is_err());
        drop(alone);
        let first = folder(RunScope::Merge, false).lock().unwrap();
        assert!(folder(RunScope::Merge, false).lock().is_ok());
        drop(first);
    }

    #[test]
    fn an_empty_folder_goes_and_one_with_a_manifest_stays() {
        let out = tempfile::tempdir().unwrap();
        let folder = RunFolder::new(out.path(), RunScope::All, false);
        fs::create_dir_all(folder.state().join(TILES)).unwrap();
        fs::write(folder.state().join("manifest.json"), "{}").unwrap();
        folder.remove_if_empty();
        assert!(folder.is_begun());
        fs::remove_file(folder.state().join("manifest.json")).unwrap();
        folder.remove_if_empty();
        assert!(!folder.state().exists());
    }
}
