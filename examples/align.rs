//! Robust ICP between two LAS or LAZ files: the pose as one line of JSON, and whether it can be
//! relied on.

#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs)]

use clap::Parser;
use isopach::{
    cloud::{Cloud, Rigid},
    compute::{Error, Result},
    las::{Catalogue, NOISE},
    registration::{Pair, RobustIcp},
    tiling::Thinning,
};
use isopach_program::{console, headless, println};
use serde::Deserialize;
use serde_json::json;
use std::path::PathBuf;

/// Aligns SOURCE to TARGET by robust point-to-plane ICP and prints the pose as JSON
#[derive(Debug, Parser)]
struct Arguments {
    /// File that stays
    target: String,
    /// File that is moved
    source: String,
    /// JSON file with the pose to start from: {"matrix": 4 rows of 4 numbers, "origin": [x, y, z]};
    /// the matrix moves coordinates less the origin
    #[arg(long)]
    start: Option<PathBuf>,
    /// ASPRS classes that take part; all but noise (7 and 18) if not given
    #[arg(long, value_delimiter = ',')]
    classes: Vec<u8>,
    /// Points of each file that are kept at most, one a cube
    #[arg(long, default_value_t = 150_000)]
    points: usize,
}

/// A pose as JSON has it.
#[derive(Debug, Deserialize)]
struct Start {
    matrix: [[f64; 4]; 4],
    origin: [f64; 3],
}

impl Default for Start {
    fn default() -> Self {
        let one = |row: usize, column: usize| if row == column { 1.0 } else { 0.0 };
        Self {
            matrix: std::array::from_fn(|row| std::array::from_fn(|column| one(row, column))),
            origin: [0.0; 3],
        }
    }
}

fn main() -> std::process::ExitCode {
    headless::quiet_loader();
    run(&Arguments::parse()).map_or_else(
        |error| console::report_failure("align", &error),
        |()| std::process::ExitCode::SUCCESS,
    )
}

fn run(arguments: &Arguments) -> Result<()> {
    let start: Start = match &arguments.start {
        Some(path) => {
            let named = |error: &dyn std::fmt::Display| {
                Error::source(format!("{}: {error}", path.display()))
            };
            let text = std::fs::read_to_string(path).map_err(|error| named(&error))?;
            serde_json::from_str(&text).map_err(|error| named(&error))?
        }
        None => Start::default(),
    };
    let thinning = Thinning {
        finest: 0.1,
        max_points: arguments.points,
        ..Thinning::default()
    };
    let read = |path: &String| -> Result<Cloud> {
        let mut catalogue = Catalogue::open(&[path])?
            .in_metres()?
            .keep_classes(&arguments.classes)
            .without_withheld();
        if !NOISE.iter().any(|class| arguments.classes.contains(class)) {
            catalogue = catalogue.without_noise();
        }
        Cloud::from_points(&thinning.run(&catalogue, |_| true)?.points)
    };
    let target = read(&arguments.target)?;
    let source = read(&arguments.source)?;
    let pair = Pair {
        source: source.positions(),
        target: target.positions(),
    };
    let found = isopach::auto().run(|on| {
        RobustIcp::default().align(on, pair, Rigid::from_matrix(start.matrix, start.origin)?)
    })?;
    let line = json!({
        "matrix": found.target_from_source.to_matrix(start.origin),
        "origin": start.origin,
        "outcome": found.outcome.describe(),
        "converged": found.converged,
        "undetermined": found.undetermined(),
        "inlier_fraction": found.inlier_fraction,
        "score_before_m": found.score_before,
        "score_after_m": found.score_after,
    });
    println!("{line}");
    Ok(())
}
