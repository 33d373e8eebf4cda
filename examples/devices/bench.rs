//! Each kernel beside the processor, with the floor that was measured on the device.

use crate::{
    Arguments,
    agree::{self, Verdict},
    machine, pipeline,
    scene::Scene,
    sweep,
};
use isopach::{
    change::{Epochs, M3c2, Normals, Orientation},
    cloud::{Cloud, Origin, Rigid},
    compute::{Cpu, Result},
    emission::{AIA, Inversion, InvertPixels, Noise, Observation, TemperatureResponse},
    gpu::{DeviceType, Features, Floors, Gpu, Options, Results, Wanted},
    neighbours::{AxialStatistic, Cylinder, NeighbourSearch},
    raster::{CellStatistic, Grid, Rasterise},
    registration::{Align, PointToPlane, Rejection, Target},
};
use ndarray::{Array2, ArrayD};
use serde_json::{Value, json};
use std::{error::Error, hint::black_box, time::Instant};

/// Radius of the neighbourhoods, metres: about 35 points of the scene.
const RADIUS: f64 = 1.5;
/// Temperature bins.
const BINS: usize = 42;

/// Bytes and operations that one item cannot do without.
#[derive(Clone, Copy)]
pub(crate) struct Floor {
    pub(crate) bytes: f64,
    pub(crate) flops: f64,
}

/// What is compared, and how it is told.
pub(crate) struct Bench<'a> {
    pub(crate) gpu: &'a Gpu,
    floors: Floors,
    repeat: usize,
    pub(crate) json: bool,
    about: Value,
}

/// Everything, a line each.
pub(crate) fn run(gpu: &Gpu, arguments: &Arguments) -> std::result::Result<(), Box<dyn Error>> {
    let in_software = gpu.adapter().kind == DeviceType::Cpu;
    let floors = gpu.floors(if in_software { 16 << 20 } else { (gpu.options().budget_bytes / 8).min(512 << 20) })?;
    let about = json!({
        "device": gpu.adapter().name, "driver": gpu.adapter().driver, "machine": machine::machine(), "commit": machine::commit(),
        "cpu_threads": rayon::current_num_threads(), "points": arguments.points,
    });
    let bench = Bench { gpu, floors, repeat: arguments.repeat.max(1), json: arguments.json, about };
    bench.tell_floors();
    let scene = Scene::new(arguments.points, 1);
    let origin = Origin::near(scene.middle())?;
    let [before, after] = scene.epochs().map(|points| points.about(origin));
    let (before, after) = (before?, after?);
    neighbours(&bench, &before, &after)?;
    others(&bench, &before, &after)?;
    emission(&bench, arguments.pixels)?;
    emission_otherwise(&bench, arguments.pixels)?;
    pipeline::run(&bench, &before, &after)?;
    if arguments.sweep { sweep::run(&bench, arguments) } else { Ok(()) }
}

impl Bench<'_> {
    fn tell_floors(&self) {
        let Floors { copy_bytes_per_s, flops_per_s, upload_bytes_per_s, download_bytes_per_s } = self.floors;
        if self.json {
            let mut line = json!({
                "what": "floors", "copy_bytes_per_s": copy_bytes_per_s, "flops_per_s": flops_per_s,
                "upload_bytes_per_s": upload_bytes_per_s, "download_bytes_per_s": download_bytes_per_s,
            });
            self.finish(&mut line);
            return;
        }
        println!(
            "\n{}: copies {:.1} GB/s, computes {:.1} GFLOP/s, up {:.1} GB/s, down {:.1} GB/s",
            self.gpu.adapter().name,
            copy_bytes_per_s / 1e9,
            flops_per_s / 1e9,
            upload_bytes_per_s / 1e9,
            download_bytes_per_s / 1e9
        );
        println!(
            "{:<34} {:>10} {:>12} {:>12} {:>12} {:>8} {:>12}",
            "kernel", "items", "cpu /s", "device /s", "its kernels", "ratio", "floor /s"
        );
    }

    /// Prints a line with what it was measured on.
    pub(crate) fn finish(&self, line: &mut Value) {
        if let (Some(line), Value::Object(about)) = (line.as_object_mut(), &self.about) {
            line.extend(about.clone());
        }
        println!("{line}");
    }

    /// Runs both by turns, tells the best times if they agree, and returns how many times faster the device is; 0 where they do not.
    pub(crate) fn compare<T>(
        &self,
        name: &str,
        items: usize,
        floor: Floor,
        agree: impl Fn(&T, &T) -> Verdict,
        [cpu, gpu]: [&dyn Fn() -> Result<T>; 2],
    ) -> std::result::Result<f64, Box<dyn Error>> {
        let (expected, found) = (cpu()?, gpu()?);
        let verdict = agree(&found, &expected);
        drop((expected, found));
        let mut best = [f64::INFINITY; 2];
        let mut kernels_s = f64::INFINITY;
        for _ in 0..self.repeat {
            for (best, work) in best.iter_mut().zip([cpu, gpu]) {
                let (start, before) = (Instant::now(), self.kernel_seconds());
                black_box(work()?);
                *best = best.min(start.elapsed().as_secs_f64());
                let kernels = self.kernel_seconds() - before;
                if kernels > 0.0 {
                    kernels_s = kernels_s.min(kernels);
                }
            }
        }
        let [cpu_s, gpu_s] = best;
        let ratio = if verdict.is_ok() { cpu_s / gpu_s } else { 0.0 };
        let n = items as f64;
        let floor_s = n * (floor.bytes / self.floors.copy_bytes_per_s).max(floor.flops / self.floors.flops_per_s);
        if self.json {
            let mut line = json!({
                "what": "kernel", "name": name, "items": items, "cpu_s": cpu_s, "gpu_s": gpu_s,
                "kernels_s": kernels_s.is_finite().then_some(kernels_s), "cpu_items_per_s": n / cpu_s, "gpu_items_per_s": n / gpu_s,
                "cpu_over_gpu": cpu_s / gpu_s, "floor_s": floor_s, "bytes_an_item": floor.bytes, "flops_an_item": floor.flops,
                "agrees": verdict.as_ref().err().map_or_else(|| json!(true), |what| json!(what)),
            });
            self.finish(&mut line);
            return Ok(ratio);
        }
        match verdict {
            Ok(()) => println!(
                "{name:<34} {items:>10} {:>12.3e} {:>12.3e} {:>12} {:>8.2} {:>12.3e}",
                n / cpu_s,
                n / gpu_s,
                if kernels_s.is_finite() { format!("{:.3e}", n / kernels_s) } else { "not timed".into() },
                cpu_s / gpu_s,
                n / floor_s
            ),
            Err(what) => println!("{name:<34} {items:>10} NOT TIMED: {what}"),
        }
        Ok(ratio)
    }

    /// Device time of all kernels so far.
    fn kernel_seconds(&self) -> f64 {
        self.gpu.profile().iter().map(|kernel| kernel.seconds).sum()
    }
}

