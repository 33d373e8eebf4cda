//! Values at places.

use super::{OnGpu, held_image::KernelPair, samples::kind_of};
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
use bytemuck::{Pod, Zeroable};
use isopach_compute::Result;
use isopach_raster::gather::{Edges, Footprint, Gathering, Masked, reference};
use rayon::prelude::*;

pub(crate) const VALUES: Kernel = Kernel::new::<ValueParameters>(
    "values at places",
    "gather_values",
    &[
        prelude::THREADS,
        include_str!("pixels.wgsl"),
        include_str!("values_of_buffer.wgsl"),
        include_str!("values.wgsl"),
    ],
    &[Read, Read, Read, Write],
);

pub(crate) const VALUES_OF_TEXTURE: Kernel = Kernel::new::<ValueParameters>(
    "values at places, of a texture",
    "gather_values",
    &[
        prelude::THREADS,
        include_str!("pixels.wgsl"),
        include_str!("values_of_texture.wgsl"),
        include_str!("values.wgsl"),
    ],
    &[Texture, Read, Read, Write],
);

const KERNELS: KernelPair = KernelPair {
    of_buffer: &VALUES,
    of_texture: &VALUES_OF_TEXTURE,
};

/// Marks a value that does not exist.
const NONE: u32 = 0x7fc0_0000;
/// Marks a value that is left to the CPU.
const GIVEN_BACK: u32 = 0x7fc0_0001;

uniform! {
    /// `Parameters` of values.wgsl.
    pub(crate) struct ValueParameters {
        /// Values: places times bands.
        count: u32,
        columns: i32,
        rows: i32,
        bands: u32,
        /// The type of samples.
        kind: u32,
        wraps: u32,
        has_mask: u32,
        renormalised: u32,
    }
}

/// `Place` of values.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct PlaceOnDevice {
    first: [i32; 2],
    /// The pixel that holds the place, by rows.
    holder: u32,
    is_valid: u32,
    across: [f32; 4],
    down: [f32; 4],
}

impl PlaceOnDevice {
    fn new(place: [f64; 2], size: [usize; 2], how: Gathering) -> Self {
        let Some(at) = Footprint::of(place, size, how) else {
            return Self::zeroed();
        };
        let [column, row] = at.holder;
        Self {
            // Sides are below 2³⁰, pixels below 2³².
            first: at.first.map(|at| at as i32),
            holder: (row * size[0] + column) as u32,
            is_valid: 1,
            across: at.weights[0].map(|weight| weight as f32),
            down: at.weights[1].map(|weight| weight as f32),
        }
    }
}

/// The values of all bands at places, place by place.
///
/// # Errors
/// Those of the device.
pub(super) fn gather_values(
    held: &OnGpu<'_>,
    places: &[[f64; 2]],
    how: Gathering,
) -> Result<Vec<f64>> {
    let image = &held.image;
    let bands = image.bands();
    let recorder = &held.session.recorder;
    let mut values = Vec::with_capacity(places.len() * bands);
    if places.is_empty() {
        return Ok(values);
    }
    let at_once = BatchPlan::new(&recorder.pool)
        .buffer_per_item("places", size_of::<PlaceOnDevice>() as u64)
        .result_per_item("values", 4 * bands as u64)
        .max_batch(places.len())?
        .min((recorder.options.queries_at_once / bands).max(1));
    for batch in places.chunks(at_once) {
        let on_device = recorder.upload("places", batch.len(), |i| {
            PlaceOnDevice::new(batch[i], image.size(), how)
        })?;
        let count = batch.len() * bands;
        let found = recorder.allocate_storage("values", 4 * count as u64)?;
        let parameters = ValueParameters {
            count: count as u32,
            columns: image.columns() as i32,
            rows: image.rows() as i32,
            bands: bands as u32,
            kind: kind_of(image.pixels())?,
            wraps: u32::from(how.edges == Edges::WrapColumns),
            has_mask: u32::from(image.mask().is_some()),
            renormalised: u32::from(how.masked == Masked::Renormalised),
        };
        let buffers = [&held.mask, &on_device, &found];
        let mut commands = recorder.begin_commands();
        held.samples
            .dispatch(&mut commands, &KERNELS, count, &parameters, buffers)?;
        let pending = commands.read_back::<u32>(&found, 0..count)?;
        let completed = commands.submit()?.wait()?;
        completed.view(pending, |bits| {
            values.par_extend(bits.par_iter().map(|&bits| decode_value(bits)));
            let start = values.len() - count;
            give_back(held, batch, how, bits, &mut values[start..]);
        })?;
    }
    Ok(values)
}

fn decode_value(bits: u32) -> f64 {
    if bits == NONE {
        f64::NAN
    } else {
        f64::from(f32::from_bits(bits))
    }
}

/// Computes the values that the device left to the CPU, and counts their places.
fn give_back(
    held: &OnGpu<'_>,
    places: &[[f64; 2]],
    how: Gathering,
    bits: &[u32],
    values: &mut [f64],
) {
    let bands = held.image.bands();
    let left: Vec<usize> = bits
        .par_chunks(bands)
        .enumerate()
        .filter(|(_, bits)| bits.contains(&GIVEN_BACK))
        .map(|(place, _)| place)
        .collect();
    held.session.recorder.count_reevaluated(left.len() as u64);
    let defined: Vec<_> = left
        .par_iter()
        .map(|&place| reference::gather(held.image, &places[place..=place], how))
        .collect();
    for (place, defined) in left.into_iter().zip(defined) {
        let span = place * bands..(place + 1) * bands;
        for (value, (bits, defined)) in values[span.clone()]
            .iter_mut()
            .zip(bits[span].iter().zip(defined))
        {
            if *bits == GIVEN_BACK {
                *value = defined;
            }
        }
    }
}
