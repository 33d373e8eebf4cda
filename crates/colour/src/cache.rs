//! Blocks of images in memory, within a budget of bytes.

use crate::ColourError;
use isopach_compute::Result;
use isopach_raster::ImageBlock;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

/// Number of an image in its catalogue, level, and column and row of the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockKey {
    /// Number of the image.
    pub image: u32,
    /// Level: 0 is the image itself.
    pub level: u32,
    /// Column and row of blocks.
    pub block: [usize; 2],
}

/// Counts of a [`BlockCache`], since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheCounters {
    /// Requests for blocks that were held, or that another thread was reading.
    pub hits: u64,
    /// Those of the hits that waited for another thread.
    pub waits: u64,
    /// Requests that read the block.
    pub misses: u64,
    /// Blocks that made room for others.
    pub evictions: u64,
    /// Bytes that were read from the sources, as stored.
    pub stored_bytes: u64,
    /// Bytes of those blocks in memory.
    pub decoded_bytes: u64,
    /// Bytes held now, with those that are reserved for blocks being read.
    pub held_bytes: u64,
    /// Most bytes held at once.
    pub most_held_bytes: u64,
}

/// Blocks of images, the least recently used of which make room for others.
///
/// All threads share it and its budget. A block that several threads want at once is read by one of
/// them. Room for a block is reserved before it is read, so that the held bytes never exceed the
/// budget; a block that is in use elsewhere when it makes room lives on until that use ends.
#[derive(Debug)]
pub struct BlockCache {
    budget: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    slots: HashMap<BlockKey, Slot>,
    /// Blocks that are held, by the time of their last use.
    by_use: BTreeMap<u64, BlockKey>,
    time: u64,
    counters: CacheCounters,
}

#[derive(Debug)]
enum Slot {
    /// A thread reads it.
    Reading,
    Held {
        block: Arc<ImageBlock>,
        used: u64,
    },
}

