#!/usr/bin/env python3
"""Variogram errors of means, beside xdem on the same raster.

    python -m venv venv && venv/bin/pip install xdem==0.2.3 scikit-gstat==1.0.26
    venv/bin/python scripts/variogram_beside_xdem.py

Makes differences of 400 x 400 cells of 1 m: noise of 3 cm that is correlated over 25 m, and independent noise of 3 cm. isopach
fits a nugget and a spherical structure; xdem has no nugget, so that its first of two spherical structures stands for it. Both state
the error of the mean over discs, independent part included. The true covariance, averaged over pairs of places, stands beside. xdem counts effective
samples by distances from the disc's centre, isopach by those of pairs; the last column puts isopach's variogram into xdem's count, so that
the variograms themselves are compared.
"""

import json
import pathlib
import subprocess
import tempfile

import numpy as np
import pandas as pd
import xdem
from scipy.signal import fftconvolve

SIDE = 400
RANGE = 25.0
SIGMA = 0.03


def differences(seed):
    """Means of white noise over discs, whose covariance is the circular model of that range, and white noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[-13:14, -13:14]
    disc = (np.hypot(x, y) <= RANGE / 2).astype(float)
    white = random.standard_normal((SIDE + 26, SIDE + 26))
    correlated = fftconvolve(white, disc, mode="valid") / np.sqrt(disc.sum())
    return SIGMA * correlated + SIGMA * random.standard_normal((SIDE, SIDE))


def circular(distance):
    u = np.minimum(distance / RANGE, 1.0)
    return 2 / np.pi * (np.arccos(u) - u * np.sqrt(1 - u * u))


def true_error(area):
    """By 200,000 random pairs of places in a disc, and the independent part."""
    random = np.random.default_rng(1)
    radius = np.sqrt(area / np.pi)
    radii = radius * np.sqrt(random.random((2, 200_000)))
    angles = 2 * np.pi * random.random((2, 200_000))
    x, y = radii * np.cos(angles), radii * np.sin(angles)
    return SIGMA * np.sqrt(circular(np.hypot(x[0] - x[1], y[0] - y[1])).mean() + 1 / area)


def by_xdem(values, areas, seed):
    empirical = xdem.spatialstats.sample_empirical_variogram(
        values=values, gsd=1.0, subsample=2000, n_variograms=5, random_state=seed, estimator="dowd"
    )
    _, parameters = xdem.spatialstats.fit_sum_model_variogram(["spherical", "spherical"], empirical)
    print("xdem:", parameters.to_dict("records"))
    return [by_count_of_xdem(parameters, area) for area in areas]


def by_count_of_xdem(parameters, area):
    return np.sqrt(parameters["psill"].sum() / xdem.spatialstats.number_effective_samples(area, parameters))


def by_isopach(values, areas, folder):
    path = pathlib.Path(folder) / "differences.f64"
    values.astype("<f8").tofile(path)
    command = ["cargo", "run", "--quiet", "--release", "-p", "isopach-change"]
    command += ["--example", "variogram", "--", str(path), str(SIDE)]
    found = json.loads(subprocess.run(command + [str(a) for a in areas], check=True, capture_output=True, text=True).stdout)
    print("isopach:", found["structures"])
    errors = [np.hypot(error, np.sqrt(found["nugget"] / area)) for error, area in zip(found["errors"], areas)]
    return errors, [by_isopach_in_xdem(found, area) for area in areas]


def by_isopach_in_xdem(found, area):
    """The correlated part by xdem's count, and the independent one."""
    structures = pd.DataFrame(found["structures"]).rename(columns={"sill": "psill"}).assign(model="spherical")
    return np.hypot(by_count_of_xdem(structures, area), np.sqrt(found["nugget"] / area))


def main():
    areas = [100.0, 1000.0, 10_000.0, 100_000.0]
    print("| scene | area m2 | true, mm | isopach | xdem | isopach / xdem | with xdem's count |\n|---|--:|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(3):
            values = differences(seed)
            (ours, counted), theirs = by_isopach(values, areas, folder), by_xdem(values, areas, seed)
            for row in zip(areas, map(true_error, areas), ours, theirs, counted):
                area, true, own, other, same_count = row
                millimetres = " | ".join(f"{1e3 * value:.2f}" for value in (true, own, other))
                print(f"| {seed} | {area:.0f} | {millimetres} | {own / other:.2f} | {same_count / other:.2f} |")


if __name__ == "__main__":
    main()
