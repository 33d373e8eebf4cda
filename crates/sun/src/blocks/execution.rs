//! The part of an image that this process inverts, and the folder that holds results until the run
//! is complete.

use super::Found;
use crate::{SunError, guard, options::EmissionOptions};
use isopach::tiling::TilingError;
use isopach::{
    compute::{Error, Result},
    tiling::{CheckpointDir, FolderUse, RunScope},
};
use isopach_program::{
    claims::{self, Claims},
    run_folder::RunFolder,
    shard::parse_shard,
};

/// Execution of an image's inversion, from the options: the folder, the blocks of this process,
/// memory.
pub(crate) struct BlockExecution {
    /// Output folder, and the blocks that this process inverts.
    pub(crate) folder: RunFolder,
    /// Whether results are kept by blocks: a whole run does so only if others have begun one.
    pub(crate) is_in_blocks: bool,
    /// Claims on runs of blocks, with `--claim`.
    pub(super) claims: Option<Claims>,
    /// Bytes for everything.
    pub(super) memory: u64,
}

impl BlockExecution {
    /// # Errors
    /// [`Error::InvalidInput`] if the options describe no valid share.
    pub(crate) fn of(options: &EmissionOptions) -> Result<Self> {
        let state = RunFolder::state_within(&options.out);
        let claims = options
            .claim
            .map(|of| Claims::new(&state, of, options.lease, &options.worker))
            .transpose()?;
        let folder = RunFolder::new(&options.out, run_scope(options)?, options.plan);
        Ok(Self {
            is_in_blocks: folder.is_shared() || folder.is_begun(),
            folder,
            claims,
            memory: options.memory << 20, // checked to be below 2⁴⁰ MiB
        })
    }

    /// Whether this process puts all results together.
    pub(crate) fn hands_over(&self) -> bool {
        matches!(self.folder.scope, RunScope::All | RunScope::Merge)
    }

    /// How this process uses the folder of checkpoints.
    pub(super) fn folder_use(&self) -> FolderUse {
        match self.folder.scope {
            _ if self.folder.is_plan => FolderUse::Planning,
            RunScope::All => FolderUse::Alone,
            RunScope::Merge => FolderUse::Merging,
            RunScope::Shard { .. } | RunScope::Tile(_) => FolderUse::Among,
        }
    }

    /// The folder that holds results until the run is complete.
    pub(super) fn checkpoint_dir(&self, options: &EmissionOptions) -> CheckpointDir {
        CheckpointDir::new(
            self.folder.state(),
            guard::result_parameters(options).to_string(),
        )
    }

    /// The findings about these inputs by the process that began the run. `None` if no run was
    /// begun, or if this run may restart.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if the run that was begun has other parameters, inputs or
    /// another version; [`Error::Source`] if it cannot be read.
    pub(crate) fn read_found(
        &self,
        options: &EmissionOptions,
        inputs: &[String],
    ) -> Result<Option<Found>> {
        let may_begin_anew = matches!(self.folder_use(), FolderUse::Planning | FolderUse::Alone);
        let found = match self.checkpoint_dir(options).derived_values(self.memory) {
            Err(error) if may_begin_anew && is_other_run(&error) => return Ok(None),
            found => found?,
        };
        let Some(found) = found else { return Ok(None) };
        match Found::from_json(&found, inputs) {
            Some(found) => Ok(Some(found)),
            None if may_begin_anew => Ok(None),
            None => {
                let folder = self.folder.state().to_owned();
                Err(SunError::InputChanged { folder }.into())
            }
        }
    }

    /// Removes the checkpoints and claims once the results are complete. Claims that cannot be
    /// removed do no harm.
    pub(crate) fn remove_checkpoints(&self) -> Result<()> {
        CheckpointDir::new(self.folder.state(), "").remove_all()?;
        claims::remove_claims(self.folder.state());
        self.folder.remove_if_empty();
        Ok(())
    }
}

/// Whether the folder belongs to a run of other parameters, or of another version.
fn is_other_run(error: &Error) -> bool {
    matches!(error.find_cause(), Some(TilingError::OtherRun { .. }))
}

/// The part of the image that this process inverts.
fn run_scope(options: &EmissionOptions) -> Result<RunScope> {
    if options.merge {
        return Ok(RunScope::Merge);
    }
    let claimed = options.claim.map(|of| RunScope::Shard { number: 1, of });
    let shard = parse_shard(options.shard.as_deref(), options.shard_index.as_deref())?;
    Ok(shard.or(claimed).unwrap_or_default())
}
