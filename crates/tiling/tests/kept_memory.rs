//! Results that are kept pass to disk and back some at a time: beside one result, nothing of its
//! size is in memory.

#![allow(missing_docs)]

use isopach_cloud::{Cloud, Rect};
use isopach_compute::{Compute, Cpu, Dispatcher, Result};
use isopach_tiling::{
    CheckpointDir, InMemory, RunOptions, RunReport, RunScope, Tile, TileOperation, Tiling,
};
use peak_alloc::PeakAlloc;
use std::{path::Path, sync::Arc};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Numbers of a result, and its bytes.
const NUMBERS: usize = 1 << 20;
const RESULT: usize = NUMBERS * size_of::<f64>();
/// What a run of 400 points needs beside results, with the buffers.
const ELSE: usize = 1 << 20;

/// A large result of a small tile.
struct Large;

impl<B: ?Sized> TileOperation<1, B> for Large {
    type Output = Vec<f64>;
    fn halo(&self) -> f64 {
        1.0
    }
    fn run_tile(&self, _: &B, tile: &Tile<1>) -> Result<Vec<f64>> {
        let mut numbers = Vec::with_capacity(NUMBERS);
        numbers.extend((0..NUMBERS).map(|i| i as f64 + tile.core.min[0]));
        Ok(numbers)
    }
}

/// A run on one thread; its report, how many results the sink took, and the most bytes that were
/// held at once.
fn run(folder: &Path, memory: u64, share: RunScope) -> (RunReport, usize, usize) {
    let points: Vec<[f64; 3]> = (0..400)
        .map(|i| [f64::from(i % 20), f64::from(i / 20), 0.0])
        .collect();
    let source = InMemory::with_chunk_size("lattice", Cloud::from_points(&points).unwrap(), 100);
    let kept = CheckpointDir::new(folder, "");
    let run = RunOptions {
        checkpoint: Some(kept.for_results()),
        scope: share,
        ..RunOptions::default()
    };
    let tiling = Tiling {
        tile_size: 10.0,
        memory,
        ..Tiling::default()
    };
    let mut taken = 0;
    let mut sink = |core: Rect, numbers: Vec<f64>| {
        let is_right = |(i, number): (usize, &f64)| *number == i as f64 + core.min[0];
        assert!(numbers.len() == NUMBERS && numbers.iter().enumerate().all(is_right));
        taken += 1;
        Ok(())
    };
    let cpu: Dispatcher<dyn Compute> = Dispatcher::new(vec![Arc::new(Cpu)]);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let report = pool
        .install(|| tiling.stream_with(&cpu, &Large, [&source], &mut sink, &run))
        .unwrap();
    (report, taken, MEMORY.peak_usage() - before)
}

/// One test, so that nothing else takes memory meanwhile.
#[test]
fn one_result_at_a_time_is_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let memory = 3 * RESULT as u64;
    let shard = RunScope::Shard { number: 1, of: 1 };
    let (report, taken, held) = run(dir.path(), memory, shard);
    assert_eq!((report.tiles, taken), (4, 0));
    assert!(
        held < RESULT + ELSE,
        "{held} bytes were held while results of {RESULT} were kept"
    );

    for share in [RunScope::Merge, RunScope::All] {
        let (report, taken, held) = run(dir.path(), memory, share);
        assert_eq!((report.tiles_kept, taken), (4, 4));
        assert!(
            held < RESULT + ELSE,
            "{held} bytes were held while results of {RESULT} were handed over"
        );
        let counted = report.peak_bytes as usize;
        assert!(
            counted >= RESULT && report.peak_bytes <= memory,
            "results count as memory of the run: {counted}"
        );
    }
    // A result that is larger than the memory was handed over to the disk, and is handed over from
    // there.
    assert_eq!(run(dir.path(), RESULT as u64 / 2, RunScope::All).1, 4);
}
