//! Cubes as tables of compressed tiles (FITS standard 4.0, section 10), written some rows at a
//! time, in any order.

use crate::{
    cube::{Cube, CubeSample, Precision, set_keywords, text_value},
    tile_encoder::{big_endian_bytes, gzip_bytes, quantisation_step, shuffle_bytes},
};
use fitskit::{Header, HeaderValue, tile_compress};
use isopach_compute::UnfinishedFile;
use ndarray::{ArrayView1, ArrayView3};
use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
    path::Path,
};

/// Storage of a cube's values: plain, or compressed with or without loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Packing {
    /// One after the other.
    #[default]
    Plain,
    /// Compressed without loss: real numbers by GZIP_2, whole numbers by RICE_1.
    Lossless,
    /// Real numbers as integers from −32767 to 32767 times a scale per 128 pixels of a row of a
    /// plane, compressed by RICE_1. The error is at most half a scale: 1/65534 of the largest
    /// number. Zero stays zero, and non-finite numbers become NaN. Runs of pixels that are too
    /// uneven for that (the largest exceeds 1000 × the magnitude below which nine in ten stay) keep
    /// all digits. Integers are stored as with [`Self::Lossless`].
    Rounded,
}

/// Whole number that stands for no number, and its keyword's value.
const BLANK: i32 = i32::MIN;
/// Columns of a tile that is rounded: pixels beyond the limb should not have the scale of the
/// brightest on the disc.
const COLUMNS: usize = 128;
/// Bytes of a heap that 32 bits can point into.
const SHORT: u64 = i32::MAX as u64;
/// Numbers of a block of RICE.
const RICE_BLOCK: usize = 32;

/// A cube that is being written: its table and its heap lie in a file of their own until all is
/// there.
#[derive(Debug)]
pub(crate) struct PackedCube {
    cube: Cube,
    packing: Packing,
    file: File,
    _part: UnfinishedFile,
    /// Bytes of the heap so far, and of its largest entry by column.
    heap: u64,
    largest: [u64; 2],
    /// Largest rounding error so far.
    largest_error: f64,
}

/// A tile as it is stored.
struct Tile {
    bytes: Vec<u8>,
    /// Real numbers that were not rounded, packed by gzip, in a column of their own.
    is_exact: bool,
    scale: f64,
}

impl Tile {
    fn lossless(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            is_exact: false,
            scale: 1.0,
        }
    }
}

