//! The bytes of a compressed tile, and the numbers in them.
//!
//! Sizes that a stream states are compared with those of its tile before memory is taken, and a
//! stream that unpacks to more is refused. `fitskit` decodes RICE, PLIO and HCOMPRESS.

use crate::FitsHeader;
use crate::{FitsError, header::invalid_value};
use fitskit::{Bitpix, tile_compress as fitskit_codec, tile_compress::CompressionType};
use flate2::read::GzDecoder;
use isopach_compute::{Error, Result, catch_panic};
use std::io::Read;

/// Words of 16 bits of a stream of PLIO at most: its head, and a pixel that is not like the one
/// before.
const PLIO_HEAD: usize = 32;
const PLIO_A_PIXEL: usize = 4;
/// Bit planes of HCOMPRESS at most, with 32 and with 64 bits a number.
const PLANES: [u8; 2] = [31, 63];

/// Compression of the tiles of an image.
#[derive(Debug)]
pub(crate) struct Codec {
    kind: CompressionType,
    bits: Bitpix,
    /// RICE: pixels per block, bytes per number.
    block: usize,
    bytes: usize,
    /// HCOMPRESS: whether edges are smoothed.
    smooth: i32,
}

impl Codec {
    pub(crate) fn new(header: &FitsHeader, bits: Bitpix) -> Result<Self> {
        let kind = CompressionType::parse(header.text("ZCMPTYPE").unwrap_or_default())
            .map_err(Error::source)?;
        let mut codec = Self {
            kind,
            bits,
            block: 32,
            bytes: 4,
            smooth: 0,
        };
        for number in 1.. {
            let Some(name) = header.text(&format!("ZNAME{number}")) else {
                break;
            };
            let value = header.integer(&format!("ZVAL{number}")).unwrap_or(0);
            match name.to_ascii_uppercase().as_str() {
                "BLOCKSIZE" => codec.block = positive_parameter(name, value)?,
                "BYTEPIX" => codec.bytes = positive_parameter(name, value)?,
                "SMOOTH" => codec.smooth = i32::from(value != 0),
                _ => {}
            }
        }
        Ok(codec)
    }

    /// Bytes of a number, whether it was quantised or not.
    fn sample_width(&self) -> usize {
        self.bits.bytes_per_value()
    }

    /// Bytes a pixel of a tile that decoding holds at once: numbers as they were unpacked, in their
    /// order, and widened.
    pub(crate) fn working_bytes(&self) -> u64 {
        let width = self.sample_width() as u64;
        let widened = size_of::<i64>() as u64;
        let decoded = match self.kind {
            CompressionType::Gzip1 => width + widened,
            CompressionType::Gzip2 => 2 * width + widened,
            CompressionType::Rice1 => size_of::<i32>() as u64 + widened,
            // And the stream's words, before and after widening.
            CompressionType::Plio1 => size_of::<i32>() as u64 + widened + 6 * PLIO_A_PIXEL as u64,
            // And a quarter byte per bit plane of a quadrant.
            CompressionType::Hcompress1 => size_of::<i64>() as u64 + widened,
            CompressionType::NoCompress => widened,
        };
        let is_real = matches!(self.bits, Bitpix::F32 | Bitpix::F64);
        // Whole numbers that become real ones.
        decoded.max(if is_real { 2 * widened } else { 0 })
    }

    /// The whole numbers of a tile of some columns and rows.
    pub(crate) fn decode_integers(
        &self,
        bytes: &[u8],
        [columns, rows]: [usize; 2],
    ) -> Result<Vec<i64>> {
        let count = columns * rows;
        match self.kind {
            CompressionType::Rice1 => self.decode_rice(bytes, count),
            CompressionType::Plio1 => {
                let most = 2 * (PLIO_HEAD + PLIO_A_PIXEL * count);
                if bytes.len() > most {
                    return Err(FitsError::PlioBytes {
                        pixels: count,
                        bytes: bytes.len(),
                        most,
                    }
                    .into());
                }
                let words: Vec<i16> = bytes
                    .as_chunks::<2>()
                    .0
                    .iter()
                    .map(|word| i16::from_be_bytes(*word))
                    .collect();
                Ok(
                    by_fitskit(|| fitskit_codec::plio_decompress(&words, count))?
                        .into_iter()
                        .map(i64::from)
                        .collect(),
                )
            }
            CompressionType::Hcompress1 => self.decode_hcompress(bytes, [columns, rows]),
            CompressionType::Gzip1 => {
                big_endian_integers(&gunzip_exactly(bytes, count, self.sample_width())?, count)
            }
            CompressionType::Gzip2 => big_endian_integers(
                &in_order(&gunzip_exactly(bytes, count, self.sample_width())?, count),
                count,
            ),
            CompressionType::NoCompress => big_endian_integers(bytes, count),
        }
    }

    /// The whole numbers of a tile that was too wild for the codec of the others and is packed by
    /// gzip.
    pub(crate) fn packed_whole(&self, bytes: &[u8], count: usize) -> Result<Vec<i64>> {
        big_endian_integers(&gunzip_exactly(bytes, count, self.sample_width())?, count)
    }

