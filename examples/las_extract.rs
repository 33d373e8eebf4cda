//! Copies a part of a LAS or LAZ file: a rectangle, some classes; every field and record of what is
//! left stays as it is.
//!
//!     cargo run --release --example las_extract -- IN OUT [--within XMIN,YMIN,XMAX,YMAX] [--classes 2,9] [--index]
//!
//! With `--features remote` the input may be an address (`s3://bucket/a.copc.laz`); what was
//! fetched of it is told.
//!
//! Tells how many chunks had to be decoded for it: those of a COPC file that the rectangle meets,
//! or those of any other file once there is an index of its chunks (`--index` makes one beside it).

#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs)]

use clap::Parser;
use inputs::Inputs;
use isopach::{cloud::Rect, tiling::PointSource};
use isopach_program::{codec_panics, console, eprintln, println};
use isopach_survey::inputs;
use std::{error::Error, path::PathBuf, time::Instant};

#[derive(Parser)]
#[command(
    about = "Copy a rectangle or some classes of a LAS or LAZ file, with everything that is not a point."
)]
struct Arguments {
    /// LAS, LAZ or COPC: a path, or the address of an object in a store.
    input: PathBuf,
    /// LAZ, or LAS where the name ends in .las.
    output: PathBuf,
    /// Rectangle in the file's coordinates, its lower edges included: XMIN,YMIN,XMAX,YMAX.
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true)]
    within: Vec<f64>,
    /// ASPRS classes.
    #[arg(long, value_delimiter = ',')]
    classes: Vec<u8>,
    /// Use the index of the file's chunks, and make it where there is none.
    #[arg(long)]
    index: bool,
}

fn main() -> std::process::ExitCode {
    codec_panics::silence();
    run(&Arguments::parse()).map_or_else(
        |error| console::failed("las_extract", &error),
        |()| std::process::ExitCode::SUCCESS,
    )
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let inputs = Inputs::default();
    let mut las = inputs.open(&arguments.input)?;
    if let Some(fault) = las.box_fault() {
        eprintln!(
            "las_extract: {}: {fault}: the copy has the box of its points",
            arguments.input.display()
        );
    }
    if let Some(fault) = las.index_fault() {
        eprintln!("las_extract: {}: {fault}", arguments.input.display());
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
    let (decoded, chunks) = (las.chunk_count(), las.total_chunks());
    println!(
        "{kept} of {} points; {decoded} of {chunks} chunks decoded ({:.1} %); {:.2} s",
        las.header().point_count,
        100.0 * decoded as f64 / chunks.max(1) as f64,
        start.elapsed().as_secs_f64()
    );
    if inputs::is_address(&arguments.input) {
        let [requests, bytes] = inputs.traffic();
        println!("{bytes} bytes fetched in {requests} requests");
    }
    Ok(())
}
