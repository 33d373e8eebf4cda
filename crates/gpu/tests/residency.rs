//! Pinned points are brought to the device once, for any operations on them, and leave nothing
//! behind.

#![allow(missing_docs)]

#[path = "common/device.rs"]
mod device;
#[path = "common/random.rs"]
mod random;

use device::{gpu, open};
use isopach_change::{C2c, CloudDistances, Differences, Epochs, M3c2};
use isopach_cloud::{Cloud, Origin, Positions};
use isopach_compute::{Compute, Result};
use isopach_gpu::{AdapterSelector, Gpu, GpuOptions, PointResidency, TransferCounts};
use isopach_neighbours::NeighbourSearch;
use isopach_raster::{CellStatistic, Grid, Raster, Rasterise};
use random::random;

const N: usize = 8_000;
const STATISTICS: [CellStatistic; 2] = [CellStatistic::Mean, CellStatistic::Median];

fn hills(first: usize, raised: f64) -> Cloud {
    let point = |i: usize| {
        let [u, v, noise] = [0, 1, 2].map(|k| random(3 * (first + i) + k));
        let (x, y) = (70.0 * u, 70.0 * v);
        [
            x,
            y,
            430.0 + 3.0 * (x / 7.0).sin() + 2.0 * (y / 5.0).cos() + 0.05 * noise + raised,
        ]
    };
    // As the epochs of a tile are: about one origin.
    Cloud::from_points_about(
        &(0..N).map(point).collect::<Vec<_>>(),
        Origin::near([35.0, 35.0, 430.0]).unwrap(),
    )
    .unwrap()
}

type Found = (Vec<Raster>, Vec<Raster>, Differences, CloudDistances);

/// What a tile of `terrain_change` asks for.
fn all(gpu: &Gpu, epochs: [&Cloud; 2], core_points: &Cloud) -> Result<Found> {
    let [reference, compared] = epochs.map(Cloud::positions);
    let grid = Grid::covering(&reference.extent().unwrap(), 1.0)?;
    let rasters = [reference, compared].map(|points| gpu.rasterise(points, &grid, &STATISTICS));
    let [before, after] = rasters;
    let core_points = core_points.positions();
    let m3c2 = M3c2::default().run(
        gpu,
        Epochs {
            reference,
            compared,
            core_points,
        },
    )?;
    let c2c = C2c { max_distance: 3.0 }.run(gpu, reference, compared)?;
    Ok((before?, after?, m3c2, c2c))
}

/// The same while both epochs are pinned.
fn all_pinned(gpu: &Gpu, epochs: [&Cloud; 2], core_points: &Cloud) -> Result<Found> {
    let points = epochs.map(|epoch| epoch.positions().ticks());
    let _pin = gpu.pin(&points);
    all(gpu, epochs, core_points)
}

fn same(a: &Found, b: &Found) -> bool {
    // NaN is no distance in both.
    format!("{a:?}") == format!("{b:?}")
}

fn up(gpu: &Gpu, work: impl FnOnce()) -> u64 {
    let before = gpu.transfer_counts();
    work();
    let TransferCounts {
        to_device_bytes, ..
    } = gpu.transfer_counts();
    to_device_bytes - before.to_device_bytes
}

#[test]
fn pinned_points_are_brought_once_and_then_gone() {
    // A device of its own: other tests count on theirs.
    let Some(gpu) = &open(GpuOptions::default()) else {
        return;
    };
    let (before, after) = (hills(0, 0.0), hills(N, 0.4));
    let core_points = before.subsample_grid(1.0).unwrap();
    let plain = all(gpu, [&before, &after], &core_points).unwrap();
    let held_bytes = gpu.pool_counts().held_bytes;
    let again = up(gpu, || {
        assert!(same(
            &all(gpu, [&before, &after], &core_points).unwrap(),
            &plain
        ))
    });
    let once = up(gpu, || {
        assert!(same(
            &all_pinned(gpu, [&before, &after], &core_points).unwrap(),
            &plain
        ))
    });
    // Both epochs for their rasters (12 bytes a point), and the earlier one for C2C, were brought
    // for themselves.
    let saved = (12 + 12 + 16) * N as u64;
    // And the parameters of a few kernels more.
    assert!(
        (saved..saved + 1024).contains(&(again - once)),
        "{} bytes, not {saved}",
        again - once
    );
    assert_eq!(
        gpu.pool_counts().held_bytes,
        held_bytes,
        "buffers are left behind"
    );
}

