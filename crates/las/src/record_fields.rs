//! Points as records: the standard fields and the extra columns in their stored form.

use crate::{
    error::LasProblem,
    extra::ExtraBytes,
    layout::{ANGLE_STEP, Layout},
    schema::Schema,
};
use isopach_cloud::{ByteRows, Cloud, Columns, Positions};
use std::ops::Range;

/// Bytes of the fields that PDRF 6 to 10 have.
const STANDARD: usize = 30;

/// The columns of some points that a schema asks for, as slices of equal length: checked before.
pub(crate) struct RecordFields<'a> {
    schema: &'a Schema,
    format: u8,
    base: usize,
    positions: Positions<'a>,
    intensity: Option<&'a [u16]>,
    returns: Option<&'a [[u8; 2]]>,
    flags: Option<&'a [u8]>,
    classification: Option<&'a [u8]>,
    user_data: Option<&'a [u8]>,
    scan_angle: Option<&'a [f32]>,
    point_source: Option<&'a [u16]>,
    gps_time: Option<&'a [f64]>,
    rgb: Option<&'a [[u16; 3]]>,
    nir: Option<&'a [u16]>,
    carried: Option<&'a ByteRows>,
    extra: &'a [&'a [f64]],
}

impl<'a> RecordFields<'a> {
    /// The columns of a cloud that have been checked against the schema.
    pub(crate) fn new(
        schema: &'a Schema,
        layout: &Layout,
        cloud: &'a Cloud,
        extra: &'a [&'a [f64]],
    ) -> Self {
        let attributes = &cloud.attributes;
        let wants = |column| schema.columns.contains(column);
        Self {
            schema,
            format: layout.format,
            base: layout.base,
            positions: cloud.positions(),
            intensity: wanted(&attributes.intensity, wants(Columns::INTENSITY)),
            returns: wanted(&attributes.returns, wants(Columns::RETURNS)),
            flags: wanted(&attributes.flags, wants(Columns::FLAGS)),
            classification: wanted(&attributes.classification, wants(Columns::CLASSIFICATION)),
            user_data: wanted(&attributes.user_data, wants(Columns::USER_DATA)),
            scan_angle: wanted(&attributes.scan_angle, wants(Columns::SCAN_ANGLE)),
            point_source: wanted(&attributes.point_source, wants(Columns::POINT_SOURCE)),
            gps_time: wanted(&attributes.gps_time, wants(Columns::GPS_TIME)),
            rgb: wanted(&attributes.rgb, wants(Columns::RGB)),
            nir: wanted(&attributes.nir, wants(Columns::NIR)),
            carried: attributes
                .extra
                .as_ref()
                .filter(|_| schema.columns.extra_width() > 0),
            extra,
        }
    }

    /// The records of some points, each of `record` bytes behind `before` zeros.
    pub(crate) fn encode_points(
        &self,
        points: Range<usize>,
        record: usize,
        before: usize,
    ) -> Result<Vec<u8>, LasProblem> {
        let mut bytes = vec![0; points.len() * (before + record)];
        self.fill_records(points, before, &mut bytes)?;
        Ok(bytes)
    }

    /// Puts some points into as many equally long records, each behind `before` bytes; all are
    /// zeros so far.
    pub(crate) fn fill_records(
        &self,
        points: Range<usize>,
        before: usize,
        bytes: &mut [u8],
    ) -> Result<(), LasProblem> {
        let width = bytes.len() / points.len().max(1);
        if width == 0 {
            return Ok(());
        }
        for (i, to) in points.clone().zip(bytes.chunks_exact_mut(width)) {
            let (standard, rest) = to[before..].split_at_mut(STANDARD);
            self.put_standard(i, standard)?;
            if self.format >= 7 {
                self.put_colour(i, rest);
            }
        }
        let mut at = before + self.base;
        if let Some(rows) = self.carried {
            let end = at + usize::from(rows.width());
            for (i, to) in points.clone().zip(bytes.chunks_exact_mut(width)) {
                to[at..end].copy_from_slice(rows.row(i));
            }
            at = end;
        }
        for (column, values) in self.schema.extra_bytes.iter().zip(self.extra) {
            let end = at + column.kind.bytes();
            let records = bytes.chunks_exact_mut(width);
            for ((i, &value), to) in points.clone().zip(&values[points.clone()]).zip(records) {
                column
                    .kind
                    .store(stored_number(column, value, i)?, &mut to[at..end]);
            }
            at = end;
        }
        Ok(())
    }

    /// Puts the fields that PDRF 6 to 10 have into their 30 bytes.
    #[inline(always)]
    fn put_standard(&self, i: usize, to: &mut [u8]) -> Result<(), LasProblem> {
        let point = self.positions.absolute(i);
        for axis in 0..3 {
            let step = self.step_of(point[axis], axis)?;
            to[4 * axis..4 * axis + 4].copy_from_slice(&step.to_le_bytes());
        }
        let [number, of] = value_or(self.returns, i, [1, 1]);
        if number.max(of) > 15 {
            return Err(LasProblem::Unwritable(format!(
                "point {i} is return {number} of {of}, but 15 at most can be stored"
            )));
        }
        to[12..14].copy_from_slice(&value_or(self.intensity, i, 0).to_le_bytes());
        to[14] = (number & 15) | (of & 15) << 4;
        to[15] = value_or(self.flags, i, 0);
        to[16] = value_or(self.classification, i, 0);
        to[17] = value_or(self.user_data, i, 0);
        if let Some(angles) = self.scan_angle {
            to[18..20].copy_from_slice(&angle_steps(angles[i], i)?.to_le_bytes());
        }
        to[20..22].copy_from_slice(&value_or(self.point_source, i, 0).to_le_bytes());
        to[22..30].copy_from_slice(&value_or(self.gps_time, i, 0.0).to_le_bytes());
        Ok(())
    }

    /// Puts the colour of PDRF 7, and the near infrared of PDRF 8, behind the standard fields.
    #[inline(always)]
    fn put_colour(&self, i: usize, to: &mut [u8]) {
        let rgb = value_or(self.rgb, i, [0; 3]);
        for (channel, value) in rgb.into_iter().enumerate() {
            to[2 * channel..2 * channel + 2].copy_from_slice(&value.to_le_bytes());
        }
        if self.format >= 8 {
            to[6..8].copy_from_slice(&value_or(self.nir, i, 0).to_le_bytes());
        }
    }

    /// A coordinate as whole steps from the offset.
    #[inline(always)]
    fn step_of(&self, value: f64, axis: usize) -> Result<i32, LasProblem> {
        let scale = self.schema.scale;
        let offset = self.schema.offset[axis];
        let step = rounded((value - offset) / scale);
        if step < f64::from(i32::MIN) || step > f64::from(i32::MAX) {
            return Err(LasProblem::Unwritable(format!(
                "the coordinate {value} is too far from the offset {offset} for steps of {scale}: give an offset near the points",
            )));
        }
        Ok(step as i32) // in range: checked above
    }
}

