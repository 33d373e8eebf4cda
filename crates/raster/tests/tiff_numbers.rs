//! The numbers of a TIFF file, and where they are: a damaged file has others.

use crate::common::tiff_file::{number, width_of};

/// A number in a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    at: usize,
    width: usize,
    is_big_endian: bool,
}

impl Field {
    pub(crate) fn get(self, bytes: &[u8]) -> u64 {
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        let bytes = &bytes[self.at..self.at + self.width];
        if self.is_big_endian {
            bytes.iter().fold(0, add)
        } else {
            bytes.iter().rev().fold(0, add)
        }
    }

    pub(crate) fn set(self, bytes: &mut [u8], value: u64) {
        bytes[self.at..self.at + self.width].copy_from_slice(&number(
            value,
            self.width,
            self.is_big_endian,
        ));
    }
}

/// Numbers of a whole file.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    /// Those of the head and of the directories.
    pub(crate) fields: Vec<Field>,
    /// Offsets, or lengths, of blocks.
    pub(crate) tables: Vec<Vec<Field>>,
}

/// Where the numbers of a file are that says the truth.
pub(crate) fn directories(bytes: &[u8]) -> Numbers {
    let is_big_endian = bytes[0] == b'M';
    let field = |at: usize, width: usize| Field {
        at,
        width,
        is_big_endian,
    };
    let is_big = field(2, 2).get(bytes) == 43;
    let (word, head) = if is_big { (8, 8) } else { (4, 2) };
    let mut next = field(if is_big { 8 } else { 4 }, word);
    let mut numbers = Numbers {
        fields: vec![field(2, 2), next],
        tables: Vec::new(),
    };
    while next.get(bytes) != 0 {
        let at = next.get(bytes) as usize;
        let count = field(at, head).get(bytes) as usize;
        numbers.fields.push(field(at, head));
        for entry in 0..count {
            let at = at + head + entry * (4 + 2 * word);
            let [tag, kind, count, value] = [
                field(at, 2),
                field(at + 2, 2),
                field(at + 4, word),
                field(at + 4 + word, word),
            ];
            numbers.fields.extend([tag, kind, count, value]);
            let (width, count) = (width_of(kind.get(bytes) as u16), count.get(bytes) as usize);
            if matches!(tag.get(bytes), 273 | 279 | 324 | 325) {
                let from = if width * count <= word {
                    value.at
                } else {
                    value.get(bytes) as usize
                };
                numbers
                    .tables
                    .push((0..count).map(|i| field(from + i * width, width)).collect());
            }
        }
        next = field(at + head + count * (4 + 2 * word), word);
        numbers.fields.push(next);
    }
    numbers
}
