//! Images, some rows at a time.

use crate::{
    FitsError, FitsHeader, FitsLimits,
    compressed::Compressed,
    gunzip::Unpacked,
    header::{BLOCK, checked_product},
    limits::reserve_within,
    scaling::Scaling,
};
use fitskit::{Bitpix, PixelData};
use isopach_compute::{Error, Result};
use ndarray::Array2;
use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    ops::Range,
    path::Path,
};

/// Reader of the first two-axis image of a file, a few rows at a time. Of a plain image nothing is
/// cached; of a tile-compressed one, the compressed tiles and the row of tiles decoded last.
/// Further axes are allowed if their length is one. A `.fits.gz` is decompressed while it is read.
#[derive(Debug)]
pub struct ImageFile<R = BufReader<File>> {
    /// Its name, for errors.
    name: Option<String>,
    reader: Unpacked<R>,
    header: FitsHeader,
    shape: [usize; 2],
    pixels: Pixels,
    more_images: usize,
    limits: FitsLimits,
}

/// Storage of the pixels.
#[derive(Debug)]
enum Pixels {
    Plain { start: u64, kind: Bitpix },
    Compressed(Box<Compressed>),
}

impl ImageFile {
    /// Opens a file, and reads its headers and, if it is compressed, its compressed tiles.
    ///
    /// ```
    /// # use isopach_fits::{Cube, CubeFile, Precision};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("image.fits");
    /// # let cube = Cube { name: "SUN".into(), unit: "DN".into(), shape: [1, 2, 3], precision: Precision::Single, keywords: vec![] };
    /// # let mut file = CubeFile::create(&path, &[cube])?;
    /// # file.write_rows(0, 0, ndarray::Array3::from_elem([1, 2, 3], 4.5_f32).view())?;
    /// # file.finish()?;
    /// let mut image = isopach_fits::ImageFile::open(&path)?;
    /// let [rows, _columns] = image.shape();
    /// for row in 0..rows {
    ///     assert_eq!(image.read_rows(row..row + 1)?.sum(), 13.5);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Source`] naming the file, if it cannot be read or has no image with two axes.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_within(path, FitsLimits::default())
    }

    /// Opens a file like [`Self::open`], with limits on the memory that it may ask for.
    ///
    /// # Errors
    /// Errors of [`Self::open`]; also if a limit is exceeded.
    pub fn open_within(path: impl AsRef<Path>, limits: FitsLimits) -> Result<Self> {
        let name = path.as_ref().display().to_string();
        let named = |error: Error| error_of(Some(&name), error);
        let file = File::open(&path).map_err(Error::source).map_err(named)?;
        if !file
            .metadata()
            .map_err(Error::source)
            .map_err(named)?
            .is_file()
        {
            return Err(named(FitsError::NotAFile.into()));
        }
        let opened = Self::new_within(BufReader::new(file), limits).map_err(named)?;
        Ok(Self {
            name: Some(name),
            ..opened
        })
    }
}

impl<R: Read + Seek> ImageFile<R> {
    /// Reads from an open file or a buffer.
    ///
    /// # Errors
    /// [`Error::Source`] if the file is damaged or has no image with two axes.
    pub fn new(reader: R) -> Result<Self> {
        Self::new_within(reader, FitsLimits::default())
    }

