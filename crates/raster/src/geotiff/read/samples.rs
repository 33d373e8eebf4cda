//! Bytes of a block to numbers: compression, predictor, sample.

use super::fault::{ReadResult, damaged, shortened, unsupported};
use isopach_compute::catch_panic;
use std::io::Read as _;

/// Compression method of the blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Lzw,
    Deflate,
    PackBits,
    Zstd,
    /// Decoded with the tables of its image: [`super::jpeg`].
    Jpeg,
}

impl Compression {
    pub(super) fn from_code(code: u64) -> ReadResult<Self> {
        let name = match code {
            1 => return Ok(Self::None),
            5 => return Ok(Self::Lzw),
            8 | 32946 => return Ok(Self::Deflate),
            32773 => return Ok(Self::PackBits),
            50000 | 34926 => return Ok(Self::Zstd),
            7 => return Ok(Self::Jpeg),
            2..=4 => "fax",
            6 => "old-style JPEG",
            34712 => "JPEG 2000",
            34887 => "LERC",
            34925 => "LZMA",
            50001 => "WebP",
            50002 | 52546 => "JPEG XL",
            _ => return unsupported(format!("compression {code}")),
        };
        unsupported(format!("{name} compression"))
    }

    /// Decompresses the first `count` bytes of a block. A whole block has `whole` bytes; the last
    /// one may be cut.
    pub(super) fn expand(
        self,
        bytes: &[u8],
        count: usize,
        whole: usize,
    ) -> Result<Vec<u8>, String> {
        let expanded = match self {
            Self::None => read(bytes, count),
            Self::Jpeg => Err("it needs the tables of its image".to_owned()),
            Self::PackBits => Ok(pack_bits(bytes, count)),
            Self::Deflate => catch_panic(|| read(flate2::read::ZlibDecoder::new(bytes), count)),
            Self::Zstd => catch_panic(|| expand_zstd(bytes, count, whole)),
            Self::Lzw => catch_panic(|| expand_lzw(bytes, count)),
        }?;
        if expanded.len() < count {
            return Err(format!(
                "it has {} bytes, but must have {count}",
                expanded.len()
            ));
        }
        Ok(expanded)
    }
}

/// Room for the bytes of a block.
fn reserve_bytes(count: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(count)
        .map_err(|error| format!("{count} bytes: {error}"))?;
    Ok(bytes)
}

/// Reads at most `count` bytes.
fn read(reader: impl std::io::Read, count: usize) -> Result<Vec<u8>, String> {
    let mut expanded = reserve_bytes(count)?;
    reader
        .take(count as u64)
        .read_to_end(&mut expanded)
        .map_err(|error| error.to_string())?;
    Ok(expanded)
}

/// A ZSTD decoder keeps a window of its output, and the file chooses its size: 128 MiB at the
/// highest level, for any block. No block refers back further than its own length, so it is decoded
/// with a window of that length. Data after its end are not decoded.
fn expand_zstd(bytes: &[u8], count: usize, whole: usize) -> Result<Vec<u8>, String> {
    let mut head = bytes.first_chunk::<6>().copied().ok_or("it has no frame")?;
    // Otherwise the window is as long as the content that the frame states.
    let has_window = head[4] & 0x20 == 0;
    let exponent = whole.next_power_of_two().ilog2().clamp(17, 41);
    let window = (exponent as u8 - 10) << 3; // RFC 8878, 3.1.1.1.2
    if has_window {
        head[5] = head[5].min(window);
    }
    let mut decoder = ruzstd::decoding::FrameDecoder::new();
    decoder.set_max_window_size(1 << exponent);
    let source = head.chain(&bytes[head.len()..]);
    let decoder = ruzstd::decoding::StreamingDecoder::new_with_decoder(source, decoder);
    read(decoder.map_err(|error| error.to_string())?, count)
}

/// Decompresses LZW.
fn expand_lzw(mut bytes: &[u8], count: usize) -> Result<Vec<u8>, String> {
    let mut expanded = reserve_bytes(count)?;
    expanded.resize(count, 0);
    let mut decoder = weezl::decode::Decoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
    let mut done = 0;
    while done < count {
        let result = decoder.decode_bytes(bytes, &mut expanded[done..]);
        bytes = &bytes[result.consumed_in..];
        done += result.consumed_out;
        let status = result.status.map_err(|error| error.to_string())?;
        if !matches!(status, weezl::LzwStatus::Ok) || result.consumed_in + result.consumed_out == 0
        {
            break;
        }
    }
    expanded.truncate(done);
    Ok(expanded)
}

