//! Named extra bytes: descriptors of 192 bytes in the record "LASF_Spec" 4 (LAS 1.4 R15, table 24).

use crate::{records::Record, text::trimmed_text};
use std::{
    collections::{HashMap, HashSet},
    ops::RangeInclusive,
};

/// Number type of an extra column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ExtraKind {
    /// 8-bit unsigned.
    U8,
    /// 8-bit signed.
    I8,
    /// 16-bit unsigned.
    U16,
    /// 16-bit signed.
    I16,
    /// 32-bit unsigned.
    U32,
    /// 32-bit signed.
    I32,
    /// 64-bit unsigned; as `f64` exact up to 2⁵³.
    U64,
    /// 64-bit signed; as `f64` exact up to ±2⁵³.
    I64,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
}

impl ExtraKind {
    /// In the order of their codes, from 1.
    const ALL: [Self; 10] = [
        Self::U8,
        Self::I8,
        Self::U16,
        Self::I16,
        Self::U32,
        Self::I32,
        Self::U64,
        Self::I64,
        Self::F32,
        Self::F64,
    ];

    /// Bytes per value.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// Whether values are floats.
    pub(crate) fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }

    /// The finite values that are stored without loss: of whole numbers of eight bytes those up to
    /// where each is an `f64`.
    pub(crate) fn value_range(self) -> RangeInclusive<f64> {
        const WHOLE: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;
        match self {
            Self::U8 => 0.0..=f64::from(u8::MAX),
            Self::I8 => f64::from(i8::MIN)..=f64::from(i8::MAX),
            Self::U16 => 0.0..=f64::from(u16::MAX),
            Self::I16 => f64::from(i16::MIN)..=f64::from(i16::MAX),
            Self::U32 => 0.0..=f64::from(u32::MAX),
            Self::I32 => f64::from(i32::MIN)..=f64::from(i32::MAX),
            Self::U64 => 0.0..=WHOLE,
            Self::I64 => -WHOLE..=WHOLE,
            Self::F32 => f64::from(f32::MIN)..=f64::from(f32::MAX),
            Self::F64 => f64::MIN..=f64::MAX,
        }
    }

    /// The type's code in a descriptor.
    fn type_code(self) -> u8 {
        Self::ALL
            .iter()
            .position(|kind| *kind == self)
            .map_or(0, |i| i as u8 + 1)
    }

    /// Puts a value into as many bytes as the type has; an integer is rounded and kept within its
    /// range, and NaN becomes 0 there.
    #[inline(always)]
    pub(crate) fn store(self, value: f64, to: &mut [u8]) {
        match self {
            Self::U8 => to.copy_from_slice(&[value.round() as u8]),
            Self::I8 => to.copy_from_slice(&(value.round() as i8).to_le_bytes()),
            Self::U16 => to.copy_from_slice(&(value.round() as u16).to_le_bytes()),
            Self::I16 => to.copy_from_slice(&(value.round() as i16).to_le_bytes()),
            Self::U32 => to.copy_from_slice(&(value.round() as u32).to_le_bytes()),
            Self::I32 => to.copy_from_slice(&(value.round() as i32).to_le_bytes()),
            Self::U64 => to.copy_from_slice(&(value.round() as u64).to_le_bytes()),
            Self::I64 => to.copy_from_slice(&(value.round() as i64).to_le_bytes()),
            Self::F32 => to.copy_from_slice(&(value as f32).to_le_bytes()),
            Self::F64 => to.copy_from_slice(&value.to_le_bytes()),
        }
    }

    /// Reads a stored number.
    fn read(self, bytes: &[u8]) -> f64 {
        let mut word = [0; 8];
        word[..self.bytes()].copy_from_slice(&bytes[..self.bytes()]);
        let unsigned = u64::from_le_bytes(word);
        match self {
            Self::U8 | Self::U16 | Self::U32 | Self::U64 => unsigned as f64,
            Self::I8 => f64::from(unsigned as i8),
            Self::I16 => f64::from(unsigned as i16),
            Self::I32 => f64::from(unsigned as i32),
            Self::I64 => (unsigned as i64) as f64,
            Self::F32 => f64::from(f32::from_bits(unsigned as u32)),
            Self::F64 => f64::from_bits(unsigned),
        }
    }

    /// A value as this type holds it: 0.1 in four bytes is not 0.1 in eight.
    fn in_own_type(self, value: f64) -> f64 {
        if self == Self::F32 {
            f64::from(value as f32)
        } else {
            value
        }
    }

    /// Decodes the no-data value from a descriptor's eight bytes. They should hold the widest type
    /// of the column's class (`u64`, `i64` or `f64`). Some writers store the column's own type
    /// there instead, which shows as a value that the column cannot have: an integer out of range,
    /// or a tiny float.
    fn read_no_data(self, word: &[u8]) -> f64 {
        let wide = self.widest_of_class().read(word);
        let fits = match self {
            Self::U64 | Self::I64 | Self::F64 => true,
            Self::F32 => wide == 0.0 || wide.is_nan() || wide.is_normal() || wide.is_infinite(),
            Self::U8 | Self::I8 | Self::U16 | Self::I16 | Self::U32 | Self::I32 => {
                self.value_range().contains(&wide)
            }
        };
        if fits { wide } else { self.read(word) }
    }

    /// A value in the eight bytes that descriptors have for one: as the widest type of its sort.
    fn widest_of_class(self) -> Self {
        match self {
            Self::U8 | Self::U16 | Self::U32 | Self::U64 => Self::U64,
            Self::I8 | Self::I16 | Self::I32 | Self::I64 => Self::I64,
            Self::F32 | Self::F64 => Self::F64,
        }
    }
}

