#!/usr/bin/env python3
"""Times features of points beside jakteristics, pgeof and Open3D, by turns, and writes what docs/benchmarks.md may quote.

    features_beside_peers.py FILE.laz [FILE.laz ...] [--threads 2] [--rounds 3]

Run it with a Python that has scripts/features_requirements.txt. Each round runs every tool once on the same points (about an origin) with the same
number of threads; the best of the rounds counts, processor time and wall time. isopach reads the points from a .npy file; reading is not timed.

    geometry    the eleven features of jakteristics (its defaults), at 1 and at 2 m
    four        linearity, planarity, sphericity, verticality, beside pgeof's selected features at the same radius
    normals     from the points within 1 m, beside Open3D
    nested      the eleven features at 0.5, 1 and 2 m in one run, beside 2 m alone

Writes docs/benchmarks/features.jsonl: a line of machine and parameters, then one a file, work and tool.
"""
import argparse, json, os, pathlib, resource, subprocess, tempfile, time

import jakteristics, laspy, numpy as np, open3d, pgeof
from importlib.metadata import version

from measured import ROOT, machine

ELEVEN = ["eigenvalue_sum", "omnivariance", "eigenentropy", "anisotropy", "planarity", "linearity", "PCA1", "PCA2", "surface_variation", "sphericity",
          "verticality"]
FOUR = [pgeof.EFeatureID.Linearity, pgeof.EFeatureID.Planarity, pgeof.EFeatureID.Scattering, pgeof.EFeatureID.Verticality]
OURS = ",".join(ELEVEN).lower()


def timed(work):
    """Wall and processor seconds of a call, children's time included."""
    def processor():
        own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(usage.ru_utime + usage.ru_stime for usage in (own, children))
    began, began_processor = time.perf_counter(), processor()
    said = work()
    if isinstance(said, dict):
        return said["wall_s"], said["processor_s"]
    return time.perf_counter() - began, processor() - began_processor


def ours(program, points, radii, features, threads):
    command = [program, points, radii, features, "1"]
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads)}
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout)


def normals_of_open3d(points):
    cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(points))
    cloud.estimate_normals(open3d.geometry.KDTreeSearchParamRadius(1.0))


def works(program, file, points, threads):
    """(work, tool, call) of a file."""
    mine = lambda radii, features: lambda: ours(program, file, radii, features, threads)
    for radius in (1.0, 2.0):
        yield f"geometry, {radius:g} m", "isopach", mine(str(radius), OURS)
        yield f"geometry, {radius:g} m", "jakteristics", lambda radius=radius: jakteristics.compute_features(
            points, search_radius=radius, feature_names=ELEVEN, num_threads=threads)
    yield "four, 1 m", "isopach", mine("1", "minimal")
    # Its features need a limit on the neighbours; all points are none.
    yield "four, 1 m", "pgeof", lambda: pgeof.compute_features_selected(points, 1.0, len(points), FOUR)
    yield "normals, 1 m", "isopach", mine("1", "nx,ny,nz")
    yield "normals, 1 m", "open3d", lambda: normals_of_open3d(points)
    yield "nested", "isopach, 0.5, 1 and 2 m", mine("0.5,1,2", OURS)
    yield "nested", "isopach, 2 m", mine("2", OURS)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("files", type=pathlib.Path, nargs="+")
    a.add_argument("--threads", type=int, default=2)
    a.add_argument("--rounds", type=int, default=3)
    o = a.parse_args()
    subprocess.run(["cargo", "build", "--release", "--locked", "-p", "isopach-features", "--example", "time_features"], cwd=ROOT, check=True)
    program = ROOT / "target/release/examples/time_features"
    lines = [dict(**machine(), threads=o.threads, rounds=o.rounds, **{p: version(p) for p in ("jakteristics", "pgeof", "open3d")})]
    with tempfile.TemporaryDirectory() as folder:
        for path in o.files:
            las = laspy.read(path)
            points = np.ascontiguousarray(np.stack([las.x, las.y, las.z], 1) - np.floor(las.header.mins))
            file = pathlib.Path(folder) / f"{path.stem}.npy"
            np.save(file, points)
            best = {}
            for _ in range(o.rounds):
                for work, tool, call in works(program, file, points, o.threads):
                    best[work, tool] = np.minimum(best.get((work, tool), np.inf), timed(call))
            for (work, tool), (wall, processor) in best.items():
                lines.append(dict(file=path.name, points=len(points), work=work, tool=tool, wall_s=round(wall, 4), processor_s=round(processor, 4)))
                print(json.dumps(lines[-1]), flush=True)
    (ROOT / "docs/benchmarks/features.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


if __name__ == "__main__":
    main()
