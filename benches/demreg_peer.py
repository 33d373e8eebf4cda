#!/usr/bin/env python3
"""Runs demregpy 1.0.0 on the pixels of `cargo bench -p isopach-emission -- --dump DIR`, one JSON line a number of bins.

    python3 benches/demreg_peer.py DIR [--pixels N] [--bins 33,42]

Makes a virtual environment in target/demreg_peer and installs numpy, and demregpy without its other dependencies (only `dn2dem` is used).
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", type=pathlib.Path)
    parser.add_argument("--pixels", type=int, default=500)
    parser.add_argument("--bins", default="33,42")
    arguments = parser.parse_args()
    if pathlib.Path(sys.prefix).resolve() != VENV.resolve():
        os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
        python = environment()
        os.execv(python, [str(python), *sys.argv])
    import numpy as np
    from demregpy import dn2dem

    for bins in map(int, arguments.bins.split(",")):
        read = lambda name: np.fromfile(arguments.dir / f"{name}_{bins}.f64")
        counts, sigma = read("counts").reshape(-1, 6), read("sigma").reshape(-1, 6)
        good = np.flatnonzero((counts > 0).all(axis=1))[: arguments.pixels]
        counts, sigma = counts[good], sigma[good]
        response = read("response").reshape(6, -1).T
        # Fewer than 200 pixels a call stay on one process.
        start, cpu, chi = time.perf_counter(), time.process_time(), []
        for first in range(0, len(counts), 150):
            part = slice(first, first + 150)
            result = dn2dem(counts[part], sigma[part], response, read("log_t"), read("edges"))
            chi.append(np.atleast_1d(result[3]))
        wall, cpu = time.perf_counter() - start, time.process_time() - cpu
        print(json.dumps(dict(program="demregpy 1.0.0", bins=bins, pixels=len(counts), seconds=round(wall, 3),
                              pixels_per_second=round(len(counts) / wall, 1), pixels_per_cpu_second=round(len(counts) / cpu, 1),
                              median_chi_squared=round(float(np.median(np.concatenate(chi))), 4))), flush=True)


if __name__ == "__main__":
    main()
