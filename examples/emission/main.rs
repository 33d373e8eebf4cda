//! From images of the Sun to its emission measure.
//!
//!     cargo run --release --example emission -- [FILES…] [--out DIR]
//!     cargo run --release --example emission -- --counts dn.npy --sigma edn.npy [--out DIR]
//!
//! Give the FITS files of some of AIA's channels (94, 131, 171, 193, 211, 335 Å; plain, `.gz` or tile-compressed), all of one shape and aligned; those of other
//! instruments with `--instrument FILE`; those of several times with `--series`; or `.npy` arrays of any instrument.
//! Without either an active region is made up, observed with noise, and what is found is compared with its truth. Writes `emission.fits` (cubes of
//! emission measure, errors, bands, χ², status) or an `.npy` file each, and of images a PNG a band, maps of temperature, χ² and status and `index.html`.
//! Images are read, inverted and written some rows at a time: `--memory` bounds what a 4096 × 4096 set takes.

#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs)]

#[macro_use]
#[path = "../common/console.rs"]
mod console;

mod arguments;
mod arrays;
mod checksum;
#[path = "../common/codec_panics.rs"]
mod codec_panics;
mod curves;
mod degradation;
#[path = "../common/escape.rs"]
mod escape;
#[path = "../common/exit.rs"]
mod exit;
#[path = "../common/finished.rs"]
mod finished;
mod frame;
mod guard;
#[path = "../common/headless.rs"]
mod headless;
mod images;
mod instruments;
#[path = "../common/measure.rs"]
mod measure;
#[path = "../common/memory.rs"]
mod memory;
mod named;
#[path = "../common/npy.rs"]
mod npy;
#[path = "../common/npy_write.rs"]
mod npy_write;
#[path = "../common/on.rs"]
mod on;
mod overview;
mod page;
mod palette;
mod parameters;
mod pictures;
#[path = "../common/profile/mod.rs"]
mod profile;
#[path = "../common/same_file.rs"]
mod same_file;
mod scene;
mod series;
mod sink;
mod source;
#[path = "../common/write_file.rs"]
mod write_file;

use arguments::{Arguments, Compress, MOST_BINS, MethodName, OnSaturation, Output, Precision, SolveFor};
use curves::{Curve, Curves};
use indicatif::{ProgressBar, ProgressStyle};
use instruments::Instruments;
use isopach::{
    Backend,
    compute::{Choice, Error as Failure},
    emission::{
        Compat, Inversion, Method, Missing, MonteCarlo, Observation, Outputs, Quantity, Saturation, Spread, Weights,
    },
    gpu::{Options, Results},
};
use measure::Measure;
use overview::Overview;
use serde_json::{Value, json};
use sink::{Number, Sink};
use source::{About, CubeKeyword, Source};
use std::{
    cell::RefCell,
    error::Error,
    path::{Path, PathBuf},
};
use write_file::write_file;

/// Bands of log10 T that are shown.
pub(crate) const BANDS: [[f64; 2]; 6] =
    [[5.7, 5.95], [5.95, 6.15], [6.15, 6.35], [6.35, 6.55], [6.55, 6.8], [6.8, 7.1]];

/// Bytes of the program itself: code, stacks, what every pixel shares, buffers of files.
const PROGRAM: u64 = 24 << 20;

/// A median of χ² a channel from which on the counts are not explained.
const MOST_CHI_SQUARED: f64 = 3.0;

fn main() -> std::process::ExitCode {
    headless::quiet_loader();
    codec_panics::silence();
    let arguments = match Arguments::of_program() {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    run(&arguments).map_or_else(|error| exit::failed("emission", &*error), |()| std::process::ExitCode::SUCCESS)
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    if let Some(threads) = arguments.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    }
    if arguments.series {
        return series::run(arguments);
    }
    let Done { summary, is_image } = one(arguments)?;
    println!("{}", summary[OUTCOME].as_str().unwrap_or_default());
    let shown = arguments.out.join(if is_image { finished::PAGE } else { finished::SUMMARY });
    println!("See {}", console::printable::printable(&shown.display().to_string()));
    Ok(())
}

