#!/usr/bin/env python3
"""What the counts of AIA leave open: the least and the most emission that any non-negative distribution can have that explains them.

    python3 -m venv venv && venv/bin/pip install numpy scipy
    venv/bin/python scripts/emission_left_open.py

For the distributions of `calibrate -- emission`, 42 bins from log T 5.7 to 7.1, counts of 2.9 s, exact and within 1 σ in every channel: the total and the
emission at log T 6.45 to 6.75, over the truth. Two linear programmes each (scipy's HiGHS).
"""

import json
import pathlib

import numpy as np
from scipy.optimize import linprog

BINS, EXPOSURE, BAND = 42, 2.9, (6.45, 6.75)
UNIT = 1e27
SCENES = {
    "two Gaussians, log T 6.15 and 6.6, 0.1 dex": [(6.15, 0.1, 1e27), (6.6, 0.1, 5e26)],
    "a Gaussian, log T 6.3, 0.2 dex": [(6.3, 0.2, 1e27)],
    "a flare, log T 6.2 and 7.0, 0.2 dex": [(6.2, 0.2, 2e27), (7.0, 0.2, 2e27)],
}
# Pixels averaged, systematic error.
NOISES = [None, (1, 0.0), (1, 0.05), (16, 0.0), (16, 0.1)]

aia = json.loads((pathlib.Path(__file__).parents[1] / "crates/emission/data/aia.json").read_text())
edges = 5.7 + 1.4 * np.arange(BINS + 1) / BINS
centres = 0.5 * (edges[1:] + edges[:-1])
response = np.array([10 ** np.interp(centres, aia["log_t"], np.log10(np.maximum(c["response"], 1e-40))) for c in aia["channels"]])


def sigma(counts, pixels, systematic):
    dn = np.array([3397 / (c["gain"] * c["wavelength"]) for c in aia["channels"]])
    read = np.array([c["read_noise"] for c in aia["channels"]])
    return np.sqrt((read**2 + counts * EXPOSURE * dn) / EXPOSURE**2 / pixels + (systematic * counts) ** 2)


def ends(weights, counts, error):
    """The least and the most of a weighted sum of bins; each channel in units of its counts."""
    rows = response / counts[:, None] * UNIT
    if error is None:
        limits = {"A_eq": rows, "b_eq": np.ones(len(counts))}
    else:
        share = error / counts
        limits = {"A_ub": np.vstack([rows, -rows]), "b_ub": np.concatenate([1 + share, share - 1])}
    found = [linprog(sign * weights, bounds=(0, None), **limits) for sign in (1, -1)]
    assert all(one.success for one in found), [one.message for one in found]
    return UNIT * found[0].fun, -UNIT * found[1].fun


def main():
    total = np.ones(BINS)
    low, high = BAND
    band = np.clip(np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0, None) / np.diff(edges)
    words = ["exact" if noise is None else f"{noise[0]} px, {100 * noise[1]:.0f} %" for noise in NOISES]
    print("| | what | " + " | ".join(words) + " |\n|---|---|" + "---|" * len(NOISES))
    for name, parts in SCENES.items():
        shapes = [measure * (g := np.exp(-0.5 * ((centres - peak) / width) ** 2)) / g.sum() for peak, width, measure in parts]
        truth = np.sum(shapes, axis=0)
        counts = response @ truth
        for what, weights in (("total", total), (f"log T {low} to {high}", band)):
            cells = []
            for noise in NOISES:
                least, most = ends(weights, counts, None if noise is None else sigma(counts, *noise))
                cells.append(f"{max(least, 0) / (weights @ truth):.2f} to {most / (weights @ truth):.2f}")
            print(f"| {name} | {what} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
