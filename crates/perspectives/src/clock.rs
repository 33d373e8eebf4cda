//! Seconds of the stages of a worker.

use serde_json::{Value, json};
use std::time::Instant;

/// A stage of the work on a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Reading of files, or of pictures from a pipe.
    Read,
    /// Waits for memory that other frames use, or for a video.
    Wait,
    /// Decoding.
    Decode,
    /// Sampling, and averaging where views are coarse.
    Remap,
    /// Encoding.
    Encode,
    /// Writing of files.
    Write,
}

/// All stages with their names.
const STAGES: [(Stage, &str); 6] = [
    (Stage::Read, "read"),
    (Stage::Wait, "wait"),
    (Stage::Decode, "decode"),
    (Stage::Remap, "remap"),
    (Stage::Encode, "encode"),
    (Stage::Write, "write"),
];

/// Seconds of each stage, and of all.
#[derive(Clone, Debug)]
pub(crate) struct StageClock {
    started: Instant,
    last: Instant,
    seconds: [f64; STAGES.len()],
}

impl StageClock {
    /// Starts now.
    pub(crate) fn start() -> Self {
        let now = Instant::now();
        Self {
            started: now,
            last: now,
            seconds: [0.0; STAGES.len()],
        }
    }

    /// The time since the last call belongs to no stage.
    pub(crate) fn skip(&mut self) {
        self.last = Instant::now();
    }

    /// The time since the last call was of this stage.
    pub(crate) fn add(&mut self, stage: Stage) {
        let now = Instant::now();
        self.seconds[stage as usize] += (now - self.last).as_secs_f64();
        self.last = now;
    }

    /// The seconds of this worker, which ends now.
    pub(crate) fn end(self) -> WorkerSeconds {
        WorkerSeconds {
            all: self.started.elapsed().as_secs_f64(),
            stages: self.seconds,
        }
    }
}

/// Seconds of workers.
#[derive(Clone, Debug, Default)]
pub(crate) struct WorkerSeconds {
    /// From start to end.
    pub(crate) all: f64,
    stages: [f64; STAGES.len()],
}

impl WorkerSeconds {
    /// Adds those of another worker.
    pub(crate) fn add(&mut self, other: &Self) {
        self.all += other.all;
        for (sum, seconds) in self.stages.iter_mut().zip(other.stages) {
            *sum += seconds;
        }
    }

    /// Share of the time that a stage accounts for; 1 if there is none.
    pub(crate) fn share_of_stages(&self) -> f64 {
        let stages: f64 = self.stages.iter().sum();
        if self.all > 0.0 {
            stages / self.all
        } else {
            1.0
        }
    }

    /// Seconds by stage.
    pub(crate) fn to_json(&self) -> Value {
        let mut seconds = json!({ "all": self.all });
        for (stage, name) in STAGES {
            seconds[name] = json!(self.stages[stage as usize]);
        }
        seconds
    }
}
