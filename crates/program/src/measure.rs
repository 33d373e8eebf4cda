//! Cost of a run: wall time, CPU time, peak memory.

use std::{fs, time::Instant};

/// A stopwatch for wall and CPU time.
#[derive(Debug)]
pub struct Measure {
    wall: Instant,
    cpu_s: f64,
}

impl Measure {
    /// Starts now.
    pub fn start() -> Self {
        Self {
            wall: Instant::now(),
            cpu_s: cpu_seconds().unwrap_or(f64::NAN),
        }
    }

    /// Seconds of wall and of CPU time (NaN if the system does not report it) since the start.
    pub fn seconds(&self) -> [f64; 2] {
        [
            self.wall.elapsed().as_secs_f64(),
            cpu_seconds().unwrap_or(f64::NAN) - self.cpu_s,
        ]
    }
}

/// User and system time of this process so far, from Linux' `/proc` (100 ticks a second).
fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |i: usize| fields.get(i)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

/// Largest resident set of this process so far, MiB; `None` if the system does not report it.
pub fn peak_rss_mib() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}
