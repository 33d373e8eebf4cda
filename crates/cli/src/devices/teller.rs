//! Printer of result lines: each states its machine and device, and is flushed at once, so that it
//! survives if the program is killed.

use isopach::gpu::Gpu;
use isopach_program::{machine, println};
use serde_json::{Map, Value, json};

/// Prints result lines, and counts failures.
pub(crate) struct Teller {
    /// JSON lines instead of tables.
    pub(crate) json: bool,
    about: Map<String, Value>,
    failures: std::cell::Cell<usize>,
}

impl Teller {
    /// A printer for this machine, and for a device if there is one.
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

    /// The number of failures so far.
    pub(crate) fn failure_count(&self) -> usize {
        self.failures.get()
    }
}
