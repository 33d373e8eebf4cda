//! The order of keyed records.

use super::key::{KEY, cell_of};
use crate::layout::i32_at;
use rayon::prelude::*;
use std::cmp::Ordering;

/// Bytes that sorting takes for each record.
pub(super) const PLACE: usize = size_of::<Place>();

/// Place of a record, behind the beginning of its key: most comparisons read no record.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The cell, in the order of cells; equal for some that are not where it has no room for all.
    cell: u64,
    at: u32,
}

impl Place {
    /// The record at the place.
    pub(super) fn record_in(self, records: &[u8], width: usize) -> &[u8] {
        &records[self.at as usize * width..][..width]
    }
}

/// Bytes of records that one thread puts together at a time.
const BLOCK: usize = 1 << 18;

/// Keyed records that are passed on in the order of places.
pub(super) struct Placed<'a> {
    pub(super) records: &'a [u8],
    /// Bytes of a keyed record.
    pub(super) width: usize,
    /// Bytes at the beginning of each record that are not passed on.
    pub(super) left_out: usize,
}

impl Placed<'_> {
    /// Gives the records at `places` to `take` in this order, in blocks that `finish` makes of
    /// their bytes. The next blocks are put together on all threads while some are taken.
    pub(super) fn for_each_block<T: Send, E: Send>(
        &self,
        places: &[Place],
        finish: impl Fn(Vec<u8>) -> T + Sync,
        mut take: impl FnMut(T) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        let of_block = (BLOCK / self.width).max(1);
        let put_together = |places: &[Place]| -> Vec<T> {
            let blocks = places.par_chunks(of_block);
            blocks.map(|places| finish(self.bytes_at(places))).collect()
        };
        let mut rest = places.chunks(of_block * rayon::current_num_threads().max(1));
        let mut blocks = rest.next().map(put_together);
        while let Some(ready) = blocks {
            let following = rest.next();
            let (taken, next) = rayon::join(
                || ready.into_iter().try_for_each(&mut take),
                || following.map(put_together),
            );
            taken?;
            blocks = next;
        }
        Ok(())
    }

    /// The records at some places, one behind the other.
    fn bytes_at(&self, places: &[Place]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(places.len() * (self.width - self.left_out));
        for place in places {
            bytes.extend_from_slice(&place.record_in(self.records, self.width)[self.left_out..]);
        }
        bytes
    }
}

/// Compares two keyed records: cell, then the stored x, y and z, then all other bytes. Records that
/// compare as equal are the same bytes.
pub(super) fn compare_records(a: &[u8], b: &[u8]) -> Ordering {
    let coordinates = |keyed: &[u8]| [0, 4, 8].map(|at| i32_at(&keyed[KEY..], at));
    cell_of(a)
        .cmp(&cell_of(b))
        .then_with(|| coordinates(a).cmp(&coordinates(b)))
        .then_with(|| a[KEY..].cmp(&b[KEY..]))
}

/// Places of the records of `width` bytes each in `records`, in their order.
pub(super) fn sorted_places(records: &[u8], width: usize) -> Vec<Place> {
    let numbers = CellNumbers::covering(records, width);
    let mut places: Vec<Place> = records
        .par_chunks_exact(width)
        .enumerate()
        .map(|(at, record)| Place {
            cell: numbers.number_of(record),
            at: at as u32, // fewer than 2^32: their bytes are
        })
        .collect();
    places.par_sort_unstable_by(|a, b| {
        a.cell
            .cmp(&b.cell)
            .then_with(|| compare_records(a.record_in(records, width), b.record_in(records, width)))
    });
    places
}

/// Numbers for cells of a rectangle, in the order of cells.
struct CellNumbers {
    /// Row and column of the first cell.
    first: [u64; 2],
    /// Bits of a column from the first.
    column_bits: u32,
    /// Bits of a number beyond 64, which are left out.
    surplus: u32,
}

impl CellNumbers {
    /// For the cells of some keyed records.
    fn covering(records: &[u8], width: usize) -> Self {
        let cells = records.par_chunks_exact(width).map(cell_of);
        let none = || [[u64::MAX; 2], [0; 2]];
        let [first, last] =
            cells
                .map(|cell| [cell, cell])
                .reduce(none, |[first, last], [low, high]| {
                    [
                        [first[0].min(low[0]), first[1].min(low[1])],
                        [last[0].max(high[0]), last[1].max(high[1])],
                    ]
                });
        let bits = |axis: usize| u64::BITS - last[axis].saturating_sub(first[axis]).leading_zeros();
        Self {
            first,
            column_bits: bits(1),
            surplus: (bits(0) + bits(1)).saturating_sub(u64::BITS),
        }
    }

    /// The number of a record's cell: not above that of a later cell.
    fn number_of(&self, record: &[u8]) -> u64 {
        let cell = cell_of(record);
        let [row, column] = [0, 1].map(|axis| u128::from(cell[axis] - self.first[axis]));
        ((row << self.column_bits | column) >> self.surplus) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::{super::key::key_of, *};
    use proptest::prelude::*;

    const WIDTH: usize = KEY + 14;

    /// A keyed record at some ticks, with two more bytes.
    fn record(ticks: [i64; 3], more: u16) -> Vec<u8> {
        let mut record = key_of(ticks, 1.0).to_vec();
        for coordinate in ticks {
            record.extend((coordinate as i32).to_le_bytes());
        }
        record.extend(more.to_le_bytes());
        record
    }

    proptest! {
        #[test]
        fn places_are_in_the_order_of_comparisons(
            reach in prop::sample::select(vec![1_i64 << 20, 1 << 40, i64::MAX]),
            points in prop::collection::vec((any::<[i64; 2]>(), -2..2_i64, 0..3_u16), 0..200),
        ) {
            let records: Vec<u8> = points
                .iter()
                .flat_map(|([x, y], z, more)| record([x % reach, y % reach, *z], *more))
                .collect();
            let places = sorted_places(&records, WIDTH);
            let sorted: Vec<&[u8]> = places.iter().map(|place| place.record_in(&records, WIDTH)).collect();
            let mut expected: Vec<&[u8]> = records.chunks_exact(WIDTH).collect();
            expected.sort_by(|a, b| compare_records(a, b));
            prop_assert_eq!(sorted, expected);
        }
    }
}
