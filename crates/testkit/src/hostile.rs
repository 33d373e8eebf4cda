//! Damaged inputs by the thousand: chance, and a watch on time and memory.

pub use peak_alloc::PeakAlloc;
use std::{
    fmt,
    time::{Duration, Instant},
};

/// The allocator that counts bytes. A test binary declares one as its global allocator.
pub static MEMORY: PeakAlloc = PeakAlloc;

/// No case may take longer.
const SLOWEST: Duration = Duration::from_secs(1);

/// The next number of a sequence (SplitMix64).
pub fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (*state ^ *state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed ^ mixed >> 31
}

/// How many cases to try: as `HOSTILE_CASES` says, or so many.
pub fn cases(usually: usize) -> usize {
    std::env::var("HOSTILE_CASES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(usually)
}

/// The most time and memory of a case.
#[derive(Debug)]
pub struct Watch {
    /// Bytes that a case may hold.
    allowed: usize,
    slowest: Duration,
    largest: usize,
}

impl Watch {
    /// A watch that allows so many bytes a case.
    pub fn new(allowed: usize) -> Self {
        Self {
            allowed,
            slowest: Duration::ZERO,
            largest: 0,
        }
    }

    /// Runs a case; returns its time and memory where they are too much.
    pub fn case<T>(&mut self, run: impl FnOnce() -> T) -> Result<T, String> {
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let start = Instant::now();
        let found = run();
        let took = start.elapsed();
        let held = MEMORY.peak_usage().saturating_sub(before);
        (self.slowest, self.largest) = (self.slowest.max(took), self.largest.max(held));
        if held > self.allowed || took > SLOWEST {
            return Err(format!("it took {took:?} and {held} bytes"));
        }
        Ok(found)
    }
}

impl fmt::Display for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "at most {:?} and {} KiB",
            self.slowest,
            self.largest.div_ceil(1024)
        )
    }
}