fn neighbours(bench: &Bench<'_>, before: &Cloud, after: &Cloud) -> std::result::Result<(), Box<dyn Error>> {
    let (from, to, gpu) = (before.positions(), after.positions(), bench.gpu);
    let n = from.len();
    let floor = |bytes: f64, flops: f64| Floor { bytes, flops };
    let same = |a: &usize, b: &usize| if a == b { Ok(()) } else { Err("points were lost".into()) };
    let indexed = |on: &dyn NeighbourSearch| Ok(on.index(from)?.positions().len());
    bench.compare("index", n, floor(12.0 + 32.0, 0.0), same, [&|| indexed(&Cpu), &|| indexed(gpu)])?;
    let (a, b) = (Cpu.index(from)?, gpu.index(from)?);
    bench.compare(
        "nearest",
        n,
        floor(12.0 + 16.0 + 8.0, 100.0),
        |a, b| agree::nearest(a, b),
        [&|| a.nearest(to, f64::INFINITY), &|| b.nearest(to, f64::INFINITY)],
    )?;
    let same = |a: &isopach::neighbours::Neighbours, b: &isopach::neighbours::Neighbours| {
        if a.indices == b.indices { Ok(()) } else { Err("other neighbours".into()) }
    };
    bench.compare(
        "k nearest, k = 16",
        n,
        floor(12.0 + 16.0 + 128.0, 800.0),
        same,
        [&|| a.k_nearest(from, 16, f64::INFINITY), &|| b.k_nearest(from, 16, f64::INFINITY)],
    )?;
    bench.compare(
        "covariances, 1.5 m",
        n,
        floor(12.0 + 16.0 + 40.0, 1000.0),
        |a, b| agree::covariances(a, b),
        [&|| a.covariances(from, RADIUS), &|| b.covariances(from, RADIUS)],
    )?;
    let axes = vec![[0.0, 0.0, 1.0]; n];
    let cylinder = Cylinder { radius: 1.0, half_length: 5.0 };
    for (name, statistic) in
        [("cylinders, mean", AxialStatistic::MeanDeviation), ("cylinders, median", AxialStatistic::MedianIqr)]
    {
        bench.compare(
            name,
            n,
            floor(12.0 + 12.0 + 16.0 + 12.0, 800.0),
            |a, b| agree::cylinders(a, b),
            [&|| a.cylinders(from, &axes, cylinder, statistic), &|| b.cylinders(from, &axes, cylinder, statistic)],
        )?;
    }
    Ok(())
}

