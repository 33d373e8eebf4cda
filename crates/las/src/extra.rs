//! Named extra bytes: descriptors of 192 bytes in the record "LASF_Spec" 4 (LAS 1.4 R15, table 24).

use crate::header::{Record, text};

/// Type of an extra column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExtraKind {
    /// 8-bit unsigned.
    U8,
    /// 16-bit unsigned.
    U16,
    /// 32-bit unsigned.
    U32,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
}

impl ExtraKind {
    /// Bytes of a value.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::U16 => 2,
            Self::U32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    fn code(self) -> u8 {
        match self {
            Self::U8 => 1,
            Self::U16 => 3,
            Self::U32 => 5,
            Self::F32 => 9,
            Self::F64 => 10,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        [Self::U8, Self::U16, Self::U32, Self::F32, Self::F64].into_iter().find(|kind| kind.code() == code)
    }

    /// Appends a value; an integer is rounded and kept within its range, and NaN becomes 0 there.
    pub(crate) fn append(self, value: f64, to: &mut Vec<u8>) {
        match self {
            Self::U8 => to.push(value.round() as u8),
            Self::U16 => to.extend((value.round() as u16).to_le_bytes()),
            Self::U32 => to.extend((value.round() as u32).to_le_bytes()),
            Self::F32 => to.extend((value as f32).to_le_bytes()),
            Self::F64 => to.extend(value.to_le_bytes()),
        }
    }

    pub(crate) fn read(self, bytes: &[u8]) -> f64 {
        let mut word = [0; 8];
        word[..self.bytes()].copy_from_slice(&bytes[..self.bytes()]);
        match self {
            Self::F64 => f64::from_le_bytes(word),
            Self::F32 => f64::from(f32::from_le_bytes([word[0], word[1], word[2], word[3]])),
            _ => u64::from_le_bytes(word) as f64, // at most 32 bits: exact
        }
    }
}

/// A named extra column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtraBytes {
    /// At most 32 bytes.
    pub name: String,
    /// At most 32 bytes: unit and meaning.
    pub description: String,
    /// Type of its values.
    pub kind: ExtraKind,
    /// Byte offset behind the standard fields, set when read.
    pub(crate) offset: usize,
}

impl ExtraBytes {
    /// A column to be written.
    #[must_use]
    pub fn new(name: impl Into<String>, description: impl Into<String>, kind: ExtraKind) -> Self {
        Self { name: name.into(), description: description.into(), kind, offset: 0 }
    }

    /// Its descriptor. A float without a value is NaN, and the descriptor says so as "no data".
    pub(crate) fn descriptor(&self) -> [u8; 192] {
        let mut bytes = [0; 192];
        bytes[2] = self.kind.code();
        let put = |to: &mut [u8], text: &str| {
            let length = text.len().min(to.len());
            to[..length].copy_from_slice(&text.as_bytes()[..length]);
        };
        put(&mut bytes[4..36], &self.name);
        if matches!(self.kind, ExtraKind::F32 | ExtraKind::F64) {
            bytes[3] = 1; // options: the no-data value is set
            bytes[40..48].copy_from_slice(&f64::NAN.to_le_bytes());
        }
        put(&mut bytes[160..192], &self.description);
        bytes
    }
}

/// The extra columns that are described and lie within the `available` bytes of a record. Kinds that cannot be read end the list's usefulness
/// for what follows them only as far as their size is unknown.
pub(crate) fn described(records: &[Record], available: usize) -> Vec<ExtraBytes> {
    let Some(record) = records.iter().find(|r| r.user == "LASF_Spec" && r.id == 4) else { return Vec::new() };
    const SIZES: [usize; 11] = [0, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8];
    let mut columns = Vec::new();
    let mut offset = 0;
    for descriptor in record.data.as_chunks::<192>().0 {
        let (code, options) = (usize::from(descriptor[2]), usize::from(descriptor[3]));
        let size = match SIZES.get(code) {
            Some(0) => options,
            Some(size) => *size,
            None => break,
        };
        if offset + size > available {
            break;
        }
        if let Some(kind) = ExtraKind::from_code(descriptor[2]) {
            let (name, description) = (text(&descriptor[4..36]), text(&descriptor[160..192]));
            columns.push(ExtraBytes { name, description, kind, offset });
        }
        offset += size;
    }
    columns
}
