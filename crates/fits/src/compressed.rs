//! Tile-compressed images, a row of tiles at a time.

use crate::{
    FitsError, FitsHeader, FitsLimits,
    codec::Codec,
    header::invalid_value,
    limits::reserve_within,
    quantised::{Dither, Quantised},
    scaling::Scaling,
    table::Table,
};
use fitskit::{Bitpix, PixelData};
use isopach_compute::Result;
use std::ops::Range;

/// The table of compressed tiles, and the row of tiles that was decoded last: an image may be one
/// tile, and is asked for in parts.
#[derive(Debug)]
pub(crate) struct Compressed {
    table: Table,
    codec: Codec,
    bits: Bitpix,
    /// Columns and rows, of the image and of a tile.
    image: [usize; 2],
    tile: [usize; 2],
    places: Places,
    keywords: Keywords,
    last: Option<(usize, PixelData)>,
    limits: FitsLimits,
}

/// The columns of the table.
#[derive(Debug)]
struct Places {
    data: usize,
    /// For single tiles that the codec could not take: packed by gzip, and as they are.
    packed: Option<usize>,
    plain: Option<usize>,
    scale: Option<usize>,
    zero: Option<usize>,
    blank: Option<usize>,
}

/// Header values that hold for every tile without a column of its own.
#[derive(Debug)]
struct Keywords {
    scale: Option<f64>,
    zero: Option<f64>,
    blank: Option<i64>,
    dither: Dither,
    seed: i64,
}

/// The numbers of a tile.
enum Numbers {
    Whole(Vec<i64>),
    Real(Vec<f64>),
}

impl Places {
    fn new(table: &Table) -> Result<Self> {
        let data = table.column_index("COMPRESSED_DATA");
        Ok(Self {
            data: data.ok_or(FitsError::NoColumn {
                name: "COMPRESSED_DATA",
            })?,
            packed: table.column_index("GZIP_COMPRESSED_DATA"),
            plain: table.column_index("UNCOMPRESSED_DATA"),
            scale: table.column_index("ZSCALE"),
            zero: table.column_index("ZZERO"),
            blank: table.column_index("ZBLANK"),
        })
    }
}

impl Keywords {
    fn new(header: &FitsHeader) -> Result<Self> {
        let quantised = header.text("ZQUANTIZ");
        let dither = Dither::from_keyword(quantised).ok_or_else(|| {
            let value = format!("{:?}", quantised.unwrap_or_default());
            invalid_value("ZQUANTIZ", value, "be a known dithering method")
        })?;
        Ok(Self {
            scale: header.number("ZSCALE"),
            zero: header.number("ZZERO"),
            blank: header.integer("ZBLANK"),
            dither,
            seed: header.integer("ZDITHER0").unwrap_or(1),
        })
    }
}

/// Side of a tile, at most the image's; `usual` if the header states none.
fn tile_side(header: &FitsHeader, keyword: &str, usual: usize, image: usize) -> Result<usize> {
    match header.integer(keyword) {
        None => Ok(usual),
        Some(stated @ 1..) => Ok(usize::try_from(stated).unwrap_or(image).min(image)),
        Some(stated) => Err(invalid_value(keyword, stated, "be above zero")),
    }
}

impl Compressed {
    /// Takes an image of some columns and rows, and the data that follow its header.
    pub(crate) fn new(
        header: &FitsHeader,
        [columns, rows]: [usize; 2],
        data: Vec<u8>,
        limits: FitsLimits,
    ) -> Result<Self> {
        let bits = header
            .integer("ZBITPIX")
            .and_then(|bits| Bitpix::from_i64(bits).ok())
            .ok_or(FitsError::UnknownNumbers { keyword: "ZBITPIX" })?;
        let tile = [
            tile_side(header, "ZTILE1", columns, columns)?,
            tile_side(header, "ZTILE2", 1, rows)?,
        ];
        let bytes = (columns as u64)
            .saturating_mul(tile[1] as u64)
            .saturating_mul(8);
        if bytes > limits.tile_bytes {
            return Err(FitsError::TilesTooLarge {
                bytes,
                limit: limits.tile_bytes,
            }
            .into());
        }
        let table = Table::new(header, data)?;
        let tiles = columns.div_ceil(tile[0]) as u64 * rows.div_ceil(tile[1]) as u64;
        if (table.row_count() as u64) < tiles {
            return Err(FitsError::MissingTiles {
                needed: tiles,
                present: table.row_count(),
            }
            .into());
        }
        let places = Places::new(&table)?;
        let keywords = Keywords::new(header)?;
        let codec = Codec::new(header, bits)?;
        Ok(Self {
            table,
            codec,
            bits,
            image: [columns, rows],
            tile,
            places,
            keywords,
            last: None,
            limits,
        })
    }

