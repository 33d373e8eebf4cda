//! TIFF files of every kind that is read.

use std::io::Write;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Compression {
    None,
    Lzw,
    Deflate,
    PackBits,
    Zstd,
}

impl Compression {
    pub(crate) const ALL: [Self; 5] = [
        Self::None,
        Self::Lzw,
        Self::Deflate,
        Self::PackBits,
        Self::Zstd,
    ];

    fn code(self) -> u64 {
        match self {
            Self::None => 1,
            Self::Lzw => 5,
            Self::Deflate => 8,
            Self::PackBits => 32773,
            Self::Zstd => 50000,
        }
    }

    fn compress(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::None => bytes.to_vec(),
            Self::Lzw => weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8)
                .encode(bytes)
                .unwrap(),
            Self::Deflate => {
                let mut encoder =
                    flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            // Each byte as it is, or a run of the first one.
            Self::PackBits => bytes
                .chunks(100)
                .flat_map(|part| match part {
                    [first, rest @ ..]
                        if !rest.is_empty() && rest.iter().all(|byte| byte == first) =>
                    {
                        vec![(-(rest.len() as i8)).cast_unsigned(), *first]
                    }
                    _ => [&[part.len() as u8 - 1], part].concat(),
                })
                .collect(),
            Self::Zstd => ruzstd::encoding::compress_to_vec(
                bytes,
                ruzstd::encoding::CompressionLevel::Fastest,
            ),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Layout {
    /// Rows of a strip.
    Strips(usize),
    /// Columns and rows of a tile.
    Tiles([usize; 2]),
}

/// How a raster says where it is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Ties,
    Matrix,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Picture {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    pub(crate) bands: usize,
    pub(crate) is_planar: bool,
    pub(crate) format: u16,
    pub(crate) bits: usize,
    pub(crate) predictor: u16,
    pub(crate) compression: Compression,
    pub(crate) layout: Layout,
    /// The second block was never written.
    pub(crate) is_sparse: bool,
    pub(crate) place: Option<Place>,
    pub(crate) is_mask: bool,
}

impl Picture {
    /// `f32` in one band, in one strip, not compressed.
    pub(crate) fn plain(columns: usize, rows: usize) -> Self {
        Self {
            columns,
            rows,
            bands: 1,
            is_planar: false,
            format: 3,
            bits: 32,
            predictor: 1,
            compression: Compression::None,
            layout: Layout::Strips(rows),
            is_sparse: false,
            place: Some(Place::Ties),
            is_mask: false,
        }
    }

    /// What a cell of a band has, as far as its bits hold it.
    pub(crate) fn value(row: usize, column: usize, band: usize) -> u64 {
        ((row * 7 + column * column + band * 3) % 100) as u64
    }

    fn block(&self) -> [usize; 2] {
        match self.layout {
            Layout::Strips(rows) => [self.columns, rows.min(self.rows)],
            Layout::Tiles(sides) => sides,
        }
    }

    fn samples(&self) -> usize {
        if self.is_planar { 1 } else { self.bands }
    }

    fn bits_of(&self, value: u64) -> u64 {
        match (self.format, self.bits) {
            (3, 16) => u64::from(half::f16::from_f64(value as f64).to_bits()),
            (3, 32) => u64::from((value as f32).to_bits()),
            (3, _) => (value as f64).to_bits(),
            (_, bits) => value & (u64::MAX >> (64 - bits)),
        }
    }

    /// The blocks of all bands, compressed.
    fn blocks(&self, is_big_endian: bool) -> Vec<Vec<u8>> {
        let [width, height] = self.block();
        let mut blocks = Vec::new();
        for band in 0..if self.is_planar { self.bands } else { 1 } {
            for top in (0..self.rows).step_by(height) {
                for left in (0..self.columns).step_by(width) {
                    let rows = match self.layout {
                        Layout::Strips(_) => height.min(self.rows - top),
                        Layout::Tiles(_) => height,
                    };
                    let bytes: Vec<u8> = (top..top + rows)
                        .flat_map(|row| self.row(row, left..left + width, band, is_big_endian))
                        .collect();
                    blocks.push(self.compression.compress(&bytes));
                }
            }
        }
        if self.is_sparse && blocks.len() > 1 {
            blocks[1].clear();
        }
        blocks
    }

    /// A row of a block, as it is before it is compressed.
    fn row(
        &self,
        row: usize,
        columns: std::ops::Range<usize>,
        band: usize,
        is_big_endian: bool,
    ) -> Vec<u8> {
        let stride = self.samples();
        let mut samples: Vec<u64> = columns
            .flat_map(|column| {
                (0..stride).map(move |sample| Self::value(row, column, band + sample))
            })
            .map(|value| self.bits_of(value))
            .collect();
        if self.predictor == 2 {
            for at in (stride..samples.len()).rev() {
                samples[at] = samples[at].wrapping_sub(samples[at - stride]);
            }
        }
        if self.bits < 8 {
            assert_eq!(self.bits, 1);
            return samples.chunks(8).map(packed).collect();
        }
        let width = self.bits / 8;
        if self.predictor == 3 {
            let plane = |byte: usize| samples.iter().map(move |bits| (bits >> (8 * byte)) as u8);
            let mut planes: Vec<u8> = (0..width).rev().flat_map(plane).collect();
            for at in (stride..planes.len()).rev() {
                planes[at] = planes[at].wrapping_sub(planes[at - stride]);
            }
            return planes;
        }
        samples
            .iter()
            .flat_map(|bits| number(*bits, width, is_big_endian))
            .collect()
    }
}

/// Up to eight samples of one bit, the first is the most significant.
fn packed(samples: &[u64]) -> u8 {
    samples
        .iter()
        .enumerate()
        .fold(0, |byte, (at, bit)| byte | (*bit as u8) << (7 - at))
}

pub(crate) fn number(value: u64, width: usize, is_big_endian: bool) -> Vec<u8> {
    if is_big_endian {
        value.to_be_bytes()[8 - width..].to_vec()
    } else {
        value.to_le_bytes()[..width].to_vec()
    }
}

/// A file that is put together picture by picture.
pub(crate) struct TiffFile {
    is_big: bool,
    is_big_endian: bool,
    bytes: Vec<u8>,
    /// Where the place of the next directory is written.
    next: usize,
}

impl TiffFile {
    pub(crate) fn new(is_big: bool, is_big_endian: bool) -> Self {
        let mut file = Self {
            is_big,
            is_big_endian,
            bytes: Vec::new(),
            next: 0,
        };
        file.bytes.extend(if is_big_endian { b"MM" } else { b"II" });
        let head: &[u64] = if is_big { &[43, 8, 0] } else { &[42] };
        for word in head {
            file.bytes.extend(number(*word, 2, is_big_endian));
        }
        file.next = file.bytes.len();
        file.bytes.extend(vec![0; file.word()]);
        file
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn word(&self) -> usize {
        if self.is_big { 8 } else { 4 }
    }

    pub(crate) fn add(&mut self, picture: &Picture) {
        self.add_stored(picture, picture.blocks(self.is_big_endian));
    }

    /// A picture whose blocks are stored as they are given.
    pub(crate) fn add_stored(&mut self, picture: &Picture, blocks: Vec<Vec<u8>>) {
        let mut table = Vec::new();
        for block in blocks {
            table.push([self.bytes.len() as u64, block.len() as u64]);
            self.bytes.extend(block);
        }
        self.add_directory(picture, &table);
    }

    /// A picture none of whose blocks was ever written.
    pub(crate) fn add_unwritten(&mut self, picture: &Picture) {
        let [width, height] = picture.block();
        self.add_directory(
            picture,
            &vec![[0; 2]; picture.columns.div_ceil(width) * picture.rows.div_ceil(height)],
        );
    }

    fn add_directory(&mut self, picture: &Picture, table: &[[u64; 2]]) {
        let [offsets, counts] =
            [0, 1].map(|i| table.iter().map(|block| block[i]).collect::<Vec<u64>>());
        let [width, height] = picture.block().map(|side| side as u64);
        let word = if self.is_big { 16 } else { 4 };
        let bands = picture.bands;
        let mut entries: Vec<(u16, u16, Vec<u64>)> = vec![
            (254, 4, vec![if picture.is_mask { 4 } else { 0 }]),
            (256, 4, vec![picture.columns as u64]),
            (257, 4, vec![picture.rows as u64]),
            (258, 3, vec![picture.bits as u64; bands]),
            (259, 3, vec![picture.compression.code()]),
            (262, 3, vec![if picture.is_mask { 4 } else { 1 }]),
            (277, 3, vec![bands as u64]),
            (284, 3, vec![if picture.is_planar { 2 } else { 1 }]),
            (317, 3, vec![u64::from(picture.predictor)]),
            (339, 3, vec![u64::from(picture.format); bands]),
        ];
        match picture.layout {
            Layout::Strips(_) => entries.extend([
                (273, word, offsets),
                (278, 4, vec![height]),
                (279, word, counts),
            ]),
            Layout::Tiles(_) => entries.extend([
                (322, 4, vec![width]),
                (323, 4, vec![height]),
                (324, word, offsets),
                (325, word, counts),
            ]),
        }
        let doubles = |values: &[f64]| {
            values
                .iter()
                .map(|value| value.to_bits())
                .collect::<Vec<u64>>()
        };
        let text = |text: &str| text.bytes().chain([0]).map(u64::from).collect::<Vec<u64>>();
        if let Some(place) = picture.place {
            let keys = [
                1, 1, 1, 4, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 26917, 3073, 34737, 6, 0,
            ];
            entries.push((34735, 3, keys.to_vec()));
            entries.push((34737, 2, text("UTM 17|")));
            entries.push((42113, 2, text("99")));
            let scale = r#"<GDALMetadata><Item name="SCALE" sample="0" role="scale">1.0</Item></GDALMetadata>"#;
            entries.push((42112, 2, text(scale)));
            match place {
                Place::Ties => {
                    entries.push((33550, 12, doubles(&[2.0, 2.0, 0.0])));
                    entries.push((33922, 12, doubles(&[0.0, 0.0, 0.0, 5e5, 5e6, 0.0])));
                }
                Place::Matrix => {
                    let rows = [
                        [2.0, 0.0, 0.0, 5e5],
                        [0.0, 2.0, 0.0, 5e6],
                        [0.0; 4],
                        [0.0, 0.0, 0.0, 1.0],
                    ];
                    entries.push((34264, 12, doubles(rows.as_flattened())));
                }
            }
        }
        entries.sort_by_key(|entry| entry.0);
        self.write_directory(&entries);
    }

    fn write_directory(&mut self, entries: &[(u16, u16, Vec<u64>)]) {
        let (word, big_endian) = (self.word(), self.is_big_endian);
        self.bytes.resize(self.bytes.len().next_multiple_of(2), 0);
        let at = self.bytes.len();
        self.bytes[self.next..self.next + word]
            .copy_from_slice(&number(at as u64, word, big_endian));
        let head = if self.is_big { 8 } else { 2 };
        let mut values_at = at + head + entries.len() * (4 + 2 * word) + word;
        let mut values = Vec::new();
        self.bytes
            .extend(number(entries.len() as u64, head, big_endian));
        for (tag, kind, numbers) in entries {
            let bytes: Vec<u8> = numbers
                .iter()
                .flat_map(|value| number(*value, width_of(*kind), big_endian))
                .collect();
            self.bytes.extend(number(u64::from(*tag), 2, big_endian));
            self.bytes.extend(number(u64::from(*kind), 2, big_endian));
            self.bytes
                .extend(number(numbers.len() as u64, word, big_endian));
            if bytes.len() <= word {
                self.bytes.extend(&bytes);
                self.bytes.extend(vec![0; word - bytes.len()]);
            } else {
                self.bytes
                    .extend(number(values_at as u64, word, big_endian));
                values_at += bytes.len();
                values.extend(bytes);
            }
        }
        self.next = self.bytes.len();
        self.bytes.extend(vec![0; word]);
        self.bytes.extend(values);
    }
}

/// Bytes of a value of a type.
pub(crate) fn width_of(kind: u16) -> usize {
    match kind {
        3 => 2,
        4 | 11 => 4,
        12 | 16 => 8,
        _ => 1,
    }
}
