//! Rasters of the device where it has little room, and what it declines; all else is in the suite
//! that `conformance.rs` puts it through.
//!
//! Without an adapter these tests say so and pass, unless ISOPACH_REQUIRE_GPU is set.

#![allow(missing_docs)]

use crate::{device, random};
use device::{gpu, open};
use isopach_cloud::{Cloud, Rect};
use isopach_compute::{Cpu, Error};
use isopach_gpu::{Gpu, GpuOptions};
use isopach_raster::{
    CellStatistic, Grid, Rasterise,
    conformance::{STATISTICS, describe_difference},
};
use random::random;

/// Points spread over a square of so many metres, waves of a few metres on it.
fn hills(n: usize, side: f64, [x, y]: [f64; 2]) -> Vec<[f64; 3]> {
    (0..n)
        .map(|i| {
            let [u, v] = [0, 1].map(|axis| side * random(3 * i + axis));
            [
                x + u,
                y + v,
                430.0 + 3.0 * (u / 7.0).sin() + 0.1 * random(3 * i + 2),
            ]
        })
        .collect()
}

/// So many of the suite, the first ones, have kernels.
const WITH_KERNELS: usize = 13;

/// The statistics of the suite that the device computes. One without a kernel is declined, and the
/// CPU computes it.
pub(crate) fn statistics_with_kernels(gpu: &Gpu) -> Vec<CellStatistic> {
    let cloud = Cloud::from_points(&[[0.5, 0.5, 1.0]]).unwrap();
    let rect = Rect {
        min: [0.0; 2],
        max: [1.0; 2],
    };
    let grid = Grid::covering(&rect, 1.0).unwrap();
    let is_declined = |statistic: CellStatistic| {
        let found = gpu.rasterise(cloud.positions(), &grid, &[statistic]);
        matches!(found, Err(Error::Unsupported { .. }))
    };
    let found: Vec<CellStatistic> = STATISTICS
        .into_iter()
        .filter(|statistic| !is_declined(*statistic))
        .collect();
    assert!(found.starts_with(&STATISTICS[..WITH_KERNELS]), "{found:?}");
    found
}

/// Twice, against the CPU.
fn check(
    gpu: &Gpu,
    what: &str,
    points: &[[f64; 3]],
    rect: [f64; 4],
    cell: f64,
    statistics: &[CellStatistic],
) {
    let cloud = Cloud::from_points(points).unwrap();
    let grid = Grid::covering(
        &Rect {
            min: [rect[0], rect[1]],
            max: [rect[2], rect[3]],
        },
        cell,
    )
    .unwrap();
    let expected = Cpu.rasterise(cloud.positions(), &grid, statistics).unwrap();
    for _ in 0..2 {
        let found = gpu.rasterise(cloud.positions(), &grid, statistics).unwrap();
        assert_eq!(
            describe_difference(&found, &expected, statistics),
            None,
            "{what}"
        );
    }
}

/// Eight mebibytes, bindings of 64 KiB and few workgroups in a row: several batches of points,
/// several stretches of cells.
#[test]
fn little_room() {
    let little = GpuOptions {
        budget_bytes: 8 << 20,
        max_workgroups: Some(9),
        max_binding_bytes: Some(64 << 10),
        ..GpuOptions::default()
    };
    let Some(gpu) = open(little) else { return };
    let points = hills(30_000, 60.0, [5.0, 5.0]);
    check(
        &gpu,
        "little room",
        &points,
        [0.0, 0.0, 66.0, 66.0],
        0.7,
        &statistics_with_kernels(&gpu),
    );
    assert!(gpu.pool_counts().peak_bytes <= 8 << 20);
    // A cell with more points than a binding holds.
    let cloud = Cloud::from_points(&points).unwrap();
    let grid = Grid::covering(
        &Rect {
            min: [0.0; 2],
            max: [100.0; 2],
        },
        100.0,
    )
    .unwrap();
    let refused = gpu.rasterise(cloud.positions(), &grid, &[CellStatistic::Median]);
    assert!(
        matches!(refused, Err(Error::OutOfMemory { .. })),
        "{refused:?}"
    );
    check(
        &gpu,
        "sums need no room",
        &points,
        [0.0, 0.0, 100.0, 100.0],
        100.0,
        &[CellStatistic::Mean],
    );
}

/// Two epochs at the same time, as DoD has them done.
#[test]
fn side_by_side_in_little_room() {
    let Some(gpu) = open(GpuOptions {
        budget_bytes: 8 << 20,
        ..GpuOptions::default()
    }) else {
        return;
    };
    let (before, after) = (
        hills(20_000, 60.0, [5.0, 5.0]),
        hills(25_000, 60.0, [6.0, 4.0]),
    );
    let rect = [0.0, 0.0, 70.0, 70.0];
    let statistics = statistics_with_kernels(&gpu);
    rayon::join(
        || check(&gpu, "before", &before, rect, 0.7, &statistics),
        || check(&gpu, "after", &after, rect, 0.7, &statistics),
    );
}

#[test]
fn cells_smaller_than_a_tick_are_nobodys_work() {
    let Some(gpu) = gpu() else { return };
    let cloud = Cloud::from_points(&[[1.0, 2.0, 3.0]]).unwrap();
    let grid = Grid::covering(
        &Rect {
            min: [0.0; 2],
            max: [1.0; 2],
        },
        1.0,
    )
    .unwrap();
    let tiny = Grid {
        cell_size: 1e-7,
        ..grid
    };
    let refused = gpu
        .rasterise(cloud.positions(), &tiny, &[CellStatistic::Mean])
        .unwrap_err();
    assert!(!refused.is_recoverable(), "{refused}");
}
