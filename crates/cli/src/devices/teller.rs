//! Lines: each with what it was measured on, and at once, so that what was told stays where a
//! program is ended.

use isopach::gpu::Gpu;
use isopach_program::{machine, println};
use serde_json::{Map, Value, json};

/// Tells lines, and counts what went wrong.
pub(crate) struct Teller {
    /// JSON lines instead of tables.
    pub(crate) json: bool,
    about: Map<String, Value>,
    failures: std::cell::Cell<usize>,
}

impl Teller {
    /// About this machine, and a device where there is one.
    pub(crate) fn new(gpu: Option<&Gpu>, json: bool) -> Self {
        let mut about = Map::new();
        if let Some(gpu) = gpu {
            about.insert("device".into(), json!(gpu.adapter().name));
            about.insert("driver".into(), json!(gpu.adapter().driver));
        }
        about.insert("machine".into(), json!(machine::describe_machine()));
        about.insert("commit".into(), json!(machine::built_commit()));
        about.insert("cpu_threads".into(), json!(rayon::current_num_threads()));
        Self {
            json,
            about,
            failures: std::cell::Cell::new(0),
        }
    }

    /// A line as JSON, or as these words.
    pub(crate) fn print_line(&self, mut line: Value, words: impl FnOnce() -> String) {
        if self.json {
            if let Some(line) = line.as_object_mut() {
                line.extend(self.about.clone());
            }
            println!("{line}");
        } else {
            println!("{}", words());
        }
    }

    /// Counts something that is not as it should be.
    pub(crate) fn print_failure(&self) {
        self.failures.set(self.failures.get() + 1);
    }

    /// How much is not as it should be.
    pub(crate) fn failure_count(&self) -> usize {
        self.failures.get()
    }
}
