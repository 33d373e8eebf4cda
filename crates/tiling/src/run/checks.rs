//! Checks before and after a run.

use super::{RunOptions, scheduler::ChunkQueue, tile_pieces::decoding_bytes};
use crate::{PointSource, RunReport, RunScope, TilingError, memory_budget::MemoryBudget};
use isopach_cloud::Columns;
use isopach_compute::{Error, Result};

/// Refuses shards and merges without a folder of results.
pub(super) fn check_scope<T>(options: &RunOptions<'_, T>) -> Result<()> {
    match options.scope {
        RunScope::Shard { .. } | RunScope::Merge if options.checkpoint.is_none() => {
            Err(TilingError::NoCheckpoint.into())
        }
        _ => Ok(()),
    }
}

/// Refuses to merge while results are missing.
pub(super) fn check_merge(scope: RunScope, finished: &[Option<usize>]) -> Result<()> {
    let missing = finished.iter().filter(|parts| parts.is_none()).count();
    match (scope, finished.iter().position(Option::is_none)) {
        (RunScope::Merge, Some(first)) => Err(Error::Busy(format!(
            "{missing} of {} tiles are not done yet (the first is tile {first}): run the shards that have them",
            finished.len()
        ))),
        _ => Ok(()),
    }
}

/// Refuses chunks that would take more than a quarter of the memory while they are decoded.
pub(super) fn check_chunks(
    queue: &ChunkQueue,
    sources: &[&dyn PointSource],
    columns: Columns,
    budget: &MemoryBudget,
) -> Result<()> {
    let largest = queue
        .needed_chunks()
        .map(|(source, chunk)| decoding_bytes(sources[source], chunk, columns))
        .max();
    let requested = largest.unwrap_or(0).saturating_mul(4);
    if requested <= budget.limit() {
        return Ok(());
    }
    Err(Error::OutOfMemory {
        what: "decoding the largest chunk in a quarter of the memory",
        requested,
        budget: budget.total_bytes(),
        advice: "raise the memory, or read files with smaller chunks",
    })
}

/// Refuses a source whose filters left no point, where all of it was read.
pub(super) fn check_filters(report: &RunReport, sources: &[&dyn PointSource]) -> Result<()> {
    for (read, source) in report.sources.iter().zip(sources) {
        let is_read_whole = read.decodes > 0 && read.decodes + read.chunks_skipped == read.chunks;
        if read.points == 0 && is_read_whole && report.tiles_kept == 0 {
            return Err(TilingError::AllFiltered {
                name: source.name(),
                points: source.point_count(),
            }
            .into());
        }
    }
    Ok(())
}

/// The lines that identify the inputs of each source.
pub(super) fn identify_inputs(sources: &[&dyn PointSource]) -> Result<Vec<Vec<String>>> {
    sources
        .iter()
        .map(|source| source.input_identities())
        .collect()
}

/// The name of each input of all sources; empty if it has none.
pub(super) fn name_inputs(sources: &[&dyn PointSource]) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for source in sources {
        let mut names = source.input_names();
        names.resize(source.input_identities()?.len(), String::new());
        all.extend(names);
    }
    Ok(all)
}

/// Refuses results of inputs that changed since the run began.
pub(super) fn check_unchanged(before: &[Vec<String>], sources: &[&dyn PointSource]) -> Result<()> {
    let before: Vec<&String> = before.iter().flatten().collect();
    let after = identify_inputs(sources)?;
    let after: Vec<&String> = after.iter().flatten().collect();
    let mut pairs = before.iter().zip(&after);
    let Some(at) = pairs.position(|(before, after)| before != after) else {
        return Ok(());
    };
    let name = name_inputs(sources)?
        .into_iter()
        .nth(at)
        .unwrap_or_default();
    Err(TilingError::ChangedDuringRun {
        name,
        before: before[at].clone(),
        after: after[at].clone(),
    }
    .into())
}
