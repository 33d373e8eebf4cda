//! Sort keys of records.

use isopach_cloud::cell_of_tick;

/// Bytes of a key: row and column of the cell, each so that its bytes are in the order of the
/// numbers.
pub(super) const KEY: usize = 16;

/// The key of a point (absolute ticks). The rest of the order is that of the record itself:
/// [`super::order`].
pub(super) fn key_of([x, y, _]: [i64; 3], cell_size: f64) -> [u8; KEY] {
    let mut key = [0; KEY];
    let (row, column) = key.split_at_mut(KEY / 2);
    row.copy_from_slice(&ordered_bytes(cell_of_tick(y, cell_size)));
    column.copy_from_slice(&ordered_bytes(cell_of_tick(x, cell_size)));
    key
}

/// Row and column of a keyed record's cell, as numbers in the order of the rows and columns.
pub(super) fn cell_of(keyed: &[u8]) -> [u64; 2] {
    let (words, _) = keyed.as_chunks::<8>();
    [0, 1].map(|axis| words.get(axis).map_or(0, |word| u64::from_be_bytes(*word)))
}

/// Bytes that are in the order of the numbers.
fn ordered_bytes(number: i64) -> [u8; 8] {
    ((number as u64) ^ (1 << 63)).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_rows_then_columns() {
        let metre = |x: i64| x << 18;
        let key = |x: i64, y: i64| key_of([metre(x), metre(y), 0], 1.0);
        let places = [
            [5, -3],
            [-2, 0],
            [-1, 0],
            [0, 0],
            [1, 0],
            [300, 0],
            [-9, 1],
            [0, 256],
            [0, 257],
        ];
        assert!(places.map(|[x, y]| key(x, y)).is_sorted());
    }
}
