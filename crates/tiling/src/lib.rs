//! The tile loop: the only place where one is written. It knows no domain.
//!
//! An operation says what it needs ([`TileOperation`]: halo, cells, columns), a source gives chunks
//! of points ([`PointSource`]), a sink takes results in order ([`TileSink`]); [`Tiling::stream`]
//! does the rest: it plans tiles on an absolute grid, decodes every chunk once, routes its points
//! to the tiles that need them, and runs the tiles. In memory is the case of one tile, not another
//! path.
//!
//! ```
//! use isopach_cloud::{Cloud, Rect};
//! use isopach_compute::{Choice, Cpu, Result};
//! use isopach_tiling::{Resident, Tile, TileOperation, Tiling};
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
//! let source = Resident::new("lattice", Cloud::from_points(&lattice)?);
//! let mut total = 0;
//! let mut sink = |_core: Rect, count| {
//!     total += count;
//!     Ok(())
//! };
//! let on = Choice::new(vec![std::sync::Arc::new(Cpu)]);
//! let report = Tiling { tile_size: 33.3, ..Tiling::default() }.stream(&on, &Count, [&source], &mut sink)?;
//! assert_eq!(total, 40_401); // each point once, also those on the edges of tiles
//! assert_eq!(report.sources[0].decodes, 1);
//! # Ok::<(), isopach_compute::Error>(())
//! ```

mod buckets;
mod cells;
mod checkpoint;
mod clock;
mod compatibility;
mod format;
mod groups;
mod in_memory;
mod memory_budget;
mod operation;
mod plan;
mod progress;
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