impl PackedCube {
    /// `beside`: the file that will have the cube.
    pub(crate) fn create(
        beside: &Path,
        number: usize,
        cube: &Cube,
        packing: Packing,
    ) -> io::Result<Self> {
        let mut name = beside.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{number}"));
        let (part, file) = UnfinishedFile::create(&beside.with_file_name(name))?;
        let packed = Self {
            cube: cube.clone(),
            packing,
            file,
            _part: part,
            heap: 0,
            largest: [0; 2],
            largest_error: 0.0,
        };
        let table = packed.table_bytes();
        packed.file.set_len(table.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("a cube of {:?} numbers", cube.shape),
            )
        })?)?;
        Ok(packed)
    }

    pub(crate) fn cube(&self) -> &Cube {
        &self.cube
    }

    pub(crate) fn largest_error(&self) -> f64 {
        self.largest_error
    }

    fn is_rounded(&self) -> bool {
        self.packing == Packing::Rounded
            && matches!(self.cube.precision, Precision::Single | Precision::Double)
    }

    /// Whether heaps of this cube may need 64-bit pointers. RICE and gzip take little more than the
    /// numbers themselves if the data do not compress.
    fn is_long(&self) -> bool {
        let numbers = self
            .cube
            .shape
            .iter()
            .try_fold(1_u64, |product, side| product.checked_mul(*side as u64));
        numbers
            .and_then(|numbers| numbers.checked_mul(2 * self.cube.precision.bytes_per_sample()))
            .is_none_or(|most| most > SHORT)
    }

    /// Columns of a tile.
    fn tile_width(&self) -> usize {
        if self.is_rounded() {
            COLUMNS.min(self.cube.shape[2].max(1))
        } else {
            self.cube.shape[2].max(1)
        }
    }

    /// Tiles of a row of a plane.
    fn tiles_across(&self) -> usize {
        self.cube.shape[2].div_ceil(self.tile_width())
    }

    /// Bytes of a row of the table.
    fn row_bytes(&self) -> u64 {
        let pointer = if self.is_long() { 16 } else { 8 };
        if self.is_rounded() {
            2 * pointer + 8 + 8
        } else {
            pointer
        }
    }

    fn tile_count(&self) -> Option<u64> {
        let [planes, rows, _] = self.cube.shape;
        (planes as u64)
            .checked_mul(rows as u64)?
            .checked_mul(self.tiles_across() as u64)
    }

    fn table_bytes(&self) -> Option<u64> {
        self.tile_count()?.checked_mul(self.row_bytes())
    }

    /// Writes all planes of some rows, in row order for any sequence of calls.
    pub(crate) fn write_rows<T: CubeSample>(
        &mut self,
        first: usize,
        values: ArrayView3<'_, T>,
    ) -> io::Result<()> {
        let (planes, rows, _) = values.dim();
        let width = self.tile_width();
        let across = self.tiles_across();
        for row in 0..rows {
            for plane in 0..planes {
                let numbers = values.slice(ndarray::s![plane, row, ..]);
                let in_plane = (plane * self.cube.shape[1] + first + row) as u64;
                for (part, numbers) in numbers
                    .axis_chunks_iter(ndarray::Axis(0), width)
                    .enumerate()
                {
                    let tile = self.compress_tile(numbers);
                    self.put_tile(in_plane * across as u64 + part as u64, &tile)?;
                }
            }
        }
        Ok(())
    }

    fn put_tile(&mut self, number: u64, tile: &Tile) -> io::Result<()> {
        let table = self.table_bytes().unwrap_or_default();
        let length = tile.bytes.len() as u64;
        let here = self.descriptor_bytes(length)?;
        let entry = if self.is_rounded() {
            let nothing = vec![0; here.len()];
            let [data, exact] = if tile.is_exact {
                [nothing, here]
            } else {
                [here, nothing]
            };
            [
                data,
                exact,
                tile.scale.to_be_bytes().to_vec(),
                0.0_f64.to_be_bytes().to_vec(),
            ]
            .concat()
        } else {
            here
        };
        let column = usize::from(tile.is_exact);
        self.largest[column] = self.largest[column].max(length);
        self.file.seek(SeekFrom::Start(number * self.row_bytes()))?;
        self.file.write_all(&entry)?;
        self.file.seek(SeekFrom::Start(table + self.heap))?;
        self.file.write_all(&tile.bytes)?;
        self.heap += length;
        Ok(())
    }

    /// Descriptor (length and offset) of the data put into the heap next.
    fn descriptor_bytes(&self, length: u64) -> io::Result<Vec<u8>> {
        let numbers = [length, self.heap];
        if self.is_long() {
            return Ok(numbers.map(u64::to_be_bytes).concat());
        }
        if self.heap + length > SHORT {
            let words = format!(
                "the compressed cube {} is larger than its numbers by far",
                self.cube.name
            );
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, words));
        }
        Ok(numbers.map(|number| (number as u32).to_be_bytes()).concat())
    }

    fn compress_tile<T: CubeSample>(&mut self, values: ArrayView1<'_, T>) -> Tile {
        match self.cube.precision {
            Precision::Byte => {
                let numbers: Vec<u8> = values.iter().map(|x| x.to_f64() as u8).collect();
                Tile::lossless(tile_compress::rice_compress_i8(&numbers, RICE_BLOCK))
            }
            Precision::Whole => {
                let numbers: Vec<i32> = values.iter().map(|x| x.to_f64() as i32).collect();
                Tile::lossless(tile_compress::rice_compress_i32(&numbers, RICE_BLOCK))
            }
            Precision::Single | Precision::Double if self.packing == Packing::Rounded => {
                self.round_tile(values)
            }
            Precision::Single | Precision::Double => Tile::lossless(gzip_bytes(&shuffle_bytes(
                &big_endian_bytes(values),
                values.len(),
            ))),
        }
    }

    /// Quantises a tile of real numbers, or keeps all digits if they are too uneven.
    fn round_tile<T: CubeSample>(&mut self, values: ArrayView1<'_, T>) -> Tile {
        let Some(scale) = quantisation_step(values) else {
            return Tile {
                bytes: gzip_bytes(&big_endian_bytes(values)),
                is_exact: true,
                scale: 1.0,
            };
        };
        let mut numbers = Vec::with_capacity(values.len());
        for x in values.iter().map(|x| x.to_f64()) {
            if x.is_finite() {
                let number = (x / scale).round() as i32;
                let error = (x - f64::from(number) * scale).abs();
                self.largest_error = self.largest_error.max(error);
                numbers.push(number);
            } else {
                numbers.push(BLANK);
            }
        }
        Tile {
            bytes: tile_compress::rice_compress_i32(&numbers, RICE_BLOCK),
            is_exact: false,
            scale,
        }
    }

    /// Writes header, table and heap at the current position of the file, in whole blocks.
    pub(crate) fn finish(mut self, to: &mut File, block: u64) -> io::Result<()> {
        let header = self.table_header().to_bytes();
        to.write_all(&header)?;
        pad_to_block(to, header.len() as u64, block, b' ')?;
        self.file.seek(SeekFrom::Start(0))?;
        let bytes = io::copy(&mut self.file, to)?;
        pad_to_block(to, bytes, block, 0)
    }

    fn table_header(&self) -> Header {
        let mut header = Header::new();
        self.set_table_keywords(&mut header);
        self.set_image_keywords(&mut header);
        self.set_compression_keywords(&mut header);
        set_keywords(&mut header, &self.cube);
        header
    }

    /// Size and columns of the table of tiles.
    fn set_table_keywords(&self, header: &mut Header) {
        header.set("XTENSION", text_value("BINTABLE"), None);
        header.set("BITPIX", HeaderValue::Integer(8), None);
        header.set("NAXIS", HeaderValue::Integer(2), None);
        header.set("NAXIS1", whole(self.row_bytes()), None);
        header.set("NAXIS2", whole(self.tile_count().unwrap_or_default()), None);
        header.set("PCOUNT", whole(self.heap), None);
        header.set("GCOUNT", HeaderValue::Integer(1), None);
        let kind = if self.is_long() { 'Q' } else { 'P' };
        let [data, exact] = self.largest.map(|largest| format!("1{kind}B({largest})"));
        let mut columns = vec![("COMPRESSED_DATA", data)];
        if self.is_rounded() {
            columns.push(("GZIP_COMPRESSED_DATA", exact));
            columns.extend([("ZSCALE", "1D".to_owned()), ("ZZERO", "1D".to_owned())]);
        }
        header.set("TFIELDS", whole(columns.len() as u64), None);
        for (i, (name, form)) in columns.iter().enumerate() {
            header.set(&format!("TTYPE{}", i + 1), text_value(name), None);
            header.set(&format!("TFORM{}", i + 1), text_value(form), None);
        }
    }

    /// Shape and number type of the cube, and the shape of its tiles.
    fn set_image_keywords(&self, header: &mut Header) {
        header.set("ZIMAGE", HeaderValue::Logical(true), None);
        header.set("ZTENSION", text_value("IMAGE"), None);
        let bitpix = HeaderValue::Integer(self.cube.precision.bitpix_code());
        header.set("ZBITPIX", bitpix, None);
        header.set("ZNAXIS", HeaderValue::Integer(3), None);
        for (axis, size) in self.cube.shape.iter().rev().enumerate() {
            header.set(&format!("ZNAXIS{}", axis + 1), whole(*size as u64), None);
        }
        header.set("ZPCOUNT", HeaderValue::Integer(0), None);
        header.set("ZGCOUNT", HeaderValue::Integer(1), None);
        for axis in 1..=3 {
            let side = if axis == 1 {
                self.tile_width() as u64
            } else {
                1
            };
            header.set(&format!("ZTILE{axis}"), whole(side), None);
        }
    }

    /// Method of compression and its parameters.
    fn set_compression_keywords(&self, header: &mut Header) {
        let precision = self.cube.precision;
        let is_real = matches!(precision, Precision::Single | Precision::Double);
        if is_real && !self.is_rounded() {
            let comment = "numbers have all their digits";
            header.set("ZCMPTYPE", text_value("GZIP_2"), None);
            header.set("ZQUANTIZ", text_value("NONE"), Some(comment));
        } else {
            let bytes = if precision == Precision::Byte { 1 } else { 4 };
            header.set("ZCMPTYPE", text_value("RICE_1"), None);
            header.set("ZNAME1", text_value("BLOCKSIZE"), None);
            header.set("ZVAL1", whole(RICE_BLOCK as u64), None);
            header.set("ZNAME2", text_value("BYTEPIX"), None);
            header.set("ZVAL2", whole(bytes), None);
        }
        if self.is_rounded() {
            let error = HeaderValue::Float(self.largest_error);
            let comment = "largest error of rounding, in BUNIT";
            header.set("ZQUANTIZ", text_value("NO_DITHER"), None);
            header.set("ZBLANK", HeaderValue::Integer(i64::from(BLANK)), None);
            header.set("ROUNDING", error, Some(comment));
        }
    }
}

