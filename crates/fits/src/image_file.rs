//! Images, some rows at a time.

use crate::{Header, compressed::Compressed, physical::physical};
use fitskit::{Bitpix, PixelData};
use isopach_compute::{Error, Result};
use ndarray::Array2;
use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    ops::Range,
    path::Path,
};

/// Bytes of a FITS block.
const BLOCK: u64 = 2880;

/// The first image with two axes of a file, read some rows at a time. Of a plain image nothing is kept; of a tile-compressed one the compressed tiles,
/// which are decoded when their rows are asked for.
#[derive(Debug)]
pub struct ImageFile<R = BufReader<File>> {
    reader: R,
    header: Header,
    shape: [usize; 2],
    pixels: Pixels,
}

/// Where the pixels are.
#[derive(Debug)]
enum Pixels {
    Plain { start: u64, kind: Bitpix },
    Compressed(Compressed),
}

impl ImageFile {
    /// Opens a file; reads its headers, and the compressed tiles where there are some.
    ///
    /// # Errors
    /// [`Error::Source`] naming the file, where it cannot be read or has no image with two axes.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let named = |why: String| Error::source(format!("{}: {why}", path.display()));
        let file = File::open(path).map_err(|e| named(e.to_string()))?;
        Self::new(BufReader::new(file)).map_err(|e| named(e.to_string()))
    }
}

impl<R: Read + Seek> ImageFile<R> {
    /// Takes a file that is open, or in memory.
    ///
    /// # Errors
    /// [`Error::Source`] where it is broken or has no image with two axes.
    pub fn new(mut reader: R) -> Result<Self> {
        let length = reader.seek(SeekFrom::End(0)).map_err(Error::source)?;
        let mut at = 0;
        while at < length {
            reader.seek(SeekFrom::Start(at)).map_err(Error::source)?;
            let header = Header(fitskit::Header::read_from(&mut reader).map_err(Error::source)?);
            let start = reader.stream_position().map_err(Error::source)?;
            let bytes = header.0.data_byte_count().map_err(Error::source)? as u64;
            let end = start.checked_add(bytes).filter(|end| *end <= length);
            if let Some((shape, pixels)) = image(&header, start, bytes, &mut reader, end.is_some())? {
                return Ok(Self { reader, header, shape, pixels });
            }
            let Some(end) = end else { break };
            at = end.div_ceil(BLOCK) * BLOCK;
        }
        Err(Error::source("no image with two axes"))
    }

    /// Rows, columns.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// The keywords.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Bytes that are kept in memory between calls: compressed tiles.
    #[must_use]
    pub fn bytes_kept(&self) -> u64 {
        match &self.pixels {
            Pixels::Plain { .. } => 0,
            Pixels::Compressed(compressed) => compressed.bytes(),
        }
    }

    /// Some rows, shape (rows, columns), physical values (BZERO + BSCALE × stored), blanks NaN. Row 0 is the lowest, as in the file.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for rows that are not there; [`Error::Source`] where the file cannot be read or decoded.
    pub fn rows(&mut self, rows: Range<usize>) -> Result<Array2<f64>> {
        let [all, columns] = self.shape;
        if rows.start > rows.end || rows.end > all {
            return Err(Error::InvalidInput(format!("rows {rows:?} of an image of {all}")));
        }
        let stored = match &mut self.pixels {
            Pixels::Plain { start, kind } => {
                let at = *start + (rows.start * columns * kind.bytes_per_value()) as u64;
                self.reader.seek(SeekFrom::Start(at)).map_err(Error::source)?;
                PixelData::read_from(&mut self.reader, *kind, rows.len() * columns).map_err(Error::source)?
            }
            Pixels::Compressed(compressed) => {
                let (tiles, pixels) = compressed.decode(&self.header, rows.clone())?;
                let values = physical(&pixels, &self.header);
                let values = Array2::from_shape_vec((tiles.len(), columns), values).map_err(Error::source)?;
                let first = rows.start - tiles.start;
                return Ok(values.slice_move(ndarray::s![first..first + rows.len(), ..]));
            }
        };
        Array2::from_shape_vec((rows.len(), columns), physical(&stored, &self.header)).map_err(Error::source)
    }
}

