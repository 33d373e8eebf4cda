//! The samples of an image on the device, and kernels that read them.

use super::samples::{word_count, word_of};
use crate::{
    memory::{buffer::Buffer, texture::Texture},
    options::ImageStorage,
    record::{commands::Commands, kernel::Kernel, layout::Uniform, recorder::Recorder},
};
use isopach_compute::Result;
use isopach_raster::gather::{ImageView, Pixels};

/// The samples of an image.
pub(super) enum Samples {
    /// Words: see [`super::samples`].
    Buffer(Buffer),
    /// Of 8 bits, a texel a pixel.
    Texture(Texture),
}

/// A kernel in two versions.
pub(super) struct KernelPair {
    pub(super) of_buffer: &'static Kernel,
    pub(super) of_texture: &'static Kernel,
}

impl Samples {
    /// Uploads an image as the options ask, or as a buffer where no texture has its type, bands or
    /// size.
    ///
    /// # Errors
    /// As [`Recorder::allocate_storage`].
    pub(super) fn upload(recorder: &Recorder, image: &ImageView<'_>) -> Result<Self> {
        if let (ImageStorage::Textures, Pixels::U8(samples), 1..=4) =
            (recorder.options.images, image.pixels(), image.bands())
        {
            let texture = recorder.upload_texture("image", image.size(), image.bands(), samples)?;
            if let Some(texture) = texture {
                return Ok(Self::Texture(texture));
            }
        }
        let words = word_count(image);
        let buffer = recorder.upload("image", words, |i| word_of(image.pixels(), i))?;
        Ok(Self::Buffer(buffer))
    }

    /// Runs the version of a kernel that reads these samples, with `buffers` after them.
    ///
    /// # Errors
    /// Those of [`Commands::dispatch`].
    pub(super) fn dispatch<P: Uniform>(
        &self,
        commands: &mut Commands,
        kernels: &KernelPair,
        threads: usize,
        parameters: &P,
        [first, second, third]: [&Buffer; 3],
    ) -> Result<()> {
        match self {
            Self::Buffer(samples) => {
                let buffers = [samples, first, second, third];
                commands.dispatch(kernels.of_buffer, threads, parameters, &buffers)
            }
            Self::Texture(samples) => {
                let buffers = [first, second, third];
                commands.dispatch_on_texture(
                    kernels.of_texture,
                    threads,
                    parameters,
                    samples,
                    &buffers,
                )
            }
        }
    }
}
