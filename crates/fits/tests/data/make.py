#!/usr/bin/env python3
"""Makes the files of this folder with astropy (its compression is cfitsio's), and what reading them must give.

    pip install astropy==8.0.2 && python3 make.py

Every file is `NAME.fits`; `NAME.f64` is the image as astropy reads it back, little-endian doubles, NaN where blank.
"""
import pathlib

import numpy as np
from astropy.io import fits

HERE = pathlib.Path(__file__).resolve().parent
ROWS, COLUMNS = 24, 37


def write(name, data, header=(), **compression):
    hdu = fits.CompImageHDU(data, fits.Header(list(header)), **compression)
    hdu.header["EXPTIME"] = 2.9
    path = HERE / f"{name}.fits"
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path, overwrite=True)
    with fits.open(path) as file:
        np.ascontiguousarray(file[1].data, dtype="<f8").tofile(HERE / f"{name}.f64")


rng = np.random.default_rng(5)
y, x = np.mgrid[:ROWS, :COLUMNS]
hill = 900 * np.exp(-((x - 20) ** 2 + (y - 9) ** 2) / 90.0)
whole = (hill + rng.normal(0, 9, hill.shape)).round().astype(np.int16)
real = (hill + rng.normal(0, 3, hill.shape)).astype(np.float32)

write("rice_i16", whole, compression_type="RICE_1")
write("rice_u16", (whole + 500).astype(np.uint16), compression_type="RICE_1")
write("rice_i32_tiles", whole.astype(np.int32) * 70_000, compression_type="RICE_1", tile_shape=(5, 16))
write("gzip1_i16", whole, compression_type="GZIP_1")
write("gzip2_i32", whole.astype(np.int32), compression_type="GZIP_2")
write("hcompress_i16", whole, compression_type="HCOMPRESS_1", tile_shape=(8, 37))
write("rice_f32_dither1", real, compression_type="RICE_1", quantize_level=16, quantize_method=1, dither_seed=9_990)
blank = real.copy()
blank[3, 4] = blank[3, 30] = blank[17, 0] = np.nan
blank[5, 6:12] = 0.0
write("rice_f32_dither2_nan", blank, compression_type="RICE_1", quantize_level=8, quantize_method=2, dither_seed=77)
write("gzip_f32_lossless", blank, compression_type="GZIP_1", quantize_level=0)
write("rice_f64_tiles", real.astype(np.float64), compression_type="RICE_1", quantize_level=32, quantize_method=1,
      dither_seed=1, tile_shape=(7, 20))

# Scaled whole numbers with blanks, as instruments write them: the table is astropy's, the scaling keywords are put in.
stored = whole.copy()
stored[2, 2] = stored[20, 36] = -32768
hdu = fits.CompImageHDU(stored, compression_type="RICE_1")
path = HERE / "rice_i16_scaled_blank.fits"
fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path, overwrite=True)
with fits.open(path, mode="update", disable_image_compression=True) as file:
    file[1].header["BSCALE"], file[1].header["BZERO"], file[1].header["ZBLANK"] = 0.25, 100.0, -32768
with fits.open(path) as file:
    values = file[1].data.astype("<f8")
expected = np.where(stored == -32768, np.nan, stored * 0.25 + 100.0)
assert np.array_equal(values, expected, equal_nan=True), "astropy reads blanks as NaN"
expected.astype("<f8").tofile(HERE / "rice_i16_scaled_blank.f64")

# Real numbers that are not quantised, their bytes shuffled; quantised ones packed by gzip.
write("gzip2_f32_lossless", blank, compression_type="GZIP_2", quantize_level=0)
write("gzip2_f64_lossless", real.astype(np.float64), compression_type="GZIP_2", quantize_level=0, tile_shape=(7, 20))
write("gzip2_f64_quantised", real.astype(np.float64), compression_type="GZIP_2", quantize_level=16, quantize_method=1, dither_seed=3)
write("hcompress_f32", real, compression_type="HCOMPRESS_1", quantize_level=16, quantize_method=1, dither_seed=5, tile_shape=(8, 37))
write("plio_i16", np.abs(whole), compression_type="PLIO_1")
write("nocompress_i32", whole.astype(np.int32), compression_type="NOCOMPRESS", tile_shape=(10, 37))

# One image of each of three channels of AIA, plain and compressed as a single tile.
for channel, factor in [(171, 1.0), (193, 0.7), (211, 0.3)]:
    header = fits.Header([("WAVELNTH", channel), ("EXPTIME", 2.0), ("T_OBS", "2014-07-02T12:00:00.00Z"), ("BUNIT", "DN")])
    image = (factor * (hill + 300)).round().astype(np.int16)
    fits.PrimaryHDU(image, header).writeto(HERE / f"sun_{channel}.fits", overwrite=True)
    tile = fits.CompImageHDU(image, header, compression_type="RICE_1", tile_shape=(ROWS, COLUMNS))
    fits.HDUList([fits.PrimaryHDU(), tile]).writeto(HERE / f"sun_{channel}_rice.fits", overwrite=True)
