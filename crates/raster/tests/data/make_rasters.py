"""Makes GeoTIFFs of every kind that GDAL writes without loss, and what GDAL reads from them: cases.json, and NAME.f64 with the values.

Usage: make_rasters.py FOLDER. Needs rasterio.
"""

import itertools
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.transform import Affine

warnings.simplefilter("ignore")
FOLDER = Path(sys.argv[1])
CASES = []
SHAPE = (37, 53)
# GDAL has no code for a compound system; that of its horizontal part.
EPSG = {"compound_1.0": 26917, "compound_1.1": 26917}


def values(dtype, bands=1, bits=None):
    random = np.random.default_rng(7)
    count = bands * SHAPE[0] * SHAPE[1]
    if np.dtype(dtype).kind == "f":
        flat = (random.normal(0, 300, count)).astype(dtype)
    else:
        info = np.iinfo(dtype)
        low, high = int(info.min), int(info.max)
        if bits:
            low, high = 0, 2**bits - 1
        if np.dtype(dtype).itemsize == 8:  # what an f64 holds exactly
            low, high = max(low, -(2**53)), 2**53
        flat = random.integers(low, high, count, dtype=dtype, endpoint=True)
    return flat.reshape((bands, *SHAPE))


def write(name, data, **profile):
    profile = {"crs": CRS.from_epsg(32617), "transform": Affine(2, 0, 500000, 0, -2, 5000000)} | profile
    point = profile.pop("point", False)
    scale = profile.pop("scale", None)
    after = profile.pop("after", None)
    mask = profile.pop("mask", None)
    path = FOLDER / f"{name}.tif"
    bands, rows, columns = data.shape
    options = {"driver": "GTiff", "height": rows, "width": columns, "count": bands, "dtype": data.dtype}
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        with rasterio.open(path, "w", **(options | profile)) as to:
            if point:
                to.update_tags(AREA_OR_POINT="Point")
            to.write(data)
            if scale:
                to.scales, to.offsets = [scale[0]] * bands, [scale[1]] * bands
            if mask is not None:
                to.write_mask(mask)
    if after:
        after(path)
    note(path)


def note(path):
    """What GDAL reads."""
    with rasterio.open(path) as file:
        for band in range(1, file.count + 1):
            raw = file.read(band)
            found = raw.astype("f8") * file.scales[band - 1] + file.offsets[band - 1]
            found[file.read_masks(band) == 0] = np.nan
            transform = file.transform
            north = transform.f
            if transform.e > 0:
                found, north = found[::-1], transform.f + transform.e * file.height
            name = path.name if file.count == 1 else f"{path.stem}_{band}{path.suffix}"
            if file.count > 1:
                (FOLDER / name).write_bytes(path.read_bytes())
            (FOLDER / f"{name}.f64").write_bytes(np.ascontiguousarray(found, "<f8").tobytes())
            crs = file.crs
            unit = None
            if crs:
                unit = "degree" if crs.is_geographic else crs.linear_units
            CASES.append(
                {
                    "file": name,
                    "band": band,
                    "shape": found.shape,
                    "north_west": [transform.c, north],
                    "cell_size": [transform.a, abs(transform.e)],
                    "wkt": crs.to_wkt() if crs else "",
                    "epsg": EPSG.get(path.stem) or (crs.to_epsg() if crs else None),
                    "unit": unit,
                }
            )


LAYOUTS = {
    "strips": {"tiled": False, "blockysize": 8},
    "one": {"tiled": False, "blockysize": SHAPE[0]},
    "tiles": {"tiled": True, "blockxsize": 16, "blockysize": 32},
}
TYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]
for dtype, compress, layout in itertools.product(TYPES, ["NONE", "LZW", "DEFLATE", "ZSTD", "PACKBITS"], LAYOUTS):
    predictors = [1]
    if compress in ("LZW", "DEFLATE", "ZSTD"):
        predictors = [1, 2] + [3] * (dtype[0] == "f")
    for predictor in predictors:
        kept = {} if predictor == 1 else {"predictor": predictor}
        write(f"{dtype}_{compress}_{layout}_{predictor}", values(dtype), compress=compress, **kept, **LAYOUTS[layout])
for dtype, predictor, interleave in itertools.product(["u1", "i2", "u4", "f4", "f8"], [1, 2, 3], ["pixel", "band"]):
    if predictor == 3 and dtype[0] != "f":
        continue
    for bands, endianness in [(4, "LITTLE"), (3, "BIG"), (2, "LITTLE")]:
        kept = {} if predictor == 1 else {"predictor": predictor}
        name = f"{bands}bands_{dtype}_{predictor}_{interleave}"
        write(name, values(dtype, bands), compress="DEFLATE", photometric="MINISBLACK", alpha="NO", interleave=interleave, endianness=endianness, **kept, **LAYOUTS["tiles"])
