#!/usr/bin/env python3
"""Places of pixels as astropy has them: writes data/wcs.csv, which tests/places.rs reads.

    python -m venv venv && venv/bin/pip install astropy==8.0.2
    venv/bin/python crates/solar/tests/make_wcs.py
"""

import pathlib

import astropy
from astropy.io import fits
from astropy.wcs import WCS

COMMON = {"CTYPE1": "HPLN-TAN", "CTYPE2": "HPLT-TAN"}
HEADERS = {
    "level 1": {"CUNIT1": "arcsec", "CUNIT2": "arcsec", "CRPIX1": -287.939941, "CRPIX2": 402.719971, "CRVAL1": 0, "CRVAL2": 0,
                "CDELT1": 0.599488974, "CDELT2": 0.599488974, "CROTA2": 0.0192046408},
    "synoptic": {"CUNIT1": "arcsec", "CUNIT2": "arcsec", "CRPIX1": 512.5, "CRPIX2": 512.5, "CRVAL1": 0, "CRVAL2": 0,
                 "CDELT1": 2.4, "CDELT2": 2.4, "CROTA2": 0},
    "turned, oblong pixels": {"CUNIT1": "arcsec", "CUNIT2": "arcsec", "CRPIX1": 20, "CRPIX2": 31.5, "CRVAL1": 300, "CRVAL2": -250,
                              "CDELT1": 1.5, "CDELT2": 2.5, "CROTA2": 25},
    "PC": {"CUNIT1": "arcsec", "CUNIT2": "arcsec", "CRPIX1": 50, "CRPIX2": 60, "CRVAL1": -800, "CRVAL2": 400, "CDELT1": 4.4, "CDELT2": 4.4,
           "PC1_1": 0.99, "PC1_2": -0.12, "PC2_1": 0.12, "PC2_2": 0.99},
    "CD in degrees": {"CUNIT1": "deg", "CUNIT2": "deg", "CRPIX1": 10, "CRPIX2": 12, "CRVAL1": 0.1, "CRVAL2": -0.2,
                      "CD1_1": 0.0007, "CD1_2": -0.0001, "CD2_1": 0.0001, "CD2_2": 0.0007},
    "reprojected": {"CUNIT1": "deg", "CUNIT2": "deg", "CRPIX1": 34, "CRPIX2": 34, "CRVAL1": 0.05, "CRVAL2": -0.06,
                    "CDELT1": 0.6 / 3600, "CDELT2": 0.6 / 3600, "PC1_1": 1.0, "PC2_2": 1.0},
    "wide field": {"CUNIT1": "arcsec", "CUNIT2": "arcsec", "CRPIX1": 1, "CRPIX2": 1, "CRVAL1": 5000, "CRVAL2": 9000,
                   "CDELT1": 56, "CDELT2": 56, "CROTA2": -170},
}
PIXELS = [(0, 0), (63, 0), (0, 63), (63, 63), (31.25, 17.5), (1000, 700)]

path = pathlib.Path(__file__).parent / "data" / "wcs.csv"
with path.open("w") as out:
    print(f"# astropy {astropy.__version__}: case;keywords;pixel x,pixel y,longitude,latitude (arcsec, -180 to 180 degrees)", file=out)
    for name, keywords in HEADERS.items():
        keywords = COMMON | keywords
        wcs = WCS(fits.Header(keywords))
        stated = " ".join(f"{key}={value}" for key, value in keywords.items())
        for x, y in PIXELS:
            longitude, latitude = (float(value) for value in wcs.wcs_pix2world([[x, y]], 0)[0])
            longitude = (longitude + 180) % 360 - 180
            print(f"{name};{stated};{x},{y},{longitude * 3600:.10f},{latitude * 3600:.10f}", file=out)
