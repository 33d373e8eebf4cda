//! Columns beside the coordinates.

use crate::{ByteRows, ByteRowsMut, Columns};
use std::ops::Range;

/// Writes everything that has a line a column, from one list of them.
macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $column:ident),* $(,)?) => {
        /// Attribute columns of points (classification, intensity, time, colour …): each is absent,
        /// or as long as the points are many.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Attributes {
            $($(#[$doc])* pub $name: Option<Vec<$type>>,)*
            /// Extra bytes as the file stores them: [`Columns::extra_width`] bytes a point.
            pub extra: Option<ByteRows>,
        }

        /// Mutable slices into the columns of consecutive points; those that are absent are empty.
        #[derive(Debug, Default)]
        pub struct AttributesMut<'a> {
            $($(#[$doc])* pub $name: &'a mut [$type],)*
            /// Extra bytes.
            pub extra: ByteRowsMut<'a>,
        }

        impl Attributes {
            /// Empty columns, present where `columns` names them.
            #[must_use]
            pub fn empty(columns: Columns) -> Self {
                Self::zeroed(columns, 0)
            }

            /// Columns of `count` zeros, present where `columns` names them. Pages are touched only
            /// when they are written.
            #[must_use]
            pub fn zeroed(columns: Columns, count: usize) -> Self {
                let width = columns.extra_width();
                Self {
                    $($name: columns.contains(Columns::$column).then(|| vec![<$type>::default(); count]),)*
                    extra: (width > 0).then(|| ByteRows::zeroed(width, count)),
                }
            }

            /// Copies the rows `indices`, in that order.
            #[must_use]
            pub fn select(&self, indices: &[u32]) -> Self {
                Self {
                    $($name: self.$name.as_ref().map(|from| indices.iter().map(|&i| from[i as usize]).collect()),)*
                    extra: self.extra.as_ref().map(|rows| rows.select(indices)),
                }
            }

            /// Appends the rows `indices` of `other`. A column that either side lacks is lost: half
            /// a column is none.
            pub fn append_selected(&mut self, other: &Self, indices: &[u32]) {
                $(match (&mut self.$name, &other.$name) {
                    (Some(to), Some(from)) => to.extend(indices.iter().map(|&i| from[i as usize])),
                    _ => self.$name = None,
                })*
                match (&mut self.extra, &other.extra) {
                    (Some(to), Some(from)) if to.width() == from.width() => to.append_selected(from, indices),
                    _ => self.extra = None,
                }
            }

            /// Appends the rows of `other`. A column that either side lacks is lost.
            pub fn append(&mut self, other: &mut Self) {
                $(match (&mut self.$name, &mut other.$name) {
                    (Some(to), Some(from)) => to.append(from),
                    _ => self.$name = None,
                })*
                match (&mut self.extra, &mut other.extra) {
                    (Some(to), Some(from)) if to.width() == from.width() => to.append(from),
                    _ => self.extra = None,
                }
            }

            /// Drops the columns that `columns` does not name.
            pub fn retain(&mut self, columns: Columns) {
                $(if !columns.contains(Columns::$column) {
                    self.$name = None;
                })*
                self.extra.take_if(|rows| rows.width() != columns.extra_width());
            }

            /// Keeps the rows in `ranges`, which are ascending and disjoint, and moves them
            /// together.
            pub fn keep_ranges(&mut self, ranges: &[Range<usize>]) {
                $(if let Some(column) = &mut self.$name {
                    keep_ranges(column, ranges);
                })*
                if let Some(rows) = &mut self.extra {
                    rows.keep_ranges(ranges);
                }
            }

            /// The columns that are present.
            #[must_use]
            pub fn columns(&self) -> Columns {
                let mut columns = Columns::XYZ;
                $(if self.$name.is_some() {
                    columns = columns.with(Columns::$column);
                })*
                let width = self.extra.as_ref().map_or(0, ByteRows::width);
                columns.with_extra_width(width)
            }

            /// Bytes per point of `columns`, coordinates excluded.
            #[must_use]
            pub fn bytes_per_point(columns: Columns) -> u64 {
                let sizes = [$((Columns::$column, size_of::<$type>() as u64)),*];
                let named = sizes.iter().filter(|(column, _)| columns.contains(*column));
                named.map(|(_, bytes)| bytes).sum::<u64>() + u64::from(columns.extra_width())
            }

            /// Name and length of each column that is present.
            #[must_use]
            pub fn lengths(&self) -> Vec<(&'static str, usize)> {
                let lengths = [
                    $((stringify!($name), self.$name.as_ref().map(Vec::len)),)*
                    ("extra", self.extra.as_ref().map(ByteRows::len)),
                ];
                lengths.into_iter().filter_map(|(name, length)| Some((name, length?))).collect()
            }

            /// The raw bytes of each column that is present, in a fixed order and native byte
            /// order.
            #[must_use]
            pub fn column_bytes(&self) -> Vec<&[u8]> {
                let columns = [
                    $(self.$name.as_deref().map(|column| bytemuck::cast_slice(column)),)*
                    self.extra.as_ref().map(ByteRows::as_bytes),
                ];
                columns.into_iter().flatten().collect()
            }

            /// The raw bytes of each column that is present, to be filled: those of
            /// [`Self::zeroed`] columns become those that were kept elsewhere.
            pub fn column_bytes_mut(&mut self) -> Vec<&mut [u8]> {
                let columns = [
                    $(self.$name.as_deref_mut().map(|column| bytemuck::cast_slice_mut(column)),)*
                    self.extra.as_mut().map(ByteRows::as_bytes_mut),
                ];
                columns.into_iter().flatten().collect()
            }

            /// Mutable slices of all rows.
            pub fn slots_mut(&mut self) -> AttributesMut<'_> {
                AttributesMut {
                    $($name: self.$name.as_deref_mut().unwrap_or_default(),)*
                    extra: self.extra.as_mut().map(ByteRows::slots_mut).unwrap_or_default(),
                }
            }
        }

        impl AttributesMut<'_> {
            /// Splits off the slices of the first `count` points.
            #[must_use]
            pub fn take_front(&mut self, count: usize) -> Self {
                Self {
                    $($name: self.$name.split_off_mut(..count.min(self.$name.len())).unwrap_or_default(),)*
                    extra: self.extra.take_front(count),
                }
            }
        }
    };
}

