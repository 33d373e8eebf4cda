#!/usr/bin/env python3
"""Runs demregpy 1.0.0, and DEMREG itself where there is a checkout, on the pixels of `cargo bench -p isopach-emission -- --dump DIR`, one JSON line a number of bins.

    python3 benches/demreg_peer.py DIR [--pixels N] [--bins 33,42] [--demreg CHECKOUT]

Makes a virtual environment in target/demreg_peer and installs numpy, and demregpy without its other dependencies (only `dn2dem` is used).
CHECKOUT is a clone of https://github.com/ianan/demreg (GPL-2.0, not part of this repository): its `dem_pix` is called pixel by pixel.
Single thread, as the one-thread rows of the bench. The median chi squared must be that of the bench, over the same pixels.
"""
import argparse, json, os, pathlib, subprocess, sys, time

ROOT = pathlib.Path(__file__).resolve().parent.parent
VENV = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "demreg_peer"


def environment():
    python = VENV / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        pip = [python, "-m", "pip", "install", "-q"]
        subprocess.run([*pip, "numpy", "scipy", "tqdm", "threadpoolctl"], check=True)
        subprocess.run([*pip, "--no-deps", "--ignore-requires-python", "demregpy==1.0.0"], check=True)
    return python


def by_demregpy(np):
    from demregpy import dn2dem

    def run(counts, sigma, response, log_t, edges):
        # Fewer than 200 pixels a call stay on one process.
        parts = [slice(first, first + 150) for first in range(0, len(counts), 150)]
        return np.concatenate([np.atleast_1d(dn2dem(counts[p], sigma[p], response, log_t, edges)[3]) for p in parts])

    return run


def by_demreg(np, checkout):
    sys.path.insert(0, str(checkout / "python"))
    from demmap_pos import dem_pix

    def run(counts, sigma, response, log_t, edges):
        # As dn2dem_pos prepares it, equal bins.
        widths = np.diff(np.log10(edges))
        centres = np.log10(edges[0]) + widths * (np.arange(len(widths)) + 0.5)
        columns = [10 ** np.interp(centres, log_t, np.log10(channel)) for channel in response.T]
        matrix = np.array(columns).T * (10**centres * np.log(10**widths))[:, None] * 1e15
        ones, loci = np.ones(len(centres)), np.zeros(matrix.shape[1])
        pixel = lambda c, s: dem_pix(c, s, matrix, centres, widths, loci, dem_norm0=ones, nmu=42, warn=False)[3]
        return np.array([pixel(c, s) for c, s in zip(counts, sigma)])

    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", type=pathlib.Path)
    parser.add_argument("--pixels", type=int, default=500)
    parser.add_argument("--bins", default="33,42")
    parser.add_argument("--demreg", type=pathlib.Path)
    arguments = parser.parse_args()
    if pathlib.Path(sys.prefix).resolve() != VENV.resolve():
        os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
        python = environment()
        os.execv(python, [str(python), *sys.argv])
    import numpy as np

    programs = {"demregpy 1.0.0": by_demregpy(np)}
    if arguments.demreg:
        programs["demreg"] = by_demreg(np, arguments.demreg)
    for bins in map(int, arguments.bins.split(",")):
        read = lambda name: np.fromfile(arguments.dir / f"{name}_{bins}.f64")
        counts, sigma = read("counts").reshape(-1, 6), read("sigma").reshape(-1, 6)
        good = np.flatnonzero((counts > 0).all(axis=1))[: arguments.pixels]
        counts, sigma = counts[good], sigma[good]
        response = read("response").reshape(6, -1).T
        for program, run in programs.items():
            start, cpu = time.perf_counter(), time.process_time()
            chi = run(counts, sigma, response, read("log_t"), read("edges"))
            wall, cpu = time.perf_counter() - start, time.process_time() - cpu
            print(json.dumps(dict(program=program, bins=bins, pixels=len(counts), seconds=round(wall, 3),
                                  pixels_per_second=round(len(counts) / wall, 1),
                                  pixels_per_cpu_second=round(len(counts) / cpu, 1),
                                  median_chi_squared=round(float(np.median(chi)), 4))), flush=True)


if __name__ == "__main__":
    main()
