//! Sorted records on disk, run by run, and all of them merged.

use super::order::{Place, compare_records};
use crate::error::LasProblem;
use isopach_compute::UnfinishedFile;
use rayon::prelude::*;
use std::{
    cmp::Ordering,
    collections::BinaryHeap,
    fs::File,
    io::{BufWriter, Read, Seek, SeekFrom, Write},
    ops::Range,
    path::{Path, PathBuf},
};

/// Runs that are merged at once: each is read through a buffer of its own.
const TOGETHER: usize = 64;

/// Bytes of records that one thread puts together at a time.
const BLOCK: usize = 1 << 18;

/// Bytes of a reader's buffer at least.
const LEAST_BUFFER: usize = 1 << 12;

/// A file of runs beside another one; removed when dropped.
#[derive(Debug)]
pub(super) struct Runs {
    beside: PathBuf,
    /// Number of the file of runs: merging in several passes alternates between two.
    number: u32,
    open: Option<Open>,
    /// Offset of each run in the file, with its checksum.
    runs: Vec<Run>,
    end: u64,
}

/// The file, closed before it is removed.
#[derive(Debug)]
struct Open {
    file: File,
    _removed_when_dropped: UnfinishedFile,
}

#[derive(Clone, Debug)]
struct Run {
    bytes: Range<u64>,
    sum: u32,
}

impl Runs {
    /// Beside `path`; made when it is first needed.
    pub(super) fn beside_file(path: &Path) -> Self {
        Self::numbered_path(path, 0)
    }

    /// The file of runs with this number, beside `path`.
    fn numbered_path(path: &Path, number: u32) -> Self {
        Self {
            beside: path.to_owned(),
            number,
            open: None,
            runs: Vec::new(),
            end: 0,
        }
    }

    /// Whether no run has been written.
    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Appends a run of the records at `places`, in this order. The next ones are put together while
    /// some are written.
    pub(super) fn add_run(
        &mut self,
        records: &[u8],
        width: usize,
        places: &[Place],
    ) -> Result<(), LasProblem> {
        let mut run = self.begin_run()?;
        let of_block = (BLOCK / width).max(1);
        let put_together = |places: &[Place]| -> Vec<Block> {
            let blocks = places.par_chunks(of_block);
            blocks
                .map(|places| Block::new(records, width, places))
                .collect()
        };
        let mut rest = places.chunks(of_block * rayon::current_num_threads().max(1));
        let mut blocks = rest.next().map(put_together);
        while let Some(ready) = blocks {
            let following = rest.next();
            let (written, next) = rayon::join(
                || ready.iter().try_for_each(|block| run.push_block(block)),
                || following.map(put_together),
            );
            written?;
            blocks = next;
        }
        self.end_run(run)
    }

    /// Starts a run at the end of the file.
    fn begin_run(&mut self) -> Result<Writing, LasProblem> {
        let open = match self.open.take() {
            Some(open) => open,
            None => {
                let (part, file) = UnfinishedFile::create(&self.next_place()?)?;
                Open {
                    file,
                    _removed_when_dropped: part,
                }
            }
        };
        let mut file = self.open.insert(open).file.try_clone()?;
        file.seek(SeekFrom::Start(self.end))?;
        Ok(Writing {
            to: BufWriter::with_capacity(1 << 18, file),
            sum: crc32fast::Hasher::new(),
            bytes: 0,
        })
    }

    /// Completes a run with its checksum.
    fn end_run(&mut self, mut run: Writing) -> Result<(), LasProblem> {
        run.to.flush()?;
        let end = self.end + run.bytes;
        self.runs.push(Run {
            bytes: self.end..end,
            sum: run.sum.finalize(),
        });
        self.end = end;
        Ok(())
    }

    /// Its name would be this, if it ever were complete.
    fn next_place(&self) -> Result<PathBuf, LasProblem> {
        Ok(UnfinishedFile::beside(
            &self.beside,
            &format!("runs{}", self.number),
        )?)
    }

    /// Gives all records in order to `take`, with `memory` bytes for the buffers of readers. Many
    /// runs are merged to fewer, longer ones first.
    pub(super) fn merge_runs(
        &mut self,
        width: usize,
        memory: usize,
        mut take: impl FnMut(&[u8]) -> Result<(), LasProblem>,
    ) -> Result<(), LasProblem> {
        let buffer = LEAST_BUFFER.max(width);
        let together = (memory / buffer).clamp(2, TOGETHER);
        while self.runs.len() > together {
            let mut longer = Self::numbered_path(&self.beside, self.number + 1);
            for runs in self.runs.chunks(together) {
                let mut run = longer.begin_run()?;
                self.merge_some(runs, width, memory, |record| run.push_record(record))?;
                longer.end_run(run)?;
            }
            *self = longer; // drops, and so removes, the shorter ones
        }
        self.merge_some(&self.runs, width, memory, &mut take)
    }

