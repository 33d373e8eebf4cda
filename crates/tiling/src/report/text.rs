//! A report for people and for programs.

use super::{RunReport, SourceReport};
use crate::{
    RunStage,
    format::{group_digits, to_mebibytes},
};
use serde_json::{Value, json};
use std::fmt;

impl fmt::Display for RunReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for source in &self.sources {
            source.fmt_line(f)?;
        }
        write!(
            f,
            "{} tiles on {}",
            group_digits(self.tiles as u64),
            self.devices.join(", then ")
        )?;
        writeln!(
            f,
            " ({} empty ones passed over)",
            group_digits(self.tiles_empty as u64)
        )?;
        if self.tiles_kept > 0 {
            writeln!(
                f,
                "{} tiles were done before",
                group_digits(self.tiles_kept as u64)
            )?;
        }
        if self.tiles_cut > 0 {
            writeln!(
                f,
                "{} tiles had more points than expected and were cut",
                group_digits(self.tiles_cut as u64)
            )?;
        }
        for failure in &self.failures {
            writeln!(
                f,
                "tile {} ({}) failed: {}",
                failure.tile, failure.core, failure.error
            )?;
        }
        for reason in &self.absent {
            writeln!(f, "not used: {reason}")?;
        }
        for passed in &self.fallbacks {
            let causes: Vec<_> = passed
                .causes
                .iter()
                .map(|(cause, times)| format!("{times} × {cause}"))
                .collect();
            writeln!(f, "passed on by {}: {}", passed.device, causes.join(", "))?;
        }
        write!(f, "{:.2} s:", self.wall.as_secs_f64())?;
        for stage in RunStage::ALL {
            let time = self.times.wall_of(stage).as_secs_f64();
            if time >= 0.005 {
                write!(f, " {} {time:.2},", stage.name())?;
            }
        }
        write!(f, " idle {:.2}; ", self.idle_time().as_secs_f64())?;
        let [peak, memory, spilled] =
            [self.peak_bytes, self.memory, self.spilled_bytes].map(to_mebibytes);
        write!(
            f,
            "at most {peak:.1} of {memory:.0} MiB held, {spilled:.1} MiB put on disk"
        )
    }
}

impl SourceReport {
    fn fmt_line(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [points, chunks, routed] = [self.points, self.decodes, self.routed].map(group_digits);
        write!(
            f,
            "{}: {points} points, {chunks} chunks decoded once",
            self.name
        )?;
        if self.chunks_skipped > 0 {
            write!(f, " ({} not needed)", group_digits(self.chunks_skipped))?;
        }
        writeln!(f, ", {routed} copies to tiles")
    }

    fn to_json(&self) -> Value {
        json!({
            "name": self.name, "chunks": self.chunks, "decodes": self.decodes, "decodes_per_chunk": self.decodes_per_chunk(),
            "chunks_skipped": self.chunks_skipped, "points": self.points, "copies": self.routed, "bytes": self.bytes,
        })
    }
}

impl RunReport {
    /// The report as JSON: seconds, bytes, counts.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let times = |of: fn(&Self, RunStage) -> f64| -> Value {
            RunStage::ALL
                .iter()
                .map(|stage| (stage.name().to_owned(), json!(of(self, *stage))))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        let failures: Vec<Value> = self
            .failures
            .iter()
            .map(|failure| {
                let core = failure.core;
                json!({ "tile": failure.tile, "extent": [core.min[0], core.min[1], core.max[0], core.max[1]], "error": failure.error })
            })
            .collect();
        let passed: Vec<Value> = self
            .fallbacks
            .iter()
            .map(|passed| json!({ "device": passed.device, "causes": passed.causes }))
            .collect();
        json!({
            "tiles": self.tiles, "tiles_empty": self.tiles_empty, "tiles_kept": self.tiles_kept, "tiles_cut": self.tiles_cut,
            "sources": self.sources.iter().map(SourceReport::to_json).collect::<Vec<_>>(),
            "bytes_decoded": self.bytes_decoded(), "bytes_spilled": self.spilled_bytes,
            "memory": self.memory, "peak_bytes": self.peak_bytes,
            "devices": self.devices, "absent": self.absent, "passed_on": passed, "reruns": self.fallback_count(), "failures": failures,
            "wall_s": self.wall.as_secs_f64(), "idle_s": self.idle_time().as_secs_f64(),
            "stages_s": times(|report, stage| report.times.wall_of(stage).as_secs_f64()),
            "stages_thread_s": times(|report, stage| report.times.threads_of(stage).as_secs_f64()),
        })
    }
}
