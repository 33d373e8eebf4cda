//! Rows of stored samples to pixels of all bands, and which of them have a value.

use super::{
    fault::{ReadResult, unsupported},
    limits::filled_vec,
    samples::{Kind, NoData, Sample},
};
use crate::{BlockSamples, SampleType};
use half::f16;

/// The type in memory of samples of a file, and the sample that is full brightness.
pub(super) fn type_in_memory(sample: Sample) -> ReadResult<(SampleType, Option<f64>)> {
    let full = |bits: usize| Some(((1_u64 << bits) - 1) as f64);
    match (sample.kind, sample.bits) {
        (Kind::Unsigned, bits @ 1..=8) => Ok((SampleType::U8, full(bits))),
        (Kind::Unsigned, bits @ 9..=16) => Ok((SampleType::U16, full(bits))),
        (Kind::Signed, 8 | 16) => Ok((SampleType::F32, None)),
        (Kind::Float, 16) => Ok((SampleType::F16, None)),
        (Kind::Float, 32) => Ok((SampleType::F32, None)),
        (kind, bits) => unsupported(format!(
            "an image of {bits}-bit samples ({kind:?}), which four bytes of floating point do not hold,"
        )),
    }
}

/// Samples of a block that are being filled.
pub(super) struct Pixels {
    sample: Sample,
    bands: usize,
    columns: usize,
    pub(super) samples: BlockSamples,
}

impl Pixels {
    /// Zeros for so many pixels.
    pub(super) fn zeroed(
        sample: Sample,
        bands: usize,
        [columns, rows]: [usize; 2],
    ) -> ReadResult<Self> {
        let what = "samples of a block";
        let count = columns * rows * bands;
        let samples = match type_in_memory(sample)?.0 {
            SampleType::U8 => BlockSamples::U8(filled_vec(what, count, 0)?),
            SampleType::U16 => BlockSamples::U16(filled_vec(what, count, 0)?),
            SampleType::F16 => BlockSamples::F16(filled_vec(what, count, f16::ZERO)?),
            SampleType::F32 => BlockSamples::F32(filled_vec(what, count, 0.0)?),
        };
        Ok(Self {
            sample,
            bands,
            columns,
            samples,
        })
    }

    /// Puts a row of stored samples in its place: of all bands, or of one.
    pub(super) fn put_row(&mut self, row: usize, bytes: &[u8], band: Option<usize>) {
        let length = self.columns * self.bands;
        let range = row * length..(row + 1) * length;
        let bands = band.map_or(Bands::All, |band| Bands::One(band, self.bands));
        let sample = self.sample;
        match &mut self.samples {
            BlockSamples::U8(to) => match sample.bits {
                8 => put(&mut to[range], bands, bytes.as_chunks::<1>().0, |[byte]| {
                    byte
                }),
                _ => put_bits(&mut to[range], bands, sample, bytes, |bits| bits as u8),
            },
            BlockSamples::U16(to) => match sample.bits {
                16 => {
                    let numbers = bytes.as_chunks::<2>().0;
                    put(&mut to[range], bands, numbers, u16::from_le_bytes);
                }
                _ => put_bits(&mut to[range], bands, sample, bytes, |bits| bits as u16),
            },
            BlockSamples::F16(to) => {
                let numbers = bytes.as_chunks::<2>().0;
                put(&mut to[range], bands, numbers, f16::from_le_bytes);
            }
            BlockSamples::F32(to) => match (sample.kind, sample.bits) {
                (Kind::Signed, 8) => put(&mut to[range], bands, bytes.as_chunks().0, |byte| {
                    i8::from_le_bytes(byte).into()
                }),
                (Kind::Signed, _) => put(&mut to[range], bands, bytes.as_chunks().0, |bytes| {
                    i16::from_le_bytes(bytes).into()
                }),
                _ => put(
                    &mut to[range],
                    bands,
                    bytes.as_chunks::<4>().0,
                    f32::from_le_bytes,
                ),
            },
        }
    }

