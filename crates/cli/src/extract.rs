//! Copies a part of a LAS or LAZ file: a rectangle, some classes; all fields and records of the
//! remaining points are unchanged.
//!
//! ```text
//! isopach extract IN OUT [--within XMIN,YMIN,XMAX,YMAX] [--classes 2,9] [--index]
//! ```
//!
//! With `--features remote` the input may be an address (`s3://bucket/a.copc.laz`); the program
//! then prints the number of bytes fetched.
//!
//! Prints how many chunks were decoded: in a COPC file those that the rectangle meets; in any other
//! file likewise if it has an index of its chunks (`--index` writes one next to the file).

use clap::{Command, CommandFactory as _, Parser};
use isopach::{cloud::Rect, tiling::PointSource};
use isopach_program::{codec_panics, console, eprintln, println, profile::Stop};
use isopach_survey::inputs::{self, Inputs};
use std::{error::Error, ffi::OsString, path::PathBuf, process::ExitCode, time::Instant};

/// Options of the program `las_extract`.
#[derive(Debug, Parser)]
#[command(
    name = "las_extract",
    about = "Copy a rectangle or some classes of a LAS or LAZ file, with all records that are not points."
)]
struct ExtractArgs {
    /// LAS, LAZ or COPC: a path, or the address of an object in a store.
    input: PathBuf,
    /// LAZ, or LAS if the name ends in .las.
    output: PathBuf,
    /// Rectangle in the file's coordinates, its lower edges included: XMIN,YMIN,XMAX,YMAX.
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true)]
    within: Vec<f64>,
    /// ASPRS classes.
    #[arg(long, value_delimiter = ',')]
    classes: Vec<u8>,
    /// Use the index of the file's chunks, and create it if it is missing.
    #[arg(long)]
    index: bool,
}

/// The command of `clap`, for help and completions.
#[must_use]
pub fn command() -> Command {
    ExtractArgs::command()
}

/// Runs the program: parses `words` (the program's own name first), prints, and returns the exit
/// code. `name` is the program's name in messages.
#[must_use]
pub fn main(name: &str, words: &[OsString]) -> ExitCode {
    codec_panics::silence_codecs();
    let arguments = match ExtractArgs::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(error) => return Stop::Usage(error).end_program(name),
    };
    extract_points(name, &arguments).map_or_else(
        |error| console::report_failure(name, &error),
        |()| ExitCode::SUCCESS,
    )
}

fn extract_points(name: &str, arguments: &ExtractArgs) -> Result<(), Box<dyn Error>> {
    let inputs = Inputs::default();
    let mut las = inputs.open(&arguments.input)?;
    if let Some(fault) = las.box_fault() {
        eprintln!(
            "{name}: {}: {fault}: the copy has the box of its points",
            arguments.input.display()
        );
    }
    if let Some(fault) = las.index_fault() {
        eprintln!("{name}: {}: {fault}", arguments.input.display());
    }
    if arguments.index {
        las = las.indexed(None)?;
    }
    las = las.keep_classes(&arguments.classes);
    match arguments.within[..] {
        [] => {}
        [x_min, y_min, x_max, y_max] => {
            las = las.within(Rect {
                min: [x_min, y_min],
                max: [x_max, y_max],
            })
        }
        _ => {
            return Err(format!(
                "--within has {} numbers, but must have 4",
                arguments.within.len()
            )
            .into());
        }
    }
    let start = Instant::now();
    let kept = las.rewrite(&arguments.output)?;
    let decoded = las.chunk_count();
    let chunks = las.total_chunks();
    println!(
        "{kept} of {} points; {decoded} of {chunks} chunks decoded ({:.1} %); {:.2} s",
        las.header().point_count,
        100.0 * decoded as f64 / chunks.max(1) as f64,
        start.elapsed().as_secs_f64()
    );
    if inputs::is_address(&arguments.input) {
        let [requests, bytes] = inputs.request_counts();
        println!("{bytes} bytes fetched in {requests} requests");
    }
    Ok(())
}
