//! Points in memory.
//!
//! A coordinate is held as a whole number of [ticks](TICK) (2⁻¹⁸ m, 3.8 µm) from an [`Origin`] of
//! whole metres: four bytes, like an `f32`, but with the same resolution everywhere within ±8 km,
//! and differences, shifts of the origin and sums of squares are *exact*. That is why a result does
//! not depend on how a survey was cut into tiles. An absolute `f32` (which steps by half a metre at
//! UTM northings) cannot be built.
//!
//! ```
//! use isopach_cloud::Cloud;
//! let cloud = Cloud::from_points(&[[596_000.25, 6_653_000.5, 180.0], [596_001.25, 6_653_000.5, 180.5]])?;
//! assert_eq!(cloud.positions().absolute(1), [596_001.25, 6_653_000.5, 180.5]);
//! # Ok::<(), isopach_compute::Error>(())
//! ```

mod attributes;
mod cloud;
mod columns;
mod crs;
pub mod epsg;
mod lattice;
mod points;
mod pose_covariance;
mod positions;
mod rect;
mod rigid;
mod subsample;
mod ticks;

pub use attributes::{Attributes, AttributesMut, keep_ranges};
pub use cloud::Cloud;
pub use columns::Columns;
pub use crs::{Crs, CrsKind, LengthUnit, VerticalReference};
pub use lattice::{
    cell_end, cell_of, cell_of_tick, checked_cell_size, edge_tick, first_tick, low_edge,
};
pub use points::Points;
pub use pose_covariance::{FreeDirection, PoseCovariance};
pub use positions::Positions;
pub use rect::Rect;
pub use rigid::Rigid;
pub use ticks::{Origin, REACH, TICK, TICKS_PER_METRE, from_ticks, to_ticks};
