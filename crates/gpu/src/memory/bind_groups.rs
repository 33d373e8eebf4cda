//! Which buffers a kernel sees, made once for the same kernel and buffers.
//!
//! Tiles are alike, and the pool gives the buffers of one to the next: so do their bindings come
//! again. They keep their buffers from being freed, so they go when the pool frees one, and when
//! there are too many.

use crate::{BufferReuse, pool::Buffer, session::Session};
use isopach_compute::Result;
use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Bindings that are kept, at most.
const MOST: usize = 1 << 10;

/// A kernel's name, or that of all parameters, and its buffers by number with the bytes of each
/// that it sees.
type Key = (&'static str, Vec<[u64; 2]>);

/// The bindings of one life of a device.
#[derive(Debug)]
pub(crate) struct Bindings {
    reuse: BufferReuse,
    made: Mutex<HashMap<Key, wgpu::BindGroup>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Bindings {
    pub(crate) fn new(reuse: BufferReuse) -> Self {
        Self {
            reuse,
            made: Mutex::default(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    fn made(&self) -> MutexGuard<'_, HashMap<Key, wgpu::BindGroup>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bindings that were there already, and those that had to be made.
    pub(crate) fn counts(&self) -> [u64; 2] {
        [&self.hits, &self.misses].map(|count| count.load(Ordering::Relaxed))
    }

    /// Buffers at the bindings of a layout, from `first` on.
    ///
    /// # Errors
    /// [`isopach_compute::Error::DeviceFault`] where they are not what the layout says.
    pub(crate) fn of(
        &self,
        session: &Session,
        (name, layout): (&'static str, &wgpu::BindGroupLayout),
        first: u32,
        buffers: &[&Buffer],
    ) -> Result<wgpu::BindGroup> {
        let key: Key = (
            name,
            buffers
                .iter()
                .map(|buffer| [buffer.number(), buffer.bytes()])
                .collect(),
        );
        if let Some(found) = self.made().get(&key) {
            self.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(found.clone());
        }
        self.misses.fetch_add(1, Ordering::Relaxed);
        let device = &session.device;
        let group = session.faults.scoped(device, name, 0, || {
            let entries: Vec<_> = (first..)
                .zip(buffers)
                .map(|(binding, buffer)| wgpu::BindGroupEntry {
                    binding,
                    resource: buffer.binding(),
                })
                .collect();
            device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some(name),
                layout,
                entries: &entries,
            })
        })?;
        if self.reuse == BufferReuse::Keep {
            let mut made = self.made();
            if made.len() >= MOST {
                made.clear();
            }
            made.insert(key, group.clone());
        }
        Ok(group)
    }

    /// Gives all up, and with them the buffers that nobody else has.
    pub(crate) fn forget(&self) {
        self.made().clear();
    }
}
