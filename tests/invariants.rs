//! Results depend on nothing but the input and the parameters: the same bits for any tile size,
//! number of threads, chunk size and order of files; and each point has one owner.

#![allow(missing_docs)]

use isopach::{
    change::{
        C2c, C2cTile, Detection, Dod, DodRasters, GridCorePoints, M3c2, M3c2Tile,
        RegistrationError, SurveyStatistics, Volumes,
    },
    cloud::{Cloud, Origin, PoseCovariance, Rect, Rigid},
    neighbours::AxialStatistic,
    tiling::{
        CheckpointDir, InFlight, InMemory, PointSource, RunOptions, RunReport, RunScope, Spill,
        Tiling, Transformed,
    },
};
use isopach_survey::scene;
use scene::Scene;
use std::{collections::BTreeMap, num::NonZeroUsize};

/// Everything that a run gives, bit by bit, keyed by where it is.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    cells: BTreeMap<[i64; 2], [u64; 5]>,
    core_points: BTreeMap<[i64; 3], Vec<u64>>,
    distances: BTreeMap<[i64; 3], u64>,
    volumes: [u64; 4],
}

/// Both epochs in memory.
fn clouds(scene: &Scene) -> [Cloud; 2] {
    scene
        .epochs()
        .map(|points| points.about(Origin::near(scene.centre()).unwrap()).unwrap())
}

struct Setup {
    tile_size: f64,
    threads: usize,
    chunk: usize,
    parts: usize,
    swapped: bool,
    /// Bytes; what they cannot hold goes to disk.
    memory: u64,
    /// Runs as so many shards that are merged; 0: as one.
    shards: usize,
    in_flight: InFlight,
}

const PLAIN: Setup = Setup {
    tile_size: f64::INFINITY,
    threads: 2,
    chunk: 10_000,
    parts: 1,
    swapped: false,
    memory: 4 << 30,
    shards: 0,
    in_flight: InFlight::OnePerThread,
};

/// So little memory that tiles are cut and points go to disk.
const STARVED: Setup = Setup {
    memory: 4_000_000,
    ..PLAIN
};

/// A cloud cut into files, in this order or the other.
struct Files(Vec<InMemory>);

impl Files {
    fn new(cloud: &Cloud, setup: &Setup) -> Self {
        let size = (cloud.len() / setup.parts + 1) as u32;
        let part =
            |i: u32| (i * size..((i + 1) * size).min(cloud.len() as u32)).collect::<Vec<_>>();
        let mut files: Vec<InMemory> = (0..setup.parts as u32)
            .map(|i| {
                InMemory::with_chunk_size(format!("part {i}"), cloud.select(&part(i)), setup.chunk)
            })
            .collect();
        if setup.swapped {
            files.reverse();
        }
        Self(files)
    }
}

impl PointSource for Files {
    fn name(&self) -> String {
        "files".into()
    }
    fn extent(&self) -> Rect {
        self.0
            .iter()
            .map(PointSource::extent)
            .reduce(|a, b| a.union(&b))
            .unwrap()
    }
    fn height_range(&self) -> [f64; 2] {
        let ranges = self.0.iter().map(PointSource::height_range);
        ranges
            .reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])])
            .unwrap()
    }
    fn point_count(&self) -> u64 {
        self.0.iter().map(PointSource::point_count).sum()
    }
    fn chunk_count(&self) -> usize {
        self.0.iter().map(PointSource::chunk_count).sum()
    }
    fn read_chunk(
        &self,
        mut chunk: usize,
        columns: isopach::cloud::Columns,
    ) -> isopach::compute::Result<isopach::cloud::Points> {
        for file in &self.0 {
            if chunk < file.chunk_count() {
                return file.read_chunk(chunk, columns);
            }
            chunk -= file.chunk_count();
        }
        unreachable!("no such chunk")
    }
}

