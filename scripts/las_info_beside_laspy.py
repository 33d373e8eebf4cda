#!/usr/bin/env python3
"""What las_info says of files, held against laspy.

    python scripts/las_info_beside_laspy.py path/to/las_info FOLDER…        (needs laspy and lazrs)

Compares version, point format, record length, number of points, scales, offsets, header box, true box, points by class and by return, withheld
points of every LAS and LAZ file below the folders, but for those in folders called "broken". Files that laspy refuses are named. The exit code is 1 where a
value differs.
"""

import json
import subprocess
import sys
from pathlib import Path

import laspy
import numpy as np


def counts(values):
    numbers, of = np.unique(np.asarray(values), return_counts=True)
    return {str(int(number)): int(count) for number, count in zip(numbers, of)}


def theirs(path):
    las = laspy.read(path)
    header = las.header
    found = {
        "version": f"{header.version.major}.{header.version.minor}",
        "format": header.point_format.id,
        "record_length": header.point_format.size,
        "points": header.point_count,
        "scale": list(header.scales),
        "offset": list(header.offsets),
        "min": list(header.mins),
        "max": list(header.maxs),
    }
    if len(las.points) == 0:
        return found
    found["points_by_class"] = counts(las.classification)
    found["points_by_return"] = counts(las.return_number)
    found["withheld"] = int(np.asarray(las.withheld).sum())
    ends = [[np.asarray(axis).min(), np.asarray(axis).max()] for axis in (las.X, las.Y, las.Z)]
    scaled = [np.array(end) * scale + offset for end, scale, offset in zip(ends, header.scales, header.offsets)]
    found["true_min"], found["true_max"] = ([float(f(end)) for end in scaled] for f in (np.min, np.max))
    return found


def main():
    program, folders = sys.argv[1], map(Path, sys.argv[2:])
    is_las = lambda path: path.suffix.lower() in (".las", ".laz") and "broken" not in path.parts
    files = sorted(path for folder in folders for path in folder.rglob("*") if is_las(path))
    equal, wrong = 0, 0
    for path in files:
        try:
            expected = theirs(path)
        except Exception as error:
            print(f"laspy cannot read {path}: {type(error).__name__}")
            continue
        run = subprocess.run([program, path, "--json"], capture_output=True, text=True)
        if run.returncode != 0:
            print(f"WRONG {path}: {run.stderr.strip()}")
            wrong += 1
            continue
        ours = json.loads(run.stdout)
        different = {name: (ours.get(name), value) for name, value in expected.items() if ours.get(name) != value}
        print(f"{'WRONG' if different else 'equal'} {path} {different or ''}")
        wrong += bool(different)
        equal += not different
    print(f"{equal} of {len(files)} files: {sum(1 for _ in files) - equal - wrong} that laspy refuses, {wrong} differ")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
