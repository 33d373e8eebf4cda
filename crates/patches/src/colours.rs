//! Colours on one scale.

use crate::{Attribute, Column, ColumnSource, Patch, Statistics};

/// Bits that the files of a survey use for a colour: some writers store 8-bit numbers in the
/// fields of 16 bits as they are.
///
/// It is one for a whole survey, found from the largest number of all its points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColourBits {
    /// 0 to 255.
    Eight,
    /// 0 to 65,535.
    Sixteen,
}

impl ColourBits {
    /// The bits of a survey, by the largest number of its colours.
    #[must_use]
    pub fn of_largest(largest: u16) -> Self {
        if largest <= u16::from(u8::MAX) {
            Self::Eight
        } else {
            Self::Sixteen
        }
    }

    /// The number of bits.
    #[must_use]
    pub fn count(self) -> u32 {
        match self {
            Self::Eight => 8,
            Self::Sixteen => 16,
        }
    }

    /// The divisor that brings a colour to 0 to 255.
    fn divisor(self) -> f64 {
        match self {
            Self::Eight => 1.0,
            Self::Sixteen => 257.0,
        }
    }

    /// Brings the colours of a patch to 0 to 255.
    pub fn scale_patch(self, patch: &mut Patch, columns: &[Column]) {
        let divisor = self.divisor();
        for (column, values) in columns.iter().zip(&mut patch.columns) {
            if is_colour(column) && self == Self::Sixteen {
                for value in values {
                    *value = (f64::from(*value) / divisor) as f32;
                }
            }
        }
    }

    /// Brings the statistics of colours to those of 0 to 255.
    pub fn scale_statistics(self, statistics: &mut Statistics, columns: &[Column]) {
        let divisor = self.divisor();
        let colours = columns.iter().filter(|column| is_colour(column));
        for colour in colours {
            let of_set = statistics.columns.iter_mut();
            let found = of_set.filter(|column| column.name == colour.name);
            for moments in found.flat_map(|column| &mut column.moments) {
                moments.mean /= divisor;
                moments.squares /= divisor * divisor;
            }
        }
    }
}

fn is_colour(column: &Column) -> bool {
    matches!(
        column.source,
        ColumnSource::Attribute(Attribute::Colour | Attribute::NearInfrared)
    )
}
