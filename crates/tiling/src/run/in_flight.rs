//! How many pieces of work are in flight, fixed or found by measuring.
//!
//! More in flight than threads: while one waits for a disk, another computes. Fewer: each has more
//! of the cache, and of the memory. Which is better depends on the machine, so it can be measured
//! while the run goes on: the number is changed by one, and the next change goes on in that
//! direction if the run got faster, back if it got slower, and towards fewer if neither can be
//! told. Faster is meant in *work* a second: points that chunks gave and tiles took, each weighed
//! by the thread time that such a point has taken so far, so that a stretch of decoding and a
//! stretch of tiles can be compared.

use crate::progress::PieceKind;
use std::{
    num::NonZeroUsize,
    time::{Duration, Instant},
};

/// How many pieces of work (chunks being decoded, tiles being run) are in flight at once, memory
/// permitting. Results do not depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InFlight {
    /// One more than there are threads, so that none waits for the next piece to be chosen.
    #[default]
    OnePerThread,
    /// So many.
    Fixed(NonZeroUsize),
    /// Found by measuring: from one more than there are threads, between 1 and four a thread.
    Measured,
}

/// Pieces over which a speed is measured, for each that is in flight.
const WINDOW: usize = 8;
/// Share by which a speed must differ to be another one.
const TELLING: f64 = 0.02;

/// The number as it is now, and what is measured to change it.
#[derive(Debug)]
pub(super) struct Gauge {
    now: usize,
    /// Largest number, where it is changed at all.
    most: Option<usize>,
    upwards: bool,
    /// Work a second in the last window.
    speed: Option<f64>,
    /// Thread time and points so far, of chunks and of tiles.
    took: [f64; 2],
    points: [f64; 2],
    window: Window,
}

#[derive(Debug)]
struct Window {
    since: Instant,
    pieces: usize,
    points: [f64; 2],
}

impl Window {
    fn from(since: Instant) -> Self {
        Self {
            since,
            pieces: 0,
            points: [0.0; 2],
        }
    }
}

impl Gauge {
    pub(super) fn new(wanted: InFlight, threads: usize, start: Instant) -> Self {
        let (now, most) = match wanted {
            InFlight::OnePerThread => (threads + 1, None),
            InFlight::Fixed(number) => (number.get(), None),
            InFlight::Measured => (threads + 1, Some(4 * threads)),
        };
        let window = Window::from(start);
        Self {
            now,
            most,
            upwards: true,
            speed: None,
            took: [0.0; 2],
            points: [0.0; 2],
            window,
        }
    }

    /// Pieces that may be in flight.
    pub(super) fn now(&self) -> usize {
        self.now
    }

    /// Notes a piece of so many points that is over at `at`.
    pub(super) fn note(&mut self, what: PieceKind, points: u64, took: Duration, at: Instant) {
        let what = what as usize;
        self.took[what] += took.as_secs_f64();
        self.points[what] += points as f64;
        self.window.points[what] += points as f64;
        self.window.pieces += 1;
        let Some(most) = self
            .most
            .filter(|_| self.window.pieces >= WINDOW * self.now)
        else {
            return;
        };
        let speed = self.work() / at.duration_since(self.window.since).as_secs_f64().max(1e-9);
        match self.speed.map(|before| speed / before) {
            Some(ratio) if ratio < 1.0 - TELLING => self.upwards = !self.upwards,
            Some(ratio) if ratio < 1.0 + TELLING => self.upwards = false,
            _ => {}
        }
        self.speed = Some(speed);
        self.now = if self.upwards {
            (self.now + 1).min(most)
        } else {
            (self.now - 1).max(1)
        };
        self.window = Window::from(at);
    }

    /// Thread seconds that the window's points would take at the mean so far.
    fn work(&self) -> f64 {
        (0..2)
            .map(|what| self.window.points[what] * self.took[what] / self.points[what].max(1.0))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Numbers in flight of a run of tiles that takes `seconds(n)` for a tile when n are in flight.
    fn history(mut gauge: Gauge, pieces: usize, seconds: impl Fn(usize) -> f64) -> Vec<usize> {
        let mut at = gauge.window.since;
        let mut seen = Vec::new();
        for _ in 0..pieces {
            at += Duration::from_secs_f64(seconds(gauge.now()));
            gauge.note(PieceKind::Tile, 1000, Duration::from_secs_f64(0.01), at);
            seen.push(gauge.now());
        }
        seen
    }

    fn gauge(wanted: InFlight) -> Gauge {
        Gauge::new(wanted, 2, Instant::now())
    }

    #[test]
    fn the_number_goes_to_where_the_run_is_fastest_and_stays_about_there() {
        let seen = history(gauge(InFlight::Measured), 3000, |n| {
            0.01 * (1.0 + (n as f64 - 6.0).abs())
        });
        assert!(seen[1000..].iter().all(|n| (5..=7).contains(n)), "{seen:?}");
    }

    #[test]
    fn where_nothing_can_be_told_fewer_are_in_flight() {
        let seen = history(gauge(InFlight::Measured), 1000, |_| 0.01);
        assert_eq!(seen.last(), Some(&1));
    }

    #[test]
    fn a_fixed_number_stays() {
        for (wanted, number) in [
            (InFlight::OnePerThread, 3),
            (InFlight::Fixed(NonZeroUsize::MIN), 1),
        ] {
            assert!(
                history(gauge(wanted), 200, |n| 1.0 / n as f64)
                    .iter()
                    .all(|n| *n == number)
            );
        }
    }

    proptest! {
        #[test]
        fn the_number_stays_within_its_bounds(seconds in prop::collection::vec(1e-6..10.0_f64, 8)) {
            let seen = history(gauge(InFlight::Measured), 800, |n| seconds[n - 1]);
            prop_assert!(seen.iter().all(|n| (1..=8).contains(n)));
        }
    }
}