    /// Bytes that are kept: the table, and a decoded row of tiles.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let row = self.image[0] as u64 * self.tile[1] as u64;
        self.table.resident_bytes() + row * self.bits.bytes_per_value() as u64
    }

    /// Bytes that decoding a tile needs for a while.
    pub(crate) fn working_bytes(&self) -> u64 {
        self.tile[0] as u64 * self.tile[1] as u64 * self.codec.working_bytes()
    }

    /// Appends the values of some rows, which the image has.
    pub(crate) fn append_rows(
        &mut self,
        scaling: Scaling,
        rows: Range<usize>,
        to: &mut Vec<f64>,
    ) -> Result<()> {
        let [columns, _] = self.image;
        let mut next = rows.start;
        while next < rows.end {
            let number = next / self.tile[1];
            let first = number * self.tile[1];
            let end = rows.end.min(first + self.tile[1]);
            let within = (next - first) * columns..(end - first) * columns;
            scaling.append_scaled(self.row_of_tiles(number)?, within, to);
            next = end;
        }
        Ok(())
    }

    /// Decodes a row of tiles, unless it is the last one again.
    fn row_of_tiles(&mut self, number: usize) -> Result<&PixelData> {
        let pixels = match self.last.take() {
            Some((last, pixels)) if last == number => pixels,
            _ => self.decode_row(number)?,
        };
        Ok(&self.last.insert((number, pixels)).1)
    }

    /// Decodes a row of tiles.
    fn decode_row(&self, number: usize) -> Result<PixelData> {
        let [columns, rows] = self.image;
        let [width, height] = self.tile;
        let height = height.min(rows - number * height);
        let mut pixels = zeroed_pixels(self.bits, columns * height, self.limits.tile_bytes)?;
        let across = columns.div_ceil(width);
        for tile in 0..across {
            let left = tile * width;
            let width = width.min(columns - left);
            let numbers = self.decode_tile(number * across + tile, [width, height])?;
            let to = Place {
                columns,
                left,
                width,
            };
            match (&mut pixels, numbers) {
                (PixelData::U8(pixels), Numbers::Whole(tile)) => {
                    to.place_tile(pixels, tile, |x| x as u8)?
                }
                (PixelData::I16(pixels), Numbers::Whole(tile)) => {
                    to.place_tile(pixels, tile, |x| x as i16)?
                }
                (PixelData::I32(pixels), Numbers::Whole(tile)) => {
                    to.place_tile(pixels, tile, |x| x as i32)?
                }
                (PixelData::I64(pixels), Numbers::Whole(tile)) => {
                    to.place_tile(pixels, tile, |x| x)?
                }
                (PixelData::F32(pixels), Numbers::Real(tile)) => {
                    to.place_tile(pixels, tile, |x| x as f32)?
                }
                (PixelData::F64(pixels), Numbers::Real(tile)) => {
                    to.place_tile(pixels, tile, |x| x)?
                }
                _ => {
                    return Err(FitsError::TileNumbers.into());
                }
            }
        }
        Ok(pixels)
    }

    /// The numbers of tile `row` of the table.
    fn decode_tile(&self, row: usize, size: [usize; 2]) -> Result<Numbers> {
        let Self {
            table,
            codec,
            places,
            ..
        } = self;
        let count = size[0] * size[1];
        let is_real = matches!(self.bits, Bitpix::F32 | Bitpix::F64);
        let data = table.array_bytes(row, places.data)?;
        if data.is_empty() {
            return self.decode_fallback(row, count, is_real);
        }
        if !is_real {
            return Ok(Numbers::Whole(codec.decode_integers(data, size)?));
        }
        let [scale, zero] = [places.scale, places.zero]
            .map(|column| column.map_or(Ok(None), |column| table.real_at(row, column)));
        let scale = scale?.or(self.keywords.scale).filter(|scale| *scale != 0.0);
        let zero = zero?.or(self.keywords.zero);
        let (Some(scale), Some(zero)) = (scale, zero) else {
            return Ok(Numbers::Real(codec.decode_reals(data, count)?));
        };
        let blank = places
            .blank
            .map_or(Ok(None), |column| table.integer_at(row, column))?
            .or(self.keywords.blank);
        let seed = (row as i64)
            .saturating_add(self.keywords.seed)
            .saturating_sub(1);
        let quantised = Quantised {
            scale,
            zero,
            blank,
            dither: self.keywords.dither,
            seed,
        };
        Ok(Numbers::Real(
            quantised
                .dequantise(codec.decode_integers(data, size)?)
                .collect(),
        ))
    }

    /// The numbers of a tile that the codec could not take.
    fn decode_fallback(&self, row: usize, count: usize, is_real: bool) -> Result<Numbers> {
        let Self {
            table,
            codec,
            places,
            ..
        } = self;
        let [packed, plain] = [places.packed, places.plain]
            .map(|column| column.map_or(Ok(&[][..]), |column| table.array_bytes(row, column)));
        let packed = Some(packed?).filter(|array| !array.is_empty());
        let plain = Some(plain?).filter(|array| !array.is_empty());
        Ok(match (packed, plain) {
            (Some(packed), _) if is_real => Numbers::Real(codec.packed_reals(packed, count)?),
            (Some(packed), _) => Numbers::Whole(codec.packed_whole(packed, count)?),
            (None, Some(plain)) if is_real => Numbers::Real(codec.plain_reals(plain, count)?),
            (None, Some(plain)) => Numbers::Whole(codec.plain_whole(plain, count)?),
            (None, None) => {
                return Err(FitsError::EmptyTile { tile: row }.into());
            }
        })
    }
}

