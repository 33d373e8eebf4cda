//! Times each kernel on a made scene and prints one JSON line each: nanoseconds an item, with
//! machine, commit and parameters.
//!
//!     cargo bench --bench kernels [-- --points 1000000 --threads 2 --repeat 5]
//!
//! `floor_ns` is what the bytes that must be moved take at the speed of a copy on the same machine
//! and threads, measured first: what no implementation can beat, and few come near, since these
//! kernels compute.

#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs)]

use clap::Parser;
use isopach::{
    change::{Epochs, M3c2, Normals, Orientation},
    cloud::{Cloud, Columns, Positions, Rigid},
    compute::Cpu,
    las::Las,
    neighbours::{AxialStatistic, Cylinder, CylinderQuery, NeighbourSearch, symmetric_eigen},
    raster::{CellStatistic, Grid, Rasterise},
    registration::{Align, AlignTarget, PointToPlane, Rejection},
};
use isopach_program::machine;
use isopach_survey::scene;
use machine::{built_commit, describe_machine};
use rayon::prelude::*;
use serde_json::json;
use std::{error::Error, hint::black_box, time::Instant};

#[derive(Parser)]
struct Arguments {
    /// Points an epoch.
    #[arg(long, default_value_t = 1_000_000)]
    points: usize,
    /// Threads; all there are by default.
    #[arg(long)]
    threads: Option<usize>,
    /// Runs of each, the best of which counts.
    #[arg(long, default_value_t = 5)]
    repeat: usize,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Prints the best time of a kernel over `items`, beside what moving `bytes` takes.
struct Bench {
    repeat: usize,
    copy_bytes_a_ns: f64,
    about: serde_json::Value,
}

impl Bench {
    fn time<T>(
        &self,
        mut work: impl FnMut() -> Result<T, Box<dyn Error>>,
    ) -> Result<f64, Box<dyn Error>> {
        let mut best = f64::INFINITY;
        for _ in 0..self.repeat {
            let start = Instant::now();
            black_box(work()?);
            best = best.min(start.elapsed().as_secs_f64());
        }
        Ok(best)
    }

    fn run<T>(
        &self,
        kernel: &str,
        parameters: &str,
        items: usize,
        bytes: usize,
        work: impl FnMut() -> Result<T, Box<dyn Error>>,
    ) -> Result<(), Box<dyn Error>> {
        let seconds = self.time(work)?;
        let mut line = json!({
            "kernel": kernel, "parameters": parameters, "items": items,
            "ns_per_item": round(seconds * 1e9 / items as f64), "items_per_s": (items as f64 / seconds).round(),
            "bytes_per_item": bytes, "floor_ns": round(bytes as f64 / self.copy_bytes_a_ns),
        });
        if let (Some(line), serde_json::Value::Object(about)) = (line.as_object_mut(), &self.about)
        {
            line.extend(about.clone());
        }
        println!("{line}");
        Ok(())
    }
}

fn round(x: f64) -> f64 {
    (x * 100.0).round() / 100.0
}

/// Bytes a nanosecond of a copy by all threads, read and written bytes both counted.
fn copy_speed() -> f64 {
    let from = vec![1_u8; 1 << 28];
    let mut to = vec![0_u8; 1 << 28];
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        to.par_chunks_mut(1 << 22)
            .zip(from.par_chunks(1 << 22))
            .for_each(|(to, from)| to.copy_from_slice(from));
        best = best.min(start.elapsed().as_secs_f64() * 1e9);
    }
    black_box(&to);
    2.0 * from.len() as f64 / best
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    if let Some(threads) = arguments.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()?;
    }
    let scene = scene::Scene::new(arguments.points, 1);
    let folder = tempfile::tempdir()?;
    let [before, after] = ["before.laz", "after.laz"].map(|name| folder.path().join(name));
    scene.write(&before, &after)?;
    let about = json!({
        "machine": describe_machine(), "commit": built_commit(), "threads": rayon::current_num_threads(), "points": arguments.points,
    });
    let bench = Bench {
        repeat: arguments.repeat,
        copy_bytes_a_ns: copy_speed(),
        about,
    };
    file_kernels(&bench, &before)?;
    let [before, after] = [
        Las::open(before)?.read_all(Columns::XYZ)?,
        Las::open(after)?.read_all(Columns::XYZ)?,
    ];
    neighbour_kernels(&bench, &before, &after)?;
    other_kernels(&bench, &before, &after)
}

