//! Pixels of a block.

use super::SampleType;
use crate::gather::Pixels;
use half::f16;
use isopach_compute::{Error, Result};

/// Samples of pixels, all bands of a pixel together.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum BlockSamples {
    /// Up to eight bits, unsigned.
    U8(Vec<u8>),
    /// Up to sixteen bits, unsigned.
    U16(Vec<u16>),
    /// Floating point of two bytes.
    F16(Vec<f16>),
    /// Floating point of four bytes.
    F32(Vec<f32>),
}

impl BlockSamples {
    /// `count` samples that are zero.
    #[must_use]
    pub fn zeroed(samples: SampleType, count: usize) -> Self {
        match samples {
            SampleType::U8 => Self::U8(vec![0; count]),
            SampleType::U16 => Self::U16(vec![0; count]),
            SampleType::F16 => Self::F16(vec![f16::ZERO; count]),
            SampleType::F32 => Self::F32(vec![0.0; count]),
        }
    }

    /// The samples, borrowed.
    #[must_use]
    pub fn as_pixels(&self) -> Pixels<'_> {
        match self {
            Self::U8(samples) => Pixels::U8(samples),
            Self::U16(samples) => Pixels::U16(samples),
            Self::F16(samples) => Pixels::F16(samples),
            Self::F32(samples) => Pixels::F32(samples),
        }
    }

    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_pixels().len()
    }

    /// Whether there is no sample.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their type.
    #[must_use]
    pub fn sample_type(&self) -> SampleType {
        match self {
            Self::U8(_) => SampleType::U8,
            Self::U16(_) => SampleType::U16,
            Self::F16(_) => SampleType::F16,
            Self::F32(_) => SampleType::F32,
        }
    }

    /// A sample as a number, which every type has exactly.
    ///
    /// # Panics
    /// If there is no such sample.
    #[must_use]
    pub fn value_at(&self, index: usize) -> f64 {
        self.as_pixels().sample(index)
    }

    /// Copies samples `from..from + count` of another to `at`. Samples of another type are not
    /// copied.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] for samples of another type.
    ///
    /// # Panics
    /// If either range is beyond the end.
    pub fn copy_samples(
        &mut self,
        at: usize,
        other: &Self,
        from: usize,
        count: usize,
    ) -> Result<()> {
        match (self, other) {
            (Self::U8(to), Self::U8(other)) => copy(to, at, other, from, count),
            (Self::U16(to), Self::U16(other)) => copy(to, at, other, from, count),
            (Self::F16(to), Self::F16(other)) => copy(to, at, other, from, count),
            (Self::F32(to), Self::F32(other)) => copy(to, at, other, from, count),
            (to, other) => {
                let bytes = |samples: &Self| samples.sample_type().bytes();
                Error::check_length("bytes a sample", bytes(other), "bytes a sample", bytes(to))?;
            }
        }
        Ok(())
    }
}

fn copy<T: Copy>(to: &mut [T], at: usize, other: &[T], from: usize, count: usize) {
    to[at..at + count].copy_from_slice(&other[from..from + count]);
}

/// Pixels of a block of an image, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageBlock {
    size: [usize; 2],
    bands: usize,
    samples: BlockSamples,
    mask: Option<Vec<u8>>,
    stored_bytes: u64,
}

impl ImageBlock {
    /// A block of `size` (columns, rows) pixels. `mask`: a byte a pixel, 0 where it has no value;
    /// `stored_bytes`: bytes that were read from the source for it.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] if there are not as many samples, or bytes of the mask, as pixels.
    pub fn new(
        size: [usize; 2],
        bands: usize,
        samples: BlockSamples,
        mask: Option<Vec<u8>>,
        stored_bytes: u64,
    ) -> Result<Self> {
        let pixels = size[0] * size[1];
        let expected = pixels * bands;
        Error::check_length("samples", samples.len(), "bands of pixels", expected)?;
        if let Some(mask) = &mask {
            Error::check_length("bytes of a mask", mask.len(), "pixels", pixels)?;
        }
        Ok(Self {
            size,
            bands,
            samples,
            mask,
            stored_bytes,
        })
    }

    /// Columns and rows.
    #[must_use]
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// Samples of a pixel.
    #[must_use]
    pub fn bands(&self) -> usize {
        self.bands
    }

    /// The samples, pixel by pixel.
    #[must_use]
    pub fn samples(&self) -> &BlockSamples {
        &self.samples
    }

    /// A byte a pixel, 0 where it has no value; `None` if all have one.
    #[must_use]
    pub fn mask(&self) -> Option<&[u8]> {
        self.mask.as_deref()
    }

    /// Bytes that were read from the source for it.
    #[must_use]
    pub fn stored_bytes(&self) -> u64 {
        self.stored_bytes
    }

    /// Bytes in memory.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        let samples = self.samples.len() * self.samples.sample_type().bytes();
        (samples + self.mask.as_ref().map_or(0, Vec::len)) as u64
    }
}
