//! Inputs on their way to the device.
//!
//! Large inputs go through a ring of up to three staging buffers. They stay allocated and are
//! mapped again as soon as the device has copied out of them, so that the next piece is converted
//! while the last one travels. Values are computed straight into the mapping, by several threads
//! for large pieces. Small inputs go through the queue.

use crate::{
    device::{
        handle::Device,
        map_state::{MapState, Mapping},
    },
    memory::{buffer::Buffer, counts::TransferMeter, pool::Pool, role::Role, texture::Texture},
    options::Upload,
};
use bytemuck::Pod;
use isopach_compute::Result;
use rayon::prelude::*;
use std::{
    collections::VecDeque,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Staging buffers in the ring.
const SLOTS: usize = 3;

/// Bytes of one, unless the budget is small.
const SLOT_BYTES: u64 = 16 << 20;

/// Bytes below which the queue is as fast as the ring.
const SMALL: usize = 64 << 10;

/// Bytes that a thread converts at a time.
const BLOCK: usize = 64 << 10;

/// A staging buffer of the ring.
#[derive(Debug)]
struct Slot {
    buffer: Buffer,
    state: MapState,
    /// The copy out of it, which must be done before it is mapped.
    copy: Option<wgpu::SubmissionIndex>,
}

/// The slots that no thread fills.
#[derive(Debug, Default)]
struct Ring {
    idle: VecDeque<Slot>,
    allocated: usize,
}

/// Where a slot's content goes.
struct Destination<'a> {
    buffer: &'a Buffer,
    /// Bytes from its start.
    offset: u64,
}

/// Uploads to one device.
#[derive(Debug)]
pub(crate) struct Uploader {
    device: Arc<Device>,
    pool: Arc<Pool>,
    transfers: Arc<TransferMeter>,
    upload: Upload,
    ring: Mutex<Ring>,
}

impl Uploader {
    pub(crate) fn new(
        device: &Arc<Device>,
        pool: &Arc<Pool>,
        transfers: &Arc<TransferMeter>,
        upload: Upload,
    ) -> Self {
        Self {
            device: Arc::clone(device),
            pool: Arc::clone(pool),
            transfers: Arc::clone(transfers),
            upload,
            ring: Mutex::default(),
        }
    }

    /// A storage buffer that holds `value(0)`, `value(1)`, …, `value(count - 1)` for whatever is
    /// submitted later.
    ///
    /// # Errors
    /// As [`Pool::allocate`].
    pub(crate) fn upload<T: Pod + Send + Sync>(
        &self,
        what: &'static str,
        count: usize,
        value: impl Fn(usize) -> T + Sync,
    ) -> Result<Buffer> {
        let bytes = (count * size_of::<T>()) as u64;
        let buffer = self.pool.allocate(what, Role::Storage, bytes)?;
        self.upload_into(&buffer, 0, count, value)?;
        Ok(buffer)
    }

    /// Writes `value(0)`, … into a buffer, from element `first` on.
    ///
    /// # Errors
    /// [`isopach_compute::Error::DeviceLost`]; [`isopach_compute::Error::OutOfMemory`] where the
    /// ring does not fit the budget.
    pub(crate) fn upload_into<T: Pod + Send + Sync>(
        &self,
        buffer: &Buffer,
        first: usize,
        count: usize,
        value: impl Fn(usize) -> T + Sync,
    ) -> Result<()> {
        let size = size_of::<T>();
        self.transfers.add_to_device((count * size) as u64);
        let piece = (self.slot_bytes() as usize / size).max(1);
        for start in (0..count).step_by(piece) {
            let range = start..(start + piece).min(count);
            let to = Destination {
                buffer,
                offset: ((first + start) * size) as u64,
            };
            let through_ring = self.upload == Upload::Ring && range.len() * size >= SMALL;
            let slot = if through_ring {
                self.take_slot()?
            } else {
                None
            };
            match slot {
                Some(slot) => self.send_slot(slot, to, range, &value)?,
                None => self.write_through_queue(to, range, &value)?,
            }
        }
        Ok(())
    }

