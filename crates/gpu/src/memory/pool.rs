//! Buffers that are used again, within a budget of bytes.
//!
//! Sizes are rounded up to a class, four to each power of two, so that at most a fifth of a buffer
//! is unused and one tile's buffers fit the next. The counters are moved where the driver is
//! called, nowhere else.

use crate::{BufferReuse, GpuOptions, bindings::Bindings, faults::Faults, residency::Residency};
use isopach_compute::{Error, Result};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What a buffer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Kernels read and write it.
    Storage,
    /// The parameters of one dispatch.
    Uniform,
    /// Results on their way to the processor.
    ReadBack,
    /// Inputs on their way to the device.
    Staging,
}

impl Role {
    fn usage(self) -> wgpu::BufferUsages {
        use wgpu::BufferUsages as Usage;
        match self {
            Self::Storage => Usage::STORAGE | Usage::COPY_SRC | Usage::COPY_DST,
            Self::Uniform => Usage::UNIFORM | Usage::COPY_DST,
            Self::ReadBack => Usage::MAP_READ | Usage::COPY_DST,
            Self::Staging => Usage::MAP_WRITE | Usage::COPY_SRC,
        }
    }
}

/// What the pool did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolCounts {
    /// Buffers that were there already.
    pub hits: u64,
    /// Buffers that had to be allocated.
    pub misses: u64,
    /// Lists of buffers for a kernel that were there already.
    pub bindings_hits: u64,
    /// Such lists that had to be made.
    pub bindings_misses: u64,
    /// Buffers that were refused: over the budget, or larger than the device allows.
    pub refusals: u64,
    /// Bytes in buffers that somebody holds.
    pub held_bytes: u64,
    /// Bytes in buffers that wait for somebody.
    pub idle_bytes: u64,
    /// The most bytes, held and idle, that there ever were.
    pub most_bytes: u64,
}

/// A buffer as the device knows it, and its number among all that the pool ever allocated.
#[derive(Clone, Debug)]
struct Raw {
    buffer: wgpu::Buffer,
    number: u64,
}

#[derive(Debug, Default)]
struct State {
    idle: BTreeMap<(Role, u64), Vec<Raw>>,
    /// Buffers that were ever allocated.
    made: u64,
    counts: PoolCounts,
}

/// The buffers of one life of a device.
#[derive(Debug)]
pub(crate) struct Pool {
    device: wgpu::Device,
    faults: Arc<Faults>,
    budget: u64,
    largest_buffer: u64,
    largest_binding: u64,
    reuse: BufferReuse,
    /// What is given up before anything is refused.
    residency: Arc<Residency>,
    /// What is given up when a buffer is freed.
    bindings: Arc<Bindings>,
    state: Mutex<State>,
}

/// A buffer, given back to its pool when the last copy of this is dropped. Commands that were
/// submitted before that still see it: the queue does one thing after another.
#[derive(Clone, Debug)]
pub(crate) struct Buffer(Arc<Held>);

#[derive(Debug)]
struct Held {
    raw: Raw,
    role: Role,
    bytes: u64,
    class: u64,
    pool: Arc<Pool>,
    spoilt: std::sync::atomic::AtomicBool,
}

impl Buffer {
    /// The wgpu buffer, which may be longer than what was asked for.
    pub(crate) fn raw(&self) -> &wgpu::Buffer {
        &self.0.raw.buffer
    }

    /// What a kernel is bound to.
    pub(crate) fn binding(&self) -> wgpu::BindingResource<'_> {
        let size = std::num::NonZeroU64::new(self.0.bytes);
        wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer: &self.0.raw.buffer,
            offset: 0,
            size,
        })
    }

    /// Its number: the same again where the pool gives the same buffer again.
    pub(crate) fn number(&self) -> u64 {
        self.0.raw.number
    }

    /// Bytes that a kernel sees of it.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.bytes
    }

    /// Bytes that it takes.
    pub(crate) fn class(&self) -> u64 {
        self.0.class
    }

    /// Whether there is no other copy of it.
    pub(crate) fn is_last(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// It shall not be used again: it may still be mapped.
    pub(crate) fn spoil(&self) {
        self.0
            .spoilt
            .store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let kept = self.pool.reuse == BufferReuse::Keep
            && !self.spoilt.load(std::sync::atomic::Ordering::Relaxed)
            && !self.pool.faults.is_lost();
        let mut state = self.pool.state();
        state.counts.held_bytes -= self.class;
        if kept {
            state.counts.idle_bytes += self.class;
            state
                .idle
                .entry((self.role, self.class))
                .or_default()
                .push(self.raw.clone());
        } else {
            drop(state);
            self.pool.bindings.forget();
        }
    }
}

