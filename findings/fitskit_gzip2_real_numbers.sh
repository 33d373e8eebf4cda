#!/bin/sh
# fitskit 0.3.0: real numbers that were compressed without loss by GZIP_2 are read as other numbers, without an error.
#
# GZIP_2 stores all first bytes of a tile's numbers, then all second ones, and so on. fitskit puts the bytes of whole numbers back in order
# (tile_compress.rs: `decode_tile`), but not those of real ones that were not quantised (`decompress_float` goes from `gzip_inflate` to
# `raw_floats`). GZIP_1 of the same image is read right. `fpack -g2 -q 0` and astropy's `CompImageHDU` write such files.
#
# Seen: "astropy 8.0.2 wrote [1.0, 2.0, -2.5, 0.1]", "GZIP_1: [1.0, 2.0, -2.5, 0.1]",
# "GZIP_2: [0.7529333, -1.1765e-41, 2.86e-43, 2.87e-43]". Exit code 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install astropy==8.0.2 numpy
cd "$folder"
cat > write.py <<'PYTHON'
import astropy, numpy as np
from astropy.io import fits

numbers = np.array([[1.0, 2.0, -2.5, 0.1]], dtype=np.float32)
for kind in ["GZIP_1", "GZIP_2"]:
    tile = fits.CompImageHDU(numbers, compression_type=kind, quantize_level=0)
    fits.HDUList([fits.PrimaryHDU(), tile]).writeto(f"{kind}.fits")
    assert np.array_equal(fits.getdata(f"{kind}.fits"), numbers)
print(f"astropy {astropy.__version__} wrote {[round(float(x), 3) for x in numbers[0]]}")
PYTHON
"$folder/venv/bin/python" write.py | tee out.txt
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"

[dependencies]
fitskit = { version = "=0.3.0", features = ["gzip"] }

[workspace]
TOML
cat > src/main.rs <<'RUST'
use fitskit::{tile_compress::CompressedImage, FitsFile, HduData};

fn main() {
    for kind in ["GZIP_1", "GZIP_2"] {
        let file = FitsFile::from_file(format!("{kind}.fits")).unwrap();
        for hdu in file.extensions() {
            if let HduData::BinTable(table) = &hdu.data {
                let image = CompressedImage::from_bintable(&hdu.header, table).unwrap().decompress().unwrap();
                println!("{kind}: {:?}", image.pixels);
            }
        }
    }
}
RUST
cargo run -q 2>&1 | tee -a out.txt
grep -q 'GZIP_1: F32(\[1.0, 2.0, -2.5, 0.1\])' out.txt
grep -q 'GZIP_2: F32(\[0.7529333, -1.1765e-41, 2.86e-43, 2.87e-43\])' out.txt
