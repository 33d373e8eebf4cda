//! What each choice of [`isopach_gpu::Options`] costs or gains: the same work with each, taken in turns, as JSON lines.
//!
//! `cargo run --release -p isopach-gpu --example switches -- [points] [rounds] [device]`
//!
//! The work is what a tile asks for: an index of the points, the nearest of as many queries, their covariances, statistics in cylinders. Every result
//! is checked against the first one before its time counts.
#![allow(clippy::print_stdout)]

use isopach_cloud::{Cloud, Positions};
use isopach_gpu::{Gpu, Options, Reuse, Timing, Upload, Wanted};
use isopach_neighbours::{AxialStatistic, Cylinder, NeighbourSearch};
use std::{error::Error, time::Instant};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: usize| arguments.get(at).map_or(Ok(default), |text| text.parse());
    let (points, rounds) = (number(0, 200_000)?, number(1, 7)?);
    let wanted = arguments.get(2).map_or(Wanted::Best, |name| Wanted::Named(name.clone()));
    let base = Options::default();
    let choices = [
        ("ring, kept", base.clone()),
        ("queue, kept", Options { upload: Upload::Queue, ..base.clone() }),
        ("ring, freed", Options { reuse: Reuse::Free, ..base.clone() }),
        ("ring, kept, timed", Options { timing: Timing::EveryKernel, ..base.clone() }),
    ];
    let mut devices = Vec::new();
    for (name, options) in choices {
        devices.push((name, Gpu::open(wanted.clone(), options)?, Vec::new()));
    }
    let (cloud, queries) = (terrain(points, 0)?, terrain(points, 77)?);
    let first = work(&devices[0].1, cloud.positions(), queries.positions())?;
    for round in 0..=rounds {
        for (name, gpu, times) in &mut devices {
            let start = Instant::now();
            let result = work(gpu, cloud.positions(), queries.positions())?;
            // The first round compiles.
            if round > 0 {
                times.push(start.elapsed().as_secs_f64());
            }
            if result != first {
                return Err(format!("{name} gives another result").into());
            }
        }
    }
    for (name, gpu, times) in &mut devices {
        times.sort_by(f64::total_cmp);
        let (device, median, least) = (&gpu.adapter().name, times[times.len() / 2], times[0]);
        let pool = gpu.pool();
        println!(
            "{{\"device\": \"{device}\", \"choice\": \"{name}\", \"points\": {points}, \"rounds\": {rounds}, \"median_s\": {median:.4}, \
             \"least_s\": {least:.4}, \"pool_hits\": {}, \"pool_misses\": {}, \"most_bytes\": {}}}",
            pool.hits, pool.misses, pool.most_bytes
        );
    }
    for time in devices[3].1.profile() {
        let each = 1e3 * time.seconds / time.timed.max(1) as f64;
        println!("{{\"kernel\": \"{}\", \"calls\": {}, \"mean_ms\": {each:.4}}}", time.name, time.calls);
    }
    Ok(())
}

/// Counts, indices and bits of everything, folded into one number.
fn work(gpu: &Gpu, points: Positions<'_>, queries: Positions<'_>) -> isopach_compute::Result<u64> {
    let index = gpu.index(points)?;
    let nearest = index.nearest(queries, f64::INFINITY)?;
    let covariances = index.covariances(queries, 1.5)?;
    let up = vec![[0.0, 0.0, 1.0]; queries.len()];
    let cylinder = Cylinder { radius: 1.0, half_length: 5.0 };
    let axial = index.cylinders(queries, &up, cylinder, AxialStatistic::MeanDeviation)?;
    let words = nearest.iter().map(|found| found.map_or(u64::MAX, |found| u64::from(found.index)));
    let words =
        words.chain(covariances.iter().map(|c| c.upper[0].to_bits())).chain(axial.iter().map(|s| s.location.to_bits()));
    Ok(words.fold(0, |hash, word| (hash ^ word).wrapping_mul(0x0100_0000_01B3)))
}

/// Ground with four points a square metre.
fn terrain(count: usize, seed: u64) -> isopach_compute::Result<Cloud> {
    let side = (count as f64 / 4.0).sqrt();
    let mut state = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed + 1);
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let points: Vec<[f64; 3]> = (0..count)
        .map(|_| {
            let [x, y, noise] = std::array::from_fn(|_| random());
            [x * side, y * side, (x * 9.0).sin() + 0.1 * noise]
        })
        .collect();
    Cloud::from_points(&points)
}
