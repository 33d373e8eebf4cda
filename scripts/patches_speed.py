#!/usr/bin/env python3
"""Times `isopach patches` to disk, and writes what docs/algorithms/patches.md may quote.

    patches_speed.py FILE.laz [FILE.laz ...] [--threads 1] [--rounds 3]

Each work runs the program on all files, warm, and removes its output; the best of the rounds counts, processor time and wall time. Rows are
points that are written, as the manifest counts them.

Writes docs/benchmarks/patches.jsonl: a line of machine and parameters, then one a work.
"""
import argparse, json, pathlib, resource, shutil, subprocess, tempfile, time

from measured import ROOT, machine

WORKS = {
    "all points": ["--sample", "all", "--at-least", "1"],
    "all points, npy": ["--sample", "all", "--at-least", "1", "--format", "npy"],
    "random, 50 m": ["--side", "50"],
    "random, 150 m": [],
    "stratified 0.5 m, 50 m": ["--side", "50", "--sample", "stratified", "--voxel", "0.5"],
    "farthest, 50 m": ["--side", "50", "--sample", "farthest"],
    "all points, three copies": ["--sample", "all", "--at-least", "1", "--copies", "3", "--rotate", "--flip", "--scale", "0.9,1.1", "--jitter", "0.01"],
    "all points, features at 1 m": ["--sample", "all", "--at-least", "1", "--features", "geometry", "--radius", "1"],
}


def timed(command):
    """Wall and processor seconds of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("files", type=pathlib.Path, nargs="+")
    a.add_argument("--threads", type=int, default=1)
    a.add_argument("--rounds", type=int, default=3)
    a.add_argument("--works", help="part of the names of works")
    o = a.parse_args()
    program = ROOT / "target/release/isopach"
    lines = [dict(**machine(), threads=o.threads, rounds=o.rounds, files=[file.name for file in o.files])]
    print(json.dumps(lines[0]), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out"
        for work, words in WORKS.items():
            if o.works and o.works not in work:
                continue
            command = [program, "patches", ",".join(map(str, o.files)), out, "--backend", "cpu", "--threads", str(o.threads), *words]
            best, counts = None, None
            for _ in range(o.rounds):
                took = timed(command)
                best = took if best is None else tuple(map(min, best, took))
                counts = json.loads((out / "manifest.json").read_text())["counts"]
                shutil.rmtree(out)
            rows = counts["rows"]
            lines.append(dict(work=work, points=counts["points_of_survey"], patches=counts["written"], rows=rows, wall_s=round(best[0], 3),
                              processor_s=round(best[1], 3), rows_a_processor_s=round(rows / best[1]),
                              points_a_processor_s=round(counts["points_of_survey"] / best[1])))
            print(json.dumps(lines[-1]), flush=True)
    if not o.works:
        (ROOT / "docs/benchmarks/patches.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


if __name__ == "__main__":
    main()
