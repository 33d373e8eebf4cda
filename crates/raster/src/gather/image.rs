//! Images as callers hold them: samples by pixel, borrowed.

use half::f16;
use isopach_compute::{Error, Result};

/// The samples of an image, by row, then column, then band.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Pixels<'a> {
    /// Whole numbers of 8 bits.
    U8(&'a [u8]),
    /// Whole numbers of 16 bits.
    U16(&'a [u16]),
    /// Half precision; NaN is masked.
    F16(&'a [f16]),
    /// Single precision; NaN is masked.
    F32(&'a [f32]),
}

impl Pixels<'_> {
    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::U8(samples) => samples.len(),
            Self::U16(samples) => samples.len(),
            Self::F16(samples) => samples.len(),
            Self::F32(samples) => samples.len(),
        }
    }

    /// Whether there is no sample.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sample at an index, exactly.
    ///
    /// # Panics
    /// If the index is not below [`Self::len`].
    #[must_use]
    pub fn sample(&self, index: usize) -> f64 {
        match self {
            Self::U8(samples) => f64::from(samples[index]),
            Self::U16(samples) => f64::from(samples[index]),
            Self::F16(samples) => f64::from(samples[index]),
            Self::F32(samples) => f64::from(samples[index]),
        }
    }
}

/// An image in memory, borrowed: samples by pixel, all bands of a pixel together.
///
/// ```
/// use isopach_raster::gather::{ImageView, Pixels};
/// let samples = [0_u8; 24];
/// let image = ImageView::new(4, 2, 3, Pixels::U8(&samples))?.with_mask(&[255; 8])?;
/// assert_eq!((image.columns(), image.rows(), image.bands()), (4, 2, 3));
/// let error = ImageView::new(4, 3, 3, Pixels::U8(&samples)).unwrap_err();
/// assert_eq!(error.to_string(), "24 samples for 36 columns x rows x bands: there must be one each");
/// # Ok::<(), isopach_raster::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ImageView<'a> {
    columns: usize,
    rows: usize,
    bands: usize,
    pixels: Pixels<'a>,
    mask: Option<&'a [u8]>,
}

impl<'a> ImageView<'a> {
    /// Views samples as an image without a mask.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] if there is no column, row or band;
    /// [`Error::LengthMismatch`] if there is not a sample for each band of each pixel.
    pub fn new(columns: usize, rows: usize, bands: usize, pixels: Pixels<'a>) -> Result<Self> {
        let sides = [
            ("columns of the image", columns),
            ("rows of the image", rows),
            ("bands of the image", bands),
        ];
        for (name, count) in sides {
            Error::check(name, count as f64, count > 0, "be one or more")?;
        }
        let samples = columns.saturating_mul(rows).saturating_mul(bands);
        Error::check_length("samples", pixels.len(), "columns x rows x bands", samples)?;
        Ok(Self {
            columns,
            rows,
            bands,
            pixels,
            mask: None,
        })
    }

    /// The image with a mask, a byte a pixel: 0 where the pixel has no value in any band.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] if there is not a byte for each pixel.
    pub fn with_mask(self, mask: &'a [u8]) -> Result<Self> {
        Error::check_length(
            "bytes of the mask",
            mask.len(),
            "pixels",
            self.columns * self.rows,
        )?;
        Ok(Self {
            mask: Some(mask),
            ..self
        })
    }

    /// Pixels in a row.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Samples of a pixel.
    #[must_use]
    pub fn bands(&self) -> usize {
        self.bands
    }

    /// Columns and rows.
    #[must_use]
    pub fn size(&self) -> [usize; 2] {
        [self.columns, self.rows]
    }

    /// The samples.
    #[must_use]
    pub fn pixels(&self) -> Pixels<'a> {
        self.pixels
    }

    /// The mask, if there is one.
    #[must_use]
    pub fn mask(&self) -> Option<&'a [u8]> {
        self.mask
    }

    /// The sample of a band at a column and row; NaN if the mask leaves the pixel out.
    ///
    /// # Panics
    /// If one of them is outside the image.
    #[must_use]
    pub fn value(&self, column: usize, row: usize, band: usize) -> f64 {
        let pixel = row * self.columns + column;
        if self.mask.is_some_and(|mask| mask[pixel] == 0) {
            return f64::NAN;
        }
        self.pixels.sample(pixel * self.bands + band)
    }
}
