//! Which part of an image this process inverts, and where results are kept until all are there.

use super::Found;
use crate::{arguments::Arguments, guard};
use isopach::{
    compute::{Error, FolderLock, Result},
    tiling::{CheckpointDir, FolderUse, RunScope},
};
use isopach_program::{
    claims::{self, Claims},
    shard::shard,
    signals,
};
use std::{fs, path::PathBuf};

/// The folder of what is kept, in that of the results.
const RUN: &str = ".run";
/// The file that says who works in the folder of results.
const LOCK: &str = ".lock";

/// What was said about it on the command line, understood.
pub(crate) struct Conduct {
    out: PathBuf,
    folder: PathBuf,
    pub(super) share: RunScope,
    /// Whether the run is only begun.
    pub(crate) plans: bool,
    /// Whether results are kept by blocks: a whole run does so only where others have begun.
    pub(crate) is_in_blocks: bool,
    /// Runs of blocks that are taken as they come.
    pub(super) claims: Option<Claims>,
    /// Bytes for everything.
    pub(super) memory: u64,
}

impl Conduct {
    /// # Errors
    /// [`Error::InvalidInput`] for what is no share.
    pub(crate) fn of(arguments: &Arguments) -> Result<Self> {
        let folder = arguments.out.join(RUN);
        let claims = arguments
            .claim
            .map(|of| Claims::new(&folder, of, arguments.lease, &arguments.worker))
            .transpose()?;
        let claimed = arguments.claim.map(|of| RunScope::Shard { number: 1, of });
        let shard =
            shard(arguments.shard.as_deref(), arguments.shard_index.as_deref())?.or(claimed);
        let share = if arguments.merge {
            RunScope::Merge
        } else {
            shard.unwrap_or_default()
        };
        let memory = arguments.memory << 20; // checked to be below 2⁴⁰ MiB
        let out = arguments.out.clone();
        let conduct = Self {
            out,
            folder,
            share,
            plans: arguments.plan,
            is_in_blocks: false,
            claims,
            memory,
        };
        Ok(Self {
            is_in_blocks: conduct.is_among_others() || conduct.is_begun(),
            ..conduct
        })
    }

    /// Whether other processes may do a part of the same run at the same time.
    pub(crate) fn is_among_others(&self) -> bool {
        self.plans || self.share != RunScope::All
    }

    /// Whether a run in blocks was begun here.
    pub(crate) fn is_begun(&self) -> bool {
        self.folder.join("manifest.json").exists()
    }

    /// Whether this process puts all results together.
    pub(crate) fn hands_over(&self) -> bool {
        matches!(self.share, RunScope::All | RunScope::Merge)
    }

    /// What this process does in the folder of what is kept.
    pub(super) fn working(&self) -> FolderUse {
        match self.share {
            _ if self.plans => FolderUse::Planning,
            RunScope::All => FolderUse::Alone,
            RunScope::Merge => FolderUse::Merging,
            RunScope::Shard { .. } | RunScope::Tile(_) => FolderUse::Among,
        }
    }

    /// Holds the folder of results: alone where a whole run writes them, with others else. No
    /// result depends on it.
    pub(crate) fn hold(&self) -> Result<FolderLock> {
        let lock = self.out.join(LOCK);
        if self.is_among_others() {
            FolderLock::shared(lock)
        } else {
            FolderLock::alone(lock)
        }
    }

    /// Where results are kept.
    pub(super) fn kept(&self, arguments: &Arguments) -> CheckpointDir {
        CheckpointDir::within(&self.folder, guard::parameters(arguments).to_string())
    }

    /// What was found by whoever began the run, of these inputs. `None` where nothing was begun, or
    /// where this run may begin anew.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] where the run that was begun is of other parameters, inputs or
    /// another version; [`Error::Source`] where it cannot be read.
    pub(crate) fn found(&self, arguments: &Arguments, inputs: &[String]) -> Result<Option<Found>> {
        let may_begin_anew = matches!(self.working(), FolderUse::Planning | FolderUse::Alone);
        let found = match self.kept(arguments).found(self.memory) {
            Err(Error::InvalidInput(_)) if may_begin_anew => return Ok(None),
            found => found?,
        };
        let Some(found) = found else { return Ok(None) };
        match Found::from_json(&found, inputs) {
            Some(found) => Ok(Some(found)),
            None if may_begin_anew => Ok(None),
            None => {
                let folder = self.folder.display();
                Err(Error::InvalidInput(format!(
                    "an input has changed since {folder} was begun: finish that run with the inputs that it was begun with, or remove {folder} to begin a new one"
                )))
            }
        }
    }

    /// Removes what is no longer needed once all results are there. What cannot be removed of the
    /// claims is in nobody's way.
    pub(crate) fn remove(&self) -> Result<()> {
        CheckpointDir::within(&self.folder, "").remove()?;
        claims::remove(&self.folder);
        self.tidy();
        Ok(())
    }

    /// Leaves no empty folders where a run never began, or has ended: nothing of anybody's is
    /// removed.
    pub(crate) fn tidy(&self) {
        if !self.is_begun() && self.folder.exists() {
            let within = [claims::FOLDER, "tiles"].map(|name| self.folder.join(name));
            for folder in within.into_iter().chain([self.folder.clone()]) {
                let _ = fs::remove_dir(folder);
            }
        }
    }

    /// From now on a signal says what is done before it ends the program.
    pub(crate) fn say_how_to_go_on(&self) {
        let locks = vec![self.out.join(LOCK), self.folder.join("lock")];
        let folder = self.folder.clone();
        signals::say_how_to_go_on("emission", locks, move || signals::done(&folder, "block"));
    }
}
