//! Results on their way back to the CPU.

use crate::{
    device::{
        handle::Device,
        map_state::{MapState, Mapping},
    },
    memory::buffer::Buffer,
};
use bytemuck::Pod;
use isopach_compute::Result;
use std::{marker::PhantomData, sync::Arc};

/// `count` elements that a submission copies into a buffer and maps.
#[derive(Debug)]
pub(crate) struct PendingRead<T> {
    buffer: Buffer,
    count: usize,
    state: MapState,
    element: PhantomData<T>,
}

impl<T> PendingRead<T> {
    /// Records the copy of `bytes` from `source` (bytes from its start) into `buffer`, and its
    /// mapping.
    pub(crate) fn record(
        encoder: &mut wgpu::CommandEncoder,
        source: (&wgpu::Buffer, u64),
        buffer: Buffer,
        count: usize,
    ) -> Self {
        let state = MapState::new();
        let bytes = (count * size_of::<T>()) as u64;
        if bytes > 0 {
            let (from, offset) = source;
            encoder.copy_buffer_to_buffer(from, offset, buffer.raw(), 0, bytes);
            encoder.map_buffer_on_submit(
                buffer.raw(),
                wgpu::MapMode::Read,
                0..bytes,
                state.callback(),
            );
        }
        Self {
            buffer,
            count,
            state,
            element: PhantomData,
        }
    }
}

impl<T> Drop for PendingRead<T> {
    fn drop(&mut self) {
        match self.state.load() {
            Mapping::Mapped => self.buffer.raw().unmap(),
            Mapping::Pending | Mapping::Failed if self.count > 0 => self.buffer.mark_spoilt(),
            Mapping::Pending | Mapping::Failed => {}
        }
    }
}

/// A submission that is done: its results can be read.
#[derive(Debug)]
pub(crate) struct Completed {
    pub(crate) device: Arc<Device>,
}

impl Completed {
    /// Copies the elements out.
    ///
    /// # Errors
    /// [`isopach_compute::Error::DeviceLost`]; [`isopach_compute::Error::DeviceFault`] if the
    /// mapping failed.
    pub(crate) fn copy_out<T: Pod>(&self, pending: PendingRead<T>) -> Result<Vec<T>> {
        self.with_mapping(&pending, |bytes| {
            let mut elements = vec![T::zeroed(); pending.count];
            bytemuck::cast_slice_mut(&mut elements).copy_from_slice(bytes);
            elements
        })
    }

    /// Passes the elements to `read`, without a copy.
    ///
    /// # Errors
    /// As [`Self::copy_out`].
    pub(crate) fn view<T: Pod, R>(
        &self,
        pending: PendingRead<T>,
        read: impl FnOnce(&[T]) -> R,
    ) -> Result<R> {
        self.with_mapping(&pending, |bytes| match bytemuck::try_cast_slice(bytes) {
            Ok(elements) => read(elements),
            Err(_) => read(&bytemuck::pod_collect_to_vec(bytes)), // a mapping that is not aligned
        })
    }

    fn with_mapping<T: Pod, R>(
        &self,
        pending: &PendingRead<T>,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R> {
        if pending.count == 0 {
            return Ok(read(&[]));
        }
        self.device.check_health()?;
        self.device.wait_mapping(&pending.state)?;
        let bytes = (pending.count * size_of::<T>()) as u64;
        let view = pending
            .buffer
            .raw()
            .slice(0..bytes)
            .get_mapped_range()
            .map_err(|error| self.device.driver_error(error))?;
        Ok(read(&view))
    }
}
