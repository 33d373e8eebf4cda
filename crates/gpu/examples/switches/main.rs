//! What each choice of [`isopach_gpu::GpuOptions`] costs or gains: the same work with each, taken
//! in turns, as JSON lines.
//!
//! `cargo run --release -p isopach-gpu --example switches -- [points a tile] [rounds] [device, or
//! best] [seconds at most]`
//!
//! The work is that of tiles of a survey: rasters of both epochs, M3C2 with means and with medians
//! and C2C while they are held, and the emission measure of some pixels; four of them, one after
//! the other or several at once. How images are held is tried by work of its own (`images`): pictures
//! and values of a photograph of each tile. Every result is checked against the first one before a time
//! counts: rasters and C2C bit by bit, M3C2 to 0.1 mm and emission to a thousandth of a pixel's
//! largest, as a compiler may round another text of a kernel otherwise (`same_bits`). Of each
//! choice the line gives the median and the quartiles of its time over that of what is the default,
//! round by round, and in how many rounds it took longer. A choice that takes longer in nearly all
//! or nearly no rounds is told from the default; others are not. Lines are told again as rounds
//! come, so that some are there where the program is ended: the last of a choice counts. Where a
//! choice fails or gives another result, its line says so, the others go on, and the exit code is
//! 1. What the device lacks something for is not tried, which its line says (`lacks`).

mod images;
mod report;

use images::Photo;
use isopach_change::{C2c, Epochs, M3c2};
use isopach_cloud::{Cloud, Origin};
use isopach_compute::{Compute, Error, Result};
use isopach_emission::{AIA, Inversion, InvertPixels, Noise, Observation, TemperatureResponse};
use isopach_gpu::{
    AdapterSelector, BufferReuse, Gpu, GpuOptions, ImageStorage, KernelTiming, LoopBounds, Medians,
    PointLayout, PointResidency, PoolCounts, Reductions, Upload, WideIntegers,
};
use isopach_neighbours::AxialStatistic;
use isopach_program::console;
use isopach_raster::{CellStatistic, Grid, Rasterise};
use ndarray::{Array2, ArrayD};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

/// Tiles of one piece of work.
const TILES: usize = 4;

/// Rounds after which lines are told.
const TOLD_EVERY: usize = 5;

/// What is done with a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// What programs do with points and pixels.
    Survey,
    /// Pictures and values of its photograph.
    Images,
}

/// A choice of options, how many tiles are done at once, and the work.
struct Choice {
    name: &'static str,
    options: GpuOptions,
    at_once: usize,
    work: Work,
}

/// A device opened with a choice of options, how many tiles it is given at once, and its times.
struct Tried {
    name: &'static str,
    gpu: Gpu,
    at_once: usize,
    work: Work,
    times: Vec<f64>,
    /// What the pool did in the first round, which fills it.
    first_round: PoolCounts,
    /// Why it is not tried any more.
    failed: Option<String>,
    same_bits: bool,
}

/// What came of a tile.
struct Found {
    /// Of rasters and C2C, folded into one number.
    bits: u64,
    /// M3C2, metres, or values of a photograph, of full scale; NaN where there is none.
    distances: Vec<f64>,
    /// Emission measures of each pixel.
    emission: ArrayD<f32>,
}

impl Found {
    /// Whether both are the same, bit by bit.
    fn is_same(&self, other: &Self) -> bool {
        let emission = self.emission.iter().zip(&other.emission);
        let distances = self.distances.iter().zip(&other.distances);
        self.bits == other.bits
            && distances
                .map(|(a, b)| (a.to_bits(), b.to_bits()))
                .all(|(a, b)| a == b)
            && emission
                .map(|(a, b)| (a.to_bits(), b.to_bits()))
                .all(|(a, b)| a == b)
    }

    /// Whether both say the same, but for rounding.
    fn agrees(&self, other: &Self) -> bool {
        let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-4 || (a.is_nan() && b.is_nan());
        let alike = |(a, b): (ndarray::ArrayView1<'_, f32>, ndarray::ArrayView1<'_, f32>)| {
            let largest = a.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
            a.iter()
                .zip(b)
                .all(|(a, b)| (a - b).abs() <= 1e-3 * largest)
        };
        self.bits == other.bits
            && self.distances.len() == other.distances.len()
            && self.distances.iter().zip(&other.distances).all(close)
            && self
                .emission
                .rows()
                .into_iter()
                .zip(other.emission.rows())
                .all(alike)
    }
}