    /// Fills a band, or all, with the number that stands for no data, if the type has it.
    pub(super) fn fill(&mut self, no_data: NoData, band: Option<usize>) {
        let number = no_data.number();
        let bands = self.bands;
        let is_of = |index: usize| band.is_none_or(|band| index % bands == band);
        let whole = number.fract() == 0.0 && number >= 0.0;
        match &mut self.samples {
            BlockSamples::U8(to) if whole && number <= f64::from(u8::MAX) => {
                fill(to, is_of, number as u8);
            }
            BlockSamples::U16(to) if whole && number <= f64::from(u16::MAX) => {
                fill(to, is_of, number as u16);
            }
            BlockSamples::F16(to) => fill(to, is_of, f16::from_f64(number)),
            BlockSamples::F32(to) => fill(to, is_of, number as f32),
            _ => {}
        }
    }

    /// Takes the pixels from a mask (0: no value) that are no data in all bands that `counts` names:
    /// the number that stands for none, or NaN.
    pub(super) fn mask_no_data(&self, no_data: Option<NoData>, counts: &[bool], mask: &mut [u8]) {
        let is_none = |sample: f64| {
            sample.is_nan() || no_data.is_some_and(|none| self.sample.is_none(sample, none))
        };
        match &self.samples {
            BlockSamples::U8(samples) => {
                let none: [bool; 256] = std::array::from_fn(|value| is_none(value as f64));
                mask_pixels(samples, counts, mask, |sample| none[usize::from(sample)]);
            }
            BlockSamples::U16(samples) => {
                mask_pixels(samples, counts, mask, |sample| is_none(sample.into()));
            }
            BlockSamples::F16(samples) => {
                mask_pixels(samples, counts, mask, |sample| is_none(sample.into()));
            }
            BlockSamples::F32(samples) => {
                mask_pixels(samples, counts, mask, |sample| is_none(sample.into()));
            }
        }
    }

    /// Takes the pixels from a mask whose sample of a band, opacity, is 0.
    pub(super) fn mask_transparent(&self, alpha: usize, mask: &mut [u8]) {
        for (pixel, mask) in mask.iter_mut().enumerate() {
            if self.samples.value_at(pixel * self.bands + alpha) == 0.0 {
                *mask = 0;
            }
        }
    }
}

/// The bands of a stored row: all, sample by sample, or one of so many.
#[derive(Clone, Copy)]
enum Bands {
    All,
    One(usize, usize),
}

/// Puts the stored numbers of a row in their places.
fn put<T, const W: usize>(
    to: &mut [T],
    bands: Bands,
    stored: &[[u8; W]],
    number: impl Fn([u8; W]) -> T,
) {
    let [first, stride] = match bands {
        Bands::All => [0, 1],
        Bands::One(band, of) => [band, of],
    };
    for (to, stored) in to[first..].iter_mut().step_by(stride).zip(stored) {
        *to = number(*stored);
    }
}

/// The same of samples that do not fill whole bytes.
fn put_bits<T>(
    to: &mut [T],
    bands: Bands,
    sample: Sample,
    bytes: &[u8],
    number: impl Fn(u64) -> T,
) {
    let [first, stride] = match bands {
        Bands::All => [0, 1],
        Bands::One(band, of) => [band, of],
    };
    for (at, to) in to[first..].iter_mut().step_by(stride).enumerate() {
        *to = number(sample.bits_at(bytes, at));
    }
}

fn fill<T: Copy>(to: &mut [T], is_of: impl Fn(usize) -> bool, value: T) {
    let wanted = to.iter_mut().enumerate().filter(|(index, _)| is_of(*index));
    wanted.for_each(|(_, to)| *to = value);
}

fn mask_pixels<T: Copy>(
    samples: &[T],
    counts: &[bool],
    mask: &mut [u8],
    is_none: impl Fn(T) -> bool,
) {
    for (pixel, mask) in samples.chunks_exact(counts.len()).zip(mask) {
        let mut counted = pixel.iter().zip(counts).filter(|(_, counts)| **counts);
        if counted.all(|(sample, _)| is_none(*sample)) {
            *mask = 0;
        }
    }
}
