//! Benchmarks of each kernel against the CPU, with the floor measured on the device.

use super::{
    DevicesArgs,
    agree::{self, Verdict},
    own_kernel::Own,
    pipeline, sweep,
    teller::Teller,
};
use isopach::{
    change::{Epochs, M3c2, Normals, Orientation},
    cloud::{Cloud, Origin, Rigid},
    compute::{Cpu, Result},
    emission::{AIA, Inversion, InvertPixels, Noise, Observation, TemperatureResponse},
    gpu::{AdapterKind, AdapterSelector, DeviceCeilings, Gpu, GpuOptions, ResultPrecision},
    neighbours::{AxialStatistic, Cylinder, CylinderQuery, NeighbourSearch},
    raster::{
        CellStatistic, Grid, Rasterise,
        gather::{Edges, Gather, Gathering, ImageView, Pixels, PlaceMap},
    },
    registration::{Align, AlignTarget, PointToPlane, Rejection},
};
use isopach_survey::scene::Scene;
use ndarray::{Array2, ArrayD};
use serde_json::json;
use std::{error::Error, hint::black_box, time::Instant};

/// Radius of the neighbourhoods, metres: about 35 points of the scene.
const RADIUS: f64 = 1.5;
/// Temperature bins.
pub(crate) const BINS: usize = 42;

/// Bytes and operations that one item cannot do without.
#[derive(Clone, Copy)]
pub(crate) struct Floor {
    pub(crate) bytes: f64,
    pub(crate) flops: f64,
}

/// The two backends to compare, and the printer of the results.
#[derive(Clone, Copy)]
pub(crate) struct Bench<'a> {
    pub(crate) gpu: &'a Gpu,
    floors: DeviceCeilings,
    repeat: usize,
    pub(crate) teller: &'a Teller,
    /// The section a line belongs to: "bench" or "sweep".
    part: &'static str,
}

/// Seconds of the fastest run of each, and of a device's first, which compiles.
struct Times {
    cpu_s: f64,
    gpu_s: f64,
    first_s: f64,
    kernels_s: Option<f64>,
}

/// Runs the requested benchmarks, prints a line for each, and returns the number of failures.
pub(crate) fn run(
    gpu: &Gpu,
    arguments: &DevicesArgs,
) -> std::result::Result<usize, Box<dyn Error>> {
    let in_software = gpu.adapter().kind == AdapterKind::Cpu;
    // A software device computes little faster than it copies, and inputs of this size stay in
    // caches.
    let bytes = if in_software {
        2 << 20
    } else {
        (gpu.options().budget_bytes / 8).min(512 << 20)
    };
    let floors = gpu.measure_ceilings(bytes)?;
    let teller = Teller::new(Some(gpu), arguments.json);
    let bench = Bench {
        gpu,
        floors,
        repeat: arguments.repeat.max(1),
        teller: &teller,
        part: "bench",
    };
    bench.tell_floors();
    if arguments.bench {
        bench_all(&bench, arguments)?;
    }
    if arguments.sweep {
        sweep::run(
            &Bench {
                part: "sweep",
                ..bench
            },
            arguments,
        )?;
    }
    Ok(teller.failure_count())
}

/// Every kernel, those that most is made of first, and the whole job on tiles.
fn bench_all(
    bench: &Bench<'_>,
    arguments: &DevicesArgs,
) -> std::result::Result<(), Box<dyn Error>> {
    let scene = Scene::new(arguments.points, 1);
    let origin = Origin::near(scene.centre())?;
    let [before, after] = scene.epochs().map(|points| points.about(origin));
    let before = before?;
    let after = after?;
    bench_neighbours(bench, &before, &after)?;
    bench_others(bench, &before, &after)?;
    bench_images(bench, before.len())?;
    bench_emission(bench, arguments.pixels)?;
    pipeline::run(bench, &before, &after)?;
    emission_otherwise(bench, arguments.pixels)
}

