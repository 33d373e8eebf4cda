//! Blocks of images in memory, within a budget of bytes.

use crate::ColourError;
use isopach_compute::{Error, Result};
use isopach_raster::ImageBlock;
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
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

impl Slot {
    fn is_held(&self) -> bool {
        matches!(self, Self::Held { .. })
    }
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
        mut read: impl FnMut() -> Result<ImageBlock>,
    ) -> Result<Arc<ImageBlock>> {
        let limits = ReadLimits {
            most_bytes,
            at_once: 1,
        };
        let mut found = None;
        let read = |_: &[BlockKey]| Ok(vec![read()?]);
        self.each_block(&[key], limits, image, read, |_, block| {
            found = Some(block.clone());
            Ok(())
        })?;
        found.ok_or_else(|| other_number(image, 0, 1))
    }

    /// Hands each of several blocks over, in any order: those that are held, and those that `read`
    /// reads, several at once. `image` is named in errors.
    ///
    /// A block that another thread reads is waited for after all others have been read, so that
    /// threads that want the same blocks share the work.
    ///
    /// # Errors
    /// Those of `read` and `take`; [`ColourError::BlockLargerThanCache`];
    /// [`ColourError::OtherNumberOfBlocks`].
    pub fn each_block(
        &self,
        keys: &[BlockKey],
        limits: ReadLimits,
        image: &str,
        mut read: impl FnMut(&[BlockKey]) -> Result<Vec<ImageBlock>>,
        mut take: impl FnMut(BlockKey, &Arc<ImageBlock>) -> Result<()>,
    ) -> Result<()> {
        if limits.most_bytes > self.budget {
            return Err(ColourError::BlockLargerThanCache {
                image: image.to_owned(),
                bytes: limits.most_bytes,
                budget: self.budget,
            }
            .into());
        }
        // Those that are held come first: reading others might take their place.
        let mut missing = VecDeque::new();
        for &key in keys {
            match self.held(key) {
                Some(block) => take(key, &block)?,
                None => missing.push_back(Wanted {
                    key,
                    has_waited: false,
                }),
            }
        }
        while !missing.is_empty() {
            match self.next_blocks(&mut missing, limits) {
                Next::Held(key, block) => take(key, &block)?,
                Next::Read(reading) => {
                    let keys: Vec<BlockKey> = reading.iter().map(|reading| reading.key).collect();
                    let blocks = read(&keys)?;
                    if blocks.len() != keys.len() {
                        return Err(other_number(image, blocks.len(), keys.len()));
                    }
                    let blocks: Vec<Arc<ImageBlock>> = blocks.into_iter().map(Arc::new).collect();
                    for (reading, block) in reading.into_iter().zip(&blocks) {
                        reading.hold(block.clone());
                    }
                    for (key, block) in keys.into_iter().zip(blocks) {
                        take(key, &block)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A block that is held now.
    fn held(&self, key: BlockKey) -> Option<Arc<ImageBlock>> {
        let mut state = self.lock();
        let block = state.touch(key)?;
        state.counters.hits += 1;
        Some(block)
    }

    /// One of the missing blocks that is held by now, or some for which room was reserved and which
    /// this thread has to read; they are missing no longer. Waits while others read all of them, or
    /// into all of the room.
    fn next_blocks(&self, missing: &mut VecDeque<Wanted>, limits: ReadLimits) -> Next<'_> {
        let mut state = self.lock();
        let mut reserved: Vec<BlockKey> = Vec::new();
        loop {
            let mut at = 0;
            while let Some(Wanted { key, has_waited }) = missing.get_mut(at) {
                let key = *key;
                let is_held = state.slots.get(&key).map(Slot::is_held);
                match is_held {
                    Some(true) if reserved.is_empty() => {
                        state.counters.hits += 1;
                        state.counters.waits += u64::from(*has_waited);
                        missing.remove(at);
                        if let Some(block) = state.touch(key) {
                            return Next::Held(key, block);
                        }
                    }
                    // Held ones are handed over after those that are read now.
                    Some(true) => at += 1,
                    Some(false) => {
                        *has_waited = true;
                        at += 1;
                    }
                    None if reserved.len() < limits.at_once
                        && state.make_room(limits.most_bytes, self.budget) =>
                    {
                        state.counters.misses += 1;
                        state.slots.insert(key, Slot::Reading);
                        missing.remove(at);
                        reserved.push(key);
                    }
                    // Others are being read into all of the room: they end.
                    None => break,
                }
            }
            if !reserved.is_empty() {
                drop(state);
                return Next::Read(self.reading(reserved, limits));
            }
            state = self.wait(state);
        }
    }

    fn reading(&self, keys: Vec<BlockKey>, limits: ReadLimits) -> Vec<Reading<'_>> {
        let guard = |key| Reading {
            cache: self,
            key,
            reserved: limits.most_bytes,
            read: None,
        };
        keys.into_iter().map(guard).collect()
    }
}

/// How blocks are read into the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// Bytes that a block may take in memory.
    pub most_bytes: u64,
    /// Blocks that are read together, at most.
    pub at_once: usize,
}

/// A block that is not there yet.
struct Wanted {
    key: BlockKey,
    /// Whether another thread was reading it.
    has_waited: bool,
}

/// Next step for the missing blocks.
enum Next<'a> {
    Held(BlockKey, Arc<ImageBlock>),
    Read(Vec<Reading<'a>>),
}

/// The error of a source that gives another number of blocks than it was asked for.
fn other_number(image: &str, found: usize, expected: usize) -> Error {
    ColourError::OtherNumberOfBlocks {
        image: image.to_owned(),
        found,
        expected,
    }
    .into()
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

impl Reading<'_> {
    /// Holds the block that was read.
    fn hold(mut self, block: Arc<ImageBlock>) {
        self.read = Some(block);
    }
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

    #[test]
    fn missing_blocks_are_read_together_and_each_once() {
        let cache = BlockCache::new(60);
        let limits = ReadLimits {
            most_bytes: 10,
            at_once: 3,
        };
        let batches = Mutex::new(Vec::new());
        let read = |keys: &[BlockKey]| {
            let columns: Vec<usize> = keys.iter().map(|key| key.block[0]).collect();
            batches.lock().unwrap().push(columns);
            keys.iter().map(|key| block(key.block[0] as u8)).collect()
        };
        let get = |columns: &[usize]| {
            let keys: Vec<BlockKey> = columns.iter().map(|&column| key(column)).collect();
            let mut found = Vec::new();
            cache
                .each_block(&keys, limits, "a", read, |key, block| {
                    assert_eq!(block.samples().value_at(0), key.block[0] as f64);
                    found.push(key.block[0]);
                    Ok(())
                })
                .unwrap();
            found
        };
        get(&[4]);
        // The held one first, then three, then one.
        assert_eq!(get(&[0, 1, 4, 2, 3]), [4, 0, 1, 2, 3]);
        assert_eq!(
            *batches.lock().unwrap(),
            [vec![4], vec![0, 1, 2], vec![3]],
            "in batches of three"
        );
        assert_eq!((cache.counters().hits, cache.counters().misses), (1, 5));
        // More than there is room for: in steps, and no budget is broken.
        let found = get(&(10..30).collect::<Vec<_>>());
        assert_eq!(found.len(), 20);
        assert_eq!(cache.counters().most_held_bytes, 60);
        // Eight threads that want overlapping blocks at once end, and read none twice.
        let large = BlockCache::new(1000);
        let reads: Vec<AtomicUsize> = (0..40).map(|_| AtomicUsize::new(0)).collect();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let large = &large;
                let reads = &reads;
                scope.spawn(move || {
                    let keys: Vec<BlockKey> = (0..20).map(|i| key((i * 3 + thread) % 40)).collect();
                    let read = |keys: &[BlockKey]| {
                        for key in keys {
                            reads[key.block[0]].fetch_add(1, Ordering::Relaxed);
                        }
                        std::thread::yield_now();
                        keys.iter().map(|key| block(key.block[0] as u8)).collect()
                    };
                    let mut count = 0;
                    let take = |key: BlockKey, block: &Arc<ImageBlock>| {
                        assert_eq!(block.samples().value_at(0), key.block[0] as f64);
                        count += 1;
                        Ok(())
                    };
                    large.each_block(&keys, limits, "a", read, take).unwrap();
                    assert_eq!(count, 20);
                });
            }
        });
        assert!(reads.iter().all(|reads| reads.load(Ordering::Relaxed) <= 1));
        // An error frees what was reserved; another number of blocks is one.
        let few = |_: &[BlockKey]| Ok(vec![block(0)?]);
        let error = cache.each_block(&[key(50), key(51)], limits, "a", few, |_, _| Ok(()));
        let cause = error.unwrap_err().find_cause::<ColourError>().cloned();
        assert!(matches!(
            cause,
            Some(ColourError::OtherNumberOfBlocks {
                found: 1,
                expected: 2,
                ..
            })
        ));
        assert_eq!(get(&[50, 51]), [50, 51]);
    }
}
