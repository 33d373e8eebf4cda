//! The definitions in plain loops: `f64` for values at places, whole numbers for pictures of 8 bits.

use super::{
    Gathering, ImageView, Masked, PlaceMap,
    place_map::{ONE, check_remap, integer_taps},
    taps::{axes, resolve_place, taps_at},
};
use crate::Sampling;
use isopach_compute::Result;
use ndarray::Array2;

/// [`super::HeldImage::gather`]: every value by itself.
#[must_use]
pub fn gather(image: ImageView<'_>, places: &[[f64; 2]], how: Gathering) -> Array2<f64> {
    Array2::from_shape_fn([places.len(), image.bands()], |(place, band)| {
        let value = |column, row| image.value(column, row, band);
        interpolate(image.size(), places[place], how, value)
    })
}

/// The value at a place in an image of `[columns, rows]` pixels, whose values a function gives by
/// column and row: NaN for a masked one.
///
/// The contributing pixels are visited by rows; each adds (weight of its row · weight of its column)
/// · value. Pixels of weight zero do not contribute, whatever their value.
#[must_use]
pub fn interpolate(
    size: [usize; 2],
    place: [f64; 2],
    how: Gathering,
    value: impl Fn(usize, usize) -> f64,
) -> f64 {
    if size.contains(&0) {
        return f64::NAN;
    }
    let Some([x, y]) = resolve_place(place, size, how.edges) else {
        return f64::NAN;
    };
    let [across, down] = axes(size, how.edges);
    let renormalised = how.masked == Masked::Renormalised;
    if renormalised && value(across.holder(x), down.holder(y)).is_nan() {
        return f64::NAN;
    }
    let [columns, rows] = taps_at([x, y], [across, down], how.sampling);
    let mut sum = 0.0;
    let mut weights = 0.0;
    let mut masked = false;
    for (row, row_weight) in (rows.first..).zip(rows.weights) {
        for (column, column_weight) in (columns.first..).zip(columns.weights) {
            let weight = row_weight * column_weight;
            if row_weight == 0.0 || column_weight == 0.0 {
                continue;
            }
            let value = value(across.pixel(column), down.pixel(row));
            if value.is_nan() {
                masked = true;
            } else {
                sum += weight * value;
                weights += weight;
            }
        }
    }
    match (masked, how.masked, how.sampling) {
        (false, ..) => sum,
        (true, Masked::Strict, _) => f64::NAN,
        (true, Masked::Renormalised, Sampling::Bicubic) => {
            interpolate(size, place, how.bilinear(), value)
        }
        (true, Masked::Renormalised, Sampling::Nearest | Sampling::Bilinear) => sum / weights,
    }
}

/// [`super::HeldImage::remap`]: every value by itself, in whole numbers.
///
/// Along each axis, the weights of the contributing pixels are whole 1/2048 that add up to 2048.
/// A value is Σ row weight · column weight · pixel, divided by 2²² and rounded once, half up; then
/// kept within 0 and 255.
///
/// # Errors
/// Those of [`super::HeldImage::remap`].
pub fn remap(image: ImageView<'_>, map: &PlaceMap, to: &mut [u8]) -> Result<()> {
    let samples = check_remap(&image, map, to.len())?;
    let bands = image.bands();
    for (index, pixel) in to.chunks_exact_mut(bands).enumerate() {
        let Some(place) = map.fixed_place(index) else {
            pixel.fill(0);
            continue;
        };
        for (band, to) in pixel.iter_mut().enumerate() {
            *to = remapped_value(samples, bands, map, place, band);
        }
    }
    Ok(())
}

/// The value of a band at a place in 1/2048 pixel.
fn remapped_value(
    samples: &[u8],
    bands: usize,
    map: &PlaceMap,
    place: [i32; 2],
    band: usize,
) -> u8 {
    let [columns, _] = map.source_size();
    let gathering = map.gathering();
    let [across, down] = axes(map.source_size(), gathering.edges);
    let [x_taps, y_taps] = integer_taps(place, [across, down], gathering.sampling);
    let mut sum = 0;
    for (row, row_weight) in (y_taps.first..).zip(y_taps.weights) {
        for (column, column_weight) in (x_taps.first..).zip(x_taps.weights) {
            let pixel = down.pixel(row) * columns + across.pixel(column);
            let value = i64::from(samples[pixel * bands + band]);
            sum += i64::from(row_weight) * i64::from(column_weight) * value;
        }
    }
    let one = i64::from(ONE) * i64::from(ONE);
    (sum + one / 2).div_euclid(one).clamp(0, 255) as u8
}
