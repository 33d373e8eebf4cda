//! Images of any size in bounded memory.

use crate::{EmissionError, EmissionMap, Inversion, InvertPixels, Observation, Real, Weights};
use isopach_compute::{Dispatcher, Error, Result};
use ndarray::ArrayD;
use std::ops::Range;

/// Rows of an image with their results.
#[derive(Clone, Debug)]
pub struct RowBlock<T> {
    /// Which rows: positions along the first axis.
    pub rows: Range<usize>,
    /// Their pixels, leading shape (rows, ..).
    pub map: EmissionMap<T>,
}

impl Inversion {
    /// Bytes per pixel of a result, with its counts and errors.
    #[must_use]
    pub fn bytes_per_pixel<T: Real>(&self) -> u64 {
        let bins = self.bins() as u64;
        let channels = self.channels() as u64;
        let outputs = self.outputs;
        let rows = 1 + u64::from(outputs.uncertainty) + u64::from(outputs.log_t_resolution);
        let kernel = if outputs.averaging_kernel {
            bins * bins
        } else {
            0
        };
        // χ² in the precision of the rest; λ, iterations, status, dropped and saturated.
        size_of::<T>() as u64 * (rows * bins + kernel + 3 * channels + 1) + 24
    }

    /// Inverts an image block by block, in the precision of its counts: as many rows of `shape`
    /// (rows, .., without the channels) at a time as fit `budget` bytes, each block on the first
    /// backend that will. `read` gives the counts and errors of some rows, shape (rows, ..,
    /// channels); `accept` gets each block, in order. Memory of `read` and `accept` beside their
    /// arguments is not counted. On the CPU single precision needs room for another 128 pixels a
    /// thread in double precision beside the budget.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] where not even one row fits; [`Error::Unsupported`] for given weights
    /// of one row a pixel; errors of `read`, the backend and `accept`.
    ///
    /// ```
    /// use isopach_emission::{Cpu, Dispatcher, Inversion, TemperatureResponse};
    /// use ndarray::{ArrayD, IxDyn};
    ///
    /// let edges = (0..=14).map(|i| 5.7 + 0.1 * f64::from(i)).collect();
    /// let inversion = Inversion::new(TemperatureResponse::aia(), edges);
    /// let on = Dispatcher::new(vec![std::sync::Arc::new(Cpu)]);
    /// let budget = 3 * 8 * inversion.bytes_per_pixel::<f64>(); // three rows of eight pixels
    /// let mut rows = Vec::new();
    /// inversion.stream::<f64>(
    ///     &on,
    ///     &[10, 8],
    ///     budget,
    ///     |rows| {
    ///         let shape = IxDyn(&[rows.len(), 8, 6]);
    ///         Ok([ArrayD::from_elem(shape.clone(), 100.0), ArrayD::from_elem(shape, 3.0)])
    ///     },
    ///     |block| {
    ///         rows.push(block.rows);
    ///         Ok(())
    ///     },
    /// )?;
    /// assert_eq!(rows, [0..3, 3..6, 6..9, 9..10]);
    /// # Ok::<(), isopach_emission::Error>(())
    /// ```
    pub fn stream<T: Real>(
        &self,
        on: &Dispatcher<impl InvertPixels + ?Sized>,
        shape: &[usize],
        budget: u64,
        mut read: impl FnMut(Range<usize>) -> Result<[ArrayD<T>; 2]>,
        mut accept: impl FnMut(RowBlock<T>) -> Result<()>,
    ) -> Result<()> {
        if matches!(&self.weights, Weights::Given(given) if given.nrows() > 1) {
            return Err(Error::Unsupported {
                operation: "stream with given weights of one row a pixel",
            });
        }
        let Some((&rows, others)) = shape.split_first() else {
            return Err(EmissionError::NoAxis.into());
        };
        let bytes_per_row =
            self.bytes_per_pixel::<T>() * others.iter().map(|&n| n as u64).product::<u64>();
        let at_once = (budget / bytes_per_row.max(1)) as usize;
        if at_once == 0 {
            let what = "one row of the image and its result";
            let advice = "raise the budget, or ask for fewer outputs";
            return Err(Error::OutOfMemory {
                what,
                requested: bytes_per_row,
                budget,
                advice,
            });
        }
        let mut first = 0;
        while first < rows {
            let block = first..rows.min(first.saturating_add(at_once));
            let [counts, sigma] = read(block.clone())?;
            if counts.shape().first() != Some(&block.len()) {
                return Err(EmissionError::OtherRows {
                    first: block.start,
                    end: block.end,
                    given: counts.shape().to_vec(),
                }
                .into());
            }
            let map = on.run(|on| {
                T::invert_on(
                    on,
                    self,
                    Observation {
                        counts: counts.view(),
                        sigma: sigma.view(),
                    },
                )
            })?;
            drop((counts, sigma));
            first = block.end;
            accept(RowBlock { rows: block, map })?;
        }
        Ok(())
    }
}
