//! Images.

use fitskit::{FitsFile, Hdu, HduData, Header, ImageData, PixelData};
use isopach_compute::{Error, Result};
use ndarray::Array2;
use std::path::Path;

/// An image and its header.
#[derive(Clone, Debug)]
pub struct Image {
    /// Shape (rows, columns), physical values (BZERO + BSCALE × stored), blanks NaN. The first row is the lowest, as in the file.
    pub values: Array2<f64>,
    header: Header,
}

impl Image {
    /// Reads the first image with two axes of a file.
    ///
    /// # Errors
    /// [`Error::Source`] naming the file, where it cannot be read or has no such image.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let named = |why: String| Error::source(format!("{}: {why}", path.display()));
        let bytes = std::fs::read(path).map_err(|e| named(e.to_string()))?;
        Self::parse(&bytes).map_err(named)
    }

    /// Reads the first image with two axes of a file in memory.
    ///
    /// # Errors
    /// [`Error::Source`] where it is broken or has no such image.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::parse(bytes).map_err(Error::source)
    }

    fn parse(bytes: &[u8]) -> std::result::Result<Self, String> {
        let file = FitsFile::from_bytes(bytes).map_err(|e| e.to_string())?;
        for hdu in file.iter() {
            if let Some((pixels, blank)) = image_of(hdu)?
                && let [columns, rows] = pixels.axes[..]
            {
                let values = physical(&pixels, &hdu.header, blank);
                let values = Array2::from_shape_vec((rows, columns), values).map_err(|e| e.to_string())?;
                return Ok(Self { values, header: hdu.header.clone() });
            }
        }
        Err("no image with two axes".into())
    }

    /// A keyword that is a number.
    #[must_use]
    pub fn number(&self, keyword: &str) -> Option<f64> {
        self.header.get_float(keyword).or_else(|| self.header.get_int(keyword).map(|i| i as f64))
    }

    /// A keyword that is text.
    #[must_use]
    pub fn text(&self, keyword: &str) -> Option<&str> {
        self.header.get_string(keyword).map(str::trim)
    }
}

/// The pixels of an HDU and the whole number that stands for "blank"; None where it is no image.
fn image_of(hdu: &Hdu) -> std::result::Result<Option<(ImageData, Option<i64>)>, String> {
    if let Some(compressed) = hdu.as_compressed_image() {
        let pixels = compressed.decompress().map_err(|e| e.to_string())?;
        let blank = hdu.header.get_int("ZBLANK").or_else(|| hdu.header.get_int("BLANK"));
        return Ok(Some((pixels, blank)));
    }
    match &hdu.data {
        HduData::Image(pixels) => Ok(Some((pixels.clone(), hdu.header.get_int("BLANK")))),
        _ => Ok(None),
    }
}

/// Stored to physical. BLANK has a meaning for whole numbers only; real files have it with real numbers too.
fn physical(pixels: &ImageData, header: &Header, blank: Option<i64>) -> Vec<f64> {
    let number = |keyword: &str| header.get_float(keyword).or_else(|| header.get_int(keyword).map(|i| i as f64));
    let (scale, zero) = (number("BSCALE").unwrap_or(1.0), number("BZERO").unwrap_or(0.0));
    let whole = |x: i64| if blank == Some(x) { f64::NAN } else { zero + scale * x as f64 };
    match &pixels.pixels {
        PixelData::U8(v) => v.iter().map(|&x| whole(x.into())).collect(),
        PixelData::I16(v) => v.iter().map(|&x| whole(x.into())).collect(),
        PixelData::I32(v) => v.iter().map(|&x| whole(x.into())).collect(),
        PixelData::I64(v) => v.iter().map(|&x| whole(x)).collect(),
        PixelData::F32(v) => v.iter().map(|&x| zero + scale * f64::from(x)).collect(),
        PixelData::F64(v) => v.iter().map(|&x| zero + scale * x).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fitskit::{CompressOptions, HeaderValue};

    #[test]
    fn compressed_and_plain_images_are_the_same() {
        let stored: Vec<i16> = (0..40 * 30).map(|i| (i * 37 % 1000) as i16 - 100).collect();
        let image = ImageData::new(vec![40, 30], PixelData::I16(stored.clone()));
        let mut plain = FitsFile::with_primary_image(image.clone());
        let keywords = [("BSCALE", 0.5), ("BZERO", 10.0), ("EXPTIME", 2.9)];
        for (name, value) in keywords {
            plain.primary_mut().header.set(name, HeaderValue::Float(value), None);
        }
        plain.primary_mut().header.set("BLANK", HeaderValue::Integer(-63), None);
        let plain = Image::from_bytes(&plain.to_bytes().unwrap()).unwrap();
        assert_eq!(plain.values.dim(), (30, 40));
        assert_eq!(plain.values[[2, 3]], 10.0 + 0.5 * f64::from(stored[2 * 40 + 3]));
        assert!(plain.values[[0, 1]].is_nan() && stored[1] == -63);
        assert_eq!(plain.number("EXPTIME"), Some(2.9));

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
        assert!(Image::open("/no/such.fits").unwrap_err().to_string().contains("/no/such.fits"));
    }
}
