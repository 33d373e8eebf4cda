#!/usr/bin/env python3
"""Bias of the mean of all non-negative distributions that explain the counts of AIA, each as likely as it explains them.

    python3 -m venv venv && venv/bin/pip install numpy scipy
    venv/bin/python scripts/emission_posterior_mean.py

For the distributions and noises of `emission_left_open.py`, exact counts: the mean total and emission at log T 6.45 to 6.75, over the truth, and the standard error of
the latter from the scatter of the chains. Distributions are weights >= 0 of Gaussians of 0.1 dex every 0.1 dex, with a flat prior. Chains of hit-and-run: along a
random line the likelihood is a Gaussian between two ends.
"""

import numpy as np
from scipy.optimize import nnls
from scipy.special import ndtr, ndtri

from emission_left_open import BAND, NOISES, SCENES, UNIT, centres, edges, response, sigma

CHAINS, STEPS, BURN_IN, SEED = 64, 20_000, 5_000, 1


def posterior_mean(columns, counts, error):
    """Mean weights of each chain, `(chains, weights)`, in units of UNIT; columns are counts a weight, `(channels, weights)`."""
    generator = np.random.default_rng(SEED)
    a, g = columns * UNIT / error[:, None], counts / error
    n = a.shape[1]
    directions = np.linalg.cholesky(np.linalg.inv(a.T @ a + np.eye(n) / 0.1**2))
    x = np.tile(nnls(a, g, maxiter=100 * n)[0], (CHAINS, 1)) + 1e-4
    total = np.zeros((CHAINS, n))
    for step in range(STEPS):
        d = generator.standard_normal((CHAINS, n)) @ directions.T
        along = d @ a.T
        curvature = (along**2).sum(1)
        best = (along * (g - x @ a.T)).sum(1) / curvature
        with np.errstate(divide="ignore"):
            ends = -x / d
        low, high = np.where(d > 0, ends, -np.inf).max(1), np.where(d < 0, ends, np.inf).min(1)
        wide = np.sqrt(curvature)
        first, last = ndtr((low - best) * wide), ndtr((high - best) * wide)
        drawn = best + ndtri(first + (last - first) * generator.random(CHAINS)) / wide
        drawn = np.where(np.isfinite(drawn), drawn, 0.0)
        x = np.maximum(x + np.clip(drawn, low, high)[:, None] * d, 0.0)
        if step >= BURN_IN:
            total += x
    return total / (STEPS - BURN_IN)


def gaussians():
    """Profiles of Gaussians of 0.1 dex every 0.1 dex, `(bins, Gaussians)`."""
    peaks = np.arange(edges[0], edges[-1] + 0.05, 0.1)
    shapes = np.exp(-0.5 * ((centres[:, None] - peaks) / 0.1) ** 2)
    return shapes / shapes.sum(0)


def main():
    low, high = BAND
    band = np.clip(np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0, None) / np.diff(edges)
    noises = [noise for noise in NOISES if noise is not None]
    words = [f"{pixels} px, {100 * share:.0f} %" for pixels, share in noises]
    print("| | " + " | ".join(words) + " |\n|---|" + "---|" * len(noises))
    profiles = gaussians()
    for name, parts in SCENES.items():
        shapes = [measure * (g := np.exp(-0.5 * ((centres - peak) / width) ** 2)) / g.sum() for peak, width, measure in parts]
        truth = np.sum(shapes, axis=0)
        counts = response @ truth
        cells = []
        for noise in noises:
            found = posterior_mean(response @ profiles, counts, sigma(counts, *noise)) @ profiles.T * UNIT
            total, hot = found.sum(1) / truth.sum(), (found @ band) / (band @ truth)
            cells.append(f"{total.mean():.2f} {hot.mean():.2f} ± {hot.std() / CHAINS**0.5:.2f}")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
