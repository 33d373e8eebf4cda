//! Large inputs on their way to the device.
//!
//! Up to three buffers stay allocated and are mapped again as soon as the device has copied out of
//! them, so that converting the next piece goes on while the last one travels. Values are computed
//! straight into the mapping, by several threads where there are many.

use crate::{
    Upload,
    pool::{Buffer, Role},
    session::Session,
    work::{FAILED, MAPPED, WAITING},
};
use bytemuck::Pod;
use isopach_compute::Result;
use rayon::prelude::*;
use std::{
    collections::VecDeque,
    ops::Range,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
};

/// Buffers in the ring.
const SLOTS: usize = 3;

/// Bytes of one, where the budget is not small.
const SLOT_BYTES: u64 = 16 << 20;

/// Bytes below which the queue's own way is as good.
const SMALL: usize = 64 << 10;

/// Bytes that a thread fills at a time.
const BLOCK: usize = 64 << 10;

/// A buffer of the ring.
#[derive(Debug)]
struct Slot {
    buffer: Buffer,
    state: Arc<AtomicU8>,
    /// What has to be done before it can be mapped.
    after: Option<wgpu::SubmissionIndex>,
}

/// The buffers that nobody is filling.
#[derive(Debug, Default)]
pub(crate) struct Ring {
    idle: VecDeque<Slot>,
    made: usize,
}

impl Session {
    /// A buffer that holds `value(0)`, `value(1)`, …, `value(count - 1)`. What is submitted later
    /// sees it.
    ///
    /// # Errors
    /// As [`Session::storage`].
    pub(crate) fn upload<T: Pod + Send + Sync>(
        &self,
        what: &'static str,
        count: usize,
        value: impl Fn(usize) -> T + Sync,
    ) -> Result<Buffer> {
        let buffer = self.storage(what, (count * size_of::<T>()) as u64)?;
        self.upload_into(&buffer, 0, count, value)?;
        Ok(buffer)
    }

    /// Writes `value(0)`, … into a buffer, from element `first` on.
    ///
    /// # Errors
    /// [`isopach_compute::Error::DeviceLost`], [`isopach_compute::Error::OutOfMemory`] where the
    /// ring does not fit.
    pub(crate) fn upload_into<T: Pod + Send + Sync>(
        &self,
        buffer: &Buffer,
        first: usize,
        count: usize,
        value: impl Fn(usize) -> T + Sync,
    ) -> Result<()> {
        let size = size_of::<T>();
        self.travelled[0].fetch_add((count * size) as u64, Ordering::Relaxed);
        let piece = (self.slot_bytes() as usize / size).max(1);
        for start in (0..count).step_by(piece) {
            let range = start..(start + piece).min(count);
            let to = ((first + start) * size) as u64;
            let ring = self.options.upload == Upload::Ring && range.len() * size >= SMALL;
            match if ring { self.slot()? } else { None } {
                Some(slot) => self.through(slot, buffer, to, range, &value)?,
                None => {
                    let values: Vec<T> = range
                        .into_par_iter()
                        .with_min_len(BLOCK / size)
                        .map(&value)
                        .collect();
                    let bytes = bytemuck::cast_slice(&values);
                    self.faults
                        .scoped(&self.device, "upload", bytes.len() as u64, || {
                            self.queue.write_buffer(buffer.raw(), to, bytes);
                        })?;
                }
            }
        }
        Ok(())
    }

    fn slot_bytes(&self) -> u64 {
        (self.pool.budget() / 32).clamp(SMALL as u64, SLOT_BYTES) & !255
    }

    /// A mapped buffer; `None` where others fill all of them.
    fn slot(&self) -> Result<Option<Slot>> {
        let slot = {
            let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
            if ring.made < SLOTS {
                ring.made += 1;
                None
            } else {
                let Some(slot) = ring.idle.pop_front() else {
                    return Ok(None);
                };
                Some(slot)
            }
        };
        let slot = match slot {
            Some(slot) => slot,
            None => {
                let made = self
                    .pool
                    .take("the ring of uploads", Role::Staging, self.slot_bytes());
                if made.is_err() {
                    self.ring
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .made -= 1;
                }
                let slot = Slot {
                    buffer: made?,
                    state: Arc::new(AtomicU8::new(WAITING)),
                    after: None,
                };
                slot.map();
                slot
            }
        };
        let waited = match &slot.after {
            Some(submission) if slot.state.load(Ordering::SeqCst) == WAITING => {
                self.wait(submission)
            }
            _ => Ok(()),
        };
        let mapped = waited.and_then(|()| self.mapped(&slot.state));
        if mapped.is_err() {
            slot.buffer.spoil();
        }
        mapped.map(|()| Some(slot))
    }

    /// Fills the slot, sends it off, and puts it back into the ring.
    fn through<T: Pod + Send + Sync>(
        &self,
        mut slot: Slot,
        buffer: &Buffer,
        to: u64,
        range: Range<usize>,
        value: &(impl Fn(usize) -> T + Sync),
    ) -> Result<()> {
        let bytes = (range.len() * size_of::<T>()) as u64;
        let raw = slot.buffer.raw();
        {
            let view = raw.slice(0..bytes).get_mapped_range_mut();
            let mut view = view.map_err(|error| self.faults.fault(&self.device, error))?;
            let size = size_of::<T>();
            let per_block = BLOCK / size;
            let fill = |first: usize, count: usize, mut block: wgpu::WriteOnly<'_, [u8]>| {
                let values: Vec<T> = (first..first + count).map(value).collect();
                block.copy_from_slice(bytemuck::cast_slice(&values));
            };
            // Blocks of a size that elements fill; what is left over, by this thread.
            let whole = if BLOCK.is_multiple_of(size) {
                range.len() / per_block
            } else {
                0
            };
            let (blocks, rest) = view.slice(..).split_at(whole * BLOCK);
            let blocks: Vec<wgpu::WriteOnly<'_, [u8; BLOCK]>> =
                blocks.into_chunks::<BLOCK>().0.into_iter().collect();
            blocks.into_par_iter().enumerate().for_each(|(i, block)| {
                fill(range.start + i * per_block, per_block, block.into());
            });
            let done = whole * per_block;
            fill(range.start + done, range.len() - done, rest);
        }
        raw.unmap();
        slot.state.store(WAITING, Ordering::SeqCst);
        let submission = self.faults.scoped(&self.device, "upload", bytes, || {
            let mut encoder = self
                .device
                .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            encoder.copy_buffer_to_buffer(raw, 0, buffer.raw(), to, bytes);
            let submission = self.queue.submit([encoder.finish()]);
            slot.map();
            submission
        })?;
        slot.after = Some(submission);
        self.ring
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .idle
            .push_back(slot);
        Ok(())
    }
}

impl Slot {
    /// Asks for it to be mapped as soon as the device has done with it.
    fn map(&self) {
        let state = Arc::clone(&self.state);
        self.buffer
            .raw()
            .slice(..)
            .map_async(wgpu::MapMode::Write, move |outcome| {
                state.store(
                    if outcome.is_ok() { MAPPED } else { FAILED },
                    Ordering::SeqCst,
                );
            });
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
        let session = gpu.session().unwrap();
        for _ in 0..2 {
            let buffer = session.upload("values", count + 3, &value).unwrap();
            session
                .upload_into(&buffer, 3, count, |i| value(i + 7))
                .unwrap();
            let mut work = session.work();
            let reading = work.read::<T>(&buffer, 0..count + 3).unwrap();
            let found = work
                .submit()
                .unwrap()
                .wait()
                .unwrap()
                .take(reading)
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
