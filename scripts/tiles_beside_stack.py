#!/usr/bin/env python3
"""The change of a survey by a script around laspy, scikit-learn and py4dgeo, and by `terrain_change`, on the same two epochs.

    tiles_beside_stack.py make FOLDER                          epochs of 5.9 and 9.1 million points, nine overlapping files each
    tiles_beside_stack.py stack FOLDER [--rows 0,1] [--threads 2]    some rows of tiles by the stack, added to those of other calls
    tiles_beside_stack.py ours FOLDER [--threads 2]            the whole by this tree
    tiles_beside_stack.py report FOLDER                        docs/benchmarks/stack.jsonl, and the tables of docs/benchmarks.md

The stack is what such scripts do. For each tile of 250 m it reads with laspy every file that meets the tile and its surroundings (10 m), keeps ground there, and
computes: mean height a cell of 1 m and the difference (numpy); M3C2 at one core point a square metre, normals at 1, 2 and 4 m, cylinders of 1 m radius and 5 m
half length (py4dgeo); the distance of each later point to the nearest earlier one (scikit-learn's NearestNeighbors, kd_tree). It writes core points and later points
as LAZ with their distances as extra bytes (laspy), and the raster as an array of numpy. `ours` does the same by `terrain_change` with the same parameters, in 2 GiB,
and writes its GeoTIFFs, LAZ files, report and page; it also keeps its results for a restart. Each call prints a line of JSON: processor and wall seconds, of which
reading, computing and writing. `stack` and `ours` work on as many processors as threads.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from measured import ROOT, machine

POINTS = {"before": 5_900_000, "after": 9_100_000}
FILES = 3
TILE, HALO, CELL = 250.0, 10.0, 1.0
RADII, RADIUS, DEPTH = [1.0, 2.0, 4.0], 1.0, 5.0
SEED = 20261129


class Clock:
    """Processor and wall seconds by stage."""

    def __init__(self):
        self.seconds = {}

    def of(self, stage, work, *arguments):
        cpu, wall = time.process_time(), time.perf_counter()
        found = work(*arguments)
        before = self.seconds.get(stage, (0.0, 0.0))
        self.seconds[stage] = (before[0] + time.process_time() - cpu, before[1] + time.perf_counter() - wall)
        return found

    def line(self):
        stages = {f"{stage}_cpu_s": round(cpu, 3) for stage, (cpu, _) in self.seconds.items()}
        return dict(cpu_s=round(sum(cpu for cpu, _ in self.seconds.values()), 3), wall_s=round(sum(wall for _, wall in self.seconds.values()), 3), **stages)


def make(folder, examples):
    """Two epochs by `make_survey`; the earlier one is thinned at random."""
    import laspy

    subprocess.run([examples / "make_survey", "make", folder, "--points", str(POINTS["after"]), "--files", str(FILES)], check=True)
    random = np.random.default_rng(SEED)
    for file in sorted((folder / "before").glob("*.laz")):
        las = laspy.read(file)
        kept = round(len(las.points) * POINTS["before"] / POINTS["after"])
        las.points = las.points[np.sort(random.permutation(len(las.points))[:kept])]
        las.write(file)


def files_of(epoch):
    """Path, low and high corner of each file."""
    import laspy

    for path in sorted(epoch.glob("*.laz")):
        with laspy.open(path) as reader:
            yield path, reader.header.mins[:2], reader.header.maxs[:2]


def read_around(files, low, high, backend):
    """Ground in a rectangle, from each file that meets it; and how many points were decoded for that."""
    import laspy

    parts, decoded = [np.empty((0, 3))], 0
    for path, file_low, file_high in files:
        if (file_low <= high).all() and (file_high >= low).all():
            las = laspy.read(path, laz_backend=backend)
            xyz = np.asarray(las.xyz)
            inside = (xyz[:, :2] >= low).all(1) & (xyz[:, :2] < high).all(1) & (np.asarray(las.classification) == 2)
            parts.append(xyz[inside])
            decoded += len(xyz)
    return np.concatenate(parts), decoded


def within(points, low, high):
    return points[(points[:, :2] >= low).all(1) & (points[:, :2] < high).all(1)]


def mean_heights(points, low):
    size = int(TILE / CELL)
    column, row = (np.floor((points[:, :2] - low) / CELL).astype(int)).T
    cell = row * size + column
    with np.errstate(invalid="ignore"):
        return (np.bincount(cell, points[:, 2], size * size) / np.bincount(cell, minlength=size * size)).reshape(size, size)


def thinned(points, low):
    """The first point of each square metre."""
    cell = np.floor(points[:, :2] - low).astype(np.int64)
    return points[np.unique(cell[:, 1] * 100_000 + cell[:, 0], return_index=True)[1]]


def m3c2(before, after, core_points, origin):
    """Distance and level of detection of each core point."""
    import py4dgeo

    epochs = py4dgeo.Epoch(before - origin), py4dgeo.Epoch(after - origin)
    job = py4dgeo.M3C2(epochs=epochs, corepoints=core_points - origin, normal_radii=RADII, cyl_radius=RADIUS, max_distance=DEPTH, registration_error=0.0)
    distance, about = job.run()
    return distance, about["lodetection"]


def nearest(before, after, threads):
    from sklearn.neighbors import NearestNeighbors

    tree = NearestNeighbors(n_neighbors=1, algorithm="kd_tree", n_jobs=threads).fit(before)
    return tree.kneighbors(after)[0][:, 0]


def write_points(path, points, columns):
    import laspy

    header = laspy.LasHeader(point_format=6, version="1.4")
    header.scales, header.offsets = [0.001] * 3, np.floor(points.min(0))
    for name in columns:
        header.add_extra_dim(laspy.ExtraBytesParams(name=name, type=np.float32))
    las = laspy.LasData(header)
    las.x, las.y, las.z = points.T
    for name, values in columns.items():
        setattr(las, name, values.astype(np.float32))
    las.write(path)


def one_tile(folder, files, low, threads, clock):
    """All of a tile; how many points were decoded, and how many results there are."""
    import laspy

    backend = laspy.LazBackend.LazrsParallel if threads > 1 else laspy.LazBackend.Lazrs
    high = low + TILE
    around = [clock.of("read", read_around, files[epoch], low - HALO, high + HALO, backend) for epoch in POINTS]
    (before, decoded_before), (after, decoded_after) = around
    counts = dict(decoded=decoded_before + decoded_after, core_points=0, compared=0)
    inside = [within(points, low, high) for points in (before, after)]
    if min(map(len, inside)) == 0:
        return counts
    name = f"{low[0]:.0f}_{low[1]:.0f}"
    heights = [clock.of("dod", mean_heights, points, low) for points in inside]
    core_points = clock.of("m3c2", thinned, inside[0], low)
    origin = np.append(low, np.floor(before[:, 2].min()))
    distance, level = clock.of("m3c2", m3c2, before, after, core_points, origin)
    to_nearest = clock.of("c2c", nearest, before - origin, inside[1] - origin, threads)
    clock.of("write", np.save, folder / f"dod_{name}.npy", heights[1] - heights[0])
    clock.of("write", write_points, folder / f"m3c2_{name}.laz", core_points, dict(distance=distance, lod=level))
    clock.of("write", write_points, folder / f"c2c_{name}.laz", inside[1], dict(distance=to_nearest))
    return {**counts, "core_points": len(core_points), "compared": len(inside[1])}


def stack(folder, rows, threads):
    """A line a row of tiles."""
    import py4dgeo

    py4dgeo.set_num_threads(threads)
    files = {epoch: list(files_of(folder / epoch)) for epoch in POINTS}
    every = [file for epoch in files.values() for file in epoch]
    low = np.floor(np.min([low for _, low, _ in every], axis=0) / TILE) * TILE
    columns, all_rows = np.ceil((np.max([high for _, _, high in every], axis=0) - low) / TILE).astype(int)
    out = folder / "stack"
    out.mkdir(exist_ok=True)
    for row in rows if rows is not None else range(all_rows):
        clock, sums = Clock(), dict(decoded=0, core_points=0, compared=0)
        for column in range(columns):
            found = one_tile(out, files, low + [column * TILE, row * TILE], threads, clock)
            sums = {name: sums[name] + found[name] for name in sums}
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        yield dict(tool="stack", row=row, rows=int(all_rows), tiles=int(columns), threads=threads, **sums, **clock.line(), peak_rss_mib=peak)


def ours(folder, threads, examples):
    out = folder / "ours"
    shutil.rmtree(out, ignore_errors=True)
    radii = ",".join(f"{radius:g}" for radius in RADII)
    command = [
        examples / "terrain_change", folder / "before", folder / "after", "--backend", "cpu", "--align", "none", "--registration-error", "0", "--classes", "2",
        "--cell", CELL, "--core-spacing", "1", "--core-points", "grid", "--normal-radii", radii, "--cylinder-radius", RADIUS, "--depth", DEPTH, "--statistic", "mean",
        "--memory", "2GiB", "--threads", threads, "--out", out,
    ]  # fmt: skip
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - wall
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    run = json.loads((out / "summary.json").read_text())["run"]
    tiling = run["tiling"]
    points = sum(source["points"] for source in tiling["sources"])
    return dict(
        tool="isopach", threads=threads, decoded=points, cpu_s=round(cpu, 2), wall_s=round(wall, 2), peak_rss_mib=used.ru_maxrss // 1024,
        stages_s=run["stages_s"], stages_thread_s=tiling["stages_thread_s"],
    )  # fmt: skip


def report(lines):
    """One line a tool and number of threads; the table."""
    results = {}
    for line in lines:
        if line["tool"] == "isopach":
            known = results.get(("isopach", line["threads"]))
            if known is None or line["cpu_s"] < known["cpu_s"]:
                results["isopach", line["threads"]] = line
            continue
        rows = results.setdefault(("stack", line["threads"]), {})
        rows[line["row"]] = line
    for key, rows in results.items():
        if key[0] == "stack":
            if len(rows) != next(iter(rows.values()))["rows"]:
                sys.exit(f"the stack on {key[1]} threads has only the rows {sorted(rows)}")
            results[key] = summed(rows.values())
    out = [results[key] for key in sorted(results)]
    (ROOT / "docs/benchmarks/stack.jsonl").write_text("".join(json.dumps(line) + "\n" for line in out))
    return out


def summed(rows):
    total = {}
    for row in rows:
        for name, value in row.items():
            if name in ("tool", "rows", "threads", "processor", "cores", "commit", "versions"):
                total[name] = value
            elif name == "peak_rss_mib":
                total[name] = max(total.get(name, 0), value)
            elif name != "row":
                total[name] = round(total.get(name, 0) + value, 3)
    return total


def table(results):
    rows = ["| threads | | points decoded | processor, s | wall, s | peak memory, MiB | isopach is faster by (processor · wall) |", "|--:|---|--:|--:|--:|--:|--:|"]
    ours = {line["threads"]: line for line in results if line["tool"] == "isopach"}
    for line in sorted(results, key=lambda line: (line["threads"], line["tool"])):
        mine = ours.get(line["threads"])
        ratio = "" if line["tool"] == "isopach" or not mine else f"{line['cpu_s'] / mine['cpu_s']:.1f} × · {line['wall_s'] / mine['wall_s']:.1f} ×"
        name = "isopach" if line["tool"] == "isopach" else "laspy, scikit-learn, py4dgeo"
        rows.append(f"| {line['threads']} | {name} | {line['decoded']:,} | {line['cpu_s']:.1f} | {line['wall_s']:.1f} | {line['peak_rss_mib']:,} | {ratio} |")
    return rows


def stages(results):
    """Wall seconds of each stage of the run with most threads, and their shares; stages that overlap share the time."""
    seconds = max((line for line in results if line["tool"] == "isopach"), key=lambda line: line["threads"])["stages_s"]
    total = sum(seconds.values())
    rows = ["| stage | wall, s | share |", "|---|--:|--:|"]
    return rows + [f"| {stage} | {spent:.2f} | {100 * spent / total:.0f} % |" for stage, spent in seconds.items() if spent > 0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["make", "stack", "ours", "report"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=lambda text: [int(word) for word in text.split(",")])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--bin", type=Path, default=ROOT / "target/release/examples")
    options = parser.parse_args()
    folder, examples = options.folder.resolve(), options.bin.resolve()
    lines = folder / "lines.jsonl"
    if options.what == "make":
        return make(folder, examples)
    if options.what == "report":
        from index_tables import write_table

        results = report(map(json.loads, lines.read_text().splitlines()))
        for name, rows in (("stack", table(results)), ("stack-stages", stages(results))):
            write_table(ROOT / "docs/benchmarks.md", name, rows)
            print("\n".join(rows))
        return
    os.chdir(folder)  # py4dgeo writes a log where it runs
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[: options.threads]))
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    for found in stack(folder, options.rows, options.threads) if options.what == "stack" else [ours(folder, options.threads, examples)]:
        with lines.open("a") as out:
            out.write(json.dumps({**found, **machine()}) + "\n")
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