impl Bench<'_> {
    fn tell_floors(&self) {
        let DeviceCeilings {
            copy_bytes_per_s,
            flops_per_s,
            upload_bytes_per_s,
            download_bytes_per_s,
        } = self.floors;
        let line = json!({
            "what": "floors", "copy_bytes_per_s": copy_bytes_per_s, "flops_per_s": flops_per_s,
            "upload_bytes_per_s": upload_bytes_per_s, "download_bytes_per_s": download_bytes_per_s,
        });
        self.teller.print_line(line, || {
            format!(
                "\n{}: copies {:.1} GB/s, computes {:.1} GFLOP/s, up {:.1} GB/s, down {:.1} GB/s\n{:<34} {:>10} {:>12} {:>12} {:>12} {:>8} {:>12} {:>8}",
                self.gpu.adapter().name,
                copy_bytes_per_s / 1e9,
                flops_per_s / 1e9,
                upload_bytes_per_s / 1e9,
                download_bytes_per_s / 1e9,
                "kernel",
                "items",
                "cpu /s",
                "device /s",
                "its kernels",
                "ratio",
                "floor /s",
                "its own"
            )
        });
    }

    /// Runs both alternately, prints the best times, and returns how many times faster the device
    /// is; 0 if the results disagree or the device did not do the work.
    pub(crate) fn compare<T>(
        &self,
        name: &str,
        items: usize,
        floor: Floor,
        agree: impl Fn(&T, &T) -> Verdict,
        [cpu, gpu]: [&dyn Fn() -> Result<T>; 2],
    ) -> std::result::Result<f64, Box<dyn Error>> {
        let expected = cpu()?;
        let before = Own::of(self.gpu);
        let start = Instant::now();
        let found = gpu();
        let first_s = start.elapsed().as_secs_f64();
        let own = Own::of(self.gpu).work_since(before);
        let verdict = match &found {
            Ok(_) if own.dispatches == 0 => Err("the device did none of it".into()),
            Ok(found) => agree(found, &expected),
            Err(error) => Err(format!("{}: {error}", error.cause())),
        };
        let answered = found.is_ok();
        drop((expected, found));
        let times = if answered {
            Some(self.best_time(first_s, [cpu, gpu])?)
        } else {
            None
        };
        let ratio = match (&verdict, &times) {
            (Ok(()), Some(times)) => times.cpu_s / times.gpu_s,
            _ => 0.0,
        };
        self.print_times(name, items, floor, own, times.as_ref(), &verdict);
        Ok(ratio)
    }

    /// Each `repeat` times, in turn.
    fn best_time<T>(&self, first_s: f64, both: [&dyn Fn() -> Result<T>; 2]) -> Result<Times> {
        let mut best = [f64::INFINITY; 2];
        let mut kernels_s = f64::INFINITY;
        for _ in 0..self.repeat {
            for (best, work) in best.iter_mut().zip(both) {
                let start = Instant::now();
                let before = self.kernel_seconds();
                black_box(work()?);
                *best = best.min(start.elapsed().as_secs_f64());
                let kernels = self.kernel_seconds() - before;
                if kernels > 0.0 {
                    kernels_s = kernels_s.min(kernels);
                }
            }
        }
        let [cpu_s, gpu_s] = best;
        Ok(Times {
            cpu_s,
            gpu_s,
            first_s,
            kernels_s: kernels_s.is_finite().then_some(kernels_s),
        })
    }

    fn print_times(
        &self,
        name: &str,
        items: usize,
        floor: Floor,
        own: Own,
        times: Option<&Times>,
        verdict: &Verdict,
    ) {
        if verdict.is_err() {
            self.teller.print_failure();
        }
        let n = items as f64;
        let floor_s = n
            * (floor.bytes / self.floors.copy_bytes_per_s)
                .max(floor.flops / self.floors.flops_per_s);
        let mut line = json!({
            "what": "kernel", "part": self.part, "name": name, "items": items, "floor_s": floor_s, "bytes_an_item": floor.bytes,
            "flops_an_item": floor.flops, "agrees": verdict.as_ref().err().map_or_else(|| json!(true), |what| json!(what)),
            "own": own.to_json(items),
        });
        if let Some(&Times {
            cpu_s,
            gpu_s,
            first_s,
            kernels_s,
        }) = times
        {
            line["cpu_s"] = json!(cpu_s);
            line["gpu_s"] = json!(gpu_s);
            line["first_s"] = json!(first_s);
            line["kernels_s"] = json!(kernels_s);
            line["cpu_items_per_s"] = json!(n / cpu_s);
            line["gpu_items_per_s"] = json!(n / gpu_s);
            line["cpu_over_gpu"] = json!(cpu_s / gpu_s);
        }
        self.teller.print_line(line, || match (verdict, times) {
            (Ok(()), Some(times)) => format!(
                "{name:<34} {items:>10} {:>12.3e} {:>12.3e} {:>12} {:>8.2} {:>12.3e} {:>6.1} %",
                n / times.cpu_s,
                n / times.gpu_s,
                times
                    .kernels_s
                    .map_or_else(|| "not timed".into(), |s| format!("{:.3e}", n / s)),
                times.cpu_s / times.gpu_s,
                n / floor_s,
                100.0 * own.own_share(items)
            ),
            (verdict, _) => {
                format!(
                    "{name:<34} {items:>10} NOT TIMED: {}",
                    verdict.as_ref().err().map_or("", |what| what)
                )
            }
        });
    }

    /// Device time of all kernels so far.
    fn kernel_seconds(&self) -> f64 {
        self.gpu
            .kernel_times()
            .iter()
            .map(|kernel| kernel.seconds)
            .sum()
    }
}

