//! Decoding of JPEG frames to their planes: brightness and colours as the file has them, neither
//! brought to one resolution nor turned into red, green and blue.

use crate::chroma::Chroma;
use zune_jpeg::{
    JpegDecoder, RawImcuRowStatus,
    zune_core::{bytestream::ZCursor, options::DecoderOptions},
};

/// Rows of a block of coefficients.
const BLOCK_ROWS: usize = 8;

/// Decodes a file of `size` columns and rows to its brightness, `[row][column]`, and behind it the
/// differences of blue and red, `[row][column]` of two. The caller has read from the file's header
/// that these are its planes.
///
/// # Errors
/// The decoder's words on a damaged file.
pub(crate) fn decode(
    file: &[u8],
    size: [usize; 2],
    chroma: Chroma,
    planes: &mut Vec<u8>,
) -> Result<(), String> {
    let [columns, rows] = size;
    let [colour_columns, colour_rows] = chroma.colour_size(size);
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(columns)
        .set_max_height(rows);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
    let in_words = |error| format!("{error}");
    decoder.decode_headers().map_err(in_words)?;
    let mut session = decoder.raw_output();
    planes.resize(columns * rows + 2 * colour_columns * colour_rows, 0);
    let (brightness, colours) = planes.split_at_mut(columns * rows);
    let brightness = brightness.chunks_mut(columns * BLOCK_ROWS * chroma.shared()[1]);
    let colours = colours.chunks_mut(2 * colour_columns * BLOCK_ROWS);
    let mut blue = vec![0; colour_columns * BLOCK_ROWS];
    let mut red = blue.clone();
    // A strip of blocks at a time: its colours are woven together while they are in the cache.
    for (brightness, colours) in brightness.zip(colours) {
        let strides = [columns, colour_columns, colour_columns];
        let expected = [
            brightness.len() / columns,
            colours.len() / (2 * colour_columns),
        ];
        let status = session.decode_next_imcu_row(&mut [brightness, &mut blue, &mut red], &strides);
        match status.map_err(in_words)? {
            RawImcuRowStatus::RowReady { rows_written: of }
                if of[..3] == [expected[0], expected[1], expected[1]] => {}
            _ => return Err("it ends early".into()),
        }
        for (to, (blue, red)) in colours.chunks_exact_mut(2).zip(blue.iter().zip(&red)) {
            to[0] = *blue;
            to[1] = *red;
        }
    }
    Ok(())
}