/// What a set of images, arrays or the made-up region came to.
struct Done {
    summary: Value,
    is_image: bool,
}

/// Where a summary has the line of outcome.
pub(crate) const OUTCOME: &str = "outcome";

/// Inverts what belongs to one time, and writes everything about it.
fn one(arguments: &Arguments) -> Result<Done, Box<dyn Error>> {
    let measure = Measure::start();
    let edges = edges(arguments)?;
    let (about, source) = match (&arguments.counts, &arguments.sigma) {
        (Some(counts), Some(sigma)) => {
            let (about, arrays) = arrays::open(arguments, counts, sigma)?;
            (about, Source::Arrays(arrays))
        }
        _ if arguments.files.is_empty() => {
            let (about, region) = scene::make(arguments, &edges)?;
            (about, Source::Region(Box::new(region)))
        }
        _ => {
            let (about, images) = images::open(arguments, true)?;
            images::check_temperatures(&about, &edges)?;
            (about, Source::Images(images))
        }
    };
    about.warnings.iter().for_each(|words| warn(words));
    let inversion = inversion(arguments, &about, edges)?;
    inversion.check(about.leading.iter().product())?;
    let is_image = about.leading.len() == 2 && about.leading.iter().all(|&n| n > 1);
    let guard::Held { made_from, before_this, _lock } = guard::hold(arguments, is_image)?;
    let Inverted { found, curves, mut summary, remarks } = match arguments.precision {
        Precision::Single => invert::<f32>(arguments, &inversion, &about, source)?,
        Precision::Double => invert::<f64>(arguments, &inversion, &about, source)?,
    };
    summary[finished::KEY] = made_from;
    summary["profile"] = arguments.request.resolved.to_json();
    let mut warnings = about.warnings.clone();
    if found.median_chi_squared() > MOST_CHI_SQUARED {
        let words = format!(
            "the median of χ² a channel is {:.1}: the counts are not explained; the sensitivity, the alignment, the response or the errors are wrong",
            found.median_chi_squared()
        );
        warn(&words);
        warnings.push(words);
    }
    for words in empty_channels(&about, &found).into_iter().chain(remarks) {
        warn(&words);
        warnings.push(words);
    }
    summary["warnings"] = json!(warnings);
    let panels = if is_image { pictures::write(&arguments.out, &found)? } else { Vec::new() };
    let mut files = sink::file_names(arguments);
    files.extend(panels.iter().map(|panel| panel.file.clone()));
    curves.iter().try_for_each(|curve| curve.write(&arguments.out))?;
    files.extend(curves.iter().map(|curve| curve.place.file()));
    if arguments.is_of_series {
        series::write_maps(&arguments.out, &found)?;
        files.push(series::MAPS.into());
    }
    let is_here = |name: &PathBuf| files.iter().any(|file| Path::new(file) == name);
    series::remove(&arguments.out, before_this.iter().filter(|name| !is_here(name)))?;
    summary[finished::FILES] = json!(files);
    finish(&mut summary, &measure, &about);
    summary[OUTCOME] = json!(outcome(&found, measure.seconds()[0]));
    if is_image {
        let page = page::html(&about, &summary, &found, &panels, &curves);
        write_file(&arguments.out.join(finished::PAGE), page.as_bytes())?;
    }
    if arguments.is_of_series {
        series::note_checksums(&mut summary, &arguments.out, is_image)?;
    }
    let text = serde_json::to_string_pretty(&summary)?;
    write_file(&arguments.out.join(finished::SUMMARY), text.as_bytes())?;
    Ok(Done { summary, is_image })
}

/// What is said of channels that have no count in any pixel, or none that is not saturated.
fn empty_channels(about: &About, found: &Overview) -> Vec<String> {
    let pixels: usize = about.leading.iter().product();
    let name = |f: usize| about.channels.get(f).and_then(|names| names.first()).cloned().unwrap_or_default();
    let of = |by_channel: &[usize], why: &str| {
        let all = by_channel.iter().enumerate().filter(|(_, missing)| **missing == pixels && pixels > 0);
        all.map(|(f, _)| format!("channel {}: {why} in all pixels", name(f))).collect::<Vec<_>>()
    };
    [of(&found.missing_by_channel, "no count"), of(&found.saturated_by_channel, "saturated")].concat()
}

