//! Benchmark of the pipeline on tiles: DoD, M3C2 and C2C of two epochs in memory, on the CPU and on
//! the device.

use super::{
    agree::{self, Verdict},
    bench::{Bench, Floor},
};
use isopach::{
    Backend,
    change::{
        C2c, C2cTile, Detection, Differences, Dod, DodRasters, M3c2, M3c2Tile, SurveyStatistics,
    },
    cloud::{Cloud, Rect},
    compute::{Cpu, Dispatcher, Result},
    tiling::{InMemory, Tiling},
};
use std::{error::Error, sync::Arc};

/// The results of the tiles, in the order of the plan.
pub(crate) type Found = Vec<(DodRasters, Differences, Vec<f64>)>;

/// Returns how many times faster the device is. It runs alone, so work that it declines is an
/// error, not a fallback.
pub(crate) fn run(
    bench: &Bench<'_>,
    before: &Cloud,
    after: &Cloud,
) -> std::result::Result<f64, Box<dyn Error>> {
    let epochs = resident_points(before, after);
    let alone = |backend: Arc<dyn Backend>| Dispatcher::new(vec![backend]);
    let floor = Floor {
        bytes: 2.0 * 12.0 + 40.0,
        flops: 3000.0,
    };
    bench.compare(
        "DoD, M3C2, C2C on tiles, points",
        before.len(),
        floor,
        compare_runs,
        [&|| run_tiles(&alone(Arc::new(Cpu)), &epochs), &|| {
            run_tiles(&alone(Arc::new(bench.gpu.clone())), &epochs)
        }],
    )
}

/// Both epochs as sources.
pub(crate) fn resident_points(before: &Cloud, after: &Cloud) -> [InMemory; 2] {
    [
        InMemory::new("before", before.clone()),
        InMemory::new("after", after.clone()),
    ]
}

/// The job.
pub(crate) fn run_tiles(on: &Dispatcher<dyn Backend>, epochs: &[InMemory; 2]) -> Result<Found> {
    let detection = Detection {
        survey: Some(SurveyStatistics::equal_epochs()),
        ..Detection::default()
    };
    let dod = Dod {
        detection: detection.clone(),
        ..Dod::default()
    };
    let m3c2 = M3c2 {
        detection,
        ..M3c2::default()
    };
    let operation = (dod, m3c2.with_core_spacing(1.0), C2c { max_distance: 5.0 });
    let mut found = Found::new();
    let mut sink = |_: Rect, (dod, m3c2, c2c): (DodRasters, M3c2Tile, C2cTile)| {
        found.push((dod, m3c2.differences, c2c.distances.distance));
        Ok(())
    };
    Tiling::default().stream(on, &operation, [&epochs[0], &epochs[1]], &mut sink)?;
    Ok(found)
}

/// Whether both gave the same.
pub(crate) fn compare_runs(a: &Found, b: &Found) -> Verdict {
    for ((dod, m3c2, c2c), (dod_too, m3c2_too, c2c_too)) in a.iter().zip(b) {
        agree::compare_rasters(&dod.difference, &dod_too.difference)?;
        agree::compare_differences(m3c2, m3c2_too)?;
        let far = |(a, b): &(&f64, &f64)| (*a - *b).abs() > 1e-6;
        if c2c.iter().zip(c2c_too).any(|pair| far(&pair)) {
            return Err("C2C distances differ".into());
        }
    }
    if a.len() == b.len() {
        Ok(())
    } else {
        Err("other tiles".into())
    }
}
