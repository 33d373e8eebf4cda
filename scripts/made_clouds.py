#!/usr/bin/env python3
"""Writes the clouds that neighbour searches are timed on, the same on every machine.

    made_clouds.py FOLDER [--points 300000 1200000] [--only cliff,forest,...] [--data ../shared/data]

FOLDER/NAME/ gets arrays of numpy, float64, in C order, metres about zero, rounded to millimetres as files of points are:

  points.npy            (n, 3) in the order of acquisition
  compared.npy          (n, 3) a second survey of the same scene: other places, 5 cm of noise
  within_ordered.npy    (q, 3) points of the cloud itself: 16 runs of neighbours along a Z-order curve
  within_shuffled.npy   (q, 3) as many points of the whole cloud, in no order
  compared_ordered.npy, compared_shuffled.npy    the same of the second survey
  core_points.npy        some of the points, at most 32,000, off any lattice: for M3C2
  axes_vertical.npy, axes_slanted.npy, axes_horizontal.npy    (q, 3) unit vectors, one a point of compared_ordered
  about.json            points, queries, sets of nested radii, radius and half length of cylinders (metres)

Scenes: `airborne5`, `airborne50` rolling ground in flight lines, 5 and 50 points/m²; `outlier` the former with one point 5 km away; `cliff` a wall along x, 5 cm
thick; `face` a rough vertical face across the axes; `volume` points evenly in a box, as a thick canopy; `forest` crowns and stems over ground, a plot of 50 m;
`scanner` ground around a terrestrial scanner, points an area as 1/r²; `scanner_cliff` the same before a wall; `bcts_3`, `lone-star` real tiles of --data (they
need laspy; where one is missing, that is said and the others are made).
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

SEED = 20261129
SIDE_OF_CURVE = 1024  # cells of the Z-order curve along an axis
RUNS = 16
CORE_POINTS = 32_000


def rough(x, y):
    """Rolling ground, metres."""
    return 12 * np.sin(x / 49) * np.cos(y / 43) + 3 * np.sin((x + 2 * y) / 13)


def airborne(count, random, density):
    side = np.sqrt(count / density)
    x, y = random.random((2, count)) * side
    line = np.lexsort((y, np.floor(x / 60)))
    x, y = x[line], y[line]
    return np.c_[x, y, rough(x, y) + random.normal(0, 0.03, count)]


def outlier(count, random):
    ground = airborne(count, random, 5.0)
    ground[count // 2] = [4000.0, 3000.0, 400.0]
    return ground


def cliff(count, random):
    points = random.random((count, 3)) * [100.0, 0.05, 50.0]
    return points[np.lexsort((points[:, 2], np.floor(points[:, 0] / 0.5)))]


def volume(count, random):
    points = random.random((count, 3)) * [50.0, 50.0, 30.0]
    return points[np.lexsort((points[:, 1], np.floor(points[:, 0] / 10)))]


def face(count, random, width=200.0, height=60.0):
    """A rough vertical face that looks towards azimuth 120° (from x towards y)."""
    along, up = random.random((2, count)) * np.array([[width], [height]])
    order = np.lexsort((up, np.floor(along / 0.5)))
    along, up = along[order], up[order]
    out = 0.5 * np.sin(along / 7) * np.cos(up / 5) + 0.1 * np.sin(along / 0.9 + up) + random.normal(0, 0.02, count)
    outwards, sideways = np.radians([120.0, 30.0])
    return np.c_[along * np.cos(sideways) + out * np.cos(outwards), along * np.sin(sideways) + out * np.sin(outwards), up]


def forest(count, random):
    """Four trees on each 10 m × 10 m of 50 m × 50 m; 25 % ground, 10 % stems, the rest crowns."""
    trees = random.random((100, 2)) * 50
    tall = random.uniform(12, 25, 100)
    ground, stems = count // 4, count // 10
    crowns = count - ground - stems
    x, y = random.random((2, ground)) * 50
    parts = [np.c_[x, y, rough(x, y)]]
    of = random.integers(0, 100, stems)
    turn = random.random(stems) * 2 * np.pi
    parts.append(np.c_[trees[of] + 0.2 * np.c_[np.cos(turn), np.sin(turn)], random.random(stems) * tall[of]])
    of = random.integers(0, 100, crowns)
    ball = random.normal(size=(crowns, 3))
    ball *= (random.random(crowns) ** (1 / 3) / np.linalg.norm(ball, axis=1))[:, None]
    parts.append(np.c_[trees[of] + 3.5 * ball[:, :2], tall[of] * (0.7 + 0.35 * ball[:, 2])])
    for part, at in ((parts[1], stems), (parts[2], crowns)):
        part[:, 2] += rough(part[:, 0], part[:, 1])
    points = np.concatenate(parts) + random.normal(0, 0.02, (count, 3))
    return points[np.lexsort((points[:, 1], np.floor(points[:, 0] / 10)))]


def scanner(count, random):
    """1 to 200 m from the scanner, in columns of the same azimuth."""
    r, turn = np.exp(random.random(count) * np.log(200.0)), random.random(count) * 2 * np.pi
    order = np.lexsort((r, np.floor(turn * 1000)))
    r, turn = r[order], turn[order]
    x, y = r * np.cos(turn), r * np.sin(turn)
    return np.c_[x, y, rough(x, y) - rough(0, 0) - 1.8 + random.normal(0, 0.01, count)]


def scanner_cliff(count, random):
    """Half of the directions meet a wall, 150 m wide and 60 m high, 40 m away."""
    ground = scanner(count - count // 2, random)
    ground = ground[ground[:, 1] < 40.0]
    wanted = count - len(ground)
    low, high = np.arctan(-75 / 40), np.arctan(75 / 40)
    turn = np.sort(random.uniform(low, high, wanted))
    x = 40 * np.tan(turn)
    reach = np.hypot(x, 40)
    z = reach * np.tan(random.uniform(np.arctan(-1.8 / reach), np.arctan(60 / reach)))
    y = 40 + 1.5 * np.sin(x / 7) * np.cos(z / 5) + random.normal(0, 0.02, wanted)
    return np.concatenate([ground, np.c_[x, y, z]])


# Scene: points, sets of nested radii, radius and half length of cylinders, azimuth of horizontal axes and how far they turn from it (degrees).
SCENES = {
    "airborne5": (lambda n, r: airborne(n, r, 5.0), [[1.0, 2.0, 4.0]], [1.0, 5.0], [0.0, 180.0]),
    "airborne50": (lambda n, r: airborne(n, r, 50.0), [[1.0, 2.0, 4.0], [1.0, 2.0, 2.5, 4.0, 8.0]], [1.0, 5.0], [0.0, 180.0]),
    "outlier": (outlier, [[1.0, 2.0, 4.0]], [1.0, 5.0], [0.0, 180.0]),
    "cliff": (cliff, [[0.25, 0.5, 1.0]], [0.5, 5.0], [90.0, 10.0]),
    "face": (face, [[0.25, 0.5, 1.0]], [0.5, 5.0], [120.0, 10.0]),
    "volume": (volume, [[0.25, 0.5, 1.0]], [0.5, 5.0], [0.0, 180.0]),
    "forest": (forest, [[0.25, 0.5, 1.0]], [0.5, 5.0], [0.0, 180.0]),
    "scanner": (scanner, [[0.25, 0.5, 1.0]], [0.5, 5.0], [0.0, 180.0]),
    "scanner_cliff": (scanner_cliff, [[0.25, 0.5, 1.0]], [0.5, 5.0], [90.0, 10.0]),
}
REAL = {"bcts_3": ([[1.0, 2.0, 4.0]], [1.0, 5.0]), "lone-star": ([[0.25, 0.5, 1.0]], [0.5, 5.0])}


def along_curve(points):
    """Order of the points along a Z-order curve."""
    low, high = points.min(0), points.max(0)
    cells = np.minimum((points - low) / (high - low).max() * SIDE_OF_CURVE, SIDE_OF_CURVE - 1).astype(np.uint64)
    key = np.zeros(len(points), np.uint64)
    for bit in range(SIDE_OF_CURVE.bit_length() - 1):
        for axis in range(3):
            key |= ((cells[:, axis] >> np.uint64(bit)) & np.uint64(1)) << np.uint64(3 * bit + axis)
    return np.argsort(key, kind="stable")


def queries(points, count, random):
    """The ordered and the shuffled queries."""
    order, run = along_curve(points), count // RUNS
    starts = np.linspace(0, len(points) - run, RUNS).astype(int)
    return points[np.concatenate([order[start : start + run] for start in starts])], points[random.permutation(len(points))[:count]]


def axes(count, random, azimuth, spread):
    turn = random.random(count) * 2 * np.pi
    tilt = np.radians(30.0)
    level = np.radians(azimuth + spread * random.uniform(-1, 1, count))
    yield "vertical", np.tile([0.0, 0.0, 1.0], (count, 1))
    yield "slanted", np.c_[np.sin(tilt) * np.cos(turn), np.sin(tilt) * np.sin(turn), np.full(count, np.cos(tilt))]
    yield "horizontal", np.c_[np.cos(level), np.sin(level), np.zeros(count)]


def write(folder, points, compared, count, random, radii, cylinder, facing):
    folder.mkdir(parents=True, exist_ok=True)
    points, compared = np.round(points, 3), np.round(compared, 3)
    count = min(count, len(points)) // RUNS * RUNS
    save = lambda name, array: np.save(folder / f"{name}.npy", np.ascontiguousarray(array, dtype="<f8"))
    save("points", points)
    save("compared", compared)
    for name, cloud in (("within", points), ("compared", compared)):
        ordered, shuffled = queries(cloud, count, random)
        save(f"{name}_ordered", ordered)
        save(f"{name}_shuffled", shuffled)
    save("core_points", points[:: max(10, -(-len(points) // CORE_POINTS))] + [0.00037, 0.00021, 0.00043])
    for name, vectors in axes(count, random, *facing):
        save(f"axes_{name}", vectors)
    about = dict(points=len(points), queries=count, radii_m=radii, cylinder_m=cylinder, seed=SEED)
    (folder / "about.json").write_text(json.dumps(about))
    print(f"{folder}: {len(points)} points, {count} queries", flush=True)


def real(name, data):
    """The points of a real tile less the low corner, whole metres."""
    import laspy

    xyz = np.asarray(laspy.read(data / "lidar" / f"{name}.laz").xyz, dtype=np.float64)
    return xyz - np.floor(xyz.min(0))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--points", type=int, nargs="+", default=[300_000, 1_200_000])
    parser.add_argument("--only", default=",".join([*SCENES, *REAL]))
    parser.add_argument("--queries", type=int, default=16_000)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared/data")
    options = parser.parse_args()
    for scene in options.only.split(","):
        if scene in SCENES:
            make, radii, cylinder, facing = SCENES[scene]
            for count in options.points:
                random = np.random.default_rng([SEED, *scene.encode(), count])
                points, compared = make(count, random), make(count, random)
                compared += random.normal(0, 0.05, compared.shape)
                write(options.folder / f"{scene}-{count // 1000}k", points, compared, options.queries, random, radii, cylinder, facing)
        elif scene in REAL:
            try:
                points = real(scene, options.data)
            except (ImportError, OSError) as missing:
                print(f"SKIPPED {scene}: {missing}", file=sys.stderr)
                continue
            random = np.random.default_rng([SEED, *scene.encode()])
            compared = points + random.normal(0, 0.05, points.shape)
            write(options.folder / scene, points, compared, options.queries, random, *REAL[scene], [0.0, 180.0])
        else:
            parser.error(f"--only {scene}: must be one of {', '.join([*SCENES, *REAL])}")


if __name__ == "__main__":
    main()
