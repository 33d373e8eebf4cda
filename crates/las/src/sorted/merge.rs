//! Sorted records of several runs, merged part by part on all threads.

use super::{order::compare_records, reader::Reader};
use crate::error::LasProblem;
use rayon::prelude::*;
use std::{
    cmp::Ordering,
    collections::{BinaryHeap, binary_heap::PeekMut},
};

/// Records of a part at least: fewer are not worth a thread.
const LEAST_RECORDS: usize = 2048;
/// Parts for each thread, since they take differently long.
const PARTS: usize = 4;

/// How runs are merged.
pub(super) struct Merge {
    /// Bytes of a keyed record.
    pub(super) width: usize,
    /// Bytes at the beginning of each record that are not passed on.
    pub(super) left_out: usize,
    /// Bytes that merging takes.
    pub(super) memory: usize,
}

impl Merge {
    /// Merges the records in memory that no record on disk comes before, on all threads.
    pub(super) fn merge_held(
        &self,
        readers: &mut [Reader<'_>],
        take: &mut impl FnMut(Vec<u8>) -> Result<(), LasProblem>,
    ) -> Result<(), LasProblem> {
        let width = self.width;
        // Beyond the last record in memory of a run, the next one on disk may come first.
        let limit = readers
            .iter()
            .filter(|reader| reader.has_more())
            .filter_map(|reader| reader.held().rchunks_exact(width).next())
            .min_by(|a, b| compare_records(a, b))
            .map(<[u8]>::to_vec);
        let slices: Vec<&[u8]> = readers
            .iter()
            .map(|reader| match &limit {
                Some(limit) => records_up_to(reader.held(), width, limit),
                None => reader.held(),
            })
            .collect();
        let merged: Vec<Vec<u8>> = parts_of(&slices, width)
            .into_par_iter()
            .map(|part| merge_slices(&part, width, self.left_out))
            .collect();
        let taken: Vec<usize> = slices.iter().map(|slice| slice.len()).collect();
        for (reader, bytes) in readers.iter_mut().zip(taken) {
            reader.take(bytes);
        }
        merged.into_iter().try_for_each(take)
    }
}

/// The records at the front of a run that do not come after `limit`.
fn records_up_to<'a>(run: &'a [u8], width: usize, limit: &[u8]) -> &'a [u8] {
    &run[..bytes_before(run, width, |record| {
        compare_records(record, limit) != Ordering::Greater
    })]
}

/// Bytes of the records at the front of a run for which `is_before` holds.
fn bytes_before(run: &[u8], width: usize, is_before: impl Fn(&[u8]) -> bool) -> usize {
    let mut from = 0;
    let mut to = run.len() / width;
    while from < to {
        let middle = from.midpoint(to);
        if is_before(&run[middle * width..][..width]) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    from * width
}

/// Cuts runs at the same records: all records of a part come before those of the next, or are equal
/// to them.
fn parts_of<'a>(runs: &[&'a [u8]], width: usize) -> Vec<Vec<&'a [u8]>> {
    let records = runs.iter().map(|run| run.len()).sum::<usize>() / width;
    let most = PARTS * rayon::current_num_threads();
    let count = (records / LEAST_RECORDS).clamp(1, most.max(1));
    let longest = runs.iter().max_by_key(|run| run.len());
    let longest = longest.copied().unwrap_or_default();
    let in_longest = longest.len() / width;
    let mut rest = runs.to_vec();
    let mut parts = Vec::with_capacity(count);
    for part in 1..count {
        let cut = &longest[in_longest * part / count * width..][..width];
        let taken = rest.iter_mut().map(|run| {
            let is_before = |record: &[u8]| compare_records(record, cut) == Ordering::Less;
            let (before, after) = run.split_at(bytes_before(run, width, is_before));
            *run = after;
            before
        });
        parts.push(taken.collect());
    }
    parts.push(rest);
    parts
}

/// Merges runs; of each record the first `left_out` bytes are left out.
fn merge_slices(runs: &[&[u8]], width: usize, left_out: usize) -> Vec<u8> {
    let records = runs.iter().map(|run| run.len()).sum::<usize>() / width;
    let mut merged = Vec::with_capacity(records * (width - left_out));
    let mut heads: BinaryHeap<Head<'_>> = runs
        .iter()
        .filter(|run| !run.is_empty())
        .map(|run| Head { run, width })
        .collect();
    while heads.len() > 1 {
        let Some(mut head) = heads.peek_mut() else {
            break;
        };
        let (first, rest) = head.run.split_at(width);
        merged.extend_from_slice(&first[left_out..]);
        if rest.is_empty() {
            PeekMut::pop(head);
        } else {
            head.run = rest;
        }
    }
    for last in heads {
        for record in last.run.chunks_exact(width) {
            merged.extend_from_slice(&record[left_out..]);
        }
    }
    merged
}

/// The records that a run still has. The run with the least one is on top of a heap.
struct Head<'a> {
    run: &'a [u8],
    width: usize,
}

impl Head<'_> {
    fn first(&self) -> &[u8] {
        &self.run[..self.width]
    }
}

impl Ord for Head<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_records(other.first(), self.first())
    }
}

impl PartialOrd for Head<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Head<'_> {}

#[cfg(test)]
mod tests {
    use super::{
        super::key::{KEY, key_of},
        *,
    };
    use proptest::prelude::*;

    const WIDTH: usize = KEY + 12;

    fn record(x: i32, y: i32) -> Vec<u8> {
        let mut record = key_of([i64::from(x) << 18, i64::from(y) << 18, 0], 1.0).to_vec();
        record.extend([x, y, 0].into_iter().flat_map(i32::to_le_bytes));
        record
    }

    /// The records one behind the other, in their order.
    fn sorted(mut records: Vec<Vec<u8>>) -> Vec<u8> {
        records.sort_by(|a, b| compare_records(a, b));
        records.concat()
    }

    proptest! {
        #[test]
        fn parts_merge_to_what_sorting_gives(
            runs in prop::collection::vec(prop::collection::vec((0..40, 0..5), 0..3000), 1..5),
            left_out in prop::sample::select(vec![0, KEY]),
        ) {
            let runs: Vec<Vec<Vec<u8>>> = runs
                .into_iter()
                .map(|run| run.into_iter().map(|(x, y)| record(x, y)).collect())
                .collect();
            let all = sorted(runs.concat());
            let expected: Vec<u8> = all.chunks(WIDTH).flat_map(|record| &record[left_out..]).copied().collect();
            let runs: Vec<Vec<u8>> = runs.into_iter().map(sorted).collect();
            let slices: Vec<&[u8]> = runs.iter().map(Vec::as_slice).collect();
            let parts = parts_of(&slices, WIDTH);
            let merged: Vec<u8> = parts.iter().flat_map(|part| merge_slices(part, WIDTH, left_out)).collect();
            prop_assert!(merged == expected);
        }

        #[test]
        fn records_up_to_a_limit_are_those_not_after_it(places in prop::collection::vec((0..9, 0..9), 0..60), limit in (0..9, 0..9)) {
            let run = sorted(places.iter().map(|(x, y)| record(*x, *y)).collect());
            let limit = record(limit.0, limit.1);
            let expected = run.chunks(WIDTH).filter(|record| compare_records(record, &limit).is_le()).count();
            prop_assert_eq!(records_up_to(&run, WIDTH, &limit).len(), expected * WIDTH);
        }
    }
}