    /// Opens a file like [`Self::new`], with limits on the memory that it may ask for.
    ///
    /// # Errors
    /// Errors of [`Self::new`]; also if a limit is exceeded.
    pub fn new_within(reader: R, limits: FitsLimits) -> Result<Self> {
        let mut reader = Unpacked::new(reader, limits.unpacked_bytes)?;
        check_first_bytes(&mut reader)?;
        let length = reader.unpacked_length()?;
        let mut others = Vec::new();
        let mut at = 0;
        let mut primary = None;
        while at < length {
            reader.seek(SeekFrom::Start(at)).map_err(Error::source)?;
            let Some(mut header) = FitsHeader::read(&mut reader, limits.header_bytes)? else {
                break;
            };
            let start = reader.stream_position().map_err(Error::source)?;
            let bytes = header.data_bytes()?;
            let end = start.saturating_add(bytes);
            if let Some((kind, shape)) = image_storage(&header, limits, &mut others)? {
                if end > length {
                    return Err(FitsError::ImageTruncated {
                        present: length.saturating_sub(start),
                        stated: bytes,
                    }
                    .into());
                }
                let pixels = kind.pixel_storage(&header, shape, start..end, &mut reader, limits)?;
                if let Some(primary) = &primary {
                    header.inherit_from(primary);
                }
                let more_images = images_after(&mut reader, next_block(end)..length, shape, limits);
                return Ok(Self {
                    name: None,
                    reader,
                    header,
                    shape,
                    pixels,
                    more_images,
                    limits,
                });
            }
            if at == 0 {
                primary = Some(header);
            }
            at = next_block(end);
        }
        let found = if others.is_empty() {
            "no array".into()
        } else {
            others.join(", ")
        };
        Err(FitsError::NoImage { found }.into())
    }

    /// Number of rows and columns.
    #[must_use]
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// The keywords.
    #[must_use]
    pub fn header(&self) -> &FitsHeader {
        &self.header
    }

    /// Names of further images of the same shape in the file, which are not read: other times or
    /// channels, errors, masks.
    #[must_use]
    pub fn more_images(&self) -> usize {
        self.more_images
    }

    /// Bytes cached between calls: compressed tiles, and a decoded row of them.
    #[must_use]
    pub fn bytes_kept(&self) -> u64 {
        match &self.pixels {
            Pixels::Plain { .. } => 0,
            Pixels::Compressed(compressed) => compressed.resident_bytes(),
        }
    }

    /// Temporary bytes that [`Self::read_rows`] needs in addition to its result, for any number of
    /// rows: one decoded tile.
    #[must_use]
    pub fn working_bytes(&self) -> u64 {
        match &self.pixels {
            Pixels::Plain { .. } => 0,
            Pixels::Compressed(compressed) => compressed.working_bytes(),
        }
    }

    /// Reads some rows, shape (rows, columns), as physical values (BZERO + BSCALE × stored); blanks
    /// are NaN. Row 0 is the lowest, as in the file.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for rows that do not exist; [`Error::Source`] naming the file, if it
    /// cannot be read or decoded; [`Error::OutOfMemory`] for more than
    /// [`FitsLimits::memory_bytes`].
    pub fn read_rows(&mut self, rows: Range<usize>) -> Result<Array2<f64>> {
        let [all, columns] = self.shape;
        if rows.start > rows.end || rows.end > all {
            return Err(FitsError::NoSuchRows {
                first: rows.start,
                end: rows.end,
                rows: all,
            }
            .into());
        }
        let shape = (rows.len(), columns);
        let values = self
            .read_values(rows)
            .map_err(|error| error_of(self.name.as_deref(), error))?;
        Array2::from_shape_vec(shape, values).map_err(Error::source)
    }

    /// Reads the values of some rows, row by row.
    fn read_values(&mut self, rows: Range<usize>) -> Result<Vec<f64>> {
        let columns = self.shape[1];
        let count = rows.len() * columns;
        let mut values = reserve_within("pixels", count as u64, self.limits.memory_bytes)?;
        let scaling = Scaling::from_header(&self.header);
        match &mut self.pixels {
            Pixels::Plain { start, kind } => {
                let at =
                    *start + rows.start as u64 * columns as u64 * kind.bytes_per_value() as u64;
                self.reader
                    .seek(SeekFrom::Start(at))
                    .map_err(Error::source)?;
                let stored =
                    PixelData::read_from(&mut self.reader, *kind, count).map_err(Error::source)?;
                scaling.append_scaled(&stored, 0..count, &mut values);
            }
            Pixels::Compressed(compressed) => compressed.append_rows(scaling, rows, &mut values)?,
        }
        Ok(values)
    }
}

/// Names the file in the error of a source.
fn error_of(name: Option<&str>, error: Error) -> Error {
    match (name, error) {
        (Some(name), Error::Source(why)) => Error::of_file(name, why),
        (_, other) => other,
    }
}