fn others(bench: &Bench<'_>, before: &Cloud, after: &Cloud) -> std::result::Result<(), Box<dyn Error>> {
    let (from, to, gpu) = (before.positions(), after.positions(), bench.gpu);
    let floor = |bytes: f64, flops: f64| Floor { bytes, flops };
    let grid = Grid::covering(&from.extent().ok_or("the scene is empty")?, 1.0)?;
    for statistic in [CellStatistic::Mean, CellStatistic::Median] {
        let name = format!("rasterise, {statistic:?}").to_lowercase();
        let cells = |on: &dyn Rasterise| Ok(on.rasterise(from, &grid, &[statistic])?.remove(0));
        bench.compare(&name, from.len(), floor(12.0 + 2.0, 10.0), agree::rasters, [&|| cells(&Cpu), &|| cells(gpu)])?;
    }
    let normals = vec![[0.0, 0.0, 1.0]; from.len()];
    let target = Target { positions: from, normals: &normals };
    let (a, b) = (Cpu.pairing(to, target)?, gpu.pairing(to, target)?);
    let (rejection, pose) = (Rejection { max_distance: 1.0, kept_share: 1.0 }, Rigid::identity(from.absolute(0)));
    let same = |a: &u32, b: &u32| if a == b { Ok(()) } else { Err(format!("{a} and {b} pairs")) };
    bench.compare(
        "ICP, one step",
        to.len(),
        floor(12.0 + 28.0, 150.0),
        same,
        [&|| Ok(a.linearize(&PointToPlane, rejection, &pose)?.inliers), &|| {
            Ok(b.linearize(&PointToPlane, rejection, &pose)?.inliers)
        }],
    )?;
    let core_points = before.spaced(1.0)?;
    let normals = Normals::Multiscale { radii: vec![1.0, 2.0, 4.0], towards: Orientation::UP };
    let m3c2 = M3c2 { normals, ..M3c2::default() };
    let epochs = Epochs { reference: from, compared: to, core_points: core_points.positions() };
    bench.compare(
        "M3C2 with indexes, core points",
        core_points.len(),
        floor(76.0, 12_000.0),
        agree::differences,
        [&|| m3c2.run(&Cpu, epochs), &|| m3c2.run(gpu, epochs)],
    )?;
    Ok(())
}

/// What it takes, in numbers of so many bytes: 12 in, the measure, its errors and what came of the pixel out.
fn emission_floor(bytes: usize) -> Floor {
    Floor { bytes: (bytes * (12 + 3 * BINS)) as f64, flops: 65_000.0 }
}

fn emission_at(bins: usize) -> Inversion {
    Inversion::new(TemperatureResponse::aia(), (0..=bins).map(|i| 5.7 + 1.4 * i as f64 / bins as f64).collect())
}

/// The emission measure of so many pixels; how many times faster the device is.
pub(crate) fn emission(bench: &Bench<'_>, pixels: usize) -> std::result::Result<f64, Box<dyn Error>> {
    let inversion = emission_at(BINS);
    let [counts, sigma] = observation(&inversion, pixels)?.map(|a| a.mapv(|x| x as f32));
    let observation = || Observation { counts: counts.view(), sigma: sigma.view() };
    bench.compare(
        "emission measure, 42 bins",
        pixels,
        emission_floor(4),
        |a, b| agree::emission(a, b, 1e-5),
        [&|| Cpu.invert_single(&inversion, observation()), &|| bench.gpu.invert_single(&inversion, observation())],
    )
}

/// The same with results that come back as halves, and in double precision where the device has it.
fn emission_otherwise(bench: &Bench<'_>, pixels: usize) -> std::result::Result<(), Box<dyn Error>> {
    let inversion = emission_at(BINS);
    let [counts, sigma] = observation(&inversion, pixels)?;
    let [counts_single, sigma_single] = [&counts, &sigma].map(|a| a.mapv(|x| x as f32));
    let single = || Observation { counts: counts_single.view(), sigma: sigma_single.view() };
    let double = || Observation { counts: counts.view(), sigma: sigma.view() };
    let options = Options { results: Results::Half, ..bench.gpu.options().clone() };
    let halves = Gpu::open(Wanted::Named(bench.gpu.adapter().name.clone()), options)?;
    bench.compare(
        "emission measure, halves back",
        pixels,
        emission_floor(2),
        |a, b| agree::emission(a, b, 5e-4),
        [&|| Cpu.invert_single(&inversion, single()), &|| halves.invert_single(&inversion, single())],
    )?;
    if bench.gpu.adapter().features.contains(Features::SHADER_F64) {
        bench.compare(
            "emission measure, f64",
            pixels,
            emission_floor(8),
            |a, b| agree::emission(a, b, 1e-8),
            [&|| Cpu.invert(&inversion, double()), &|| bench.gpu.invert(&inversion, double())],
        )?;
    }
    Ok(())
}

/// Gaussians of many temperatures and widths, as AIA would count them, with its noise.
fn observation(inversion: &Inversion, pixels: usize) -> Result<[ArrayD<f64>; 2]> {
    let emission = Array2::from_shape_fn((pixels, BINS), |(i, t)| {
        let (centre, width) = (4.0 + (i % 31) as f64, 2.0 + (i % 7) as f64);
        1e21 * (1.0 + (i % 13) as f64) * (-((t as f64 - centre) / width).powi(2)).exp() + 1e18
    });
    let mut counts = inversion.forward(emission.view().into_dyn())?;
    let sigma = Noise::of(&AIA.map(|c| Noise::aia(&c, 2.9, 1.0, 0.0)), counts.view())?;
    for (i, (count, sigma)) in counts.iter_mut().zip(&sigma).enumerate() {
        *count += 0.5 * sigma * ((i * 7919 % 101) as f64 / 50.0 - 1.0);
    }
    Ok([counts, sigma])
}