    /// Merges some runs, passing each record to `take` in order.
    fn merge_some(
        &self,
        runs: &[Run],
        width: usize,
        memory: usize,
        mut take: impl FnMut(&[u8]) -> Result<(), LasProblem>,
    ) -> Result<(), LasProblem> {
        let Some(Open { file, .. }) = &self.open else {
            return Ok(());
        };
        let records = (memory / runs.len().max(1) / width).clamp(1, (1 << 22) / width + 1);
        let mut readers: Vec<Reader<'_>> = runs
            .iter()
            .map(|run| Reader::new(file, run, width, records))
            .collect();
        let mut heads = BinaryHeap::with_capacity(readers.len());
        for (run, reader) in readers.iter_mut().enumerate() {
            heads.extend(reader.next()?.map(|record| Head { record, run }));
        }
        while let Some(mut head) = heads.peek_mut() {
            take(&head.record)?;
            let Head { record, run } = &mut *head;
            if !readers[*run].next_into(record)? {
                std::collections::binary_heap::PeekMut::pop(head);
            }
        }
        Ok(())
    }
}

/// Some records of a run, one behind the other, with their checksum.
struct Block {
    bytes: Vec<u8>,
    sum: crc32fast::Hasher,
}

impl Block {
    fn new(records: &[u8], width: usize, places: &[Place]) -> Self {
        let mut bytes = Vec::with_capacity(places.len() * width);
        for place in places {
            bytes.extend_from_slice(place.record_in(records, width));
        }
        let mut sum = crc32fast::Hasher::new();
        sum.update(&bytes);
        Self { bytes, sum }
    }
}

/// A run that is being written.
struct Writing {
    to: BufWriter<File>,
    sum: crc32fast::Hasher,
    bytes: u64,
}

impl Writing {
    /// Appends some records to the run.
    fn push_block(&mut self, block: &Block) -> Result<(), LasProblem> {
        self.to.write_all(&block.bytes)?;
        self.sum.combine(&block.sum);
        self.bytes += block.bytes.len() as u64;
        Ok(())
    }

    /// Appends a record to the run.
    fn push_record(&mut self, record: &[u8]) -> Result<(), LasProblem> {
        self.to.write_all(record)?;
        self.sum.update(record);
        self.bytes += record.len() as u64;
        Ok(())
    }
}

/// The first record that a run still has. The least one is on top of a heap.
struct Head {
    record: Vec<u8>,
    run: usize,
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_records(&other.record, &self.record).then(other.run.cmp(&self.run))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Head {}

/// Reads a run from its beginning to its end, some records at a time.
struct Reader<'a> {
    file: &'a File,
    rest: Range<u64>,
    sum: crc32fast::Hasher,
    expected: u32,
    width: usize,
    buffer: Vec<u8>,
    /// Offset of the next record in the buffer.
    at: usize,
    /// Bytes of the buffer when it is full.
    most: usize,
}

impl<'a> Reader<'a> {
    fn new(file: &'a File, run: &Run, width: usize, records: usize) -> Self {
        let sum = crc32fast::Hasher::new();
        let rest = run.bytes.clone();
        let expected = run.sum;
        let most = records * width;
        Self {
            file,
            rest,
            sum,
            expected,
            width,
            buffer: Vec::new(),
            at: 0,
            most,
        }
    }

    /// The next record of the run; `None` at its end.
    fn next(&mut self) -> Result<Option<Vec<u8>>, LasProblem> {
        let mut record = vec![0; self.width];
        Ok(self.next_into(&mut record)?.then_some(record))
    }

    /// Puts the next record into `record`, which is as long; whether there was one.
    fn next_into(&mut self, record: &mut [u8]) -> Result<bool, LasProblem> {
        if self.at == self.buffer.len() && !self.refill_buffer()? {
            return Ok(false);
        }
        record.copy_from_slice(&self.buffer[self.at..][..self.width]);
        self.at += self.width;
        Ok(true)
    }

    /// Refills the buffer; `false` at the end of the run, after checking that the run is the one
    /// written.
    fn refill_buffer(&mut self) -> Result<bool, LasProblem> {
        let bytes = (self.rest.end - self.rest.start).min(self.most as u64) as usize;
        if bytes == 0 {
            let found = std::mem::take(&mut self.sum).finalize();
            let same = found == self.expected;
            return if same {
                Ok(false)
            } else {
                Err(LasProblem::Io(std::io::Error::other(CHANGED)))
            };
        }
        self.buffer.resize(bytes, 0);
        let mut file = self.file;
        file.seek(SeekFrom::Start(self.rest.start))?;
        file.read_exact(&mut self.buffer)?;
        self.sum.update(&self.buffer);
        self.rest.start += bytes as u64;
        self.at = 0;
        Ok(true)
    }
}

const CHANGED: &str = "points in a temporary file have changed: check the disk beside the output";
