//! Reading in ways to compare with.

use isopach::{
    change::{C2c, Detection, Dod, M3c2, SurveyStatistics},
    cloud::{Columns, Rect},
    las::{Catalogue, Las},
    tiling::{InMemory, PointSource, TileOperation, Tiling},
};
use isopach_program::measure::{Measure, peak_rss_mib};
use isopach_program::println;
use rayon::prelude::*;
use serde_json::json;
use std::{
    error::Error,
    path::{Path, PathBuf},
};

/// All chunks once.
pub(crate) fn decode(epochs: &[PathBuf; 2]) -> Result<(), Box<dyn Error>> {
    let clock = Measure::start();
    let mut chunks = 0;
    let mut points = 0;
    for epoch in epochs {
        let catalogue = Catalogue::open(&[epoch])?;
        chunks += catalogue.chunk_count();
        let count = |chunk: usize| {
            Ok::<_, isopach::compute::Error>(catalogue.read_chunk(chunk, Columns::XYZ)?.len())
        };
        points += (0..catalogue.chunk_count())
            .into_par_iter()
            .map(count)
            .sum::<Result<usize, _>>()?;
    }
    let [wall, cpu] = clock.seconds();
    println!(
        "{}",
        json!({ "what": "decode", "chunks": chunks, "points_decoded": points, "wall_s": wall, "cpu_s": cpu })
    );
    Ok(())
}

/// A file read alone, and read and written again alone: the difference is writing it.
pub(crate) fn rewrite(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    let las = Las::open(from)?;
    let clock = Measure::start();
    let read = |chunk: usize| Ok::<_, isopach::las::LasError>(las.read_raw(chunk)?.len());
    let bytes = (0..las.total_chunks())
        .into_par_iter()
        .map(read)
        .sum::<Result<usize, _>>()?;
    let [_, read_cpu] = clock.seconds();
    let clock = Measure::start();
    let points = las.rewrite(to)?;
    let [_, cpu] = clock.seconds();
    println!(
        "{}",
        json!({ "what": "rewrite", "points": points, "record_bytes": bytes, "read_cpu_s": read_cpu, "cpu_s": cpu })
    );
    Ok(())
}

/// Tile after tile, each from all files that it overlaps.
pub(crate) fn tiles(epochs: &[PathBuf; 2], tile_size: f64) -> Result<(), Box<dyn Error>> {
    let clock = Measure::start();
    let on = isopach::cpu();
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
    let halo = TileOperation::<2, dyn isopach::Backend>::halo(&operation);
    let open = || -> Result<[Catalogue; 2], Box<dyn Error>> {
        Ok([
            Catalogue::open(&[&epochs[0]])?.keep_classes(&[2]),
            Catalogue::open(&[&epochs[1]])?.keep_classes(&[2]),
        ])
    };
    let [before, after] = open()?;
    let whole = before.extent().union(&after.extent());
    let corner = whole.min.map(|x| (x / tile_size).floor() * tile_size);
    let steps = [0, 1].map(|axis| ((whole.max[axis] - corner[axis]) / tile_size).ceil() as u32);
    let mut decoded = 0;
    let mut chunks = 0;
    for row in 0..steps[1] {
        for column in 0..steps[0] {
            let min = [
                corner[0] + f64::from(column) * tile_size,
                corner[1] + f64::from(row) * tile_size,
            ];
            let core = Rect {
                min,
                max: min.map(|x| x + tile_size),
            };
            let mut residents = Vec::new();
            for catalogue in open()? {
                let meeting: Vec<PathBuf> = catalogue
                    .files_meeting(&core.expanded_by(halo))
                    .iter()
                    .map(|file| file.path().to_owned())
                    .collect();
                if meeting.is_empty() {
                    continue;
                }
                let near = Catalogue::open(&meeting)?
                    .keep_classes(&[2])
                    .within(core.expanded_by(halo));
                decoded += (0..near.chunk_count())
                    .map(|chunk| near.points_in_chunk(chunk))
                    .sum::<u64>();
                chunks += near.chunk_count();
                residents.push(InMemory::new("tile", near.read_all(Columns::XYZ)?));
            }
            let [a, b] = &residents[..] else { continue };
            if a.point_count() == 0 || b.point_count() == 0 {
                continue;
            }
            let tiling = Tiling {
                tile_size: f64::INFINITY,
                memory: u64::MAX,
                ..Tiling::default()
            };
            tiling.stream(&on, &operation, [a, b], &mut |_: Rect, _| Ok(()))?;
        }
    }
    let [wall, cpu] = clock.seconds();
    println!(
        "{}",
        json!({
            "what": "naive", "tile_m": tile_size, "tiles": steps[0] * steps[1], "chunks_decoded": chunks, "points_decoded": decoded,
            "wall_s": wall, "cpu_s": cpu, "peak_rss_mib": peak_rss_mib(),
        })
    );
    Ok(())
}
