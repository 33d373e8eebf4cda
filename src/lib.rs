//! **isopach**: what changed between two LiDAR epochs, where, by how much, and is it significant.
//!
//! This crate is a facade: it names the parts and adds up their capabilities to one [`Backend`].
//! There is no logic here. Someone who wants a single algorithm depends on its crate alone.
//!
//! | module | what it has |
//! |---|---|
//! | [`crs`] | coordinate systems: well-known text, GeoTIFF keys, EPSG codes |
//! | [`cloud`] | points in memory: positions about an origin, columns, rectangles, rigid transforms |
//! | [`compute`] | the root of all capabilities, the CPU, the choice between backends, errors |
//! | [`fits`] | FITS images in, cubes out |
//! | [`gpu`] | every capability on a graphics processor (feature `gpu`, on by default) |
//! | [`las`] | LAS and LAZ files as sources and sinks of points |
//! | [`raster`] | cells, GeoTIFF, pictures |
//! | [`polygons`] | polygons from GeoJSON as masks: which zone has a point |
//! | [`neighbours`] | k nearest, within a radius, covariances, cylinders |
//! | [`tiling`] | the tile loop: plan, halo, decode once, order, report |
//! | `remote` | files in object stores by ranges (feature `remote`, off by default) |
//! | [`registration`] | ICP and coarse alignment |
//! | [`change`] | M3C2, C2C, DoD, level of detection, volumes |
//! | [`solar`] | what the header of a solar image says, and whether images belong together |
//! | [`emission`] | differential emission measure of solar images; knows no points |
//!
//! ```
//! use isopach::{change::{Epochs, M3c2, Normals}, cloud::Cloud};
//!
//! // Two planes, the second 25 cm higher.
//! let plane = |z: f64| (0..400).map(|i| [f64::from(i % 20), f64::from(i / 20), z]).collect::<Vec<_>>();
//! let (before, after) = (Cloud::from_points(&plane(100.0))?, Cloud::from_points(&plane(100.25))?);
//! let m3c2 = M3c2 { normals: Normals::Fixed([0.0, 0.0, 1.0]), cylinder_radius: 2.5, projection_depth: 5.0, ..M3c2::default() };
//! let epochs = Epochs { reference: before.positions(), compared: after.positions(), core_points: before.positions() };
//! let change = isopach::auto().run(|on| m3c2.run(on, epochs))?;
//! assert!(change.distance.iter().all(|d| (d - 0.25).abs() < 1e-5));
//! # Ok::<(), isopach::compute::Error>(())
//! ```

mod backends;

pub use backends::{auto, cpu};
#[cfg(feature = "gpu")]
pub use backends::{auto_with, on_gpus};
pub use isopach_change as change;
pub use isopach_cloud as cloud;
pub use isopach_compute as compute;
pub use isopach_crs as crs;
pub use isopach_emission as emission;
pub use isopach_fits as fits;
#[cfg(feature = "gpu")]
pub use isopach_gpu as gpu;
pub use isopach_las as las;
pub use isopach_neighbours as neighbours;
pub use isopach_polygons as polygons;
pub use isopach_raster as raster;
pub use isopach_registration as registration;
#[cfg(feature = "remote")]
pub use isopach_remote as remote;
pub use isopach_solar as solar;
pub use isopach_tiling as tiling;

use emission::InvertPixels;
use neighbours::NeighbourSearch;
use raster::Rasterise;
use registration::Align;

/// Everything isopach can do: the trait that makes backends swappable. Whatever has all the
/// capabilities is one.
///
/// An algorithm asks for the capability that it needs, not for this; `&dyn Backend` upcasts to each
/// of them.
pub trait Backend: NeighbourSearch + Rasterise + Align + InvertPixels {}

impl<B: NeighbourSearch + Rasterise + Align + InvertPixels> Backend for B {}
