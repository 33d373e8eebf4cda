#!/usr/bin/env python3
"""Runs `terrain_change` over made surveys of several sizes in the same memory, and prints a JSON line a size.

    scripts/scale.py [--points 25 50 100] [--memory 2GiB] [--folder target/scale] [--bin target/release/examples] [--parts 100] [--naive] [--in-flight ...]

Points are millions an epoch. Each run is measured by /usr/bin/time -v; decoding alone by `make_survey decode`. --parts names sizes at which decoding, routing,
kernels and writing are each measured alone as well (terrain_change --parts; all points are in memory then, 80 bytes each); --naive adds a run in which every tile
reads all files that it overlaps; --in-flight runs each size with each of these numbers of chunks and tiles in flight, by turns, --rounds times. Surveys and
results are removed after they are measured."""
import argparse, json, os, pathlib, platform, shutil, subprocess

from measured import timed, timed_output

parser = argparse.ArgumentParser()
parser.add_argument("--points", type=float, nargs="+", default=[25, 50, 100])
parser.add_argument("--memory", default="2GiB")
parser.add_argument("--folder", type=pathlib.Path, default="target/scale")
parser.add_argument("--bin", type=pathlib.Path, default="target/release/examples")
parser.add_argument("--naive", action="store_true")
parser.add_argument("--parts", type=float, nargs="*", default=[])
parser.add_argument("--in-flight", nargs="+", default=[None])
parser.add_argument("--rounds", type=int, default=1)
parser.add_argument("--tile-size", type=float, default=500.0)
options = parser.parse_args()
commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()


for millions in options.points:
    points, place = round(millions * 1e6), options.folder / f"{millions:g}m"
    files = max(2, round((millions / 2) ** 0.5))
    subprocess.run([options.bin / "make_survey", "make", place, "--points", str(points), "--files", str(files)], check=True, stdout=subprocess.DEVNULL)
    epochs = [place / "before", place / "after"]
    about = dict(points=points, files=files * files, cores=os.cpu_count(), load_before=round(os.getloadavg()[0], 1), machine=platform.machine(), commit=commit)
    decode = json.loads(subprocess.run([options.bin / "make_survey", "decode", *epochs], check=True, capture_output=True, text=True).stdout)
    arguments = [*epochs, "--backend", "cpu", "--align", "none", "--classes", "2", "--memory", options.memory, "--tile-size", options.tile_size, "--out", place / "out"]
    for setting in options.in_flight * options.rounds:
        chosen = ["--in-flight", setting] if setting else []
        took = timed([options.bin / "terrain_change", *arguments, *chosen])
        run = json.loads((place / "out" / "summary.json").read_text())["run"]
        tiling = run["tiling"]
        line = dict(what="terrain_change", given=options.memory, in_flight=setting, tile_m=options.tile_size, **about, **took)
        line |= {name: tiling[name] for name in ("tiles", "tiles_cut", "memory", "peak_bytes", "bytes_spilled", "idle_s", "stages_s", "stages_thread_s")}
        line |= dict(
            chunks=sum(source["chunks"] for source in tiling["sources"]),
            decodes_per_chunk=max(source["decodes_per_chunk"] for source in tiling["sources"]),
            points_decoded=sum(source["points"] for source in tiling["sources"]),
            decode_alone_cpu_s=round(decode["cpu_s"], 2),
            wall_over_cpu_per_core=round(took["wall_s"] / (took["cpu_s"] / os.cpu_count()), 3),
        )
        if millions in options.parts:
            alone = [options.bin / "terrain_change", *arguments[:-1], place / "parts", "--parts"]
            parts = json.loads(subprocess.run(alone, check=True, capture_output=True, text=True).stdout)
            line |= dict(parts_alone=parts["parts"], wall_over_parts_per_core=round(took["wall_s"] / (parts["cpu_s"] / os.cpu_count()), 3))
        print(json.dumps(line), flush=True)
        shutil.rmtree(place / "out")
    if options.naive:
        took, text = timed_output([options.bin / "make_survey", "naive", *epochs, "--tile-size", options.tile_size])
        print(json.dumps({**json.loads(text), **about, **took}), flush=True)
    shutil.rmtree(place)
