//! Blocks that are JPEG streams, with tables that they share (TIFF Technical Note 2).

use super::{
    fault::{ReadResult, damaged},
    tags::{Directory, Tiff, Values},
};
use isopach_compute::catch_panic;
use std::io::Seek;
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

/// Bytes of the tables, at most: four of quantisation and eight of codes are below 2 KiB.
const MOST_TABLES: u64 = 1 << 16;

/// How the JPEG streams of an image are decoded.
#[derive(Debug, Default)]
pub(super) struct JpegStreams {
    /// Segments that come before those of each block, without the markers of start and end.
    tables: Vec<u8>,
    /// The samples are luma and differences of colour, which become red, green and blue.
    is_ycbcr: bool,
}

impl JpegStreams {
    /// Reads the tables that all blocks share (tag 347).
    pub(super) fn from_directory<R: std::io::Read + Seek>(
        tiff: &mut Tiff<R>,
        directory: &Directory,
        is_ycbcr: bool,
    ) -> ReadResult<Self> {
        let values = tiff.read_numbers(directory, 347, MOST_TABLES)?;
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(Values::iter)
            .map(|byte| byte as u8)
            .collect();
        let tables = match &bytes[..] {
            [] => Vec::new(),
            [0xFF, 0xD8, tables @ .., 0xFF, 0xD9] => tables.to_vec(),
            _ => return damaged("its JPEG tables (tag 347) are no JPEG stream"),
        };
        Ok(Self { tables, is_ycbcr })
    }

    /// Decodes a block of `columns` × `rows` pixels, of so many samples each. The stream may have
    /// up to `whole` rows.
    pub(super) fn expand(
        &self,
        stored: &[u8],
        [columns, rows, samples]: [usize; 3],
        whole: usize,
    ) -> Result<Vec<u8>, String> {
        let [0xFF, 0xD8, rest @ ..] = stored else {
            return Err("it is no JPEG stream".to_owned());
        };
        let stream = [&[0xFF, 0xD8], &self.tables[..], rest].concat();
        catch_panic(|| self.decode(&stream, [columns, rows, samples], whole))
    }

    fn decode(
        &self,
        stream: &[u8],
        [columns, rows, samples]: [usize; 3],
        whole: usize,
    ) -> Result<Vec<u8>, String> {
        let options = DecoderOptions::default()
            .set_max_width(columns)
            .set_max_height(whole)
            .set_strict_mode(true);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(stream), options);
        decoder
            .decode_headers()
            .map_err(|fault| fault.to_string())?;
        let size = decoder.dimensions().unwrap_or_default();
        if size.0 != columns || !(rows..=whole).contains(&size.1) {
            return Err(format!(
                "its JPEG stream has {} × {} pixels, but the block {columns} × {rows}",
                size.0, size.1
            ));
        }
        let stored = decoder.input_colorspace().unwrap_or(ColorSpace::Unknown);
        let wanted = self.output_of(stored, samples).ok_or_else(|| {
            format!("its JPEG stream has colours as {stored:?}, but {samples} samples a pixel")
        })?;
        decoder.set_options(options.jpeg_set_out_colorspace(wanted));
        let pixels = decoder.decode().map_err(|fault| fault.to_string())?;
        if pixels.len() != size.0 * size.1 * samples {
            return Err(format!("its JPEG stream has {} samples", pixels.len()));
        }
        Ok(pixels)
    }

    /// The form of the samples: as they are stored, unless they are to become red, green and blue.
    fn output_of(&self, stored: ColorSpace, samples: usize) -> Option<ColorSpace> {
        match (stored, samples) {
            (ColorSpace::YCbCr, 3) if self.is_ycbcr => Some(ColorSpace::RGB),
            (ColorSpace::Luma, 1)
            | (ColorSpace::YCbCr | ColorSpace::RGB, 3)
            | (ColorSpace::CMYK, 4) => Some(stored),
            _ => None,
        }
    }
}
