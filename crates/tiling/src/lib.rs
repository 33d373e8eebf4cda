//! The tile loop: the only place where one is written. It knows no domain.
//!
//! An operation says what it needs ([`TileOperation`]: halo, cells, columns), a source gives chunks of points
//! ([`PointSource`]), a sink takes results in order ([`TileSink`]); [`Tiling::stream`] does the rest: it plans tiles on
//! an absolute grid, decodes every chunk once, routes its points to the tiles that need them, and runs the tiles.
//! In memory is the case of one tile, not another path.

mod agree;
mod buckets;
mod cells;
mod declared;
mod moved;
mod operation;
mod plan;
mod report;
mod resident;
mod route;
mod sink;
mod source;
mod stream;

pub use cells::Cells;
pub use declared::Declared;
pub use moved::Moved;
pub use operation::{Tile, TileOperation};
pub use plan::{LARGEST_SIDE, Plan};
pub use report::{Progress, Report, SourceReport};
pub use resident::Resident;
pub use sink::TileSink;
pub use source::PointSource;
pub use stream::Tiling;
