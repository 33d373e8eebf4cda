//! Pictures of 8 bits by a map of places.

use super::{OnGpu, held_image::KernelPair};
use crate::{
    memory::batch_plan::BatchPlan,
    record::{
        kernel::{
            Access::{Read, Texture, Write},
            Kernel,
        },
        layout::uniform,
        prelude,
    },
};
use isopach_compute::Result;
use isopach_raster::{
    Sampling,
    gather::{Edges, PlaceMap, check_remap, cubic_weights_table},
};

pub(crate) const PICTURE: Kernel = Kernel::new::<PictureParameters>(
    "pictures by a map",
    "write_picture",
    &[
        prelude::THREADS,
        include_str!("pixels.wgsl"),
        include_str!("weights.wgsl"),
        include_str!("picture.wgsl"),
    ],
    &[Read, Read, Read, Write],
);

pub(crate) const PICTURE_OF_TEXTURE: Kernel = Kernel::new::<PictureParameters>(
    "pictures by a map, of a texture",
    "write_picture",
    &[
        prelude::THREADS,
        include_str!("pixels.wgsl"),
        include_str!("weights.wgsl"),
        include_str!("picture_of_texture.wgsl"),
    ],
    &[Texture, Read, Read, Write],
);

const KERNELS: KernelPair = KernelPair {
    of_buffer: &PICTURE,
    of_texture: &PICTURE_OF_TEXTURE,
};

/// Marks a place without a value.
const NOWHERE: [i32; 2] = [i32::MIN; 2];

uniform! {
    /// `Parameters` of weights.wgsl.
    pub(crate) struct PictureParameters {
        /// Words of the picture: four samples each.
        count: u32,
        /// Samples of the picture.
        samples: u32,
        columns: i32,
        rows: i32,
        bands: u32,
        wraps: u32,
        /// Pixels that contribute along an axis: 1, 2 or 4.
        taps: u32,
        unused: u32,
    }
}

/// Writes the picture of a map, some pixels at a time.
///
/// # Errors
/// Those of [`isopach_raster::gather::HeldImage::remap`] and of the device.
pub(super) fn write_picture(held: &OnGpu<'_>, map: &PlaceMap, to: &mut [u8]) -> Result<()> {
    let image = &held.image;
    check_remap(image, map, to.len())?;
    let recorder = &held.session.recorder;
    let bands = image.bands();
    let pixels = map.columns() * map.rows();
    let cubic = match map.gathering().sampling {
        Sampling::Bicubic => cubic_weights_table(),
        Sampling::Nearest | Sampling::Bilinear => Vec::new(),
    };
    let cubic = recorder.upload("cubic weights", cubic.len(), |i| cubic[i])?;
    let at_once = BatchPlan::new(&recorder.pool)
        .buffer_per_item("places", 8)
        .result_per_item("pixels", bands as u64)
        .max_batch(pixels)?
        .min(recorder.options.queries_at_once);
    // Whole words, whatever the bands.
    let at_once = (at_once & !3).max(4);
    for (first, to) in (0..).step_by(at_once).zip(to.chunks_mut(at_once * bands)) {
        let places = recorder.upload("places", to.len() / bands, |i| {
            map.fixed_place(first + i).unwrap_or(NOWHERE)
        })?;
        let words = to.len().div_ceil(4);
        let picture = recorder.allocate_storage("pixels", 4 * words as u64)?;
        let parameters = PictureParameters {
            count: words as u32,
            samples: to.len() as u32,
            columns: image.columns() as i32,
            rows: image.rows() as i32,
            bands: bands as u32,
            wraps: u32::from(map.gathering().edges == Edges::WrapColumns),
            taps: match map.gathering().sampling {
                Sampling::Nearest => 1,
                Sampling::Bilinear => 2,
                Sampling::Bicubic => 4,
            },
            unused: 0,
        };
        let buffers = [&places, &cubic, &picture];
        let mut commands = recorder.begin_commands();
        held.samples
            .dispatch(&mut commands, &KERNELS, words, &parameters, buffers)?;
        let pending = commands.read_back::<u32>(&picture, 0..words)?;
        commands.submit()?.wait()?.view(pending, |words| {
            for (to, word) in to.chunks_mut(4).zip(words) {
                to.copy_from_slice(&word.to_le_bytes()[..to.len()]);
            }
        })?;
    }
    Ok(())
}
