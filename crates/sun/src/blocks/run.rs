//! Runs in blocks: any process inverts blocks, each into its own file, and one merges them.

use super::{
    BlockExecution, Found,
    bytes::{Layout, Rows},
    plan::Plan,
};
use crate::{
    guard::Content,
    inverting::{Inverting, RowProgress},
    options::EmissionOptions,
    sink::Number,
};
use isopach::{
    compute::{Error, Result},
    emission::{RowBlock, Spread},
    tiling::{BlockCheckpoints, BlockRun, CheckpointDir, Encode, ResultReader, RunScope},
};

/// The folder of a run in blocks, for a process that joins the run.
pub(crate) struct InBlocks<'a> {
    kept: BlockCheckpoints<'a>,
    plan: Plan,
    layout: Layout,
}

impl BlockExecution {
    /// The checkpoints of this run, with these findings.
    pub(crate) fn kept_with(
        &self,
        options: &EmissionOptions,
        found: &Found,
        inputs: &[Content],
    ) -> CheckpointDir {
        self.checkpoint_dir(options)
            .with_derived_values(found.to_json(&Content::file_identities(inputs)))
    }
}

impl<'a> InBlocks<'a> {
    /// Begins the run in its folder, or continues the run there.
    ///
    /// # Errors
    /// As [`CheckpointDir::blocks`]; [`Error::InvalidInput`] for a manifest of an image of another
    /// size.
    pub(crate) fn begin<T: Number>(
        kept: &'a CheckpointDir,
        execution: &BlockExecution,
        options: &EmissionOptions,
        inputs: &[Content],
        inverting: &Inverting<'_>,
    ) -> Result<Self> {
        let [rows, columns] = inverting.shape;
        let layout = Layout::of(inverting.inversion, columns, inverting.draws.is_some());
        let plan = Plan::new(rows, layout.bytes_a_row::<T>(), options.block_rows);
        let kept = kept.open_blocks(BlockRun {
            folder_use: execution.folder_use(),
            precision: inverting.on.precisions(),
            identities: Content::file_identities(inputs),
            names: inputs
                .iter()
                .map(|input| input.path.display().to_string())
                .collect(),
            plan: plan.to_manifest(),
            memory: execution.memory,
        })?;
        let plan = Plan::of_manifest(kept.plan(), rows)?;
        Ok(Self { kept, plan, layout })
    }

    /// The blocks, in words.
    pub(crate) fn describe_plan(&self) -> String {
        self.plan.to_string()
    }

    /// Inverts the blocks of this process's share that are not done yet; returns a description of
    /// the work. `is_merged`: whether another process has merged the results.
    ///
    /// # Errors
    /// Of the input, the inversion and the folder.
    pub(crate) fn invert_blocks<T: Number>(
        &self,
        execution: &BlockExecution,
        inverting: &Inverting<'_>,
        is_merged: impl Fn() -> bool,
    ) -> Result<String> {
        let mut inverted = 0;
        let mut run = |share: RunScope| {
            inverted += self.invert_share::<T>(share, inverting)?;
            Ok(true)
        };
        match &execution.claims {
            Some(claims) => claims.run_all(is_merged, run)?,
            None => drop(run(execution.folder.scope)?),
        }
        Ok(format!(
            "{inverted} of {} blocks were inverted here",
            self.plan.len()
        ))
    }

    fn invert_share<T: Number>(&self, share: RunScope, inverting: &Inverting<'_>) -> Result<usize> {
        let mine = share.select_blocks(self.plan.len())?;
        let done = self.kept.finished_blocks(&mine)?;
        let wanted: Vec<usize> = (0..self.plan.len())
            .filter(|&block| mine[block] && !done[block])
            .collect();
        let mut progress = RowProgress::begin(
            inverting.listener,
            wanted
                .iter()
                .map(|block| self.plan.rows(*block).len())
                .sum(),
        );
        for block in &wanted {
            self.kept.write_block(*block, |to| {
                let mut inverted_again = 0;
                inverting.run::<T>(self.plan.rows(*block), |rows, spread| {
                    self.layout.store(&rows, spread.as_ref(), to);
                    inverted_again += rows.map.inverted_again;
                    progress.add(rows.rows.len());
                    Ok(())
                })?;
                inverted_again.encode_into(to);
                Ok(())
            })?;
        }
        Ok(wanted.len())
    }

