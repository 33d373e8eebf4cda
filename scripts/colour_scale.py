#!/usr/bin/env python3
"""Runs `isopach colour` over made surveys of several sizes in the same memory, and prints a JSON line a size; then times colours of points in memory.

    scripts/colour_scale.py [--points 10 100] [--memory 1GiB] [--pixel 0.25] [--folder target/colour-scale] [--bin target/release] [--in-memory 50] [--cache 64 256]

Points are millions. Needs rasterio, numpy, laspy and lazrs (scripts/colour_requirements.txt), the program and the examples make_survey and colour_speed
(cargo build --release -p isopach-cli --example make_survey; cargo build --release -p isopach-colour --example colour_speed). The orthophotos have red, green, blue and
near infrared, 4,096 pixels a side, tiles of 256, deflate with predictor 2. Each run is measured by /usr/bin/time -v. Reading alone is `make_survey decode` of the
survey; writing alone is the difference between `make_survey rewrite` of the result and reading it. `colour_speed` looks up --in-memory millions of points in flight
lines and in tiles with caches of --cache MiB: the counts of its first pass, and the speed of its second. Surveys, images and results are removed at the end."""
import argparse, json, os, pathlib, shutil, subprocess, warnings

import laspy, numpy as np, rasterio
from rasterio.transform import from_origin

import measured
from measured import said, timed

warnings.simplefilter("ignore")
parser = argparse.ArgumentParser()
parser.add_argument("--points", type=float, nargs="*", default=[10, 100])
parser.add_argument("--memory", default="1GiB")
parser.add_argument("--pixel", type=float, default=0.25)
parser.add_argument("--threads", type=int, default=os.cpu_count())
parser.add_argument("--folder", type=pathlib.Path, default="target/colour-scale")
parser.add_argument("--bin", type=pathlib.Path, default="target/release")
parser.add_argument("--in-memory", type=float, default=50)
parser.add_argument("--cache", type=int, nargs="*", default=[16, 64, 256])
options = parser.parse_args()
SIDE = 4096
made = options.bin / "examples" / "make_survey"


def write_images(folder, west, south, east, north, crs):
    """Orthophotos that cover a rectangle."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(1)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    waves = [120 + 60 * np.sin(columns / 37 + band) + 40 * np.cos(rows / 23 - band) for band in range(4)]
    picture = (np.stack(waves) + random.integers(0, 24, (4, SIDE, SIDE))).clip(1, 255).astype("u1")
    layout = dict(tiled=True, blockxsize=256, blockysize=256, compress="deflate", predictor=2, zlevel=1, photometric="RGB", alpha="NO")
    paths, length = [], SIDE * options.pixel
    for row in range(int(np.ceil((north - south) / length))):
        for column in range(int(np.ceil((east - west) / length))):
            place = from_origin(west + column * length, north - row * length, options.pixel, options.pixel)
            path = folder / f"{row:03}_{column:03}.tif"
            with rasterio.open(path, "w", driver="GTiff", height=SIDE, width=SIDE, count=4, dtype="uint8", crs=crs, transform=place, **layout) as to:
                to.write(np.roll(picture, 64 * len(paths), axis=2))
            paths.append(path)
    return paths


def colour_survey(millions):
    points, place = round(millions * 1e6), options.folder / f"{millions:g}m"
    files = max(2, round((millions / 2) ** 0.5))
    subprocess.run([made, "make", place, "--points", str(points), "--files", str(files)], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(place / "after")
    headers = [laspy.open(file).header for file in (place / "before").glob("*.laz")]
    low = np.min([header.mins[:2] for header in headers], axis=0)
    high = np.max([header.maxs[:2] for header in headers], axis=0)
    crs = headers[0].parse_crs()
    images = write_images(place / "images", *low, *high, crs.to_wkt() if crs else None)
    decode = said([made, "decode", place / "before", place / "before"])["cpu_s"] / 2
    out = place / "out.laz"
    command = [options.bin / "isopach", "colour", place / "before", out, "--images", place / "images", "--ndvi"]
    took = timed([*command, "--backend", "cpu", "--memory", options.memory, "--threads", options.threads])
    summary = json.loads((place / "out.laz.json").read_text())
    shutil.rmtree(place / "before")
    alone = said([made, "rewrite", out, place / "copy.laz"])
    write = alone["cpu_s"] - alone["read_cpu_s"]
    cache = summary["cache"]
    line = dict(what="isopach colour", points=summary["points"], coloured=summary["coloured"], files=files * files, images=len(images), pixel_m=options.pixel)
    line |= dict(tiles=summary["tiles"], given=options.memory, threads=options.threads) | took
    line |= dict(mpoints_per_s=round(summary["points"] / took["wall_s"] / 1e6, 2), read_alone_cpu_s=round(decode, 1), write_alone_cpu_s=round(write, 1))
    line |= dict(hit_rate=round(cache["hits"] / max(1, cache["hits"] + cache["misses"]), 5)) | {f"cache_{name}": cache[name] for name in cache}
    print(json.dumps(line | measured.machine()), flush=True)
    shutil.rmtree(place)


def look_up_in_memory():
    place = options.folder / "in-memory"
    images = write_images(place, 400_000, 5_500_000, 400_000 + 2 * SIDE * options.pixel, 5_500_000 + 2 * SIDE * options.pixel, "EPSG:25832")
    speed = options.bin / "examples" / "colour_speed"
    for order in ("flight-lines", "tiles"):
        for cache in options.cache:
            line = said([speed, round(options.in_memory * 1e6), order, cache, options.threads, *images])
            print(json.dumps(line | dict(pixel_m=options.pixel) | measured.machine()), flush=True)
    shutil.rmtree(place)


for size in options.points:
    colour_survey(size)
if options.in_memory:
    look_up_in_memory()