columns! {
    /// ASPRS class.
    classification: u8 = CLASSIFICATION,
    /// Pulse return magnitude.
    intensity: u16 = INTENSITY,
    /// Return number and number of returns.
    returns: [u8; 2] = RETURNS,
    /// GPS time, seconds.
    gps_time: f64 = GPS_TIME,
    /// Red, green, blue.
    rgb: [u16; 3] = RGB,
    /// Point source identifier (flight line).
    point_source: u16 = POINT_SOURCE,
    /// Angle of the pulse from nadir, degrees.
    scan_angle: f32 = SCAN_ANGLE,
    /// From the lowest bit: synthetic, key point, withheld, overlap; two bits of scanner channel;
    /// scan direction; edge of flight line.
    flags: u8 = FLAGS,
    /// User data: its meaning is up to the producer.
    user_data: u8 = USER_DATA,
    /// Near infrared.
    nir: u16 = NIR,
}

/// Keeps the values in `ranges`, which are ascending and disjoint, and moves them together.
pub fn keep_ranges<T: Copy>(column: &mut Vec<T>, ranges: &[Range<usize>]) {
    let mut end = 0;
    for range in ranges {
        if range.start != end {
            column.copy_within(range.clone(), end);
        }
        end += range.len();
    }
    column.truncate(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_close_in_every_column() {
        let mut attributes = Attributes::zeroed(Columns::ALL, 10);
        attributes.classification = Some((0..10).collect());
        attributes.keep_ranges(&[0..2, 4..4, 5..8]);
        assert_eq!(
            attributes.classification.as_deref(),
            Some(&[0, 1, 5, 6, 7][..])
        );
        assert!(attributes.lengths().iter().all(|(_, length)| *length == 5));
        assert_eq!(attributes.columns(), Columns::ALL);
    }

    #[test]
    fn half_a_column_is_none() {
        let mut both = Attributes::zeroed(Columns::ALL, 3);
        both.append(&mut Attributes::zeroed(Columns::FLAGS, 2));
        assert_eq!(both.lengths(), [("flags", 5)]);
    }

    #[test]
    fn places_are_given_out_once() {
        let mut attributes = Attributes::zeroed(Columns::INTENSITY.with(Columns::NIR), 5);
        let mut rest = attributes.slots_mut();
        let front = rest.take_front(2);
        front.nir.fill(7);
        assert_eq!(
            (front.nir.len(), rest.nir.len(), rest.user_data.len()),
            (2, 3, 0)
        );
        assert_eq!(attributes.nir.as_deref(), Some(&[7, 7, 0, 0, 0][..]));
    }

    #[test]
    fn extra_bytes_of_another_width_are_lost_and_others_stay() {
        let columns = Columns::INTENSITY.with_extra_width(3);
        let mut both = Attributes::zeroed(columns, 2);
        assert_eq!(both.columns(), columns);
        assert_eq!(Attributes::bytes_per_point(columns), 2 + 3);
        both.append(&mut Attributes::zeroed(columns, 1));
        both.append_selected(&Attributes::zeroed(columns, 4), &[3]);
        assert_eq!(both.lengths(), [("intensity", 4), ("extra", 4)]);
        let mut kept = both.clone();
        kept.retain(Columns::INTENSITY);
        assert!(kept.extra.is_none());
        both.append(&mut Attributes::zeroed(columns.with_extra_width(4), 1));
        assert_eq!(both.columns(), Columns::INTENSITY);
    }

    #[test]
    fn columns_come_back_from_their_bytes() {
        let columns = Columns::RGB.with(Columns::GPS_TIME).with(Columns::FLAGS);
        let mut kept = Attributes::zeroed(columns, 2);
        (kept.rgb, kept.gps_time) = (Some(vec![[1, 2, 3], [4, 5, 6]]), Some(vec![0.5, -7.25]));
        let mut back = Attributes::zeroed(columns, 2);
        for (to, from) in back.column_bytes_mut().into_iter().zip(kept.column_bytes()) {
            to.copy_from_slice(from);
        }
        assert_eq!(back, kept);
        assert_eq!(
            kept.column_bytes()
                .iter()
                .map(|bytes| bytes.len())
                .sum::<usize>(),
            2 * (6 + 8 + 1)
        );
    }

    #[test]
    fn a_row_has_the_bytes_of_its_columns() {
        assert_eq!(Attributes::bytes_per_point(Columns::XYZ), 0);
        assert_eq!(
            Attributes::bytes_per_point(Columns::ALL),
            1 + 2 + 2 + 8 + 6 + 2 + 4 + 1 + 1 + 2
        );
    }
}