/// A column that is there and wanted.
fn wanted<T>(column: &Option<Vec<T>>, is_wanted: bool) -> Option<&[T]> {
    column.as_deref().filter(|_| is_wanted)
}

/// A value of a column, or `absent` if it is not there.
#[inline(always)]
fn value_or<T: Copy>(column: Option<&[T]>, i: usize, absent: T) -> T {
    column.map_or(absent, |values| values[i])
}

/// A scan angle (degrees) in its steps.
#[inline(always)]
fn angle_steps(angle: f32, point: usize) -> Result<i16, LasProblem> {
    let steps = rounded(f64::from(angle / ANGLE_STEP));
    if (f64::from(i16::MIN)..=f64::from(i16::MAX)).contains(&steps) {
        return Ok(steps as i16);
    }
    Err(LasProblem::Unwritable(format!(
        "the scan angle of point {point} is {angle}°, but must be within ±196°"
    )))
}

/// Rounds to a whole number, halves away from zero: [`f64::round`], which is a function call on
/// processors that are only known to be x86-64.
#[inline(always)]
fn rounded(value: f64) -> f64 {
    const WHOLE: f64 = (1_u64 << (f64::MANTISSA_DIGITS - 1)) as f64;
    if value.abs() < WHOLE {
        let towards_zero = value as i64 as f64;
        let rest = value - towards_zero; // exact
        towards_zero + f64::from(i8::from(rest >= 0.5) - i8::from(rest <= -0.5))
    } else {
        value // whole already, infinite or NaN
    }
}

/// The number that an extra column stores for a value. Refuses a value that it cannot hold, or
/// would say "none" of.
#[inline(always)]
fn stored_number(column: &ExtraBytes, value: f64, point: usize) -> Result<f64, LasProblem> {
    if value.is_nan()
        && let Some(no_data) = column.no_data
    {
        return Ok(no_data);
    }
    let exact = (value - column.shift) / column.scale;
    let is_float = column.kind.is_float();
    let stored = if is_float { exact } else { rounded(exact) };
    let is_none_or_infinite = is_float && !stored.is_finite();
    if !is_none_or_infinite && !column.kind.value_range().contains(&stored) {
        return Err(does_not_fit(column, value, point));
    }
    if !is_float && column.no_data == Some(stored) {
        let name = &column.name;
        return Err(LasProblem::Unwritable(format!(
            "the value {value} of point {point} is the no-data value of the column {name}"
        )));
    }
    Ok(stored)
}

/// The error of a value that a column cannot hold.
#[cold]
fn does_not_fit(column: &ExtraBytes, value: f64, point: usize) -> LasProblem {
    let name = &column.name;
    let kind = column.kind;
    let (low, high) = kind.value_range().into_inner();
    LasProblem::Unwritable(format!(
        "the value {value} of point {point} does not fit the column {name} ({kind:?}, {low} to {high} as stored)"
    ))
}

#[cfg(test)]
mod tests {
    use super::rounded;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rounded_is_round(value in any::<f64>(), whole in -1_000_000_i32..1_000_000, quarter in -4_i8..5) {
            let near = f64::from(whole) + 0.25 * f64::from(quarter);
            for value in [value, near, near.next_up(), near.next_down()] {
                let [found, expected] = [rounded(value), value.round()];
                prop_assert!(found == expected || found.is_nan() && expected.is_nan(), "{value}: {found}, {expected}");
            }
        }
    }

    #[test]
    fn numbers_at_the_edge_are_rounded() {
        for value in [
            0.49999999999999994,
            -0.49999999999999994,
            4_503_599_627_370_495.5,
            f64::INFINITY,
            1e300,
        ] {
            assert!(rounded(value) == value.round(), "{value}");
        }
    }
}
