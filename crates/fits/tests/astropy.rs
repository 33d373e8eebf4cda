//! Compressed files of an independent writer: astropy, whose codec is cfitsio's
//! (tests/data/make.py).

#![allow(missing_docs, clippy::print_stderr)]

use isopach_fits::{Image, ImageFile};
use std::{fs, path::PathBuf};

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

/// What astropy reads.
fn expected(name: &str) -> Vec<f64> {
    let bytes = fs::read(data(&format!("{name}.f64"))).unwrap();
    bytes
        .as_chunks::<8>()
        .0
        .iter()
        .map(|&b| f64::from_le_bytes(b))
        .collect()
}

/// Every value to `tolerance`, and the same blanks.
fn assert_read(name: &str, tolerance: f64) {
    let path = data(&format!("{name}.fits"));
    let image = Image::open(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
    let expected = expected(name);
    assert_eq!(image.values.dim(), (24, 37), "{name}");
    for (i, (found, expected)) in image.values.iter().zip(&expected).enumerate() {
        let same = found == expected || (found.is_nan() && expected.is_nan());
        assert!(
            same || (found - expected).abs() <= tolerance,
            "{name}: pixel {i} is {found}, not {expected}"
        );
    }
    let mut file = ImageFile::open(&path).unwrap();
    assert!(file.bytes_kept() > 0, "{name} is compressed");
    for rows in [20..24, 3..9, 0..1, 9..20] {
        let part = file.read_rows(rows.clone()).unwrap();
        let whole = image.values.slice(ndarray::s![rows.clone(), ..]);
        assert!(
            part.iter()
                .zip(whole)
                .all(|(a, b)| a.to_bits() == b.to_bits()),
            "{name}: rows {rows:?}"
        );
    }
}

#[test]
fn whole_numbers_are_exact() {
    let gzip = ["gzip1_i16", "gzip2_i32"];
    let others = [
        "rice_i16",
        "rice_u16",
        "rice_i32_tiles",
        "hcompress_i16",
        "plio_i16",
        "nocompress_i32",
    ];
    for name in gzip.iter().chain(&others) {
        assert_read(name, 0.0);
    }
}

#[test]
fn scaled_whole_numbers_with_blanks() {
    assert_read("rice_i16_scaled_blank", 0.0);
    assert_eq!(
        expected("rice_i16_scaled_blank")
            .iter()
            .filter(|x| x.is_nan())
            .count(),
        2
    );
}

#[test]
fn quantised_real_numbers_are_undithered_as_they_were_dithered() {
    // Steps of the quantisation are 0.2 to 0.4 here: a wrong seed is off by up to half of one.
    // Single precision of the sum is what is left.
    assert_read("rice_f32_dither1", 1e-4);
    assert_read("rice_f32_dither2_nan", 1e-4);
    assert_read("hcompress_f32", 1e-4);
    assert_read("rice_f64_tiles", 1e-9);
    assert_read("gzip2_f64_quantised", 1e-9);
    let image = Image::open(data("rice_f32_dither2_nan.fits")).unwrap();
    assert_eq!(image.values.iter().filter(|x| x.is_nan()).count(), 3);
    assert!(
        (6..12).all(|x| image.values[[5, x]] == 0.0),
        "zeros stay zero"
    );
}

#[test]
fn real_numbers_that_were_not_quantised_are_exact() {
    assert_read("gzip_f32_lossless", 0.0);
}

/// The bytes of numbers are shuffled: all first ones first.
#[test]
fn shuffled_real_numbers_are_exact() {
    assert_read("gzip2_f32_lossless", 0.0);
    assert_read("gzip2_f64_lossless", 0.0);
}

#[test]
fn an_image_that_is_one_tile_is_that_of_the_plain_file() {
    for channel in [171, 193, 211] {
        let plain = Image::open(data(&format!("sun_{channel}.fits"))).unwrap();
        let mut tile = ImageFile::open(data(&format!("sun_{channel}_rice.fits"))).unwrap();
        // A row of tiles of 16 bits a number is kept, and the compressed one.
        assert!(
            tile.bytes_kept() > 24 * 37 * 2 && tile.bytes_kept() < 24 * 37 * 4,
            "{}",
            tile.bytes_kept()
        );
        assert_eq!(tile.working_bytes(), 24 * 37 * 12);
        for rows in [0..5, 5..6, 6..24, 3..4] {
            let part = tile.read_rows(rows.clone()).unwrap();
            assert_eq!(part, plain.values.slice(ndarray::s![rows, ..]));
        }
    }
}

/// Files of `../shared`, as astropy reads them.
#[test]
fn packed_shuffled_and_annotated_files_are_the_plain_one() {
    let shared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let cases = shared.join("cases/sun");
    if !cases.exists() {
        eprintln!(
            "SKIPPED packed_shuffled_and_annotated_files_are_the_plain_one: {} is not there",
            cases.display()
        );
        return;
    }
    // A pixel, and the sum of all, as astropy 8.0.2 reads them. The lossless one was made of other
    // counts.
    let cases = [
        ("gz.fits.gz", 75.555_603_027_343_75, 1_462_005.995_267_637),
        (
            "nonascii_comment.fits",
            75.555_603_027_343_75,
            1_462_005.995_267_637,
        ),
        (
            "gzip2_lossless_f4.fits",
            75.914_291_381_835_94,
            1_462_558.354_755_282_4,
        ),
    ]
    .map(|(name, pixel, sum)| (cases.join(name), pixel, sum));
    for (path, pixel, sum) in cases {
        let values = Image::open(&path).unwrap().values;
        assert_eq!(
            (values.dim(), values[[50, 50]]),
            ((96, 128), pixel),
            "{}",
            path.display()
        );
        assert!(
            (values.sum() - sum).abs() < 1e-6,
            "{}: {}",
            path.display(),
            values.sum()
        );
    }
}

#[test]
fn keywords_of_a_compressed_image_are_read() {
    assert_eq!(
        Image::open(data("rice_i16.fits"))
            .unwrap()
            .header()
            .number("EXPTIME"),
        Some(2.9)
    );
}
