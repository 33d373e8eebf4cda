//! Progress of a run.

use std::time::{Duration, Instant};

/// Progress of a run, with an estimate of the time left.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Progress {
    /// Chunks that were decoded and routed, or that no tile needs.
    pub chunks_done: u64,
    /// Chunks in all.
    pub chunks: u64,
    /// Points that were decoded.
    pub points: u64,
    /// Tiles that are finished, including empty ones and those of an earlier run.
    pub tiles_done: u64,
    /// Tiles in all.
    pub tiles: u64,
    /// Time since the start.
    pub elapsed: Duration,
    /// Estimated time left, at the mean time per chunk and tile so far; `None` until a tile is
    /// done.
    pub remaining: Option<Duration>,
}

impl Progress {
    /// Points decoded per second.
    #[must_use]
    pub fn points_per_second(&self) -> f64 {
        self.points as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// Fraction of the run that is done, 0 to 1: chunks and tiles each count for half.
    #[must_use]
    pub fn done_fraction(&self) -> f64 {
        let chunks = fraction_of(self.chunks_done, self.chunks);
        let tiles = fraction_of(self.tiles_done, self.tiles);
        0.5 * (chunks + tiles)
    }
}

/// 1 if there is nothing to do.
fn fraction_of(done: u64, total: u64) -> f64 {
    if total == 0 {
        1.0
    } else {
        done as f64 / total as f64
    }
}

/// Measures how far a run has come and how long the rest will take.
#[derive(Debug)]
pub(crate) struct ProgressMeter {
    start: Instant,
    chunks: DoneOfTotal,
    tiles: DoneOfTotal,
    points: u64,
    /// Thread time of the pieces so far, by [`PieceKind`].
    times: [PieceTime; 2],
}

#[derive(Clone, Copy, Debug, Default)]
struct DoneOfTotal {
    done: u64,
    total: u64,
}

impl DoneOfTotal {
    fn left(self) -> f64 {
        self.total.saturating_sub(self.done) as f64
    }
}

/// Time that threads took for pieces of one kind, and their number.
#[derive(Clone, Copy, Debug, Default)]
struct PieceTime {
    took: Duration,
    count: u32,
}

impl PieceTime {
    /// Thread seconds of `left` pieces more; `None` where none was measured yet.
    fn seconds_for(self, left: f64) -> Option<f64> {
        if left == 0.0 {
            return Some(0.0);
        }
        (self.count > 0).then(|| left * self.took.as_secs_f64() / f64::from(self.count))
    }
}

/// Kinds of pieces of work that are timed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PieceKind {
    Chunk = 0,
    Tile = 1,
}

/// Things that are counted until all of them are done.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Counted {
    Chunks,
    Tiles,
}

impl ProgressMeter {
    /// Nothing of `chunks` and `tiles` is done yet.
    pub(crate) fn new(start: Instant, chunks: u64, tiles: u64) -> Self {
        let of = |total| DoneOfTotal { done: 0, total };
        Self {
            start,
            chunks: of(chunks),
            tiles: of(tiles),
            points: 0,
            times: [PieceTime::default(); 2],
        }
    }

    /// Counts more chunks or tiles as done.
    pub(crate) fn count_done(&mut self, what: Counted, more: u64) {
        match what {
            Counted::Chunks => self.chunks.done += more,
            Counted::Tiles => self.tiles.done += more,
        }
    }

    /// Counts points that were decoded.
    pub(crate) fn count_points(&mut self, more: u64) {
        self.points += more;
    }

    /// Records the thread time of a piece.
    pub(crate) fn record_time(&mut self, kind: PieceKind, took: Duration) {
        let time = &mut self.times[kind as usize];
        time.took += took;
        time.count += 1;
    }

    /// How far the run has come now.
    pub(crate) fn current_progress(&self) -> Progress {
        let elapsed = self.start.elapsed();
        Progress {
            chunks_done: self.chunks.done,
            chunks: self.chunks.total,
            points: self.points,
            tiles_done: self.tiles.done,
            tiles: self.tiles.total,
            elapsed,
            remaining: self.time_remaining(elapsed),
        }
    }

    /// Thread time of the rest, at the rate at which thread time has passed so far.
    fn time_remaining(&self, elapsed: Duration) -> Option<Duration> {
        let [chunk_time, tile_time] = self.times;
        let chunks = chunk_time.seconds_for(self.chunks.left())?;
        let tiles = tile_time.seconds_for(self.tiles.left())?;
        let spent = (chunk_time.took + tile_time.took).as_secs_f64();
        let rate = spent / elapsed.as_secs_f64().max(1e-9);
        Duration::try_from_secs_f64((chunks + tiles) / rate.max(1e-3)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_takes_as_long_as_what_was_done() {
        let mut pace = ProgressMeter::new(Instant::now(), 10, 4);
        assert_eq!(pace.time_remaining(Duration::from_secs(1)), None);
        pace.count_done(Counted::Chunks, 5);
        pace.count_done(Counted::Tiles, 1);
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