/// Both epochs about one origin, core points, and counts of pixels.
struct Tile {
    epochs: [Cloud; 2],
    core_points: Cloud,
    inversion: Inversion,
    pixels: [ArrayD<f32>; 2],
    photo: Photo,
}

/// What was asked for.
struct Asked {
    points: usize,
    rounds: usize,
    wanted: AdapterSelector,
    seconds: f64,
}

impl Asked {
    fn of_program() -> std::result::Result<Self, Box<dyn std::error::Error>> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let number =
            |at: usize, default: usize| arguments.get(at).map_or(Ok(default), |text| text.parse());
        let wanted = match arguments.get(2).map(String::as_str) {
            None | Some("best") => AdapterSelector::Best,
            Some(name) => name.parse().map_or_else(
                |_| AdapterSelector::Named(name.into()),
                AdapterSelector::Position,
            ),
        };
        let seconds = arguments
            .get(3)
            .map_or(Ok(f64::INFINITY), |text| text.parse())?;
        Ok(Self {
            points: number(0, 200_000)?,
            rounds: number(1, 15)?,
            wanted,
            seconds,
        })
    }
}

/// What can be chosen: the default first, and once more, to see what chance does; and for images.
fn choices(points: usize) -> Vec<Choice> {
    let survey = survey_choices(points)
        .into_iter()
        .map(|(name, options, at_once)| Choice {
            name,
            options,
            at_once,
            work: Work::Survey,
        });
    let image_choices = [
        ("images in buffers", ImageStorage::Buffers),
        ("images in buffers, again", ImageStorage::Buffers),
        ("images as textures", ImageStorage::Textures),
    ];
    let images = image_choices.map(|(name, images)| Choice {
        name,
        options: GpuOptions {
            images,
            timing: KernelTiming::EveryKernel,
            ..GpuOptions::default()
        },
        at_once: 1,
        work: Work::Images,
    });
    survey.chain(images).collect()
}

fn survey_choices(points: usize) -> Vec<(&'static str, GpuOptions, usize)> {
    let base = GpuOptions::default();
    vec![
        ("default", base.clone(), 1),
        ("again the default", base.clone(), 1),
        (
            "uploads through the queue",
            GpuOptions {
                upload: Upload::Queue,
                ..base.clone()
            },
            1,
        ),
        (
            "buffers freed",
            GpuOptions {
                reuse: BufferReuse::Free,
                ..base.clone()
            },
            1,
        ),
        (
            "bindings made anew",
            GpuOptions {
                bindings: BufferReuse::Free,
                ..base.clone()
            },
            1,
        ),
        (
            "points brought by each operation",
            GpuOptions {
                residency: PointResidency::Never,
                ..base.clone()
            },
            1,
        ),
        (
            "queries a quarter of a tile at a time",
            GpuOptions {
                queries_at_once: points.div_ceil(4),
                ..base.clone()
            },
            1,
        ),
        (
            "loops without counters",
            GpuOptions {
                loops: LoopBounds::Plain,
                ..base.clone()
            },
            1,
        ),
        (
            "whole numbers of 64 bits of its own",
            GpuOptions {
                integers: WideIntegers::Native,
                ..base.clone()
            },
            1,
        ),
        (
            "sums by subgroups",
            GpuOptions {
                reductions: Reductions::Subgroups,
                ..base.clone()
            },
            1,
        ),
        (
            "points of 12 bytes",
            GpuOptions {
                points: PointLayout::NumbersApart,
                ..base.clone()
            },
            1,
        ),
        (
            "medians by two kernels",
            GpuOptions {
                medians: Medians::TwoKernels,
                ..base.clone()
            },
            1,
        ),
        (
            "every kernel timed",
            GpuOptions {
                timing: KernelTiming::EveryKernel,
                ..base.clone()
            },
            1,
        ),
        ("two tiles at once", base.clone(), 2),
        ("three tiles at once", base, 3),
    ]
}

fn main() -> std::process::ExitCode {
    match Asked::of_program().and_then(|asked| run(&asked)) {
        Ok(true) => std::process::ExitCode::SUCCESS,
        Ok(false) => std::process::ExitCode::FAILURE,
        Err(error) => console::report_failure("switches", &error),
    }
}