/// A FITS file begins with `SIMPLE  =`.
fn check_first_bytes(reader: &mut (impl Read + Seek)) -> Result<()> {
    let mut first = Vec::new();
    reader.seek(SeekFrom::Start(0)).map_err(Error::source)?;
    reader
        .by_ref()
        .take(9)
        .read_to_end(&mut first)
        .map_err(Error::source)?;
    if first.starts_with(b"SIMPLE  =") {
        return Ok(());
    }
    Err(FitsError::NotFits {
        begins: String::from_utf8_lossy(&first).into_owned(),
    }
    .into())
}

/// Offset of the block after `bytes` bytes.
fn next_block(end: u64) -> u64 {
    end.checked_next_multiple_of(BLOCK as u64)
        .unwrap_or(u64::MAX)
}

/// Counts images of a shape among the headers in a range of bytes, up to the first one that cannot
/// be read.
fn images_after(
    reader: &mut (impl Read + Seek),
    bytes: Range<u64>,
    shape: [usize; 2],
    limits: FitsLimits,
) -> usize {
    let mut found = 0;
    let mut at = bytes.start;
    while at < bytes.end {
        let Ok(Some((end, header))) = header_at(reader, at, limits) else {
            break;
        };
        let is_alike = image_storage(&header, limits, &mut Vec::new())
            .is_ok_and(|image| image.is_some_and(|(_, other)| other == shape));
        found += usize::from(is_alike);
        at = end;
    }
    found
}

/// The header at an offset, with the end of its data; `None` at the end of the file.
fn header_at(
    reader: &mut (impl Read + Seek),
    at: u64,
    limits: FitsLimits,
) -> Result<Option<(u64, FitsHeader)>> {
    reader.seek(SeekFrom::Start(at)).map_err(Error::source)?;
    let Some(header) = FitsHeader::read(reader, limits.header_bytes)? else {
        return Ok(None);
    };
    let start = reader.stream_position().map_err(Error::source)?;
    let end = next_block(start.saturating_add(header.data_bytes()?));
    Ok(Some((end, header)))
}

/// How an image is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Storage {
    Plain,
    Compressed,
}

/// The image that a header describes, if it is one with two axes: how it is stored, rows, columns.
/// Another array is added to `others`, in words.
fn image_storage(
    header: &FitsHeader,
    limits: FitsLimits,
    others: &mut Vec<String>,
) -> Result<Option<(Storage, [usize; 2])>> {
    let (storage, prefix) = match header.0.get_bool("ZIMAGE") {
        Some(true) => (Storage::Compressed, "Z"),
        _ if header.0.find("SIMPLE").is_some() || header.text("XTENSION") == Some("IMAGE") => {
            (Storage::Plain, "")
        }
        _ => return Ok(None),
    };
    let axes = header.axis_lengths(prefix)?;
    let [columns, rows, more @ ..] = &axes[..] else {
        return Ok(None);
    };
    if more.iter().any(|size| *size != 1) || *columns == 0 || *rows == 0 {
        if others.len() < 8 {
            others.push(format!("an array of {axes:?}"));
        }
        return Ok(None);
    }
    if checked_product(&axes).is_none_or(|pixels| pixels > limits.pixels) {
        return Err(FitsError::ImageTooLarge {
            columns: *columns,
            rows: *rows,
            limit: limits.pixels,
        }
        .into());
    }
    let shape = [rows, columns].map(|size| usize::try_from(*size));
    let [Ok(rows), Ok(columns)] = shape else {
        return Err(FitsError::AddressSpace.into());
    };
    Ok(Some((storage, [rows, columns])))
}

