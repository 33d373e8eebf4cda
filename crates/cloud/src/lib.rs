//! Points in memory: fixed-point coordinates, attribute columns, rectangles, grids, rigid
//! transforms.
//!
//! ```
//! use isopach_cloud::Cloud;
//! let cloud = Cloud::from_points(&[[596_000.25, 6_653_000.5, 180.0], [596_001.25, 6_653_000.5, 180.5]])?;
//! assert_eq!(cloud.positions().absolute(1), [596_001.25, 6_653_000.5, 180.5]);
//! # Ok::<(), isopach_cloud::Error>(())
//! ```
//!
//! A coordinate is a whole number of [ticks](TICK) (2⁻¹⁸ m, 3.8 µm) from an [`Origin`] of whole
//! metres: four bytes, like an `f32`, but with the same resolution everywhere within ±8 km, and
//! differences, shifts of the origin and sums of squares are *exact*. Results therefore do not
//! depend on how a survey is cut into tiles. An absolute `f32`, which steps by half a metre at UTM
//! northings, cannot be built.
//!
//! # Points and columns
//!
//! [`Cloud`] owns points; [`Positions`] borrows their coordinates, and is what algorithms take.
//! [`Points`] holds absolute `f64` metres while a source delivers them. [`Columns`] selects
//! attributes, [`Attributes`] holds them, each as long as the points.
//!
//! ```
//! use isopach_cloud::{Cloud, Columns};
//! let mut cloud = Cloud::from_points(&[[0.0, 0.0, 1.0], [3.0, 4.0, 2.0]])?;
//! cloud.attributes.classification = Some(vec![2, 6]);
//! assert!(cloud.attributes.columns().contains(Columns::CLASSIFICATION));
//! let ground = cloud.filter_classes(&[2])?;
//! let heights: Vec<f64> = ground.positions().iter().map(|[_, _, z]| z).collect();
//! assert_eq!(heights, [1.0]);
//! # Ok::<(), isopach_cloud::Error>(())
//! ```
//!
//! # Rectangles and cells
//!
//! [`Rect`] is half open, and compares points with its edges after both are rounded to ticks, so a
//! point on the edge of two tiles is in exactly one. [`cell_of`] gives the cell of the absolute
//! grid that contains a coordinate.
//!
//! ```
//! use isopach_cloud::{Rect, cell_of};
//! let tile = Rect { min: [0.0, 0.0], max: [100.0, 100.0] };
//! assert!(tile.contains([0.0, 99.9]) && !tile.contains([100.0, 50.0]));
//! assert_eq!(cell_of(0.6, 0.2), 3);
//! ```
//!
//! # Rigid transforms
//!
//! A [`Rigid`] carries its pivot, so a matrix that was found in one frame cannot be applied in
//! another by mistake.
//!
//! ```
//! use isopach_cloud::{Cloud, Rigid};
//! let cloud = Cloud::from_points(&[[596_000.0, 6_653_000.0, 180.0]])?;
//! let moved = cloud.transformed(&Rigid::from_translation([0.5, 0.0, -0.25]))?;
//! assert_eq!(moved.positions().absolute(0), [596_000.5, 6_653_000.0, 179.75]);
//! # Ok::<(), isopach_cloud::Error>(())
//! ```

mod attributes;
mod byte_rows;
mod cloud;
mod columns;
mod crs;
pub mod epsg;
mod error;
mod lattice;
mod points;
mod pose_covariance;
mod positions;
mod rect;
mod rigid;
mod subsample;
mod ticks;

pub use attributes::{Attributes, AttributesMut, keep_ranges};
pub use byte_rows::{ByteRows, ByteRowsMut};
pub use cloud::Cloud;
pub use columns::Columns;
pub use crs::{Crs, CrsKind, LengthUnit, VerticalReference};
pub use error::CloudError;
pub use isopach_compute::{Error, Result};
pub use lattice::{
    cell_end, cell_of, cell_of_tick, checked_cell_size, edge_tick, first_tick, low_edge,
};
pub use points::Points;
pub use pose_covariance::{FreeDirection, PoseCovariance};
pub use positions::Positions;
pub use rect::Rect;
pub use rigid::Rigid;
pub use ticks::{Origin, REACH, TICK, TICKS_PER_METRE, from_ticks, to_ticks};

/// The program of the crate's page, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeProgram;
