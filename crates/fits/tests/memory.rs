//! What is said to be held is enough: compressed tiles, a decoded row of them, and a tile while it
//! is decoded.

#![allow(missing_docs, clippy::print_stderr)]

use fitskit::{
    CompressOptions, FitsFile, HeaderValue, ImageData, PixelData,
    tile_compress::{CompressionType, Quantize},
};
use isopach_fits::ImageFile;
use peak_alloc::PeakAlloc;
use std::io::Cursor;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const SIDE: usize = 400;

/// An image in tiles of so many rows.
fn compressed(
    pixels: PixelData,
    algorithm: CompressionType,
    rows: usize,
    quantize: Option<f64>,
) -> Vec<u8> {
    let options = CompressOptions {
        algorithm,
        tile: Some(vec![SIDE, rows]),
        quantize,
        dither: Quantize::SubtractiveDither1,
        ..CompressOptions::default()
    };
    let mut hdu = ImageData::new(vec![SIDE, SIDE], pixels)
        .compress(&options)
        .unwrap();
    hdu.header.set("EXPTIME", HeaderValue::Float(2.0), None);
    let mut file = FitsFile::with_empty_primary();
    file.push_extension(hdu);
    file.to_bytes().unwrap()
}

/// One test, so that nothing else takes memory meanwhile.
#[test]
fn no_more_is_held_than_is_said() {
    let number = |i: usize| ((i * i) % 4099) as i16 - 1000;
    let whole = |kind: fn(Vec<i16>) -> PixelData| kind((0..SIDE * SIDE).map(number).collect());
    let short = || whole(PixelData::I16);
    let long = || {
        whole(|numbers| {
            PixelData::I32(numbers.into_iter().map(|x| i32::from(x) * 70_001).collect())
        })
    };
    let real = || {
        whole(|numbers| PixelData::F32(numbers.into_iter().map(|x| f32::from(x) * 0.37).collect()))
    };
    let (rice, gzip1, gzip2) = (
        CompressionType::Rice1,
        CompressionType::Gzip1,
        CompressionType::Gzip2,
    );
    for rows in [SIDE, 64, 1] {
        for (name, file) in [
            ("16 bits, RICE_1", compressed(short(), rice, rows, None)),
            ("32 bits, RICE_1", compressed(long(), rice, rows, None)),
            ("real, RICE_1", compressed(real(), rice, rows, Some(16.0))),
            ("16 bits, GZIP_1", compressed(short(), gzip1, rows, None)),
            ("32 bits, GZIP_2", compressed(long(), gzip2, rows, None)),
            (
                "real, not quantised, GZIP_1",
                compressed(real(), gzip1, rows, None),
            ),
        ] {
            let before = MEMORY.current_usage();
            let mut image = ImageFile::new(Cursor::new(&file)).unwrap();
            MEMORY.reset_peak_usage();
            let mut sum = 0.0;
            for first in (0..SIDE).step_by(40) {
                sum += image.read_rows(first..first + 40).unwrap().sum();
            }
            let held = (MEMORY.peak_usage() - before) as u64;
            // Forty rows that are returned, the header, and a decoder's own tables.
            let beside = 40 * SIDE as u64 * 8 + (128 << 10);
            let said = image.bytes_kept() + image.working_bytes();
            assert!(
                sum.is_finite() && held <= said + beside,
                "{name}, {rows} rows: {held} held, {said} said"
            );
            let kept = (MEMORY.current_usage() - before) as u64;
            assert!(
                kept <= image.bytes_kept() + (64 << 10),
                "{name}, {rows} rows: {kept} kept"
            );
            eprintln!(
                "{name}, tiles of {rows} rows: {held} held, {} said",
                said + beside
            );
        }
    }
}
