//! Values of an image at places: capability [`Gather`].
//!
//! ```
//! use isopach_raster::{Cpu, gather::{Gather, Gathering, ImageView, Pixels}};
//! // Two pixels of one band, side by side: their centres are at x = 0.5 and 1.5.
//! let image = ImageView::new(2, 1, 1, Pixels::U8(&[10, 30]))?;
//! let held = Cpu.hold_image(image)?;
//! let values = held.gather(&[[0.5, 0.5], [1.25, 0.5], [7.0, 0.5]], Gathering::default())?;
//! assert_eq!((values[[0, 0]], values[[1, 0]]), (10.0, 25.0));
//! assert!(values[[2, 0]].is_nan()); // outside
//! # Ok::<(), isopach_raster::Error>(())
//! ```
//!
//! # Places
//!
//! A place is `[x, y]` in pixels from the upper left *corner* of the image, x along columns and y
//! down rows. The centre of the first pixel is (0.5, 0.5), and the pixel in column c and row r
//! covers c ≤ x < c + 1, r ≤ y < r + 1 (pixel-area convention, that of COLMAP). The last pixels own
//! the outer edges.
//!
//! # Definitions
//!
//! [`mod@reference`] is the definition in plain loops, in `f64` for [`HeldImage::gather`] and in
//! whole numbers for [`HeldImage::remap`]. [`Gathering`] states what happens at edges and at masked
//! pixels.

pub mod conformance;
mod cpu;
mod gathering;
mod image;
mod place_map;
pub mod reference;
pub mod remap;
mod taps;
mod values;

pub use conformance::conformance;
pub use gathering::{Edges, Gathering, Masked};
pub use half::f16;
pub use image::{ImageView, Pixels};
pub use place_map::{PlaceMap, check_remap, cubic_weights_table};
pub use taps::Footprint;

use isopach_compute::{Compute, Result};
use ndarray::Array2;

/// Capability: values of images at places.
pub trait Gather: Compute {
    /// Holds an image, so that many places can be looked up: a device uploads it once, and dropping
    /// the held image frees its memory.
    ///
    /// # Errors
    /// [`isopach_compute::Error::Unsupported`] for an image that the backend cannot hold: its type,
    /// or its size. [`isopach_compute::Error::OutOfMemory`] beyond its budget.
    fn hold_image<'a>(&'a self, image: ImageView<'a>) -> Result<Box<dyn HeldImage + 'a>>;
}

/// An image that a backend holds.
pub trait HeldImage: Send + Sync {
    /// Values at places, `[place, band]`, in the unit of the pixels. NaN where there is no value:
    /// see [`Gathering`]. A place that is not a finite number has none.
    ///
    /// The CPU gives the bits of [`reference::gather`].
    ///
    /// # Errors
    /// [`isopach_compute::Error::Unsupported`] for a request that the backend lacks, or a failure of
    /// its device.
    fn gather(&self, places: &[[f64; 2]], how: Gathering) -> Result<Array2<f64>>;

    /// Writes the values at the places of a map to a picture of 8 bits, `[row][column][band]`. Places
    /// without a value become 0 in all bands. Every backend gives the bits of [`reference::remap`].
    ///
    /// # Errors
    /// [`isopach_compute::Error::Unsupported`] for images that are not of 8 bits or have a mask,
    /// for which a picture of 8 bits has no value to state where there is none.
    /// [`isopach_compute::Error::InvalidInput`] if the map is of an image of another size;
    /// [`isopach_compute::Error::LengthMismatch`] if `to` is not columns · rows · bands long.
    fn remap(&self, map: &PlaceMap, to: &mut [u8]) -> Result<()>;
}