/// TIFF 6.0, section 9.
fn pack_bits(bytes: &[u8], count: usize) -> Vec<u8> {
    let mut expanded = Vec::new();
    let mut rest = bytes;
    while let [head, after @ ..] = rest {
        rest = after;
        let head = head.cast_signed();
        if expanded.len() >= count {
            break;
        }
        if head >= 0 {
            let length = (head.unsigned_abs() as usize + 1).min(rest.len());
            expanded.extend_from_slice(&rest[..length]);
            rest = &rest[length..];
        } else if let ([byte, after @ ..], true) = (rest, head != i8::MIN) {
            expanded.extend(std::iter::repeat_n(*byte, head.unsigned_abs() as usize + 1));
            rest = after;
        }
    }
    expanded.truncate(count);
    expanded
}

/// Predictor applied to samples before compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Predictor {
    None,
    Differences,
    FloatingPoint,
}

impl Predictor {
    pub(super) fn from_code(code: u64) -> ReadResult<Self> {
        match code {
            1 => Ok(Self::None),
            2 => Ok(Self::Differences),
            3 => Ok(Self::FloatingPoint),
            _ => unsupported(format!("predictor {code}")),
        }
    }

    /// Restores the samples of one row, of `width` bytes each, `stride` of them a cell;
    /// little-endian afterwards. `planes`: room that rows share.
    pub(super) fn restore_row(
        self,
        row: &mut [u8],
        width: usize,
        stride: usize,
        big_endian: bool,
        planes: &mut Vec<u8>,
    ) {
        if self == Self::FloatingPoint {
            add_before(row, 1, stride);
            planes.clear();
            planes.extend_from_slice(row);
            match width {
                2 => from_planes::<2>(planes, row),
                4 => from_planes::<4>(planes, row),
                8 => from_planes::<8>(planes, row),
                _ => {} // a byte is its only plane
            }
            return;
        }
        if big_endian {
            row.chunks_exact_mut(width).for_each(<[u8]>::reverse);
        }
        if self == Self::Differences {
            add_before(row, width, stride);
        }
    }
}

/// Little-endian numbers of `W` bytes out of planes of bytes of equal significance, the most
/// significant first (TIFF Technical Note 3).
fn from_planes<const W: usize>(planes: &[u8], row: &mut [u8]) {
    let numbers = row.as_chunks_mut::<W>().0;
    let count = numbers.len();
    let planes: [&[u8]; W] = std::array::from_fn(|byte| &planes[(W - 1 - byte) * count..][..count]);
    for (i, number) in numbers.iter_mut().enumerate() {
        *number = std::array::from_fn(|byte| planes[byte][i]);
    }
}

/// Adds to each little-endian number of `width` bytes the one `stride` numbers before it.
fn add_before(row: &mut [u8], width: usize, stride: usize) {
    match width {
        1 => add_numbers(row, stride, |[a], [b]: [u8; 1]| [a.wrapping_add(b)]),
        2 => add_numbers(row, stride, |a, b| {
            u16::from_le_bytes(a)
                .wrapping_add(u16::from_le_bytes(b))
                .to_le_bytes()
        }),
        4 => add_numbers(row, stride, |a, b| {
            u32::from_le_bytes(a)
                .wrapping_add(u32::from_le_bytes(b))
                .to_le_bytes()
        }),
        8 => add_numbers(row, stride, |a, b| {
            u64::from_le_bytes(a)
                .wrapping_add(u64::from_le_bytes(b))
                .to_le_bytes()
        }),
        _ => {} // samples have one, two, four or eight bytes
    }
}

/// Adds to each number of `W` bytes the one `stride` numbers before it. Numbers of a few bands are
/// held from pixel to pixel, so that no addition waits for the memory that another wrote.
fn add_numbers<const W: usize>(
    row: &mut [u8],
    stride: usize,
    add: impl Fn([u8; W], [u8; W]) -> [u8; W],
) {
    let numbers = row.as_chunks_mut::<W>().0;
    match stride {
        1 => add_pixels::<W, 1>(numbers, add),
        3 => add_pixels::<W, 3>(numbers, add),
        4 => add_pixels::<W, 4>(numbers, add),
        _ => {
            for at in stride..numbers.len() {
                numbers[at] = add(numbers[at], numbers[at - stride]);
            }
        }
    }
}

/// The same of pixels of `S` numbers.
fn add_pixels<const W: usize, const S: usize>(
    numbers: &mut [[u8; W]],
    add: impl Fn([u8; W], [u8; W]) -> [u8; W],
) {
    let mut before = [[0; W]; S];
    for pixel in numbers.as_chunks_mut::<S>().0 {
        before = std::array::from_fn(|band| add(pixel[band], before[band]));
        *pixel = before;
    }
}