/// An extra column of a point record: its name, type, scale and no-data value. A value is `stored ·
/// scale + shift`, or NaN if the stored number is the no-data value.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ExtraBytes {
    /// At most 32 bytes. Of columns of two or three values (deprecated in LAS 1.4), each is a
    /// column of its own: `name[0]`, `name[1]`, `name[2]`.
    pub name: String,
    /// At most 32 bytes: unit and meaning.
    pub description: String,
    /// Type of the stored numbers.
    pub kind: ExtraKind,
    /// Factor applied to a stored number.
    pub scale: f64,
    /// Added after the factor is applied.
    pub shift: f64,
    /// The stored value that stands for "none".
    pub no_data: Option<f64>,
}

impl ExtraBytes {
    /// Describes an unscaled column to be written; a float's "no data" is NaN.
    ///
    /// ```
    /// use isopach_las::{ExtraBytes, ExtraKind};
    /// let column = ExtraBytes::new("deviation", "of the pulse shape", ExtraKind::U16).with_no_data(65_535.0);
    /// assert_eq!((column.scale, column.no_data), (1.0, Some(65_535.0)));
    /// ```
    #[must_use]
    pub fn new(name: impl Into<String>, description: impl Into<String>, kind: ExtraKind) -> Self {
        let no_data = kind.is_float().then_some(f64::NAN);
        Self {
            name: name.into(),
            description: description.into(),
            kind,
            scale: 1.0,
            shift: 0.0,
            no_data,
        }
    }

    /// The same column with another encoding: a stored number n stands for `n · scale + shift`.
    #[must_use]
    pub fn with_scale(mut self, scale: f64, shift: f64) -> Self {
        self.scale = scale;
        self.shift = shift;
        self
    }

    /// The same column, in which the stored number `stored` stands for NaN.
    #[must_use]
    pub fn with_no_data(mut self, stored: f64) -> Self {
        self.no_data = Some(stored);
        self
    }

    /// Whether both have the same name, and equal bytes stand for equal values.
    #[must_use]
    pub fn is_stored_like(&self, other: &Self) -> bool {
        let bits = |column: &Self| {
            let no_data = column.no_data.map(|none| {
                // Every NaN says the same.
                if none.is_nan() { f64::NAN } else { none }.to_bits()
            });
            (column.scale.to_bits(), column.shift.to_bits(), no_data)
        };
        self.name == other.name && self.kind == other.kind && bits(self) == bits(other)
    }

    /// The value that is stored in `bytes`.
    pub(crate) fn read_value(&self, bytes: &[u8]) -> f64 {
        let stored = self.kind.read(bytes);
        let is_none = self
            .no_data
            .is_some_and(|none| self.kind.in_own_type(none) == stored);
        if is_none {
            f64::NAN
        } else {
            stored * self.scale + self.shift
        }
    }

    /// Its descriptor.
    pub(crate) fn to_descriptor(&self) -> [u8; 192] {
        let mut bytes = [0; 192];
        bytes[2] = self.kind.type_code();
        put_text(&mut bytes[4..36], &self.name);
        if let Some(no_data) = self.no_data {
            bytes[3] |= 1;
            self.kind
                .widest_of_class()
                .store(no_data, &mut bytes[40..48]);
        }
        for (bit, at, value, plain) in [(8, 112, self.scale, 1.0), (16, 136, self.shift, 0.0)] {
            if value != plain {
                bytes[3] |= bit;
                bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
            }
        }
        put_text(&mut bytes[160..192], &self.description);
        bytes
    }