impl Storage {
    /// Storage of the pixels of an image whose data occupy a range of bytes of the file.
    fn pixel_storage(
        self,
        header: &FitsHeader,
        [rows, columns]: [usize; 2],
        data: Range<u64>,
        reader: &mut (impl Read + Seek),
        limits: FitsLimits,
    ) -> Result<Pixels> {
        if self == Self::Plain {
            let kind = header
                .0
                .require_int("BITPIX")
                .and_then(Bitpix::from_i64)
                .map_err(Error::source)?;
            let bytes =
                (rows as u64 * columns as u64).saturating_mul(kind.bytes_per_value() as u64);
            if bytes > data.end - data.start {
                return Err(FitsError::DataTooShort { columns, rows }.into());
            }
            return Ok(Pixels::Plain {
                start: data.start,
                kind,
            });
        }
        let mut tiles = reserve_within(
            "compressed tiles",
            data.end - data.start,
            limits.memory_bytes,
        )?;
        reader
            .by_ref()
            .take(data.end - data.start)
            .read_to_end(&mut tiles)
            .map_err(Error::source)?;
        Ok(Pixels::Compressed(Box::new(Compressed::new(
            header,
            [columns, rows],
            tiles,
            limits,
        )?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fitskit::{CompressOptions, FitsFile, HeaderValue, ImageData};
    use std::io::Cursor;

    fn noise() -> ImageData {
        let stored = (0..40 * 31)
            .map(|i| (f64::from(i * 37 % 1009) * 0.13).sin() as f32 * 50.0)
            .collect();
        ImageData::new(vec![40, 31], PixelData::F32(stored))
    }

    /// All rows at once, and by four: the same bits.
    fn assert_in_parts(bytes: &[u8]) {
        let mut file = ImageFile::new(Cursor::new(bytes)).unwrap();
        assert_eq!(file.shape(), [31, 40]);
        let whole = file.read_rows(0..31).unwrap();
        for first in [24, 28, 0, 4, 8, 20, 16, 12] {
            let part = file.read_rows(first..(first + 4).min(31)).unwrap();
            let expected = whole.slice(ndarray::s![first..(first + 4).min(31), ..]);
            assert!(
                part.iter()
                    .zip(expected)
                    .all(|(a, b)| a.to_bits() == b.to_bits()),
                "row {first}"
            );
        }
        assert_eq!(file.read_rows(5..5).unwrap().dim(), (0, 40));
        assert!(file.read_rows(30..32).is_err());
    }

    #[test]
    fn rows_are_those_of_the_whole() {
        let plain = FitsFile::with_primary_image(noise()).to_bytes().unwrap();
        assert_in_parts(&plain);
        assert_eq!(ImageFile::new(Cursor::new(&plain)).unwrap().bytes_kept(), 0);
        // Dithered tile by tile: the subtracted noise depends on the tile's position in the image.
        for tile in [vec![40, 1], vec![40, 3], vec![17, 5]] {
            let options = CompressOptions {
                tile: Some(tile),
                ..CompressOptions::default()
            };
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
        assert!(error.to_string().contains("ends within"), "{error}");
    }

    fn file_of(image: ImageData) -> Vec<u8> {
        FitsFile::with_primary_image(image).to_bytes().unwrap()
    }

    #[test]
    fn axes_of_length_one_are_passed_over_and_others_are_named() {
        let image = |axes: &[usize]| {
            let count = axes.iter().product();
            file_of(ImageData::new(
                axes.to_vec(),
                PixelData::I16((0..count).map(|i: usize| i as i16).collect()),
            ))
        };
        let expected = ImageFile::new(Cursor::new(image(&[7, 5])))
            .unwrap()
            .read_rows(0..5)
            .unwrap();
        for axes in [&[7, 5, 1][..], &[7, 5, 1, 1]] {
            let mut file = ImageFile::new(Cursor::new(image(axes))).unwrap();
            assert_eq!(
                (file.shape(), file.read_rows(0..5).unwrap()),
                ([5, 7], expected.clone())
            );
        }
        let compressed = ImageData::new(vec![7, 5, 1], PixelData::I16((0..35).collect()));
        let mut file = FitsFile::with_empty_primary();
        file.push_extension(compressed.compress(&CompressOptions::default()).unwrap());
        let mut file = ImageFile::new(Cursor::new(file.to_bytes().unwrap())).unwrap();
        assert_eq!(file.read_rows(0..5).unwrap(), expected);
        for axes in [&[7, 5, 2][..], &[35]] {
            assert!(
                ImageFile::new(Cursor::new(image(axes)))
                    .unwrap_err()
                    .to_string()
                    .contains("no image with two axes")
            );
        }
        let error = ImageFile::new(Cursor::new(image(&[7, 5, 2])))
            .unwrap_err()
            .to_string();
        assert!(error.contains("there is an array of [7, 5, 2]"), "{error}");
    }

    #[test]
    fn keywords_are_inherited_and_further_images_counted() {
        let image =
            |first: i16| ImageData::new(vec![7, 5], PixelData::I16((first..first + 35).collect()));
        let mut file = FitsFile::with_empty_primary();
        file.hdus[0]
            .header
            .set("WAVELNTH", HeaderValue::Integer(171), None);
        file.push_extension(fitskit::Hdu::image_extension(image(3)));
        file.hdus[1]
            .header
            .set("INHERIT", HeaderValue::Logical(true), None);
        let open = |file: &FitsFile| ImageFile::new(Cursor::new(file.to_bytes().unwrap())).unwrap();
        let mut one = open(&file);
        assert_eq!(
            (one.header().number("WAVELNTH"), one.more_images()),
            (Some(171.0), 0)
        );
        file.push_extension(fitskit::Hdu::image_extension(image(50)));
        file.push_extension(fitskit::Hdu::image_extension(ImageData::new(
            vec![5, 7],
            PixelData::I16((0..35).collect()),
        )));
        file.push_extension(image(60).compress(&CompressOptions::default()).unwrap());
        let mut many = open(&file);
        assert_eq!(
            (many.more_images(), many.read_rows(0..5).unwrap()),
            (2, one.read_rows(0..5).unwrap())
        );
        // Data after the image cannot harm it.
        let mut bytes = file.to_bytes().unwrap();
        bytes.truncate(bytes.len() - 2880 * 2);
        bytes.extend(vec![b'x'; 5000]);
        assert!(ImageFile::new(Cursor::new(bytes)).is_ok());
    }

    #[test]
    fn limits_are_kept() {
        let usual = FitsLimits::default();
        let plain = file_of(noise());
        let mut tiles = FitsFile::with_empty_primary();
        let one = CompressOptions {
            tile: Some(vec![40, 31]),
            ..CompressOptions::default()
        };
        tiles.push_extension(noise().compress(&one).unwrap());
        let tiles = tiles.to_bytes().unwrap();
        let refused = |bytes: &[u8], limits: FitsLimits| {
            let all = ImageFile::new_within(Cursor::new(bytes), limits)
                .and_then(|mut file| file.read_rows(0..31));
            all.unwrap_err().to_string()
        };
        assert!(
            refused(
                &plain,
                FitsLimits {
                    pixels: 1239,
                    ..usual
                }
            )
            .contains("40 × 31 pixels exceeds 1239 pixels")
        );
        assert!(
            refused(
                &plain,
                FitsLimits {
                    header_bytes: 1000,
                    ..usual
                }
            )
            .contains("no END within 1000 bytes")
        );
        assert!(
            refused(
                &plain,
                FitsLimits {
                    memory_bytes: 9919,
                    ..usual
                }
            )
            .contains("pixels needs 9920 bytes")
        );
        assert!(
            refused(
                &tiles,
                FitsLimits {
                    tile_bytes: 9919,
                    ..usual
                }
            )
            .contains("a decoded row of tiles has 9920 bytes")
        );
        assert!(
            refused(
                &tiles,
                FitsLimits {
                    memory_bytes: 99,
                    ..usual
                }
            )
            .contains("compressed tiles needs")
        );
        let few = FitsLimits {
            memory_bytes: 9920,
            pixels: 1240,
            ..usual
        };
        assert!(
            ImageFile::new_within(Cursor::new(&plain), few)
                .unwrap()
                .read_rows(0..31)
                .is_ok()
        );
    }

    #[test]
    fn a_late_error_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("late.fits");
        let whole = file_of(noise());
        std::fs::write(&path, &whole).unwrap();
        let mut file = ImageFile::open(&path).unwrap();
        std::fs::write(&path, &whole[..2880]).unwrap();
        let error = file.read_rows(30..31).unwrap_err().to_string();
        assert!(error.contains("late.fits: "), "{error}");
    }
}
