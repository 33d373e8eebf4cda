//! Encoding the numbers of a tile: quantisation step, byte order, gzip.

use crate::cube::CubeSample;
use flate2::{Compression, write::GzEncoder};
use ndarray::ArrayView1;
use std::io::Write;

/// The largest whole number of a rounded row.
const LARGEST: f64 = 32_767.0;
/// Rows whose largest is beyond this times the magnitude that nine in ten stay below are not
/// rounded.
const UNEVEN: f64 = 1e3;
/// Effort of gzip, of 9.
const EFFORT: u32 = 4;

/// Quantisation step for a row of real numbers, above zero; `None` if they are too uneven.
pub(crate) fn quantisation_step<T: CubeSample>(values: ArrayView1<'_, T>) -> Option<f64> {
    let mut sizes: Vec<f64> = values
        .iter()
        .map(|x| x.to_f64().abs())
        .filter(|x| x.is_finite())
        .collect();
    let Some(last) = sizes.len().checked_sub(1) else {
        return Some(1.0);
    };
    let (_, nine_in_ten, above) = sizes.select_nth_unstable_by(last * 9 / 10, f64::total_cmp);
    let nine_in_ten = *nine_in_ten;
    let largest = above.iter().copied().fold(nine_in_ten, f64::max);
    let scale = largest / LARGEST;
    if largest == 0.0 {
        Some(1.0)
    } else {
        (largest <= UNEVEN * nine_in_ten && scale.is_normal()).then_some(scale)
    }
}

/// Numbers, most significant byte first.
pub(crate) fn big_endian_bytes<T: CubeSample>(values: ArrayView1<'_, T>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(values.len() * size_of::<T>());
    values
        .iter()
        .for_each(|value| bytes.extend_from_slice(value.fits_bytes().as_ref()));
    bytes
}

/// All first bytes of the numbers, then all second ones: the order of GZIP_2.
pub(crate) fn shuffle_bytes(bytes: &[u8], count: usize) -> Vec<u8> {
    let width = bytes.len() / count.max(1);
    (0..width)
        .flat_map(|byte| bytes.iter().skip(byte).step_by(width))
        .copied()
        .collect()
}

pub(crate) fn gzip_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(EFFORT));
    // Writing to memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_rounded_where_its_numbers_are_of_one_size() {
        let of = |numbers: &[f64]| quantisation_step(ArrayView1::from(numbers));
        assert_eq!(of(&[0.0; 20]), Some(1.0));
        assert_eq!(of(&[f64::NAN; 20]), Some(1.0));
        assert_eq!(of(&[32_767.0; 20]), Some(1.0));
        let mut uneven = [1.0; 20];
        uneven[3] = 1e4;
        assert_eq!(of(&uneven), None);
        assert_eq!(of(&[1e-320; 20]), None, "too small to be divided by");
        assert_eq!(of(&[]), Some(1.0));
    }
}