    /// Gives the rows of all blocks to `take`, in their order and as many at a time as memory has
    /// room for: as a whole run does.
    ///
    /// # Errors
    /// [`Error::Busy`] if blocks are not done yet, with their numbers; errors of the
    /// folder and of `take`.
    pub(crate) fn put_together<T: Number>(
        &self,
        at_once: usize,
        mut take: impl FnMut(RowBlock<T>, Option<Spread>) -> Result<()>,
    ) -> Result<()> {
        self.check_done()?;
        let mut gathered = Rows::<T>::new(self.layout);
        for block in 0..self.plan.len() {
            self.kept.read_block(block, |from| {
                self.gather_rows(block, from, &mut gathered, at_once, &mut take)
            })?;
        }
        if gathered.len() > 0 {
            let (rows, spread) = gathered.take()?;
            take(rows, spread)?;
        }
        Ok(())
    }

    /// Adds the rows of a block to the gathered ones, which are passed on whenever there are
    /// enough. `None` if the bytes are not a block's.
    fn gather_rows<T: Number>(
        &self,
        block: usize,
        from: &mut ResultReader<'_>,
        gathered: &mut Rows<T>,
        at_once: usize,
        take: &mut impl FnMut(RowBlock<T>, Option<Spread>) -> Result<()>,
    ) -> Result<Option<()>> {
        let rows = self.plan.rows(block);
        if from.remaining_bytes()
            != rows.len() as u64 * self.layout.bytes_a_row::<T>() + size_of::<u64>() as u64
        {
            return Ok(None);
        }
        for row in rows.clone() {
            // Passed on before a row is added, so that the last rows of a block know how many were
            // inverted again.
            if gathered.len() >= at_once {
                let (rows, spread) = gathered.take()?;
                take(rows, spread)?;
            }
            let room = at_once.min(self.plan.rows_from(row));
            if gathered.restore(from, room).is_none() {
                return Ok(None);
            }
        }
        let Some(inverted_again) = usize::decode_from(from) else {
            return Ok(None);
        };
        gathered.inverted_again = gathered.inverted_again.saturating_add(inverted_again);
        Ok(Some(()))
    }

    /// Refuses to merge while blocks are missing.
    fn check_done(&self) -> Result<()> {
        let done = self.kept.finished_blocks(&vec![true; self.plan.len()])?;
        let missing: Vec<usize> = (0..done.len()).filter(|&block| !done[block]).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::Busy(format!(
            "{} of {} blocks are not done yet (blocks from 0: {}): run the shards that have them again, or --claim, which does all that are left",
            missing.len(),
            done.len(),
            row_ranges(&missing)
        )))
    }
}

/// Largest number of ranges in a message.
const MOST_RANGES: usize = 8;

/// Ascending numbers in words: `0 to 3, 7`.
fn row_ranges(numbers: &[usize]) -> String {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b);
    let all = runs.clone().count();
    let mut text = runs
        .take(MOST_RANGES)
        .map(|run: &[usize]| match run {
            [one] => one.to_string(),
            run => format!("{} to {}", run[0], run[run.len() - 1]),
        })
        .collect::<Vec<_>>()
        .join(", ");
    if all > MOST_RANGES {
        text.push_str(", …");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_in_ranges() {
        assert_eq!(row_ranges(&[0, 1, 2, 7, 9, 10]), "0 to 2, 7, 9 to 10");
        let many: Vec<usize> = (0..40).map(|i| 2 * i).collect();
        assert_eq!(row_ranges(&many), "0, 2, 4, 6, 8, 10, 12, 14, …");
    }
}
