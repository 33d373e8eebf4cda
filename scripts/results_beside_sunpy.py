#!/usr/bin/env python3
"""Whether sunpy, ndcube and astropy open every plane of a result where the images are.

    python3.12 -m venv venv && venv/bin/pip install "sunpy[map]==8.0.1" ndcube==2.4.2 astropy==8.0.2
    cargo build --release --example emission
    venv/bin/python scripts/results_beside_sunpy.py target/release/examples/emission IMAGES...

Inverts the images and compares, plane by plane, where the pixels are with where sunpy has those of the first image.
"""

import pathlib
import subprocess
import sys
import tempfile
import warnings

import astropy.units as u
import ndcube
import numpy as np
import sunpy.map
from astropy.io import fits
from astropy.wcs import WCS

PIXELS = np.array([[0.0, 0.0], [7.25, 3.5], [19.0, 31.0]])


def places(solar_map):
    found = solar_map.pixel_to_world(PIXELS[:, 0] * u.pix, PIXELS[:, 1] * u.pix)
    return np.array([found.Tx.to_value("arcsec"), found.Ty.to_value("arcsec")])


def flat(header_and_data):
    """An image with one plane, as a map takes it."""
    header = header_and_data.header.copy()
    return sunpy.map.Map(header_and_data.data.reshape(header_and_data.data.shape[-2:]), header)


def main():
    program, *images = sys.argv[1:]
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out"
        command = [program, *images, "--align", "--bins", "20", "--backend", "cpu", "--out", str(out)]
        subprocess.run(command, check=True, capture_output=True, text=True)
        with fits.open(images[0]) as first:
            expected = places(flat(next(hdu for hdu in first if hdu.data is not None)))
        cubes, planes, off = 0, 0, 0
        with fits.open(out / "emission.fits") as file:
            for hdu in file[1:]:
                cubes += 1
                wcs = WCS(hdu.header)
                cube = ndcube.NDCube(hdu.data, wcs=wcs)
                assert cube.wcs.world_n_dim == 3, hdu.name
                for index, plane in enumerate(hdu.data):
                    planes += 1
                    solar = places(sunpy.map.Map(plane, hdu.header))
                    by_cube = cube[index].wcs.array_index_to_world(np.array([0, 31]), np.array([0, 19]))
                    by_cube = np.array([by_cube.Tx.to_value("arcsec"), by_cube.Ty.to_value("arcsec")])
                    far = max(np.abs(solar - expected).max(), np.abs(by_cube - expected[:, [0, 2]]).max())
                    if not far < 1e-6:
                        off += 1
                        print(f"{hdu.name}, plane {index}: {far} arcsec off")
                if "EDGE001" in hdu.header and hdu.header["CTYPE3"] == "LOGT":
                    edges = np.array([hdu.header[f"EDGE{i:03}"] for i in range(len(hdu.data) + 1)])
                    middles = wcs.wcs_pix2world(np.column_stack([np.zeros((len(hdu.data), 2)), np.arange(len(hdu.data))]), 0)[:, 2]
                    assert np.abs(middles - (edges[1:] + edges[:-1]) / 2).max() < 1e-9, hdu.name
                if hdu.name in ("STATUS", "ITERATIONS", "DROPPED", "SATURATED"):
                    assert hdu.data.dtype.kind in "iu", (hdu.name, hdu.data.dtype)
                assert any(str(line).startswith("command:") for line in hdu.header["HISTORY"])
    print(f"{cubes} cubes, {planes} planes, {off} off")
    sys.exit(off > 0)


if __name__ == "__main__":
    main()
