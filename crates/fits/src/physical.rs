//! From what is stored to what it means.

use crate::Header;
use fitskit::PixelData;

/// BZERO + BSCALE × stored. BLANK has a meaning for whole numbers only; real files have it with real numbers too.
pub(crate) fn physical(stored: &PixelData, header: &Header) -> Vec<f64> {
    let (scale, zero) = (header.number("BSCALE").unwrap_or(1.0), header.number("BZERO").unwrap_or(0.0));
    let blank = header.0.get_int("ZBLANK").or_else(|| header.0.get_int("BLANK"));
    let whole = |x: i64| if blank == Some(x) { f64::NAN } else { zero + scale * x as f64 };
    match stored {
        PixelData::U8(v) => v.iter().map(|&x| whole(x.into())).collect(),
        PixelData::I16(v) => v.iter().map(|&x| whole(x.into())).collect(),
        PixelData::I32(v) => v.iter().map(|&x| whole(x.into())).collect(),
        PixelData::I64(v) => v.iter().map(|&x| whole(x)).collect(),
        PixelData::F32(v) => v.iter().map(|&x| zero + scale * f64::from(x)).collect(),
        PixelData::F64(v) => v.iter().map(|&x| zero + scale * x).collect(),
    }
}
