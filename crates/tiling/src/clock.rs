//! Wall time of stages that overlap.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A stage of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum RunStage {
    /// Reading and decompressing chunks.
    Decode,
    /// Sorting their points to tiles.
    Route,
    /// Writing points that memory cannot hold.
    Spill,
    /// Putting a tile's points together, from memory or disk.
    Load,
    /// The operation.
    Compute,
    /// Keeping a tile's result for a restart, and reading it back.
    Keep,
    /// The sink.
    Write,
}

impl RunStage {
    /// All of them, in the order of the work.
    pub const ALL: [Self; 7] = [
        Self::Decode,
        Self::Route,
        Self::Spill,
        Self::Load,
        Self::Compute,
        Self::Keep,
        Self::Write,
    ];

    /// Its name, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        [
            "decode", "route", "spill", "load", "compute", "keep", "write",
        ][self as usize]
    }
}

const STAGES: usize = RunStage::ALL.len();

/// Time of each stage, in the order of [`RunStage::ALL`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StageTimes {
    /// Wall time: a moment in which several things happen counts for each of them in part, so that
    /// all of them and `idle` add up.
    pub wall: [Duration; STAGES],
    /// Time of all threads together; a thread that helps with one piece of work while it waits in
    /// another counts for both.
    pub threads: [Duration; STAGES],
    /// Wall time in which nothing happened.
    pub idle: Duration,
}

impl StageTimes {
    /// Wall time of a stage.
    #[must_use]
    pub fn wall_of(&self, stage: RunStage) -> Duration {
        self.wall[stage as usize]
    }

    /// Time of a stage, all threads together.
    #[must_use]
    pub fn threads_of(&self, stage: RunStage) -> Duration {
        self.threads[stage as usize]
    }
}

/// Counts the pieces of work in each stage and divides the wall time among them.
#[derive(Debug)]
pub(crate) struct Clock {
    state: Mutex<ClockState>,
}

#[derive(Debug)]
struct ClockState {
    since: Instant,
    active: [u32; STAGES],
    times: StageTimes,
}

/// A piece of work in a stage; it ends when dropped.
pub(crate) struct StageGuard<'a> {
    clock: &'a Clock,
    stage: RunStage,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(ClockState {
                since: Instant::now(),
                active: [0; STAGES],
                times: StageTimes::default(),
            }),
        }
    }

    /// Begins a piece of work.
    pub(crate) fn start_stage(&self, stage: RunStage) -> StageGuard<'_> {
        self.account_then(|active| active[stage as usize] += 1);
        StageGuard { clock: self, stage }
    }

    /// The times so far.
    pub(crate) fn stage_times(&self) -> StageTimes {
        self.account_then(|_| ());
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .times
            .clone()
    }

    fn account_then(&self, what: impl FnOnce(&mut [u32; STAGES])) {
        // A poisoned clock is still one: every change of it is whole.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let passed = now - state.since;
        state.since = now;
        let active = state.active;
        let all = state.active.iter().sum::<u32>();
        if all == 0 {
            state.times.idle += passed;
        } else {
            for (stage, count) in active.into_iter().enumerate() {
                state.times.wall[stage] += passed * count / all;
                state.times.threads[stage] += passed * count;
            }
        }
        what(&mut state.active);
    }
}

impl Drop for StageGuard<'_> {
    fn drop(&mut self) {
        let stage = self.stage as usize;
        self.clock
            .account_then(|active| active[stage] = active[stage].saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_the_wall() {
        let start = Instant::now();
        let clock = Clock::new();
        let both = (
            clock.start_stage(RunStage::Decode),
            clock.start_stage(RunStage::Compute),
        );
        std::thread::sleep(Duration::from_millis(3));
        drop(both);
        let times = clock.stage_times();
        let sum: Duration = times.wall.iter().sum::<Duration>() + times.idle;
        assert!(
            sum <= start.elapsed() && sum + Duration::from_micros(1) >= Duration::from_millis(3),
            "{sum:?}"
        );
        assert_eq!(
            times.wall_of(RunStage::Decode) > Duration::ZERO,
            times.wall_of(RunStage::Compute) > Duration::ZERO
        );
        assert!(times.threads_of(RunStage::Decode) >= times.wall_of(RunStage::Decode));
        assert_eq!(times.wall_of(RunStage::Write), Duration::ZERO);
    }
}
