//! One patch: its place and its rows.

use crate::Moments;
use isopach_tiling::{Encode, ResultReader, ResultWriter};

/// The rows of a patch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patch {
    /// Column (from west) and row (from south) on the absolute grid.
    pub index: [i64; 2],
    /// Centre that the first two coordinates are counted from, absolute metres.
    pub centre: [f64; 2],
    /// Height that the third coordinate is counted from, absolute metres.
    pub zero_height: f64,
    /// Whether there was no ground point to take that height from.
    pub lacks_ground: bool,
    /// Points of the survey in the patch.
    pub points: u64,
    /// Coordinates of each row, metres from centre and zero height.
    pub coord: Vec<[f32; 3]>,
    /// Numbers of each column, row by row.
    pub columns: Vec<Vec<f32>>,
    /// Moments of the columns that have statistics.
    pub moments: Vec<Moments>,
}

impl Patch {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.coord.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.coord.is_empty()
    }

    /// Bytes of the rows.
    #[must_use]
    pub fn byte_count(&self) -> u64 {
        let numbers: usize = self.columns.iter().map(Vec::len).sum();
        (12 * self.coord.len() + 4 * numbers) as u64
    }
}

impl Encode for Patch {
    fn encode_into(&self, to: &mut ResultWriter<'_>) {
        self.index.encode_into(to);
        self.centre.encode_into(to);
        self.zero_height.encode_into(to);
        self.lacks_ground.encode_into(to);
        self.points.encode_into(to);
        self.coord.len().encode_into(to);
        to.write_bytes(bytemuck::cast_slice(&self.coord));
        self.columns.len().encode_into(to);
        for column in &self.columns {
            column.len().encode_into(to);
            to.write_bytes(bytemuck::cast_slice(column));
        }
        self.moments.encode_into(to);
    }

    fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
        let mut patch = Self {
            index: Encode::decode_from(from)?,
            centre: Encode::decode_from(from)?,
            zero_height: Encode::decode_from(from)?,
            lacks_ground: Encode::decode_from(from)?,
            points: Encode::decode_from(from)?,
            ..Self::default()
        };
        patch.coord = decode_numbers(from)?;
        let columns = usize::decode_from(from)?;
        for _ in 0..columns {
            let column: Vec<f32> = decode_numbers(from)?;
            patch.columns.push(column);
        }
        patch.moments = Encode::decode_from(from)?;
        Some(patch)
    }
}

/// Numbers that were written with their count and as they are in memory.
fn decode_numbers<T: bytemuck::Pod>(from: &mut ResultReader<'_>) -> Option<Vec<T>> {
    let count = usize::decode_from(from)?;
    let bytes = count.checked_mul(size_of::<T>())?;
    if bytes as u64 > from.remaining_bytes() {
        return None;
    }
    let mut numbers = vec![T::zeroed(); count];
    from.fill_bytes(bytemuck::cast_slice_mut(&mut numbers))?;
    Some(numbers)
}

impl Encode for Moments {
    fn encode_into(&self, to: &mut ResultWriter<'_>) {
        let Self {
            count,
            missing,
            mean,
            squares,
        } = *self;
        ([count, missing], [mean, squares]).encode_into(to);
    }

    fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
        let ([count, missing], [mean, squares]): ([u64; 2], [f64; 2]) = Encode::decode_from(from)?;
        Some(Self {
            count,
            missing,
            mean,
            squares,
        })
    }
}
