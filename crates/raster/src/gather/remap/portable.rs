//! Pictures without instructions of any processor.

use super::Remap;
use crate::{
    Sampling,
    gather::{
        place_map::ONE,
        taps::{Axis, axes},
    },
};

/// Half of the divisor of sums, 2²².
const HALF: i32 = 1 << 21;
const SHIFT: u32 = 22;

/// The samples of an image and its axes.
#[derive(Clone, Copy, Debug)]
struct Source<'a> {
    samples: &'a [u8],
    axes: [Axis; 2],
    bands: usize,
}

impl Remap<'_> {
    /// Writes the pixels of the picture from pixel `first` on, by rows, as many as `to` holds.
    pub(super) fn write_places(&self, first: usize, to: &mut [u8]) {
        // Loops over a known number of bands are unrolled.
        match self.bands {
            1 => self.write_places_of(first, to, 1),
            2 => self.write_places_of(first, to, 2),
            3 => self.write_places_of(first, to, 3),
            4 => self.write_places_of(first, to, 4),
            bands => self.write_places_of(first, to, bands),
        }
    }

    #[inline(always)]
    fn write_places_of(&self, first: usize, to: &mut [u8], bands: usize) {
        let gathering = self.map.gathering();
        let source = Source {
            samples: self.samples,
            axes: axes(self.map.source_size(), gathering.edges),
            bands,
        };
        for (index, pixel) in (first..).zip(to.chunks_exact_mut(bands)) {
            let Some(place) = self.map.fixed_place(index) else {
                pixel.fill(0);
                continue;
            };
            match gathering.sampling {
                Sampling::Nearest => source.copy_nearest(place, pixel),
                Sampling::Bilinear => source.write_bilinear(place, pixel),
                Sampling::Bicubic => source.write_bicubic(place, pixel),
            }
        }
    }
}

impl Source<'_> {
    /// Where the samples of a row begin.
    #[inline(always)]
    fn row_start(&self, row: i64) -> usize {
        let [across, down] = self.axes;
        down.pixel(row) * across.count * self.bands
    }

    /// Where the samples of a column begin in a row.
    #[inline(always)]
    fn column_start(&self, column: i64) -> usize {
        self.axes[0].pixel(column) * self.bands
    }

    #[inline(always)]
    fn copy_nearest(&self, [x, y]: [i32; 2], to: &mut [u8]) {
        let row = self.row_start(i64::from(y / ONE));
        let start = row + self.column_start(i64::from(x / ONE));
        to.copy_from_slice(&self.samples[start..start + self.bands]);
    }

    #[inline(always)]
    fn write_bilinear(&self, [x, y]: [i32; 2], to: &mut [u8]) {
        let [across, down] = self.axes;
        let columns = across.integer_taps(x, Sampling::Bilinear);
        let rows = down.integer_taps(y, Sampling::Bilinear);
        let starts = [0, 1].map(|i| self.column_start(columns.first + i));
        let mut pixels = [[&[][..]; 2]; 2];
        for (row, pixels) in (rows.first..).zip(&mut pixels) {
            let row = self.row_start(row);
            *pixels = starts.map(|start| &self.samples[row + start..][..self.bands]);
        }
        for (band, to) in to.iter_mut().enumerate() {
            let [above, below] = pixels.map(|row| {
                let [left, right] = row.map(|pixel| i32::from(pixel[band]));
                left * columns.weights[0] + right * columns.weights[1]
            });
            *to = ((above * rows.weights[0] + below * rows.weights[1] + HALF) >> SHIFT) as u8;
        }
    }

    #[inline(always)]
    fn write_bicubic(&self, [x, y]: [i32; 2], to: &mut [u8]) {
        let [across, down] = self.axes;
        let columns = across.integer_taps(x, Sampling::Bicubic);
        let rows = down.integer_taps(y, Sampling::Bicubic);
        let columns_at = [0, 1, 2, 3].map(|i| self.column_start(columns.first + i));
        let rows_at = [0, 1, 2, 3].map(|i| self.row_start(rows.first + i));
        for (band, to) in to.iter_mut().enumerate() {
            let mut sum = HALF;
            for (row, row_weight) in rows_at.into_iter().zip(rows.weights) {
                let mut along = 0;
                for (column, weight) in columns_at.into_iter().zip(columns.weights) {
                    along += weight * i32::from(self.samples[row + column + band]);
                }
                sum += row_weight * along;
            }
            *to = (sum >> SHIFT).clamp(0, 255) as u8;
        }
    }
}
