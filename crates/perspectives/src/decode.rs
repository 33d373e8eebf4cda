//! Decoding of frames: JPEG and PNG of 8 bits.

use crate::{
    FrameError, chroma::Chroma, decode_planes, jpeg_header::JpegHeader, rendering::Layout,
};
use clap::ValueEnum;
use isopach_compute::catch_panic;
use libjpeg_turbo_rs::{Decoder, PixelFormat, ScalingFactor};
use std::io::{Cursor, ErrorKind};
use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

/// The decoder of JPEG frames. Their pixels differ by up to 5 levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum JpegDecoding {
    /// zune-jpeg, for any file
    Zune,
    /// libjpeg-turbo-rs, the pixels of libjpeg-turbo: for files that you trust, since fixes of its
    /// memory safety are not released
    Turbo,
}

/// How JPEG frames are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JpegReading {
    pub(crate) decoder: JpegDecoding,
    /// Frames whose colours have this resolution are decoded to their planes.
    pub(crate) planes: Option<Chroma>,
}

/// A frame before its pixels are decoded.
#[derive(Clone, Debug)]
pub(crate) struct FrameHeader {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    /// Bands of the decoded frame: 1 or 3.
    pub(crate) bands: usize,
    /// Resolution of the colours, if the frame can be decoded to its planes.
    pub(crate) chroma: Option<Chroma>,
    /// Bytes that decoding needs beside the pixels.
    pub(crate) working_bytes: u64,
    /// EXIF data: a TIFF file.
    pub(crate) exif: Option<Vec<u8>>,
    /// Colour profile.
    pub(crate) profile: Option<Vec<u8>>,
    /// Whether it has an opacity, which views do not keep.
    pub(crate) has_opacity: bool,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Jpeg,
    Png,
}

/// Name of a format in messages.
const JPEG: &str = "JPEG";
/// Name of a format in messages.
const PNG: &str = "PNG";
/// Kinds of pixels that are read.
const WANTED: &str = "grey levels or red, green and blue, of 8 bits";
/// Bytes that a progressive JPEG holds a pixel: coefficients of three bands of 16 bits.
const COEFFICIENT_BYTES: u64 = 6;

impl FrameHeader {
    /// Reads the header of a file, and checks that it is whole as far as its markers say.
    pub(crate) fn read(file: &[u8]) -> Result<Self, FrameError> {
        if file.starts_with(&[0xFF, 0xD8]) {
            Self::of_jpeg(file)
        } else if file.starts_with(b"\x89PNG\r\n\x1a\n") {
            Self::of_png(file)
        } else {
            Err(FrameError::UnknownFormat)
        }
    }

    fn of_jpeg(file: &[u8]) -> Result<Self, FrameError> {
        let header = JpegHeader::read(file)?;
        let JpegHeader {
            columns,
            rows,
            components,
            bits,
            is_progressive,
            ..
        } = header;
        if bits != 8 || !matches!(components, 1 | 3) {
            return Err(FrameError::OtherPixels {
                found: format!("{components} components of {bits} bits"),
                wanted: WANTED,
            });
        }
        let working_bytes = if is_progressive {
            COEFFICIENT_BYTES * columns as u64 * rows as u64
        } else {
            0
        };
        Ok(Self {
            columns,
            rows,
            bands: components,
            chroma: header.plane_chroma(),
            working_bytes,
            exif: header.exif.clone().map(|range| file[range].to_vec()),
            profile: header.profile(file),
            has_opacity: false,
            kind: Kind::Jpeg,
        })
    }

    fn of_png(file: &[u8]) -> Result<Self, FrameError> {
        let reader = open_png(file)?;
        let info = reader.info();
        if info.bit_depth == png::BitDepth::Sixteen {
            return Err(FrameError::OtherPixels {
                found: "samples of 16 bits".into(),
                wanted: WANTED,
            });
        }
        let (colour, _) = reader.output_color_type();
        let has_opacity = matches!(
            colour,
            png::ColorType::Rgba | png::ColorType::GrayscaleAlpha
        );
        let bands = match colour {
            png::ColorType::Grayscale | png::ColorType::GrayscaleAlpha => 1,
            _ => 3,
        };
        let columns = info.width as usize;
        let rows = info.height as usize;
        Ok(Self {
            columns,
            rows,
            bands,
            chroma: None,
            working_bytes: u64::from(has_opacity) * columns as u64 * rows as u64,
            exif: info.exif_metadata.as_deref().map(<[u8]>::to_vec),
            profile: info.icc_profile.as_deref().map(<[u8]>::to_vec),
            has_opacity,
            kind: Kind::Png,
        })
    }

    /// Decodes the file that this is the header of, to its planes or to pixels, as the header and
    /// `reading` alone say: a frame has the same views in every run. The caller has checked that the
    /// size is one that memory holds.
    pub(crate) fn decode(
        &self,
        file: &[u8],
        reading: JpegReading,
        samples: &mut Vec<u8>,
    ) -> Result<Layout, FrameError> {
        match self.chroma.filter(|chroma| reading.planes == Some(*chroma)) {
            Some(chroma) => {
                self.decode_planes(file, chroma, samples)?;
                Ok(Layout::Planes(chroma))
            }
            None => {
                self.decode_pixels(file, reading.decoder, samples)?;
                Ok(Layout::Pixels(self.bands))
            }
        }
    }

