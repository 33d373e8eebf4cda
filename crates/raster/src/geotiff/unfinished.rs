//! Blocks of which cells are missing: a bounded number in memory, the others in a file beside.

use super::CELLS;
use isopach_compute::UnfinishedFile;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::PathBuf,
};

/// Bytes of a block in memory.
pub(super) const BLOCK_BYTES: usize = CELLS * size_of::<f32>();

/// Blocks in memory at most, if nothing else is said: 24 MiB.
pub(super) const MOST: usize = 96;

/// Level and number of a block.
pub(super) type Key = (usize, usize);

/// A block, and how much of it is missing.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) cells: Vec<f32>,
    pub(super) missing: usize,
    used: u64,
}

/// Blocks that are being put together.
#[derive(Debug)]
pub(super) struct Unfinished {
    here: BTreeMap<Key, Block>,
    /// Blocks in memory at most.
    most: usize,
    /// Slot in the file, and number of missing cells.
    there: BTreeMap<Key, (u64, usize)>,
    /// Prefix of the file's name.
    beside: PathBuf,
    /// Removed when dropped, after it is closed.
    file: Option<(File, UnfinishedFile)>,
    free: Vec<u64>,
    slots: u64,
    clock: u64,
}

impl Unfinished {
    /// Creates an empty store of at most `most` blocks in memory; `beside` is the prefix of its
    /// overflow file.
    pub(super) fn beside(beside: PathBuf, most: usize) -> Self {
        let here = BTreeMap::new();
        let there = BTreeMap::new();
        Self {
            here,
            most,
            there,
            beside,
            file: None,
            free: Vec::new(),
            slots: 0,
            clock: 0,
        }
    }

    /// A block, begun with `missing` if it was not.
    pub(super) fn block_mut(
        &mut self,
        key: Key,
        missing: impl FnOnce() -> usize,
    ) -> io::Result<&mut Block> {
        self.clock += 1;
        if !self.here.contains_key(&key) {
            if self.here.len() >= self.most {
                self.put_oldest_aside()?;
            }
            let block = match self.there.remove(&key) {
                Some((slot, missing)) => Block {
                    cells: self.read(slot)?,
                    missing,
                    used: 0,
                },
                None => Block {
                    cells: vec![f32::NAN; CELLS],
                    missing: missing(),
                    used: 0,
                },
            };
            self.here.insert(key, block);
        }
        let block = self.here.get_mut(&key).ok_or(io::ErrorKind::NotFound)?;
        block.used = self.clock;
        Ok(block)
    }

    /// Takes a block out if nothing of it is missing.
    pub(super) fn take_complete(&mut self, key: Key) -> Option<Vec<f32>> {
        self.here.get(&key).filter(|block| block.missing == 0)?;
        self.here.remove(&key).map(|block| block.cells)
    }

    /// Removes any block of a level, complete or not.
    pub(super) fn take_any(&mut self, level: usize) -> io::Result<Option<(usize, Vec<f32>)>> {
        let of_level = (level, 0)..(level + 1, 0);
        let first = |key: Option<&Key>| key.copied();
        let here = first(self.here.range(of_level.clone()).next().map(|(key, _)| key));
        let there = first(self.there.range(of_level).next().map(|(key, _)| key));
        let Some(key) = here.into_iter().chain(there).min() else {
            return Ok(None);
        };
        if let Some(block) = self.here.remove(&key) {
            return Ok(Some((key.1, block.cells)));
        }
        match self.there.remove(&key) {
            Some((slot, _)) => Ok(Some((key.1, self.read(slot)?))),
            None => Ok(None),
        }
    }

    /// Puts the blocks that were not used for longest into the file: a quarter of them.
    fn put_oldest_aside(&mut self) -> io::Result<()> {
        let mut ages: Vec<(u64, Key)> = self
            .here
            .iter()
            .map(|(key, block)| (block.used, *key))
            .collect();
        ages.sort_unstable();
        for (_, key) in ages.into_iter().take((self.most / 4).max(1)) {
            if let Some(block) = self.here.remove(&key) {
                let slot = self.write(&block.cells)?;
                self.there.insert(key, (slot, block.missing));
            }
        }
        Ok(())
    }

    /// Writes the cells of a block to a free slot and returns it.
    fn write(&mut self, cells: &[f32]) -> io::Result<u64> {
        let slot = self.free.pop().unwrap_or(self.slots);
        self.slots = self.slots.max(slot + 1);
        let bytes: Vec<u8> = cells.iter().flat_map(|cell| cell.to_le_bytes()).collect();
        self.file_at(slot)?.write_all(&bytes)?;
        Ok(slot)
    }

    /// Reads the cells of a slot, and frees it.
    fn read(&mut self, slot: u64) -> io::Result<Vec<f32>> {
        let mut bytes = vec![0; CELLS * 4];
        self.file_at(slot)?.read_exact(&mut bytes)?;
        self.free.push(slot);
        Ok(bytes
            .as_chunks()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect())
    }

    /// The file, at a slot of it.
    fn file_at(&mut self, slot: u64) -> io::Result<&mut File> {
        if self.file.is_none() {
            let (part, file) = UnfinishedFile::create(&self.beside)?;
            self.file = Some((file, part));
        }
        let (file, _) = self.file.as_mut().ok_or(io::ErrorKind::NotFound)?;
        file.seek(SeekFrom::Start(slot * 4 * CELLS as u64))?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_blocks_than_memory_holds_come_back_from_the_file() {
        for most in [1, 5, MOST] {
            hold_at_most(most);
        }
    }

    fn hold_at_most(most: usize) {
        let dir = tempfile::tempdir().unwrap();
        let files = || std::fs::read_dir(dir.path()).unwrap().count();
        let mut blocks = Unfinished::beside(dir.path().join("blocks"), most);
        for round in 0..3 {
            for number in 0..3 * most {
                let block = blocks.block_mut((0, number), || 3).unwrap();
                block.cells[round] = (number * 10 + round) as f32;
                block.missing -= 1;
            }
            assert!(blocks.here.len() <= most && files() == 1);
        }
        let first = blocks.take_complete((0, 3 * most - 1)).unwrap();
        assert_eq!(first[2], ((3 * most - 1) * 10 + 2) as f32);
        let mut seen = 0;
        while let Some((number, cells)) = blocks.take_any(0).unwrap() {
            assert_eq!(
                cells[..3],
                [0, 1, 2].map(|round| (number * 10 + round) as f32)
            );
            assert!(cells[3].is_nan());
            seen += 1;
        }
        assert_eq!(seen, 3 * most - 1);
        drop(blocks);
        assert_eq!(files(), 0);
    }
}
