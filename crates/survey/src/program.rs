//! The program around a change run: from a command line to an exit code.

use crate::{
    ChangeOptions, ChangeOutcome,
    execution::{self, Execution},
    run::run,
};
use isopach::{
    compute::{Error, Result},
    tiling::TileFailure,
};
use isopach_program::{
    codec_panics, console, exit, headless, listener::Terminal, profile::parse_arguments,
};
use std::{ffi::OsString, process::ExitCode};

/// Exit code if tiles failed for a reason that is the same on every machine.
pub(crate) const TILES_FAILED: u8 = 3;

/// Runs the program: parses `words` (the program's own name first), prints, and returns the exit
/// code. `name` is the program's name in messages.
#[must_use]
pub fn main(name: &str, words: &[OsString]) -> ExitCode {
    headless::quiet_loader();
    codec_panics::silence_codecs();
    let options: ChangeOptions = match parse_arguments(name, words) {
        Ok(options) => options,
        Err(stop) => return stop.end_program(name),
    };
    match run_as_program(name, options.clone()) {
        Ok(ChangeOutcome { failed_tiles, .. }) if failed_tiles.is_empty() => ExitCode::SUCCESS,
        Ok(ChangeOutcome { failed_tiles, .. }) => report_failures(name, &options, &failed_tiles),
        Err(error) => exit::report_error(name, &error),
    }
}

/// Runs with the requested number of threads; a signal prints the progress.
fn run_as_program(name: &str, options: ChangeOptions) -> Result<ChangeOutcome> {
    Execution::of(&options)?
        .folder
        .announce_resume(name, "tile");
    use_threads(options.threads)?;
    run(options, &Terminal)
}

/// Prints which tiles failed; returns the exit code.
fn report_failures(name: &str, options: &ChangeOptions, failures: &[TileFailure]) -> ExitCode {
    for failure in failures {
        let _ = console::report_failure(name, &execution::describe_failure(options, failure));
    }
    if failures.iter().any(|failure| failure.transient) {
        exit::TRY_AGAIN
    } else {
        TILES_FAILED
    }
    .into()
}

/// Runs on so many threads, or on one a core.
pub(crate) fn use_threads(threads: Option<usize>) -> Result<()> {
    let mut pool = rayon::ThreadPoolBuilder::new();
    if let Some(threads) = threads {
        pool = pool.num_threads(threads);
    }
    pool.build_global().map_err(Error::source)
}

/// The exit code of a run that ends with its first failed tile, which is printed.
pub(crate) fn end_of_run(
    name: &str,
    outcome: Result<()>,
    failed: Option<&TileFailure>,
) -> ExitCode {
    match (outcome, failed) {
        (Ok(()), _) => ExitCode::SUCCESS,
        (Err(_), Some(failure)) => report_failure(name, failure),
        (Err(error), None) => exit::report_error(name, &error),
    }
}

/// Prints which tile failed; returns the exit code.
fn report_failure(name: &str, failure: &TileFailure) -> ExitCode {
    let TileFailure {
        tile,
        core,
        error,
        transient,
    } = failure;
    let _ = console::report_failure(name, &format!("tile {tile} ({core}): {error}"));
    if *transient {
        exit::TRY_AGAIN
    } else {
        TILES_FAILED
    }
    .into()
}
