//! Buffers that are reused, within a budget of bytes.
//!
//! Counts change where the driver is called, nowhere else. A request over the budget is refused
//! before the driver hears of it; before that, the pool asks for buffers that their holder can do
//! without ([`Evict`]).

use crate::{
    device::handle::Device,
    memory::{
        bind_groups::BindGroupCache,
        buffer::Buffer,
        counts::PoolCounts,
        evict::Evict,
        role::Role,
        shelf::{NumberedBuffer, Request, Shelf},
        size_class::{class_within, whole_words},
        texture::{self, Reserved, Texture},
    },
    options::GpuOptions,
};
use isopach_compute::Result;
use std::sync::Arc;

/// The buffers of one device.
#[derive(Debug)]
pub(crate) struct Pool {
    device: Arc<Device>,
    budget_bytes: u64,
    largest_buffer: u64,
    largest_binding: u64,
    /// Asked for buffers before a request is refused.
    evictable: Arc<dyn Evict>,
    shelf: Arc<Shelf>,
}

impl Pool {
    pub(crate) fn new(
        device: &Arc<Device>,
        evictable: Arc<dyn Evict>,
        bind_groups: &Arc<BindGroupCache>,
        options: &GpuOptions,
    ) -> Self {
        let limits = device.raw.limits();
        let shelf = Shelf::new(
            options.reuse,
            Arc::clone(&device.faults),
            Arc::clone(bind_groups),
        );
        Self {
            device: Arc::clone(device),
            budget_bytes: options.budget_bytes,
            largest_buffer: whole_words(limits.max_buffer_size),
            largest_binding: whole_words(limits.max_storage_buffer_binding_size),
            evictable,
            shelf: Arc::new(shelf),
        }
    }

    pub(crate) fn counts(&self) -> PoolCounts {
        self.shelf.counts()
    }

    /// Bytes that may still be allocated, evictable ones among them.
    pub(crate) fn free_bytes(&self) -> u64 {
        let evictable = self.evictable.evictable_bytes();
        let held = self.shelf.lock_state().counts.held_bytes;
        (self.budget_bytes + evictable).saturating_sub(held)
    }

    pub(crate) fn budget_bytes(&self) -> u64 {
        self.budget_bytes
    }

    /// Workgroups in one dimension of a dispatch, at most.
    pub(crate) fn max_workgroups(&self) -> u32 {
        self.device.max_workgroups
    }

    /// Bytes of the largest buffer of this role.
    pub(crate) fn largest_bytes(&self, role: Role) -> u64 {
        match role {
            Role::Storage => self.largest_binding.min(self.largest_buffer),
            Role::Uniform | Role::ReadBack | Role::Staging => self.largest_buffer,
        }
    }

    /// Bytes that a buffer of `bytes` takes of the budget.
    pub(crate) fn class_bytes(&self, bytes: u64) -> u64 {
        class_within(bytes, self.largest_buffer)
    }

    /// A buffer of at least `bytes`, of unknown content.
    ///
    /// # Errors
    /// [`isopach_compute::Error::OutOfMemory`] over the budget or a limit of the device;
    /// [`isopach_compute::Error::DeviceLost`].
    pub(crate) fn allocate(&self, what: &'static str, role: Role, bytes: u64) -> Result<Buffer> {
        self.device.check_health()?;
        let bytes = bytes.max(16).next_multiple_of(4);
        let class = self.class_bytes(bytes);
        let held = self.shelf.lock_state().counts.held_bytes;
        if held + class > self.budget_bytes {
            self.evictable.evict();
        }
        let request = Request {
            what,
            role,
            bytes,
            class,
            largest: self.largest_bytes(role),
        };
        let numbered = match self.shelf.reserve(request, self.budget_bytes)? {
            Some(idle) => idle,
            None => self.create_buffer(what, role, class)?,
        };
        let shelf = Arc::clone(&self.shelf);
        Ok(Buffer::new(numbered, role, bytes, class, shelf))
    }

    /// A texture of unknown content, for images of up to four bands of 8 bits.
    ///
    /// # Errors
    /// As [`Self::allocate`].
    pub(crate) fn allocate_texture(
        &self,
        what: &'static str,
        [columns, rows]: [u32; 2],
        bands: usize,
    ) -> Result<Texture> {
        self.device.check_health()?;
        let texel_bytes = texture::texel_bytes(bands);
        let bytes = u64::from(columns) * u64::from(rows) * u64::from(texel_bytes);
        if self.shelf.lock_state().counts.held_bytes + bytes > self.budget_bytes {
            self.evictable.evict();
        }
        let request = Request {
            what,
            role: Role::Storage,
            bytes,
            class: bytes,
            largest: self.budget_bytes,
        };
        self.shelf.reserve_apart(request, self.budget_bytes)?;
        let reserved = Reserved::new(bytes, Arc::clone(&self.shelf));
        let descriptor = texture::describe(what, [columns, rows], bands);
        let raw = self
            .device
            .with_error_scope(what, bytes, || self.device.raw.create_texture(&descriptor))?;
        Ok(Texture::new(raw, texel_bytes, reserved))
    }

    /// Has the driver allocate a buffer whose bytes are counted as held already.
    fn create_buffer(&self, what: &'static str, role: Role, size: u64) -> Result<NumberedBuffer> {
        let descriptor = wgpu::BufferDescriptor {
            label: Some(what),
            size,
            usage: role.usage(),
            mapped_at_creation: false,
        };
        let created = self
            .device
            .with_error_scope(what, size, || self.device.raw.create_buffer(&descriptor));
        let mut state = self.shelf.lock_state();
        if created.is_err() {
            state.counts.held_bytes -= size;
        }
        Ok(NumberedBuffer {
            number: state.next_number(),
            buffer: created?,
        })
    }
}