fn run(
    clouds: &[Cloud; 2],
    motion: &Rigid,
    statistic: AxialStatistic,
    setup: &Setup,
) -> (Outcome, RunReport) {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(setup.threads)
        .build()
        .unwrap();
    let [before, after] = [0, 1].map(|epoch| Files::new(&clouds[epoch], setup));
    let after = Transformed::new(after, *motion);
    let operation = operation(statistic, motion.pivot);
    let mut outcome = Outcome::default();
    let mut volumes = Volumes::new(1.0, 0.01);
    let dir = tempfile::tempdir().unwrap();
    let tiling = Tiling {
        tile_size: setup.tile_size,
        memory: setup.memory,
        spill: Spill::in_folder(dir.path().join("spill")),
    };
    let mut sink = |_: Rect, (dod, m3c2, c2c): (DodRasters, M3c2Tile, C2cTile)| {
        volumes.add_tile(&dod)?;
        add_cells(&mut outcome, &dod);
        add_core_points(&mut outcome, &m3c2);
        for (i, distance) in c2c.distances.distance.iter().enumerate() {
            let twice = outcome
                .distances
                .insert(c2c.points.positions().absolute_ticks(i), distance.to_bits());
            assert!(twice.is_none(), "a point is owned twice");
        }
        Ok(())
    };
    let kept = CheckpointDir::new(dir.path().join("run"), "");
    let mut share = |share| {
        let run = RunOptions {
            checkpoint: (setup.shards > 0).then(|| kept.for_results()),
            scope: share,
            in_flight: setup.in_flight,
            ..RunOptions::default()
        };
        let sources: [&dyn PointSource; 2] = [&before, &after];
        pool.install(|| tiling.stream_with(&isopach::cpu(), &operation, sources, &mut sink, &run))
            .unwrap()
    };
    for number in (1..=setup.shards).rev() {
        share(RunScope::Shard {
            number,
            of: setup.shards,
        });
    }
    let report = share(if setup.shards > 0 {
        RunScope::Merge
    } else {
        RunScope::All
    });
    let volumes = volumes.report();
    outcome.volumes = [
        volumes.gain.volume,
        volumes.loss.volume,
        volumes.net.volume,
        volumes.gain.error,
    ]
    .map(f64::to_bits);
    (outcome, report)
}

/// A difference of slopes and places in the registration error, and what a survey would say of its
/// scatter.
fn operation(statistic: AxialStatistic, pivot: [f64; 3]) -> (Dod, GridCorePoints<M3c2>, C2c) {
    let mut pose = PoseCovariance::exact(pivot);
    for unknown in 0..6 {
        pose.matrix[unknown][unknown] = if unknown < 3 { 1e-8 } else { 1e-4 };
    }
    let survey = SurveyStatistics {
        variance_ratio: Some(1.1),
        pooled_spread: [0.05, 0.06],
        median_factor: Some(1.25),
        resolution: [0.001; 2],
        places: 1000,
    };
    let detection = Detection {
        survey: Some(survey),
        ..Detection::default()
    };
    let registration_error = RegistrationError::Covariance(pose);
    let dod = Dod {
        registration_error: registration_error.clone(),
        detection: detection.clone(),
        ..Dod::default()
    };
    let m3c2 = M3c2 {
        statistic,
        registration_error,
        detection,
        ..M3c2::default()
    };
    (dod, m3c2.with_core_spacing(1.7), C2c { max_distance: 3.0 })
}

fn add_cells(outcome: &mut Outcome, dod: &DodRasters) {
    let grid = dod.difference.grid;
    for (cell, value) in dod.difference.values.indexed_iter() {
        let [x, y] = grid.centre(cell.0, cell.1).map(|c| c.floor() as i64);
        if value.is_finite() {
            let rasters = [
                &dod.difference,
                &dod.level_of_detection,
                &dod.standard_error,
                &dod.slope[0],
                &dod.slope[1],
            ];
            let twice = outcome
                .cells
                .insert([x, y], rasters.map(|raster| raster.values[cell].to_bits()));
            assert!(twice.is_none(), "a cell is owned twice");
        }
    }
}

fn add_core_points(outcome: &mut Outcome, tile: &M3c2Tile) {
    let found = &tile.differences;
    for i in 0..found.len() {
        let mut bits = vec![
            u64::from(found.count[0][i]),
            u64::from(found.count[1][i]),
            found.status[i] as u64,
        ];
        let numbers = [
            found.distance[i],
            found.level_of_detection[i],
            found.normal_radius[i],
            found.normal[i][0],
            found.spread[1][i],
        ];
        bits.extend(numbers.map(f64::to_bits));
        let twice = outcome
            .core_points
            .insert(tile.core_points.positions().absolute_ticks(i), bits);
        assert!(twice.is_none(), "a core point is owned twice");
    }
}

