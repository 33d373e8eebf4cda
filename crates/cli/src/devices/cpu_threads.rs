//! Benchmarks of the CPU alone, by number of threads: the baseline for a device.

use super::{
    DevicesArgs,
    bench::{emission_at, synthetic_observation},
    pipeline,
    teller::Teller,
};
use isopach::{
    Backend,
    change::{C2c, Epochs, M3c2},
    cloud::{Cloud, Origin, Rigid},
    compute::{Cpu, Dispatcher, Result},
    emission::{InvertPixels, Observation},
    raster::{CellStatistic, Grid, Rasterise},
    registration::{Icp, Pair},
};
use isopach_survey::scene::Scene;
use ndarray::ArrayD;
use serde_json::json;
use std::{error::Error, hint::black_box, sync::Arc, time::Instant};

/// The inputs of the benchmarks.
struct Work {
    before: Cloud,
    after: Cloud,
    core_points: Cloud,
    thinned: [Cloud; 2],
    pixels: [ArrayD<f32>; 2],
}

/// An operation: its name, its number of items, and its function.
type Operation = (&'static str, fn(&Work) -> usize, fn(&Work) -> Result<()>);

const OPERATIONS: [Operation; 6] = [
    ("DoD", |work| work.before.len() + work.after.len(), time_dod),
    ("M3C2", |work| work.core_points.len(), time_m3c2),
    ("C2C", |work| work.after.len(), time_c2c),
    ("ICP", |work| work.thinned[1].len(), time_icp),
    ("emission", |work| work.pixels[0].shape()[0], time_emission),
    (
        "DoD, M3C2, C2C on tiles",
        |work| work.before.len(),
        time_tiles,
    ),
];

/// Benchmarks each operation with each number of threads, and prints a line for each.
pub(crate) fn run(arguments: &DevicesArgs) -> std::result::Result<(), Box<dyn Error>> {
    let teller = Teller::new(None, arguments.json);
    let scene = Scene::new(arguments.points, 1);
    let origin = Origin::near(scene.centre())?;
    let [before, after] = scene.epochs().map(|points| points.about(origin));
    let before = before?;
    let after = after?;
    let inversion = emission_at(super::bench::BINS);
    let work = Work {
        core_points: before.subsample_grid(1.0)?,
        thinned: [before.subsample_grid(0.5)?, after.subsample_grid(0.5)?],
        pixels: synthetic_observation(&inversion, arguments.pixels)?.map(|a| a.mapv(|x| x as f32)),
        before,
        after,
    };
    for (name, items, operation) in OPERATIONS {
        for &threads in &arguments.threads {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads.into())
                .build()?;
            let mut best = f64::INFINITY;
            for _ in 0..arguments.repeat.max(1) {
                let start = Instant::now();
                pool.install(|| operation(&work))?;
                best = best.min(start.elapsed().as_secs_f64());
            }
            let items = items(&work);
            let line = json!({
                "what": "threads", "name": name, "threads": threads, "items": items, "seconds": best, "items_per_s": items as f64 / best,
            });
            teller.print_line(line, || {
                format!(
                    "{name:<24} {threads:>3} threads {:>12.3e} /s",
                    items as f64 / best
                )
            });
        }
    }
    Ok(())
}

/// Mean heights of both epochs in cells of a metre.
fn time_dod(work: &Work) -> Result<()> {
    for epoch in [&work.before, &work.after] {
        let positions = epoch.positions();
        let Some(extent) = positions.extent() else {
            continue;
        };
        let grid = Grid::covering(&extent, 1.0)?;
        black_box(Cpu.rasterise(
            positions,
            &grid,
            &[CellStatistic::Mean, CellStatistic::StandardDeviation],
        )?);
    }
    Ok(())
}

/// M3C2, building both indexes.
fn time_m3c2(work: &Work) -> Result<()> {
    let Work {
        before,
        after,
        core_points,
        ..
    } = work;
    let epochs = Epochs {
        reference: before.positions(),
        compared: after.positions(),
        core_points: core_points.positions(),
    };
    M3c2::default().run(&Cpu, epochs).map(|found| {
        black_box(found);
    })
}

/// C2C, building its index.
fn time_c2c(work: &Work) -> Result<()> {
    let c2c = C2c { max_distance: 5.0 };
    c2c.run(&Cpu, work.before.positions(), work.after.positions())
        .map(|found| {
            black_box(found);
        })
}

/// Point to plane, of clouds thinned to half a metre.
fn time_icp(work: &Work) -> Result<()> {
    let [target, source] = &work.thinned;
    let pair = Pair {
        source: source.positions(),
        target: target.positions(),
    };
    let start = Rigid::identity(target.positions().absolute(0));
    Icp::point_to_plane(1.0)
        .align(&Cpu, pair, start)
        .map(|found| {
            black_box(found);
        })
}

/// 42 bins, single precision.
fn time_emission(work: &Work) -> Result<()> {
    let [counts, sigma] = &work.pixels;
    let observation = Observation {
        counts: counts.view(),
        sigma: sigma.view(),
    };
    Cpu.invert_single(&emission_at(super::bench::BINS), observation)
        .map(|found| {
            black_box(found);
        })
}

/// All operations on tiles, as the tile loop runs them.
fn time_tiles(work: &Work) -> Result<()> {
    let cpu = Dispatcher::new(vec![Arc::new(Cpu) as Arc<dyn Backend>]);
    pipeline::run_tiles(&cpu, &pipeline::resident_points(&work.before, &work.after)).map(|found| {
        black_box(found);
    })
}
