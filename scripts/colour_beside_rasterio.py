#!/usr/bin/env python3
"""Compares colours of `isopach colour` with rasterio and scipy's map_coordinates (order 1), and prints a JSON line an image.

    scripts/colour_beside_rasterio.py ISOPACH [--points 200000]

ISOPACH is the program. Needs scripts/colour_requirements.txt. Five images: pixels of areas, pixels of points, no data, two that overlap, opacity. The expected value
is that of the first image that has one: map_coordinates of the pixels, between whose masked ones the weights are scaled up, and none where the pixel that holds the
point is masked. Points within 2e-5 pixels of the border of two are left out and counted: our coordinates are whole ticks of 2^-18 m, so the pixel that holds them may be either. Fails if a colour is half a level (of 255) or more from it, or is there on one side only."""
import argparse, json, pathlib, subprocess, tempfile, warnings

import laspy, numpy as np, rasterio, scipy
from rasterio.transform import from_origin
from scipy.ndimage import map_coordinates

import measured

warnings.simplefilter("ignore")
parser = argparse.ArgumentParser()
parser.add_argument("isopach", type=pathlib.Path)
parser.add_argument("--points", type=int, default=200_000)
options = parser.parse_args()
ROWS, COLUMNS, STEP, WEST, NORTH = 700, 900, 0.25, 400_000.0, 5_500_000.0
random = np.random.default_rng(4)
rows, columns = np.mgrid[:ROWS, :COLUMNS]
PICTURE = np.stack([120 + 70 * np.sin(columns / 9 + band) + 40 * np.cos(rows / 7 - band) + random.integers(0, 20, (ROWS, COLUMNS)) for band in range(4)]).clip(1, 255).astype("u1")
HOLES = ((columns - 300) ** 2 + (rows - 350) ** 2 < 60**2) | (random.random((ROWS, COLUMNS)) < 0.01)


def write(path, data, transform, point=False, **profile):
    layout = dict(tiled=True, blockxsize=128, blockysize=128, compress="deflate", predictor=2)
    options = dict(driver="GTiff", height=ROWS, width=COLUMNS, count=len(data), dtype="uint8", crs="EPSG:25832", transform=transform, photometric="RGB")
    with rasterio.open(path, "w", **(options | layout | profile)) as to:
        if point:
            to.update_tags(AREA_OR_POINT="Point")
        to.write(data)
    return path


def images(folder):
    """Images by the name of their case."""
    here = from_origin(WEST, NORTH, STEP, STEP)
    holed = np.where(HOLES, 0, PICTURE)
    clear = np.concatenate([PICTURE[:3], np.where(HOLES, 0, 255).astype("u1")[None]])
    aside = from_origin(WEST + 80.05, NORTH - 30.05, STEP, STEP)
    return {
        "area": [write(folder / "area.tif", PICTURE, here, alpha="NO")],
        "point": [write(folder / "point.tif", PICTURE, here, point=True, alpha="NO", interleave="band")],
        "no data": [write(folder / "nodata.tif", holed, here, alpha="NO", nodata=0)],
        "overlap": [write(folder / "first.tif", holed, here, alpha="NO", nodata=0), write(folder / "second.tif", PICTURE[::-1], aside, alpha="NO")],
        "alpha": [write(folder / "alpha.tif", clear, here, alpha="YES")],
    }


def expected(path, x, y):
    """Red, green and blue of an image at places, NaN where it has none; and which places are on the border of two pixels."""
    with rasterio.open(path) as file:
        data = file.read().astype("f8")
        valid = np.ones(data.shape[1:], bool)
        if file.nodata is not None:
            valid = ~(data == file.nodata).all(0)
        if rasterio.enums.ColorInterp.alpha in file.colorinterp:
            valid = data[file.colorinterp.index(rasterio.enums.ColorInterp.alpha)] > 0
        column, row = ~file.transform * (x, y)
    inside = (column >= 0) & (column <= data.shape[2]) & (row >= 0) & (row <= data.shape[1])
    holder = valid[np.clip(row.astype(int), 0, data.shape[1] - 1), np.clip(column.astype(int), 0, data.shape[2] - 1)]
    at = np.stack([row - 0.5, column - 0.5])
    gather = lambda values: map_coordinates(values.astype("f8"), at, order=1, mode="nearest")
    weight = gather(valid)
    with np.errstate(all="ignore"):
        found = np.stack([gather(band * valid) / weight for band in data[:3]])
    on_border = (np.abs(at + 0.5 - np.round(at + 0.5)) < 2e-5).any(0)
    return np.where(inside & holder, found, np.nan), on_border


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        header = laspy.LasHeader(point_format=6, version="1.4")
        header.scales, header.offsets = [0.001] * 3, [WEST, NORTH, 0]
        header.add_crs(rasterio_crs())
        las = laspy.LasData(header)
        size = [COLUMNS * STEP, ROWS * STEP]
        las.x = WEST - 5 + (size[0] + 90) * random.random(options.points)
        las.y = NORTH + 5 - (size[1] + 40) * random.random(options.points)
        las.z = np.zeros(options.points)
        las.write(folder / "points.laz")
        for case, paths in images(folder).items():
            print(json.dumps(compare(folder, case, paths)), flush=True)


def rasterio_crs():
    import pyproj

    return pyproj.CRS.from_epsg(25832)


def compare(folder, case, paths):
    out = folder / "out.laz"
    command = [options.isopach, "colour", folder / "points.laz", out, "--images", ",".join(map(str, paths)), "--level", "0", "--backend", "cpu", "--fresh"]
    subprocess.run([str(word) for word in command], check=True, capture_output=True)
    found = laspy.read(out)
    x, y = np.array(found.x), np.array(found.y)
    ours = np.stack([found.red, found.green, found.blue]).astype("f8") / 257
    golden, on_border = np.full((3, len(x)), np.nan), np.zeros(len(x), bool)
    for path in paths:
        values, border = expected(path, x, y)
        golden, on_border = np.where(np.isnan(golden), values, golden), on_border | border
    ours, golden = ours[:, ~on_border], golden[:, ~on_border]
    has = ~np.isnan(golden[0])
    is_black = (ours == 0).all(0)  # the pictures have no black
    one_side = int((has == is_black).sum())
    difference = np.abs(ours - golden)[:, has]
    line = dict(what="colour beside rasterio", case=case, points=len(x), on_border=int(on_border.sum()), coloured=int(has.sum()), on_one_side=one_side, largest_levels=float(difference.max()), mean_levels=float(difference.mean()))
    line |= dict(rasterio=rasterio.__version__, gdal=rasterio.__gdal_version__, scipy=scipy.__version__) | measured.machine()
    if one_side or difference.max() >= 0.5:
        raise SystemExit(f"not equal: {json.dumps(line)}")
    return line


main()
