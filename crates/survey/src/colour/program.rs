//! The program around a run of colours: from a command line to an exit code.

use super::{ColourOptions, ColourOutcome, run::run_noting_failure};
use crate::{
    features::restart,
    program::{end_of_run, use_threads},
};
use clap::{Command, CommandFactory as _, Parser as _};
use isopach::{colour::ColourCounts, compute::Result, tiling::TileFailure};
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
    ColourOptions::command()
}

/// Runs the program: parses `words` (the program's own name first), prints, and returns the exit
/// code. `name` is the program's name in messages.
#[must_use]
pub fn main(name: &str, words: &[OsString]) -> ExitCode {
    headless::quiet_loader();
    codec_panics::silence_codecs();
    let options = match ColourOptions::try_parse_from(words) {
        Ok(options) => options,
        Err(error) => return Stop::Usage(error).end_program(name),
    };
    restart::announce_resume(name, options.out(), Vec::new());
    let mut failed = None;
    let outcome = run_as_program(&options, &mut failed);
    end_of_run(name, outcome, failed.as_ref())
}

fn run_as_program(options: &ColourOptions, failed: &mut Option<TileFailure>) -> Result<()> {
    use_threads(options.threads)?;
    let total = Measure::start();
    let outcome = run_noting_failure(options, &Terminal, failed)?;
    let ColourOutcome {
        out,
        summary,
        page,
        points,
        counts,
        requests: [requests, bytes],
        tiles_kept,
    } = &outcome;
    let [wall, cpu] = total.seconds();
    Terminal.say(&format!(
        "{points} points, {wall:.1} s, {cpu:.1} s of processor time"
    ));
    if *tiles_kept > 0 {
        Terminal.say(&format!("tiles kept from an earlier run: {tiles_kept}"));
    }
    let ColourCounts {
        coloured,
        outside,
        masked,
        not_first_returns,
        without_ndvi: _,
    } = counts;
    Terminal.say(&format!(
        "coloured: {coloured}; outside all images: {outside}; masked: {masked}; returns beyond the first: {not_first_returns}"
    ));
    if *requests > 0 {
        Terminal.say(&format!(
            "images: {bytes} bytes fetched in {requests} requests"
        ));
    }
    let written = [out, summary, page].map(|path| path.display().to_string());
    Terminal.say(&written.join(", "));
    Ok(())
}
