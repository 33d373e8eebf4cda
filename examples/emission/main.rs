//! From images of the Sun to its emission measure.
//!
//!     cargo run --release --example emission -- [FILES…] [--out DIR]
//!
//! Give the FITS files of some of AIA's channels (94, 131, 171, 193, 211, 335 Å), all of one shape and aligned. Without files an active region is
//! made up, observed with noise, and what is found is compared with its truth. Writes `emission.fits` (cubes of emission measure, errors, bands, χ²,
//! status), a PNG a band, a χ² map and `index.html`.

#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs)]

mod files;
mod input;
mod page;
mod pictures;
mod scene;

use clap::Parser;
use files::Outputs;
use indicatif::{ProgressBar, ProgressStyle};
use input::Input;
use isopach::{
    compute::Cpu,
    emission::{Inversion, Missing, Quantity},
};
use ndarray::{Axis, Slice};
use serde_json::json;
use std::{error::Error, fs, path::PathBuf, time::Instant};

#[derive(Parser)]
#[command(about = "Differential emission measure of six AIA images, or of a made-up active region.")]
pub(crate) struct Arguments {
    /// FITS files of AIA channels, in any order.
    files: Vec<PathBuf>,
    /// Where to write.
    #[arg(long, default_value = "emission_out")]
    out: PathBuf,
    /// Number of temperature bins.
    #[arg(long, default_value_t = 42)]
    bins: usize,
    /// Lowest and highest log10 T.
    #[arg(long, value_delimiter = ',', num_args = 2, default_values_t = [5.7, 7.1])]
    log_t: Vec<f64>,
    /// Systematic error, of the counts.
    #[arg(long, default_value_t = 0.05)]
    systematic: f64,
    /// Iterations towards a solution without negative bins.
    #[arg(long, default_value_t = 10)]
    max_iterations: usize,
    /// Memory for a block of rows, MiB.
    #[arg(long, default_value_t = 256)]
    budget: u64,
    /// Pixels a side of the made-up region.
    #[arg(long, default_value_t = 256)]
    size: usize,
}

/// Bands of log10 T that are shown.
pub(crate) const BANDS: [[f64; 2]; 6] =
    [[5.7, 5.95], [5.95, 6.15], [6.15, 6.35], [6.35, 6.55], [6.55, 6.8], [6.8, 7.1]];

fn main() {
    if let Err(error) = run(&Arguments::parse()) {
        eprintln!("emission: {error}");
        std::process::exit(1);
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    fs::create_dir_all(&arguments.out).map_err(|e| format!("{}: {e}", arguments.out.display()))?;
    let [low, high] = arguments.log_t[..] else { return Err("--log-t needs two numbers".into()) };
    let edges: Vec<f64> = (0..=arguments.bins).map(|i| low + (high - low) * i as f64 / arguments.bins as f64).collect();
    let input = if arguments.files.is_empty() { scene::make(arguments, &edges)? } else { input::read(arguments)? };
    let mut inversion = Inversion::new(input.response.clone(), edges);
    inversion.report = Quantity::Integrated;
    inversion.missing = Missing::Drop;
    inversion.max_iterations = arguments.max_iterations;

    let found = invert(arguments, &inversion, &input)?;
    let seconds = start.elapsed().as_secs_f64();
    let pixels = input.rows() * input.columns();
    let truth = input.truth.as_ref().map(|truth| scene::compare(truth, &found.bands));
    let summary = json!({
        "input": input.names,
        "pixels": [input.rows(), input.columns()],
        "bins": inversion.bins(),
        "log_t": arguments.log_t,
        "seconds": seconds,
        "pixels_per_second": pixels as f64 / seconds,
        "seconds_inverting": found.seconds,
        "status": found.statuses,
        "median_chi_squared": pictures::quantile(found.chi_squared.iter().copied(), 0.5),
        "against_truth": truth,
    });
    fs::write(arguments.out.join("summary.json"), serde_json::to_string_pretty(&summary)?)?;
    let panels = pictures::write(&arguments.out, &found)?;
    fs::write(arguments.out.join("index.html"), page::html(&summary, &panels))?;
    println!("{}", serde_json::to_string_pretty(&summary)?);
    println!("See {}", arguments.out.join("index.html").display());
    Ok(())
}

/// Inverts block by block, each written as soon as it is there.
fn invert(arguments: &Arguments, inversion: &Inversion, input: &Input) -> Result<Outputs, Box<dyn Error>> {
    let shape = [input.rows(), input.columns()];
    let mut outputs = Outputs::create(&arguments.out.join("emission.fits"), inversion, shape)?;
    let bar = ProgressBar::new(shape[0] as u64);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {eta} left")?);
    // A twentieth of the image at most, that the bar moves.
    let row = inversion.bytes_per_pixel() * shape[1] as u64;
    let budget = (arguments.budget << 20).min(row * (shape[0] as u64).div_ceil(20));
    let read = |rows: std::ops::Range<usize>| {
        let part = |a: &ndarray::Array3<f32>| a.slice_axis(Axis(0), Slice::from(rows.clone())).to_owned().into_dyn();
        Ok([part(&input.counts), part(&input.sigma)])
    };
    let start = Instant::now();
    inversion.stream(&Cpu, &shape, budget, read, |block| {
        bar.inc(block.rows.len() as u64);
        outputs.accept(inversion, &block)
    })?;
    bar.finish_and_clear();
    outputs.seconds = start.elapsed().as_secs_f64();
    Ok(outputs)
}
