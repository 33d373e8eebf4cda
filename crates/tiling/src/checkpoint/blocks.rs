//! Checkpoints of numbered blocks of work that are not tiles of points, such as rows of images,
//! under the rules of tiles.

use super::{
    CheckpointDir, FolderUse, Manifest, Plans, ResultReader, ResultWriter, Results, TilePart,
    max_manifest_bytes,
};
use isopach_compute::Result;
use serde_json::Value;
use std::fmt;

/// Identity of a run over blocks, beside the parameters and derived values of its
/// [`CheckpointDir`].
#[derive(Clone, Debug)]
pub struct BlockRun<'a> {
    /// The use that this process makes of the folder.
    pub folder_use: FolderUse,
    /// Rounding of the results, in the words of the backends:
    /// [`isopach_compute::Compute::precision`].
    pub precision: Vec<&'a str>,
    /// Identity of each input: its content, not its path.
    pub identities: Vec<String>,
    /// Names of the inputs in messages.
    pub names: Vec<String>,
    /// How the work is cut, as JSON, should this process be the first.
    pub plan: Value,
    /// Bytes of memory, a part of which the manifest may take.
    pub memory: u64,
}

/// The folder of a run over blocks that has begun.
///
/// ```
/// use isopach_tiling::{BlockRun, CheckpointDir, Encode, FolderUse};
///
/// let folder = tempfile::tempdir()?;
/// let checkpoint = CheckpointDir::new(folder.path().join("run"), "as squares");
/// let run = |folder_use| BlockRun {
///     folder_use, precision: vec!["exact"], identities: vec![], names: vec![], plan: 3.into(), memory: 1 << 20,
/// };
/// let shard = checkpoint.open_blocks(run(FolderUse::Among))?;
/// assert_eq!(shard.plan(), 3);
/// shard.write_block(1, |to| {
///     1_u64.encode_into(to);
///     Ok(())
/// })?;
/// let merge = checkpoint.open_blocks(run(FolderUse::Merging))?;
/// assert_eq!(merge.finished_blocks(&[true; 3])?, [false, true, false]);
/// assert_eq!(merge.read_block(1, |from| Ok(u64::decode_from(from)))?, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BlockCheckpoints<'a> {
    results: Results<'a, ()>,
    plan: Value,
}

impl fmt::Debug for BlockCheckpoints<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockCheckpoints")
            .field("plan", &self.plan)
            .finish_non_exhaustive()
    }
}

impl CheckpointDir {
    /// Begins a run over blocks, or goes on with the one that was begun, under the rules that hold
    /// for tiles.
    ///
    /// # Errors
    /// [`isopach_compute::Error::InvalidInput`] if a run of other parameters, inputs or another
    /// version was begun there; [`isopach_compute::Error::Busy`] where others are at work, or
    /// nothing is there to be merged; [`isopach_compute::Error::Source`] if the folder cannot be
    /// read or written.
    pub fn open_blocks(&self, run: BlockRun<'_>) -> Result<BlockCheckpoints<'_>> {
        let BlockRun {
            folder_use: working,
            precision,
            identities,
            names,
            plan,
            memory,
        } = run;
        let plans = Plans {
            cut: &|| Ok(plan.clone()),
            to_manifest: &Value::clone,
            from_manifest: &|plan| Ok(Some(plan.clone())),
            max_bytes: max_manifest_bytes(memory),
        };
        let (results, plan) = Results::open_run(
            self.for_results(),
            working,
            |parameters: &str, found: &_| {
                Ok(Manifest::describe(
                    parameters,
                    &precision,
                    &[identities],
                    found,
                ))
            },
            &plans,
            &names,
        )?;
        Ok(BlockCheckpoints { results, plan })
    }
}

impl BlockCheckpoints<'_> {
    /// How the work is cut, by the process that began the run.
    #[must_use]
    pub fn plan(&self) -> &Value {
        &self.plan
    }

    /// Which of the `wanted` blocks have a complete result. Others are not looked at.
    ///
    /// # Errors
    /// [`isopach_compute::Error::Source`] if a result is there and cannot be read: its state is
    /// unknown then.
    pub fn finished_blocks(&self, wanted: &[bool]) -> Result<Vec<bool>> {
        Ok(self
            .results
            .finished_parts(wanted)?
            .into_iter()
            .map(|parts| parts.is_some())
            .collect())
    }

    /// Keeps the bytes that `store` writes for a block; nothing if it fails. Of two processes that
    /// do so at once, the last one wins.
    ///
    /// # Errors
    /// Of `store`; [`isopach_compute::Error::Source`] if it cannot be written;
    /// [`isopach_compute::Error::Busy`] if the folder is gone.
    pub fn write_block(
        &self,
        block: usize,
        store: impl FnOnce(&mut ResultWriter<'_>) -> Result<()>,
    ) -> Result<()> {
        self.results.write_part(part_of_block(block), store)
    }

    /// Reads a block with `restore`, which returns `None` for bytes that it cannot decode. The
    /// checksum follows the last byte, so do not publish anything before this returns.
    ///
    /// # Errors
    /// Of `restore`; [`isopach_compute::Error::Source`] if it cannot be read or is damaged;
    /// [`isopach_compute::Error::Busy`] if it is gone.
    pub fn read_block<R>(
        &self,
        block: usize,
        restore: impl FnOnce(&mut ResultReader<'_>) -> Result<Option<R>>,
    ) -> Result<R> {
        self.results.read_part(part_of_block(block), restore)
    }
}

/// A block is never cut.
fn part_of_block(block: usize) -> TilePart {
    TilePart {
        tile: block,
        part: 0,
        of: 1,
    }
}