    /// The columns of a descriptor whose values start `at` bytes after the standard fields: one per
    /// value of the point, so two or three for the deprecated array types; each with its offset.
    fn from_descriptor(
        descriptor: &[u8; 192],
        kind: ExtraKind,
        values: usize,
        at: usize,
    ) -> impl Iterator<Item = (Self, usize)> {
        let options = descriptor[3];
        let word =
            move |from: usize, value: usize| &descriptor[from + 8 * value..from + 8 * value + 8];
        let name = trimmed_text(&descriptor[4..36]);
        let description = trimmed_text(&descriptor[160..192]);
        (0..values).map(move |value| {
            let column = Self {
                name: if values == 1 {
                    name.clone()
                } else {
                    format!("{name}[{value}]")
                },
                description: description.clone(),
                kind,
                scale: if options & 8 == 0 {
                    1.0
                } else {
                    ExtraKind::F64.read(word(112, value))
                },
                shift: if options & 16 == 0 {
                    0.0
                } else {
                    ExtraKind::F64.read(word(136, value))
                },
                no_data: (options & 1 != 0).then(|| kind.read_no_data(word(40, value))),
            };
            (column, at + value * kind.bytes())
        })
    }
}

/// Copies a text into a field, cut to its length.
fn put_text(field: &mut [u8], text: &str) {
    let length = text.len().min(field.len());
    field[..length].copy_from_slice(&text.as_bytes()[..length]);
}

/// Names that columns have. A name that is there already is given a number, so that each column can
/// be asked for.
///
/// No number of a name is tried twice, so that many equal names take no longer than many different
/// ones.
#[derive(Default)]
struct Names {
    used: HashSet<String>,
    /// The next number to try of a name that was there already.
    next: HashMap<String, usize>,
}

impl Names {
    /// The name, or with a number behind it where another column has it.
    fn unused_name(&mut self, name: String) -> String {
        if self.used.insert(name.clone()) {
            return name;
        }
        let next = self.next.entry(name.clone()).or_insert(2);
        loop {
            let numbered = format!("{name} ({next})");
            *next += 1;
            if self.used.insert(numbered.clone()) {
                return numbered;
            }
        }
    }
}

