//! Shows the contents of a LAS or LAZ file: header, coordinate system, extent, density, classes,
//! extra bytes, COPC levels.
//!
//! ```text
//! isopach info FILE… [--json] [--header-only] [--within XMIN,YMIN,XMAX,YMAX]
//! ```
//!
//! With `--features remote` a file may be an address (`s3://bucket/a.copc.laz`); the program then
//! prints the number of bytes fetched.

use clap::{Command, CommandFactory as _, Parser};
use isopach_program::{codec_panics, console, printable::printable, println, profile::Stop};
use isopach_survey::inputs::{self, Inputs};

use isopach::{
    cloud::{Columns, Rect},
    las::{GpsTime, Las},
    tiling::PointSource,
};
use rayon::prelude::*;
use serde_json::{Map, Value, json};
use std::{
    error::Error,
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Flag of points that should not be processed.
const WITHHELD: u8 = 1 << 2;

/// Options of the program `las_info`.
#[derive(Debug, Parser)]
#[command(name = "las_info", about = "Shows the contents of LAS and LAZ files.")]
struct InfoArgs {
    /// Files, or addresses of objects in stores.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print one JSON object for each file.
    #[arg(long)]
    json: bool,
    /// Read the header alone: no classes, no true extent.
    #[arg(long)]
    header_only: bool,
    /// Count only the points of this rectangle, in the file's coordinates, its lower edges
    /// included: XMIN,YMIN,XMAX,YMAX.
    #[arg(
        long,
        value_delimiter = ',',
        allow_hyphen_values = true,
        conflicts_with = "header_only"
    )]
    within: Vec<f64>,
}

/// The command of `clap`, for help and completions.
#[must_use]
pub fn command() -> Command {
    InfoArgs::command()
}

/// Runs the program: parses `words` (the program's own name first), prints, and returns the exit
/// code. `name` is the program's name in messages.
#[must_use]
pub fn main(name: &str, words: &[OsString]) -> ExitCode {
    codec_panics::silence_codecs();
    let arguments = match InfoArgs::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(error) => return Stop::Usage(error).end_program(name),
    };
    let inputs = Inputs::default();
    let mut code = ExitCode::SUCCESS;
    for file in &arguments.files {
        match describe_file(&inputs, file, &arguments) {
            Ok(found) if arguments.json => println!("{}", printable(&found.to_string())),
            Ok(found) => print_facts(&found),
            Err(error) => code = console::report_failure(name, &error),
        }
    }
    code
}

/// The facts of a file, as JSON.
fn describe_file(
    inputs: &Inputs,
    file: &Path,
    arguments: &InfoArgs,
) -> Result<Value, Box<dyn Error>> {
    let before = inputs.request_counts();
    let mut las = inputs.open(file)?;
    let is_remote = inputs::is_address(file);
    let header = las.header();
    let area = (header.max[0] - header.min[0]) * (header.max[1] - header.min[1]);
    let crs = header.crs.as_ref();
    let mut found = json!({
        "file": file.display().to_string(),
        "version": format!("{}.{}", header.version[0], header.version[1]),
        "format": header.format,
        "record_length": header.record_length,
        "compressed": header.compressed,
        "points": header.point_count,
        "chunks": las.total_chunks(),
        "min": header.min,
        "max": header.max,
        "scale": header.scale,
        "offset": header.offset,
        "points_per_square_unit": header.point_count as f64 / area,
        "file_source_id": header.file_source_id,
        "system_identifier": header.system_identifier,
        "generating_software": header.generating_software,
        "created_year_and_day": header.created,
        "gps_time": match header.gps_time {
            GpsTime::Week => "seconds of the GPS week".into(),
            GpsTime::Standard { less_millions } => format!("GPS seconds less {less_millions} million"),
        },
        "box_fault": las.box_fault().map(|fault| fault.to_string()),
        "index_fault": las.index_fault(),
        "crs_fault": las.crs_fault(),
        "crs": crs.map(|crs| json!({
            "name": crs.name, "kind": crs.kind.to_string(), "horizontal_epsg": crs.horizontal, "vertical_epsg": crs.vertical,
            "unit": crs.unit.to_string(), "height_unit": crs.height_unit().to_string(),
            "vertical_name": crs.heights.name, "vertical_datum": crs.heights.datum, "geoid": crs.heights.geoid,
            "epoch": crs.epoch,
        })),
        "records": header.records.iter().map(|record| json!({
            "user": record.user_id, "id": record.record_id, "bytes": record.bytes, "extended": record.extended,
            "description": record.description,
        })).collect::<Vec<_>>(),
        "extra_bytes": header.extra_bytes.iter().map(|extra| json!({
            "name": extra.name, "type": format!("{:?}", extra.kind), "description": extra.description,
            "scale": extra.scale, "offset": extra.shift, "no_data": extra.no_data,
        })).collect::<Vec<_>>(),
        "copc": las.copc_info().map(|copc| json!({
            "spacing": copc.spacing, "half_side": copc.half_side, "centre": copc.centre,
            "points_by_level": copc.points_by_level,
        })),
    });
    let Value::Object(facts) = &mut found else {
        return Ok(found);
    };
    match arguments.within[..] {
        [] => {}
        [x_min, y_min, x_max, y_max] => {
            las = las.within(Rect {
                min: [x_min, y_min],
                max: [x_max, y_max],
            });
            facts.insert("chunks_within".into(), json!(las.chunk_count()));
        }
        _ => {
            return Err(format!(
                "--within has {} numbers, but must have 4",
                arguments.within.len()
            )
            .into());
        }
    }
    if !arguments.header_only {
        look_at_points(&las, facts)?;
    }
    if is_remote {
        let after = inputs.request_counts();
        facts.insert("requests".into(), json!(after[0] - before[0]));
        facts.insert("bytes_fetched".into(), json!(after[1] - before[1]));
    }
    Ok(found)
}

