//! [`Gather`] on the device: values of images at places, pictures of 8 bits.
//!
//! The image is a storage buffer of words, or a texture if the options ask for it
//! ([`ImageStorage`]), uploaded once when it is held (`held_image`). The CPU computes, in
//! `f64`, which pixels contribute to a place and by which weights ([`Footprint`]), so that a value
//! exists where the CPU has one, and places are as exact at 32,768 columns as at the first; the
//! device reads the samples and adds up (`values`). Pictures are whole numbers throughout, with the
//! definition's bits (`picture`).
//!
//! [`Footprint`]: isopach_raster::gather::Footprint
//! [`ImageStorage`]: crate::ImageStorage

mod held_image;
mod picture;
mod samples;
mod values;

use crate::{
    gpu::Gpu,
    memory::buffer::Buffer,
    record::kernel::{Access, Kernel},
    session::Session,
};
use held_image::Samples;
use isopach_compute::{Error, Result};
use isopach_raster::gather::{Gather, Gathering, HeldImage, ImageView, PlaceMap};
use ndarray::Array2;
use std::sync::Arc;

pub(crate) const KERNELS: &[&Kernel] = &[
    &values::VALUES,
    &values::VALUES_OF_TEXTURE,
    &picture::PICTURE,
    &picture::PICTURE_OF_TEXTURE,
];

/// Whether a kernel reads a texture: [`ImageStorage::Textures`].
pub(crate) fn is_of_texture(kernel: &Kernel) -> bool {
    kernel.buffers.contains(&Access::Texture)
}

/// Every type, sampling and mask. The device declines ([`Error::Unsupported`]) images of 2³² samples
/// or more, with an infinite sample, or whose largest is beyond 2¹⁰⁰ or below 2⁻¹⁰⁰ and not zero: in
/// single precision their values are not within the tolerance; and
/// ([`isopach_compute::Error::OutOfMemory`]) images larger than its budget or than a kernel can see
/// of a buffer. Cubic values with a masked pixel among theirs are given back to the CPU and counted.
impl Gather for Gpu {
    fn hold_image<'a>(&'a self, image: ImageView<'a>) -> Result<Box<dyn HeldImage + 'a>> {
        samples::check_samples(&image)?;
        let session = self.session()?;
        let recorder = &session.recorder;
        let samples = Samples::upload(recorder, &image)?;
        let mask = image.mask().unwrap_or_default();
        let mask = recorder.upload("mask", mask.len().div_ceil(4), |i| {
            samples::word_of_bytes(mask, i)
        })?;
        Ok(Box::new(OnGpu {
            gpu: self,
            session,
            image,
            samples,
            mask,
        }))
    }
}

/// An image on the device.
struct OnGpu<'a> {
    gpu: &'a Gpu,
    session: Arc<Session>,
    image: ImageView<'a>,
    samples: Samples,
    /// A byte a pixel, four a word; empty without a mask.
    mask: Buffer,
}

impl HeldImage for OnGpu<'_> {
    fn gather(&self, places: &[[f64; 2]], how: Gathering) -> Result<Array2<f64>> {
        self.gpu.options().minimum_work.check_points(places.len())?;
        let values = values::gather_values(self, places, how)?;
        let shape = [places.len(), self.image.bands()];
        Array2::from_shape_vec(shape, values).map_err(Error::source)
    }

    fn remap(&self, map: &PlaceMap, to: &mut [u8]) -> Result<()> {
        picture::write_picture(self, map, to)
    }
}
