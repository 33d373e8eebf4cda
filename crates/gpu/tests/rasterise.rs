//! Rasters of the device against the CPU's: bit for bit.
//!
//! Without an adapter these tests say so and pass, unless ISOPACH_REQUIRE_GPU is set.

#![allow(missing_docs)]

#[path = "common/device.rs"]
mod device;
#[path = "common/random.rs"]
mod random;

use device::{gpu, open};
use isopach_cloud::{Cloud, Rect};
use isopach_compute::{Cpu, Error};
use isopach_gpu::{Gpu, Options, Wanted};
use isopach_raster::{CellStatistic, Grid, Rasterise};
use random::random;
const ALL: [CellStatistic; 10] = [
    CellStatistic::Mean,
    CellStatistic::Median,
    CellStatistic::Min,
    CellStatistic::Max,
    CellStatistic::Percentile(90.0),
    CellStatistic::Count,
    CellStatistic::StandardDeviation,
    CellStatistic::Percentile(70.0),
    CellStatistic::Percentile(0.0),
    CellStatistic::Percentile(100.0),
];

/// Points spread over a square of so many metres, waves of a few metres on it.
fn hills(n: usize, side: f64, [x, y]: [f64; 2]) -> Vec<[f64; 3]> {
    (0..n)
        .map(|i| {
            let [u, v] = [0, 1].map(|axis| side * random(3 * i + axis));
            [x + u, y + v, 430.0 + 3.0 * (u / 7.0).sin() + 0.1 * random(3 * i + 2)]
        })
        .collect()
}

/// Every statistic, twice, against the CPU.
fn check(gpu: &Gpu, what: &str, points: &[[f64; 3]], rect: [f64; 4], cell: f64, statistics: &[CellStatistic]) {
    let cloud = Cloud::from_points(points).unwrap();
    let grid = Grid::covering(&Rect { min: [rect[0], rect[1]], max: [rect[2], rect[3]] }, cell).unwrap();
    let expected = Cpu.rasterise(cloud.positions(), &grid, statistics).unwrap();
    for _ in 0..2 {
        let found = gpu.rasterise(cloud.positions(), &grid, statistics).unwrap();
        assert_eq!(found.len(), expected.len());
        for ((found, expected), statistic) in found.iter().zip(&expected).zip(statistics) {
            assert_eq!((found.grid, found.values.dim()), (expected.grid, expected.values.dim()));
            for ((at, a), b) in found.values.indexed_iter().zip(&expected.values) {
                let same = a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
                assert!(same, "{what}, {statistic:?} of cell {at:?}: {a}, on the CPU {b}");
            }
        }
    }
}

#[test]
fn clouds_of_all_kinds() {
    let Some(gpu) = gpu() else { return };
    let plain = hills(20_000, 60.0, [596_000.3, 6_653_000.7]);
    let around = [595_990.0, 6_653_005.0, 596_050.0, 6_653_100.0];
    for cell in [0.3, 0.5, 0.7, 1.0, 33.3] {
        check(gpu, &format!("hills, cells of {cell} m"), &plain, around, cell, &ALL);
    }
    // Multiples of the cell size, which mostly have no exact double, and their neighbours by one tick.
    for cell in [0.1, 0.3, 0.5, 1.0] {
        let step = |i: usize| (i as f64 + 70_000.0) * cell + f64::from(i as i32 % 3 - 1) * isopach_cloud::TICK;
        let lattice: Vec<[f64; 3]> = (0..6400).map(|i| [step(i % 80), step(i / 80), (i % 7) as f64]).collect();
        let [low, high] = [70_003.0 * cell, 70_077.0 * cell];
        check(gpu, &format!("a lattice of {cell} m"), &lattice, [low, low, high, high], cell, &ALL);
    }
    check(gpu, "no points", &[], [0.0, 0.0, 5.0, 3.0], 1.0, &ALL);
    check(gpu, "one point", &[[1.5, 2.5, -3.0]], [0.0, 0.0, 5.0, 3.0], 1.0, &ALL);
    check(gpu, "points elsewhere", &plain, [0.0, 0.0, 50.0, 30.0], 1.0, &ALL);
    let heap: Vec<[f64; 3]> = (0..9000).map(|i| [2.0, 2.0, (10.0 * random(i / 3)).floor()]).collect();
    check(gpu, "a heap", &heap, [0.0, 0.0, 5.0, 3.0], 1.0, &ALL);
    check(gpu, "one cell", &plain, [0.0, 0.0, 1e7, 1e7], 1e7, &ALL);
    let walls: Vec<[f64; 3]> =
        (0..5000).map(|i| [(i % 5) as f64, 16_000.0 * random(i) - 8000.0, 16_000.0 * random(i + 7) - 8000.0]).collect();
    let mut walls = [[0.0; 3]].into_iter().chain(walls).collect::<Vec<_>>();
    walls.sort_by(|a, b| a[1].abs().total_cmp(&b[1].abs()));
    check(gpu, "as far as ticks reach", &walls, [-2.0, -9000.0, 6.0, 9000.0], 2.0, &ALL);
    check(gpu, "a grid beyond what ticks reach", &walls, [-2.0, -90_000.0, 6.0, 90_000.0], 2.5, &ALL);
}