/// Refuses results of the two backends that differ.
fn check_equal<T: PartialEq>(what: &str, cpu: &T, gpu: &T) -> agree::Verdict {
    if cpu == gpu {
        Ok(())
    } else {
        Err(format!("the {what} of the CPU and the GPU differ"))
    }
}

fn bench_neighbours(
    bench: &Bench<'_>,
    before: &Cloud,
    after: &Cloud,
) -> std::result::Result<(), Box<dyn Error>> {
    let from = before.positions();
    let to = after.positions();
    let gpu = bench.gpu;
    let n = from.len();
    let floor = |bytes: f64, flops: f64| Floor { bytes, flops };
    let indexed = |on: &dyn NeighbourSearch| Ok(on.index(from)?.positions().len());
    bench.compare(
        "index",
        n,
        floor(12.0 + 32.0, 0.0),
        |a, b| check_equal("points", a, b),
        [&|| indexed(&Cpu), &|| indexed(gpu)],
    )?;
    let a = Cpu.index(from)?;
    let b = gpu.index(from)?;
    bench.compare(
        "nearest",
        n,
        floor(12.0 + 16.0 + 8.0, 100.0),
        |a, b| agree::compare_nearest(a, b),
        [&|| a.nearest(to, f64::INFINITY), &|| {
            b.nearest(to, f64::INFINITY)
        }],
    )?;
    bench.compare(
        "k nearest, k = 16",
        n,
        floor(12.0 + 16.0 + 128.0, 800.0),
        |a, b| check_equal("neighbours", &a.indices, &b.indices),
        [&|| a.k_nearest(from, 16, f64::INFINITY), &|| {
            b.k_nearest(from, 16, f64::INFINITY)
        }],
    )?;
    bench.compare(
        "covariances, 1.5 m",
        n,
        floor(12.0 + 16.0 + 40.0, 1000.0),
        |a, b| agree::compare_covariances(a, b),
        [&|| a.covariances_within(from, RADIUS), &|| {
            b.covariances_within(from, RADIUS)
        }],
    )?;
    let radii = [RADIUS, 2.0 * RADIUS];
    bench.compare(
        "shapes, 1.5 and 3 m",
        n,
        floor(12.0 + 16.0 + 64.0, 5000.0),
        |a, b| agree::compare_shapes(a, b),
        [&|| a.shapes_within_radii(from, &radii), &|| {
            b.shapes_within_radii(from, &radii)
        }],
    )?;
    let axes = vec![[0.0, 0.0, 1.0]; n];
    let cylinder = Cylinder {
        radius: 1.0,
        half_length: 5.0,
    };
    for (name, statistic) in [
        ("cylinders, mean", AxialStatistic::MeanDeviation),
        ("cylinders, median", AxialStatistic::MedianIqr),
    ] {
        let query = CylinderQuery {
            cylinder,
            statistic,
        };
        bench.compare(
            name,
            n,
            floor(12.0 + 12.0 + 16.0 + 12.0, 800.0),
            |a, b| agree::compare_cylinders(a, b),
            [&|| a.cylinder_statistics(from, &axes, query), &|| {
                b.cylinder_statistics(from, &axes, query)
            }],
        )?;
    }
    Ok(())
}

