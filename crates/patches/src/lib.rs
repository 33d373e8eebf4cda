//! Square patches of LiDAR surveys for machine learning.
//!
//! A survey of any size becomes samples of bounded size: an absolute grid of patches, a number of
//! points of each, their coordinates about the patch, their attributes, and features that were
//! computed on the survey before it was cut.
//!
//! ```
//! use isopach_cloud::{Cloud, Columns, Rect};
//! use isopach_compute::{Cpu, Dispatcher};
//! use isopach_patches::{PatchTile, PatchTiles, Patches, Sample};
//! use isopach_tiling::{InMemory, Tiling};
//!
//! // Level ground, 40 m by 40 m.
//! let points: Vec<[f64; 3]> = (0..6400)
//!     .map(|i| [500_000.25 + f64::from(i % 80) * 0.5, 5_400_000.25 + f64::from(i / 80) * 0.5, 300.0])
//!     .collect();
//! let survey = InMemory::new("ground", Cloud::from_points(&points)?);
//! let patches = Patches { side: 20.0, sample: Sample::Random(500), ..Patches::default() };
//! let operation = PatchTiles::new(patches, Columns::XYZ)?;
//!
//! let mut found = Vec::new();
//! let mut sink = |_: Rect, tile: PatchTile| {
//!     found.extend(tile.patches);
//!     Ok(())
//! };
//! let on = Dispatcher::new(vec![std::sync::Arc::new(Cpu)]);
//! Tiling::default().stream(&on, &operation, [&survey], &mut sink)?;
//! assert_eq!(found.len(), 4);
//! assert!(found.iter().all(|patch| patch.points == 1600 && patch.len() == 500));
//! assert_eq!(found[0].centre, [500_010.0, 5_400_010.0]);
//! assert!(found[0].coord.iter().all(|[x, y, z]| x.abs() < 10.0 && y.abs() < 10.0 && *z == 0.0));
//! # Ok::<(), isopach_compute::Error>(())
//! ```
//!
//! The same seed gives the same bytes for any tiles, threads and order of points: a number of the
//! generator depends on the seed, the patch, and the coordinates of the point.
//!
//! [`Statistics`] are mean and standard deviation of the columns; [`Augmentation`] makes changed
//! copies, whose columns turn and scale by their [`ColumnKind`]. `isopach_survey::patches` writes
//! files. docs/algorithms/patches.md has all definitions.

mod augmentation;
mod colours;
mod column;
mod cut;
mod error;
mod grid;
mod key;
mod order;
mod patch;
mod patches;
pub mod reference;
mod rows;
mod sample;
mod statistics;

pub use augmentation::{Augmentation, Change};
pub use colours::ColourBits;
pub use column::{Attribute, Column, ColumnKind, ColumnSource};
pub use cut::{PatchCounts, PatchTile, PatchTiles};
pub use error::PatchError;
pub use patch::Patch;
pub use patches::{Normalisation, Patches, Sample, ZeroHeight};
pub use statistics::{ColumnStatistics, Moments, Statistics};

/// The program of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
