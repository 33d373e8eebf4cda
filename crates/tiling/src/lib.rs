//! Runs an operation over a point cloud of any size, tile by tile, in bounded memory.
//!
//! An operation declares what it needs ([`TileOperation`]: halo, cells, columns), a source gives
//! chunks of points ([`PointSource`]), a sink takes the results in order ([`TileSink`]).
//! [`Tiling::stream`] does the rest: it plans tiles on an absolute grid, decodes every chunk once,
//! routes its points to the tiles that need them, and runs the tiles in parallel. An in-memory run
//! is a plan of one tile; there is no separate code path.
//!
//! ```
//! use isopach_tiling::{Cloud, Cpu, Dispatcher, InMemory, Rect, Result, Tile, TileOperation, Tiling};
//!
//! /// Counts points.
//! struct Count;
//! impl<B: ?Sized> TileOperation<1, B> for Count {
//!     type Output = usize;
//!     fn halo(&self) -> f64 {
//!         0.0 // a point counts alone
//!     }
//!     fn run_tile(&self, _on: &B, tile: &Tile<1>) -> Result<usize> {
//!         Ok(tile.owned(0).len())
//!     }
//! }
//!
//! let lattice: Vec<[f64; 3]> = (0..40_401).map(|i| [f64::from(i % 201), f64::from(i / 201), 0.0]).collect();
//! let source = InMemory::new("lattice", Cloud::from_points(&lattice)?);
//! let mut total = 0;
//! let mut sink = |_core: Rect, count| {
//!     total += count;
//!     Ok(())
//! };
//! let on = Dispatcher::new(vec![std::sync::Arc::new(Cpu)]);
//! let report = Tiling { tile_size: 33.3, ..Tiling::default() }.stream(&on, &Count, [&source], &mut sink)?;
//! assert_eq!(total, 40_401); // each point once, also those on the edges of tiles
//! assert_eq!(report.sources[0].decodes, 1);
//! # Ok::<(), isopach_tiling::Error>(())
//! ```
//!
//! # Writing an operation
//!
//! [`TileOperation::halo`] is the distance in metres that a result depends on. The tile has the
//! points of its core and of the halo around it; [`Tile::owned`] are those of the core. A result
//! that uses the owned points as subjects and all points as neighbours is the same for any tiling:
//!
//! ```
//! use isopach_tiling::{Cloud, Cpu, Dispatcher, InMemory, Rect, Result, Tile, TileOperation, Tiling};
//!
//! /// Counts pairs of points that are at most 1 m apart.
//! struct Pairs;
//! impl<B: ?Sized> TileOperation<1, B> for Pairs {
//!     type Output = usize;
//!     fn halo(&self) -> f64 {
//!         1.0
//!     }
//!     fn run_tile(&self, _on: &B, tile: &Tile<1>) -> Result<usize> {
//!         let points = tile.epochs[0].positions();
//!         let near = |i: usize, j: usize| {
//!             let [a, b] = [points.absolute(i), points.absolute(j)];
//!             i != j && (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f64>() <= 1.0
//!         };
//!         let owned = tile.owned(0).into_iter();
//!         Ok(owned.map(|i| (0..points.len()).filter(|&j| near(i as usize, j)).count()).sum())
//!     }
//! }
//!
//! let lattice: Vec<[f64; 3]> = (0..900).map(|i| [f64::from(i % 30), f64::from(i / 30), 0.0]).collect();
//! let source = InMemory::new("lattice", Cloud::from_points(&lattice)?);
//! let on = Dispatcher::new(vec![std::sync::Arc::new(Cpu)]);
//! for tile_size in [7.0, 10.0, f64::INFINITY] {
//!     let mut pairs = 0;
//!     let mut sink = |_: Rect, count| {
//!         pairs += count;
//!         Ok(())
//!     };
//!     Tiling { tile_size, ..Tiling::default() }.stream(&on, &Pairs, [&source], &mut sink)?;
//!     assert_eq!(pairs, 2 * 2 * 30 * 29);
//! }
//! # Ok::<(), isopach_tiling::Error>(())
//! ```
//!
//! # More
//!
//! * [`Tiling::plan`] lists the tiles before anything is read; [`Plan::to_svg`] draws them.
//! * [`Tiling::memory`] and [`Spill`] bound memory and disk. Results do not depend on them.
//! * [`CheckpointDir`] keeps results, so that a run that was killed resumes where it was;
//!   [`RunScope::Shard`] runs a part of it and [`RunScope::Merge`] puts the parts together
//!   ([`Tiling::stream_with`] has an example). [`BlockCheckpoints`] does the same for work that is
//!   not tiles of points.
//! * [`Thinning`] and [`SampleBlocks`] read samples of a survey before a run.
//! * [`RunReport`] counts tiles, points, bytes and time, and names every fallback.

mod buckets;
mod cells;
mod checkpoint;
mod clock;
mod compatibility;
mod error;
mod format;
mod groups;
mod in_memory;
mod memory_budget;
mod operation;
mod plan;
mod progress;
mod regions;
mod report;
mod route;
mod run;
mod run_scope;
mod sample;
mod sink;
mod source;
mod spill;
mod transformed;
mod with_crs;

pub use cells::Cells;
pub use checkpoint::{
    BlockCheckpoints, BlockRun, Checkpoint, CheckpointDir, Encode, FolderUse, ResultReader,
    ResultWriter,
};
pub use clock::{RunStage, StageTimes};
pub use error::TilingError;
pub use in_memory::InMemory;
pub use operation::{Tile, TileOperation, TileStats};
pub use plan::{MAX_TILE_SIDE, Plan, TileEstimate, round_length};
pub use progress::Progress;
pub use report::{RunReport, SourceReport, TileFailure};
pub use run::{InFlight, RunOptions, Tiling};
pub use run_scope::{OnFailure, RunScope};
pub use sample::{
    BlockPair, Occupancy, PairedSample, SampleBlock, SampleBlocks, Thinned, Thinning,
};
pub use sink::TileSink;
pub use source::PointSource;
pub use spill::{Spill, SpillError};
pub use transformed::Transformed;
pub use with_crs::WithCrs;

// Types of other crates in signatures of this one.
pub use isopach_cloud::{Cloud, Columns, Crs, Points, Rect, Rigid};
pub use isopach_compute::{Compute, Cpu, Dispatcher, Error, Fallbacks, Result};