    /// Writes an image of 8 bits into a texture of its size, some rows at a time, through the queue.
    /// Three bands are padded to four.
    ///
    /// # Errors
    /// [`isopach_compute::Error::DeviceLost`], [`isopach_compute::Error::DeviceFault`].
    pub(crate) fn upload_image(
        &self,
        texture: &Texture,
        samples: &[u8],
        bands: usize,
    ) -> Result<()> {
        let size = texture.raw().size();
        let row_bytes = size.width * texture.texel_bytes();
        let rows_at_once = (self.slot_bytes() / u64::from(row_bytes)).max(1) as usize;
        let at_once = rows_at_once * size.width as usize * bands;
        for (first_row, rows) in (0..).step_by(rows_at_once).zip(samples.chunks(at_once)) {
            let padded: Vec<u8> = match bands {
                3 => rows
                    .as_chunks::<3>()
                    .0
                    .iter()
                    .flat_map(|&[red, green, blue]| [red, green, blue, 0])
                    .collect(),
                _ => Vec::new(),
            };
            let texels = if bands == 3 { &padded } else { rows };
            self.write_rows(texture, first_row, row_bytes, texels)?;
        }
        Ok(())
    }

    /// Writes whole rows of a texture and sends them off.
    fn write_rows(
        &self,
        texture: &Texture,
        first_row: u32,
        row_bytes: u32,
        texels: &[u8],
    ) -> Result<()> {
        let bytes = texels.len() as u64;
        self.transfers.add_to_device(bytes);
        let to = wgpu::TexelCopyTextureInfo {
            texture: texture.raw(),
            mip_level: 0,
            origin: wgpu::Origin3d {
                x: 0,
                y: first_row,
                z: 0,
            },
            aspect: wgpu::TextureAspect::All,
        };
        let layout = wgpu::TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some(row_bytes),
            rows_per_image: None,
        };
        let size = wgpu::Extent3d {
            height: (bytes / u64::from(row_bytes)) as u32,
            ..texture.raw().size()
        };
        self.device.with_error_scope("upload", bytes, || {
            let queue = &self.device.queue;
            queue.write_texture(to, texels, layout, size);
            // The queue copies with the next submission, and holds a copy of the rows until then.
            queue.submit([]);
        })
    }

    fn slot_bytes(&self) -> u64 {
        (self.pool.budget_bytes() / 32).clamp(SMALL as u64, SLOT_BYTES) & !255
    }

    fn lock_ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Copies values through the queue, which allocates for each call.
    fn write_through_queue<T: Pod + Send + Sync>(
        &self,
        to: Destination<'_>,
        range: Range<usize>,
        value: &(impl Fn(usize) -> T + Sync),
    ) -> Result<()> {
        let values: Vec<T> = range
            .into_par_iter()
            .with_min_len(BLOCK / size_of::<T>())
            .map(value)
            .collect();
        let bytes: &[u8] = bytemuck::cast_slice(&values);
        self.device
            .with_error_scope("upload", bytes.len() as u64, || {
                self.device
                    .queue
                    .write_buffer(to.buffer.raw(), to.offset, bytes);
            })
    }

    /// A mapped slot; `None` while other threads fill all of them.
    fn take_slot(&self) -> Result<Option<Slot>> {
        let Some(slot) = self.take_unmapped_slot()? else {
            return Ok(None);
        };
        let copied = match &slot.copy {
            Some(submission) if slot.state.load() == Mapping::Pending => {
                self.device.wait_submission(submission)
            }
            _ => Ok(()),
        };
        let mapped = copied.and_then(|()| self.device.wait_mapping(&slot.state));
        if mapped.is_err() {
            slot.buffer.mark_spoilt();
        }
        mapped.map(|()| Some(slot))
    }

    /// A slot that is being mapped: a new one while the ring is not full, else the one that idles
    /// longest.
    fn take_unmapped_slot(&self) -> Result<Option<Slot>> {
        {
            let mut ring = self.lock_ring();
            if ring.allocated == SLOTS {
                return Ok(ring.idle.pop_front());
            }
            ring.allocated += 1;
        }
        let allocated = self
            .pool
            .allocate("the ring of uploads", Role::Staging, self.slot_bytes());
        if allocated.is_err() {
            self.lock_ring().allocated -= 1;
        }
        let slot = Slot {
            buffer: allocated?,
            state: MapState::new(),
            copy: None,
        };
        slot.request_mapping();
        Ok(Some(slot))
    }

    /// Fills a slot, sends it off, and puts it back into the ring.
    fn send_slot<T: Pod + Send + Sync>(
        &self,
        mut slot: Slot,
        to: Destination<'_>,
        range: Range<usize>,
        value: &(impl Fn(usize) -> T + Sync),
    ) -> Result<()> {
        let bytes = (range.len() * size_of::<T>()) as u64;
        let raw = slot.buffer.raw();
        {
            let view = raw.slice(0..bytes).get_mapped_range_mut();
            let mut view = view.map_err(|error| self.device.driver_error(error))?;
            fill_mapping(view.slice(..), range, value);
        }
        raw.unmap();
        slot.state.reset();
        let device = &self.device;
        let submission = device.with_error_scope("upload", bytes, || {
            let mut encoder = device
                .raw
                .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            encoder.copy_buffer_to_buffer(raw, 0, to.buffer.raw(), to.offset, bytes);
            let submission = device.queue.submit([encoder.finish()]);
            slot.request_mapping();
            submission
        })?;
        slot.copy = Some(submission);
        self.lock_ring().idle.push_back(slot);
        Ok(())
    }
}

