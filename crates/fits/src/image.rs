//! Images, whole.

use crate::{FitsHeader, FitsLimits, ImageFile};
use isopach_compute::Result;
use ndarray::Array2;
use std::{
    io::{Cursor, Read, Seek},
    path::Path,
};

/// A two-axis image in memory, with its header.
#[derive(Clone, Debug)]
pub struct Image {
    /// Pixels, shape (rows, columns), as physical values (BZERO + BSCALE × stored), blanks NaN. The
    /// first row is the lowest, as in the file.
    pub values: Array2<f64>,
    header: FitsHeader,
}

impl Image {
    /// Reads the first image with two axes of a file.
    ///
    /// # Errors
    /// [`isopach_compute::Error::Source`] naming the file, if it cannot be read or has no such
    /// image.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_within(path, FitsLimits::default())
    }

    /// Opens an image like [`Self::open`], with limits on the memory that the file may ask for.
    ///
    /// # Errors
    /// Errors of [`Self::open`]; also if a limit is exceeded.
    pub fn open_within(path: impl AsRef<Path>, limits: FitsLimits) -> Result<Self> {
        Self::read_all(ImageFile::open_within(path, limits)?)
    }

    /// Reads the first image with two axes of a file in memory.
    ///
    /// # Errors
    /// [`isopach_compute::Error::Source`] if the bytes are damaged or have no such image.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::from_bytes_within(bytes, FitsLimits::default())
    }

    /// Reads an image like [`Self::from_bytes`], with limits on the memory that it may ask for.
    ///
    /// # Errors
    /// Errors of [`Self::from_bytes`]; also if a limit is exceeded.
    pub fn from_bytes_within(bytes: &[u8], limits: FitsLimits) -> Result<Self> {
        Self::read_all(ImageFile::new_within(Cursor::new(bytes), limits)?)
    }

    fn read_all<R: Read + Seek>(mut file: ImageFile<R>) -> Result<Self> {
        let [rows, _] = file.shape();
        Ok(Self {
            values: file.read_rows(0..rows)?,
            header: file.header().clone(),
        })
    }

    /// The keywords.
    #[must_use]
    pub fn header(&self) -> &FitsHeader {
        &self.header
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fitskit::{CompressOptions, FitsFile, HeaderValue, ImageData, PixelData};

    #[test]
    fn compressed_and_plain_images_are_the_same() {
        let stored: Vec<i16> = (0..40 * 30).map(|i| (i * 37 % 1000) as i16 - 100).collect();
        let image = ImageData::new(vec![40, 30], PixelData::I16(stored.clone()));
        let mut plain = FitsFile::with_primary_image(image.clone());
        let keywords = [("BSCALE", 0.5), ("BZERO", 10.0), ("EXPTIME", 2.9)];
        for (name, value) in keywords {
            plain
                .primary_mut()
                .header
                .set(name, HeaderValue::Float(value), None);
        }
        plain
            .primary_mut()
            .header
            .set("BLANK", HeaderValue::Integer(-63), None);
        let plain = Image::from_bytes(&plain.to_bytes().unwrap()).unwrap();
        assert_eq!(plain.values.dim(), (30, 40));
        assert_eq!(
            plain.values[[2, 3]],
            10.0 + 0.5 * f64::from(stored[2 * 40 + 3])
        );
        assert!(plain.values[[0, 1]].is_nan() && stored[1] == -63);
        assert_eq!(plain.header().number("EXPTIME"), Some(2.9));

        let mut hdu = image.compress(&CompressOptions::default()).unwrap();
        for (name, value) in keywords {
            hdu.header.set(name, HeaderValue::Float(value), None);
        }
        hdu.header.set("ZBLANK", HeaderValue::Integer(-63), None);
        let mut rice = FitsFile::with_empty_primary();
        rice.push_extension(hdu);
        let rice = Image::from_bytes(&rice.to_bytes().unwrap()).unwrap();
        let bits = |image: &Image| image.values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&rice), bits(&plain));
    }

    #[test]
    fn what_is_no_image_is_an_error() {
        assert!(Image::from_bytes(b"SIMPLE  = nonsense").is_err());
        assert!(Image::from_bytes(&FitsFile::with_empty_primary().to_bytes().unwrap()).is_err());
        assert!(
            Image::open("/no/such.fits")
                .unwrap_err()
                .to_string()
                .contains("/no/such.fits")
        );
    }
}
