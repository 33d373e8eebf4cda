#!/usr/bin/env python3
"""Errors of ground filters against class 2 of surveys: SMRF and cloth simulation here, beside pysmrf and three programs of cloth simulation.

    ground_beside_peers.py FILE.laz [FILE.laz ...] [--scenes FOLDER] [--tools isopach,pysmrf]

Run it with a Python that has scripts/ground_requirements.txt. FOLDER has made scenes with known truth (NAME_points.npy, NAME_label.npy; 2 is ground).
Every filter gets all points but those of noise (classes 7 and 18), in metres, about an origin, and one thread. Ours runs with its defaults, and SMRF with cells
of 2 m, too; the peers with
their defaults and with a finer cloth (up to ten hectares; not csf-3dfin, which takes minutes), or the window of Pingel et al. 2013.

Two tools show what the numbers of a survey are worth: "none" takes nothing for ground; "truth" takes what lies within 0.2 m of the triangulated points of class 2.
A filter that loses more ground takes less else, so ours runs a second time with the threshold at which it loses as much as the peer of the least total error, or less where no threshold loses as much.

With --tools only these run, and the lines of the others stay: with one thread their labels are the same each time.

Writes docs/benchmarks/ground.jsonl: a line of machine and versions, then one a file, tool and settings: ground lost (type I), others taken for ground (type II), total error, kappa.
"""
import argparse, json, os, pathlib, subprocess, tempfile
from importlib.metadata import version

os.environ["OMP_NUM_THREADS"] = "1"

import cc_csf, CSF, CSF_3DFin, laspy, numpy as np, pysmrf
from scipy.interpolate import LinearNDInterpolator

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


METHODS = ("smrf", "cloth")
NAMED = ("pysmrf", "cloth-simulation-filter", "cc-csf")
FINE = "0.5 m, steep"
CLOTHS = {"default": (1.0, 3), FINE: (0.5, 1)}
PEERS = [("pysmrf", "default", lambda points: by_pysmrf(points, 5)), ("pysmrf", "window 18 m", lambda points: by_pysmrf(points, 18))]
PEERS += [(tool, settings, lambda points, by=by, cloth=cloth: by(points, *cloth)) for tool, by in
          (("cloth-simulation-filter", by_csf), ("cc-csf", by_cc_csf)) for settings, cloth in CLOTHS.items()]
PEERS += [("csf-3dfin", "default", lambda points: by_csf_3dfin(points, *CLOTHS["default"]))]


def ours(program, points, method, *lengths):
    with tempfile.TemporaryDirectory() as folder:
        files = [str(pathlib.Path(folder) / name) for name in ("points.npy", "ground.npy")]
        np.save(files[0], np.ascontiguousarray(points))
        subprocess.run([program, *files, method, *lengths], check=True)
        return np.flatnonzero(np.load(files[1]))


def ours_that_loses(program, points, is_ground, method, lost):
    """The threshold at which ours loses a share of the ground, by bisection (none if it loses more with the largest), and its errors."""
    least, most = 0.005, 5.0
    lost_at = lambda threshold: errors(is_ground, ours(program, points, method, f"threshold={threshold}"))
    if lost_at(most)["type1"] > lost:
        return None
    for _ in range(12):
        middle = (least * most) ** 0.5
        least, most = (middle, most) if lost_at(middle)["type1"] > lost else (least, middle)
    return round(most, 3), lost_at(most)


def within_truth(points, is_ground):
    """What lies within 0.2 m of the triangulated ground."""
    ground = points[is_ground]
    height = points[:, 2] - LinearNDInterpolator(ground[:, :2], ground[:, 2])(points[:, :2])
    return np.flatnonzero(np.abs(height) <= 0.2)


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


def measured(survey, tool, settings, errors):
    name, points, is_ground = survey
    line = dict(file=name, points=len(points), ground=int(is_ground.sum()), tool=tool, settings=settings, **errors)
    print(json.dumps(line), flush=True)
    return line


def at_equal_loss(program, survey, lines):
    """Lines of ours that loses no more ground than the peer of the least total error."""
    _, points, is_ground = survey
    peer = min((line for line in lines if line["tool"] in NAMED), key=lambda line: line["total"], default=None)
    for method in METHODS if peer else ():
        found = ours_that_loses(program, points, is_ground, method, peer["type1"])
        if found:
            yield measured(survey, "isopach", f"{method}, {found[0]:g} m: loses no more than {peer['tool']}, {peer['settings']}", found[1])


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("files", type=pathlib.Path, nargs="*")
    a.add_argument("--scenes", type=pathlib.Path)
    a.add_argument("--tools")
    o = a.parse_args()
    subprocess.run(["cargo", "build", "--release", "--locked", "-p", "isopach-features", "--example", "label_ground"], cwd=ROOT, check=True)
    program = ROOT / "target/release/examples/label_ground"
    mine = [("isopach", method, lambda points, _, method=method: ours(program, points, method)) for method in METHODS]
    mine += [("isopach", "smrf, cells of 2 m", lambda points, _: ours(program, points, "smrf", "cell=2"))]
    bounds = [("none", "", lambda points, _: []), ("truth", "0.2 m", within_truth)]
    peers = [(tool, settings, lambda points, _, label=label: label(points)) for tool, settings, label in PEERS]
    chosen = o.tools.split(",") if o.tools else ["isopach", "none", "truth", *NAMED, "csf-3dfin"]
    results = ROOT / "docs/benchmarks/ground.jsonl"
    before = [json.loads(line) for line in results.read_text().splitlines()[1:]] if results.exists() else []
    lines = [dict(**machine(), **{package: version(package) for package in (*NAMED, "csf-3dfin")})]
    for survey in surveys(o.files, o.scenes):
        name, points, is_ground = survey
        of_survey = []
        for tool, settings, label in mine + bounds + peers:
            if tool in chosen and not is_too_large(points, tool, settings):
                of_survey.append(measured(survey, tool, settings, errors(is_ground, label(points, is_ground))))
        of_survey += [line for line in before if line["file"] == name and line["tool"] not in chosen]
        if "isopach" in chosen:
            of_survey += at_equal_loss(program, survey, of_survey)
        lines += of_survey
    results.write_text("".join(json.dumps(line) + "\n" for line in lines))


if __name__ == "__main__":
    main()
