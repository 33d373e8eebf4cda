"""Makes the small GeoTIFFs of JPEG blocks in this folder, which need no rasterio to be read.

Usage: make_jpegs.py FOLDER. Needs rasterio 1.4.4.
"""

import sys
import warnings

import numpy as np
import rasterio
from rasterio.transform import from_origin

warnings.simplefilter("ignore")
ROWS, COLUMNS = np.mgrid[:40, :50]
WAVES = [128 + 80 * np.sin(COLUMNS / 9 + band) + 40 * np.cos(ROWS / 7 - band) for band in range(4)]
PICTURE = np.stack(WAVES).clip(1, 254).astype("u1")
TILES = {"tiled": True, "blockxsize": 32, "blockysize": 16}


def write(name, bands, photometric, **options):
    options = {"dtype": "uint8", "crs": "EPSG:32631", "transform": from_origin(500000, 5000000, 2, 2)} | options
    path = f"{sys.argv[1]}/{name}.tif"
    with rasterio.open(path, "w", driver="GTiff", height=40, width=50, count=bands, compress="jpeg", jpeg_quality=90, photometric=photometric, **options) as to:
        to.write(PICTURE[:bands])


write("jpeg_ycbcr", 3, "YCBCR", **TILES)
write("jpeg_rgb", 3, "RGB", **TILES)
write("jpeg_rgb_nir", 4, "RGB", alpha="NO", **TILES)
write("jpeg_planar", 3, "RGB", interleave="band", **TILES)
write("jpeg_strips", 3, "YCBCR", tiled=False, blockysize=16)
