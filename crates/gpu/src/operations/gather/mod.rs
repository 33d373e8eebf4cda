//! Capability [`Gather`]: values of an image at places.

use crate::gpu::Gpu;
use isopach_compute::{Error, Result};
use isopach_raster::gather::{Gather, HeldImage, ImageView};

impl Gather for Gpu {
    fn hold_image<'a>(&'a self, _: ImageView<'a>) -> Result<Box<dyn HeldImage + 'a>> {
        Err(Error::Unsupported {
            operation: "hold an image",
        })
    }
}
