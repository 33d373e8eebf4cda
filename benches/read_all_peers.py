#!/usr/bin/env python3
"""Times laspy at reading LAZ files into one array a dimension, x, y and z scaled: prints a JSON line.

    read_all_peers.py FILE... [--backend LazrsParallel] [--threads 2]

Needs laspy with the backend (pip install laspy[lazrs,laszip]).
"""
import argparse, importlib.metadata, json, os, resource, time

a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("files", nargs="+")
a.add_argument("--backend", default="LazrsParallel")
a.add_argument("--threads", type=int, default=2)
o = a.parse_args()
os.environ["RAYON_NUM_THREADS"] = str(o.threads)

import laspy  # after the number of threads
import numpy as np

wall, before, points = time.perf_counter(), os.times(), 0
for path in o.files:
    las = laspy.read(path, laz_backend=laspy.LazBackend[o.backend])
    columns = {name: np.array(las[name]) for name in las.point_format.dimension_names if name not in "XYZ"}
    columns.update(x=np.array(las.x), y=np.array(las.y), z=np.array(las.z))
    points += len(columns["x"])
    del las, columns
after = os.times()
print(json.dumps(dict(
    operation="read_all", peer="laspy+" + {"LazrsParallel": "lazrs", "Laszip": "laszip"}[o.backend], version=importlib.metadata.version("laspy"),
    threads=o.threads if o.backend == "LazrsParallel" else 1, wall_s=round(time.perf_counter() - wall, 3),
    cpu_s=round(after.user - before.user + after.system - before.system, 3),
    peak_rss_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024), points_read=points)))