/// Whether every choice gave the same.
fn run(asked: &Asked) -> std::result::Result<bool, Box<dyn std::error::Error>> {
    let start = Instant::now();
    let mut tried = Vec::new();
    for choice in choices(asked.points) {
        tried.push(Tried {
            name: choice.name,
            gpu: Gpu::open(asked.wanted.clone(), choice.options)?,
            at_once: choice.at_once,
            work: choice.work,
            times: Vec::new(),
            first_round: PoolCounts::default(),
            failed: None,
            same_bits: true,
        });
    }
    let tiles: Vec<Tile> = (0..TILES as u64)
        .map(|seed| tile(asked.points, seed))
        .collect::<Result<_>>()?;
    let first_survey = do_work(&tried[0].gpu, Work::Survey, &tiles, 1)?;
    let first_images = do_work(&tried[0].gpu, Work::Images, &tiles, 1)?;
    let mut longest = 0.0_f64;
    let mut rounds = 0;
    // The first round compiles. No round is begun that would not be done in time.
    for round in 0..=asked.rounds {
        let round_start = Instant::now();
        if round > 1 && start.elapsed().as_secs_f64() + longest > asked.seconds {
            break;
        }
        // Each begins a round in turn.
        let turn = round % tried.len();
        tried.rotate_left(turn);
        for tried in &mut tried {
            let first = match tried.work {
                Work::Survey => &first_survey,
                Work::Images => &first_images,
            };
            tried.takes_a_turn(&tiles, first, round);
        }
        tried.rotate_right(turn);
        rounds = round;
        if round > 0 {
            longest = longest.max(round_start.elapsed().as_secs_f64());
            if round.is_multiple_of(TOLD_EVERY) {
                report::tell(asked, rounds, &tried);
            }
        }
    }
    if !rounds.is_multiple_of(TOLD_EVERY) {
        report::tell(asked, rounds, &tried);
    }
    report::tell_kernels(&tried);
    Ok(tried.iter().all(|tried| tried.failed.is_none()))
}

impl Tried {
    /// Does the work once more, unless it failed before or the device lacks something for it.
    fn takes_a_turn(&mut self, tiles: &[Tile], first: &[Found], round: usize) {
        if self.failed.is_some() || !self.gpu.missing_features().is_empty() {
            return;
        }
        let start = Instant::now();
        let result = do_work(&self.gpu, self.work, tiles, self.at_once);
        let seconds = start.elapsed().as_secs_f64();
        match result {
            Ok(found)
                if found
                    .iter()
                    .zip(first)
                    .all(|(found, first)| found.agrees(first)) =>
            {
                self.same_bits &= found
                    .iter()
                    .zip(first)
                    .all(|(found, first)| found.is_same(first));
            }
            Ok(_) => self.failed = Some("it gives another result".into()),
            Err(error) => self.failed = Some(error.to_string()),
        }
        if round > 0 {
            self.times.push(seconds);
        } else {
            self.first_round = self.gpu.pool_counts();
        }
    }

    /// Share of buffers that were there already, after the first round.
    fn pool_hits_after_first(&self) -> f64 {
        let pool = self.gpu.pool_counts();
        let [hits, misses] = [
            pool.hits - self.first_round.hits,
            pool.misses - self.first_round.misses,
        ];
        hits as f64 / (hits + misses).max(1) as f64
    }
}

/// The work on all tiles, so many at once.
fn do_work(gpu: &Gpu, work: Work, tiles: &[Tile], at_once: usize) -> Result<Vec<Found>> {
    let next = AtomicUsize::new(0);
    let all = Mutex::new(Vec::with_capacity(tiles.len()));
    let some = || -> Result<()> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(tile) = tiles.get(number) else {
                return Ok(());
            };
            let found = match work {
                Work::Survey => survey_tile(gpu, tile),
                Work::Images => tile.photo.gather(gpu),
            };
            all.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((number, found?));
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..at_once).map(|_| scope.spawn(some)).collect();
        let ended = |_| Error::Unsupported {
            operation: "end a thread that panicked",
        };
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(ended)?)
    })?;
    // Tiles are done in any order.
    let mut all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    all.sort_by_key(|(number, _)| *number);
    Ok(all.into_iter().map(|(_, found)| found).collect())
}

