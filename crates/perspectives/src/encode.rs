//! Encoding of views as JPEG or PNG.

use crate::chroma::Chroma;
use clap::ValueEnum;
use isopach_compute::{Error, Result};
use libjpeg_turbo_rs::{
    Encoder, PixelFormat, Subsampling, compress_raw, encode::pipeline::inject_metadata,
};
use std::borrow::Cow;

/// The format of views.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// JPEG
    Jpeg,
    /// PNG, without loss
    Png,
}

impl Format {
    /// The ending of new names.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }

    /// Whether a file of this ending may be of this format.
    pub(crate) fn has_ending(self, ending: &str) -> bool {
        let endings: &[&str] = match self {
            Self::Jpeg => &["jpg", "jpeg"],
            Self::Png => &["png"],
        };
        endings
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known))
    }
}

/// How views are encoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Encoding {
    pub(crate) format: Format,
    /// Quality of JPEG, 1 to 100.
    pub(crate) quality: u8,
    pub(crate) chroma: Chroma,
}

/// A picture to encode.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picture<'a> {
    /// `[row][column][band]`.
    pub(crate) pixels: &'a [u8],
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    /// 1 or 3.
    pub(crate) bands: usize,
}

/// A picture to encode, its planes apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlanePicture<'a> {
    /// `[row][column]`.
    pub(crate) brightness: &'a [u8],
    /// Differences of blue and of red from the brightness, `[row][column]`, of the encoding's
    /// resolution.
    pub(crate) colours: [&'a [u8]; 2],
    /// Of the brightness.
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

/// Metadata written beside the pixels.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Attached<'a> {
    /// EXIF data: a TIFF file.
    pub(crate) exif: Option<&'a [u8]>,
    /// Colour profile.
    pub(crate) profile: Option<&'a [u8]>,
}

impl Encoding {
    /// Encodes a picture.
    ///
    /// # Errors
    /// [`Error::Source`] if the encoder refuses it.
    pub(crate) fn encode(&self, picture: Picture<'_>, attached: Attached<'_>) -> Result<Vec<u8>> {
        match self.format {
            Format::Jpeg => self.encode_jpeg(picture, attached),
            Format::Png => encode_png(picture, attached),
        }
    }

    fn encode_jpeg(&self, picture: Picture<'_>, attached: Attached<'_>) -> Result<Vec<u8>> {
        let Picture {
            pixels,
            columns,
            rows,
            bands,
        } = picture;
        let format = match bands {
            1 => PixelFormat::Grayscale,
            _ => PixelFormat::Rgb,
        };
        let mut encoder = Encoder::new(pixels, columns, rows, format).quality(self.quality);
        if bands != 1 {
            encoder = encoder.subsampling(subsampling_of(self.chroma));
        }
        if let Some(exif) = attached.exif {
            encoder = encoder.exif_data(exif);
        }
        if let Some(profile) = attached.profile {
            encoder = encoder.icc_profile(profile);
        }
        encoder.encode().map_err(Error::source)
    }

    /// Encodes a picture whose planes are apart, as JPEG.
    ///
    /// # Errors
    /// [`Error::Source`] if the encoder refuses it.
    pub(crate) fn encode_planes(
        &self,
        picture: PlanePicture<'_>,
        attached: Attached<'_>,
    ) -> Result<Vec<u8>> {
        let PlanePicture {
            brightness,
            colours: [blue, red],
            columns,
            rows,
        } = picture;
        let [colour_columns, colour_rows] = self.chroma.colour_size([columns, rows]);
        let file = compress_raw(
            &[brightness, blue, red],
            &[columns, colour_columns, colour_columns],
            &[rows, colour_rows, colour_rows],
            columns,
            rows,
            self.quality,
            subsampling_of(self.chroma),
        )
        .map_err(Error::source)?;
        let Attached { exif, profile } = attached;
        if exif.is_none() && profile.is_none() {
            return Ok(file);
        }
        inject_metadata(&file, profile, exif).map_err(Error::source)
    }
}

/// The encoder's name of a resolution of colours.
fn subsampling_of(chroma: Chroma) -> Subsampling {
    match chroma {
        Chroma::Half => Subsampling::S420,
        Chroma::HalfColumns => Subsampling::S422,
        Chroma::Full => Subsampling::S444,
    }
}

/// Encodes a picture of 8 bits a sample as PNG, with fast compression.
pub(crate) fn encode_png(picture: Picture<'_>, attached: Attached<'_>) -> Result<Vec<u8>> {
    let mut info = png::Info::with_size(picture.columns as u32, picture.rows as u32);
    info.bit_depth = png::BitDepth::Eight;
    info.color_type = match picture.bands {
        1 => png::ColorType::Grayscale,
        _ => png::ColorType::Rgb,
    };
    info.exif_metadata = attached.exif.map(|exif| Cow::Owned(exif.to_vec()));
    info.icc_profile = attached.profile.map(|profile| Cow::Owned(profile.to_vec()));
    let mut file = Vec::new();
    let mut encoder = png::Encoder::with_info(&mut file, info).map_err(Error::source)?;
    encoder.set_compression(png::Compression::Fast);
    encoder.set_filter(png::Filter::Adaptive);
    let mut writer = encoder.write_header().map_err(Error::source)?;
    writer
        .write_image_data(picture.pixels)
        .map_err(Error::source)?;
    writer.finish().map_err(Error::source)?;
    Ok(file)
}
