//! **isopach** finds change between two LiDAR epochs: where, by how much, and with which significance.
//!
//! This crate is a facade: it re-exports the crates of the workspace as modules and sums their
//! capabilities up as one trait, [`Backend`]. It has no logic of its own. For a single algorithm,
//! depend on its crate alone.
//!
//! ```
//! use isopach::{
//!     change::{Epochs, M3c2, Normals},
//!     cloud::Cloud,
//! };
//!
//! // Two planes, the second 25 cm higher.
//! let plane = |z: f64| -> Vec<[f64; 3]> {
//!     (0..400).map(|i| [f64::from(i % 20), f64::from(i / 20), z]).collect()
//! };
//! let before = Cloud::from_points(&plane(100.0))?;
//! let after = Cloud::from_points(&plane(100.25))?;
//! let m3c2 = M3c2 {
//!     normals: Normals::Fixed([0.0, 0.0, 1.0]),
//!     cylinder_radius: 2.5,
//!     projection_depth: 5.0,
//!     ..M3c2::default()
//! };
//! let epochs = Epochs {
//!     reference: before.positions(),
//!     compared: after.positions(),
//!     core_points: before.positions(),
//! };
//! let change = isopach::auto().run(|backend| m3c2.run(backend, epochs))?;
//! assert!(change.distance.iter().all(|d| (d - 0.25).abs() < 1e-5));
//! # Ok::<(), isopach::compute::Error>(())
//! ```
//!
//! [`auto`] picks the best hardware GPU, with the CPU as fallback; [`cpu`] is the CPU alone. Results
//! on the CPU are the same bits for any number of threads and any order of points.
//!
//! | module | contents |
//! |---|---|
//! | [`cloud`] | points in memory: positions about an origin, columns, rectangles, rigid transforms |
//! | [`compute`] | root of all capabilities, the CPU, dispatch between backends, errors |
//! | [`crs`] | coordinate reference systems: well-known text, GeoTIFF keys, EPSG codes |
//! | [`las`] | LAS, LAZ and COPC files as sources and sinks of points |
//! | [`raster`] | cells, GeoTIFF, values of images at places, pictures |
//! | [`polygons`] | polygons from GeoJSON as masks |
//! | [`neighbours`] | k nearest, within a radius, covariances, normals, cylinders |
//! | [`tiling`] | the tile loop: plan, halo, one decode per chunk, order, checkpoints, report |
//! | [`registration`] | ICP and coarse alignment |
//! | [`change`] | M3C2, C2C, DoD, level of detection, volumes |
//! | [`colour`] | colours of points from orthophotos, near infrared, vegetation index |
//! | [`features`] | features of points: shape, normals, roughness, curvature, in several conventions |
//! | [`panorama`] | geometry of 360° panoramas: perspective views, masks, rigs |
//! | [`patches`] | square patches for machine learning: samples, columns, statistics, augmentation |
//! | [`fits`] | FITS images in, cubes out |
//! | [`solar`] | headers of solar images: unit, exposure, place, time, quality |
//! | [`emission`] | differential emission measure of solar images |
//! | [`gpu`] | every capability on a GPU (feature `gpu`, on by default) |
//! | `remote` | files in object stores by ranges (feature `remote`, off by default) |

mod backends;

pub use backends::{auto, cpu};
#[cfg(feature = "gpu")]
pub use backends::{auto_with, on_gpus};
pub use isopach_change as change;
pub use isopach_cloud as cloud;
pub use isopach_colour as colour;
pub use isopach_compute as compute;
pub use isopach_crs as crs;
pub use isopach_emission as emission;
pub use isopach_features as features;
pub use isopach_fits as fits;
#[cfg(feature = "gpu")]
pub use isopach_gpu as gpu;
pub use isopach_las as las;
pub use isopach_neighbours as neighbours;
pub use isopach_panorama as panorama;
pub use isopach_patches as patches;
pub use isopach_polygons as polygons;
pub use isopach_raster as raster;
pub use isopach_registration as registration;
#[cfg(feature = "remote")]
pub use isopach_remote as remote;
pub use isopach_solar as solar;
pub use isopach_tiling as tiling;

use emission::InvertPixels;
use neighbours::NeighbourSearch;
use raster::{Gather, Rasterise};
use registration::Align;

/// The sum of all capabilities: a backend that can run every algorithm of the workspace.
///
/// Every type that implements the five capabilities is a backend. An algorithm asks only for the
/// capability that it needs; `&dyn Backend` upcasts to each of them.
pub trait Backend: NeighbourSearch + Rasterise + Gather + Align + InvertPixels {}

impl<B: NeighbourSearch + Rasterise + Gather + Align + InvertPixels> Backend for B {}

/// The program of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The programs of the page on extensions, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/extending.md")]
struct Extending;
