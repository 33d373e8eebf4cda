//! Rows of results on their way back: as they are, or as halves ([`crate::ResultPrecision`]).

use super::precision::Precision;
use crate::{
    ResultPrecision,
    kernel::{Access, Kernel},
    plan::Plan,
    pool::Buffer,
    prelude,
    session::Session,
    work::{Done, Reading, Work},
};
use bytemuck::{Pod, Zeroable};
use isopach_compute::Result;
use rayon::prelude::*;

pub(super) const HALVES: Kernel = Kernel::new(
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

/// `Parameters` of `halves.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct Parameters {
    rows: u32,
    length: u32,
    unused: [u32; 2],
}

/// Words of a row of halves: its exponent, and two numbers each.
fn words(length: usize) -> usize {
    1 + length.div_ceil(2)
}

/// Whether rows go back as halves: only those of single precision do.
pub(super) fn in_halves<T: Precision>(session: &Session) -> bool {
    T::HAS_HALVES && session.options.results == ResultPrecision::Half
}

/// Threads for so many rows.
pub(super) const fn threads(rows: usize) -> usize {
    rows * HALVES.workgroup as usize
}

/// The buffers of a pixel's `rows` rows, on the device and on their way back.
pub(super) fn plan<'a, T: Precision>(
    plan: Plan<'a>,
    session: &Session,
    what: &'static str,
    rows: usize,
    length: usize,
) -> Plan<'a> {
    let bytes = (size_of::<T>() * rows * length) as u64;
    if in_halves::<T>(session) {
        plan.each(what, bytes)
            .brought_back("results as halves", (4 * rows * words(length)) as u64)
    } else {
        plan.brought_back(what, bytes)
    }
}

/// Rows on their way back.
#[derive(Debug)]
pub(super) enum Back<T> {
    Whole(Reading<T>),
    Halves { words: Reading<u32>, length: usize },
}

/// Numbers that a thread copies at a time, or about as many.
const BLOCK: usize = 1 << 16;

impl<T: Precision> Back<T> {
    /// Brings `rows` rows of `length` numbers back.
    pub(super) fn of(
        session: &Session,
        work: &mut Work,
        numbers: &Buffer,
        rows: usize,
        length: usize,
    ) -> Result<Self> {
        if !in_halves::<T>(session) {
            return Ok(Self::Whole(work.read(numbers, 0..rows * length)?));
        }
        let all = rows * words(length);
        let halves = session.storage("results as halves", 4 * all as u64)?;
        let parameters = Parameters {
            rows: rows as u32,
            length: length as u32,
            unused: [0; 2],
        };
        work.run(&HALVES, threads(rows), &parameters, &[numbers, &halves])?;
        Ok(Self::Halves {
            words: work.read(&halves, 0..all)?,
            length,
        })
    }

    /// Copies them to where they belong.
    pub(super) fn copy(self, done: &Done, to: &mut [T]) -> Result<()> {
        match self {
            Self::Whole(numbers) => done.look(numbers, |from| {
                let blocks = to.par_chunks_mut(BLOCK).zip(from.par_chunks(BLOCK));
                blocks.for_each(|(to, from)| to.copy_from_slice(from));
            }),
            Self::Halves {
                words: reading,
                length,
            } => done.look(reading, |from| {
                let rows = to
                    .par_chunks_mut(length)
                    .zip(from.par_chunks(words(length)));
                rows.with_min_len(BLOCK / length)
                    .for_each(|(to, from)| widen(to, from));
            }),
        }
    }
}

/// A row from its halves.
fn widen<T: Precision>(to: &mut [T], from: &[u32]) {
    let Some((&exponent, pairs)) = from.split_first() else {
        return;
    };
    let factor = f64::from(exponent as i32).exp2();
    for (to, &pair) in to.chunks_mut(2).zip(pairs) {
        for (to, half) in to.iter_mut().zip([pair & 0xffff, pair >> 16]) {
            *to = T::from_f64(wide(half) * factor);
        }
    }
}

/// A half as a number; not for infinities, which are not there.
fn wide(half: u32) -> f64 {
    // Read as f32, exponents are 112 too small; that also takes care of halves below 2⁻¹⁴.
    let size = f64::from(f32::from_bits((half & 0x7fff) << 13)) * 112_f64.exp2();
    if half & 0x8000 == 0 { size } else { -size }
}

#[cfg(test)]
mod tests {
    use super::{wide, widen};

    #[test]
    fn halves_are_what_they_say() {
        let known = [
            (0, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65_504.0),
            (0x0001, 2_f64.powi(-24)),
        ];
        for (half, number) in known {
            assert_eq!(wide(half), number);
        }
        let mut row = [0.0_f32; 3];
        widen(&mut row, &[70, 0xbc00_3c00, 0x3800]);
        assert_eq!(row, [2_f32.powi(70), -(2_f32.powi(70)), 2_f32.powi(69)]);
    }
}