/// Parses the extra columns described by all extra-byte records and located within the `available`
/// bytes of a record. Bytes without a type are skipped; columns after an unknown type cannot be
/// located. Each column comes with its byte offset from the end of the standard fields.
pub(crate) fn parse_descriptors(records: &[Record], available: usize) -> Vec<(ExtraBytes, usize)> {
    let mut columns = Vec::new();
    let mut names = Names::default();
    let mut at = 0;
    let of_extra_bytes = records
        .iter()
        .filter(|record| record.user == "LASF_Spec" && record.id == 4);
    for descriptor in of_extra_bytes.flat_map(|record| record.data.as_chunks::<192>().0) {
        let code = usize::from(descriptor[2]);
        // 1 to 10 are single values, 11 to 20 two and 21 to 30 three of the same types.
        let (kind, values, size) = match code {
            0 => (None, 0, usize::from(descriptor[3])),
            1..=30 => {
                let kind = ExtraKind::ALL[(code - 1) % 10];
                let values = (code - 1) / 10 + 1;
                (Some(kind), values, kind.bytes() * values)
            }
            _ => break,
        };
        if at + size > available {
            break;
        }
        for (mut column, at) in kind
            .into_iter()
            .flat_map(|kind| ExtraBytes::from_descriptor(descriptor, kind, values, at))
        {
            column.name = names.unused_name(column.name);
            columns.push((column, at));
        }
        at += size;
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn columns_of_all_types_come_back(
            kind in prop::sample::select(ExtraKind::ALL.to_vec()), stored in -100..100_i32, scale in 0.01..2.0_f64, shift in -50.0..50.0_f64, none in any::<bool>(),
        ) {
            let column = ExtraBytes { scale, shift, no_data: none.then_some(77.0), ..ExtraBytes::new("a name", "m", kind) };
            let unsigned = matches!(kind.widest_of_class(), ExtraKind::U64);
            let stored = f64::from(if unsigned { stored.abs() } else { stored });
            let value = if none && stored == 77.0 { f64::NAN } else { stored * scale + shift };
            let record = Record { user: "LASF_Spec".into(), id: 4, data: column.to_descriptor().to_vec() };
            let found = parse_descriptors(&[record], kind.bytes());
            prop_assert_eq!(&found, &vec![(column.clone(), 0)]);
            let mut bytes = vec![0; kind.bytes()];
            let stored = if value.is_nan() { 77.0 } else { (value - shift) / scale };
            kind.store(stored, &mut bytes);
            let back = column.read_value(&bytes);
            let single = if kind == ExtraKind::F32 { 1e-4 } else { 1e-9 };
            prop_assert!((back - value).abs() < single || back.is_nan() && value.is_nan(), "{back} {value}");
        }
    }

    #[test]
    fn all_records_are_read_and_names_are_made_different() {
        let record = |names: &[&str]| Record {
            user: "LASF_Spec".into(),
            id: 4,
            data: names
                .iter()
                .flat_map(|name| ExtraBytes::new(*name, "", ExtraKind::U16).to_descriptor())
                .collect(),
        };
        let found = parse_descriptors(&[record(&["a", "b"]), record(&["a"]), record(&["a"])], 8);
        let places: Vec<(&str, usize)> =
            found.iter().map(|(c, at)| (c.name.as_str(), *at)).collect();
        assert_eq!(places, [("a", 0), ("b", 2), ("a (2)", 4), ("a (3)", 6)]);
    }

    #[test]
    fn thousands_of_equal_names_are_numbered_in_time() {
        const COLUMNS: usize = 20_000;
        let named = |name: &str| ExtraBytes::new(name, "", ExtraKind::U8).to_descriptor();
        // Every other name is one that a number would make.
        let data = (0..COLUMNS).flat_map(|i| {
            if i % 2 == 0 {
                named("a")
            } else {
                named(&format!("a ({})", i + 2))
            }
        });
        let record = Record {
            user: "LASF_Spec".into(),
            id: 4,
            data: data.collect(),
        };
        let found = parse_descriptors(&[record], COLUMNS);
        let different: HashSet<&str> = found
            .iter()
            .map(|(column, _)| column.name.as_str())
            .collect();
        assert_eq!((found.len(), different.len()), (COLUMNS, COLUMNS));
        let equal = Record {
            user: "LASF_Spec".into(),
            id: 4,
            data: named("a").repeat(COLUMNS),
        };
        let found = parse_descriptors(&[equal], COLUMNS);
        assert_eq!(
            (found.len(), found[COLUMNS - 1].0.name.as_str()),
            (COLUMNS, "a (20000)")
        );
    }

    #[test]
    fn no_data_is_compared_in_the_columns_own_type() {
        let column = |kind: ExtraKind, word: [u8; 8]| {
            let mut descriptor = ExtraBytes::new("x", "", kind).to_descriptor();
            descriptor[3] = 1;
            descriptor[40..48].copy_from_slice(&word);
            ExtraBytes::from_descriptor(&descriptor, kind, 1, 0)
                .next()
                .unwrap()
                .0
        };
        // A float's 0.1 stated in eight bytes is stored in four.
        let tenth = column(ExtraKind::F32, 0.1_f64.to_le_bytes());
        assert!(tenth.read_value(&0.1_f32.to_le_bytes()).is_nan());
        assert_eq!(tenth.read_value(&0.2_f32.to_le_bytes()), f64::from(0.2_f32));
        // -9999 in the column's own type: two bytes, or four.
        let mut word = [0; 8];
        word[..2].copy_from_slice(&(-9999_i16).to_le_bytes());
        assert!(
            column(ExtraKind::I16, word)
                .read_value(&(-9999_i16).to_le_bytes())
                .is_nan()
        );
        word[..4].copy_from_slice(&(-9999.0_f32).to_le_bytes());
        assert!(
            column(ExtraKind::F32, word)
                .read_value(&(-9999.0_f32).to_le_bytes())
                .is_nan()
        );
        let wide = column(ExtraKind::I16, (-9999_i64).to_le_bytes());
        assert!(
            wide.read_value(&(-9999_i16).to_le_bytes()).is_nan()
                && wide.read_value(&1_i16.to_le_bytes()) == 1.0
        );
        assert_eq!(
            column(ExtraKind::U8, 255_u64.to_le_bytes()).no_data,
            Some(255.0)
        );
    }

    #[test]
    fn several_values_are_several_columns_and_unknown_bytes_are_stepped_over() {
        let descriptor = |code: u8, options: u8, name: &str| {
            let mut bytes = ExtraBytes::new(name, "", ExtraKind::U8).to_descriptor();
            (bytes[2], bytes[3]) = (code, options);
            bytes
        };
        let data = [
            descriptor(23, 0, "colours"),
            descriptor(0, 7, "?"),
            descriptor(12, 0, "flags"),
            descriptor(8, 0, "t"),
        ];
        let record = || {
            [Record {
                user: "LASF_Spec".into(),
                id: 4,
                data: data.concat(),
            }]
        };
        let found = parse_descriptors(&record(), 6 + 7 + 2 + 8);
        let places: Vec<(&str, ExtraKind, usize)> = found
            .iter()
            .map(|(c, at)| (c.name.as_str(), c.kind, *at))
            .collect();
        let (u16, i8) = (ExtraKind::U16, ExtraKind::I8);
        let colours = [
            ("colours[0]", u16, 0),
            ("colours[1]", u16, 2),
            ("colours[2]", u16, 4),
        ];
        assert_eq!(places[..3], colours);
        assert_eq!(
            places[3..],
            [
                ("flags[0]", i8, 13),
                ("flags[1]", i8, 14),
                ("t", ExtraKind::I64, 15)
            ]
        );
        assert_eq!(
            parse_descriptors(&record(), 14).len(),
            3,
            "what does not lie in the record is left out"
        );
    }
}
