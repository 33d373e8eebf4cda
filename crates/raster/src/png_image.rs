//! Encoding of pictures as PNG.

use isopach_compute::{Error, Result};

/// Samples per pixel of a picture, 8 bits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PngColour {
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, opacity.
    Rgba,
}

/// Encodes a picture as PNG, with fast compression.
///
/// `samples`: row by row from the top, `columns` × 3 or 4 bytes a row.
///
/// ```
/// use isopach_raster::{PngColour, encode_png};
/// let png = encode_png([1, 2], PngColour::Rgb, &[255, 0, 0, 0, 0, 255])?; // red above blue
/// assert_eq!(&png[1..4], b"PNG");
/// # Ok::<(), isopach_compute::Error>(())
/// ```
///
/// # Errors
/// [`Error::Source`] for a picture without pixels, and for a number of samples that does not match
/// `[columns, rows]`.
pub fn encode_png([columns, rows]: [u32; 2], colour: PngColour, samples: &[u8]) -> Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, columns, rows);
    encoder.set_color(match colour {
        PngColour::Rgb => png::ColorType::Rgb,
        PngColour::Rgba => png::ColorType::Rgba,
    });
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    encoder.set_filter(png::Filter::Adaptive);
    let mut writer = encoder.write_header().map_err(Error::source)?;
    writer.write_image_data(samples).map_err(Error::source)?;
    writer.finish().map_err(Error::source)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_comes_back_and_a_wrong_number_of_samples_is_refused() {
        let samples: Vec<u8> = (0..3 * 2 * 4).collect();
        let file = encode_png([3, 2], PngColour::Rgba, &samples).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(file))
            .read_info()
            .unwrap();
        let mut decoded = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut decoded).unwrap();
        assert_eq!(decoded, samples);
        assert!(encode_png([3, 2], PngColour::Rgb, &samples).is_err());
        assert!(encode_png([0, 2], PngColour::Rgb, &[]).is_err());
    }
}
