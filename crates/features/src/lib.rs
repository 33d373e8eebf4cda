//! Features of points of a LiDAR cloud: numbers about the neighbourhood of each point, for
//! classification and learning.
//!
//! ```
//! use isopach_features::{Cloud, Convention, Cpu, Feature, Features, Neighbourhood, NormalSide, Wanted};
//!
//! // A power line above level ground.
//! let ground = (0..900).map(|i| [f64::from(i % 30) * 0.5, f64::from(i / 30) * 0.5, 100.0]);
//! let line = (0..75).map(|i| [f64::from(i) * 0.2, 7.0, 112.0]);
//! let points: Vec<[f64; 3]> = ground.chain(line).collect();
//! let cloud = Cloud::from_points(&points)?;
//! let features = Features {
//!     neighbourhood: Neighbourhood::Radius(2.0),
//!     wanted: Wanted::of(&[Feature::Linearity, Feature::Planarity]),
//!     convention: Convention::ISOPACH,
//!     normals: NormalSide::Up,
//! };
//! let found = features.run(&Cpu, cloud.positions())?;
//! let linearity = found.values(Feature::Linearity).expect("a wanted feature");
//! assert!(linearity[465] < 0.1 && linearity[930] > 0.99);
//! # Ok::<(), isopach_features::Error>(())
//! ```
//!
//! # Choosing features
//!
//! [`Wanted`] is a list of [`Feature`]s or of sets: `minimal`, `lod2`, `geometry`, `lod3`, `full`.
//! [`Neighbourhood`] is the set of points that features are computed from: a radius, several radii,
//! the k nearest, or for each point the best of several. [`Convention`] says whose formulas stand
//! behind the names: tools differ, and the results say which they follow.
//!
//! ```
//! use isopach_features::{Convention, Neighbourhood, Wanted};
//! let wanted: Wanted = "geometry,roughness".parse()?;
//! let scales = Neighbourhood::Radii(vec![0.5, 1.0, 2.0]); // three sets of columns
//! let formulas = Convention::named("jakteristics");
//! assert!(wanted.features().len() == 15 && scales.reach() == 2.0 && formulas.is_some());
//! # Ok::<(), isopach_features::UnknownFeature>(())
//! ```
//!
//! # Missing values
//!
//! A neighbourhood of fewer points than the convention asks for has no features: they are NaN, and
//! counted in [`Gaps`]. A normal, and values computed from it, are NaN where the points lie on a
//! line.
//!
//! # Storage
//!
//! [`PointFeatures::store`] brings columns to two bytes a number, and normals to four bytes, for
//! data sets; `.npy` has such numbers, LAZ has not. [`encode_half`] and [`encode_normal`] are one
//! number and one normal of it.
//!
//! # Height above ground
//!
//! [`HeightAboveGround`] is the height of points above ground points: the nearest, several weighted
//! by distance, or their triangulation. [`TerrainModel`] is a raster of ground heights instead.
//!
//! # Ground
//!
//! [`GroundFilter`] (morphological) and [`ClothFilter`] (cloth simulation) find the ground points of
//! a survey that has no classes.
//!
//! # Outliers
//!
//! [`OutlierFilter`] finds points far from all others: by their mean distance to the nearest, in a
//! radius, in voxels.
//!
//! # Any size
//!
//! `FeatureTiles`, `HeightTiles` and `GroundTiles` (feature `tiling`, on by default) are operations of the tile loop of
//! `isopach-tiling`: a survey of any size, with the same bits for any tiles.
//!
//! Feature `serde` (off by default) makes parameters and results serialisable.

mod columns;
mod convention;
mod feature;
mod ground;
mod height;
mod neighbourhood;
mod orientation;
mod outliers;
mod quadric;
pub mod reference;
mod rounded;
mod run;
mod shape;
mod site;
mod storage;
mod table;
#[cfg(feature = "tiling")]
mod tile;
mod wanted;

pub use convention::{Basis, Convention, Divisor, Entropy, QuadricAxis, Verticality};
pub use feature::{ColumnKind, Feature};
pub use ground::{
    ClothFilter, ClothTerrain, GroundFilter, GroundMask, LowestCells, class_after_filter,
};
#[cfg(feature = "tiling")]
pub use ground::{GroundTile, GroundTiles, LowestSink, LowestTiles};
pub use height::{GroundHeights, GroundSurface, HeightAboveGround, TerrainModel};
#[cfg(feature = "tiling")]
pub use height::{GroundSource, HeightTile, HeightTiles};
pub use isopach_cloud::{Cloud, Positions};
pub use isopach_compute::{Cpu, Error, Result};
pub use isopach_neighbours::NeighbourSearch;
pub use neighbourhood::Neighbourhood;
pub use orientation::{NormalSide, OrientationError, PathFeatures, Trajectory, TreeFeatures};
#[cfg(feature = "tiling")]
pub use orientation::{PathTile, PathTiles};
#[cfg(feature = "tiling")]
pub use outliers::{AfterOutliers, DistanceTiles, OutlierTile};
pub use outliers::{
    DistanceSums, OutlierConvention, OutlierFilter, OutlierMask, OutlierRule, StatisticalFilter,
};
pub use run::Features;
pub use storage::{
    NO_NORMAL, Storage, StoredColumn, StoredFeatures, StoredNumbers, decode_half, decode_normal,
    encode_half, encode_normal,
};
pub use table::{FeatureColumn, Gaps, PointFeatures};
#[cfg(feature = "tiling")]
pub use tile::{FeatureTile, FeatureTiles};
pub use wanted::{UnknownFeature, Wanted};

/// The program of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