/// Position of a tile in a row of tiles.
struct Place {
    columns: usize,
    left: usize,
    width: usize,
}

impl Place {
    /// Copies the numbers of a tile to their place in the row.
    fn place_tile<T, U>(
        &self,
        pixels: &mut [T],
        tile: Vec<U>,
        narrow: impl Fn(U) -> T,
    ) -> Result<()> {
        let rows = pixels.chunks_exact_mut(self.columns);
        if tile.len() != rows.len() * self.width {
            return Err(FitsError::TilePixels {
                pixels: rows.len() * self.width,
                decoded: tile.len(),
            }
            .into());
        }
        let mut numbers = tile.into_iter().map(narrow);
        for row in rows {
            row[self.left..self.left + self.width]
                .iter_mut()
                .zip(&mut numbers)
                .for_each(|(to, x)| *to = x);
        }
        Ok(())
    }
}

/// Zeros of the image's number type, within the limit.
fn zeroed_pixels(bits: Bitpix, count: usize, limit: u64) -> Result<PixelData> {
    /// Zeros of one number type, within the limit.
    fn zeros_of<T: Clone + Default>(count: usize, limit: u64) -> Result<Vec<T>> {
        let mut zeros = reserve_within("decoded tiles", count as u64, limit)?;
        zeros.resize(count, T::default());
        Ok(zeros)
    }
    Ok(match bits {
        Bitpix::U8 => PixelData::U8(zeros_of(count, limit)?),
        Bitpix::I16 => PixelData::I16(zeros_of(count, limit)?),
        Bitpix::I32 => PixelData::I32(zeros_of(count, limit)?),
        Bitpix::I64 => PixelData::I64(zeros_of(count, limit)?),
        Bitpix::F32 => PixelData::F32(zeros_of(count, limit)?),
        Bitpix::F64 => PixelData::F64(zeros_of(count, limit)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An image of one tile, read a row at a time: a change to the cached tile shows in later rows.
    #[test]
    fn a_row_of_tiles_is_decoded_once() {
        let file = include_bytes!("../tests/data/sun_171_rice.fits");
        let header = FitsHeader::read(&mut &file[2880..], 1 << 20)
            .unwrap()
            .unwrap();
        let data = file[5760..5760 + header.data_bytes().unwrap() as usize].to_vec();
        let mut image = Compressed::new(&header, [37, 24], data, FitsLimits::default()).unwrap();
        let (scaling, mut first, mut second) = (Scaling::from_header(&header), vec![], vec![]);
        image.append_rows(scaling, 0..1, &mut first).unwrap();
        let Some((0, PixelData::I16(pixels))) = &mut image.last else {
            panic!("nothing is kept")
        };
        assert_eq!((pixels.len(), f64::from(pixels[36])), (24 * 37, first[36]));
        pixels[37] = -7;
        image.append_rows(scaling, 1..2, &mut second).unwrap();
        assert_eq!((first.len(), second.len(), second[0]), (37, 37, -7.0));
    }
}
