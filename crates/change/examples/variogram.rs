//! Errors of means over areas, from a raster of differences: `variogram FILE COLUMNS AREA…`.
//!
//! The file holds little-endian `f64` row by row, cells of 1 m. Prints JSON: structures, and the
//! standard error of the shared part of a mean over each area.

use isopach_change::{StableSample, Variogram, VariogramOptions};
use isopach_program::{console, println};

fn main() -> std::process::ExitCode {
    run().map_or_else(
        |error| console::report_failure("variogram", &error),
        |()| std::process::ExitCode::SUCCESS,
    )
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, columns, areas @ ..] = arguments.as_slice() else {
        return Err("usage: variogram FILE COLUMNS AREA…".into());
    };
    let columns: usize = columns.parse()?;
    let bytes = std::fs::read(file)?;
    let differences = bytes
        .as_chunks::<8>()
        .0
        .iter()
        .map(|bytes| f64::from_le_bytes(*bytes));
    let samples: Vec<StableSample> = differences
        .enumerate()
        .map(|(i, difference)| StableSample {
            position: [(i % columns) as f64, (i / columns) as f64],
            difference,
        })
        .collect();
    let options = VariogramOptions {
        structures: 1,
        ..VariogramOptions::default()
    };
    let variogram = Variogram::from_samples(&samples, &options)?;
    let structures: Vec<String> = variogram
        .structures
        .iter()
        .map(|s| format!("{{\"sill\": {}, \"range\": {}}}", s.sill, s.range))
        .collect();
    let mut errors = Vec::new();
    for area in areas {
        errors.push(variogram.mean_error(area.parse()?).to_string());
    }
    println!(
        "{{\"nugget\": {}, \"structures\": [{}], \"errors\": [{}]}}",
        variogram.nugget,
        structures.join(", "),
        errors.join(", ")
    );
    Ok(())
}
