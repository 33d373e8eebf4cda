//! Memory for points, given out in parts, so that chunks are decoded where their points will stay.

use crate::layout::{Layout, f64_at, u16_at};
use isopach_cloud::{Attributes, Columns, Points};
use isopach_compute::{Error, Result};
use std::ops::Range;

/// Room for some consecutive points; columns that are not wanted are empty.
pub(crate) struct Slots<'a> {
    pub(crate) xyz: &'a mut [[f64; 3]],
    pub(crate) classification: &'a mut [u8],
    pub(crate) intensity: &'a mut [u16],
    pub(crate) returns: &'a mut [[u8; 2]],
    pub(crate) gps_time: &'a mut [f64],
    pub(crate) rgb: &'a mut [[u16; 3]],
    pub(crate) point_source: &'a mut [u16],
}

/// Sets a value where there is such a column.
#[inline(always)]
pub(crate) fn put<T>(column: &mut [T], at: usize, value: T) {
    if let Some(slot) = column.get_mut(at) {
        *slot = value;
    }
}

impl<'a> Slots<'a> {
    /// All of the points.
    pub(crate) fn of(points: &'a mut Points) -> Self {
        fn slice<T>(column: &mut Option<Vec<T>>) -> &mut [T] {
            column.as_deref_mut().unwrap_or_default()
        }
        let columns = &mut points.attributes;
        Self {
            xyz: &mut points.xyz,
            classification: slice(&mut columns.classification),
            intensity: slice(&mut columns.intensity),
            returns: slice(&mut columns.returns),
            gps_time: slice(&mut columns.gps_time),
            rgb: slice(&mut columns.rgb),
            point_source: slice(&mut columns.point_source),
        }
    }

    /// Takes the first `count` off.
    pub(crate) fn take(&mut self, count: usize) -> Self {
        fn front<'a, T>(column: &mut &'a mut [T], count: usize) -> &'a mut [T] {
            column.split_off_mut(..count.min(column.len())).unwrap_or_default()
        }
        Self {
            xyz: front(&mut self.xyz, count),
            classification: front(&mut self.classification, count),
            intensity: front(&mut self.intensity, count),
            returns: front(&mut self.returns, count),
            gps_time: front(&mut self.gps_time, count),
            rgb: front(&mut self.rgb, count),
            point_source: front(&mut self.point_source, count),
        }
    }

    /// Sets the wanted columns of point `at` from its record.
    #[inline]
    pub(crate) fn put_columns(&mut self, at: usize, record: &[u8], layout: &Layout) {
        put(self.classification, at, record[layout.classification] & layout.class_mask);
        put(self.intensity, at, u16_at(record, 12));
        put(self.returns, at, layout.returns(record[14]));
        put(self.point_source, at, u16_at(record, layout.point_source));
        if let Some(time) = layout.gps_time {
            put(self.gps_time, at, f64_at(record, time));
        }
        if let Some(rgb) = layout.rgb {
            put(self.rgb, at, [u16_at(record, rgb), u16_at(record, rgb + 2), u16_at(record, rgb + 4)]);
        }
    }
}

/// Room for `count` points with `columns`, of `limit` bytes at most. Pages are touched only when they are written.
///
/// # Errors
/// [`Error::OutOfMemory`] where there is not so much.
pub(crate) fn room(count: usize, columns: Columns, limit: u64) -> Result<Points> {
    fn column<T: Default + Clone>(count: usize, wanted: bool) -> Option<Vec<T>> {
        wanted.then(|| vec![T::default(); count])
    }
    let has = |column: Columns| columns.contains(column);
    let widths = [
        (true, 24),
        (has(Columns::CLASSIFICATION), 1),
        (has(Columns::INTENSITY), 2),
        (has(Columns::RETURNS), 2),
        (has(Columns::GPS_TIME), 8),
        (has(Columns::RGB), 6),
        (has(Columns::POINT_SOURCE), 2),
    ];
    let width: usize = widths.iter().filter(|(wanted, _)| *wanted).map(|(_, bytes)| bytes).sum();
    // Asked for as one piece and given back, because a `vec!` that fails ends the program.
    let bytes = count.saturating_mul(width);
    if bytes as u64 > limit || Vec::<u8>::new().try_reserve_exact(bytes).is_err() {
        let advice = "read by chunks or tiles";
        return Err(Error::OutOfMemory { what: "points", requested: bytes as u64, budget: limit, advice });
    }
    let attributes = Attributes {
        classification: column(count, has(Columns::CLASSIFICATION)),
        intensity: column(count, has(Columns::INTENSITY)),
        returns: column(count, has(Columns::RETURNS)),
        gps_time: column(count, has(Columns::GPS_TIME)),
        rgb: column(count, has(Columns::RGB)),
        point_source: column(count, has(Columns::POINT_SOURCE)),
    };
    Ok(Points { xyz: vec![[0.0; 3]; count], attributes })
}

/// Keeps the points in `ranges`, which are in order and apart, and moves them together.
pub(crate) fn close_gaps(points: &mut Points, ranges: &[Range<usize>]) {
    fn close<T: Copy>(column: &mut Vec<T>, ranges: &[Range<usize>]) {
        let mut end = 0;
        for range in ranges {
            if range.start != end {
                column.copy_within(range.clone(), end);
            }
            end += range.len();
        }
        column.truncate(end);
    }
    close(&mut points.xyz, ranges);
    let columns = &mut points.attributes;
    if let Some(column) = &mut columns.classification {
        close(column, ranges);
    }
    if let Some(column) = &mut columns.intensity {
        close(column, ranges);
    }
    if let Some(column) = &mut columns.returns {
        close(column, ranges);
    }
    if let Some(column) = &mut columns.gps_time {
        close(column, ranges);
    }
    if let Some(column) = &mut columns.rgb {
        close(column, ranges);
    }
    if let Some(column) = &mut columns.point_source {
        close(column, ranges);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_close_in_every_column() {
        let mut points = room(10, Columns::ALL, u64::MAX).unwrap();
        for i in 0..10 {
            points.xyz[i] = [i as f64; 3];
        }
        points.attributes.classification = Some((0..10).collect());
        close_gaps(&mut points, &[0..2, 4..4, 5..8]);
        assert_eq!(points.attributes.classification.as_deref(), Some(&[0, 1, 5, 6, 7][..]));
        assert_eq!(points.xyz.iter().map(|p| p[0]).collect::<Vec<_>>(), [0.0, 1.0, 5.0, 6.0, 7.0]);
        assert_eq!(points.attributes.gps_time.map(|t| t.len()), Some(5));
    }

    #[test]
    fn more_than_there_is_is_an_error() {
        assert!(matches!(room(usize::MAX / 64, Columns::XYZ, u64::MAX), Err(Error::OutOfMemory { .. })));
        assert!(matches!(room(10, Columns::XYZ, 239), Err(Error::OutOfMemory { requested: 240, budget: 239, .. })));
    }
}