/// Computes values into a mapping: whole blocks by several threads, the rest by this one.
fn fill_mapping<T: Pod + Send + Sync>(
    mapping: wgpu::WriteOnly<'_, [u8]>,
    range: Range<usize>,
    value: &(impl Fn(usize) -> T + Sync),
) {
    let size = size_of::<T>();
    let per_block = BLOCK / size;
    // Blocks are of a size that elements fill.
    let whole = if BLOCK.is_multiple_of(size) {
        range.len() / per_block
    } else {
        0
    };
    let (blocks, rest) = mapping.split_at(whole * BLOCK);
    let blocks: Vec<wgpu::WriteOnly<'_, [u8; BLOCK]>> =
        blocks.into_chunks::<BLOCK>().0.into_iter().collect();
    blocks.into_par_iter().enumerate().for_each(|(i, block)| {
        let first = range.start + i * per_block;
        fill_block(block.into(), first..first + per_block, value);
    });
    fill_block(rest, range.start + whole * per_block..range.end, value);
}

fn fill_block<T: Pod>(
    mut block: wgpu::WriteOnly<'_, [u8]>,
    range: Range<usize>,
    value: &impl Fn(usize) -> T,
) {
    let values: Vec<T> = range.map(value).collect();
    block.copy_from_slice(bytemuck::cast_slice(&values));
}

impl Slot {
    /// Asks the driver to map it as soon as the device has copied out of it.
    fn request_mapping(&self) {
        self.buffer
            .raw()
            .slice(..)
            .map_async(wgpu::MapMode::Write, self.state.callback());
    }
}

#[cfg(test)]
mod tests {
    use crate::{GpuOptions, Upload, testing};
    use bytemuck::Pod;

    fn check<T: Pod + Send + Sync + PartialEq>(
        gpu: &crate::Gpu,
        count: usize,
        value: impl Fn(usize) -> T + Sync,
    ) {
        let recorder = gpu.session().unwrap().recorder.clone();
        for _ in 0..2 {
            let buffer = recorder.upload("values", count + 3, &value).unwrap();
            recorder
                .upload_into(&buffer, 3, count, |i| value(i + 7))
                .unwrap();
            let mut commands = recorder.begin_commands();
            let pending = commands.read_back::<T>(&buffer, 0..count + 3).unwrap();
            let found = commands
                .submit()
                .unwrap()
                .wait()
                .unwrap()
                .copy_out(pending)
                .unwrap();
            assert!(
                found
                    .iter()
                    .enumerate()
                    .all(|(i, v)| *v == if i < 3 { value(i) } else { value(i + 4) }),
                "{count}"
            );
        }
    }

    #[test]
    fn pieces_arrive_in_their_places() {
        for upload in [Upload::Ring, Upload::Queue] {
            // Slots of 512 KiB.
            let Some(gpu) = testing::open(GpuOptions {
                upload,
                budget_bytes: 16 << 20,
                ..GpuOptions::default()
            }) else {
                return;
            };
            for count in [0, 1, 16_384, 131_073, 700_000] {
                check(&gpu, count, |i| i as u32);
            }
            check(&gpu, 200_001, |i| [i as u32, 1, !(i as u32)]);
            check(&gpu, 100_000, |i| [i as i32; 4]);
        }
    }

    #[test]
    fn threads_share_the_ring() {
        let Some(gpu) = testing::open(GpuOptions {
            budget_bytes: 64 << 20,
            ..GpuOptions::default()
        }) else {
            return;
        };
        std::thread::scope(|scope| {
            for thread in 0..4_u32 {
                let gpu = &gpu;
                scope.spawn(move || {
                    (0..3).for_each(|_| check(gpu, 300_000, |i| i as u32 ^ (thread << 28)))
                });
            }
        });
    }
}
