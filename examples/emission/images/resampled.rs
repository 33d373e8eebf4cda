//! Rows of an image as they would be on the pixels of another.

use isopach::{
    compute::Result,
    fits::ImageFile,
    raster::{Sampling, sample},
    solar::Wcs,
};
use ndarray::Array2;
use rayon::prelude::*;
use std::ops::Range;

/// Rows to both sides that cubic convolution asks for, and one for rounding.
const BESIDE: f64 = 3.0;

/// From where to where.
pub(super) struct Resampled {
    to: Wcs,
    from: Wcs,
    columns: usize,
}

impl Resampled {
    pub(super) fn new([to, from]: [Wcs; 2], columns: usize) -> Self {
        Self { to, from, columns }
    }

    /// `[row, column]` in the file of a pixel.
    fn place(&self, row: usize, column: usize) -> [f64; 2] {
        let [x, y] = self.from.pixel(self.to.world([column as f64, row as f64]));
        [y, x]
    }

    /// Rows of the file that some rows are made of; the projection is smooth, so that their outlines tell.
    fn rows_of(&self, rows: &Range<usize>, all: usize) -> Range<usize> {
        let last = self.columns.saturating_sub(1);
        let steps = 32;
        let mut ends = [f64::INFINITY, f64::NEG_INFINITY];
        for row in [rows.start, rows.end.saturating_sub(1).max(rows.start)] {
            for step in 0..=steps {
                let [at, _] = self.place(row, last * step / steps);
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

    /// Reads and resamples by cubic convolution; NaN where the file has no pixel.
    pub(super) fn read(&self, file: &mut ImageFile, rows: Range<usize>) -> Result<Array2<f64>> {
        let source = self.rows_of(&rows, file.shape()[0]);
        let mut values = Array2::from_elem([rows.len(), self.columns], f64::NAN);
        if source.is_empty() {
            return Ok(values);
        }
        let read = file.rows(source.clone())?;
        let lines = values.as_slice_mut().unwrap_or_default().par_chunks_mut(self.columns);
        lines.zip(rows.into_par_iter()).for_each(|(line, row)| {
            for (column, value) in line.iter_mut().enumerate() {
                let [y, x] = self.place(row, column);
                *value = sample(read.view(), [y - source.start as f64, x], Sampling::Bicubic);
            }
        });
        Ok(values)
    }

    /// Rows of the file that one row needs at most, over an image of so many rows.
    pub(super) fn most_rows(&self, file: &ImageFile, rows: usize) -> usize {
        let needed = |row: usize| self.rows_of(&(row..row + 1), file.shape()[0]).len();
        [0, rows / 2, rows.saturating_sub(1)].into_iter().map(needed).max().unwrap_or(0)
    }
}
