//! How far a run has come.

use std::time::{Duration, Instant};

/// How far a run has come, and how long it will take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Chunks decoded and routed, or found not to be needed.
    pub chunks_done: u64,
    /// Chunks in all.
    pub chunks: u64,
    /// Points that were decoded.
    pub points: u64,
    /// Tiles finished, empty ones and those of an earlier run with them.
    pub tiles_done: u64,
    /// Tiles in all.
    pub tiles: u64,
    /// Time since the start.
    pub elapsed: Duration,
    /// Time left, if what is left takes as long as what is done; `None` until a tile is done.
    pub remaining: Option<Duration>,
}

impl Progress {
    /// Points decoded a second.
    #[must_use]
    pub fn points_per_second(&self) -> f64 {
        self.points as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// Share of the whole that is done, 0 to 1: chunks and tiles each count for half.
    #[must_use]
    pub fn done_fraction(&self) -> f64 {
        let share = |done: u64, of: u64| {
            if of == 0 {
                1.0
            } else {
                done as f64 / of as f64
            }
        };
        0.5 * (share(self.chunks_done, self.chunks) + share(self.tiles_done, self.tiles))
    }
}

/// What is counted to tell it.
#[derive(Debug)]
pub(crate) struct ProgressMeter {
    start: Instant,
    pub(crate) chunks: [u64; 2],
    pub(crate) tiles: [u64; 2],
    pub(crate) points: u64,
    /// Time that threads took for chunks and for tiles, and how many of them that was.
    took: [Duration; 2],
    counted: [u32; 2],
}

/// What took a time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PieceKind {
    Chunk = 0,
    Tile = 1,
}

impl ProgressMeter {
    pub(crate) fn new(start: Instant, chunks: u64, tiles: u64) -> Self {
        Self {
            start,
            chunks: [0, chunks],
            tiles: [0, tiles],
            points: 0,
            took: Default::default(),
            counted: [0; 2],
        }
    }

    /// Notes how long something took.
    pub(crate) fn record_time(&mut self, what: PieceKind, time: Duration) {
        self.took[what as usize] += time;
        self.counted[what as usize] += 1;
    }

    pub(crate) fn current_progress(&self) -> Progress {
        let elapsed = self.start.elapsed();
        Progress {
            chunks_done: self.chunks[0],
            chunks: self.chunks[1],
            points: self.points,
            tiles_done: self.tiles[0],
            tiles: self.tiles[1],
            elapsed,
            remaining: self.time_remaining(elapsed),
        }
    }

    /// Thread time of what is left, at the rate at which thread time has passed so far.
    fn time_remaining(&self, elapsed: Duration) -> Option<Duration> {
        let left = |what: PieceKind| {
            let [done, of] = [self.chunks, self.tiles][what as usize];
            let (took, counted) = (
                self.took[what as usize].as_secs_f64(),
                self.counted[what as usize],
            );
            let left = of.saturating_sub(done) as f64;
            if left == 0.0 {
                Some(0.0)
            } else {
                (counted > 0).then(|| left * took / f64::from(counted))
            }
        };
        let both = left(PieceKind::Chunk)? + left(PieceKind::Tile)?;
        let rate =
            self.took.iter().sum::<Duration>().as_secs_f64() / elapsed.as_secs_f64().max(1e-9);
        Duration::try_from_secs_f64(both / rate.max(1e-3)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_takes_as_long_as_what_was_done() {
        let mut pace = ProgressMeter::new(Instant::now(), 10, 4);
        assert_eq!(pace.time_remaining(Duration::from_secs(1)), None);
        (pace.chunks[0], pace.tiles[0]) = (5, 1);
        (0..5).for_each(|_| pace.record_time(PieceKind::Chunk, Duration::from_secs(2)));
        pace.record_time(PieceKind::Tile, Duration::from_secs(10));
        // 20 s of threads in 10 s: two at a time. Left: 5 chunks of 2 s and 3 tiles of 10 s.
        assert_eq!(
            pace.time_remaining(Duration::from_secs(10)),
            Some(Duration::from_secs(20))
        );
        assert!((pace.current_progress().done_fraction() - 0.375).abs() < 1e-12);
    }
}