    /// The whole numbers of a tile that is not compressed.
    pub(crate) fn plain_whole(&self, bytes: &[u8], count: usize) -> Result<Vec<i64>> {
        big_endian_integers(bytes, count)
    }

    /// The real numbers of a tile, which were not quantised. GZIP_2 has all first bytes of its
    /// numbers first, then all second ones.
    pub(crate) fn decode_reals(&self, bytes: &[u8], count: usize) -> Result<Vec<f64>> {
        match self.kind {
            CompressionType::NoCompress => self.plain_reals(bytes, count),
            CompressionType::Gzip2 => self.plain_reals(
                &in_order(&gunzip_exactly(bytes, count, self.sample_width())?, count),
                count,
            ),
            _ => self.packed_reals(bytes, count),
        }
    }

    /// Decodes a gzip tile with unshuffled bytes, for tiles that the image's own codec could not
    /// compress.
    pub(crate) fn packed_reals(&self, bytes: &[u8], count: usize) -> Result<Vec<f64>> {
        self.plain_reals(&gunzip_exactly(bytes, count, self.sample_width())?, count)
    }

    /// Real numbers that are not compressed.
    pub(crate) fn plain_reals(&self, bytes: &[u8], count: usize) -> Result<Vec<f64>> {
        if bytes.len() != count * self.sample_width() {
            return Err(wrong_size_error(bytes.len(), count));
        }
        Ok(match self.bits {
            Bitpix::F32 => bytes
                .as_chunks()
                .0
                .iter()
                .map(|number| f32::from_be_bytes(*number).into())
                .collect(),
            _ => bytes
                .as_chunks()
                .0
                .iter()
                .map(|number| f64::from_be_bytes(*number))
                .collect(),
        })
    }

    /// Decodes a RICE tile of `count` numbers.
    fn decode_rice(&self, bytes: &[u8], count: usize) -> Result<Vec<i64>> {
        let block = self.block;
        Ok(match self.bytes {
            1 => by_fitskit(|| fitskit_codec::rice_decompress_i8(bytes, count, block))?
                .into_iter()
                .map(i64::from)
                .collect(),
            2 => by_fitskit(|| fitskit_codec::rice_decompress_i16(bytes, count, block))?
                .into_iter()
                .map(i64::from)
                .collect(),
            4 => by_fitskit(|| fitskit_codec::rice_decompress_i32(bytes, count, block))?
                .into_iter()
                .map(i64::from)
                .collect(),
            other => {
                return Err(invalid_value(
                    "RICE parameter BYTEPIX",
                    other,
                    "be 1, 2 or 4",
                ));
            }
        })
    }

    /// Decodes an HCOMPRESS tile, whose stated size must be that of the tile.
    fn decode_hcompress(&self, bytes: &[u8], [columns, rows]: [usize; 2]) -> Result<Vec<i64>> {
        let head = bytes
            .first_chunk::<25>()
            .ok_or(FitsError::HcompressTruncated)?;
        let stated = [6, 2]
            .map(|at| i32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]));
        if stated.map(i64::from) != [columns as i64, rows as i64] {
            return Err(FitsError::HcompressSize {
                columns,
                rows,
                stated,
            }
            .into());
        }
        // cfitsio takes 64 bits where 32 could overflow.
        let is_wide = !matches!(self.bits, Bitpix::U8 | Bitpix::I16);
        let most = PLANES[usize::from(is_wide)];
        if let Some(planes) = head[22..25].iter().find(|planes| **planes > most) {
            return Err(FitsError::HcompressPlanes {
                planes: *planes,
                most,
            }
            .into());
        }
        let (numbers, ..) =
            by_fitskit(|| fitskit_codec::hcompress_decompress(bytes, is_wide, self.smooth))?;
        Ok(numbers)
    }
}

/// Runs a decoder of `fitskit`.
fn by_fitskit<T>(work: impl FnOnce() -> fitskit::Result<T>) -> Result<T> {
    let decoded = catch_panic(|| work().map_err(|error| error.to_string()));
    decoded.map_err(|reason| FitsError::TileDecoder { reason }.into())
}

/// Decompresses a tile of `count` numbers, of `width` bytes each as a rule and eight at most.
fn gunzip_exactly(bytes: &[u8], count: usize, width: usize) -> Result<Vec<u8>> {
    let most = 8 * count as u64;
    let mut numbers = Vec::with_capacity(count * width);
    let read = GzDecoder::new(bytes)
        .take(most + 1)
        .read_to_end(&mut numbers);
    read.map_err(FitsError::TileGunzip)?;
    Ok(numbers)
}

/// Undoes the order of GZIP_2.
fn in_order(shuffled: &[u8], count: usize) -> Vec<u8> {
    let width = shuffled.len() / count.max(1);
    let mut bytes = Vec::with_capacity(width * count);
    for number in 0..count {
        bytes.extend((0..width).map(|byte| shuffled[byte * count + number]));
    }
    bytes
}

