//! Times the operations that other tools are timed at, on the same two files with the same
//! parameters.
//!
//!     bench BEFORE AFTER [--threads N] [--only read,m3c2,…] [--repeat 3]
//!
//! Prints one JSON line an operation: wall and processor seconds (best of the repeats), the peak
//! memory of a fresh process, and a check value that another implementation must reproduce.
//! Parameters: docs/benchmarks.md.

#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs)]

use clap::Parser;
use isopach::{
    change::{C2c, Detection, Dod, Epochs, M3c2, Normals, Orientation, SurveyStatistics},
    cloud::{Attributes, Cloud, Columns, Rect, Rigid},
    las::Las,
    raster::CellStatistic,
    registration::{Icp, Pair},
    tiling::{PointSource, Tiling},
};
use isopach_program::{console, measure, println};
use measure::{Measure, peak_rss_mib};
use serde_json::{Value, json};
use std::{error::Error, hint::black_box, path::PathBuf, process::Command};

type Outcome = Result<(Value, [f64; 2]), Box<dyn Error>>;

type Operation = fn(&Arguments) -> Outcome;

/// Operations by name, in the order they run.
const OPERATIONS: [(&str, Operation); 9] = [
    ("read", read),
    ("read_all", read_all),
    ("decode", decode),
    ("filter", filter),
    ("m3c2", m3c2),
    ("c2c", c2c),
    ("icp", icp),
    ("dod", dod),
    ("knn", knn),
];

#[derive(Parser)]
#[command(
    about = "Time reading, M3C2, C2C, ICP, DoD and kNN on a pair of files; one JSON line an operation."
)]
struct Arguments {
    /// Earlier epoch, LAS or LAZ.
    before: PathBuf,
    /// Later epoch.
    after: PathBuf,
    /// Threads; all there are by default.
    #[arg(long)]
    threads: Option<usize>,
    /// Which operations, comma separated.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Runs of each, the best of which counts.
    #[arg(long, default_value_t = 3)]
    repeat: usize,
    /// Run one operation in this process and print its line.
    #[arg(long, hide = true)]
    one: Option<String>,
}

fn main() -> std::process::ExitCode {
    run(&Arguments::parse()).map_or_else(
        |error| console::report_failure("bench", &error),
        |()| std::process::ExitCode::SUCCESS,
    )
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    if let Some(unknown) = arguments
        .only
        .iter()
        .find(|only| !OPERATIONS.iter().any(|(name, _)| name == only))
    {
        return Err(format!(
            "--only {unknown}: must be one of {}",
            OPERATIONS.map(|(name, _)| name).join(", ")
        )
        .into());
    }
    if let Some(one) = &arguments.one {
        return run_one(arguments, one);
    }
    for (name, _) in OPERATIONS {
        if arguments.only.is_empty() || arguments.only.iter().any(|only| only == name) {
            println!("{}", best_of_fresh_processes(arguments, name)?);
        }
    }
    Ok(())
}

fn best_of_fresh_processes(arguments: &Arguments, name: &str) -> Result<Value, Box<dyn Error>> {
    let mut best: Option<Value> = None;
    for _ in 0..arguments.repeat.max(1) {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg(&arguments.before)
            .arg(&arguments.after)
            .args(["--one", name]);
        if let Some(threads) = arguments.threads {
            command.args(["--threads", &threads.to_string()]);
        }
        let output = command.output()?;
        if !output.status.success() {
            return Err(
                format!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim()).into(),
            );
        }
        let line: Value = serde_json::from_slice(&output.stdout)?;
        let wall = |line: &Value| line["wall_s"].as_f64().unwrap_or(f64::INFINITY);
        if best.as_ref().is_none_or(|best| wall(&line) < wall(best)) {
            best = Some(line);
        }
    }
    best.ok_or_else(|| format!("{name}: nothing was run").into())
}

