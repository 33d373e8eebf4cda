"""Makes images of several bands in every layout that is read by blocks, and what GDAL reads from them: cases.json, and for each level NAME.LEVEL.f64 (row, column, band) and NAME.LEVEL.mask.

Usage: make_images.py FOLDER. Needs rasterio.
"""

import itertools
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.enums import ColorInterp, Resampling
from rasterio.transform import Affine

warnings.simplefilter("ignore")
FOLDER = Path(sys.argv[1])
CASES = []
SHAPE = (75, 93)
NORTH_UP = Affine(0.5, 0, 500000, 0, -0.5, 5000000)
LAYOUTS = {
    "strips": {"tiled": False, "blockysize": 8},
    "one": {"tiled": False, "blockysize": SHAPE[0]},
    "tiles": {"tiled": True, "blockxsize": 16, "blockysize": 32},
}


def picture(dtype, bands):
    """Smooth, so that JPEG keeps it, with some noise; all of the range of the type."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    random = np.random.default_rng(5)
    waves = [np.sin(columns / 9 + band) + np.cos(rows / 7 - band) for band in range(bands)]
    waves = np.stack(waves) / 2 + random.normal(0, 0.02, (bands, *SHAPE))
    if np.dtype(dtype).kind == "f":
        return waves.astype(dtype)
    info = np.iinfo(dtype)
    return (info.min + (waves.clip(-1, 1) + 1) / 2 * (info.max - info.min)).astype(dtype)


def write(name, data, tolerance=0, point=False, mask=None, overviews=None, nodata=None, **profile):
    path = FOLDER / f"{name}.tif"
    bands, rows, columns = data.shape
    options = {"driver": "GTiff", "height": rows, "width": columns, "count": bands, "dtype": data.dtype, "crs": "EPSG:32631", "transform": NORTH_UP, "nodata": nodata}
    # Everything is in the file: others beside it are not read.
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        with rasterio.open(path, "w", **(options | profile)) as to:
            if point:
                to.update_tags(AREA_OR_POINT="Point")
            to.write(data)
            if mask is not None:
                to.write_mask(mask)
        if overviews:
            with rasterio.open(path, "r+") as to:
                to.build_overviews(overviews, Resampling.average)
    note(name, path, tolerance, len(overviews or []))


def note(name, path, tolerance, overviews):
    levels = []
    for level in range(overviews + 1):
        options = {"OVERVIEW_LEVEL": level - 1} if level else {}
        with rasterio.open(path, **options) as file:
            data = np.moveaxis(file.read(), 0, 2).astype("<f8")
            (FOLDER / f"{name}.{level}.f64").write_bytes(np.ascontiguousarray(data).tobytes())
            mask = file.dataset_mask()
            if file.nodata is not None:  # of four bands rasterio takes that of the last alone
                mask = np.where((data == file.nodata).all(2), 0, 255).astype("u1")
            (FOLDER / f"{name}.{level}.mask").write_bytes(np.ascontiguousarray(mask).tobytes())
            levels.append([file.width, file.height])
    with rasterio.open(path) as file:
        transform = file.transform
        place = [transform.c, transform.f, transform.a, transform.e]
        CASES.append({"name": name, "levels": levels, "bands": file.count, "place": place, "tolerance": tolerance, "roles": [interp.name for interp in file.colorinterp]})


for dtype, compress, layout, interleave, bands in itertools.product(["u1", "u2", "i2", "f4"], ["NONE", "LZW", "DEFLATE", "ZSTD", "PACKBITS"], LAYOUTS, ["pixel", "band"], [1, 3, 4]):
    predictors = [1]
    if compress in ("LZW", "DEFLATE", "ZSTD"):
        predictors = [1, 3] if dtype == "f4" else [1, 2]
    if bands == 1 and interleave == "band":
        continue
    for predictor in predictors:
        kept = {} if predictor == 1 else {"predictor": predictor}
        photometric = {"photometric": "RGB", "alpha": "NO"} if bands >= 3 else {}
        name = f"{dtype}_{compress}_{layout}_{interleave}_{bands}_{predictor}"
        write(name, picture(dtype, bands), compress=compress, interleave=interleave, **photometric, **kept, **LAYOUTS[layout])
for dtype, predictor, interleave in itertools.product(["u2", "i2", "f4"], [1, 2, 3], ["pixel", "band"]):
    if predictor == 3 and dtype != "f4" or predictor == 2 and dtype == "f4":
        continue
    kept = {} if predictor == 1 else {"predictor": predictor}
    write(f"big_{dtype}_{predictor}_{interleave}", picture(dtype, 4), compress="LZW", endianness="BIG", BIGTIFF="YES", photometric="RGB", alpha="NO", interleave=interleave, **kept)
write("bits_12", picture("u2", 3) >> 4, nbits=12, photometric="RGB")
write("bits_4", picture("u1", 1) >> 4, nbits=4, compress="DEFLATE")
write("half", picture("f4", 3).astype("f2").astype("f4"), nbits=16, photometric="RGB", compress="DEFLATE")

# JPEG: decoders differ in how they round, and in how they smooth colours of half the resolution.
for layout, quality in itertools.product(["strips", "tiles"], [75, 90, 100]):
    kept = LAYOUTS[layout] | ({"blockysize": 16} if layout == "strips" else {})
    write(f"jpeg_ycbcr_{layout}_{quality}", picture("u1", 3), tolerance=10, compress="JPEG", photometric="YCBCR", jpeg_quality=quality, **kept)
    write(f"jpeg_rgb_{layout}_{quality}", picture("u1", 3), tolerance=1, compress="JPEG", photometric="RGB", jpeg_quality=quality, **kept)
    write(f"jpeg_four_{layout}_{quality}", picture("u1", 4), tolerance=1, compress="JPEG", photometric="RGB", alpha="NO", jpeg_quality=quality, **kept)
    write(f"jpeg_band_{layout}_{quality}", picture("u1", 3), tolerance=1, compress="JPEG", photometric="RGB", interleave="band", jpeg_quality=quality, **kept)
    write(f"jpeg_grey_{layout}_{quality}", picture("u1", 1), tolerance=1, compress="JPEG", jpeg_quality=quality, **kept)

# Pixels without a value.
holes = np.zeros(SHAPE, bool)
holes[10:20, 5:40] = True
holes[60:, 80:] = True
for dtype, interleave in itertools.product(["u1", "u2", "f4"], ["pixel", "band"]):
    data = picture(dtype, 4)
    data[:, holes] = 0
    data[0, 30:40, 30:40] = 0  # of one band alone
    write(f"nodata_{dtype}_{interleave}", data, nodata=0, photometric="RGB", alpha="NO", interleave=interleave, compress="DEFLATE", overviews=[2, 4], **LAYOUTS["tiles"])
for kind in ["YES", "PREMULTIPLIED"]:
    data = picture("u1", 4)
    data[3] = np.where(holes, 0, 255)
    data[3, 30:40, 30:40] = 90
    write(f"alpha_{kind}", data, photometric="RGB", alpha=kind, compress="DEFLATE", **LAYOUTS["tiles"])
for layout, compress, interleave in itertools.product(LAYOUTS, ["DEFLATE", "LZW", "NONE"], ["pixel", "band"]):
    mask = np.where(holes, 0, 255).astype("u1")
    write(f"mask_{layout}_{compress}_{interleave}", picture("u1", 3), mask=mask, photometric="RGB", compress=compress, interleave=interleave, **LAYOUTS[layout])
write("mask_jpeg", picture("u1", 3), tolerance=10, mask=np.where(holes, 0, 255).astype("u1"), photometric="YCBCR", compress="JPEG", **LAYOUTS["tiles"])
write("mask_overviews", picture("u1", 3), mask=np.where(holes, 0, 255).astype("u1"), photometric="RGB", compress="DEFLATE", overviews=[2, 4, 8], **LAYOUTS["tiles"])
write("sparse", np.where(np.arange(SHAPE[1]) < 40, picture("u1", 3), 0), photometric="RGB", SPARSE_OK=True, compress="DEFLATE", **LAYOUTS["tiles"])
write("sparse_nodata", np.where(np.arange(SHAPE[1]) < 40, picture("u1", 3) | 1, 0), photometric="RGB", nodata=0, SPARSE_OK=True, compress="DEFLATE", interleave="band", **LAYOUTS["tiles"])

# Overviews and places.
for compress, interleave in itertools.product(["DEFLATE", "LZW"], ["pixel", "band"]):
    write(f"overviews_{compress}_{interleave}", picture("u2", 4), overviews=[2, 4], compress=compress, predictor=2, interleave=interleave, photometric="RGB", alpha="NO", **LAYOUTS["tiles"])
write("point", picture("u1", 3), point=True, photometric="RGB")
write("south_up", picture("u1", 3), photometric="RGB", transform=Affine(0.5, 0, 500000, 0, 0.5, 5000000))
write("oblong", picture("u1", 3), photometric="RGB", transform=Affine(0.25, 0, 500000.125, 0, -1.5, 5000000.75))
write("four_unnamed", picture("u2", 4))


# Cloud-optimised files: every block has its length before it and its last bytes again behind it, the directories of overviews' masks come after those of overviews, and
# with JPEG opacity becomes a mask.
def write_cog(name, data, tolerance=0, nodata=None, alpha="NO", **options):
    plain = FOLDER / f"{name}.plain.tif"
    bands, rows, columns = data.shape
    layout = {"driver": "GTiff", "height": rows, "width": columns, "count": bands, "dtype": data.dtype, "crs": "EPSG:32631", "transform": NORTH_UP, "nodata": nodata}
    with rasterio.open(plain, "w", **layout, photometric="RGB", alpha=alpha) as to:
        to.write(data)
    path = FOLDER / f"{name}.tif"
    rasterio.shutil.copy(plain, path, driver="COG", blocksize=16, overview_resampling="average", **options)
    plain.unlink()
    with rasterio.open(path) as file:
        overviews = len(file.overviews(1))
    assert overviews >= 2 and rasterio.open(path).tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    note(name, path, tolerance, overviews)


clear = picture("u1", 4)
clear[3] = np.where(holes, 0, 255)
blank = picture("u1", 3) | 1
blank[:, :, :40] = 0
for compress, big in itertools.product(["NONE", "LZW", "DEFLATE", "ZSTD"], ["NO", "YES"]):
    predictor = {} if compress == "NONE" else {"predictor": "YES"}
    write_cog(f"cog_{compress}_{big}", picture("u1", 4), compress=compress, bigtiff=big, **predictor)
    write_cog(f"cog_alpha_{compress}_{big}", clear, alpha="YES", compress=compress, bigtiff=big)
    write_cog(f"cog_sparse_{compress}_{big}", blank, nodata=0, sparse_ok="TRUE", compress=compress, bigtiff=big)
write_cog("cog_u2", picture("u2", 4), compress="LZW", predictor="YES")
# All bands alike: rasterio's wheel has IJG's libjpeg 9, which enlarges colours of half the resolution block by block of 16 pixels (findings/rasterio_wheel_jpeg_colours.sh), and in
# overviews colours change more from pixel to pixel.
grey = np.repeat(picture("u1", 1), 3, axis=0)
clear[:3] = grey
for quality in [75, 100]:
    write_cog(f"cog_jpeg_{quality}", grey, tolerance=2, compress="JPEG", quality=quality)
    write_cog(f"cog_jpeg_mask_{quality}", clear, tolerance=2, alpha="YES", compress="JPEG", quality=quality)
    write_cog(f"cog_jpeg_four_{quality}", picture("u1", 4), tolerance=1, compress="JPEG", quality=quality)

(FOLDER / "cases.json").write_text(json.dumps(CASES))
