//! Rows of bytes beside points: attributes that are carried as they are stored.

use std::ops::Range;

/// Rows of equally many bytes, one a point: extra bytes of a file in their stored form.
///
/// They are carried from a file to a file without being read as numbers, so that no bit is lost.
/// Only the source and the writer know which columns the bytes of a row are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByteRows {
    width: u16,
    bytes: Vec<u8>,
}

/// Mutable rows of consecutive points.
#[derive(Debug, Default)]
pub struct ByteRowsMut<'a> {
    width: u16,
    bytes: &'a mut [u8],
}

impl ByteRows {
    /// `count` rows of `width` zeros. Pages are touched only when they are written.
    #[must_use]
    pub fn zeroed(width: u16, count: usize) -> Self {
        Self {
            width,
            bytes: vec![0; usize::from(width) * count],
        }
    }

    /// Bytes of a row.
    #[must_use]
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Number of rows; 0 if a row has no bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len().checked_div(self.width.into()).unwrap_or(0)
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of a row.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn row(&self, row: usize) -> &[u8] {
        &self.bytes[self.bytes_of(&(row..row + 1))]
    }

    /// All rows, one behind the other.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// All rows, to be filled.
    pub fn as_bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// All rows, to be given out in parts.
    pub(crate) fn slots_mut(&mut self) -> ByteRowsMut<'_> {
        ByteRowsMut {
            width: self.width,
            bytes: &mut self.bytes,
        }
    }

    /// Copies the rows `indices`, in that order.
    pub(crate) fn select(&self, indices: &[u32]) -> Self {
        let mut selected = Self {
            width: self.width,
            bytes: Vec::with_capacity(usize::from(self.width) * indices.len()),
        };
        selected.append_selected(self, indices);
        selected
    }

    /// Appends the rows `indices` of `other`, whose rows are as wide.
    pub(crate) fn append_selected(&mut self, other: &Self, indices: &[u32]) {
        for &i in indices {
            self.bytes.extend_from_slice(other.row(i as usize));
        }
    }

    /// Appends the rows of `other`, which are as wide.
    pub(crate) fn append(&mut self, other: &mut Self) {
        self.bytes.append(&mut other.bytes);
    }

    /// Keeps the rows in `ranges`, which are ascending and disjoint, and moves them together.
    pub(crate) fn keep_ranges(&mut self, ranges: &[Range<usize>]) {
        let of_bytes: Vec<Range<usize>> = ranges.iter().map(|rows| self.bytes_of(rows)).collect();
        crate::keep_ranges(&mut self.bytes, &of_bytes);
    }

    fn bytes_of(&self, rows: &Range<usize>) -> Range<usize> {
        let width = usize::from(self.width);
        width * rows.start..width * rows.end
    }
}

impl ByteRowsMut<'_> {
    /// The bytes of a row; `None` if there is no such row.
    #[inline]
    pub fn row_mut(&mut self, row: usize) -> Option<&mut [u8]> {
        let width = usize::from(self.width);
        self.bytes
            .get_mut(width * row..width * (row + 1))
            .filter(|row| !row.is_empty())
    }

    /// Splits off the first `count` rows.
    pub(crate) fn take_front(&mut self, count: usize) -> Self {
        let bytes = count.saturating_mul(self.width.into());
        let bytes = bytes.min(self.bytes.len());
        Self {
            width: self.width,
            bytes: self.bytes.split_off_mut(..bytes).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three_rows() -> ByteRows {
        ByteRows {
            width: 2,
            bytes: vec![1, 2, 3, 4, 5, 6],
        }
    }

    #[test]
    fn rows_are_selected_appended_and_moved_whole() {
        let mut rows = three_rows();
        assert_eq!(rows.select(&[2, 0]).as_bytes(), [5, 6, 1, 2]);
        rows.append_selected(&three_rows(), &[1]);
        rows.append(&mut three_rows().select(&[0]));
        assert_eq!(rows.as_bytes(), [1, 2, 3, 4, 5, 6, 3, 4, 1, 2]);
        rows.keep_ranges(&[0..1, 3..5]);
        assert_eq!(rows.as_bytes(), [1, 2, 3, 4, 1, 2]);
        assert_eq!(rows.len(), 3);
    }

    #[test]
    fn slots_are_given_out_once() {
        let mut rows = three_rows();
        let mut rest = rows.slots_mut();
        let mut front = rest.take_front(1);
        front.row_mut(0).unwrap().fill(9);
        assert!(front.row_mut(1).is_none());
        assert_eq!(rest.row_mut(1).unwrap(), [5, 6]);
        assert_eq!(rows.row(0), [9, 9]);
    }

    #[test]
    fn rows_without_bytes_are_none() {
        let mut none = ByteRows::zeroed(0, 5);
        assert!(none.is_empty() && none.slots_mut().row_mut(0).is_none());
        none.keep_ranges(&[0..1, 3..4]);
        assert!(none.is_empty());
    }
}
