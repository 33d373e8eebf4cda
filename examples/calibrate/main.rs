//! How often what is stated is true: counts over made and real ground, as the tables of
//! docs/algorithms.
//!
//! `cargo run --release --example calibrate -- level` (level of detection), `volumes`, `alignment`,
//! `emission` or `regions`; all if none is named. Tables of real ground read `--data` and say so
//! where it is not there.

#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs)]

mod alignment;
mod emission;
mod level_of_detection;
mod volumes;

use clap::{Parser, ValueEnum};
use isopach::compute::{Error, Result};
use isopach_program::console;
use std::path::PathBuf;

/// Prints tables of how often what is stated is true
#[derive(Debug, Parser)]
struct Arguments {
    /// Tables to print; all if none is named
    tables: Vec<Table>,
    /// Folder that has lidar/ and cases/
    #[arg(long, default_value = "../shared/data")]
    data: PathBuf,
    /// Random splits of each cloud that are aligned
    #[arg(long, default_value_t = 100)]
    splits: u64,
    /// Names of the clouds that are aligned, with commas between them; all if none is named
    #[arg(long, value_delimiter = ',')]
    clouds: Vec<String>,
    /// Made scenes of each case of volumes
    #[arg(long, default_value_t = 500)]
    scenes: u64,
    /// Draws of each case of emission measures
    #[arg(long, default_value_t = 200)]
    draws: usize,
}

/// A group of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Table {
    /// Unchanged places that are called changed, and changed ones that are found
    Level,
    /// Volumes against their truth
    Volumes,
    /// Poses against their truth
    Alignment,
    /// Emission measures against their truth, by method
    Emission,
    /// Stated errors of means of regions of images
    Regions,
}

fn main() -> std::process::ExitCode {
    run(&Arguments::parse()).map_or_else(
        |error| console::report_failure("calibrate", &error),
        |()| std::process::ExitCode::SUCCESS,
    )
}

fn run(arguments: &Arguments) -> Result<()> {
    let wanted = |table: Table| arguments.tables.is_empty() || arguments.tables.contains(&table);
    if wanted(Table::Level) {
        level_of_detection::run()?;
    }
    if wanted(Table::Volumes) {
        volumes::run(arguments.scenes).map_err(Error::source)?;
    }
    if wanted(Table::Alignment) {
        alignment::print(&arguments.data, &arguments.clouds, arguments.splits)?;
    }
    if wanted(Table::Emission) {
        emission::print(arguments.draws)?;
    }
    if wanted(Table::Regions) {
        emission::regions::print(arguments.draws)?;
    }
    Ok(())
}
