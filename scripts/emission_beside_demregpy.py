#!/usr/bin/env python3
"""The emission program from FITS files to FITS files beside demregpy 1.0.0 on pixels of the same images: processor seconds a pixel, and their ratio.

    cargo build --release --locked --example emission
    cargo bench -p isopach-emission -- --pixels 100 --only nothing --dump target/pixels      # AIA's response
    python3 scripts/emission_beside_demregpy.py target/release/examples/emission target/pixels IMAGES... [--pixels 600] [--rounds 3]

IMAGES: the six channels of AIA, counts of EXPTIME, one grid. Installs numpy, scipy, astropy and demregpy in target/demreg_peer. The program's time has everything
that it does: reading, 42 bins in single precision with all errors, nine maps, a page, and cubes of 600 MB; demregpy's has its calls alone, on one process, with
the same channels' noise. By turns, the least of each.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "demreg_peer"
# Of a photon for an electron in silicon.
ELECTRON_VOLTS = 3.65
PACKAGES = ["numpy", "scipy", "tqdm", "threadpoolctl", "astropy"]


def environment():
    python = VENV / "bin" / "python"
    if subprocess.run([python, "-c", "import demregpy, astropy"], capture_output=True).returncode if python.exists() else True:
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", "--ignore-requires-python", "demregpy==1.0.0"], check=True)
    return python


def observed(np, images, count):
    """Counts a second and their standard deviation in `count` pixels whose counts are all above zero, and how many pixels there are."""
    from astropy.io import fits

    channels = {c["name"]: c for c in json.loads((ROOT / "crates/emission/data/aia.json").read_text())["channels"]}
    planes, sigmas = [], []
    opened = sorted((next(h for h in fits.open(i) if h.data is not None) for i in images), key=lambda h: h.header["WAVELNTH"])
    for image in opened:
        channel, seconds = channels[str(int(image.header["WAVELNTH"]))], image.header["EXPTIME"]
        counts = image.data.astype(float)
        dn_per_photon = 12398.4 / channel["wavelength"] / ELECTRON_VOLTS / channel["gain"]
        planes.append(counts / seconds)
        sigmas.append(np.sqrt(channel["read_noise"] ** 2 + np.maximum(counts, 0) * dn_per_photon) / seconds)
    planes, sigmas = (np.stack(x, axis=-1).reshape(-1, len(images)) for x in (planes, sigmas))
    bright = np.flatnonzero((planes > 0).all(axis=1))
    chosen = np.random.default_rng(1).choice(bright, count, replace=False)
    return planes[chosen], sigmas[chosen], len(planes)


def machine():
    """Model of the processor, cores, and commit."""
    model = next(line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return {"machine": f"{model}, {os.cpu_count()} cores", "commit": commit}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("response", type=Path)
    parser.add_argument("images", nargs="+")
    parser.add_argument("--pixels", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if Path(sys.prefix).resolve() != VENV.resolve():
        os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
        python = environment()
        os.execv(python, [str(python), *sys.argv])
    import numpy as np
    from demregpy import dn2dem

    read = lambda name: np.fromfile(given.response / f"{name}_42.f64")
    counts, sigma, all_pixels = observed(np, given.images, given.pixels)
    response = read("response").reshape(6, -1).T
    ours, theirs = [], []
    for _ in range(given.rounds):
        with tempfile.TemporaryDirectory() as folder:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            command = [given.program, *given.images, "--backend", "cpu", "--out", folder + "/out"]
            subprocess.run(command, check=True, capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        ours.append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / all_pixels)
        start = time.process_time()
        # Fewer than 200 pixels a call stay on one process.
        for first in range(0, len(counts), 150):
            part = slice(first, first + 150)
            dn2dem(counts[part], sigma[part], response, read("log_t"), read("edges"))
        theirs.append((time.process_time() - start) / len(counts))
    print(json.dumps({
        "what": "from files to files beside demregpy 1.0.0", "pixels": all_pixels, "pixels_of_demregpy": len(counts), "bins": 42, "rounds": given.rounds, **machine(),
        "cpu_us_a_pixel": round(1e6 * min(ours), 3), "demregpy_cpu_us_a_pixel": round(1e6 * min(theirs), 1), "ratio": round(min(theirs) / min(ours), 1),
    }))


main()
