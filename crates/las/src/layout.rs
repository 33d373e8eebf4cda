//! Offsets of the fields in a point record (LAS 1.4 R15, tables 7 to 17).

use crate::error::{Checked, LasProblem};
use isopach_cloud::Columns;

/// Degrees a step of the scan angle of PDRF 6 to 10.
pub(crate) const ANGLE_STEP: f32 = 0.006;

/// Byte offsets of the fields of one point record format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) format: u8,
    /// Bytes of the standard fields; extra bytes follow.
    pub(crate) base: usize,
    pub(crate) classification: usize,
    /// Bits of the classification byte that hold the class.
    pub(crate) class_mask: u8,
    point_source: usize,
    gps_time: Option<usize>,
    rgb: Option<usize>,
    nir: Option<usize>,
}

impl Layout {
    /// The layout of a point record format, 0 to 10.
    pub(crate) fn of_format(format: u8) -> Checked<Self> {
        const BASE: [usize; 11] = [20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67];
        let Some(&base) = BASE.get(usize::from(format)) else {
            return Err(LasProblem::Unsupported(format!(
                "point data record format {format}"
            )));
        };
        Ok(if format < 6 {
            let gps_time = matches!(format, 1 | 3 | 4 | 5).then_some(20);
            let rgb = match format {
                2 => Some(20),
                3 | 5 => Some(28),
                _ => None,
            };
            Self {
                format,
                base,
                classification: 15,
                class_mask: 0x1F,
                point_source: 18,
                gps_time,
                rgb,
                nir: None,
            }
        } else {
            let rgb = matches!(format, 7 | 8 | 10).then_some(30);
            let nir = matches!(format, 8 | 10).then_some(36);
            Self {
                format,
                base,
                classification: 16,
                class_mask: 0xFF,
                point_source: 20,
                gps_time: Some(22),
                rgb,
                nir,
            }
        })
    }

    /// Return number and number of returns from their byte.
    pub(crate) fn split_returns(&self, byte: u8) -> [u8; 2] {
        if self.format < 6 {
            [byte & 7, byte >> 3 & 7]
        } else {
            [byte & 15, byte >> 4]
        }
    }

    pub(crate) fn classification_of(&self, record: &[u8]) -> u8 {
        record[self.classification] & self.class_mask
    }

    pub(crate) fn intensity_of(&self, record: &[u8]) -> u16 {
        u16_at(record, 12)
    }

    pub(crate) fn point_source_of(&self, record: &[u8]) -> u16 {
        u16_at(record, self.point_source)
    }

    pub(crate) fn user_data_of(&self, record: &[u8]) -> u8 {
        record[17]
    }

    /// Degrees: whole ones before PDRF 6, steps of 0.006 from then on.
    pub(crate) fn scan_angle_of(&self, record: &[u8]) -> f32 {
        if self.format < 6 {
            f32::from(record[16] as i8)
        } else {
            f32::from(u16_at(record, 18) as i16) * ANGLE_STEP
        }
    }

    /// In the order of PDRF 6 to 10; the older formats have three flags of class, and no scanner
    /// channel.
    pub(crate) fn flags_of(&self, record: &[u8]) -> u8 {
        if self.format < 6 {
            record[15] >> 5 | record[14] & 0xC0
        } else {
            record[15]
        }
    }

    pub(crate) fn gps_time_of(&self, record: &[u8]) -> Option<f64> {
        self.gps_time.map(|at| f64_at(record, at))
    }

    pub(crate) fn rgb_of(&self, record: &[u8]) -> Option<[u16; 3]> {
        self.rgb
            .map(|at| [0, 2, 4].map(|channel| u16_at(record, at + channel)))
    }

    pub(crate) fn nir_of(&self, record: &[u8]) -> Option<u16> {
        self.nir.map(|at| u16_at(record, at))
    }

    /// The columns that the format has.
    pub(crate) fn columns(&self) -> Columns {
        let optional = [
            (self.gps_time, Columns::GPS_TIME),
            (self.rgb, Columns::RGB),
            (self.nir, Columns::NIR),
        ];
        let absent = optional.iter().filter(|(place, _)| place.is_none());
        absent.fold(Columns::ALL, |columns, (_, column)| {
            columns.without(*column)
        })
    }

    /// Refuses columns that the format does not have.
    pub(crate) fn check_columns(&self, columns: Columns) -> Checked<()> {
        let there = self.columns();
        let names = [
            (Columns::GPS_TIME, "GPS time"),
            (Columns::RGB, "colour"),
            (Columns::NIR, "near infrared"),
        ];
        let missing = names
            .iter()
            .find(|(column, _)| columns.contains(*column) && !there.contains(*column));
        missing.map_or(Ok(()), |(_, name)| {
            Err(LasProblem::MissingColumn {
                format: self.format,
                column: (*name).into(),
            })
        })
    }
}

/// Little-endian fields of a record; the caller has checked that the record is long enough for its
/// layout.
pub(crate) fn i32_at(record: &[u8], at: usize) -> i32 {
    i32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]])
}

fn u16_at(record: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([record[at], record[at + 1]])
}

fn f64_at(record: &[u8], at: usize) -> f64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&record[at..at + 8]);
    f64::from_le_bytes(bytes)
}