/// Counts and the extent of points.
struct PointSums {
    classes: Vec<u64>,
    returns: Vec<u64>,
    withheld: u64,
    min: [f64; 3],
    max: [f64; 3],
}

impl Default for PointSums {
    fn default() -> Self {
        Self {
            classes: vec![0; 256],
            returns: vec![0; 16],
            withheld: 0,
            min: [f64::INFINITY; 3],
            max: [f64::NEG_INFINITY; 3],
        }
    }
}

impl PointSums {
    fn of_chunk(las: &Las, chunk: usize) -> isopach::compute::Result<Self> {
        let columns = Columns::CLASSIFICATION | Columns::RETURNS | Columns::FLAGS;
        let points = las.read_chunk(chunk, columns)?;
        let mut sums = Self::default();
        for point in &points.xyz {
            sums.min = std::array::from_fn(|axis| sums.min[axis].min(point[axis]));
            sums.max = std::array::from_fn(|axis| sums.max[axis].max(point[axis]));
        }
        for &class in points.attributes.classification.iter().flatten() {
            sums.classes[usize::from(class)] += 1;
        }
        let flags = points.attributes.flags.iter().flatten();
        sums.withheld = flags.filter(|flags| **flags & WITHHELD != 0).count() as u64;
        for [number, _] in points.attributes.returns.iter().flatten() {
            sums.returns[usize::from(*number)] += 1;
        }
        Ok(sums)
    }

    fn add(mut self, other: &Self) -> Self {
        add_counts(&mut self.classes, &other.classes);
        add_counts(&mut self.returns, &other.returns);
        self.withheld += other.withheld;
        self.min = std::array::from_fn(|axis| self.min[axis].min(other.min[axis]));
        self.max = std::array::from_fn(|axis| self.max[axis].max(other.max[axis]));
        self
    }
}

fn add_counts(to: &mut [u64], from: &[u64]) {
    to.iter_mut().zip(from).for_each(|(a, b)| *a += b);
}

/// The counts above zero as an object, by their position.
fn name_counts(counts: &[u64]) -> Value {
    let above_zero = counts.iter().enumerate().filter(|(_, count)| **count > 0);
    let named = above_zero.map(|(value, count)| (value.to_string(), json!(count)));
    Value::Object(named.collect())
}

/// Counts classes and returns, and finds the true extent of the points.
fn look_at_points(las: &Las, found: &mut Map<String, Value>) -> Result<(), Box<dyn Error>> {
    las.expect_chunks(&(0..las.chunk_count()).collect::<Vec<_>>());
    let all = (0..las.chunk_count())
        .into_par_iter()
        .map(|chunk| PointSums::of_chunk(las, chunk))
        .try_reduce(PointSums::default, |a, b| Ok(a.add(&b)))?;
    found.insert("points_by_class".into(), name_counts(&all.classes));
    found.insert("points_by_return".into(), name_counts(&all.returns));
    found.insert("withheld".into(), json!(all.withheld));
    if all.min[0].is_finite() {
        found.insert("true_min".into(), json!(all.min));
        found.insert("true_max".into(), json!(all.max));
    }
    Ok(())
}

/// Prints one line for each fact; nested ones indented.
fn print_facts(found: &Value) {
    for (name, value) in found.as_object().into_iter().flatten() {
        let name = name.replace('_', " ");
        match value {
            Value::Null => println!("{name:24} none"),
            Value::String(text) => println!("{name:24} {}", printable(text)),
            Value::Object(inner) => {
                println!("{name}");
                inner.iter().for_each(|(key, value)| {
                    println!("    {key:20} {}", printable(&value.to_string()))
                });
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                println!("{name}");
                items
                    .iter()
                    .for_each(|item| println!("    {}", printable(&item.to_string())));
            }
            other => println!("{name:24} {other}"),
        }
    }
    println!();
}