fn file_kernels(bench: &Bench, path: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let las = Las::open(path)?;
    let points = las.header().point_count as usize;
    let packed = std::fs::metadata(path)?.len() as usize / points;
    bench.run(
        "read xyz + class",
        "LAZ, PDRF 6",
        points,
        packed + 25,
        || Ok(las.read_points(Columns::CLASSIFICATION)?),
    )?;
    bench.run(
        "read all columns",
        "LAZ, PDRF 6",
        points,
        packed + 39,
        || {
            let columns = Columns::CLASSIFICATION
                .with(Columns::INTENSITY)
                .with(Columns::RETURNS)
                .with(Columns::GPS_TIME);
            Ok(las.read_points(columns.with(Columns::POINT_SOURCE))?)
        },
    )
}

fn neighbour_kernels(bench: &Bench, before: &Cloud, after: &Cloud) -> Result<(), Box<dyn Error>> {
    let (from, to) = (before.positions(), after.positions());
    let n = from.len();
    bench.run("index", "", n, 12 + 16, || {
        Ok(Cpu.index(from)?.positions().len())
    })?;
    let index = Cpu.index(from)?;
    bench.run("nearest", "the other epoch", n, 12 + 16 + 8, || {
        Ok(index.nearest(to, f64::INFINITY)?)
    })?;
    bench.run("k nearest", "k = 20, in itself", n, 12 + 16 + 160, || {
        Ok(index.k_nearest(from, 20, f64::INFINITY)?)
    })?;
    for radius in [1.0, 2.5] {
        bench.run(
            "covariances",
            &format!("radius {radius} m, in itself"),
            n,
            12 + 16 + 80,
            || Ok(index.covariances_within(from, radius)?),
        )?;
    }
    let covariances = index.covariances_within(from, 2.5)?;
    bench.run("eigen", "", n, 48 + 96, || {
        Ok(covariances
            .par_iter()
            .map(|covariance| symmetric_eigen(covariance.upper).values[0])
            .sum::<f64>())
    })?;
    let axes: Vec<[f64; 3]> = covariances
        .par_iter()
        .map(|covariance| symmetric_eigen(covariance.upper).vectors[0])
        .collect();
    for (name, statistic) in [
        ("mean", AxialStatistic::MeanDeviation),
        ("median", AxialStatistic::MedianIqr),
    ] {
        let cylinder = Cylinder {
            radius: 1.0,
            half_length: 10.0,
        };
        bench.run(
            "cylinders",
            &format!("radius 1 m, half length 10 m, {name}"),
            n,
            12 + 24 + 16 + 24,
            || {
                Ok(index.cylinder_statistics(
                    from,
                    &axes,
                    CylinderQuery {
                        cylinder,
                        statistic,
                    },
                )?)
            },
        )?;
    }
    Ok(())
}

fn other_kernels(bench: &Bench, before: &Cloud, after: &Cloud) -> Result<(), Box<dyn Error>> {
    let (from, to): (Positions<'_>, Positions<'_>) = (before.positions(), after.positions());
    let extent = from.extent().ok_or("the scene is empty")?;
    let grid = Grid::covering(&extent, 1.0)?;
    for statistic in [CellStatistic::Mean, CellStatistic::Median] {
        bench.run(
            "rasterise",
            &format!("1 m cells, {statistic:?}"),
            from.len(),
            12 + 2,
            || Ok(Cpu.rasterise(from, &grid, &[statistic])?),
        )?;
    }
    let normals = vec![[0.0, 0.0, 1.0]; from.len()];
    let pairing = Cpu.prepare_points(
        to,
        AlignTarget {
            positions: from,
            normals: &normals,
        },
    )?;
    let (rejection, pose) = (
        Rejection {
            max_distance: 1.0,
            kept_share: 1.0,
        },
        Rigid::identity(from.absolute(0)),
    );
    bench.run(
        "linearise",
        "point to plane, 1 m",
        to.len(),
        12 + 28 + 24,
        || {
            Ok(pairing
                .linearize_pairs(&PointToPlane, rejection, &pose)?
                .inliers)
        },
    )?;
    let core_points = before.subsample_grid(1.0)?;
    let m3c2 = M3c2 {
        normals: Normals::Multiscale {
            radii: vec![1.0, 2.0, 4.0],
            towards: Orientation::UP,
        },
        ..M3c2::default()
    };
    let epochs = Epochs {
        reference: from,
        compared: to,
        core_points: core_points.positions(),
    };
    let parameters = "radii 1, 2, 4 m, cylinder 1 m, depth 5 m, indexes included";
    bench.run(
        "m3c2 core point",
        parameters,
        core_points.len(),
        12 + 64,
        || Ok(m3c2.run(&Cpu, epochs)?),
    )
}
