//! Rows of results on their way back, in single or half precision ([`ResultPrecision`]).

use super::precision::Precision;
use crate::{
    memory::{batch_plan::BatchPlan, buffer::Buffer},
    options::ResultPrecision,
    record::{
        commands::Commands,
        kernel::{Access, Kernel},
        layout::uniform,
        prelude,
        read_back::{Completed, PendingRead},
        recorder::Recorder,
    },
};
use isopach_compute::Result;
use rayon::prelude::*;

pub(super) const HALVES: Kernel = Kernel::new::<HalvesParameters>(
    "results as halves",
    "to_halves",
    &[
        include_str!("single.wgsl"),
        prelude::THREADS,
        prelude::ACROSS,
        include_str!("powers.wgsl"),
        include_str!("halves.wgsl"),
    ],
    &[Access::Read, Access::Write],
);

uniform! {
    /// `Parameters` of `halves.wgsl`.
    pub(super) struct HalvesParameters {
        rows: u32,
        /// Numbers per row.
        length: u32,
        unused: [u32; 2],
    }
}

/// Numbers that a thread copies at a time, or about as many.
const BLOCK: usize = 1 << 16;

/// Words of a row of halves: its exponent, and two numbers each.
fn words_per_row(length: usize) -> usize {
    1 + length.div_ceil(2)
}

/// Whether rows are copied back in half precision: only those of single precision are.
pub(super) fn are_halved<T: Precision>(recorder: &Recorder) -> bool {
    match recorder.options.results {
        ResultPrecision::Single => false,
        ResultPrecision::Half => T::HAS_HALVES,
    }
}

/// Threads that halve so many rows.
pub(super) const fn halving_threads(rows: usize) -> usize {
    rows * HALVES.workgroup as usize
}

/// The shape of a pixel's results.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowShape {
    pub(super) rows: usize,
    /// Numbers per row.
    pub(super) length: usize,
}

/// Adds the buffers of a pixel's rows to a plan, on the device and on their way back.
pub(super) fn plan_rows<'a, T: Precision>(
    plan: BatchPlan<'a>,
    recorder: &Recorder,
    what: &'static str,
    shape: RowShape,
) -> BatchPlan<'a> {
    let RowShape { rows, length } = shape;
    let bytes = (size_of::<T>() * rows * length) as u64;
    if are_halved::<T>(recorder) {
        let half_bytes = (4 * rows * words_per_row(length)) as u64;
        plan.buffer_per_item(what, bytes)
            .result_per_item("results as halves", half_bytes)
    } else {
        plan.result_per_item(what, bytes)
    }
}

/// Rows on their way back.
#[derive(Debug)]
pub(super) enum PendingRows<T> {
    Whole(PendingRead<T>),
    Halves {
        words: PendingRead<u32>,
        length: usize,
    },
}

impl<T: Precision> PendingRows<T> {
    /// Records that rows are read back.
    pub(super) fn record(
        recorder: &Recorder,
        commands: &mut Commands,
        numbers: &Buffer,
        shape: RowShape,
    ) -> Result<Self> {
        let RowShape { rows, length } = shape;
        if !are_halved::<T>(recorder) {
            return Ok(Self::Whole(commands.read_back(numbers, 0..rows * length)?));
        }
        let words = rows * words_per_row(length);
        let halves = recorder.allocate_storage("results as halves", 4 * words as u64)?;
        let parameters = HalvesParameters {
            rows: rows as u32,
            length: length as u32,
            unused: [0; 2],
        };
        let buffers = [numbers, &halves];
        commands.dispatch(&HALVES, halving_threads(rows), &parameters, &buffers)?;
        Ok(Self::Halves {
            words: commands.read_back(&halves, 0..words)?,
            length,
        })
    }

    /// Copies the rows into the map.
    pub(super) fn copy_to(self, completed: &Completed, to: &mut [T]) -> Result<()> {
        match self {
            Self::Whole(numbers) => completed.view(numbers, |from| {
                let blocks = to.par_chunks_mut(BLOCK).zip(from.par_chunks(BLOCK));
                blocks.for_each(|(to, from)| to.copy_from_slice(from));
            }),
            Self::Halves { words, length } => completed.view(words, |from| {
                let rows = to
                    .par_chunks_mut(length)
                    .zip(from.par_chunks(words_per_row(length)));
                rows.with_min_len(BLOCK / length)
                    .for_each(|(to, from)| widen_row(to, from));
            }),
        }
    }
}

/// A row from its halves.
fn widen_row<T: Precision>(to: &mut [T], from: &[u32]) {
    let Some((&exponent, pairs)) = from.split_first() else {
        return;
    };
    let factor = f64::from(exponent as i32).exp2();
    for (to, &pair) in to.chunks_mut(2).zip(pairs) {
        for (to, half) in to.iter_mut().zip([pair & 0xffff, pair >> 16]) {
            *to = T::from_f64(widen_half(half) * factor);
        }
    }
}

/// A half as a number; not for infinities, which do not occur.
fn widen_half(half: u32) -> f64 {
    // Read as f32, exponents are 112 too small; that also takes care of halves below 2⁻¹⁴.
    let size = f64::from(f32::from_bits((half & 0x7fff) << 13)) * 112_f64.exp2();
    if half & 0x8000 == 0 { size } else { -size }
}

#[cfg(test)]
mod tests {
    use super::{widen_half, widen_row};

    #[test]
    fn halves_have_their_values() {
        let known = [
            (0, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65_504.0),
            (0x0001, 2_f64.powi(-24)),
        ];
        for (half, number) in known {
            assert_eq!(widen_half(half), number);
        }
        let mut row = [0.0_f32; 3];
        widen_row(&mut row, &[70, 0xbc00_3c00, 0x3800]);
        assert_eq!(row, [2_f32.powi(70), -(2_f32.powi(70)), 2_f32.powi(69)]);
    }
}