fn whole(value: u64) -> HeaderValue {
    HeaderValue::Integer(i64::try_from(value).unwrap_or(i64::MAX))
}

/// Fills up to a whole block.
fn pad_to_block(to: &mut File, bytes: u64, block: u64, with: u8) -> io::Result<()> {
    to.write_all(&vec![
        with;
        (bytes.next_multiple_of(block) - bytes) as usize
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CubeFile;
    use fitskit::{CompressedImage, FitsFile, HduData, PixelData};
    use ndarray::{Array3, s};

    const SHAPE: [usize; 3] = [3, 5, 300];

    fn cube(name: &str, precision: Precision) -> Cube {
        Cube {
            name: name.into(),
            unit: "cm-5".into(),
            shape: SHAPE,
            precision,
            keywords: vec![],
        }
    }

    fn values() -> Array3<f32> {
        let mut values = Array3::from_shape_fn(SHAPE, |(p, r, c)| {
            let wave = (0.3 * c as f32 + r as f32).sin();
            10_f32.powi(p as i32 * 12) * (wave + 1.5) * (1.0 + 0.01 * (c * 7919 % 13) as f32)
        });
        values[[1, 2, 3]] = f32::NAN;
        values[[1, 2, 4]] = 0.0;
        values[[2, 4, 1]] = -values[[2, 4, 0]];
        // Too uneven to be rounded.
        values[[2, 0, 7]] = 1e35;
        values
    }

    fn pixels(file: &[u8], name: &str) -> Array3<f64> {
        let file = FitsFile::from_bytes(file).unwrap();
        let hdu = file.find_extension(name).unwrap();
        let HduData::BinTable(table) = &hdu.data else {
            panic!("no table")
        };
        let image = CompressedImage::from_bintable(&hdu.header, table)
            .unwrap()
            .decompress()
            .unwrap();
        let numbers: Vec<f64> = match image.pixels {
            PixelData::F32(numbers) => numbers.into_iter().map(f64::from).collect(),
            PixelData::U8(numbers) => numbers.into_iter().map(f64::from).collect(),
            PixelData::I32(numbers) => numbers.into_iter().map(f64::from).collect(),
            other => panic!("{other:?}"),
        };
        Array3::from_shape_vec(SHAPE, numbers).unwrap()
    }

    /// The bytes of a file written with a given number of rows per call, and the rounding error of
    /// its first cube.
    fn written(at_once: usize) -> (Vec<u8>, f64) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cubes.fits");
        let whole = Array3::from_shape_fn(SHAPE, |(p, r, c)| {
            (p * 1000 + r * 40) as i32 - (c * c) as i32
        });
        let bytes = whole.mapv(|x| x as u8);
        let cubes = [
            (cube("ROUNDED", Precision::Single), Packing::Rounded),
            (cube("WHOLE", Precision::Whole), Packing::Rounded),
            (cube("BYTES", Precision::Byte), Packing::Lossless),
        ];
        let mut file = CubeFile::create_packed(&path, &cubes).unwrap();
        for first in (0..SHAPE[1]).step_by(at_once) {
            let rows = s![.., first..(first + at_once).min(SHAPE[1]), ..];
            file.write_rows(0, first, values().slice(rows)).unwrap();
            file.write_rows(1, first, whole.slice(rows)).unwrap();
            file.write_rows(2, first, bytes.slice(rows)).unwrap();
        }
        assert!(
            file.write_rows(0, 1, values().view()).is_err()
                && file.write_rows(3, 0, bytes.view()).is_err()
        );
        let error = file.largest_error(0);
        assert_eq!((file.largest_error(1), file.largest_error(9)), (0.0, 0.0));
        file.finish().unwrap();
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing is left beside it"
        );
        let file = std::fs::read(&path).unwrap();
        assert_eq!(file.len() % 2880, 0);
        assert_eq!(pixels(&file, "WHOLE"), whole.mapv(f64::from));
        assert_eq!(pixels(&file, "BYTES"), bytes.mapv(f64::from));
        (file, error)
    }

    #[test]
    fn numbers_come_back_within_the_error_that_is_stated() {
        let (file, stated) = written(2);
        let (found, expected) = (pixels(&file, "ROUNDED"), values());
        let mut largest = 0.0_f64;
        for plane in 0..SHAPE[0] {
            for row in 0..SHAPE[1] {
                let [found, expected] = [
                    found.slice(s![plane, row, ..]),
                    expected.mapv(f64::from).slice(s![plane, row, ..]),
                ]
                .map(|row| row.to_vec());
                let part = |i: usize| {
                    i / COLUMNS * COLUMNS..(i / COLUMNS * COLUMNS + COLUMNS).min(SHAPE[2])
                };
                for (i, (found, expected_here)) in found.iter().zip(&expected).enumerate() {
                    let finite = expected[part(i)].iter().copied().filter(|x| x.is_finite());
                    let of_row = finite.fold(0.0, |m: f64, x| m.max(x.abs()));
                    let is_exact = (plane, row) == (2, 0) && i < COLUMNS;
                    let expected = expected_here;
                    assert_eq!(found.is_nan(), expected.is_nan());
                    assert!(*expected != 0.0 || *found == 0.0);
                    let error = (found - expected).abs();
                    // Readers round to single precision.
                    let most = if is_exact {
                        0.0
                    } else {
                        of_row * (1.0 / 65_534.0 + 1e-7)
                    };
                    assert!(
                        error.is_nan() || error <= most,
                        "{found} for {expected} in {plane}, {row}"
                    );
                    largest = largest.max(error);
                }
            }
        }
        assert!((stated / largest - 1.0).abs() < 0.01, "{stated} {largest}");
        let text = format!("ROUNDING= {:>20}", "");
        assert!(file.windows(10).any(|w| w == &text.as_bytes()[..10]));
    }

    #[test]
    fn files_do_not_depend_on_how_many_rows_come_at_a_time() {
        assert!(written(1).0 == written(3).0);
    }
}
