//! Results of numbered blocks of work that is not tiles of points (rows of images, say): begun,
//! kept, looked for and removed as those of tiles are.

use super::{
    CheckpointDir, FolderUse, Manifest, Plans, ResultReader, ResultWriter, Results, TilePart,
    max_manifest_bytes,
};
use isopach_compute::Result;
use serde_json::Value;
use std::fmt;

/// What tells a run over blocks from others, beside the parameters and what was found, which a
/// [`CheckpointDir`] has.
#[derive(Clone, Debug)]
pub struct BlockRun<'a> {
    /// What this process does in the folder.
    pub folder_use: FolderUse,
    /// What results may be rounded by: the words of the backends.
    pub precision: Vec<&'a str>,
    /// What tells each input from others: what it has, not where it lies.
    pub identities: Vec<String>,
    /// What to call each input in messages.
    pub names: Vec<String>,
    /// How the work is cut, as JSON, should this process be the first.
    pub plan: Value,
    /// Bytes of memory, a part of which the manifest may take.
    pub memory: u64,
}

/// The folder of a run over blocks that has begun.
///
/// ```
/// use isopach_tiling::{BlockRun, Kept, Stored, Working};
///
/// let folder = tempfile::tempdir()?;
/// let kept = Kept::within(folder.path().join("run"), "as squares");
/// let run = |working| BlockRun {
///     working, precision: vec!["exact"], identities: vec![], names: vec![], plan: 3.into(), memory: 1 << 20,
/// };
/// let shard = kept.blocks(run(Working::Among))?;
/// assert_eq!(shard.plan(), 3);
/// shard.write(1, |to| {
///     1_u64.store(to);
///     Ok(())
/// })?;
/// let merge = kept.blocks(run(Working::Merging))?;
/// assert_eq!(merge.done(&[true; 3])?, [false, true, false]);
/// assert_eq!(merge.read(1, |from| Ok(u64::restore(from)))?, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BlockCheckpoints<'a> {
    results: Results<'a, ()>,
    plan: Value,
}

impl fmt::Debug for BlockCheckpoints<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptBlocks")
            .field("plan", &self.plan)
            .finish_non_exhaustive()
    }
}

impl CheckpointDir {
    /// Begins a run over blocks, or goes on with the one that was begun, under the rules that hold
    /// for tiles.
    ///
    /// # Errors
    /// [`isopach_compute::Error::InvalidInput`] where a run of other parameters, inputs or another
    /// version was begun there; [`isopach_compute::Error::Busy`] where others are at work, or
    /// nothing is there to be merged; [`isopach_compute::Error::Source`] where the folder cannot be
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
    /// How the work is cut, by whoever began the run.
    #[must_use]
    pub fn plan(&self) -> &Value {
        &self.plan
    }

    /// Which of the `wanted` blocks are done: their results are there and whole. Those of others
    /// are not looked at.
    ///
    /// # Errors
    /// [`isopach_compute::Error::Source`] where a result is there and cannot be read: nobody knows
    /// what it is then.
    pub fn finished_blocks(&self, wanted: &[bool]) -> Result<Vec<bool>> {
        Ok(self
            .results
            .finished_parts(wanted)?
            .into_iter()
            .map(|parts| parts.is_some())
            .collect())
    }

    /// Keeps what `store` writes of a block; nothing where it fails. Where two processes do so at
    /// once, the last one's stays.
    ///
    /// # Errors
    /// Of `store`; [`isopach_compute::Error::Source`] where it cannot be written;
    /// [`isopach_compute::Error::Busy`] where the folder is gone.
    pub fn write_block(
        &self,
        block: usize,
        store: impl FnOnce(&mut ResultWriter<'_>) -> Result<()>,
    ) -> Result<()> {
        self.results.write_part(part_of_block(block), store)
    }

    /// What `restore` makes of a block's bytes; it gives `None` where they are none of it. The
    /// checksum is known behind the last byte, so that nothing may be given a name before this
    /// returns.
    ///
    /// # Errors
    /// Of `restore`; [`isopach_compute::Error::Source`] where it cannot be read or is damaged;
    /// [`isopach_compute::Error::Busy`] where it is gone.
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
