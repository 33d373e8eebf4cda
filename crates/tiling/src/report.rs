//! What a run did.

use isopach_compute::PassedOn;
use std::{fmt, time::Duration};

/// What one source gave to a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceReport {
    /// Its name.
    pub name: String,
    /// Chunks that it has.
    pub chunks: u64,
    /// Chunks that were decoded: each once.
    pub decodes: u64,
    /// Chunks that no tile needed.
    pub chunks_skipped: u64,
    /// Points that were decoded and passed the source's filters.
    pub points: u64,
    /// Copies of points that went to tiles, those in halos counted again.
    pub routed: u64,
    /// Bytes that these copies take.
    pub bytes: u64,
    /// Time in decoding, all threads added up.
    pub decoding: Duration,
    /// Time in routing, all threads added up.
    pub routing: Duration,
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
    /// What was passed on from one device to the next during the run, and why.
    pub passed_on: Vec<PassedOn>,
    /// Bytes held in the buckets of tiles at most.
    pub peak_bytes: u64,
    /// Decoding and routing, wall.
    pub read: Duration,
    /// Running the operation, wall.
    pub compute: Duration,
    /// Handing results to the sink, wall.
    pub sink: Duration,
    /// Everything, wall.
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
            let [points, chunks, routed] = [source.points, source.decodes, source.routed].map(grouped);
            write!(f, "{}: {points} points, {chunks} chunks decoded once", source.name)?;
            if source.chunks_skipped > 0 {
                write!(f, " ({} not needed)", grouped(source.chunks_skipped))?;
            }
            writeln!(f, ", {routed} copies to tiles")?;
        }
        write!(f, "{} tiles on {}", grouped(self.tiles as u64), self.devices.join(", then "))?;
        writeln!(f, " ({} empty ones passed over)", grouped(self.tiles_empty as u64))?;
        for passed in &self.passed_on {
            let causes: Vec<_> = passed.causes.iter().map(|(cause, times)| format!("{times} × {cause}")).collect();
            writeln!(f, "passed on by {}: {}", passed.device, causes.join(", "))?;
        }
        let [read, compute, sink, wall] = [self.read, self.compute, self.sink, self.wall].map(|d| d.as_secs_f64());
        let sum = |part: fn(&SourceReport) -> Duration| self.sources.iter().map(part).sum::<Duration>().as_secs_f64();
        let [decoding, routing] = [sum(|source| source.decoding), sum(|source| source.routing)];
        write!(f, "{wall:.2} s: read {read:.2} (thread time: decode {decoding:.2}, route {routing:.2}), ")?;
        write!(f, "compute {compute:.2}, write {sink:.2}; at most {:.1} MiB of points", mebibytes(self.peak_bytes))
    }
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Digits in threes: 1,234,567.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What `after` counts beyond `before`.
pub(crate) fn passed_on_since(before: &[PassedOn], after: Vec<PassedOn>) -> Vec<PassedOn> {
    let mut earlier: Vec<_> = before.to_vec();
    let mut passed_on = Vec::new();
    for mut passed in after {
        // Each earlier entry is taken off once, so backends that share a name are not taken off twice.
        if let Some(at) = earlier.iter().position(|old| old.device == passed.device) {
            let old = earlier.remove(at);
            for (cause, times) in &mut passed.causes {
                *times -= old.causes.get(cause).copied().unwrap_or(0).min(*times);
            }
            passed.causes.retain(|_, times| *times > 0);
        }
        if !passed.causes.is_empty() {
            passed_on.push(passed);
        }
    }
    passed_on
}

/// How far a run has come. Told from the thread that did the work, so two threads may tell out of order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Chunks decoded and routed (or found not to be needed), of how many, and the points that this one had.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(device: &str, times: usize) -> PassedOn {
        PassedOn { device: device.into(), causes: [("device lost", times)].into() }
    }

    #[test]
    fn a_report_reads_like_a_sentence() {
        let source = SourceReport {
            name: "a.laz".into(),
            decodes: 20,
            points: 1_000_000,
            routed: 1_203_000,
            ..Default::default()
        };
        let mut report = Report { tiles: 25, sources: vec![source], devices: vec!["cpu".into()], ..Default::default() };
        report.passed_on = vec![passed("gpu", 2)];
        let text = report.to_string();
        assert!(text.starts_with(
            "a.laz: 1,000,000 points, 20 chunks decoded once, 1,203,000 copies to tiles\n25 tiles on cpu"
        ));
        assert!(text.contains("passed on by gpu: 2 × device lost"), "{text}");
        assert_eq!([0, 7, 999, 1000, 12_345_678].map(grouped), ["0", "7", "999", "1,000", "12,345,678"]);
    }

    #[test]
    fn only_what_this_run_passed_on_is_told() {
        let since = |before: &[PassedOn], after: &[PassedOn]| passed_on_since(before, after.to_vec());
        assert_eq!(since(&[passed("gpu", 2)], &[passed("gpu", 5)]), [passed("gpu", 3)]);
        assert_eq!(since(&[passed("gpu", 2)], &[passed("gpu", 2)]), []);
        assert_eq!(since(&[], &[passed("gpu", 2)]), [passed("gpu", 2)]);
    }
}
