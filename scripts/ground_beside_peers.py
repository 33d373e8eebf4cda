#!/usr/bin/env python3
"""Errors of ground filters against class 2 of surveys: SMRF and cloth simulation here, beside pysmrf and three programs of cloth simulation.

    ground_beside_peers.py FILE.laz [FILE.laz ...] [--scenes FOLDER] [--tools isopach,pysmrf]

Run it with a Python that has scripts/ground_requirements.txt. FOLDER has made scenes with known truth (NAME_points.npy, NAME_label.npy; 2 is ground).
Every filter gets all points but those of noise (classes 7 and 18), in metres, about an origin, and one thread. Ours runs with its defaults alone; the peers with
their defaults and with a finer cloth (up to ten hectares; not csf-3dfin, which takes minutes), or the window of Pingel et al. 2013.

With --tools only these run, and the lines of the others stay: with one thread their labels are the same each time.

Writes docs/benchmarks/ground.jsonl: a line of machine and versions, then one a file, tool and settings: ground lost (type I), others taken for ground (type II), total error, kappa.
"""
import argparse, json, os, pathlib, subprocess, tempfile
from importlib.metadata import version

os.environ["OMP_NUM_THREADS"] = "1"

import cc_csf, CSF, CSF_3DFin, laspy, numpy as np, pysmrf

from measured import ROOT, machine

FOOT = {"autzen_trim": 0.3048}
"""Metres of a unit of the files that are not in metres."""


def by_csf(points, resolution, rigidness):
    csf = CSF.CSF()
    csf.params.cloth_resolution, csf.params.rigidness, csf.params.bSloopSmooth = resolution, rigidness, True
    csf.setPointCloud(points)
    ground, others = CSF.VecInt(), CSF.VecInt()
    csf.do_filtering(ground, others, False)
    return list(ground)


def by_csf_3dfin(points, resolution, rigidness):
    csf = CSF_3DFin.CSF()
    parameters = csf.params
    parameters.cloth_resolution, parameters.rigidness, parameters.smooth_slope, parameters.verbose = resolution, rigidness, True, False
    csf.params = parameters
    csf.set_point_cloud(np.ascontiguousarray(points))
    return csf.classify_ground()[0]


def by_cc_csf(points, resolution, rigidness):
    csf = cc_csf.CSF()
    csf.set_num_threads(1)
    csf.set_params(True, resolution, 500, 0.5, rigidness)
    csf.set_point_cloud(np.ascontiguousarray(points))
    return csf.do_filtering()


def by_pysmrf(points, windows):
    return np.flatnonzero(pysmrf.classify(*points.T, windows=windows).is_ground)


FINE = "0.5 m, steep"
CLOTHS = {"default": (1.0, 3), FINE: (0.5, 1)}
PEERS = [("pysmrf", "default", lambda points: by_pysmrf(points, 5)), ("pysmrf", "window 18 m", lambda points: by_pysmrf(points, 18))]
PEERS += [(tool, settings, lambda points, by=by, cloth=cloth: by(points, *cloth)) for tool, by in
          (("cloth-simulation-filter", by_csf), ("cc-csf", by_cc_csf)) for settings, cloth in CLOTHS.items()]
PEERS += [("csf-3dfin", "default", lambda points: by_csf_3dfin(points, *CLOTHS["default"]))]


def ours(program, points, method):
    with tempfile.TemporaryDirectory() as folder:
        files = [str(pathlib.Path(folder) / name) for name in ("points.npy", "ground.npy")]
        np.save(files[0], np.ascontiguousarray(points))
        subprocess.run([program, *files, method], check=True)
        return np.flatnonzero(np.load(files[1]))


def errors(is_ground, found):
    """Type I, type II, total error and Cohen's kappa."""
    says = np.zeros(len(is_ground), bool)
    says[found] = True
    kept, lost = (is_ground & says).sum(), (is_ground & ~says).sum()
    taken, left = (~is_ground & says).sum(), (~is_ground & ~says).sum()
    total = (lost + taken) / len(says)
    chance = ((kept + lost) * (kept + taken) + (taken + left) * (lost + left)) / len(says) ** 2
    rounded = lambda value: round(float(value), 5)
    return dict(type1=rounded(lost / (kept + lost)), type2=rounded(taken / (taken + left)), total=rounded(total), kappa=rounded((1 - total - chance) / (1 - chance)))


def is_too_large(points, tool, settings):
    """A cloth of 0.5 m, and csf-3dfin at all, take minutes beyond ten hectares."""
    return (settings == FINE or tool == "csf-3dfin") and np.prod(np.ptp(points[:, :2], axis=0)) > 1e5


def surveys(files, scenes):
    """Name, points and truth of each survey."""
    for path in files:
        las = laspy.read(path)
        classes = np.asarray(las.classification)
        points = np.stack([las.x, las.y, las.z], 1) * FOOT.get(path.stem, 1)
        is_noise = np.isin(classes, (7, 18))
        yield path.stem, (points - np.floor(points.min(0)))[~is_noise], (classes == 2)[~is_noise]
    for path in sorted(scenes.glob("*_points.npy")) if scenes else []:
        name = path.name.removesuffix("_points.npy")
        yield name, np.load(path), np.load(path.with_name(f"{name}_label.npy")) == 2


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("files", type=pathlib.Path, nargs="*")
    a.add_argument("--scenes", type=pathlib.Path)
    a.add_argument("--tools")
    o = a.parse_args()
    subprocess.run(["cargo", "build", "--release", "--locked", "-p", "isopach-features", "--example", "label_ground"], cwd=ROOT, check=True)
    program = ROOT / "target/release/examples/label_ground"
    mine = [("isopach", method, lambda points, method=method: ours(program, points, method)) for method in ("smrf", "cloth")]
    packages = ("pysmrf", "cloth-simulation-filter", "csf-3dfin", "cc-csf")
    chosen = o.tools.split(",") if o.tools else ["isopach", *packages]
    results = ROOT / "docs/benchmarks/ground.jsonl"
    before = [json.loads(line) for line in results.read_text().splitlines()[1:]] if results.exists() else []
    lines = [dict(**machine(), **{package: version(package) for package in packages})]
    for name, points, is_ground in surveys(o.files, o.scenes):
        for tool, settings, label in mine + PEERS:
            if tool in chosen and not is_too_large(points, tool, settings):
                lines.append(dict(file=name, points=len(points), ground=int(is_ground.sum()), tool=tool, settings=settings, **errors(is_ground, label(points))))
                print(json.dumps(lines[-1]), flush=True)
        lines += [line for line in before if line["file"] == name and line["tool"] not in chosen]
    results.write_text("".join(json.dumps(line) + "\n" for line in lines))


if __name__ == "__main__":
    main()
