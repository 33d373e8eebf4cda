#!/usr/bin/env python3
"""Whether astropy and sunpy read compressed cubes: same planes, same places, numbers within the error that is stated.

    python3.12 -m venv venv && venv/bin/pip install "sunpy[map]==8.0.1" astropy==8.0.2
    cargo build --release --example emission
    venv/bin/python scripts/compressed_beside_astropy.py target/release/examples/emission IMAGES... [OPTIONS OF emission]

Inverts the images without compression, with `--compress gzip` and with `--compress rice`, and prints sizes and the largest differences.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import sunpy.map
from astropy.io import fits
from astropy.wcs import WCS

PLACES = np.array([[0.0, 0.0, 0.0], [7.25, 3.5, 0.0], [19.0, 31.0, 0.0]])


def of_error(plain, packed):
    """Quantiles of the rounding of emission in units of its stated error, where there is emission; every fourth row."""
    exact, rounded, stated = (
        file[name].data[:, ::4].astype(float) for file, name in ((plain, "EMISSION"), (packed, "EMISSION"), (plain, "UNCERTAINTY"))
    )
    ratio = (np.abs(exact - rounded) / stated)[exact > 0.1 * np.nanmax(exact, axis=0)]
    return " ".join(f"{x:.3f}" for x in np.quantile(ratio[np.isfinite(ratio)], [0.99, 0.999]))


def main():
    program, *images = sys.argv[1:]
    warnings.simplefilter("ignore")
    off = 0
    with tempfile.TemporaryDirectory() as folder:
        files, summaries = {}, {}
        for kind in ("none", "gzip", "rice"):
            out = pathlib.Path(folder) / kind
            command = [program, *images, "--align", "--backend", "cpu", "--compress", kind, "--out", str(out)]
            subprocess.run(command, check=True, capture_output=True, text=True)
            files[kind] = out / "emission.fits"
            summaries[kind] = json.loads((out / "summary.json").read_text())
        for kind in ("gzip", "rice"):
            planes = 0
            stated = summaries[kind]["compression"]["largest_error_of_rounding"]
            with fits.open(files["none"]) as plain, fits.open(files[kind]) as packed:
                assert [hdu.name for hdu in plain] == [hdu.name for hdu in packed]
                for expected, found in zip(plain[1:], packed[1:]):
                    assert isinstance(found, fits.CompImageHDU), found.name
                    a, b = expected.data, found.data
                    assert a.shape == b.shape and a.dtype.newbyteorder("=") == b.dtype.newbyteorder("="), (found.name, a.dtype, b.dtype)
                    assert np.array_equal(np.isnan(a), np.isnan(b)), found.name
                    far = np.nanmax(np.abs(a.astype(float) - b), initial=0.0)
                    largest = stated.get(found.name.lower(), 0.0)
                    # A reader of single precision rounds once more.
                    if not far <= largest * 1.001 + (np.nanmax(np.abs(a), initial=0.0) * 1.2e-7 if largest else 0.0):
                        off += 1
                        print(f"{found.name}: {far} off, {largest} stated")
                    if largest:
                        assert abs(found.header["ROUNDING"] / largest - 1) < 1e-9, found.name
                        for left in range(0, a.shape[2], 128):
                            some = a[:, :, left : left + 128].astype(float)
                            most = np.nanmax(np.abs(some), axis=2)
                            relative = np.nanmax(np.abs(some - b[:, :, left : left + 128]) / np.where(most > 0, most, 1)[:, :, None])
                            assert relative < 1 / 65534 + 2e-7, (found.name, relative)
                    here, there = [WCS(hdu.header).wcs_pix2world(PLACES, 0) for hdu in (expected, found)]
                    assert np.abs(here - there).max() < 1e-9, found.name
                    for plane in range(len(b)):
                        planes += 1
                        sunpy.map.Map(b[plane], found.header)
                if kind == "rice":
                    print(f"rounding over stated error, 99 and 99.9 % of the bins of a tenth of their pixel's largest: {of_error(plain, packed)}")
            sizes = [files[name].stat().st_size for name in ("none", kind)]
            print(f"{kind}: {planes} planes, {sizes[1]} of {sizes[0]} bytes, {off} off")
    sys.exit(off > 0)


if __name__ == "__main__":
    main()
