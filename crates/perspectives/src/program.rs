//! The program around a run: from a command line to an exit code.

use crate::{PerspectiveOptions, PerspectiveOutcome, RefusedFrame, run};
use clap::{Command, Parser as _};
use isopach_compute::{Error, Result};
use isopach_program::{
    codec_panics, exit,
    listener::{Listener, Terminal},
    printable::printable,
    profile::Stop,
    run_folder::RunFolder,
};
use isopach_tiling::RunScope;
use std::{ffi::OsString, process::ExitCode};

/// Exit code of a run that refused frames, for reasons that are the same everywhere.
const FRAMES_REFUSED: u8 = 3;
/// Frames that the last lines name.
const MOST_NAMED: usize = 20;

/// The command of `clap`, for help and completions.
#[must_use]
pub fn command() -> Command {
    PerspectiveOptions::clap_command()
}

/// Runs the program: parses `words` (the program's own name first), prints, and returns the exit
/// code. `name` is the program's name in messages.
#[must_use]
pub fn main(name: &str, words: &[OsString]) -> ExitCode {
    codec_panics::silence_codecs();
    let options = match PerspectiveOptions::try_parse_from(words) {
        Ok(options) => options,
        Err(error) => return Stop::Usage(error).end_program(name),
    };
    RunFolder::new(options.out(), RunScope::All, false).announce_resume(name, "frame");
    match run_as_program(&options) {
        Ok(outcome) => tell_refused(&outcome.refused),
        Err(error) => exit::report_error(name, &error),
    }
}

fn run_as_program(options: &PerspectiveOptions) -> Result<PerspectiveOutcome> {
    if let Some(threads) = options.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .map_err(Error::source)?;
    }
    let outcome = run(options, &Terminal)?;
    let PerspectiveOutcome {
        made,
        kept,
        views,
        seconds,
        ..
    } = outcome;
    Terminal.say(&format!(
        "{views} views of {made} frames in {seconds:.1} s, {:.1} views/s; {kept} frames were kept from former runs",
        views as f64 / seconds
    ));
    let page = outcome.page.display().to_string();
    Terminal.say(&format!("See {}", printable(&page)));
    Ok(outcome)
}

/// Names the frames without views; returns the exit code.
fn tell_refused(refused: &[RefusedFrame]) -> ExitCode {
    if refused.is_empty() {
        return ExitCode::SUCCESS;
    }
    Terminal.note(&format!("{} frames have no views:", refused.len()));
    for frame in refused.iter().take(MOST_NAMED) {
        Terminal.note(&printable(&frame.reason));
    }
    if refused.len() > MOST_NAMED {
        let more = refused.len() - MOST_NAMED;
        Terminal.note(&format!("and {more} more, which summary.json names"));
    }
    if refused.iter().any(|frame| frame.is_transient) {
        exit::TRY_AGAIN.into()
    } else {
        FRAMES_REFUSED.into()
    }
}
