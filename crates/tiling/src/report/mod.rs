//! Reports of a run.

mod text;

use crate::clock::StageTimes;
use isopach_cloud::Rect;
use isopach_compute::Fallbacks;
use std::time::Duration;

/// Points and chunks that one source gave to a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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
    /// Bytes of the points that were decoded: coordinates (24 a point) and the columns that were
    /// asked for.
    pub bytes: u64,
}

impl SourceReport {
    /// How often each chunk that was needed was decoded: 1.
    #[must_use]
    pub fn decodes_per_chunk(&self) -> f64 {
        self.decodes as f64 / (self.chunks - self.chunks_skipped).max(1) as f64
    }
}

/// A tile that failed.
#[derive(Clone, Debug, PartialEq)]
pub struct TileFailure {
    /// Its number in the plan.
    pub tile: usize,
    /// Its core.
    pub core: Rect,
    /// The error message.
    pub error: String,
    /// Whether it may succeed later, or on another machine
    /// ([`isopach_compute::Error::is_transient`]).
    pub transient: bool,
}

/// Report of a run: tiles, points, memory, devices and times.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunReport {
    /// Tiles that were run.
    pub tiles: usize,
    /// Tiles without a point in any epoch, which were skipped.
    pub tiles_empty: usize,
    /// Tiles whose results were kept from an earlier run.
    pub tiles_kept: usize,
    /// Tiles that had more points than expected, and were cut into several.
    pub tiles_cut: usize,
    /// Tiles that failed, where the rest was to be finished.
    pub failures: Vec<TileFailure>,
    /// Each epoch's source.
    pub sources: Vec<SourceReport>,
    /// Devices, in order of preference.
    pub devices: Vec<String>,
    /// Backends that were wanted but are missing, with the reason.
    pub absent: Vec<String>,
    /// Work that fell back from one device to the next during the run, with the causes.
    pub fallbacks: Vec<Fallbacks>,
    /// Bytes that the run was given.
    pub memory: u64,
    /// Most bytes that it held or had reserved at any time.
    pub peak_bytes: u64,
    /// Bytes of points that were put on disk.
    pub spilled_bytes: u64,
    /// Time of each stage.
    pub times: StageTimes,
    /// Wall time of the whole run.
    pub wall: Duration,
}

impl RunReport {
    /// Number of pieces of work that fell back to the next device, over all devices and causes.
    #[must_use]
    pub fn fallback_count(&self) -> usize {
        self.fallbacks
            .iter()
            .flat_map(|passed| passed.causes.values())
            .sum()
    }

    /// Bytes of points that were decoded: coordinates and the columns that were asked for.
    #[must_use]
    pub fn bytes_decoded(&self) -> u64 {
        self.sources.iter().map(|source| source.bytes).sum()
    }

    /// Wall time without any stage at work: planning, opening, waiting.
    #[must_use]
    pub fn idle_time(&self) -> Duration {
        self.wall.saturating_sub(self.times.wall.iter().sum())
    }
}

/// The fallbacks that `after` counts beyond `before`.
pub(crate) fn fallbacks_since(before: &[Fallbacks], after: Vec<Fallbacks>) -> Vec<Fallbacks> {
    let mut earlier: Vec<_> = before.to_vec();
    let mut passed_on = Vec::new();
    for mut passed in after {
        // Each earlier entry is taken off once, so backends that share a name are not taken off
        // twice.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(device: &str, times: usize) -> Fallbacks {
        Fallbacks {
            device: device.into(),
            causes: [("device lost", times)].into(),
        }
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
        let mut report = RunReport {
            tiles: 25,
            sources: vec![source],
            devices: vec!["cpu".into()],
            ..Default::default()
        };
        report.fallbacks = vec![passed("gpu", 2)];
        let text = report.to_string();
        assert!(text.starts_with(
            "a.laz: 1,000,000 points, 20 chunks decoded once, 1,203,000 copies to tiles\n25 tiles on cpu"
        ));
        assert!(text.contains("passed on by gpu: 2 × device lost"), "{text}");
        assert_eq!(report.to_json()["tiles"], 25);
    }

    #[test]
    fn only_what_this_run_passed_on_is_told() {
        let since =
            |before: &[Fallbacks], after: &[Fallbacks]| fallbacks_since(before, after.to_vec());
        assert_eq!(
            since(&[passed("gpu", 2)], &[passed("gpu", 5)]),
            [passed("gpu", 3)]
        );
        assert_eq!(since(&[passed("gpu", 2)], &[passed("gpu", 2)]), []);
        assert_eq!(since(&[], &[passed("gpu", 2)]), [passed("gpu", 2)]);
    }
}
