//! A run of four tiles, whose manifest and results are in a folder.

use isopach_cloud::{Cloud, Rect};
use isopach_compute::{Compute, Cpu, Dispatcher, Result};
use isopach_tiling::{CheckpointDir, InMemory, RunOptions, Tile, TileOperation, Tiling};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The owned points of a tile, and a cloud of them.
struct Owned;

impl<B: ?Sized> TileOperation<1, B> for Owned {
    type Output = (Vec<[i64; 3]>, Cloud);
    fn halo(&self) -> f64 {
        2.0
    }
    fn run_tile(&self, _: &B, tile: &Tile<1>) -> Result<Self::Output> {
        let points = tile.epochs[0].positions();
        let owned = tile
            .owned(0)
            .into_iter()
            .map(|i| points.absolute_ticks(i as usize))
            .collect();
        Ok((
            owned,
            Cloud::from_points(&[tile.core.min.map(|x| x + 0.5)].map(|[x, y]| [x, y, 0.0]))?,
        ))
    }
}

/// Each tile and the ticks of its points.
pub(crate) type Tiles = Vec<(Rect, Vec<[i64; 3]>)>;

/// A run that goes on with what is in the folder.
pub(crate) fn run(folder: &Path) -> Result<Tiles> {
    let points: Vec<[f64; 3]> = (0..400)
        .map(|i| [f64::from(i % 20), f64::from(i / 20), 0.0])
        .collect();
    let source = InMemory::with_chunk_size("lattice", Cloud::from_points(&points)?, 100);
    let kept = CheckpointDir::new(folder, "depth 5");
    let run = RunOptions {
        checkpoint: Some(kept.for_results()),
        ..RunOptions::default()
    };
    let tiling = Tiling {
        tile_size: 10.0,
        ..Tiling::default()
    };
    let mut tiles = Vec::new();
    let mut sink = |core: Rect, (owned, _): (Vec<[i64; 3]>, Cloud)| {
        tiles.push((core, owned));
        Ok(())
    };
    let cpu: Dispatcher<dyn Compute> = Dispatcher::new(vec![Arc::new(Cpu)]);
    tiling.stream_with(&cpu, &Owned, [&source], &mut sink, &run)?;
    Ok(tiles)
}

/// The manifest and the results in a folder and in those in it.
pub(crate) fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if path
            .extension()
            .is_some_and(|end| end == "json" || end == "tile")
        {
            all.push((path.clone(), fs::read(path).unwrap()));
        }
    }
    all.sort();
    all
}

/// Bytes of the head of a kept result: they end with the length of the payload and its checksum.
pub(crate) fn head_bytes(result: &[u8]) -> Option<usize> {
    let ends = |head: &usize| {
        let (length, sum) = result[head - 12..*head].split_at(8);
        let payload = &result[*head..];
        length == (payload.len() as u64).to_le_bytes()
            && sum == crc32fast::hash(payload).to_le_bytes()
    };
    (20..result.len().min(200)).find(ends)
}
