//! What each choice of [`isopach_gpu::Options`] costs or gains: the same work with each, taken in turns, as JSON lines.
//!
//! `cargo run --release -p isopach-gpu --example switches -- [points a tile] [rounds] [device]`
//!
//! The work is that of tiles of a survey: rasters of both epochs, M3C2 and C2C while they are held; four of them, one after the other or several at once.
//! Every result is checked against the first one before a time counts. Of each choice the line gives the median and the quartiles of its time over that of
//! what is the default, round by round, and in how many rounds it took longer. A choice that takes longer in nearly all or nearly no rounds is told from
//! the default; others are not.
#![allow(clippy::print_stdout)]

#[path = "../../../examples/common/machine.rs"]
mod machine;

use isopach_change::{C2c, Epochs, M3c2};
use isopach_cloud::{Cloud, Origin};
use isopach_compute::{Compute, Error, Result};
use isopach_gpu::{Gpu, Keeping, Options, Reuse, Timing, Upload, Wanted};
use isopach_raster::{CellStatistic, Grid, Rasterise};
use serde_json::json;
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

/// Tiles of one piece of work.
const TILES: usize = 4;

/// A device opened with a choice of options, how many tiles it is given at once, and its times.
struct Tried {
    name: &'static str,
    gpu: Gpu,
    at_once: usize,
    times: Vec<f64>,
}

/// Both epochs about one origin, and core points.
struct Tile {
    epochs: [Cloud; 2],
    core_points: Cloud,
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: usize| arguments.get(at).map_or(Ok(default), |text| text.parse());
    let (points, rounds) = (number(0, 200_000)?, number(1, 15)?);
    let wanted = arguments.get(2).map_or(Wanted::Best, |name| Wanted::Named(name.clone()));
    let base = Options::default();
    let mut tried = Vec::new();
    for (name, options, at_once) in [
        ("default", base.clone(), 1),
        ("again the default", base.clone(), 1),
        ("uploads through the queue", Options { upload: Upload::Queue, ..base.clone() }, 1),
        ("buffers freed", Options { reuse: Reuse::Free, ..base.clone() }, 1),
        ("bindings made anew", Options { bindings: Reuse::Free, ..base.clone() }, 1),
        ("points brought by each operation", Options { residency: Keeping::Never, ..base.clone() }, 1),
        ("every kernel timed", Options { timing: Timing::EveryKernel, ..base.clone() }, 1),
        ("two tiles at once", base.clone(), 2),
        ("three tiles at once", base, 3),
    ] {
        tried.push(Tried { name, gpu: Gpu::open(wanted.clone(), options)?, at_once, times: Vec::new() });
    }
    let tiles: Vec<Tile> = (0..TILES as u64).map(|seed| tile(points, seed)).collect::<Result<_>>()?;
    let first = work(&tried[0].gpu, &tiles, 1)?;
    for round in 0..=rounds {
        // Each begins a round in turn.
        let turn = round % tried.len();
        tried.rotate_left(turn);
        for tried in &mut tried {
            let start = Instant::now();
            let result = work(&tried.gpu, &tiles, tried.at_once)?;
            // The first round compiles.
            if round > 0 {
                tried.times.push(start.elapsed().as_secs_f64());
            }
            if result != first {
                return Err(format!("{} gives another result", tried.name).into());
            }
        }
        tried.rotate_right(turn);
    }
    let default = tried[0].times.clone();
    for Tried { name, gpu, at_once, times } in &tried {
        let mut ratios: Vec<f64> = times.iter().zip(&default).map(|(time, default)| time / default).collect();
        ratios.sort_by(f64::total_cmp);
        let (pool, traffic) = (gpu.pool(), gpu.traffic());
        let rounded = |x: f64| (x * 1e4).round() / 1e4;
        let quarter = |quarters: usize| rounded(ratios[quarters * (ratios.len() - 1) / 4]);
        let line = json!({
            "what": "switch", "choice": name, "device": gpu.adapter().name, "machine": machine::machine(), "commit": machine::commit(),
            "points_an_epoch": points, "tiles": TILES, "tiles_at_once": at_once, "rounds": rounds,
            "least_s": rounded(times.iter().copied().fold(f64::INFINITY, f64::min)),
            "over_default": { "quartile_1": quarter(1), "median": quarter(2), "quartile_3": quarter(3) },
            "longer_in": ratios.iter().filter(|ratio| **ratio > 1.0).count(),
            "pool_hits": pool.hits, "pool_misses": pool.misses, "most_bytes": pool.most_bytes,
            "bindings_hits": pool.bindings_hits, "bindings_misses": pool.bindings_misses,
            "to_device_bytes": traffic.to_device_bytes, "from_device_bytes": traffic.from_device_bytes,
        });
        println!("{line}");
    }
    let timed = tried.iter().find(|tried| tried.gpu.options().timing == Timing::EveryKernel);
    let mut kernels = timed.map(|tried| tried.gpu.profile()).unwrap_or_default();
    kernels.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    let all: f64 = kernels.iter().map(|kernel| kernel.seconds).sum();
    for kernel in kernels.iter().filter(|kernel| kernel.timed > 0) {
        let (share, mean_ms) = (kernel.seconds / all, 1e3 * kernel.seconds / kernel.timed as f64);
        println!(
            "{}",
            json!({ "what": "kernel", "name": kernel.name, "calls": kernel.calls, "mean_ms": mean_ms, "share": share })
        );
    }
    Ok(())
}