#[test]
fn of_m3c2_only_results_travel() {
    let Some(gpu) = &open(GpuOptions::default()) else {
        return;
    };
    let (before, after) = (hills(0, 0.0), hills(N, 0.4));
    let core_points = before.subsample_grid(1.0).unwrap();
    let [reference, compared] =
        [&before, &after].map(|epoch| gpu.index(epoch.positions()).unwrap());
    let (before, ties) = (gpu.transfer_counts(), gpu.reevaluated_on_cpu());
    let found = M3c2::default()
        .run_indexed(&*reference, &*compared, core_points.positions())
        .unwrap();
    let (after, ties) = (gpu.transfer_counts(), gpu.reevaluated_on_cpu() - ties);
    // Up: coordinates of core points. Back: a normal and two statistics each.
    let n = found.len() as u64;
    let little = 4096 + 16_384 * ties;
    let (up, back) = (
        after.to_device_bytes - before.to_device_bytes,
        after.from_device_bytes - before.from_device_bytes,
    );
    assert!(
        (16 * n..16 * n + little).contains(&up),
        "{up} bytes up for {n} core points and {ties} near ties"
    );
    assert!(
        (64 * n..64 * n + little).contains(&back),
        "{back} bytes back for {n} core points and {ties} near ties"
    );
}

#[test]
fn other_points_in_the_same_place_are_other_points() {
    let Some(gpu) = gpu() else { return };
    let mut ticks = hills(0, 0.0).positions().ticks().to_vec();
    let origin = hills(0, 0.0).positions().origin();
    for round in 0..3 {
        let points = Positions::new(origin, &ticks);
        let mut found = Vec::new();
        let pin = gpu.pin(&[points.ticks(), points.ticks()]);
        for _ in 0..2 {
            found.push(gpu.index(points).unwrap().nearest(points, 1.0).unwrap());
        }
        drop(pin);
        let expected: Vec<u32> = (0..N as u32).collect();
        for found in &found {
            let indices: Vec<u32> = found.iter().map(|n| n.unwrap().index).collect();
            assert!(indices == expected, "round {round}");
        }
        ticks.rotate_left(1234);
    }
}

#[test]
fn pinned_points_give_way() {
    let room = |bytes: u64| GpuOptions {
        budget_bytes: bytes,
        ..GpuOptions::default()
    };
    let (before, after) = (hills(0, 0.0), hills(N, 0.4));
    let core_points = before.subsample_grid(1.0).unwrap();
    let never = GpuOptions {
        residency: PointResidency::Never,
        ..GpuOptions::default()
    };
    let Some(plain) = open(never) else { return };
    let expected = all_pinned(&plain, [&before, &after], &core_points).unwrap();
    let mut least = None;
    for mebibytes in [64, 16, 8, 6, 5, 4, 3] {
        let gpu = open(room(mebibytes << 20)).unwrap();
        let alone = all(&gpu, [&before, &after], &core_points);
        let found = all_pinned(&gpu, [&before, &after], &core_points);
        // Work that fits without a pin fits with it.
        assert!(
            alone.is_err() || found.is_ok(),
            "{mebibytes} MiB: {:?}",
            found.err()
        );
        if let Ok(found) = found {
            assert!(same(&found, &expected), "{mebibytes} MiB");
            least = Some(mebibytes);
        }
    }
    assert!(
        least.is_some_and(|least| least <= 16),
        "{least:?} MiB were needed"
    );
}
