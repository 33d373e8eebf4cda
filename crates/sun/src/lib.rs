//! From images of the Sun to its emission measure.
//!
//!     cargo run --release --example emission -- [FILES…] [--out DIR]
//!     cargo run --release --example emission -- --counts dn.npy --sigma edn.npy [--out DIR]
//!
//! Give the FITS files of some of AIA's channels (94, 131, 171, 193, 211, 335 Å; plain, `.gz` or
//! tile-compressed), all of one shape and aligned; those of other instruments with `--instrument
//! FILE`; those of several times with `--series`; or `.npy` arrays of any instrument. Without
//! either an active region is made up, observed with noise, and what is found is compared with its
//! truth. Writes `emission.fits` (cubes of emission measure, errors, bands, χ², status) or an
//! `.npy` file each, and of images a PNG a band, maps of temperature, χ² and status and
//! `index.html`. Images are read, inverted and written some rows at a time: `--memory` bounds what
//! a 4096 × 4096 set takes.

mod arguments;
mod arrays;
mod blocks;
mod checksum;
mod collected;
mod curves;
mod degradation;
mod frame;
mod guard;
mod history;
mod images;
mod instruments;
mod inverting;
mod named;
mod one;
mod overview;
mod page;
mod palette;
mod parameters;
mod pictures;
mod scene;
mod series;
mod sink;
mod source;

use arguments::{Arguments, MOST_BINS, MethodName, OnSaturation, Output, SolveFor};
use blocks::Conduct;
use isopach::emission::{
    Compatibility, Inversion, Method, MissingCounts, Outputs, Quantity, Saturation, Weights,
};
use isopach_program::{codec_panics, eprintln, exit, headless, printable, println};
use one::{Done, OUTCOME, one};
use source::About;
use std::error::Error;

/// Bands of log10 T that are shown.
pub(crate) const BANDS: [[f64; 2]; 6] = [
    [5.7, 5.95],
    [5.95, 6.15],
    [6.15, 6.35],
    [6.35, 6.55],
    [6.55, 6.8],
    [6.8, 7.1],
];

/// The program `emission`.
pub fn main() -> std::process::ExitCode {
    headless::quiet_loader();
    codec_panics::silence();
    let arguments = match Arguments::of_program() {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    run(&arguments).map_or_else(
        |error| exit::failed("emission", &*error),
        |()| std::process::ExitCode::SUCCESS,
    )
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    if let Some(threads) = arguments.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()?;
    }
    if arguments.series {
        return series::run(arguments);
    }
    Conduct::of(arguments)?.say_how_to_go_on();
    let Done { said, shown, .. } = one(arguments)?;
    println!("{said}");
    if let Some(shown) = shown {
        println!("See {}", printable::printable(&shown.display().to_string()));
    }
    Ok(())
}

fn warn(words: &str) {
    eprintln!("warning: {}", printable::printable(words));
}

fn edges(arguments: &Arguments) -> Result<Vec<f64>, Box<dyn Error>> {
    if let Some(path) = &arguments.log_t_edges {
        let edges = isopach_npy::read(path)?.values;
        if edges.len() > MOST_BINS + 1 {
            let bins = edges.len() - 1;
            return Err(format!(
                "--log-t-edges {} has {bins} bins, but must have {MOST_BINS} at most",
                path.display()
            )
            .into());
        }
        return Ok(edges);
    }
    let [low, high] = arguments.log_t[..] else {
        return Err("--log-t needs two numbers".into());
    };
    Ok((0..=arguments.bins)
        .map(|i| low + (high - low) * i as f64 / arguments.bins as f64)
        .collect())
}

fn inversion(
    arguments: &Arguments,
    about: &About,
    edges: Vec<f64>,
) -> Result<Inversion, Box<dyn Error>> {
    let mut inversion = Inversion::new(about.response.clone(), edges);
    inversion.report = Quantity::Integrated;
    inversion.missing = MissingCounts::Drop;
    inversion.max_iterations = arguments.max_iterations;
    inversion.chi_squared_target = arguments.chi2_target;
    inversion.target_growth = arguments.growth.unwrap_or(inversion.target_growth);
    inversion.solve_for = match arguments.solve_for {
        SolveFor::Differential => Quantity::Differential,
        SolveFor::Integrated => Quantity::Integrated,
    };
    inversion.weights = weights(arguments, about)?;
    inversion.method = match arguments.method {
        MethodName::Regularised => Method::Regularised,
        MethodName::Positive => Method::Positive,
        MethodName::NonNegative => Method::NonNegative,
    };
    inversion.compat = if arguments.compat {
        Compatibility::Strict
    } else {
        Compatibility::Off
    };
    inversion.negative_tolerance = arguments.negative_tolerance;
    inversion.pad_value = arguments.pad_value;
    if arguments.counts.is_none() && arguments.pad_value.is_some_and(|pad| pad != 0.0) {
        return Err(
            "--pad-value of FITS files must be 0: other numbers are divided by the exposure before they are looked at"
                .into(),
        );
    }
    let asked = |output| arguments.outputs.contains(&output);
    inversion.outputs = Outputs {
        uncertainty: asked(Output::Uncertainty),
        log_t_resolution: asked(Output::Resolution),
        averaging_kernel: asked(Output::Kernel),
    };
    let then = match arguments.saturation {
        OnSaturation::Reject => MissingCounts::Reject,
        OnSaturation::Drop => MissingCounts::Drop,
        OnSaturation::Keep => return Ok(inversion),
    };
    inversion.saturation = about
        .levels
        .clone()
        .map(|levels| Saturation { levels, then });
    Ok(inversion)
}

/// The weights of the constraint.
fn weights(arguments: &Arguments, about: &About) -> Result<Weights, String> {
    match &arguments.loci[..] {
        [] => Ok(Weights::SelfNormalised),
        [all] if all.eq_ignore_ascii_case("all") => Ok(Weights::EmissionMeasureLoci(
            (0..about.response.channels.len()).collect(),
        )),
        names => {
            let positions = names.iter().map(|name| about.channel("--loci", name));
            positions
                .collect::<Result<Vec<_>, _>>()
                .map(Weights::EmissionMeasureLoci)
        }
    }
}
