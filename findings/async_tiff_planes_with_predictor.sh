#!/bin/sh
# async-tiff 0.7.2 (Python package): tiles of band-interleaved images with a predictor come back as other numbers, without an error.
#
# PlanarConfiguration 2 stores each band in tiles of its own, so that a predictor has one sample a pixel to undo. async-tiff undoes it with as many samples a
# pixel as the image has bands: neighbours are added that are that many pixels away. Horizontal differencing (predictor 2) and the predictor of floats (3) are
# both affected, with DEFLATE and LZW alike. The same files without a predictor, pixel-interleaved ones with one, and images of one band are right, so that a
# reader that was tested on those looks finished. `gdal_translate -co INTERLEAVE=BAND -co PREDICTOR=2 -co COMPRESS=DEFLATE -co TILED=YES` writes such files.
# GDAL 3.10.3 (rasterio 1.4.4) reads what it wrote.
#
# Seen: "pixel-interleaved, predictor 2: 0 % differ; band-interleaved, none: 0 %, predictor 2: 99 %, predictor 3: 100 %; one band, predictor 3: 0 %".
# Exit code 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install async-tiff==0.7.2 obstore==0.12.1 rasterio==1.4.4 numpy==2.4.6
cd "$folder"
cat > finding.py <<'PYTHON'
import asyncio, os, sys, warnings
import numpy as np
import rasterio
from async_tiff import TIFF
from obstore.store import LocalStore

warnings.simplefilter("ignore")
SIDE, TILE = 96, 32


async def read_tiles(name, bands, dtype):
    image = await TIFF.open(name, store=LocalStore(os.getcwd()))
    values = np.zeros((bands, SIDE, SIDE), dtype)
    for row in range(0, SIDE, TILE):
        for column in range(0, SIDE, TILE):
            tile = np.asarray(await (await image.fetch_tile(column // TILE, row // TILE, 0)).decode())
            tile = tile if tile.shape == (bands, TILE, TILE) else np.moveaxis(tile, -1, 0)
            values[:, row:row + TILE, column:column + TILE] = tile
    return values


def share_differing(bands, dtype, **layout):
    numbers = np.random.default_rng(1).integers(0, 200, (bands, SIDE, SIDE)).astype(dtype)
    name = "image.tif"
    with rasterio.open(name, "w", driver="GTiff", width=SIDE, height=SIDE, count=bands, dtype=dtype, tiled=True, blockxsize=TILE, blockysize=TILE,
                       compress="deflate", **layout) as file:
        file.write(numbers)
    with rasterio.open(name) as file:
        assert np.array_equal(file.read(), numbers)  # GDAL
    return round(100 * np.mean(asyncio.run(read_tiles(name, bands, dtype)) != numbers))


pixels = share_differing(4, "uint8", interleave="pixel", predictor=2)
none = share_differing(4, "uint8", interleave="band", predictor=1)
differences = share_differing(4, "uint8", interleave="band", predictor=2)
floats = share_differing(4, "float32", interleave="band", predictor=3)
one = share_differing(1, "float32", interleave="band", predictor=3)
print(f"pixel-interleaved, predictor 2: {pixels} % differ; band-interleaved, none: {none} %, predictor 2: {differences} %, predictor 3: {floats} %; "
      f"one band, predictor 3: {one} %")
sys.stdout.flush()
# Ends at once: threads of the store may still run.
os._exit(0 if pixels == none == one == 0 and differences > 90 and floats > 90 else 1)
PYTHON
"$folder/venv/bin/python" finding.py
