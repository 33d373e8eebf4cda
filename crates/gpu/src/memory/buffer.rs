//! A buffer that goes back to its pool by itself.

use crate::memory::{
    bind_groups::BufferSpan,
    role::Role,
    shelf::{NumberedBuffer, Shelf},
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// A buffer on the device. The last copy of this gives it back to the pool. Commands submitted
/// before that still see it: the queue runs them in order.
#[derive(Clone, Debug)]
pub(crate) struct Buffer(Arc<HeldBuffer>);

#[derive(Debug)]
struct HeldBuffer {
    numbered: NumberedBuffer,
    role: Role,
    bytes: u64,
    class: u64,
    shelf: Arc<Shelf>,
    spoilt: AtomicBool,
}

impl Buffer {
    /// A buffer of `class` bytes, of which `bytes` were asked for. The shelf counts it already.
    pub(crate) fn new(
        numbered: NumberedBuffer,
        role: Role,
        bytes: u64,
        class: u64,
        shelf: Arc<Shelf>,
    ) -> Self {
        Self(Arc::new(HeldBuffer {
            numbered,
            role,
            bytes,
            class,
            shelf,
            spoilt: AtomicBool::new(false),
        }))
    }

    /// The wgpu buffer, which may be longer than [`Self::bytes`].
    pub(crate) fn raw(&self) -> &wgpu::Buffer {
        &self.0.numbered.buffer
    }

    /// The part of it that a kernel is bound to.
    pub(crate) fn binding(&self) -> wgpu::BindingResource<'_> {
        wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer: self.raw(),
            offset: 0,
            size: std::num::NonZeroU64::new(self.0.bytes),
        })
    }

    /// The number and length by which bind groups are cached: the same again where the pool gives
    /// the same buffer again.
    pub(crate) fn span(&self) -> BufferSpan {
        BufferSpan {
            number: self.0.numbered.number,
            bytes: self.0.bytes,
        }
    }

    /// Bytes that it takes of the budget.
    pub(crate) fn class_bytes(&self) -> u64 {
        self.0.class
    }

    /// Whether no other copy of it exists.
    pub(crate) fn is_unique(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// Has it freed instead of reused: it may still be mapped.
    pub(crate) fn mark_spoilt(&self) {
        self.0.spoilt.store(true, Ordering::Relaxed);
    }
}

impl Drop for HeldBuffer {
    fn drop(&mut self) {
        self.shelf.give_back(
            self.role,
            self.class,
            self.numbered.clone(),
            self.spoilt.load(Ordering::Relaxed),
        );
    }
}
