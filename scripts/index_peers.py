#!/usr/bin/env python3
"""Neighbour searches of one cloud by a Python package, with the jobs and the lines of JSON of `index_speeds/main.rs`.

    index_peers.py TOOL FOLDER THREADS SECONDS JOB…

Run by `index_speeds.py`. Each tool is used as its documentation recommends for many queries at once, in double precision. The first line has the version
of its package; jobs that a tool lacks are left out.
"""

import contextlib
import importlib.metadata
import io
import json
import re
import sys
import time

import numpy as np


class Scipy:
    package = "scipy"

    def build(self, points):
        from scipy.spatial import cKDTree

        return cKDTree(points)

    def knn(self, tree, queries, k):
        return tree.query(queries, k=k, workers=self.threads)[0]


class Sklearn:
    package = "scikit-learn"

    def build(self, points):
        from sklearn.neighbors import NearestNeighbors

        return NearestNeighbors(algorithm="kd_tree", n_jobs=self.threads).fit(points)

    def knn(self, tree, queries, k):
        return tree.kneighbors(queries, n_neighbors=k)[0]


class Pykdtree:
    package = "pykdtree"  # threads by OMP_NUM_THREADS

    def build(self, points):
        from pykdtree.kdtree import KDTree

        return KDTree(points)

    def knn(self, tree, queries, k):
        return tree.query(queries, k=k)[0]


class Pynanoflann:
    package = "pynanoflann"

    def build(self, points):
        import pynanoflann

        tree = pynanoflann.KDTree(metric="L2")
        tree.fit(points)
        return tree

    def knn(self, tree, queries, k):
        return tree.kneighbors(queries, n_neighbors=k, n_jobs=self.threads)[0]


class Napf:
    package = "napf"
    is_squared = True

    def build(self, points):
        import napf

        return napf.KDT(tree_data=points, metric=2, nthread=self.threads)

    def knn(self, tree, queries, k):
        return tree.knn_search(queries, k, nthread=self.threads)[0]


class Open3d:
    package = "open3d"
    is_squared = True

    def build(self, points):
        import open3d

        search = open3d.core.nns.NearestNeighborSearch(open3d.core.Tensor(points))
        search.knn_index()
        return search

    def knn(self, tree, queries, k):
        import open3d

        return tree.knn_search(open3d.core.Tensor(queries), k)[1].numpy()


class SmallGicp:
    package = "small_gicp"
    is_squared = True

    def build(self, points):
        import small_gicp

        return small_gicp.KdTree(points, num_threads=self.threads)

    def knn(self, tree, queries, k):
        return np.asarray(tree.batch_knn_search(queries, k, num_threads=self.threads)[1])


class Py4dgeo:
    package = "py4dgeo"

    def m3c2(self, points, core_points, radii, cylinder, compared):
        import py4dgeo

        py4dgeo.set_num_threads(self.threads)
        epochs = py4dgeo.Epoch(points), py4dgeo.Epoch(compared)
        radius, half_length = cylinder
        job = py4dgeo.M3C2(epochs=epochs, corepoints=core_points, normal_radii=radii, cyl_radius=radius, max_distance=half_length)
        return job.run()[0]


TOOLS = {
    "scipy": Scipy,
    "sklearn": Sklearn,
    "pykdtree": Pykdtree,
    "pynanoflann": Pynanoflann,
    "napf": Napf,
    "open3d": Open3d,
    "small_gicp": SmallGicp,
    "py4dgeo": Py4dgeo,
}


def repeat(seconds, work):
    """What the work gave last, and the least processor and wall seconds of as many repetitions as fit into SECONDS."""
    begun, cpu, wall, repeats = time.perf_counter(), float("inf"), float("inf"), 0
    while True:
        at = time.process_time(), time.perf_counter()
        found = work()
        cpu, wall = min(cpu, time.process_time() - at[0]), min(wall, time.perf_counter() - at[1])
        repeats += 1
        if time.perf_counter() - begun >= seconds:
            return found, cpu, wall, repeats


def resident_bytes():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmRSS:\s*(\d+)", status.read())[1]) * 1024


def numbers(word):
    return [float(number) for number in word.split(",")]


def memory(tool, points):
    before = resident_bytes()
    tree = tool.build(points)
    print_line("memory", bytes_a_point=round((resident_bytes() - before) / len(points), 2), kept=tree is not None)


def print_line(job, **rest):
    print(json.dumps(dict(job=job, **rest)), flush=True)


def print_times(job, items, cpu, wall, repeats, check):
    print_line(job, items=items, cpu_ns=round(cpu * 1e9 / items, 2), wall_ns=round(wall * 1e9 / items, 2), repeats=repeats, check=check)


def m3c2(tool, points, job, load, seconds):
    _, core_points, radii, cylinder, compared = job.split(":")
    core_points, compared = load(core_points), load(compared)
    with contextlib.redirect_stdout(io.StringIO()):
        found, *times = repeat(seconds, lambda: tool.m3c2(points, core_points, numbers(radii), numbers(cylinder), compared))
    print_times(job, len(core_points), *times, float(np.nansum(np.abs(found))))


def search(tool, tree, job, load, seconds):
    operation, queries, *k = job.split(":")
    queries, k = load(queries), int(k[0]) if operation == "knn" else 1
    found, *times = repeat(seconds, lambda: tool.knn(tree, queries, k))
    last = np.asarray(found, dtype=np.float64).reshape(len(queries), -1)[:, -1]
    print_times(job, len(queries), *times, float(np.sum(np.sqrt(last) if getattr(tool, "is_squared", False) else last)))


def warm_up(tool, points):
    """Imports the package, and whatever it does once."""
    few = points[:1000].copy()
    if hasattr(tool, "build"):
        tool.knn(tool.build(few), few, 2)
    if hasattr(tool, "m3c2"):
        with contextlib.redirect_stdout(io.StringIO()):
            tool.m3c2(few, few[:10], [1.0], [1.0, 1.0], few)


def main():
    name, folder, threads, seconds, *jobs = sys.argv[1:]
    tool, seconds = TOOLS[name](), float(seconds)
    tool.threads = int(threads)
    load = lambda name: np.load(f"{folder}/{name}.npy")
    print_line("version", version=importlib.metadata.version(tool.package))
    points = load("points")
    warm_up(tool, points)
    if "memory" in jobs:
        return memory(tool, points) if hasattr(tool, "build") else None
    if hasattr(tool, "build"):
        tree, *times = repeat(seconds, lambda: tool.build(points))
        print_times("build", len(points), *times, 0.0)
    for job in jobs:
        if job.startswith("m3c2:") and hasattr(tool, "m3c2"):
            m3c2(tool, points, job, load, seconds)
        if job.startswith(("knn:", "nearest:")) and hasattr(tool, "knn"):
            search(tool, tree, job, load, seconds)


if __name__ == "__main__":
    main()