/// From one point a cell to more than a workgroup has threads, at every rank.
#[test]
fn cells_with_any_number_of_points() {
    let Some(gpu) = gpu() else { return };
    let points: Vec<[f64; 3]> = (0..40_usize)
        .flat_map(|cell| {
            let n = [1, 2, 3, 31, 32, 33, 34, 63, 255, 256, 257, 700][cell % 12];
            (0..n).map(move |i| [cell as f64 + 0.5, 0.5, (50.0 * random(977 * cell + i)).round() / 7.0])
        })
        .collect();
    let quantiles: Vec<CellStatistic> = (0..=20).map(|i| CellStatistic::Percentile(5.0 * f64::from(i))).collect();
    check(gpu, "crowds", &points, [0.0, 0.0, 41.0, 1.0], 1.0, &quantiles);
}

#[test]
fn alone_or_together() {
    let Some(gpu) = gpu() else { return };
    let points = hills(3000, 20.0, [3.0, 4.0]);
    for statistic in ALL {
        check(gpu, "alone", &points, [0.0, 0.0, 30.0, 30.0], 1.0, &[statistic]);
    }
    check(gpu, "none", &points, [0.0, 0.0, 30.0, 30.0], 1.0, &[]);
    check(gpu, "twice", &points, [0.0, 0.0, 30.0, 30.0], 1.0, &[ALL[1], ALL[0], ALL[1]]);
}

/// Eight mebibytes, bindings of 64 KiB and few workgroups in a row: several batches of points, several stretches of cells.
#[test]
fn little_room() {
    let little = Options {
        budget_bytes: 8 << 20,
        most_groups: Some(9),
        most_binding_bytes: Some(64 << 10),
        ..Options::default()
    };
    let Some(gpu) = open(little) else { return };
    let points = hills(30_000, 60.0, [5.0, 5.0]);
    check(&gpu, "little room", &points, [0.0, 0.0, 66.0, 66.0], 0.7, &ALL);
    assert!(gpu.pool().most_bytes <= 8 << 20);
    // A cell with more points than a binding holds.
    let cloud = Cloud::from_points(&points).unwrap();
    let grid = Grid::covering(&Rect { min: [0.0; 2], max: [100.0; 2] }, 100.0).unwrap();
    let refused = gpu.rasterise(cloud.positions(), &grid, &[CellStatistic::Median]);
    assert!(matches!(refused, Err(Error::OutOfMemory { .. })), "{refused:?}");
    check(&gpu, "sums need no room", &points, [0.0, 0.0, 100.0, 100.0], 100.0, &[CellStatistic::Mean]);
}

/// Two epochs at the same time, as DoD has them done.
#[test]
fn side_by_side_in_little_room() {
    let Some(gpu) = open(Options { budget_bytes: 8 << 20, ..Options::default() }) else { return };
    let (before, after) = (hills(20_000, 60.0, [5.0, 5.0]), hills(25_000, 60.0, [6.0, 4.0]));
    let rect = [0.0, 0.0, 70.0, 70.0];
    rayon::join(|| check(&gpu, "before", &before, rect, 0.7, &ALL), || check(&gpu, "after", &after, rect, 0.7, &ALL));
}

#[test]
fn what_is_declined() {
    let Some(gpu) = gpu() else { return };
    let cloud = Cloud::from_points(&[[1.0, 2.0, 3.0]]).unwrap();
    let grid = Grid::covering(&Rect { min: [0.0; 2], max: [1.0; 2] }, 1.0).unwrap();
    let percentile = gpu.rasterise(cloud.positions(), &grid, &[CellStatistic::Percentile(101.0)]);
    assert!(matches!(percentile, Err(Error::InvalidParameter { name: "percentile", .. })));
    let tiny = Grid { cell_size: 1e-7, ..grid };
    let refused = gpu.rasterise(cloud.positions(), &tiny, &[CellStatistic::Mean]).unwrap_err();
    assert!(refused.is_recoverable(), "{refused}");
}
