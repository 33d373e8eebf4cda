#!/usr/bin/env python3
"""scipy's nnls on the pixels of `cargo bench -p isopach-emission -- --dump DIR`: pixels a processor second, and whether chi^2 is the same.

    python3 benches/nnls_peer.py DIR [--pixels N] [--bins 42]

Needs numpy and scipy. Ends with 1 where scipy finds a smaller chi^2 than isopach's non-negative method, or the positive method misses the target that scipy
reaches in more than 1 % of the pixels.
"""
import argparse
import json
import sys
import time

import numpy as np
from scipy.optimize import nnls

arguments = argparse.ArgumentParser()
arguments.add_argument("dir")
arguments.add_argument("--pixels", type=int, default=20000)
arguments.add_argument("--bins", type=int, default=42)
given = arguments.parse_args()


def read(name):
    return np.fromfile(f"{given.dir}/{name}_{given.bins}.f64")


columns = read("columns").reshape(given.bins, 6)
counts, sigma = (read(name).reshape(-1, 6)[: given.pixels] for name in ("counts", "sigma"))
ours, positive = (read(name)[: given.pixels] for name in ("non_negative", "positive"))
matrices = np.ascontiguousarray((columns[None] / sigma[:, None]).transpose(0, 2, 1))
whitened = counts / sigma

start = time.process_time()
norms = np.array([nnls(a, g)[1] for a, g in zip(matrices, whitened)])
seconds = time.process_time() - start
theirs = norms**2 / 6
worse = np.nanmax(ours - theirs)
reachable = theirs <= 1.0
reached = np.mean(positive[reachable] <= 1.0)
print(json.dumps({
    "pixels": len(theirs),
    "scipy_pixels_per_processor_second": round(len(theirs) / seconds),
    "largest_excess_of_chi_squared": float(worse),
    "largest_lack_of_chi_squared": float(np.nanmax(theirs - ours)),
    "median_chi_squared": float(np.median(theirs)),
    "positive_reaches_the_target_where_nnls_can": float(reached),
}))
sys.exit(not (worse < 1e-6 and reached >= 0.99))
