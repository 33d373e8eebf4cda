//! From lanes to the rows of pixels.

use super::vectors::MAX_LANES;
use crate::lanes::Lanes;

/// Bins that are turned from lanes to rows at a time.
const TILE: usize = 8;

/// From one value a bin and lane to one row a pixel.
#[inline(always)]
pub(super) fn write_rows<V: Lanes>(
    values: &[V],
    to: &mut [V::Scalar],
    pixels: usize,
    first: usize,
) {
    let bins = values.len();
    let lanes = V::COUNT.min(pixels - first);
    let to = &mut to[first * bins..][..lanes * bins];
    let mut tile = [[V::Scalar::default(); MAX_LANES]; TILE];
    for (block, values) in values.chunks(TILE).enumerate() {
        for (row, value) in tile.iter_mut().zip(values) {
            value.store(row);
        }
        for (lane, pixel) in to.chunks_exact_mut(bins).enumerate() {
            let bins = &mut pixel[block * TILE..][..values.len()];
            for (to, row) in bins.iter_mut().zip(&tile) {
                *to = row[lane % MAX_LANES];
            }
        }
    }
}

/// Column k of one matrix a pixel, from one value a row and lane.
#[inline(always)]
pub(super) fn write_column<V: Lanes>(
    values: &[V],
    k: usize,
    to: &mut [V::Scalar],
    pixels: usize,
    first: usize,
) {
    let bins = values.len();
    let mut here = [V::Scalar::default(); MAX_LANES];
    for (t, value) in values.iter().enumerate() {
        value.store(&mut here);
        for lane in 0..V::COUNT.min(pixels - first) {
            to[((first + lane) * bins + t) * bins + k] = here[lane];
        }
    }
}
