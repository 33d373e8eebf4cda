//! Samples of an image as words of a storage buffer.

use isopach_compute::{Error, Result};
use isopach_raster::gather::{ImageView, Pixels};
use rayon::prelude::*;

/// Samples of magnitudes in between, and zero, have values within the tolerance in single precision:
/// sums do not overflow, and numbers that a device takes for zero are far below the tolerance.
const MAGNITUDES: std::ops::Range<f64> = 7.888_609_052_210_118e-31..1.267_650_600_228_229_4e30;

/// The type of samples, as `kind` of the kernels.
pub(super) fn kind_of(pixels: Pixels<'_>) -> Result<u32> {
    match pixels {
        Pixels::U8(_) => Ok(0),
        Pixels::U16(_) => Ok(1),
        Pixels::F16(_) => Ok(2),
        Pixels::F32(_) => Ok(3),
        _ => Err(Error::Unsupported {
            operation: "hold an image of this type",
        }),
    }
}

/// Declines an image that the kernels cannot read or whose values they cannot compute well.
pub(super) fn check_samples(image: &ImageView<'_>) -> Result<()> {
    kind_of(image.pixels())?;
    let sides = [image.columns(), image.rows()];
    let fits = u32::try_from(image.pixels().len()).is_ok();
    if !fits || sides.iter().any(|&side| side >= 1 << 30) {
        return Err(Error::Unsupported {
            operation: "hold an image of 2^32 samples: gather from parts of it",
        });
    }
    let largest = match image.pixels() {
        Pixels::F32(samples) => samples
            .par_iter()
            .filter(|sample| !sample.is_nan())
            .map(|sample| f64::from(sample.abs()))
            .reduce(|| 0.0, f64::max),
        Pixels::F16(samples) => samples
            .par_iter()
            .filter(|sample| !sample.is_nan())
            .map(|sample| f64::from(*sample).abs())
            .reduce(|| 0.0, f64::max),
        _ => 0.0,
    };
    if largest != 0.0 && !MAGNITUDES.contains(&largest) {
        return Err(Error::Unsupported {
            operation: "hold an image of infinite, huge or tiny numbers",
        });
    }
    Ok(())
}

/// Words that the samples of an image fill.
pub(super) fn word_count(image: &ImageView<'_>) -> usize {
    let samples = image.pixels().len();
    match image.pixels() {
        Pixels::U8(_) => samples.div_ceil(4),
        Pixels::U16(_) | Pixels::F16(_) => samples.div_ceil(2),
        _ => samples,
    }
}

/// A word of samples, the first in the lowest bits.
pub(super) fn word_of(pixels: Pixels<'_>, word: usize) -> u32 {
    let halves = |sample: &dyn Fn(usize) -> u16, count: usize| {
        let high = if 2 * word + 1 < count {
            sample(2 * word + 1)
        } else {
            0
        };
        u32::from(sample(2 * word)) | u32::from(high) << 16
    };
    match pixels {
        Pixels::U8(samples) => word_of_bytes(samples, word),
        Pixels::U16(samples) => halves(&|i| samples[i], samples.len()),
        Pixels::F16(samples) => halves(&|i| samples[i].to_bits(), samples.len()),
        Pixels::F32(samples) => samples[word].to_bits(),
        // `check_samples` has declined any other.
        _ => 0,
    }
}

/// Four bytes as a word, the first in the lowest bits; zeroes beyond the last.
pub(super) fn word_of_bytes(bytes: &[u8], word: usize) -> u32 {
    let mut four = [0; 4];
    let some = &bytes[4 * word..bytes.len().min(4 * word + 4)];
    four[..some.len()].copy_from_slice(some);
    u32::from_le_bytes(four)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_fill_words_from_the_lowest_bits() {
        assert_eq!(word_of_bytes(&[1, 2, 3, 4, 5], 0), 0x0403_0201);
        assert_eq!(word_of_bytes(&[1, 2, 3, 4, 5], 1), 5);
    }
}
