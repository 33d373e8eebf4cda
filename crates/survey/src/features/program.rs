//! The program around a run of features: from a command line to an exit code.

use super::{FeatureOptions, FeatureOutcome, run};
use clap::{Command, CommandFactory as _, Parser as _};
use isopach::compute::{Error, Result};
use isopach_program::{
    codec_panics, exit, headless,
    listener::{Listener, Terminal},
    measure::Measure,
    profile::Stop,
};
use std::{ffi::OsString, process::ExitCode};

/// The command of `clap`, for help and completions.
#[must_use]
pub fn command() -> Command {
    FeatureOptions::command()
}

/// Runs the program: parses `words` (the program's own name first), prints, and returns the exit
/// code. `name` is the program's name in messages.
#[must_use]
pub fn main(name: &str, words: &[OsString]) -> ExitCode {
    headless::quiet_loader();
    codec_panics::silence_codecs();
    let options = match FeatureOptions::try_parse_from(words) {
        Ok(options) => options,
        Err(error) => return Stop::Usage(error).end_program(name),
    };
    match run_as_program(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::report_error(name, &error),
    }
}

fn run_as_program(options: &FeatureOptions) -> Result<()> {
    let mut pool = rayon::ThreadPoolBuilder::new();
    if let Some(threads) = options.threads {
        pool = pool.num_threads(threads);
    }
    pool.build_global().map_err(Error::source)?;
    let total = Measure::start();
    let outcome = run(options, &Terminal)?;
    let FeatureOutcome {
        out,
        summary,
        points,
        gaps,
        without_height,
        outliers,
        outside_path,
    } = &outcome;
    let [wall, cpu] = total.seconds();
    Terminal.say(&format!(
        "{points} points, {wall:.1} s, {cpu:.1} s of processor time"
    ));
    Terminal.say(&format!(
        "without features: {} (too few points {}, out of reach {}); without a normal: {}",
        gaps.too_few + gaps.out_of_reach,
        gaps.too_few,
        gaps.out_of_reach,
        gaps.no_plane
    ));
    if let Some(count) = without_height {
        Terminal.say(&format!("without a height above ground: {count}"));
    }
    if let Some(count) = outside_path {
        Terminal.say(&format!("outside the path of the scanner: {count}"));
    }
    if let Some(count) = outliers {
        Terminal.say(&format!("outliers: {count}"));
    }
    Terminal.say(&format!("{}, {}", out.display(), summary.display()));
    Ok(())
}