/// How the pixels ended, in one line: the most frequent ways first.
fn outcome(found: &Overview, seconds: f64) -> String {
    let statuses = found.statuses();
    let pixels = statuses.values().sum::<usize>();
    let mut ways: Vec<(&str, usize)> = statuses.into_iter().collect();
    ways.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let share = |count: usize| 100.0 * count as f64 / pixels.max(1) as f64;
    let words: Vec<String> = ways.iter().map(|(words, count)| format!("{:.1} % {words}", share(*count))).collect();
    let words = words.join(", ");
    match found.median_chi_squared() {
        0.0 => format!("{pixels} pixels in {seconds:.1} s: {words}; no χ²"),
        median => format!("{pixels} pixels in {seconds:.1} s: {words}; median χ² a channel {median:.2}"),
    }
}

fn warn(words: &str) {
    eprintln!("warning: {}", console::printable::printable(words));
}

fn edges(arguments: &Arguments) -> Result<Vec<f64>, Box<dyn Error>> {
    if let Some(path) = &arguments.log_t_edges {
        let edges = npy::read(path)?.values;
        if edges.len() > MOST_BINS + 1 {
            let bins = edges.len() - 1;
            return Err(
                format!("--log-t-edges {} has {bins} bins, but must have {MOST_BINS} at most", path.display()).into()
            );
        }
        return Ok(edges);
    }
    let [low, high] = arguments.log_t[..] else { return Err("--log-t needs two numbers".into()) };
    Ok((0..=arguments.bins).map(|i| low + (high - low) * i as f64 / arguments.bins as f64).collect())
}

fn inversion(arguments: &Arguments, about: &About, edges: Vec<f64>) -> Result<Inversion, Box<dyn Error>> {
    let mut inversion = Inversion::new(about.response.clone(), edges);
    inversion.report = Quantity::Integrated;
    inversion.missing = Missing::Drop;
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
    inversion.compat = if arguments.compat { Compat::Strict } else { Compat::Off };
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
        OnSaturation::Reject => Missing::Reject,
        OnSaturation::Drop => Missing::Drop,
        OnSaturation::Keep => return Ok(inversion),
    };
    inversion.saturation = about.levels.clone().map(|levels| Saturation { levels, then });
    Ok(inversion)
}

/// The weights of the constraint.
fn weights(arguments: &Arguments, about: &About) -> Result<Weights, String> {
    match &arguments.loci[..] {
        [] => Ok(Weights::SelfNormalised),
        [all] if all.eq_ignore_ascii_case("all") => {
            Ok(Weights::EmissionMeasureLoci((0..about.response.channels.len()).collect()))
        }
        names => {
            let positions = names.iter().map(|name| about.channel("--loci", name));
            positions.collect::<Result<Vec<_>, _>>().map(Weights::EmissionMeasureLoci)
        }
    }
}

/// What an inversion of all rows came to.
struct Inverted {
    found: Overview,
    curves: Vec<Curve>,
    summary: Value,
    /// What was seen in the numbers that should be known.
    remarks: Option<String>,
}