fn bench_others(
    bench: &Bench<'_>,
    before: &Cloud,
    after: &Cloud,
) -> std::result::Result<(), Box<dyn Error>> {
    let from = before.positions();
    let to = after.positions();
    let gpu = bench.gpu;
    let floor = |bytes: f64, flops: f64| Floor { bytes, flops };
    let grid = Grid::covering(&from.extent().ok_or("the scene is empty")?, 1.0)?;
    for statistic in [CellStatistic::Mean, CellStatistic::Median] {
        let name = format!("rasterise, {statistic:?}").to_lowercase();
        let cells = |on: &dyn Rasterise| Ok(on.rasterise(from, &grid, &[statistic])?.remove(0));
        bench.compare(
            &name,
            from.len(),
            floor(12.0 + 2.0, 10.0),
            agree::compare_rasters,
            [&|| cells(&Cpu), &|| cells(gpu)],
        )?;
    }
    let normals = vec![[0.0, 0.0, 1.0]; from.len()];
    let target = AlignTarget {
        positions: from,
        normals: &normals,
    };
    let a = Cpu.prepare_points(to, target)?;
    let b = gpu.prepare_points(to, target)?;
    let rejection = Rejection {
        max_distance: 1.0,
        kept_share: 1.0,
    };
    let pose = Rigid::identity(from.absolute(0));
    bench.compare(
        "ICP, one step",
        to.len(),
        floor(12.0 + 28.0, 150.0),
        |a, b| check_equal("pairs", a, b),
        [
            &|| Ok(a.linearize_pairs(&PointToPlane, rejection, &pose)?.inliers),
            &|| Ok(b.linearize_pairs(&PointToPlane, rejection, &pose)?.inliers),
        ],
    )?;
    let core_points = before.subsample_grid(1.0)?;
    let normals = Normals::Multiscale {
        radii: vec![1.0, 2.0, 4.0],
        towards: Orientation::UP,
    };
    let m3c2 = M3c2 {
        normals,
        ..M3c2::default()
    };
    let epochs = Epochs {
        reference: from,
        compared: to,
        core_points: core_points.positions(),
    };
    bench.compare(
        "M3C2 with indexes, core points",
        core_points.len(),
        floor(76.0, 12_000.0),
        agree::compare_differences,
        [&|| m3c2.run(&Cpu, epochs), &|| m3c2.run(gpu, epochs)],
    )?;
    Ok(())
}

/// Values of four bands at `places` scattered places of an orthophoto, and a view of a panorama, the
/// images uploaded beforehand.
fn bench_images(bench: &Bench<'_>, places: usize) -> std::result::Result<(), Box<dyn Error>> {
    let [columns, rows] = [2048_usize, 1024];
    let samples: Vec<u8> = (0..4 * columns * rows)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let photo = ImageView::new(columns, rows, 4, Pixels::U8(&samples))?;
    let at: Vec<[f64; 2]> = (0..places)
        .map(|i| [i * 7919 % (97 * columns), i * 104_729 % (97 * rows)].map(|at| at as f64 / 97.0))
        .collect();
    let a = Cpu.hold_image(photo)?;
    let b = bench.gpu.hold_image(photo)?;
    // A place up, sixteen samples read, four values down.
    bench.compare(
        "values of images, bilinear",
        places,
        Floor {
            bytes: 48.0 + 16.0 + 16.0,
            flops: 50.0,
        },
        agree::compare_values,
        [&|| a.gather(&at, Gathering::default()), &|| {
            b.gather(&at, Gathering::default())
        }],
    )?;
    let panorama = ImageView::new(columns, rows, 3, Pixels::U8(&samples[..3 * columns * rows]))?;
    let how = Gathering {
        edges: Edges::WrapColumns,
        ..Gathering::default()
    };
    let side = 512;
    let turned = |column: usize, row: usize| {
        let [u, v] = [column, row].map(|at| at as f64 + 0.3);
        [u + 0.2 * v, 256.0 + v - 0.1 * u]
    };
    let map = PlaceMap::new(side, side, [columns, rows], how, turned)?;
    let a = Cpu.hold_image(panorama)?;
    let b = bench.gpu.hold_image(panorama)?;
    let picture = |held: &dyn isopach::raster::gather::HeldImage| {
        let mut picture = vec![0_u8; 3 * side * side];
        held.remap(&map, &mut picture)?;
        Ok(picture)
    };
    bench.compare(
        "pictures by a map, bilinear",
        side * side,
        Floor {
            bytes: 8.0 + 12.0 + 3.0,
            flops: 30.0,
        },
        |a, b| check_equal("samples", a, b),
        [&|| picture(a.as_ref()), &|| picture(b.as_ref())],
    )?;
    Ok(())
}

