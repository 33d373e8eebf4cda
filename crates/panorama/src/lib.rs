//! Geometry of equirectangular panoramas: perspective views of them, sets of views, masks and rigs.
//!
//! A panorama ([`Equirectangular`]) has a pixel for every direction. A [`View`] is a perspective
//! picture of it: angles and a [`Lens`]. A [`Camera`] is a checked view: it knows the ray of every
//! pixel and the pixel of every ray. A [`Rig`] is several cameras in one place: it says which of
//! them a direction belongs to, and describes them to COLMAP.
//!
//! ```
//! use isopach_panorama::{Equirectangular, Lens, Rig, colmap_views};
//!
//! let panorama = Equirectangular::new(1024, 512)?;
//! let lens = Lens::of_panorama(panorama, 90_f64.to_radians())?;
//! let rig = Rig::new(&colmap_views(lens))?;
//! assert_eq!(rig.cameras().len(), 12);
//! // A direction straight ahead belongs to the fifth camera: yaw 0 of the ring at pitch 0.
//! assert_eq!(rig.owner_of([0.0, 0.0, 1.0]), Some(4));
//! # Ok::<(), isopach_compute::Error>(())
//! ```
//!
//! # Conventions
//!
//! Those of COLMAP: +Z ahead, +X right, +Y down. A direction has the longitude θ = atan2(X, Z) and
//! the latitude φ = −atan2(Y, √(X² + Z²)); its place is x = (θ/2π + ½)·W, y = (½ − φ/π)·H in pixels
//! from the upper left corner, so that the centre of the first pixel is at (½, ½). Angles are in
//! radians. The vertical field of view follows from square pixels: tan(v/2) = tan(h/2)·H/W.
//!
//! Everything is computed in `f64`. At 32,768 columns the rounding error of a place is below 10⁻⁹
//! pixel.

mod camera;
mod equirectangular;
mod error;
mod mask;
mod rig;
mod rotation;
mod sets;
mod view;

pub use camera::Camera;
pub use equirectangular::Equirectangular;
pub use error::PanoramaError;
pub use rig::{ColmapRig, Rig};
pub use rotation::Rotation;
pub use sets::{colmap_views, cube_views, ring_views};
pub use view::{Lens, MOST_PIXELS_A_SIDE, View};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeRuns;