/// All tiles, so many at once; counts, indices and bits of everything, folded into one number.
fn work(gpu: &Gpu, tiles: &[Tile], at_once: usize) -> Result<u64> {
    let next = AtomicUsize::new(0);
    let some = || -> Result<u64> {
        let mut sum = 0_u64;
        while let Some(tile) = tiles.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut found = Err(Error::Unsupported { operation: "hold anything" });
            let held = tile.epochs.each_ref().map(|epoch| epoch.positions().ticks());
            gpu.holding(&held, &mut || found = all_of(gpu, tile));
            // Tiles are done in any order.
            sum = sum.wrapping_add(found?);
        }
        Ok(sum)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..at_once).map(|_| scope.spawn(some)).collect();
        let ended = |_| Error::Unsupported { operation: "end a thread that panicked" };
        threads.into_iter().try_fold(0_u64, |sum, thread| Ok(sum.wrapping_add(thread.join().map_err(ended)??)))
    })
}

/// What `terrain_change` does with a tile.
fn all_of(gpu: &Gpu, tile: &Tile) -> Result<u64> {
    let [reference, compared] = tile.epochs.each_ref().map(Cloud::positions);
    let extent = reference.extent().ok_or(Error::InvalidInput("a tile without points".into()))?;
    let grid = Grid::covering(&extent, 1.0)?;
    let mut words = Vec::new();
    for epoch in [reference, compared] {
        let rasters = gpu.rasterise(epoch, &grid, &[CellStatistic::Mean, CellStatistic::StandardDeviation])?;
        words.extend(rasters.iter().flat_map(|raster| raster.values.iter().map(|value| value.to_bits())));
    }
    let core_points = tile.core_points.positions();
    let m3c2 = M3c2::default().run(gpu, Epochs { reference, compared, core_points })?;
    words.extend(m3c2.distance.iter().map(|distance| distance.to_bits()));
    let c2c = C2c { max_distance: 5.0 }.run(gpu, reference, compared)?;
    words.extend(c2c.distance.iter().map(|distance| distance.to_bits()));
    Ok(words.into_iter().fold(0, |hash: u64, word| (hash ^ word).wrapping_mul(0x0100_0000_01B3)))
}

/// Ground with four points a square metre, half a metre higher in the later epoch.
fn tile(count: usize, seed: u64) -> Result<Tile> {
    let side = (count as f64 / 4.0).sqrt();
    let origin = Origin::near([side / 2.0, side / 2.0, 0.0])?;
    let epoch = |seed: u64, raised: f64| {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed + 1);
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let point = |_| {
            let [x, y, noise] = std::array::from_fn(|_| random());
            [x * side, y * side, (x * 9.0).sin() + 0.1 * noise + raised]
        };
        Cloud::from_points_about(&(0..count).map(point).collect::<Vec<[f64; 3]>>(), origin)
    };
    let epochs = [epoch(2 * seed, 0.0)?, epoch(2 * seed + 1, 0.5)?];
    let core_points = epochs[0].spaced(1.0)?;
    Ok(Tile { epochs, core_points })
}
