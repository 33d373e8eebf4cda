//! Rows of an image as they would be on the pixels of another.

use isopach::{
    compute::Result,
    fits::ImageFile,
    raster::{Sampling, sample},
    solar::Wcs,
};
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use std::ops::Range;

/// Rows to both sides that cubic convolution needs, and one for rounding.
const BESIDE: f64 = 3.0;

/// From this number of file pixels in a result pixel on, the result is the mean of several places
/// in it, as a coarser detector would measure.
const COARSER: f64 = 1.5;

/// A resampling from one grid of pixels to another.
pub(super) struct Resampled {
    to: Wcs,
    from: Wcs,
    columns: usize,
    /// Numbers of the file from which on a pixel is saturated.
    saturated: f64,
    /// Places a side of a pixel of the result.
    places: usize,
}

impl Resampled {
    pub(super) fn new([to, from]: [Wcs; 2], columns: usize, saturated: f64) -> Self {
        let ratio = to.pixel_size() / from.pixel_size();
        let places = if ratio > COARSER {
            (ratio.ceil() as usize).min(64)
        } else {
            1
        };
        Self {
            to,
            from,
            columns,
            saturated,
            places,
        }
    }

    /// Whether a pixel of the result is a mean of several of the file.
    pub(super) fn is_coarser(&self) -> bool {
        self.places > 1
    }

    /// File pixels, with independent noise, in a result pixel: below one if they are larger.
    pub(super) fn independent(&self) -> f64 {
        (self.to.pixel_size() / self.from.pixel_size())
            .powi(2)
            .min(1.0)
    }

    /// `[row, column]` in the file of a place.
    fn place(&self, [row, column]: [f64; 2]) -> [f64; 2] {
        let [x, y] = self
            .from
            .world_to_pixel(self.to.pixel_to_world([column, row]));
        [y, x]
    }

    /// Rows of the file that some rows are made from; the projection is smooth, so their outlines
    /// suffice.
    fn rows_of(&self, rows: &Range<usize>, all: usize) -> Range<usize> {
        let steps = 32;
        let mut ends = [f64::INFINITY, f64::NEG_INFINITY];
        for row in [rows.start as f64 - 0.5, rows.end as f64 - 0.5] {
            for step in 0..=steps {
                let along = self.columns as f64 * f64::from(step) / f64::from(steps) - 0.5;
                let [at, _] = self.place([row, along]);
                if at.is_finite() {
                    ends = [ends[0].min(at), ends[1].max(at)];
                }
            }
        }
        if ends[0] > ends[1] {
            return 0..0;
        }
        let bound = |at: f64| at.clamp(0.0, all as f64) as usize;
        bound(ends[0].floor() - BESIDE)..bound(ends[1].ceil() + BESIDE + 1.0)
    }

    /// Reads and resamples by cubic convolution; NaN outside the file. If a saturated pixel takes
    /// part, the result is marked as saturated.
    pub(super) fn read(&self, file: &mut ImageFile, rows: Range<usize>) -> Result<Array2<f64>> {
        let source = self.rows_of(&rows, file.shape()[0]);
        let mut values = Array2::from_elem([rows.len(), self.columns], f64::NAN);
        if source.is_empty() {
            return Ok(values);
        }
        let read = file.read_rows(source.clone())?;
        let lines = values
            .as_slice_mut()
            .unwrap_or_default()
            .par_chunks_mut(self.columns);
        lines.zip(rows.into_par_iter()).for_each(|(line, row)| {
            for (column, value) in line.iter_mut().enumerate() {
                *value = self.value(read.view(), source.start, [row, column]);
            }
        });
        Ok(values)
    }

    fn value(&self, read: ArrayView2<'_, f64>, first: usize, [row, column]: [usize; 2]) -> f64 {
        let mut sum = 0.0;
        let mut largest = f64::NEG_INFINITY;
        let within = |i: usize| (i as f64 + 0.5) / self.places as f64 - 0.5;
        for down in 0..self.places {
            for along in 0..self.places {
                let [y, x] = self.place([row as f64 + within(down), column as f64 + within(along)]);
                let place = [y - first as f64, x];
                sum += sample(read, place, Sampling::Bicubic);
                largest = largest.max(largest_about(read, place));
            }
        }
        let mean = sum / (self.places * self.places) as f64;
        if largest >= self.saturated && mean.is_finite() {
            mean.max(largest)
        } else {
            mean
        }
    }

    /// Most rows of the file that an additional row needs, and that a single one does, over an
    /// image of `rows` rows.
    pub(super) fn rows_per_row(&self, file: &ImageFile, rows: usize) -> [f64; 2] {
        let all = file.shape()[0];
        let single = [0, rows / 2, rows.saturating_sub(1)]
            .into_iter()
            .map(|row: usize| self.rows_of(&(row..row + 1), all).len())
            .max()
            .unwrap_or(0);
        [
            self.to.pixel_size() / self.from.pixel_size() * COARSER,
            single as f64,
        ]
    }

    /// Share of an image of `rows` rows that the file covers.
    pub(super) fn share(&self, file: &ImageFile, rows: usize) -> f64 {
        const STEPS: usize = 24;
        let [all_rows, all_columns] = file.shape().map(|side| -0.5..side as f64 - 0.5);
        let at = |i: usize, count: usize| (i as f64 + 0.5) / STEPS as f64 * count as f64 - 0.5;
        let places = (0..STEPS * STEPS)
            .map(|i| self.place([at(i / STEPS, rows), at(i % STEPS, self.columns)]));
        let inside = places
            .filter(|[y, x]| all_rows.contains(y) && all_columns.contains(x))
            .count();
        inside as f64 / (STEPS * STEPS) as f64
    }
}

/// The largest of the pixels that cubic convolution takes at a place.
fn largest_about(read: ArrayView2<'_, f64>, [y, x]: [f64; 2]) -> f64 {
    if !(y.is_finite() && x.is_finite()) {
        return f64::NEG_INFINITY;
    }
    let about = |at: f64, count: usize| {
        let (first, last) = if at.fract() == 0.0 {
            (at, at)
        } else {
            (at.floor() - 1.0, at.floor() + 2.0)
        };
        let bound = |at: f64| at.clamp(0.0, count as f64 - 1.0) as usize;
        bound(first)..=bound(last)
    };
    let part = read.slice(ndarray::s![about(y, read.nrows()), about(x, read.ncols())]);
    part.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}
