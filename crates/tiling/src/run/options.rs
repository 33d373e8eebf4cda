//! Options of a run.

use super::InFlight;
use crate::{Checkpoint, OnFailure, Progress, RunScope, TileFailure};
use std::fmt;

/// Options of a run over results of type `T`: progress, checkpoint, shard, failures. Results do not
/// depend on them.
///
/// ```
/// use isopach_tiling::{OnFailure, Progress, RunOptions};
///
/// let report = |progress: Progress| println!("{:.0} % done", 100.0 * progress.done_fraction());
/// let options = RunOptions::<f64> {
///     progress: &report,
///     on_failure: OnFailure::FinishTheRest,
///     ..RunOptions::default()
/// };
/// # let _ = options;
/// ```
pub struct RunOptions<'a, T> {
    /// Called after each chunk and each tile, from one thread at a time.
    pub progress: &'a (dyn Fn(Progress) + Sync),
    /// Called for each tile that fails, when it does.
    pub tile_failed: &'a (dyn Fn(&TileFailure) + Sync),
    /// Where results are kept, so that a run that ended early can be continued:
    /// [`crate::CheckpointDir::for_results`]. `None` keeps nothing on disk.
    pub checkpoint: Option<Checkpoint<'a, T>>,
    /// Which tiles this process runs.
    pub scope: RunScope,
    /// Whether the other tiles go on when one fails.
    pub on_failure: OnFailure,
    /// How many pieces of work are in flight at once.
    pub in_flight: InFlight,
}

impl<T> Default for RunOptions<'_, T> {
    /// All tiles, nothing kept, stop at the first failure.
    fn default() -> Self {
        Self {
            progress: &|_| (),
            tile_failed: &|_| (),
            checkpoint: None,
            scope: RunScope::All,
            on_failure: OnFailure::Stop,
            in_flight: InFlight::default(),
        }
    }
}

impl<T> fmt::Debug for RunOptions<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            checkpoint,
            scope,
            on_failure,
            in_flight,
            progress: _,
            tile_failed: _,
        } = self;
        f.debug_struct("RunOptions")
            .field("checkpoint", checkpoint)
            .field("scope", scope)
            .field("on_failure", on_failure)
            .field("in_flight", in_flight)
            .finish_non_exhaustive()
    }
}
