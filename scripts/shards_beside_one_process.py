#!/usr/bin/env python3
"""What it costs to run a survey as shards: one JSON line.

    scripts/shards_beside_one_process.py [--points 20000000] [--files 3] [--shards 12] [--rounds 2] [--threads 2] [--bin target/release/examples]
                                         [--folder target/shards] [--indexed] [--traced 2000000]

A survey of flight-line LAZ files is made. By turns it is run by one process, and as plan, shards (one after another) and merge; both with the alignment, the
parameters from the data and all outputs. `ratio` is the median of the processor times of all those processes together over that of the one. Results are
compared byte by byte. With --traced, a survey of that many points an epoch is then run in 3, 6, 12 and 24 shards under strace, and `read_from_results` is how
many bytes the shards read of files among the results of tiles, all shards together, and `bytes_listed` what the system told them of names there: a shard
that runs once reads no result, its own or another's, and lists the names.
"""
import argparse
import filecmp
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from measured import RESULTS, machine, survey


def seconds(command):
    """Processor time of a process, user and system."""
    before = os.times()
    ran = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if ran.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}: {ran.stderr[-2000:]}")
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


def parts(command, out, shards):
    """The commands of a run in shards."""
    shared = [*command, "--out", out]
    numbered = [[*shared, "--shard", f"{number + 1}/{shards}"] for number in range(shards)]
    return {"plan": [[*shared, "--plan"]], "shards": numbered, "merge": [[*shared, "--merge"]]}


def sharded(command, out, shards):
    """Processor time of plan, shards and merge."""
    return {name: sum(map(seconds, commands)) for name, commands in parts(command, out, shards).items()}


def traced(command, out, shards):
    """Bytes that shards read of results in the folder, and entries of it that they listed."""
    steps = parts(command, out, shards)
    seconds(*steps["plan"])
    trace, read, listed = out.parent / "trace", 0, 0
    for shard in steps["shards"]:
        seconds(["strace", "-f", "-y", "-s", "0", "-e", "trace=read,pread64,readv,getdents64", "-o", trace, *shard])
        of_tiles = re.compile(r"(read|pread64|readv|getdents64)\(\d+<[^>]*/\.run/tiles([^>]*)>.* = (\d+)$")
        for line in trace.read_text(errors="replace").splitlines():
            if found := of_tiles.search(line):
                listed += int(found[3]) if found[1] == "getdents64" else 0
                read += int(found[3]) if found[1] != "getdents64" else 0
    tiles = sum(file.stat().st_size for file in (out / ".run/tiles").glob("*.tile"))
    shutil.rmtree(out)
    trace.unlink()
    return {"shards": shards, "read_from_results": read, "bytes_listed": listed, "bytes_of_results": tiles}


def main():
    about = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    about.add_argument("--points", type=int, default=20_000_000)
    about.add_argument("--files", type=int, default=3)
    about.add_argument("--shards", type=int, default=12)
    about.add_argument("--rounds", type=int, default=2)
    about.add_argument("--threads", type=int, default=2)
    about.add_argument("--bin", type=Path, default=Path("target/release/examples"))
    about.add_argument("--folder", type=Path, default=Path("target/shards"))
    about.add_argument("--indexed", action="store_true", help="the files have an index before either begins")
    about.add_argument("--traced", type=int, default=0)
    options = about.parse_args()

    def made(points):
        place = options.folder / str(points)
        shutil.rmtree(place, ignore_errors=True)
        epochs = survey(options.bin, place, points, options.files, options.indexed)
        return place, [options.bin / "terrain_change", *epochs, "--classes", "2", "--backend", "cpu", "--threads", options.threads]

    place, command = made(options.points)
    one, many = [], []
    for number in range(options.rounds):
        shutil.rmtree(place / "whole", ignore_errors=True)
        shutil.rmtree(place / "shards", ignore_errors=True)
        one.append(seconds([*command, "--out", place / "whole"]))
        many.append(sharded(command, place / "shards", options.shards))
        print(f"round {number + 1}: {one[-1]:.1f} s, {many[-1]}", file=sys.stderr)
    differ = [name for name in RESULTS if not filecmp.cmp(place / "whole" / name, place / "shards" / name, shallow=False)]
    if differ:
        raise SystemExit(f"other bytes than those of one process: {differ}")
    tiles = json.loads((place / "whole/summary.json").read_text())["run"]["tiling"]["tiles"]
    shutil.rmtree(place)
    line = {
        "what": "shards beside one process",
        **machine(),
        "points_an_epoch": options.points,
        "files_an_epoch": options.files**2,
        "indexed": options.indexed,
        "tiles": tiles,
        "shards": options.shards,
        "threads": options.threads,
        "one_process_s": round(statistics.median(one), 2),
        **{f"{name}_s": round(statistics.median(run[name] for run in many), 2) for name in many[0]},
        "ratio": round(statistics.median(sum(run.values()) / alone for run, alone in zip(many, one)), 3),
        "same_bytes": True,
    }
    if options.traced:
        place, command = made(options.traced)
        command += ["--tile-size", "30"]
        line["traced"] = [traced(command, place / "out", shards) for shards in (3, 6, 12, 24)]
        shutil.rmtree(place)
    print(json.dumps(line))


main()