/// Shape and place of the image that a header describes, if it is one with two axes.
fn image(
    header: &Header,
    start: u64,
    bytes: u64,
    reader: &mut (impl Read + Seek),
    whole: bool,
) -> Result<Option<([usize; 2], Pixels)>> {
    let plain = header.0.find("SIMPLE").is_some() || header.text("XTENSION") == Some("IMAGE");
    let compressed = header.0.get_bool("ZIMAGE") == Some(true);
    let prefix = if compressed { "Z" } else { "" };
    let size = |axis: &str| header.size(&format!("{prefix}{axis}"));
    let (Some(2), Some(columns), Some(rows)) = (size("NAXIS"), size("NAXIS1"), size("NAXIS2")) else { return Ok(None) };
    if !(plain || compressed) {
        return Ok(None);
    }
    if !whole {
        return Err(Error::source("the file ends before its image does"));
    }
    let pixels = if compressed {
        let mut data = vec![0; bytes as usize];
        reader.read_exact(&mut data).map_err(Error::source)?;
        Pixels::Compressed(Compressed::new(header, data)?)
    } else {
        let kind = header.0.require_int("BITPIX").and_then(Bitpix::from_i64).map_err(Error::source)?;
        Pixels::Plain { start, kind }
    };
    Ok(Some(([rows, columns], pixels)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fitskit::{CompressOptions, FitsFile, HeaderValue, ImageData};
    use std::io::Cursor;

    fn noise() -> ImageData {
        let stored = (0..40 * 31).map(|i| (f64::from(i * 37 % 1009) * 0.13).sin() as f32 * 50.0).collect();
        ImageData::new(vec![40, 31], PixelData::F32(stored))
    }

    /// All rows at once, and by four: the same bits.
    fn assert_in_parts(bytes: &[u8]) {
        let mut file = ImageFile::new(Cursor::new(bytes)).unwrap();
        assert_eq!(file.shape(), [31, 40]);
        let whole = file.rows(0..31).unwrap();
        for first in [24, 28, 0, 4, 8, 20, 16, 12] {
            let part = file.rows(first..(first + 4).min(31)).unwrap();
            let expected = whole.slice(ndarray::s![first..(first + 4).min(31), ..]);
            assert!(part.iter().zip(expected).all(|(a, b)| a.to_bits() == b.to_bits()), "row {first}");
        }
        assert_eq!(file.rows(5..5).unwrap().dim(), (0, 40));
        assert!(file.rows(30..32).is_err());
    }

    #[test]
    fn rows_are_those_of_the_whole() {
        let plain = FitsFile::with_primary_image(noise()).to_bytes().unwrap();
        assert_in_parts(&plain);
        assert_eq!(ImageFile::new(Cursor::new(&plain)).unwrap().bytes_kept(), 0);
        // Dithered by tile: what a tile is subtracted depends on its position in the image.
        for tile in [vec![40, 1], vec![40, 3], vec![17, 5]] {
            let options = CompressOptions { tile: Some(tile), ..CompressOptions::default() };
            let mut hdu = noise().compress(&options).unwrap();
            hdu.header.set("ZDITHER0", HeaderValue::Integer(9990), None);
            let mut file = FitsFile::with_empty_primary();
            file.push_extension(hdu);
            assert_in_parts(&file.to_bytes().unwrap());
        }
    }

    #[test]
    fn a_file_that_was_cut_off_is_an_error() {
        let whole = FitsFile::with_primary_image(noise()).to_bytes().unwrap();
        let error = ImageFile::new(Cursor::new(&whole[..whole.len() / 2])).unwrap_err();
        assert!(error.to_string().contains("ends before"), "{error}");
    }
}
