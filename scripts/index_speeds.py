#!/usr/bin/env python3
"""Neighbour searches on many kinds of clouds by this tree, by other commits, by kiddo and by Python packages, in turns.

    made_clouds.py CLOUDS
    index_speeds.py build [COMMIT…]                 programs with the crates of this tree and of the commits, and kiddo's
    index_speeds.py run CLOUDS/NAME… [--tools …]    a turn: each tool once on each cloud; lines are added to those of other turns
    index_speeds.py instructions CLOUDS/NAME…       instructions a query by callgrind, which need no quiet machine
    index_speeds.py report                          the least of all turns: docs/benchmarks/index.jsonl and the tables of docs/benchmarks.md

Jobs: k nearest (k = 20) and nearest, ordered and shuffled queries; normals at nested radii; cylinders along vertical, slanted and horizontal axes, mean and
median; M3C2; building the index, and bytes a point of it. Python packages come from an environment with index_peers_requirements.txt (`--python`); one that is
missing is said and left out. Each process is bound to as many processors as it may use threads, and gives processor and wall time of each job alone, without
reading files. Checks (sums of distances, of counts) must agree between tools. A turn of one cloud takes less than a minute, so that several turns can be spread
over quiet minutes. Programs and lines are kept in target/index_speeds. callgrind hides AVX-512 from the programs.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from beside_commit import HERE, built, worktree
from index_tables import condense, write_tables
from measured import machine

PLACE = HERE / "target/index_speeds"
LINES = PLACE / "lines.jsonl"
COUNTS = HERE / "docs/benchmarks/index-instructions.jsonl"
KIDDO = "6.3.0"
CRATES = ["change", "cloud", "compute", "neighbours"]
PACKAGES = ["scipy", "sklearn", "pykdtree", "pynanoflann", "napf", "open3d", "small_gicp", "py4dgeo"]
USUAL = ["scipy", "pykdtree", "napf", "open3d", "small_gicp", "py4dgeo"]  # sklearn and pynanoflann take long to build and are not faster than napf, which is nanoflann too


def build(commits):
    PLACE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        keep(built("kiddo_speeds", HERE, folder / "kiddo", [], [f"kiddo@{KIDDO}", "rayon"], []), "kiddo", KIDDO)
        keep(built("index_speeds", HERE, folder / "this", CRATES, ["rayon"], ["--features", "this"]), "this", machine()["commit"])
        for commit in commits:
            with worktree(commit, folder / f"tree-{commit}") as tree:
                named_as_here = (tree / "crates/neighbours/src/query.rs").exists()
                program = built("index_speeds", tree, folder / commit, CRATES, ["rayon"], ["--features", "this"] if named_as_here else [])
                keep(program, commit, commit)


def keep(program, name, version):
    shutil.copy2(program, PLACE / name)
    (PLACE / f"{name}.version").write_text(version)


def jobs_of(folder):
    """The jobs of a cloud, by what they are about."""
    about = json.loads((folder / "about.json").read_text())
    text = lambda numbers: ",".join(f"{number:g}" for number in numbers)
    cylinder = text(about["cylinder_m"])
    orders = ("ordered", "shuffled")
    return dict(
        search=[f"knn:within_{order}:20" for order in orders] + [f"nearest:compared_{order}" for order in orders],
        normals=[f"normals:within_ordered:{text(radii)}" for radii in about["radii_m"]],
        cylinders=[
            f"cylinders:compared_ordered:{cylinder}:{statistic}:axes_{axes}"
            for axes in ("vertical", "slanted", "horizontal")
            for statistic in ("mean", "median")
        ],
        m3c2=[f"m3c2:core_points:{text(about['radii_m'][0])}:{cylinder}:compared"],
        memory=["memory"],
    )


def run_tool(tool, python, folder, threads, seconds, jobs):
    """The lines of a tool, by job; nothing where it is not installed."""
    command = [python.absolute(), HERE / "scripts/index_peers.py", tool] if tool in PACKAGES else [PLACE / tool]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": "1"}
    if jobs == ["memory"]:
        environment["MALLOC_MMAP_THRESHOLD_"] = "65536"  # what is freed leaves the process
    processors = set(sorted(os.sched_getaffinity(0))[:threads])
    ran = subprocess.run(
        [*map(str, command), str(folder.resolve()), str(threads), str(seconds), *jobs],
        cwd=PLACE, env=environment, capture_output=True, text=True, preexec_fn=lambda: os.sched_setaffinity(0, processors),
    )  # fmt: skip
    if ran.returncode:
        missing = "ModuleNotFoundError" in ran.stderr or "PackageNotFoundError" in ran.stderr
        print(f"{'NOT INSTALLED' if missing else 'FAILED'} {tool}, {folder.name}: {ran.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return {}
    return {line.pop("job"): line for line in map(json.loads, ran.stdout.splitlines())}


def run(options):
    about = {**machine(), "commit": (PLACE / "this.version").read_text()}  # of the programs, which may have been built before
    with LINES.open("a") as out:
        for folder in options.clouds:
            parts = jobs_of(folder)
            for tool in options.tools:
                for threads in options.threads:
                    jobs = [job for part in options.parts for job in parts[part] if part != "memory"]
                    found = run_tool(tool, options.python, folder, threads, options.seconds, jobs) if jobs else {}
                    if "memory" in options.parts:
                        found |= run_tool(tool, options.python, folder, threads, options.seconds, ["memory"])
                    if not found:
                        continue
                    version = found.pop("version", {}).get("version") or (PLACE / f"{tool}.version").read_text()
                    line = dict(cloud=folder.name, tool=tool, version=version, threads=threads, **about, jobs=found)
                    out.write(json.dumps(line) + "\n")
                    print(f"{folder.name} {tool} {threads}: " + ", ".join(f"{job} {times.get('cpu_ns', '')}" for job, times in found.items()), flush=True)


def count_instructions(program, folder, jobs):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, folder.resolve(), "1", "0", *jobs]
    ran = subprocess.run(list(map(str, command)), cwd=PLACE, capture_output=True, text=True, check=True)
    return int(re.search(r"I\s+refs:\s+([\d,]+)", ran.stderr)[1].replace(",", ""))


def instructions(options):
    """Lines of the same cloud, tool and job that are there already are replaced."""
    known = [json.loads(line) for line in COUNTS.read_text().splitlines()] if COUNTS.exists() else []
    lines = {(line["cloud"], line["tool"], line["job"]): line for line in known}
    for folder in options.clouds:
        queries = json.loads((folder / "about.json").read_text())["queries"]
        jobs = [job for part in options.parts for job in jobs_of(folder)[part]]
        for tool in options.tools:
            about = dict(cloud=folder.name, tool=tool, version=(PLACE / f"{tool}.version").read_text())
            for job in (job for job in jobs if tool != "kiddo" or job.startswith(("knn", "nearest"))):
                alone = count_instructions(PLACE / tool, folder, [f"nothing:{job.split(':')[1]}"])
                count = (count_instructions(PLACE / tool, folder, [job]) - alone) / queries
                lines[folder.name, tool, job] = dict(**about, job=job, instructions_a_query=round(count))
                print(folder.name, tool, job, round(count), flush=True)
    COUNTS.write_text("".join(json.dumps(line) + "\n" for line in lines.values()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    modes = parser.add_subparsers(dest="mode", required=True)
    mode = modes.add_parser("build")
    mode.add_argument("commits", nargs="*")
    mode = modes.add_parser("run")
    mode.add_argument("clouds", type=Path, nargs="+")
    mode.add_argument("--tools", type=lambda text: text.split(","), default=None, help="all that were built, and the usual packages")
    mode.add_argument("--parts", type=lambda text: text.split(","), default=["search", "normals", "cylinders", "m3c2", "memory"])
    mode.add_argument("--threads", type=lambda text: [int(word) for word in text.split(",")], default=[1])
    mode.add_argument("--seconds", type=float, default=0.2, help="each job is repeated for as long, at least once")
    mode.add_argument("--python", type=Path, default=Path(sys.executable))
    mode = modes.add_parser("instructions")
    mode.add_argument("clouds", type=Path, nargs="+")
    mode.add_argument("--tools", type=lambda text: text.split(","), default=["this", "kiddo"])
    mode.add_argument("--parts", type=lambda text: text.split(","), default=["search", "normals", "cylinders"])
    modes.add_parser("report")
    options = parser.parse_args()
    if options.mode == "build":
        return build(options.commits)
    if options.mode == "instructions":
        return instructions(options)
    if options.mode == "report":
        return write_tables(condense(LINES, HERE / "docs/benchmarks/index.jsonl"), HERE / "docs/benchmarks.md")
    if options.tools is None:
        built_here = sorted(path.stem for path in PLACE.glob("*.version"))
        options.tools = ["this", *(name for name in built_here if name not in ("this", "kiddo")), "kiddo", *USUAL]
    run(options)


if __name__ == "__main__":
    main()