/// Inverts block by block, each written as soon as it is there.
fn invert<T: Number>(
    arguments: &Arguments,
    inversion: &Inversion,
    about: &About,
    source: Source,
) -> Result<Inverted, Box<dyn Error>> {
    let shape = [about.leading.first().copied().unwrap_or(1), about.leading.iter().skip(1).product()];
    let draws = arguments.monte_carlo.map(|draws| MonteCarlo { draws, seed: arguments.seed });
    let mut curves = Curves::of(&arguments.curve, &about.leading, draws)?;
    let has_truth = matches!(source, Source::Region(_));
    let kept = PROGRAM + Overview::bytes(shape, has_truth) + source.bytes_kept();
    // A channel as doubles while it is read; what writing needs.
    let of_draws = if draws.is_some() { Sink::bytes_per_pixel_of_draws::<T>(inversion) } else { 0 };
    let beside = 24 + Sink::bytes_per_pixel::<T>() + of_draws;
    let row = shape[1].max(1) as u64 * (inversion.bytes_per_pixel::<T>() + beside) + source.bytes_per_row();
    let rows = ((arguments.memory << 20).saturating_sub(kept) / row).min(shape[0].max(1) as u64); // checked to be below 2⁴⁰ MiB
    if rows == 0 {
        let needed = (kept + row).div_ceil(1 << 20);
        return Err(format!(
            "--memory is {} MiB, but must be at least {needed} for these images and outputs",
            arguments.memory
        )
        .into());
    }
    // A twentieth of the image at most, that the bar moves.
    let rows = rows.min((shape[0] as u64).div_ceil(20));
    let budget = rows * shape[1].max(1) as u64 * inversion.bytes_per_pixel::<T>();

    let mut sink = Sink::create::<T>(arguments, inversion, about, shape, &history(arguments, about)?)?;
    let mut found = Overview::new(shape, inversion.channels(), has_truth);
    let bar = ProgressBar::new(shape[0] as u64);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {eta} left")?);
    let results = if arguments.halves { Results::Half } else { Results::Single };
    let on = arguments.on.choice(Options { results, ..Options::default() })?;
    let measure = Measure::start();
    let source = RefCell::new(source);
    inversion.stream::<T>(
        &on,
        &shape,
        budget,
        |rows| source.borrow_mut().read(rows),
        |block| {
            bar.inc(block.rows.len() as u64);
            let bands = inversion.in_bands(block.map.emission.view(), &BANDS)?;
            let temperature = inversion.mean_temperature(block.map.emission.view())?;
            if let Some(truth) = source.borrow().truth(block.rows.clone())? {
                found.add_truth(block.rows.start, &truth);
            }
            found.add(&block, &bands, &temperature);
            let read = || source.borrow_mut().read::<f64>(block.rows.clone());
            let first = (block.rows.start * shape[1]) as u64;
            let spread = draws.map(|draws| scatter(draws, inversion, &on, read()?, first)).transpose()?;
            if let Some(spread) = &spread {
                found.add_draws(&block, spread);
            }
            curves.add(&block, spread.as_ref(), inversion);
            sink.write(&block, &bands, &temperature, spread.as_ref())
        },
    )?;
    finished::remove(&arguments.out, finished::ABOUT)?;
    let errors = sink.largest_errors();
    sink.finish()?;
    bar.finish_and_clear();
    let mut source = source.into_inner();
    let remarks = source.remarks();
    let curves = curves.finish(&mut source, rows as usize, inversion, &on)?;
    let mut summary = summary(arguments, inversion, about, &found, rows, measure.seconds()[0]);
    if arguments.compress != Compress::None {
        let errors: serde_json::Map<String, Value> = errors.into_iter().map(|(name, x)| (name, json!(x))).collect();
        let name = format!("{:?}", arguments.compress).to_lowercase();
        summary["compression"] = json!({ "by": name, "largest_error_of_rounding": errors });
    }
    if let Some(MonteCarlo { draws, seed }) = draws {
        let ratio = |q: f64| found.scatter_over_stated(q);
        let ratios = json!({ "p16": ratio(0.16), "median": ratio(0.5), "p84": ratio(0.84) });
        summary["monte_carlo"] = json!({ "draws": draws, "seed": seed, "scatter_over_stated": ratios });
    }
    summary["devices"] = on.devices().into_iter().map(|device| device.name).collect();
    summary["backends_absent"] = on.absent().into();
    summary["passed_on"] =
        on.passed_on().into_iter().map(|passed| json!({ "device": passed.device, "causes": passed.causes })).collect();
    Ok(Inverted { found, curves, summary, remarks })
}

/// Mean and scatter of the draws of some pixels, the first of which has this number in the image.
fn scatter(
    draws: MonteCarlo,
    inversion: &Inversion,
    on: &Choice<dyn Backend>,
    [counts, sigma]: [ndarray::ArrayD<f64>; 2],
    first: u64,
) -> Result<Spread, Failure> {
    let observation = Observation { counts: counts.view(), sigma: sigma.view() };
    on.run(|on| draws.run_part(inversion, on, &observation, first))
}