impl BlockCache {
    /// A cache that holds so many bytes at most.
    #[must_use]
    pub fn new(budget: u64) -> Self {
        Self {
            budget,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// The budget, bytes.
    #[must_use]
    pub fn budget(&self) -> u64 {
        self.budget
    }

    /// The counts so far.
    #[must_use]
    pub fn counters(&self) -> CacheCounters {
        self.lock().counters
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let waited = self.changed.wait(state);
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    /// The block of a key: held, or read by `read`, which may take `most_bytes` in memory. `image`
    /// is named in errors.
    ///
    /// # Errors
    /// Those of `read`, which the next request for the block calls again;
    /// [`ColourError::BlockLargerThanCache`].
    pub fn block(
        &self,
        key: BlockKey,
        most_bytes: u64,
        image: &str,
        read: impl FnOnce() -> Result<ImageBlock>,
    ) -> Result<Arc<ImageBlock>> {
        if most_bytes > self.budget {
            return Err(ColourError::BlockLargerThanCache {
                image: image.to_owned(),
                bytes: most_bytes,
                budget: self.budget,
            }
            .into());
        }
        if let Some(block) = self.held_or_reserved(key, most_bytes) {
            return Ok(block);
        }
        let mut reading = Reading {
            cache: self,
            key,
            reserved: most_bytes,
            read: None,
        };
        let block = Arc::new(read()?);
        reading.read = Some(block.clone());
        drop(reading);
        Ok(block)
    }

    /// The block if it is held, or once another thread has read it. `None` after room was reserved
    /// for this thread to read it.
    fn held_or_reserved(&self, key: BlockKey, most_bytes: u64) -> Option<Arc<ImageBlock>> {
        let mut state = self.lock();
        let mut has_waited = false;
        loop {
            match state.slots.get(&key) {
                Some(Slot::Held { .. }) => {
                    state.counters.hits += 1;
                    state.counters.waits += u64::from(has_waited);
                    return state.touch(key);
                }
                Some(Slot::Reading) => has_waited = true,
                None => {
                    if state.make_room(most_bytes, self.budget) {
                        state.counters.misses += 1;
                        state.slots.insert(key, Slot::Reading);
                        return None;
                    }
                    // Others are being read into all of the room: they end.
                }
            }
            state = self.wait(state);
        }
    }
}

impl State {
    /// Notes the use of a held block, and returns it.
    fn touch(&mut self, key: BlockKey) -> Option<Arc<ImageBlock>> {
        self.time += 1;
        let Some(Slot::Held { block, used }) = self.slots.get_mut(&key) else {
            return None;
        };
        self.by_use.remove(used);
        self.by_use.insert(self.time, key);
        *used = self.time;
        Some(block.clone())
    }

    /// Reserves so many bytes, if need be in place of blocks that were used least recently; false
    /// if that is not enough.
    fn make_room(&mut self, bytes: u64, budget: u64) -> bool {
        while self.counters.held_bytes + bytes > budget {
            let Some((_, key)) = self.by_use.pop_first() else {
                return false;
            };
            if let Some(Slot::Held { block, .. }) = self.slots.remove(&key) {
                self.counters.held_bytes -= block.held_bytes();
                self.counters.evictions += 1;
            }
        }
        self.counters.held_bytes += bytes;
        self.counters.most_held_bytes = self.counters.most_held_bytes.max(self.counters.held_bytes);
        true
    }
}

/// A block that is being read: held when this is dropped, or free to be read again after an error.
struct Reading<'a> {
    cache: &'a BlockCache,
    key: BlockKey,
    reserved: u64,
    read: Option<Arc<ImageBlock>>,
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        let mut state = self.cache.lock();
        state.counters.held_bytes -= self.reserved;
        state.slots.remove(&self.key);
        if let Some(block) = self.read.take() {
            let bytes = block.held_bytes();
            state.counters.stored_bytes += block.stored_bytes();
            state.counters.decoded_bytes += bytes;
            // A source may give more than it said: then the block is not held.
            if state.counters.held_bytes + bytes <= self.cache.budget {
                state.counters.held_bytes += bytes;
                state.time += 1;
                let used = state.time;
                state.by_use.insert(used, self.key);
                state.slots.insert(self.key, Slot::Held { block, used });
            }
        }
        drop(state);
        self.cache.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isopach_compute::Error;
    use isopach_raster::BlockSamples;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn key(column: usize) -> BlockKey {
        BlockKey {
            image: 0,
            level: 0,
            block: [column, 0],
        }
    }

    /// Ten bytes.
    fn block(value: u8) -> Result<ImageBlock> {
        ImageBlock::new([10, 1], 1, BlockSamples::U8(vec![value; 10]), None, 4)
    }

    #[test]
    fn the_least_recently_used_block_makes_room() {
        let cache = BlockCache::new(30);
        let get = |column: usize| cache.block(key(column), 10, "a", || block(column as u8));
        for column in [0, 1, 2, 0, 3, 0, 1] {
            assert_eq!(get(column).unwrap().samples().value_at(3), column as f64);
        }
        // 1 made room for 3, and 2 for 1.
        let counters = cache.counters();
        let expected = CacheCounters {
            hits: 2,
            waits: 0,
            misses: 5,
            evictions: 2,
            stored_bytes: 20,
            decoded_bytes: 50,
            held_bytes: 30,
            most_held_bytes: 30,
        };
        assert_eq!(counters, expected);
    }

    #[test]
    fn an_error_is_not_kept() {
        let cache = BlockCache::new(10);
        let fails = || Err(Error::Busy("away".into()));
        assert!(cache.block(key(0), 10, "a", fails).is_err());
        assert!(cache.block(key(0), 10, "a", || block(1)).is_ok());
        let counters = cache.counters();
        assert_eq!((counters.misses, counters.held_bytes), (2, 10));
        let error = cache.block(key(1), 11, "a.tif", || block(1)).unwrap_err();
        let cause = error.find_cause::<ColourError>().unwrap();
        assert!(matches!(
            cause,
            ColourError::BlockLargerThanCache {
                bytes: 11,
                budget: 10,
                ..
            }
        ));
    }

    #[test]
    fn a_block_is_read_once_for_all_threads_and_the_budget_is_kept() {
        let cache = BlockCache::new(40);
        let reads: Vec<AtomicUsize> = (0..4).map(|_| AtomicUsize::new(0)).collect();
        let ask = |column: usize| {
            let read = || {
                reads[column].fetch_add(1, Ordering::Relaxed);
                std::thread::yield_now();
                block(column as u8)
            };
            let found = cache.block(key(column), 10, "a", read).unwrap();
            assert_eq!(found.samples().value_at(0), column as f64);
        };
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..400).for_each(|i| ask(i % 4)));
            }
        });
        assert!(reads.iter().all(|reads| reads.load(Ordering::Relaxed) == 1));
        let counters = cache.counters();
        assert_eq!((counters.misses, counters.hits), (4, 3196));
        // With room for two at a time, eight threads still end, within the budget.
        let small = BlockCache::new(20);
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let small = &small;
                scope.spawn(move || {
                    for i in 0..300 {
                        let column = (i * 7 + thread) % 5;
                        let read = || block(column as u8);
                        let found = small.block(key(column), 10, "a", read).unwrap();
                        assert_eq!(found.samples().value_at(0), column as f64);
                    }
                });
            }
        });
        let counters = small.counters();
        assert_eq!(counters.hits + counters.misses, 2400);
        assert_eq!(counters.most_held_bytes, 20);
    }
}