#[test]
fn the_same_bits_however_it_is_cut_up() {
    let mut scene = Scene::new(40_000, 3);
    scene.misalignment = Rigid::from_vectors(
        [0.1e-3, -0.15e-3, 0.6e-3],
        [0.31, -0.24, 0.12],
        scene.centre(),
    );
    let clouds = clouds(&scene);
    let motion = scene.misalignment.inverse();
    for statistic in [AxialStatistic::MeanDeviation, AxialStatistic::MedianIqr] {
        let (whole, report) = run(&clouds, &motion, statistic, &PLAIN);
        assert_eq!(report.tiles, 1);
        assert_eq!(whole.distances.len(), 40_000, "each point is owned once");
        assert!(whole.cells.len() > 5000 && whole.core_points.len() > 1500);
        for setup in [
            Setup {
                tile_size: 50.0,
                ..PLAIN
            },
            Setup {
                tile_size: 33.3,
                threads: 5,
                ..PLAIN
            },
            Setup {
                tile_size: 10.0,
                threads: 1,
                chunk: 777,
                in_flight: InFlight::Measured,
                ..PLAIN
            },
            Setup {
                tile_size: 33.3,
                chunk: 777,
                in_flight: InFlight::Fixed(NonZeroUsize::MIN),
                ..STARVED
            },
            Setup {
                chunk: 1000,
                parts: 3,
                swapped: true,
                ..PLAIN
            },
            Setup {
                tile_size: 33.3,
                chunk: 50_000,
                parts: 4,
                ..PLAIN
            },
            Setup {
                tile_size: 100.0,
                chunk: 1000,
                parts: 9,
                ..STARVED
            },
            Setup {
                tile_size: f64::INFINITY,
                chunk: 1500,
                threads: 5,
                ..STARVED
            },
            Setup {
                tile_size: 50.0,
                shards: 1,
                ..PLAIN
            },
            Setup {
                tile_size: 33.3,
                chunk: 1000,
                shards: 3,
                ..STARVED
            },
        ] {
            let (cut, report) = run(&clouds, &motion, statistic, &setup);
            assert!(
                cut == whole,
                "tiles of {} m, {} threads, chunks of {}",
                setup.tile_size,
                setup.threads,
                setup.chunk
            );
            if setup.shards > 0 {
                assert_eq!(
                    report.tiles, 0,
                    "nothing is left to do when shards are merged"
                );
                continue;
            }
            assert_eq!(
                report.spilled_bytes > 0,
                setup.memory == STARVED.memory,
                "{report}"
            );
            assert!(report.peak_bytes <= report.memory, "{report}");
            let chunks: usize = clouds
                .iter()
                .map(|cloud| Files::new(cloud, &setup).chunk_count())
                .sum();
            assert_eq!(
                report
                    .sources
                    .iter()
                    .map(|s| s.decodes + s.chunks_skipped)
                    .sum::<u64>(),
                chunks as u64
            );
        }
    }
}

/// A steep slope seen through cylinders that reach across tile edges.
#[test]
fn halos_are_wide_enough_on_a_steep_slope() {
    let slope = |lift: f64| {
        let at = |i: u32| [f64::from(i % 160) * 0.25, f64::from(i / 160) * 0.25];
        Cloud::from_points(
            &(0..25_600)
                .map(at)
                .map(|[x, y]| [x, y, x + 0.3 * (y * 1.7).sin() + lift])
                .collect::<Vec<_>>(),
        )
        .unwrap()
    };
    let clouds = [slope(0.0), slope(0.5)];
    let still = Rigid::identity([0.0; 3]);
    let (whole, _) = run(&clouds, &still, AxialStatistic::MeanDeviation, &PLAIN);
    let (cut, _) = run(
        &clouds,
        &still,
        AxialStatistic::MeanDeviation,
        &Setup {
            tile_size: 7.0,
            ..PLAIN
        },
    );
    assert!(whole == cut);
}

/// 201 × 201 points whose coordinates fall on tile edges: closed boxes would own some of them
/// twice.
#[test]
fn a_lattice_on_tile_edges_is_owned_once() {
    let lattice: Vec<[f64; 3]> = (0..40_401)
        .map(|i| [f64::from(i % 201), f64::from(i / 201), 0.0])
        .collect();
    let clouds = [
        Cloud::from_points(&lattice).unwrap(),
        Cloud::from_points(&lattice).unwrap(),
    ];
    let (found, _) = run(
        &clouds,
        &Rigid::identity([0.0; 3]),
        AxialStatistic::MeanDeviation,
        &Setup {
            tile_size: 50.0,
            ..PLAIN
        },
    );
    assert_eq!(found.distances.len(), 40_401);
    assert!(
        found
            .distances
            .values()
            .all(|bits| f64::from_bits(*bits) == 0.0)
    );
}

/// Two epochs that share a file name are two epochs: elsewhere their difference came out as zero
/// everywhere.
#[test]
fn epochs_of_one_name_are_two() {
    let flat = |z: f64| {
        Cloud::from_points(
            &(0..400)
                .map(|i| [f64::from(i % 20), f64::from(i / 20), z])
                .collect::<Vec<_>>(),
        )
        .unwrap()
    };
    let (found, _) = run(
        &[flat(10.0), flat(11.0)],
        &Rigid::identity([0.0; 3]),
        AxialStatistic::MeanDeviation,
        &PLAIN,
    );
    assert!(
        found
            .cells
            .values()
            .all(|[difference, ..]| f64::from_bits(*difference) == 1.0)
    );
}

#[test]
fn a_budget_that_is_too_small_says_so() {
    let clouds = clouds(&Scene::new(5000, 1));
    let sources = clouds.map(|cloud| InMemory::new("a cloud", cloud));
    let tiling = Tiling {
        memory: 1_000_000,
        ..Tiling::default()
    };
    let mut sink = |_: Rect, _: DodRasters| Ok(());
    let error = tiling
        .stream(
            &isopach::cpu(),
            &Dod::default(),
            [&sources[0], &sources[1]],
            &mut sink,
        )
        .unwrap_err();
    assert!(
        error.to_string().contains("the budget is 1000000"),
        "{error}"
    );
}