impl Pool {
    pub(crate) fn new(
        device: &wgpu::Device,
        faults: &Arc<Faults>,
        residency: &Arc<Residency>,
        bindings: &Arc<Bindings>,
        options: &GpuOptions,
    ) -> Self {
        let limits = device.limits();
        Self {
            device: device.clone(),
            faults: Arc::clone(faults),
            budget: options.budget_bytes,
            largest_buffer: whole_words(limits.max_buffer_size),
            largest_binding: whole_words(limits.max_storage_buffer_binding_size),
            reuse: options.reuse,
            residency: Arc::clone(residency),
            bindings: Arc::clone(bindings),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn counts(&self) -> PoolCounts {
        let [bindings_hits, bindings_misses] = self.bindings.counts();
        PoolCounts {
            bindings_hits,
            bindings_misses,
            ..self.state().counts
        }
    }

    /// Bytes that may still be held, points that would be given up for them left out.
    pub(crate) fn free_bytes(&self) -> u64 {
        let evictable = self.residency.evictable_bytes();
        (self.budget + evictable).saturating_sub(self.state().counts.held_bytes)
    }

    pub(crate) fn budget(&self) -> u64 {
        self.budget
    }

    /// Bytes that one buffer of this role may have.
    pub(crate) fn largest(&self, role: Role) -> u64 {
        if role == Role::Storage {
            self.largest_binding.min(self.largest_buffer)
        } else {
            self.largest_buffer
        }
    }

    /// Bytes that a buffer of `bytes` really takes.
    pub(crate) fn class(&self, bytes: u64) -> u64 {
        class_within(bytes, self.largest_buffer)
    }

    /// A buffer of at least `bytes`, whose content is not known.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] over the budget or a limit of the device, before the device hears of
    /// it.
    pub(crate) fn take(
        self: &Arc<Self>,
        what: &'static str,
        role: Role,
        bytes: u64,
    ) -> Result<Buffer> {
        self.faults.check(&self.device)?;
        let bytes = bytes.max(16).next_multiple_of(4);
        let class = self.class(bytes);
        let fits = self.state().counts.held_bytes + class <= self.budget;
        if !fits {
            self.residency.evict();
        }
        let raw = match self.reserve(what, role, bytes, class)? {
            Some(raw) => raw,
            None => self.allocate(what, role, class)?,
        };
        let spoilt = std::sync::atomic::AtomicBool::new(false);
        Ok(Buffer(Arc::new(Held {
            raw,
            role,
            bytes,
            class,
            pool: Arc::clone(self),
            spoilt,
        })))
    }

    /// Counts the bytes as held, and returns a buffer if there is an idle one.
    fn reserve(
        &self,
        what: &'static str,
        role: Role,
        bytes: u64,
        class: u64,
    ) -> Result<Option<Raw>> {
        let mut state = self.state();
        let largest = self.largest(role);
        let refused = if bytes > largest {
            Some((
                largest,
                "the device has no larger buffers: use smaller tiles",
            ))
        } else if state.counts.held_bytes + class > self.budget {
            Some((
                self.budget,
                "raise the budget of the device, or use smaller tiles",
            ))
        } else {
            None
        };
        if let Some((budget, advice)) = refused {
            state.counts.refusals += 1;
            return Err(Error::OutOfMemory {
                what,
                requested: bytes,
                budget,
                advice,
            });
        }
        let idle = state.idle.get_mut(&(role, class)).and_then(Vec::pop);
        state.counts.held_bytes += class;
        if idle.is_some() {
            state.counts.hits += 1;
            state.counts.idle_bytes -= class;
        } else {
            state.counts.misses += 1;
            if state.make_room(self.budget) {
                self.bindings.forget();
            }
        }
        state.counts.most_bytes = state
            .counts
            .most_bytes
            .max(state.counts.held_bytes + state.counts.idle_bytes);
        Ok(idle)
    }

    fn allocate(&self, what: &'static str, role: Role, size: u64) -> Result<Raw> {
        let descriptor = wgpu::BufferDescriptor {
            label: Some(what),
            size,
            usage: role.usage(),
            mapped_at_creation: false,
        };
        let made = self.faults.scoped(&self.device, what, size, || {
            self.device.create_buffer(&descriptor)
        });
        let mut state = self.state();
        if made.is_err() {
            state.counts.held_bytes -= size;
        }
        state.made += 1;
        Ok(Raw {
            buffer: made?,
            number: state.made,
        })
    }
}

impl State {
    /// Frees idle buffers, small ones first, until all fits; whether there were any.
    fn make_room(&mut self, budget: u64) -> bool {
        let before = self.counts.idle_bytes;
        while self.counts.held_bytes + self.counts.idle_bytes > budget {
            let Some(mut entry) = self.idle.first_entry() else {
                break;
            };
            let (_, class) = *entry.key();
            if entry.get_mut().pop().is_some() {
                self.counts.idle_bytes -= class;
            }
            if entry.get().is_empty() {
                entry.remove();
            }
        }
        self.counts.idle_bytes < before
    }
}

/// The smallest class that holds `bytes`: 4, 5, 6 or 7 quarters of a power of two, at least 256.
fn class(bytes: u64) -> u64 {
    if bytes <= 256 {
        return 256;
    }
    let quarter = 1 << (bytes.ilog2() - 2);
    bytes.next_multiple_of(quarter)
}

/// The class of a size, or the largest buffer where that is smaller.
fn class_within(bytes: u64, largest: u64) -> u64 {
    class(bytes).min(largest.max(bytes))
}

/// Buffers are copied and cleared by words of four bytes; a limit may be 2³¹ − 1.
fn whole_words(limit: u64) -> u64 {
    limit & !3
}

#[cfg(test)]
mod tests {
    use super::{class, class_within, whole_words};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_class_holds_its_sizes_and_wastes_at_most_a_fifth(bytes in 256_u64..1 << 40) {
            let class = class(bytes);
            prop_assert!(class >= bytes && (class - bytes) * 5 <= class);
            prop_assert_eq!(super::class(class), class);
            prop_assert_eq!(class % 4, 0);
        }

        #[test]
        fn buffers_are_whole_words_up_to_a_limit_that_is_not(words in 64_u64..=(i32::MAX as u64) / 4) {
            let largest = whole_words(i32::MAX as u64);
            let class = class_within(4 * words, largest);
            prop_assert!(class >= 4 * words && class <= largest);
            prop_assert_eq!(class % 4, 0);
        }
    }
}