for dtype, predictor in itertools.product(["u2", "i4", "u8", "f4", "f8"], [1, 2, 3]):
    if predictor == 3 and dtype[0] != "f":
        continue
    kept = {} if predictor == 1 else {"predictor": predictor}
    write(f"big_endian_{dtype}_{predictor}", values(dtype), compress="LZW", endianness="BIG", BIGTIFF="YES", **kept)
for bits in [1, 2, 3, 4, 5, 7]:
    write(f"bits{bits}", values("u1", bits=bits), nbits=bits, compress="DEFLATE")
for bits in [9, 12, 15]:
    write(f"bits{bits}", values("u2", bits=bits), nbits=bits)
for bits in [17, 24, 31]:
    write(f"bits{bits}", values("u4", bits=bits), nbits=bits)
write("half", values("f4"), nbits=16, compress="DEFLATE", predictor=3)
write("white_is_zero", values("u1"), photometric="MINISWHITE")
write("palette", values("u1"), photometric="PALETTE")

holes = values("f4")
holes[0, ::3, ::5] = -9999
for text in [-9999, float("nan"), -3.4028234663852886e38]:
    data = holes.copy()
    data[data == -9999] = np.float32(text)
    write(f"no_data_{text}", data, nodata=text, compress="DEFLATE", predictor=3)
for dtype, no_data in [("i2", -32768), ("u1", 255), ("u2", 0), ("i4", -2147483648), ("f8", 1e30), ("i8", -9999)]:
    data = values(dtype)
    data[0, ::4, ::3] = no_data
    write(f"no_data_{dtype}", data, nodata=no_data)
write("no_data_unstored", values("u1") // 2, nodata=None)
write("sparse", np.where(np.arange(SHAPE[1])[None, None] < 16, -9999, values("f4")), nodata=-9999, sparse_ok=True, **LAYOUTS["tiles"])
write("sparse_zero", np.where(np.arange(SHAPE[1])[None, None] < 16, 0, values("f4")), sparse_ok=True, **LAYOUTS["tiles"])
write("masked", values("f4"), mask=(values("u1")[0] > 100), compress="LZW")
write("scaled", values("i2"), scale=(0.01, 250.0), nodata=-32768)


def georeferenced(name, transform=None, epsg=32617, **more):
    crs = CRS.from_user_input(epsg) if epsg else None
    write(name, values("f4"), crs=crs, transform=transform or Affine(2, 0, 500000, 0, -2, 5000000), **more)


georeferenced("point", point=True)
georeferenced("point_off", Affine(1, 0, 500000.25, 0, -1, 5000000.75), point=True)
georeferenced("south_up", Affine(2, 0, 500000, 0, 2, 5000000))
georeferenced("oblong", Affine(2, 0, 500000, 0, -3, 5000000))
georeferenced("tenth", Affine(0.1, 0, 500000.3, 0, -0.1, 5000000.7))
georeferenced("no_system", epsg=None)
for code in [4326, 25833, 2260, 2992, 3857, 2193, 27700, 5514, 26917, 6339, 6347, 2225]:
    georeferenced(f"epsg{code}", epsg=code)
for version in ["1.0", "1.1"]:
    georeferenced(f"compound_{version}", epsg="EPSG:26917+5703", geotiff_version=version)
# Systems that keys define by a method and its parameters.
BY_PARAMETERS = {
    "tmerc": "+proj=tmerc +lat_0=0 +lon_0=-80.5 +k=0.9999 +x_0=300000 +y_0=0 +datum=NAD83 +units=m",
    "tmerc_feet": "+proj=tmerc +lat_0=30 +lon_0=-82.5 +k=0.99995 +x_0=200000.0001 +y_0=0 +datum=NAD83 +units=us-ft",
    "lcc": "+proj=lcc +lat_1=41 +lat_2=44 +lat_0=40 +lon_0=-75 +x_0=1000000 +y_0=200000 +ellps=GRS80 +units=m",
    "laea": "+proj=laea +lat_0=52 +lon_0=12 +x_0=4321000 +y_0=3210000 +datum=WGS84 +units=m",
    "albers": "+proj=aea +lat_1=29 +lat_2=46 +lat_0=24 +lon_0=-97 +x_0=0 +y_0=0 +datum=NAD83 +units=m",
}
for name, system in BY_PARAMETERS.items():
    georeferenced(f"by_parameters_{name}", epsg=system)
georeferenced("esri_keys", epsg=2260, geotiff_keys_flavor="ESRI_PE")


(FOLDER / "cases.json").write_text(json.dumps(CASES))