/// The words of the command but for those that say where the results lie, what may be written over, and files of other times.
fn words_that_matter(arguments: &Arguments) -> Vec<String> {
    let mut words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    // Of a series only the files of this time.
    let mut others = Arguments::of_program().map(|all| all.files).unwrap_or_default();
    others.retain(|file| !arguments.files.contains(file));
    let mut kept = Vec::new();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--out" => {
                words.next();
            }
            "--force" => {}
            other if others.iter().any(|file| file.as_os_str() == other) => {}
            out if out.starts_with("--out=") => {}
            _ => kept.push(word),
        }
    }
    kept
}

/// How the results came about, for the files: program, command, response, inputs with their checksums.
fn history(arguments: &Arguments, about: &About) -> Result<Vec<CubeKeyword>, Box<dyn Error>> {
    let mut lines = vec![format!("isopach {} emission", env!("CARGO_PKG_VERSION"))];
    lines.push(format!("command: emission {}", words_that_matter(arguments).join(" ")));
    for path in guard::inputs(arguments) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        lines.push(format!("input: {name}, CRC-32 {:08x}", checksum::crc32(&path)?));
    }
    let given = arguments.response.iter().chain(&arguments.instrument);
    let mut responses: Vec<String> = given
        .filter(|path| !instruments::is_shipped(path))
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .collect();
    // Of AIA, where a channel is of it.
    let is_of_aia = about.is_of_aia() && Instruments::read(arguments)?.is_aia_shipped();
    if arguments.response.is_none() && (is_of_aia || responses.is_empty()) {
        responses.insert(0, "AIA, as shipped".into());
    }
    lines.push(format!("response: {}; sensitivity: {}", responses.join(", "), about.sensitivity));
    lines.extend(about.warnings.iter().map(|words| format!("warning: {words}")));
    let history = |line: String| ("HISTORY".into(), isopach::fits::Value::Text(line), String::new());
    Ok(lines.into_iter().map(history).collect())
}

fn summary(
    arguments: &Arguments,
    inversion: &Inversion,
    about: &About,
    found: &Overview,
    rows: u64,
    seconds: f64,
) -> Value {
    let saturation = match &inversion.saturation {
        Some(Saturation { levels, then }) => {
            let then = if *then == Missing::Drop { "those channels left out" } else { "no result" };
            let levels: Vec<String> = levels.iter().map(|level| format!("{level:.0}")).collect();
            format!("from {} DN/s on, by channel: {then}", levels.join(", "))
        }
        None => "not looked for".into(),
    };
    let edges = &inversion.log_t_edges;
    json!({
        "input": about.names,
        "pixels": about.leading,
        "bins": inversion.bins(),
        "log_t": [edges[0], edges[edges.len() - 1]],
        "precision": format!("{:?}", arguments.precision).to_lowercase(),
        "outputs": arguments.outputs.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "memory_mib": arguments.memory,
        "rows_at_once": rows,
        "seconds_inverting": seconds,
        "status": found.statuses(),
        "inverted_again_with_more_digits": found.inverted_again,
        "missing_by_channel": found.missing_by_channel,
        "saturated_by_channel": found.saturated_by_channel,
        "saturation": saturation,
        "sensitivity": about.sensitivity,
        "median_chi_squared": found.median_chi_squared(),
        "against_truth": if found.truth.is_empty() { Value::Null } else { scene::compare(found) },
    })
}

/// What the whole run took.
fn finish(summary: &mut Value, measure: &Measure, about: &About) {
    let [seconds, cpu_seconds] = measure.seconds();
    let pixels: usize = about.leading.iter().product();
    summary["seconds"] = json!(seconds);
    summary["cpu_seconds"] = json!(cpu_seconds);
    summary["pixels_per_second"] = json!(pixels as f64 / seconds);
    summary["peak_mib"] = json!(measure::peak_rss_mib());
}
