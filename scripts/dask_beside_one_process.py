#!/usr/bin/env python3
"""Times `dask_run.py` with two workers of one thread against one process with two threads, by turns, and prints a JSON line.

    scripts/dask_beside_one_process.py [--points 40] [--files 4] [--rounds 3] [--runs 8] [--memory 2GiB] [--bin target/release/examples]
                                       [--folder target/dask_beside] [--indexed] [-- OPTION …]

Points are millions an epoch of a made survey of FILES × FILES files. What follows `--` is given to both. The time of Dask is that of the whole command: Python,
scheduler and workers begin and end within it. Fails unless both write the same bytes. Run it with a Python that has scripts/dask_requirements.txt."""

import argparse
import importlib.metadata
import json
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from measured import RESULTS, ROOT, machine, survey


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=float, default=40)
    parser.add_argument("--files", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--memory", default="2GiB", help="of the one process; each of the two has half of it")
    parser.add_argument("--bin", type=Path, default=ROOT / "target/release/examples")
    parser.add_argument("--indexed", action="store_true", help="the files have an index before either begins")
    parser.add_argument("--folder", type=Path, default=ROOT / "target/dask_beside")
    parser.add_argument("options", nargs="*", default=[])
    return parser.parse_args()


def half(memory):
    """Of 2GiB, 1024MiB."""
    units = {"GiB": 1024, "MiB": 1}
    return f"{int(memory[:-3]) * units[memory[-3:]] // 2}MiB"


def usage(command, out):
    """Wall and processor seconds, and page faults, of a command and of all that it starts; it writes into a folder which is not there before."""
    shutil.rmtree(out, ignore_errors=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    ran = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    wall = time.monotonic() - start
    if ran.returncode:
        raise SystemExit(f"{command}: {ran.returncode}\n{ran.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    since = lambda name: getattr(after, name) - getattr(before, name)
    return dict(s=round(wall, 2), cpu_s=round(since("ru_utime") + since("ru_stime"), 1), faults=since("ru_minflt"))


def commands(chosen):
    """Of the one process and of Dask, and their folders."""
    folder, program = chosen.folder.resolve(), chosen.bin.resolve() / "terrain_change"
    inputs = [folder / "survey/before", folder / "survey/after", "--classes", "2", "--backend", "cpu"]
    inputs += chosen.options
    one, dask = folder / "one", folder / "dask"
    driver = [sys.executable, ROOT / "scripts/dask_run.py", "--local", "2", "--program", program, "--runs", chosen.runs]
    return {
        "one_process": ([program, *inputs, "--threads", "2", "--memory", chosen.memory, "--out", one], one),
        "dask": ([*driver, "--memory", half(chosen.memory), "--", *inputs, "--out", dask], dask),
    }


def main():
    chosen = parsed()
    points = round(chosen.points * 1e6)
    survey(chosen.bin, chosen.folder / "survey", points, chosen.files, chosen.indexed)
    used = {"one_process": [], "dask": []}
    both = commands(chosen)
    for turn in range(chosen.rounds):
        for name in sorted(both, reverse=turn % 2 == 0):
            used[name].append(usage(*both[name]))
    for name in RESULTS:
        if (both["dask"][1] / name).read_bytes() != (both["one_process"][1] / name).read_bytes():
            raise SystemExit(f"{name} differs")
    ratios = [dask["s"] / one["s"] for dask, one in zip(used["dask"], used["one_process"])]
    line = dict(what="dask beside one process", **machine(), indexed=chosen.indexed)
    line |= dict(points=points, files=chosen.files**2, runs=chosen.runs, memory=chosen.memory, options=chosen.options)
    line |= {f"{name}_{what}": [turn[what] for turn in turns] for name, turns in used.items() for what in turns[0]}
    line |= dict(ratio=round(statistics.median(ratios), 3), ratios=[round(ratio, 3) for ratio in ratios], equal=True)
    line |= {name: importlib.metadata.version(name) for name in ("dask", "distributed")} | dict(python=platform.python_version())
    print(json.dumps(line))
    shutil.rmtree(chosen.folder)


if __name__ == "__main__":
    main()
