//! What a run did.

use isopach_compute::PassedOn;
use std::{fmt, time::Duration};

/// What one source gave to a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceReport {
    /// Its name.
    pub name: String,
    /// Chunks that were decoded: each once.
    pub decodes: u64,
    /// Chunks that no tile needed.
    pub chunks_skipped: u64,
    /// Points that were decoded and passed the source's filters.
    pub points: u64,
    /// Copies of points that went to tiles, those in halos counted again.
    pub routed: u64,
}

/// What a run did, where, and how long each part took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Tiles that were run.
    pub tiles: usize,
    /// Tiles without a point in any epoch, which were passed over.
    pub tiles_empty: usize,
    /// Each epoch's source.
    pub sources: Vec<SourceReport>,
    /// Devices, in order of preference.
    pub devices: Vec<String>,
    /// What was passed on from one device to the next, and why.
    pub passed_on: Vec<PassedOn>,
    /// Bytes of points held for tiles at most.
    pub peak_bytes: u64,
    /// Decoding and routing.
    pub read: Duration,
    /// Running the operation.
    pub compute: Duration,
    /// Handing results to the sink.
    pub sink: Duration,
    /// Everything.
    pub wall: Duration,
}

impl Report {
    /// Pieces of work that were passed on, all devices and causes together.
    #[must_use]
    pub fn reruns(&self) -> usize {
        self.passed_on.iter().flat_map(|passed| passed.causes.values()).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for source in &self.sources {
            let SourceReport { name, decodes, chunks_skipped, points, routed } = source;
            writeln!(
                f,
                "{name}: {points} points in {decodes} chunks ({chunks_skipped} not needed), {routed} to tiles"
            )?;
        }
        writeln!(f, "{} tiles on {} ({} empty)", self.tiles, self.devices.join(", then "), self.tiles_empty)?;
        for passed in &self.passed_on {
            writeln!(f, "passed on by {}: {:?}", passed.device, passed.causes)?;
        }
        let [read, compute, sink, wall] = [self.read, self.compute, self.sink, self.wall].map(|d| d.as_secs_f64());
        write!(
            f,
            "{wall:.2} s: read {read:.2}, compute {compute:.2}, write {sink:.2}; at most {} MiB of points",
            self.peak_bytes >> 20
        )
    }
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Chunks decoded, of how many, and the points that they had.
    Read {
        /// Chunks so far.
        done: u64,
        /// Chunks in all.
        total: u64,
        /// Points in this chunk.
        points: u64,
    },
    /// Tiles finished, of how many.
    Tiles {
        /// Tiles so far.
        done: u64,
        /// Tiles in all.
        total: u64,
    },
}
