//! `summary.json`: counts, seconds, bytes.

use crate::{PerspectiveOptions, plan::ViewPlan, run::RefusedFrame, workers::Done};
use isopach_program::{
    finished::{FILES, KEY},
    measure::peak_rss_mib,
};
use serde_json::{Value, json};

/// Wall time of the parts of a run, seconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seconds {
    /// Listing, and comparison with records of former runs.
    pub(crate) starting: f64,
    /// Maps and masks.
    pub(crate) maps: f64,
    /// All workers together.
    pub(crate) frames: f64,
    /// Rig, contact sheet and page.
    pub(crate) finishing: f64,
    /// The run.
    pub(crate) all: f64,
}

/// Content of a summary.
pub(crate) struct Told<'a> {
    pub(crate) options: &'a PerspectiveOptions,
    pub(crate) parameters: &'a Value,
    pub(crate) plan: &'a ViewPlan,
    pub(crate) done: &'a Done,
    pub(crate) refused: &'a [RefusedFrame],
    pub(crate) warnings: &'a [String],
    pub(crate) kept: usize,
    pub(crate) workers: usize,
    pub(crate) map_bytes: u64,
    pub(crate) seconds: Seconds,
    pub(crate) files: &'a [&'a str],
}

impl Told<'_> {
    /// The summary.
    pub(crate) fn to_json(&self) -> Value {
        let Seconds {
            starting,
            maps,
            frames,
            finishing,
            all,
        } = self.seconds;
        let made = self.done.records.len();
        let views = made * self.plan.rig.cameras().len();
        let by_planes = self.done.records.iter().filter(|record| record.by_planes);
        let by_planes = by_planes.count();
        let accounted =
            (starting + maps + finishing + frames * self.done.seconds.share_of_stages()) / all;
        let refused: Vec<Value> = self
            .refused
            .iter()
            .map(|frame| json!({ "frame": frame.name, "reason": frame.reason }))
            .collect();
        json!({
            "frames": { "made": made, "by_planes": by_planes, "kept": self.kept, "refused": refused.len() },
            "views": views,
            "views_per_second": views as f64 / all,
            "views_per_second_of_workers": views as f64 / frames.max(f64::MIN_POSITIVE),
            "refused": refused,
            "warnings": self.warnings,
            "bytes": {
                "read": self.done.bytes_read,
                "written": self.done.bytes_written,
                "maps": self.map_bytes,
                "memory": self.options.memory_bytes().ok(),
            },
            "workers": self.workers,
            "seconds": {
                "all": all, "starting": starting, "maps": maps, "frames": frames, "finishing": finishing,
                "of_workers": self.done.seconds.to_json(),
            },
            "accounted": accounted,
            "peak_mib": peak_rss_mib(),
            FILES: self.files,
            KEY: self.parameters,
        })
    }
}
