//! The program around a run of patches: from a command line to an exit code.

use super::{PatchOptions, PatchOutcome, folder, run::run_noting_failure};
use crate::{
    features::restart,
    program::{end_of_run, use_threads},
};
use clap::{Command, CommandFactory as _, Parser as _};
use isopach::{compute::Result, patches::PatchCounts, tiling::TileFailure};
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
    PatchOptions::command()
}

/// Runs the program: parses `words` (the program's own name first), prints, and returns the exit
/// code. `name` is the program's name in messages.
#[must_use]
pub fn main(name: &str, words: &[OsString]) -> ExitCode {
    headless::quiet_loader();
    codec_panics::silence_codecs();
    let options = match PatchOptions::try_parse_from(words) {
        Ok(options) => options,
        Err(error) => return Stop::Usage(error).end_program(name),
    };
    restart::announce_resume(name, options.out(), folder::locks_of(options.out()));
    let mut failed = None;
    let outcome = run_as_program(&options, &mut failed);
    end_of_run(name, outcome, failed.as_ref())
}

fn run_as_program(options: &PatchOptions, failed: &mut Option<TileFailure>) -> Result<()> {
    use_threads(options.threads)?;
    let total = Measure::start();
    let outcome = run_noting_failure(options, &Terminal, failed)?;
    let PatchOutcome {
        manifest,
        counts,
        written,
        rows,
        tiles_kept,
        ..
    } = &outcome;
    let PatchCounts {
        points,
        patches,
        left_out,
        points_left_out,
        repeated,
        without_ground,
        largest_colour: _,
    } = counts;
    let [wall, cpu] = total.seconds();
    Terminal.say(&format!(
        "{points} points, {patches} patches, {written} with copies, {rows} rows, {wall:.1} s, {cpu:.1} s of processor time"
    ));
    if *tiles_kept > 0 {
        Terminal.say(&format!("tiles kept from an earlier run: {tiles_kept}"));
    }
    Terminal.say(&format!(
        "left out for too few points: {left_out} patches with {points_left_out} points; with points drawn repeatedly: {repeated}; without ground to count heights from: {without_ground}"
    ));
    Terminal.say(&manifest.display().to_string());
    Ok(())
}