/// Number type of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Unsigned,
    Signed,
    Float,
}

/// The samples of one band in a row of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Samples<'a> {
    /// The row, of all the bands that are stored together.
    pub(super) bytes: &'a [u8],
    /// The band's first sample, and how many samples are from one to its next.
    pub(super) first: usize,
    pub(super) stride: usize,
}

impl Samples<'_> {
    /// Appends `value` of the bytes of each sample, `W` bytes each.
    #[inline(always)]
    fn for_each_sample<const W: usize>(self, to: &mut [f64], value: impl Fn([u8; W]) -> f64) {
        let samples = &self.bytes.as_chunks::<W>().0[self.first..];
        if self.stride == 1 {
            to.iter_mut()
                .zip(samples)
                .for_each(|(to, sample)| *to = value(*sample));
        } else {
            to.iter_mut()
                .zip(samples.iter().step_by(self.stride))
                .for_each(|(to, sample)| *to = value(*sample));
        }
    }
}

/// Type and width of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) kind: Kind,
    pub(super) bits: usize,
}

impl Sample {
    pub(super) fn from_tags(format: u64, bits: u64) -> ReadResult<Self> {
        let kind = match format {
            1 | 4 => Kind::Unsigned,
            2 => Kind::Signed,
            3 => Kind::Float,
            5 | 6 => return unsupported("complex samples"),
            _ => return unsupported(format!("sample format {format}")),
        };
        let is_read = match kind {
            Kind::Unsigned => (1..=64).contains(&bits),
            Kind::Signed => matches!(bits, 8 | 16 | 32 | 64),
            Kind::Float => matches!(bits, 16 | 32 | 64),
        };
        if is_read {
            Ok(Self {
                kind,
                bits: bits as usize,
            })
        } else {
            unsupported(format!("{bits}-bit samples of format {format}"))
        }
    }

    /// Bytes per sample; `None` if its bits do not fill whole bytes.
    pub(super) fn bytes(self) -> Option<usize> {
        matches!(self.bits, 8 | 16 | 32 | 64).then_some(self.bits / 8)
    }

    /// Converts samples to numbers, as many as `to` has room for; NaN for no data.
    pub(super) fn append_values(
        self,
        samples: Samples<'_>,
        no_data: Option<NoData>,
        to: &mut [f64],
    ) -> ReadResult<()> {
        let or_nan = |value: f64| {
            let is_none = no_data.is_some_and(|no_data| self.is_no_data(value, no_data));
            if is_none { f64::NAN } else { value }
        };
        match (self.kind, self.bits) {
            (Kind::Float, 32) => {
                samples.for_each_sample(to, |bytes| or_nan(f32::from_le_bytes(bytes).into()))
            }
            (Kind::Float, 64) => {
                samples.for_each_sample(to, |bytes| or_nan(f64::from_le_bytes(bytes)))
            }
            _ => {
                for (i, to) in to.iter_mut().enumerate() {
                    *to = self.value_of_bits(
                        self.bits_at(samples.bytes, samples.first + i * samples.stride),
                        no_data,
                    )?;
                }
            }
        }
        Ok(())
    }

    /// The bits of sample `number` of a row: little-endian where samples are of whole bytes, else
    /// packed, the most significant first.
    pub(super) fn bits_at(self, row: &[u8], number: usize) -> u64 {
        if let Some(width) = self.bytes() {
            let bytes = row
                .get(number * width..(number + 1) * width)
                .unwrap_or_default();
            return match *bytes {
                [a] => a.into(),
                [a, b] => u16::from_le_bytes([a, b]).into(),
                [a, b, c, d] => u32::from_le_bytes([a, b, c, d]).into(),
                [a, b, c, d, e, f, g, h] => u64::from_le_bytes([a, b, c, d, e, f, g, h]),
                _ => 0, // beyond a row that is cut
            };
        }
        let range = number * self.bits..(number + 1) * self.bits;
        range.fold(0, |sum, bit| {
            sum << 1 | u64::from(row[bit / 8] >> (7 - bit % 8) & 1)
        })
    }

