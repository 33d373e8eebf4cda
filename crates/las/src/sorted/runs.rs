//! Sorted records on disk, run by run, and all of them merged.

use super::{
    merge::Merge,
    order::{Place, Placed},
    reader::Reader,
};
use crate::error::LasProblem;
use isopach_compute::UnfinishedFile;
use std::{
    fs::File,
    io::{BufWriter, Seek, SeekFrom, Write},
    ops::Range,
    path::{Path, PathBuf},
};

/// Runs that are merged at once: each is read through a buffer of its own, of 64 KiB if 32 MiB are
/// sorted at a time. More runs are merged in two passes over the disk.
const TOGETHER: usize = 256;

/// Bytes of a reader's buffer at least, and at most.
const LEAST_BUFFER: usize = 1 << 12;
const MOST_BUFFER: usize = 1 << 22;

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
pub(super) struct Run {
    pub(super) bytes: Range<u64>,
    pub(super) sum: u32,
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

    /// Appends a run of the records at `places`, in this order.
    pub(super) fn add_run(
        &mut self,
        records: &[u8],
        width: usize,
        places: &[Place],
    ) -> Result<(), LasProblem> {
        let mut run = self.begin_run()?;
        let placed = Placed {
            records,
            width,
            left_out: 0,
        };
        placed.for_each_block(places, Block::new, |block| run.push_block(&block))?;
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

    /// Gives all records in order to `take`, some at a time, without the first `left_out` bytes of
    /// each, with `memory` bytes for those that are being merged. Many runs are merged to fewer,
    /// longer ones first.
    pub(super) fn merge_runs(
        &mut self,
        width: usize,
        left_out: usize,
        memory: usize,
        mut take: impl FnMut(&[u8]) -> Result<(), LasProblem>,
    ) -> Result<(), LasProblem> {
        let buffer = LEAST_BUFFER.max(width);
        let together = (memory / buffer).clamp(2, TOGETHER);
        while self.runs.len() > together {
            let mut longer = Self::numbered_path(&self.beside, self.number + 1);
            for runs in self.runs.chunks(together) {
                let mut run = longer.begin_run()?;
                let whole = Merge {
                    width,
                    left_out: 0,
                    memory,
                };
                self.merge_some(runs, &whole, |records| run.push_block(&Block::new(records)))?;
                longer.end_run(run)?;
            }
            *self = longer; // drops, and so removes, the shorter ones
        }
        let merge = Merge {
            width,
            left_out,
            memory,
        };
        self.merge_some(&self.runs, &merge, |records| take(&records))
    }

    /// Merges some runs, passing their records to `take` in order.
    fn merge_some(
        &self,
        runs: &[Run],
        merge: &Merge,
        mut take: impl FnMut(Vec<u8>) -> Result<(), LasProblem>,
    ) -> Result<(), LasProblem> {
        let Some(Open { file, .. }) = &self.open else {
            return Ok(());
        };
        // Half of the memory is for the merged records.
        let records = (merge.memory / 2 / runs.len().max(1) / merge.width)
            .clamp(1, MOST_BUFFER / merge.width + 1);
        let mut readers: Vec<Reader<'_>> = runs
            .iter()
            .map(|run| Reader::new(file, run, merge.width, records))
            .collect();
        loop {
            readers.iter_mut().try_for_each(Reader::refill_buffer)?;
            readers.retain(|reader| !reader.held().is_empty());
            if readers.is_empty() {
                return Ok(());
            }
            merge.merge_held(&mut readers, &mut take)?;
        }
    }
}

/// Some records of a run, one behind the other, with their checksum.
struct Block {
    bytes: Vec<u8>,
    sum: crc32fast::Hasher,
}

impl Block {
    fn new(bytes: Vec<u8>) -> Self {
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
}
