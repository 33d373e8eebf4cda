//! The program around an emission measure run: from a command line to an exit code.

use crate::{
    EmissionOptions, EmissionRunError,
    blocks::BlockExecution,
    run::{EmissionOutcome, run},
};
use isopach_program::{
    codec_panics, exit, headless,
    listener::{Listener as _, Terminal},
    printable::printable,
};
use std::{ffi::OsString, process::ExitCode};

/// Runs the program: parses `words` (the program's own name first), prints, and returns the exit
/// code. `name` is the program's name in messages.
#[must_use]
pub fn main(name: &str, words: &[OsString]) -> ExitCode {
    headless::quiet_loader();
    codec_panics::silence_codecs();
    let options = match EmissionOptions::parse(name, words) {
        Ok(options) => options,
        Err(stop) => return stop.end_program(name),
    };
    match run_as_program(name, &options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::report_error(name, &error),
    }
}

/// Runs with the requested number of threads; a signal prints the progress.
fn run_as_program(name: &str, options: &EmissionOptions) -> Result<(), EmissionRunError> {
    if let Some(threads) = options.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .map_err(EmissionRunError::new)?;
    }
    if !options.series {
        let execution = BlockExecution::of(options).map_err(EmissionRunError::new)?;
        execution.folder.announce_resume(name, "block");
    }
    let EmissionOutcome { statement, page } = run(options, &Terminal)?;
    Terminal.say(&statement);
    if let Some(page) = page {
        Terminal.say(&format!("See {}", printable(&page.display().to_string())));
    }
    Ok(())
}