fn run_one(arguments: &Arguments, name: &str) -> Result<(), Box<dyn Error>> {
    let mut pool = rayon::ThreadPoolBuilder::new();
    if let Some(threads) = arguments.threads {
        pool = pool.num_threads(threads);
    }
    pool.build_global()?;
    let (_, operation) = OPERATIONS
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or("no such operation")?;
    let (check, [wall, cpu]) = operation(arguments)?;
    let mut line = json!({
        "operation": name,
        "peer": "isopach",
        "version": env!("CARGO_PKG_VERSION"),
        "threads": rayon::current_num_threads(),
        "wall_s": millis(wall),
        "cpu_s": millis(cpu),
        "peak_rss_mb": peak_rss_mib().map(f64::round),
    });
    if let (Some(line), Value::Object(check)) = (line.as_object_mut(), check) {
        line.extend(check);
    }
    println!("{line}");
    Ok(())
}

fn millis(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

/// Runs `work`, timing it alone.
fn timed<T>(
    work: impl FnOnce() -> Result<T, Box<dyn Error>>,
) -> Result<(T, [f64; 2]), Box<dyn Error>> {
    let measure = Measure::start();
    let result = work()?;
    Ok((result, measure.seconds()))
}

fn epochs(arguments: &Arguments) -> Result<[Cloud; 2], Box<dyn Error>> {
    Ok([
        Las::open(&arguments.before)?.read_all(Columns::XYZ)?,
        Las::open(&arguments.after)?.read_all(Columns::XYZ)?,
    ])
}

/// Both files into x, y, z (`f64`) and class.
fn read(arguments: &Arguments) -> Outcome {
    read_columns(arguments, |las| las, |_| Columns::CLASSIFICATION)
}

/// Both files into x, y, z (`f64`) and every column that they have.
fn read_all(arguments: &Arguments) -> Outcome {
    read_columns(arguments, |las| las, Las::columns)
}

/// As `read`, of a class that no point has: decoding, with nothing to keep.
fn decode(arguments: &Arguments) -> Outcome {
    read_columns(
        arguments,
        |las| las.keep_classes(&[255]),
        |_| Columns::CLASSIFICATION,
    )
}

/// As `read`, of the points of the western half that are ground.
fn filter(arguments: &Arguments) -> Outcome {
    let half = |las: Las| {
        let Rect { min, max } = las.extent();
        las.keep_classes(&[2]).within(Rect {
            min,
            max: [0.5 * (min[0] + max[0]), max[1]],
        })
    };
    read_columns(arguments, half, |_| Columns::CLASSIFICATION)
}

/// One file after the other; `output_mb` is what the larger of them takes in memory.
fn read_columns(
    arguments: &Arguments,
    part: impl Fn(Las) -> Las,
    columns: impl Fn(&Las) -> Columns,
) -> Outcome {
    let (sizes, seconds) = timed(|| {
        let mut sizes = Vec::new();
        for path in [&arguments.before, &arguments.after] {
            let las = part(Las::open(path)?);
            let columns = columns(&las);
            let points = black_box(las.read_points(columns)?).len() as u64;
            sizes.push([points, points * (24 + Attributes::bytes_per_point(columns))]);
        }
        Ok(sizes)
    })?;
    let points: u64 = sizes.iter().map(|[points, _]| points).sum();
    let output = sizes.iter().map(|[_, bytes]| bytes >> 20).max();
    Ok((
        json!({ "points_read": points, "output_mb": output }),
        seconds,
    ))
}

/// Every tenth point as core point, shifted off the lattice; normal radius 2.5, cylinder 1 × 10.
fn m3c2(arguments: &Arguments) -> Outcome {
    let [before, after] = epochs(arguments)?;
    let positions = before.positions();
    let shifted: Vec<[f64; 3]> = (0..before.len())
        .step_by(10)
        .map(|i| {
            let [x, y, z] = positions.absolute(i);
            [x + 0.00037, y + 0.00021, z + 0.00043]
        })
        .collect();
    let core_points = Cloud::from_points(&shifted)?;
    let m3c2 = M3c2 {
        normals: Normals::Multiscale {
            radii: vec![2.5],
            towards: Orientation::UP,
        },
        cylinder_radius: 1.0,
        projection_depth: 10.0,
        registration_error: 0.0.into(),
        ..M3c2::default()
    };
    let pair = Epochs {
        reference: positions,
        compared: after.positions(),
        core_points: core_points.positions(),
    };
    let (found, seconds) = timed(|| Ok(isopach::cpu().run(|on| m3c2.run(on, pair))?))?;
    let valid: Vec<f64> = found
        .distance
        .iter()
        .copied()
        .filter(|d| d.is_finite())
        .collect();
    let mean = valid.iter().sum::<f64>() / valid.len() as f64;
    Ok((
        json!({ "check": mean, "valid": valid.len(), "core_points": found.distance.len() }),
        seconds,
    ))
}

/// Exact nearest neighbour, later to earlier epoch.
fn c2c(arguments: &Arguments) -> Outcome {
    let [before, after] = epochs(arguments)?;
    let c2c = C2c {
        max_distance: f64::INFINITY,
    };
    let (found, seconds) =
        timed(|| Ok(isopach::cpu().run(|on| c2c.run(on, before.positions(), after.positions()))?))?;
    Ok((
        json!({ "check": found.distance.iter().sum::<f64>() }),
        seconds,
    ))
}

/// Point to plane from the identity after thinning both epochs to 0.5 m; 1 m correspondences.
fn icp(arguments: &Arguments) -> Outcome {
    let [before, after] = epochs(arguments)?;
    let (found, seconds) = timed(|| {
        let target = before.subsample_grid(0.5)?;
        let source = after.subsample_grid(0.5)?;
        let pair = Pair {
            source: source.positions(),
            target: target.positions(),
        };
        let start = Rigid::identity(target.positions().absolute(0));
        Ok(isopach::cpu().run(|on| Icp::point_to_plane(1.0).align(on, pair, start))?)
    })?;
    let extent = before
        .positions()
        .extent()
        .ok_or("the earlier epoch is empty")?;
    let corner =
        found
            .target_from_source
            .about([extent.min[0].floor(), extent.min[1].floor(), 0.0]);
    let check = json!({
        "translation": corner.translation, "rotation_vector": corner.rotation_vector(),
        "iterations": found.iterations, "converged": found.converged, "rmse": found.rmse, "downsample_m": 0.5,
    });
    Ok((check, seconds))
}

/// Mean height a 1 m cell of each epoch and their difference, from the files.
fn dod(arguments: &Arguments) -> Outcome {
    let ((sum, cells), seconds) = timed(|| {
        let before = Las::open(&arguments.before)?;
        let after = Las::open(&arguments.after)?;
        let detection = Detection {
            survey: Some(SurveyStatistics::equal_epochs()),
            ..Detection::default()
        };
        let dod = Dod {
            cell_size: 1.0,
            statistic: CellStatistic::Mean,
            classes: vec![],
            detection,
            ..Dod::default()
        };
        let mut sum = 0.0;
        let mut cells = 0;
        let sources: [&dyn PointSource; 2] = [&before, &after];
        let tiling = Tiling {
            tile_size: f64::INFINITY,
            ..Tiling::default()
        };
        tiling.stream(
            &isopach::cpu(),
            &dod,
            sources,
            &mut |_: Rect, tile: isopach::change::DodRasters| {
                for difference in tile.difference.values.iter().filter(|d| d.is_finite()) {
                    sum += difference;
                    cells += 1;
                }
                Ok(())
            },
        )?;
        Ok((sum, cells))
    })?;
    Ok((
        json!({ "check": sum / f64::from(cells), "cells": cells, "includes_read": true }),
        seconds,
    ))
}

/// The 20 nearest of every point of the earlier epoch in itself.
fn knn(arguments: &Arguments) -> Outcome {
    let [before, _] = epochs(arguments)?;
    let positions = before.positions();
    let (lists, seconds) =
        timed(|| {
            Ok(isopach::cpu()
                .run(|on| on.index(positions)?.k_nearest(positions, 20, f64::INFINITY))?)
        })?;
    let farthest = lists.offsets[1..]
        .iter()
        .map(|&end| f64::from(lists.squared_distances[end - 1]).sqrt());
    Ok((json!({ "check": farthest.sum::<f64>() }), seconds))
}
