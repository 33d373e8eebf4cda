#!/usr/bin/env python3
"""Heights of ground points that were withheld: the error of height above ground, whose truth there is 0.

    heights_on_held_out.py FILE.laz [FILE.laz ...] [--seed 7]

Withholds one in ten points of class 2, takes the others for the ground, and prints a JSON line a file and surface: median, 95th percentile and largest of the sizes of the heights, and how many withheld
points have none (outside the hull of the others). Needs laspy, lazrs and numpy. Writes docs/benchmarks/held-out.jsonl.
"""
import argparse, json, pathlib, subprocess, tempfile

import laspy, numpy as np

from measured import ROOT, machine


def heights(program, ground, points, surface):
    with tempfile.TemporaryDirectory() as folder:
        files = [str(pathlib.Path(folder) / f"{name}.npy") for name in ("ground", "points", "heights")]
        np.save(files[0], ground)
        np.save(files[1], points)
        subprocess.run([program, *files, surface], check=True)
        return np.load(files[2])


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("files", type=pathlib.Path, nargs="+")
    a.add_argument("--seed", type=int, default=7)
    o = a.parse_args()
    subprocess.run(["cargo", "build", "--release", "--locked", "-p", "isopach-features", "--example", "heights_above"], cwd=ROOT, check=True)
    program = ROOT / "target/release/examples/heights_above"
    lines = [dict(**machine(), seed=o.seed, withheld="one in ten of class 2")]
    for path in o.files:
        las = laspy.read(path)
        points = np.stack([las.x, las.y, las.z], 1)[np.asarray(las.classification) == 2]
        points = np.ascontiguousarray(points - np.floor(points.min(0)))
        is_withheld = np.random.default_rng(o.seed).random(len(points)) < 0.1
        for surface in ("tin", "idw", "nearest"):
            found = np.abs(heights(program, points[~is_withheld], points[is_withheld], surface))
            known = found[~np.isnan(found)]
            rounded = lambda value: round(float(value), 4)
            lines.append(dict(file=path.stem, surface=surface, ground=int((~is_withheld).sum()), withheld=len(found), without_height=len(found) - len(known),
                              median_m=rounded(np.median(known)), p95_m=rounded(np.quantile(known, 0.95)), largest_m=rounded(known.max())))
            print(json.dumps(lines[-1]), flush=True)
    (ROOT / "docs/benchmarks/held-out.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


if __name__ == "__main__":
    main()
