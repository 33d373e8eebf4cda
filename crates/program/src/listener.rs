//! Listeners: they receive the messages of a run while it works.
//!
//! A run is a library and prints nothing. It reports to a [`Listener`]: [`Terminal`] in a program,
//! [`Silent`] or your own type in an embedded run.

use crate::{eprintln, printable::printable, println};
use indicatif::{ProgressBar, ProgressStyle};

/// Receives the messages of a run. Every method has an empty default body, so implement only those
/// you need.
///
/// ```
/// use isopach_program::listener::{Listener, Silent};
/// use std::sync::Mutex;
///
/// /// Collects warnings, for a web page or a log.
/// struct Warnings(Mutex<Vec<String>>);
///
/// impl Listener for Warnings {
///     fn warn(&self, warning: &str) {
///         self.0.lock().expect("no listener panics").push(warning.into());
///     }
/// }
///
/// let warnings = Warnings(Mutex::default());
/// warnings.warn("the channel 94 has no count");
/// warnings.say("net +12 m³"); // not heard
/// Silent.warn("not heard either");
/// assert_eq!(warnings.0.into_inner().unwrap(), ["the channel 94 has no count"]);
/// ```
pub trait Listener: Sync {
    /// Receives a line of the run's answer, for people. Text of files in it is already safe for a
    /// terminal.
    fn say(&self, line: &str) {
        let _ = line;
    }

    /// Receives the progress of a run: `time 2 of 5`.
    fn note(&self, line: &str) {
        let _ = line;
    }

    /// Receives a warning about inputs or results. It may hold text of files: see
    /// [`printable`](crate::printable).
    fn warn(&self, warning: &str) {
        let _ = warning;
    }

    /// Receives the start of a stage; the stage ends when the returned value is dropped.
    fn begin_stage(&self, name: &'static str) -> Box<dyn StageProgress + '_> {
        let _ = name;
        Box::new(())
    }
}

/// Receives the progress of a stage. Dropping it ends the stage.
pub trait StageProgress: Send + Sync {
    /// Receives the share that is done, 0 to 1, and a note such as the remaining time.
    fn show(&self, share: f64, note: &str);
}

impl StageProgress for () {
    fn show(&self, _: f64, _: &str) {}
}

/// Listener that ignores everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Listener for Silent {}

/// Listener that prints: answers on stdout, notes and warnings on stderr, a progress bar if stderr
/// is a terminal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terminal;

impl Listener for Terminal {
    fn say(&self, line: &str) {
        println!("{line}");
    }

    fn note(&self, line: &str) {
        eprintln!("{line}");
    }

    fn warn(&self, warning: &str) {
        eprintln!("warning: {}", printable(warning));
    }

    fn begin_stage(&self, name: &'static str) -> Box<dyn StageProgress + '_> {
        let bar = ProgressBar::new(STEPS).with_prefix(name);
        let style = ProgressStyle::with_template("{prefix:>10} [{wide_bar}] {percent} % {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.tick();
        Box::new(TerminalBar(bar))
    }
}

/// Steps of a progress bar.
const STEPS: u64 = 1000;

/// A progress bar, which is cleared when it is dropped.
struct TerminalBar(ProgressBar);

impl StageProgress for TerminalBar {
    fn show(&self, share: f64, note: &str) {
        self.0.set_position((STEPS as f64 * share) as u64);
        self.0.set_message(note.to_owned());
    }
}

impl Drop for TerminalBar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
