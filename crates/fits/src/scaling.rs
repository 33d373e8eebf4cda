//! Scaling from stored numbers to physical values.

use crate::FitsHeader;
use fitskit::PixelData;
use std::ops::Range;

/// BZERO + BSCALE × stored. BLANK has a meaning for whole numbers only; real files have it with
/// real numbers too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scaling {
    scale: f64,
    zero: f64,
    blank: Option<i64>,
}

impl Scaling {
    pub(crate) fn from_header(header: &FitsHeader) -> Self {
        Self {
            scale: header.number("BSCALE").unwrap_or(1.0),
            zero: header.number("BZERO").unwrap_or(0.0),
            blank: header.integer("ZBLANK").or_else(|| header.integer("BLANK")),
        }
    }

    /// The value of a stored integer; NaN for the blank.
    fn scale_integer(self, stored: i64) -> f64 {
        if self.blank == Some(stored) {
            f64::NAN
        } else {
            self.zero + self.scale * stored as f64
        }
    }

    /// Appends the values of some stored numbers.
    pub(crate) fn append_scaled(self, stored: &PixelData, range: Range<usize>, to: &mut Vec<f64>) {
        let Self { scale, zero, .. } = self;
        match stored {
            PixelData::U8(v) => to.extend(v[range].iter().map(|&x| self.scale_integer(x.into()))),
            PixelData::I16(v) => to.extend(v[range].iter().map(|&x| self.scale_integer(x.into()))),
            PixelData::I32(v) => to.extend(v[range].iter().map(|&x| self.scale_integer(x.into()))),
            PixelData::I64(v) => to.extend(v[range].iter().map(|&x| self.scale_integer(x))),
            PixelData::F32(v) => to.extend(v[range].iter().map(|&x| zero + scale * f64::from(x))),
            PixelData::F64(v) => to.extend(v[range].iter().map(|&x| zero + scale * x)),
        }
    }
}