    /// Decodes the file into `[row][column][band]`.
    fn decode_pixels(
        &self,
        file: &[u8],
        by: JpegDecoding,
        pixels: &mut Vec<u8>,
    ) -> Result<(), FrameError> {
        // A codec's panic on a damaged file is the file's fault.
        let decoded = catch_panic(|| {
            Ok(match (self.kind, by) {
                (Kind::Jpeg, JpegDecoding::Zune) => self.decode_by_zune(file, pixels),
                (Kind::Jpeg, JpegDecoding::Turbo) => self.decode_by_turbo(file, pixels),
                (Kind::Png, _) => self.decode_png(file, pixels),
            })
        });
        let format = match self.kind {
            Kind::Jpeg => JPEG,
            Kind::Png => PNG,
        };
        decoded.unwrap_or_else(|reason| Err(FrameError::Damaged { format, reason }))
    }

    /// Decodes the JPEG to its planes.
    fn decode_planes(
        &self,
        file: &[u8],
        chroma: Chroma,
        planes: &mut Vec<u8>,
    ) -> Result<(), FrameError> {
        let size = [self.columns, self.rows];
        let decoded = catch_panic(|| Ok(decode_planes::decode(file, size, chroma, planes)));
        decoded
            .unwrap_or_else(Err)
            .map_err(|reason| damaged(JPEG, &reason))
    }

    /// Decodes a file of this program to a picture of about a `part` of its columns and rows:
    /// columns, rows and pixels.
    pub(crate) fn decode_small(
        &self,
        file: &[u8],
        part: usize,
    ) -> Result<(usize, usize, Vec<u8>), FrameError> {
        let mut pixels = Vec::new();
        if self.kind == Kind::Png || part < 2 {
            self.decode_pixels(file, JpegDecoding::Turbo, &mut pixels)?;
            return Ok((self.columns, self.rows, pixels));
        }
        let format = match self.bands {
            1 => PixelFormat::Grayscale,
            _ => PixelFormat::Rgb,
        };
        let scale = ScalingFactor::try_new(1, 1 << part.ilog2().min(3));
        let image = scale
            .and_then(|scale| {
                let decoder = Decoder::new(file)?;
                decoder
                    .with_output_format(format)
                    .with_scale(scale)
                    .decode_image()
            })
            .map_err(|error| damaged(JPEG, &error))?;
        Ok((image.width, image.height, image.data))
    }

    fn samples(&self) -> usize {
        self.columns * self.rows * self.bands
    }

    fn decode_by_zune(&self, file: &[u8], pixels: &mut Vec<u8>) -> Result<(), FrameError> {
        let colour = match self.bands {
            1 => ColorSpace::Luma,
            _ => ColorSpace::RGB,
        };
        let options = DecoderOptions::default()
            .set_strict_mode(true)
            .set_max_width(self.columns)
            .set_max_height(self.rows)
            .jpeg_set_out_colorspace(colour);
        pixels.resize(self.samples(), 0);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
        decoder
            .decode_into(pixels)
            .map_err(|error| damaged(JPEG, &error))
    }

    fn decode_by_turbo(&self, file: &[u8], pixels: &mut Vec<u8>) -> Result<(), FrameError> {
        let format = match self.bands {
            1 => PixelFormat::Grayscale,
            _ => PixelFormat::Rgb,
        };
        pixels.resize(self.samples(), 0);
        libjpeg_turbo_rs::decompress_into(file, format, pixels)
            .map(drop)
            .map_err(|error| damaged(JPEG, &error))
    }

    fn decode_png(&self, file: &[u8], pixels: &mut Vec<u8>) -> Result<(), FrameError> {
        let mut reader = open_png(file)?;
        let read_bands = self.bands + usize::from(self.has_opacity);
        pixels.resize(self.columns * self.rows * read_bands, 0);
        reader
            .next_frame(pixels)
            .map_err(|error| png_error(error, file))?;
        if self.has_opacity {
            drop_last_band(pixels, read_bands);
        }
        Ok(())
    }
}

/// A reader of 8-bit samples: palettes and small numbers of bits are expanded.
fn open_png(file: &[u8]) -> Result<png::Reader<Cursor<&[u8]>>, FrameError> {
    let mut decoder = png::Decoder::new(Cursor::new(file));
    decoder.set_transformations(png::Transformations::EXPAND);
    decoder.read_info().map_err(|error| png_error(error, file))
}

fn png_error(error: png::DecodingError, file: &[u8]) -> FrameError {
    match error {
        png::DecodingError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            FrameError::CutShort {
                format: PNG,
                bytes: file.len(),
            }
        }
        error => damaged(PNG, &error),
    }
}

fn damaged(format: &'static str, error: &dyn std::fmt::Display) -> FrameError {
    FrameError::Damaged {
        format,
        reason: error.to_string().replace('\n', " "),
    }
}

/// Takes the last of `bands` from every pixel, in place.
fn drop_last_band(pixels: &mut Vec<u8>, bands: usize) {
    let count = pixels.len() / bands;
    for i in 0..count {
        pixels.copy_within(i * bands..(i + 1) * bands - 1, i * (bands - 1));
    }
    pixels.truncate(count * (bands - 1));
}
