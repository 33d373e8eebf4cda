//! Bind groups, created once for the same kernel and buffers.
//!
//! Tiles are alike, and the pool gives the buffers of one tile to the next: so their bind groups
//! recur. A cached group keeps its buffers from being freed, so the cache is cleared when the pool
//! frees a buffer, and when it is full.

use crate::options::BufferReuse;
use isopach_compute::Result;
use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Groups in the cache, at most.
const CAPACITY: usize = 1 << 10;

/// The part of a buffer that a kernel sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct BufferSpan {
    /// The buffer's number: see [`crate::memory::buffer::Buffer::number`].
    pub(crate) number: u64,
    /// Bytes from its start.
    pub(crate) bytes: u64,
}

/// A layout's name and the buffers bound to it, in order.
pub(crate) type BindGroupKey = (&'static str, Vec<BufferSpan>);

/// The bind groups of one device.
#[derive(Debug)]
pub(crate) struct BindGroupCache {
    reuse: BufferReuse,
    groups: Mutex<HashMap<BindGroupKey, wgpu::BindGroup>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl BindGroupCache {
    pub(crate) fn new(reuse: BufferReuse) -> Self {
        Self {
            reuse,
            groups: Mutex::default(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// Groups that were reused.
    pub(crate) fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    /// Groups that were created.
    pub(crate) fn misses(&self) -> u64 {
        self.misses.load(Ordering::Relaxed)
    }

    /// The group of a key; `create` is called where the cache has none.
    ///
    /// # Errors
    /// Those of `create`.
    pub(crate) fn get_or_create(
        &self,
        key: BindGroupKey,
        create: impl FnOnce() -> Result<wgpu::BindGroup>,
    ) -> Result<wgpu::BindGroup> {
        if let Some(found) = self.lock_groups().get(&key) {
            self.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(found.clone());
        }
        self.misses.fetch_add(1, Ordering::Relaxed);
        let group = create()?;
        if self.reuse == BufferReuse::Keep {
            let mut groups = self.lock_groups();
            if groups.len() >= CAPACITY {
                groups.clear();
            }
            groups.insert(key, group.clone());
        }
        Ok(group)
    }

    /// Drops every group, and with them the buffers that only the cache held.
    pub(crate) fn clear_groups(&self) {
        self.lock_groups().clear();
    }

    fn lock_groups(&self) -> MutexGuard<'_, HashMap<BindGroupKey, wgpu::BindGroup>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