    /// The number that the bits stand for.
    fn value_of_bits(self, bits: u64, no_data: Option<NoData>) -> ReadResult<f64> {
        let whole = match self.kind {
            Kind::Float => {
                let value = match self.bits {
                    16 => f64::from(half::f16::from_bits(bits as u16)),
                    32 => f64::from(f32::from_bits(bits as u32)),
                    _ => f64::from_bits(bits),
                };
                return Ok(
                    if no_data.is_some_and(|no_data| self.is_no_data(value, no_data)) {
                        f64::NAN
                    } else {
                        value
                    },
                );
            }
            Kind::Unsigned => i128::from(bits),
            Kind::Signed => {
                i128::from((bits << (64 - self.bits)).cast_signed() >> (64 - self.bits))
            }
        };
        if no_data.is_some_and(|no_data| no_data.is_integer(whole)) {
            return Ok(f64::NAN);
        }
        let value = whole as f64;
        if value as i128 == whole {
            Ok(value)
        } else {
            unsupported(format!("the value {whole}, which no f64 holds exactly,"))
        }
    }

    /// Whether a sample, as a number that holds it exactly, stands for none.
    pub(super) fn is_none(self, value: f64, no_data: NoData) -> bool {
        match self.kind {
            Kind::Float => self.is_no_data(value, no_data),
            Kind::Unsigned | Kind::Signed => no_data.is_integer(value as i128),
        }
    }

    /// Whether a floating point value is the one that stands for none, rounded as the samples are.
    fn is_no_data(self, value: f64, no_data: NoData) -> bool {
        let rounded = match self.bits {
            16 | 32 => f64::from(no_data.float as f32),
            _ => no_data.float,
        };
        value == rounded
    }
}

/// The value that stands for none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct NoData {
    float: f64,
    whole: Option<i128>,
}

impl NoData {
    /// From the text of GDAL's tag 42113; NaN is none without being said.
    pub(super) fn parse_text(text: &str) -> ReadResult<Option<Self>> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        if text.is_empty() || lower.contains("nan") || lower.contains("#ind") {
            return Ok(None);
        }
        let Ok(float) = text.parse::<f64>() else {
            let text = shortened(text);
            return damaged(format!(
                "the no-data value (tag 42113) is {text:?}, but must be a number"
            ));
        };
        Ok(Some(Self {
            float,
            whole: text
                .parse()
                .ok()
                .or_else(|| (float.fract() == 0.0 && float.abs() < 1e30).then_some(float as i128)),
        }))
    }

    /// The value.
    pub(super) fn number(self) -> f64 {
        self.float
    }

    /// Whether the value is this integer, in either representation.
    fn is_integer(self, whole: i128) -> bool {
        self.whole == Some(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_bits_as_the_specification_shows() {
        // TIFF 6.0, section 9, has no example; Apple's Technical Note TN1023 has this one.
        let packed = [
            0xFE, 0xAA, 0x02, 0x80, 0x00, 0x2A, 0xFD, 0xAA, 0x03, 0x80, 0x00, 0x2A, 0x22, 0xF7,
            0xAA,
        ];
        let mut expected = vec![
            0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0xAA, 0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0x22,
        ];
        expected.extend([0xAA; 10]);
        assert_eq!(pack_bits(&packed, 24), expected);
        assert!(Compression::PackBits.expand(&packed, 25, 25).is_err());
    }

    #[test]
    fn no_data_is_compared_as_samples_are_held() {
        let float = Sample::from_tags(3, 32).unwrap();
        let of = |text: &str| NoData::parse_text(text).unwrap();
        let lowest = u64::from(f32::MIN.to_bits());
        for text in [
            "-3.4028234663852886e+38",
            "-3.40282346638529e+38",
            "-3.4028235e38",
        ] {
            assert!(
                float.value_of_bits(lowest, of(text)).unwrap().is_nan(),
                "{text}"
            );
        }
        assert_eq!(
            float
                .value_of_bits(u64::from((-9998.0f32).to_bits()), of("-9999"))
                .unwrap(),
            -9998.0
        );
        let wide = Sample::from_tags(1, 64).unwrap();
        assert!(
            wide.value_of_bits(u64::MAX, of("18446744073709551615"))
                .unwrap()
                .is_nan()
        );
        assert!(
            wide.value_of_bits(u64::MAX, None).is_err(),
            "no f64 is 2^64 - 1"
        );
        let byte = Sample::from_tags(2, 8).unwrap();
        assert_eq!(byte.value_of_bits(0xF7, None).unwrap(), -9.0);
        assert!(byte.value_of_bits(0xF7, of("-9.0")).unwrap().is_nan());
        assert_eq!(byte.value_of_bits(0xF7, of("-9.5")).unwrap(), -9.0);
        assert_eq!([of("nan"), of(" "), of("-1.#IND")], [None; 3]);
        assert!(NoData::parse_text("none").is_err());
    }
}