/// Whole numbers of one, two, four or eight bytes, as many as `count` shows. Single bytes have no
/// sign.
fn big_endian_integers(bytes: &[u8], count: usize) -> Result<Vec<i64>> {
    if !bytes.len().is_multiple_of(count.max(1)) {
        return Err(wrong_size_error(bytes.len(), count));
    }
    Ok(match bytes.len() / count.max(1) {
        1 => bytes.iter().map(|byte| (*byte).into()).collect(),
        2 => bytes
            .as_chunks()
            .0
            .iter()
            .map(|number| i16::from_be_bytes(*number).into())
            .collect(),
        4 => bytes
            .as_chunks()
            .0
            .iter()
            .map(|number| i32::from_be_bytes(*number).into())
            .collect(),
        8 => bytes
            .as_chunks()
            .0
            .iter()
            .map(|number| i64::from_be_bytes(*number))
            .collect(),
        _ => return Err(wrong_size_error(bytes.len(), count)),
    })
}

/// A parameter of a codec that must be above zero.
fn positive_parameter(name: &str, value: i64) -> Result<usize> {
    match usize::try_from(value) {
        Ok(value) if value > 0 => Ok(value),
        _ => Err(invalid_value(
            &format!("compression parameter {name}"),
            value,
            "be above zero",
        )),
    }
}

/// The error of a tile whose bytes are too few or too many for its pixels.
fn wrong_size_error(bytes: usize, count: usize) -> Error {
    FitsError::TileBytes {
        pixels: count,
        bytes,
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn codec(kind: CompressionType, bits: Bitpix) -> Codec {
        Codec {
            kind,
            bits,
            block: 32,
            bytes: 4,
            smooth: 0,
        }
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn shuffled_bytes_come_back_in_order() {
        assert_eq!(in_order(&[1, 2, 3, 11, 12, 13], 3), [1, 11, 2, 12, 3, 13]);
        assert_eq!(in_order(&[1, 2], 3), []);
    }

    #[test]
    fn shuffled_real_numbers_are_read() {
        for (bits, reals) in [
            (Bitpix::F32, [0.1_f32.into(), -2.5]),
            (Bitpix::F64, [0.1, -2.5]),
        ] {
            let bytes: Vec<Vec<u8>> = match bits {
                Bitpix::F32 => reals
                    .map(|x: f64| (x as f32).to_be_bytes().to_vec())
                    .to_vec(),
                _ => reals.map(|x| x.to_be_bytes().to_vec()).to_vec(),
            };
            let shuffled: Vec<u8> = (0..bytes[0].len())
                .flat_map(|i| [bytes[0][i], bytes[1][i]])
                .collect();
            assert_eq!(
                codec(CompressionType::Gzip2, bits)
                    .decode_reals(&packed(&shuffled), 2)
                    .unwrap(),
                reals
            );
            assert_eq!(
                codec(CompressionType::Gzip1, bits)
                    .decode_reals(&packed(&bytes.concat()), 2)
                    .unwrap(),
                reals
            );
        }
    }

    #[test]
    fn a_tile_that_unpacks_to_more_than_its_pixels_is_refused() {
        let zeros = packed(&vec![0; 1 << 22]);
        let codec = codec(CompressionType::Gzip1, Bitpix::I16);
        assert!(zeros.len() < 10_000);
        assert!(
            codec
                .decode_integers(&zeros, [10, 10])
                .unwrap_err()
                .to_string()
                .contains("a tile of 100 pixels has 801 bytes")
        );
        assert_eq!(
            codec
                .decode_integers(&packed(&[0, 5, 255, 254]), [2, 1])
                .unwrap(),
            [5, -2]
        );
        assert!(
            codec.decode_integers(&packed(&[0; 6]), [2, 1]).is_err(),
            "three bytes a number"
        );
        assert!(codec.decode_integers(&packed(&[]), [2, 1]).is_err());
    }

    #[test]
    fn a_stream_of_plio_that_is_far_too_long_for_its_tile_is_refused() {
        let codec = codec(CompressionType::Plio1, Bitpix::I16);
        let error = codec
            .decode_integers(&[0; 10_000], [2, 3])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("a PLIO tile of 6 pixels") && error.contains("at most 112"),
            "{error}"
        );
    }

    #[test]
    fn what_hcompress_states_must_be_its_tile() {
        let mut stream = vec![0xDD, 0x99];
        stream.extend([30_i32, 20, 1].map(i32::to_be_bytes).as_flattened());
        stream.extend([0; 8]);
        stream.extend([1, 1, 32]);
        let codec = codec(CompressionType::Hcompress1, Bitpix::I16);
        let refused = |size| {
            codec
                .decode_integers(&stream, size)
                .unwrap_err()
                .to_string()
        };
        assert!(refused([30, 20]).contains("states the size [20, 30]"));
        assert!(refused([20, 30]).contains("32 bit planes"));
    }
}
