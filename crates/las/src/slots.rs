//! Memory for points, given out in parts, so that chunks are decoded where their points will stay.

use crate::layout::Layout;
use isopach_cloud::{Attributes, AttributesMut, Columns, Points, keep_ranges};
use isopach_compute::{Error, Result};
use std::ops::Range;

/// Room for some consecutive points; columns that are not wanted are empty.
pub(crate) struct Slots<'a> {
    pub(crate) xyz: &'a mut [[f64; 3]],
    pub(crate) columns: AttributesMut<'a>,
}

/// Sets a value if the column exists.
#[inline(always)]
pub(crate) fn put_at<T>(column: &mut [T], at: usize, value: T) {
    if let Some(slot) = column.get_mut(at) {
        *slot = value;
    }
}

impl<'a> Slots<'a> {
    /// All of the points.
    pub(crate) fn from_points(points: &'a mut Points) -> Self {
        Self {
            xyz: &mut points.xyz,
            columns: points.attributes.slots_mut(),
        }
    }

    /// Takes the first `count` off.
    pub(crate) fn take_front(&mut self, count: usize) -> Self {
        Self {
            xyz: self.xyz.split_off_mut(..count).unwrap_or_default(),
            columns: self.columns.take_front(count),
        }
    }

    /// Sets the wanted columns of point `at` from its record.
    #[inline]
    pub(crate) fn put_columns(&mut self, at: usize, record: &[u8], layout: &Layout) {
        let columns = &mut self.columns;
        put_at(columns.classification, at, layout.classification_of(record));
        put_at(columns.intensity, at, layout.intensity_of(record));
        put_at(columns.returns, at, layout.split_returns(record[14]));
        put_at(columns.point_source, at, layout.point_source_of(record));
        put_at(columns.scan_angle, at, layout.scan_angle_of(record));
        put_at(columns.flags, at, layout.flags_of(record));
        put_at(columns.user_data, at, layout.user_data_of(record));
        if let Some(time) = layout.gps_time_of(record) {
            put_at(columns.gps_time, at, time);
        }
        if let Some(rgb) = layout.rgb_of(record) {
            put_at(columns.rgb, at, rgb);
        }
        if let Some(nir) = layout.nir_of(record) {
            put_at(columns.nir, at, nir);
        }
    }
}

/// Room for `count` points with `columns`, of `limit` bytes at most. Pages are touched only when
/// they are written.
///
/// # Errors
/// [`LasError::OutOfMemory`] if the system cannot provide the memory.
pub(crate) fn reserve_points(count: usize, columns: Columns, limit: u64) -> Result<Points> {
    let width = size_of::<[f64; 3]>() as u64 + Attributes::bytes_per_point(columns);
    let bytes = (count as u64).saturating_mul(width);
    // Asked for as one piece and given back, because a `vec!` that fails ends the program.
    let there =
        usize::try_from(bytes).is_ok_and(|bytes| Vec::<u8>::new().try_reserve_exact(bytes).is_ok());
    if bytes > limit || !there {
        let advice = "read by chunks or tiles";
        return Err(Error::OutOfMemory {
            what: "points",
            requested: bytes,
            budget: limit,
            advice,
        });
    }
    Ok(Points {
        xyz: vec![[0.0; 3]; count],
        attributes: Attributes::zeroed(columns, count),
    })
}

/// Keeps the points in `ranges`, which are in order and apart, and moves them together.
pub(crate) fn close_gaps(points: &mut Points, ranges: &[Range<usize>]) {
    keep_ranges(&mut points.xyz, ranges);
    points.attributes.keep_ranges(ranges);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_there_is_is_an_error() {
        assert!(matches!(
            reserve_points(usize::MAX / 64, Columns::XYZ, u64::MAX),
            Err(Error::OutOfMemory { .. })
        ));
        assert!(matches!(
            reserve_points(10, Columns::XYZ, 239),
            Err(Error::OutOfMemory {
                requested: 240,
                budget: 239,
                ..
            })
        ));
    }
}
