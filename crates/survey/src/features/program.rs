//! The program around a run of features: from a command line to an exit code.

use super::{FeatureOptions, FeatureOutcome, restart, run::run_noting_failure};
use crate::program::{end_of_run, use_threads};
use clap::{Command, CommandFactory as _, Parser as _};
use isopach::{compute::Result, tiling::TileFailure};
use isopach_program::{
    codec_panics, headless,
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
    restart::announce_resume(name, options.out(), Vec::new());
    let mut failed = None;
    let outcome = run_as_program(&options, &mut failed);
    end_of_run(name, outcome, failed.as_ref())
}

fn run_as_program(options: &FeatureOptions, failed: &mut Option<TileFailure>) -> Result<()> {
    use_threads(options.threads)?;
    let total = Measure::start();
    let outcome = run_noting_failure(options, &Terminal, failed)?;
    let FeatureOutcome {
        out,
        summary,
        page,
        maps,
        points,
        gaps,
        without_height,
        outliers,
        outside_path,
        tiles_kept,
    } = &outcome;
    let [wall, cpu] = total.seconds();
    Terminal.say(&format!(
        "{points} points, {wall:.1} s, {cpu:.1} s of processor time"
    ));
    if *tiles_kept > 0 {
        Terminal.say(&format!("tiles kept from an earlier run: {tiles_kept}"));
    }
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
    let written = [out, summary, page].map(|path| path.display().to_string());
    let mut written = written.to_vec();
    written.extend(maps.iter().map(|folder| folder.display().to_string()));
    Terminal.say(&written.join(", "));
    Ok(())
}