/// What `terrain_change` does with a tile, and `emission` with some rows of an image.
fn survey_tile(gpu: &Gpu, tile: &Tile) -> Result<Found> {
    let points = tile
        .epochs
        .each_ref()
        .map(|epoch| epoch.positions().ticks());
    let _pin = gpu.pin(&points);
    let [reference, compared] = tile.epochs.each_ref().map(Cloud::positions);
    let extent = reference
        .extent()
        .ok_or(Error::source("a tile without points"))?;
    let grid = Grid::covering(&extent, 1.0)?;
    // Cells with more points than one thread sorts.
    let coarse = Grid::covering(&extent, 5.0)?;
    let mut words = Vec::new();
    for epoch in [reference, compared] {
        let rasters = gpu.rasterise(
            epoch,
            &grid,
            &[CellStatistic::Mean, CellStatistic::StandardDeviation],
        )?;
        words.extend(
            rasters
                .iter()
                .flat_map(|raster| raster.values.iter().map(|value| value.to_bits())),
        );
        let rasters = gpu.rasterise(epoch, &coarse, &[CellStatistic::Median])?;
        words.extend(
            rasters
                .iter()
                .flat_map(|raster| raster.values.iter().map(|value| value.to_bits())),
        );
    }
    let core_points = tile.core_points.positions();
    let mut distances = Vec::new();
    for statistic in [AxialStatistic::MeanDeviation, AxialStatistic::MedianIqr] {
        let m3c2 = M3c2 {
            statistic,
            ..M3c2::default()
        };
        distances.extend(
            m3c2.run(
                gpu,
                Epochs {
                    reference,
                    compared,
                    core_points,
                },
            )?
            .distance,
        );
    }
    let c2c = C2c { max_distance: 5.0 }.run(gpu, reference, compared)?;
    words.extend(c2c.distance.iter().map(|distance| distance.to_bits()));
    let [counts, sigma] = &tile.pixels;
    let observation = Observation {
        counts: counts.view(),
        sigma: sigma.view(),
    };
    let emission = gpu.invert_single(&tile.inversion, observation)?.emission;
    Ok(Found {
        bits: fold_bits(words),
        distances,
        emission,
    })
}

/// Words folded into one.
fn fold_bits(words: impl IntoIterator<Item = u64>) -> u64 {
    words.into_iter().fold(0, |hash: u64, word| {
        (hash ^ word).wrapping_mul(0x0100_0000_01B3)
    })
}

/// Ground with four points a square metre, half a metre higher in the later epoch.
fn tile(count: usize, seed: u64) -> Result<Tile> {
    let side = (count as f64 / 4.0).sqrt();
    let origin = Origin::near([side / 2.0, side / 2.0, 0.0])?;
    let epoch = |seed: u64, raised: f64| {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed + 1);
        let mut random = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let point = |_| {
            let [x, y, noise] = std::array::from_fn(|_| random());
            [x * side, y * side, (x * 9.0).sin() + 0.1 * noise + raised]
        };
        Cloud::from_points_about(&(0..count).map(point).collect::<Vec<[f64; 3]>>(), origin)
    };
    let epochs = [epoch(2 * seed, 0.0)?, epoch(2 * seed + 1, 0.5)?];
    let core_points = epochs[0].subsample_grid(1.0)?;
    let inversion = Inversion::new(
        TemperatureResponse::aia(),
        (0..=42).map(|i| 5.7 + 1.4 * f64::from(i) / 42.0).collect(),
    );
    let pixels = observed(&inversion, pixels(count))?;
    Ok(Tile {
        epochs,
        core_points,
        inversion,
        pixels,
        photo: Photo::new(count, seed)?,
    })
}

/// Pixels beside so many points.
fn pixels(points: usize) -> usize {
    points / 50
}

/// Counts and errors of plasmas of many temperatures.
fn observed(inversion: &Inversion, pixels: usize) -> Result<[ArrayD<f32>; 2]> {
    let emission = Array2::from_shape_fn((pixels, 42), |(i, t)| {
        let (centre, width) = (4.0 + (i % 31) as f64, 2.0 + (i % 7) as f64);
        1e21 * (1.0 + (i % 13) as f64) * (-((t as f64 - centre) / width).powi(2)).exp() + 1e18
    });
    let counts = inversion.forward(emission.view().into_dyn())?;
    let sigma = Noise::sigma_of_counts(
        &AIA.map(|channel| Noise::aia(&channel, 2.9, 1.0, 0.0)),
        counts.view(),
    )?;
    Ok([counts, sigma].map(|numbers| numbers.mapv(|x| x as f32)))
}
