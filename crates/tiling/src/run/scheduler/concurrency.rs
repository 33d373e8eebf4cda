//! The number of pieces of work in flight, fixed or found by measuring.
//!
//! More pieces than threads: while one waits for a disk, another computes. Fewer: each has more of
//! the cache and of the memory. Which is better depends on the machine, so the number can be
//! measured while the run goes on: it changes by one after each window of pieces. The next change
//! goes in the same direction if the run got faster, back if it got slower, and towards fewer if
//! the two speeds do not differ. Speed is *work* per second: points that chunks gave and tiles
//! took, each weighted by the thread time that such a point has taken so far, so that a stretch of
//! decoding and a stretch of tiles can be compared.

use crate::progress::PieceKind;
use std::{
    num::NonZeroUsize,
    time::{Duration, Instant},
};

/// How many pieces of work (chunks being decoded, tiles being run) are in flight at once, memory
/// permitting. Results do not depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum InFlight {
    /// One more than there are threads, so that no thread waits for the next piece to be chosen.
    #[default]
    OnePerThread,
    /// Always this number.
    Fixed(NonZeroUsize),
    /// Found by measuring: between 1 and four per thread, starting with one more than threads.
    Measured,
}

/// Pieces per piece in flight over which a speed is measured.
const WINDOW: usize = 8;
/// Relative difference from which on two speeds differ.
const DIFFERENCE: f64 = 0.02;

/// The number of pieces that may be in flight now, and the measurements that change it.
#[derive(Debug)]
pub(super) struct ConcurrencyController {
    limit: usize,
    /// Largest number, where it is measured at all.
    max: Option<usize>,
    is_rising: bool,
    /// Work per second in the last window.
    speed: Option<f64>,
    /// Of the whole run, by [`PieceKind`].
    totals: [PieceTotals; 2],
    window: Window,
}

/// Thread time and points of one kind of pieces.
#[derive(Clone, Copy, Debug, Default)]
struct PieceTotals {
    seconds: f64,
    points: f64,
}

/// The pieces since the last change.
#[derive(Debug)]
struct Window {
    since: Instant,
    pieces: usize,
    /// By [`PieceKind`].
    points: [f64; 2],
}

impl Window {
    fn starting_at(since: Instant) -> Self {
        Self {
            since,
            pieces: 0,
            points: [0.0; 2],
        }
    }
}

impl ConcurrencyController {
    /// Starts as `wanted` for a pool of `threads`.
    pub(super) fn new(wanted: InFlight, threads: usize, start: Instant) -> Self {
        let (limit, max) = match wanted {
            InFlight::OnePerThread => (threads + 1, None),
            InFlight::Fixed(number) => (number.get(), None),
            InFlight::Measured => (threads + 1, Some(4 * threads)),
        };
        Self {
            limit,
            max,
            is_rising: true,
            speed: None,
            totals: [PieceTotals::default(); 2],
            window: Window::starting_at(start),
        }
    }

    /// Pieces that may be in flight now.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Records a piece of `points` points that is over at `at`.
    pub(super) fn record_piece(
        &mut self,
        kind: PieceKind,
        points: u64,
        took: Duration,
        at: Instant,
    ) {
        let totals = &mut self.totals[kind as usize];
        totals.seconds += took.as_secs_f64();
        totals.points += points as f64;
        self.window.points[kind as usize] += points as f64;
        self.window.pieces += 1;
        if let Some(max) = self.max
            && self.window.pieces >= WINDOW * self.limit
        {
            self.adapt_limit(max, at);
        }
    }

    /// Changes the number by one, after a window that ends at `at`.
    fn adapt_limit(&mut self, max: usize, at: Instant) {
        let elapsed = at.duration_since(self.window.since).as_secs_f64();
        let speed = self.work_in_window() / elapsed.max(1e-9);
        match self.speed.map(|before| speed / before) {
            Some(ratio) if ratio < 1.0 - DIFFERENCE => self.is_rising = !self.is_rising,
            Some(ratio) if ratio < 1.0 + DIFFERENCE => self.is_rising = false,
            _ => {}
        }
        self.speed = Some(speed);
        self.limit = if self.is_rising {
            (self.limit + 1).min(max)
        } else {
            (self.limit - 1).max(1)
        };
        self.window = Window::starting_at(at);
    }

    /// Thread seconds that the window's points would take at the mean so far.
    fn work_in_window(&self) -> f64 {
        let kinds = self.window.points.iter().zip(&self.totals);
        kinds
            .map(|(points, totals)| points * totals.seconds / totals.points.max(1.0))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Numbers in flight of a run of tiles that takes `seconds(n)` for a tile when n are in flight.
    fn history(
        mut controller: ConcurrencyController,
        pieces: usize,
        seconds: impl Fn(usize) -> f64,
    ) -> Vec<usize> {
        let mut at = controller.window.since;
        let mut seen = Vec::new();
        for _ in 0..pieces {
            at += Duration::from_secs_f64(seconds(controller.limit()));
            controller.record_piece(PieceKind::Tile, 1000, Duration::from_secs_f64(0.01), at);
            seen.push(controller.limit());
        }
        seen
    }

    fn controller(wanted: InFlight) -> ConcurrencyController {
        ConcurrencyController::new(wanted, 2, Instant::now())
    }

    #[test]
    fn the_number_goes_to_where_the_run_is_fastest_and_stays_about_there() {
        let seen = history(controller(InFlight::Measured), 3000, |n| {
            0.01 * (1.0 + (n as f64 - 6.0).abs())
        });
        assert!(seen[1000..].iter().all(|n| (5..=7).contains(n)), "{seen:?}");
    }

    #[test]
    fn where_nothing_can_be_told_fewer_are_in_flight() {
        let seen = history(controller(InFlight::Measured), 1000, |_| 0.01);
        assert_eq!(seen.last(), Some(&1));
    }

    #[test]
    fn a_fixed_number_stays() {
        for (wanted, number) in [
            (InFlight::OnePerThread, 3),
            (InFlight::Fixed(NonZeroUsize::MIN), 1),
        ] {
            assert!(
                history(controller(wanted), 200, |n| 1.0 / n as f64)
                    .iter()
                    .all(|n| *n == number)
            );
        }
    }

    proptest! {
        #[test]
        fn the_number_stays_within_its_bounds(seconds in prop::collection::vec(1e-6..10.0_f64, 8)) {
            let seen = history(controller(InFlight::Measured), 800, |n| seconds[n - 1]);
            prop_assert!(seen.iter().all(|n| (1..=8).contains(n)));
        }
    }
}