/// The floor of an emission measure with numbers of `bytes` bytes: 12 in; the measure, its errors
/// and the pixel's status out.
fn emission_floor(bytes: usize) -> Floor {
    Floor {
        bytes: (bytes * (12 + 3 * BINS)) as f64,
        flops: 65_000.0,
    }
}

/// AIA's six channels, bins from 10^5.7 to 10^7.1 K.
pub(crate) fn emission_at(bins: usize) -> Inversion {
    Inversion::new(
        TemperatureResponse::aia(),
        (0..=bins)
            .map(|i| 5.7 + 1.4 * i as f64 / bins as f64)
            .collect(),
    )
}

/// Benchmarks the emission measure of `pixels` pixels; returns how many times faster the device is.
pub(crate) fn bench_emission(
    bench: &Bench<'_>,
    pixels: usize,
) -> std::result::Result<f64, Box<dyn Error>> {
    let inversion = emission_at(BINS);
    let [counts, sigma] = synthetic_observation(&inversion, pixels)?.map(|a| a.mapv(|x| x as f32));
    let observation = || Observation {
        counts: counts.view(),
        sigma: sigma.view(),
    };
    bench.compare(
        "emission measure, 42 bins",
        pixels,
        emission_floor(4),
        |a, b| agree::compare_emission(a, b, 1e-5),
        [&|| Cpu.invert_single(&inversion, observation()), &|| {
            bench.gpu.invert_single(&inversion, observation())
        }],
    )
}

/// Benchmarks results returned as halves, and double precision if the device has it.
fn emission_otherwise(bench: &Bench<'_>, pixels: usize) -> std::result::Result<(), Box<dyn Error>> {
    let inversion = emission_at(BINS);
    let [counts, sigma] = synthetic_observation(&inversion, pixels)?;
    let [counts_single, sigma_single] = [&counts, &sigma].map(|a| a.mapv(|x| x as f32));
    let single = || Observation {
        counts: counts_single.view(),
        sigma: sigma_single.view(),
    };
    let double = || Observation {
        counts: counts.view(),
        sigma: sigma.view(),
    };
    let options = GpuOptions {
        results: ResultPrecision::Half,
        ..bench.gpu.options().clone()
    };
    let halves = Gpu::open(
        AdapterSelector::Named(bench.gpu.adapter().name.clone()),
        options,
    )?;
    let in_halves = Bench {
        gpu: &halves,
        ..*bench
    };
    in_halves.compare(
        "emission measure, halves back",
        pixels,
        emission_floor(2),
        |a, b| agree::compare_emission(a, b, 5e-4),
        [&|| Cpu.invert_single(&inversion, single()), &|| {
            halves.invert_single(&inversion, single())
        }],
    )?;
    if bench.gpu.adapter().features.double_precision {
        bench.compare(
            "emission measure, f64",
            pixels,
            emission_floor(8),
            |a, b| agree::compare_emission(a, b, 1e-8),
            [&|| Cpu.invert(&inversion, double()), &|| {
                bench.gpu.invert(&inversion, double())
            }],
        )?;
    }
    Ok(())
}

/// Gaussians of many temperatures and widths, as AIA would count them, with its noise.
pub(crate) fn synthetic_observation(
    inversion: &Inversion,
    pixels: usize,
) -> Result<[ArrayD<f64>; 2]> {
    let emission = Array2::from_shape_fn((pixels, BINS), |(i, t)| {
        let centre = 4.0 + (i % 31) as f64;
        let width = 2.0 + (i % 7) as f64;
        1e21 * (1.0 + (i % 13) as f64) * (-((t as f64 - centre) / width).powi(2)).exp() + 1e18
    });
    let mut counts = inversion.forward(emission.view().into_dyn())?;
    let sigma = Noise::sigma_of_counts(&AIA.map(|c| Noise::aia(&c, 2.9, 1.0, 0.0)), counts.view())?;
    for (i, (count, sigma)) in counts.iter_mut().zip(&sigma).enumerate() {
        *count += 0.5 * sigma * ((i * 7919 % 101) as f64 / 50.0 - 1.0);
    }
    Ok([counts, sigma])
}
