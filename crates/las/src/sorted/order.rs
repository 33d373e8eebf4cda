//! The order of keyed records.

use super::key::KEY;
use crate::layout::i32_at;
use std::cmp::Ordering;

/// Compares two keyed records: cell, then the stored x, y and z, then all other bytes. Records that
/// compare as equal are the same bytes.
pub(super) fn compare_records(a: &[u8], b: &[u8]) -> Ordering {
    let coordinates = |keyed: &[u8]| [0, 4, 8].map(|at| i32_at(&keyed[KEY..], at));
    let cells = a[..KEY].cmp(&b[..KEY]);
    cells
        .then_with(|| coordinates(a).cmp(&coordinates(b)))
        .then_with(|| a[KEY..].cmp(&b[KEY..]))
}

/// Places of the records of `width` bytes each in `records`, in their order.
pub(super) fn sorted_indices(records: &[u8], width: usize) -> Vec<u32> {
    // fewer than 2^32: their bytes are
    let mut order: Vec<u32> = (0..(records.len() / width) as u32).collect();
    rayon::slice::ParallelSliceMut::par_sort_unstable_by(&mut order[..], |a, b| {
        compare_records(record_at(records, width, *a), record_at(records, width, *b))
    });
    order
}

/// The record at a place.
pub(super) fn record_at(records: &[u8], width: usize, at: u32) -> &[u8] {
    &records[at as usize * width..][..width]
}
