#!/usr/bin/env python3
"""Runs `isopach features` over made surveys of several sizes in the same memory, and prints a JSON line a size.

    scripts/features_scale.py [--points 10 100] [--memory 2GiB] [--radius 1] [--features geometry] [--folder target/features-scale] [--bin target/release]

Points are millions. Each run is measured by /usr/bin/time -v. Reading alone is `make_survey decode` of the survey; writing alone is the difference between
`make_survey rewrite` of the result and reading it. Processor seconds count all threads. Surveys and results are removed after they are measured."""
import argparse, json, os, pathlib, platform, shutil, subprocess

from measured import machine, said, timed

parser = argparse.ArgumentParser()
parser.add_argument("--points", type=float, nargs="+", default=[10, 100])
parser.add_argument("--memory", default="2GiB")
parser.add_argument("--radius", default="1")
parser.add_argument("--features", default="geometry")
parser.add_argument("--threads", type=int, default=os.cpu_count())
parser.add_argument("--folder", type=pathlib.Path, default="target/features-scale")
parser.add_argument("--bin", type=pathlib.Path, default="target/release")
options = parser.parse_args()
made = options.bin / "examples" / "make_survey"


for millions in options.points:
    points, place = round(millions * 1e6), options.folder / f"{millions:g}m"
    files = max(2, round((millions / 2) ** 0.5))
    subprocess.run([made, "make", place, "--points", str(points), "--files", str(files)], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(place / "after")
    out = place / "out.laz"
    decode = said([made, "decode", place / "before", place / "before"])["cpu_s"] / 2
    command = [options.bin / "isopach", "features", place / "before", out, "--radius", options.radius, "--features", options.features]
    took = timed([*command, "--backend", "cpu", "--memory", options.memory, "--threads", options.threads])
    summary = json.loads((place / "out.laz.json").read_text())
    shutil.rmtree(place / "before")
    sizes = dict(out_mib=round(out.stat().st_size / 2**20), page_kib=round((place / "out.laz.html").stat().st_size / 2**10))
    alone = said([made, "rewrite", out, place / "copy.laz"])
    write = alone["cpu_s"] - alone["read_cpu_s"]
    about = dict(points=summary["points"], files=files * files, radius_m=options.radius, features=options.features, columns=len(summary["columns"]))
    about |= dict(tiles=summary["tiles"], given=options.memory, threads=options.threads, machine=platform.machine()) | machine()
    parts = dict(read_alone_cpu_s=round(decode, 1), write_alone_cpu_s=round(write, 1), over_read_and_write=round(took["cpu_s"] / (decode + write), 2))
    print(json.dumps(dict(what="isopach features", **about, **took, **parts, **sizes)), flush=True)
    shutil.rmtree(place)
