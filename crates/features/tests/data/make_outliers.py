#!/usr/bin/env python3
"""Makes the golden arrays of outlier filters: a made cloud, and which of its points Open3D 0.20.0 and CloudCompare 2.11.3 leave out.

    make_outliers.py CLOUDCOMPARE     (the program, or a script that starts it; needs numpy and open3d)

The coordinates are multiples of 2^-6 m below 64 m: exact in f32, in whole ticks and in six decimals. No two points are equal.
outliers_points.npy: rows of x, y, z. outliers_left_out.npy: a row a point, a column a filter (1: left out), in the order of FILTERS.
outliers_of_12.npy: the same for the first twelve points and FEW, whose thresholds lie between those of the divisors n and n - 1.
"""
import pathlib, subprocess, sys, tempfile

import numpy as np, open3d

FILTERS = [(tool, "statistical", number, deviations) for tool in ("open3d", "cloudcompare") for number in (3, 6, 20) for deviations in (0.05, 0.1, 0.3, 1.0)]
FILTERS += [("open3d", "radius", 4, 1.5), ("open3d", "radius", 9, 2.0)]
FEW = [(tool, "statistical", 4, deviations) for tool in ("open3d", "cloudcompare") for deviations in (1.325, 2.35)]


def made_points():
    """A cloud whose density falls outwards without a gap, so that the definitions of a threshold differ by some points."""
    rng = np.random.default_rng(20)
    directions = rng.normal(size=(400, 3))
    distances = 0.4 * rng.exponential(2, 400) ** 1.7
    points = 30 + directions / np.linalg.norm(directions, axis=1, keepdims=True) * distances[:, None]
    points = np.round(points.clip(0, 63) * 64) / 64
    return rng.permutation(np.unique(points, axis=0))


def by_open3d(points, kind, number, value):
    cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(points))
    remove = cloud.remove_statistical_outlier if kind == "statistical" else cloud.remove_radius_outlier
    return remove(number, value)[1]


def by_cloudcompare(program, points, number, value):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        np.savetxt(folder / "points.txt", points, "%.6f")
        command = [program, "-SILENT", "-AUTO_SAVE", "OFF", "-C_EXPORT_FMT", "ASC", "-PREC", "6", "-NO_TIMESTAMP", "-O", "points.txt", "-SOR", str(number), str(value),
                   "-SAVE_CLOUDS", "FILE", "kept.txt"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        kept = {tuple(row) for row in np.loadtxt(folder / "kept.txt", usecols=(0, 1, 2))}
    return [i for i, point in enumerate(points) if tuple(point) in kept]


def left_out(points, filters):
    columns = np.ones((len(points), len(filters)))
    for at, (tool, kind, number, value) in enumerate(filters):
        kept = by_open3d(points, kind, number, value) if tool == "open3d" else by_cloudcompare(sys.argv[1], points, number, value)
        columns[kept, at] = 0
        print(tool, kind, number, value, int(columns[:, at].sum()))
    return columns


def main():
    here = pathlib.Path(__file__).parent
    points = made_points()
    np.save(here / "outliers_points.npy", points)
    np.save(here / "outliers_left_out.npy", left_out(points, FILTERS))
    np.save(here / "outliers_of_12.npy", left_out(points[:12], FEW))


if __name__ == "__main__":
    main()
