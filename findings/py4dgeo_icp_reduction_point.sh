#!/bin/sh
# py4dgeo 1.2.0: a registration with a reduction point returns a transformation that is wrong once there is a rotation.
#
# `iterative_closest_point` and `point_to_plane_icp` take a `reduction_point`, "to increase the numerical accuracy". The matrix that they
# return is fitted without it (registration.py: `_fit_transform(epoch.cloud, cloud)`), but is returned together with it, and
# `Epoch.transform` applies the matrix about the point. The error is (R - I) times the reduction point: for an exact copy turned by 1
# degree and a point 22.9 m from zero 0.39 m; with the centre of a survey in UTM it would be kilometres. Without a reduction point the
# same call is right to rounding.
#
# Upstream: 3dgeo-heidelberg/py4dgeo issue 298 ("plain wrong", closed 2023) and 482 (the plane variant, open). Release 1.2.0 still has it.
#
# Seen: "right without a reduction point: 0.000000 m, with [10, 20, 5]: 0.39026 m". Exit code 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install py4dgeo==1.2.0 numpy
cd "$folder"
cat > finding.py <<'PYTHON'
import numpy as np, py4dgeo

random = np.random.default_rng(1)
plan = random.uniform(-50, 50, (5000, 2))
moving = np.c_[plan, 4 * np.sin(plan[:, 0] / 7) + 4 * np.cos(plan[:, 1] / 9)]
angle = np.radians(1.0)
turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
fixed = moving @ turn.T + [0.05, 0.03, 0.02]


def error(reduction_point):
    reference, epoch = py4dgeo.Epoch(fixed.copy()), py4dgeo.Epoch(moving.copy())
    found = py4dgeo.iterative_closest_point(reference, epoch, max_iterations=100, tolerance=1e-9, reduction_point=np.array(reduction_point))
    epoch.transform(found)
    return float(np.sqrt(((epoch.cloud - fixed) ** 2).sum(axis=1).mean()))


without, beside = error([0.0, 0.0, 0.0]), error([10.0, 20.0, 5.0])
print(f"py4dgeo {py4dgeo.__version__}: right without a reduction point: {without:.6f} m, with [10, 20, 5]: {beside:.6f} m")
raise SystemExit(0 if without < 1e-6 and 0.38 < beside < 0.40 else 1)
PYTHON
"$folder/venv/bin/python" finding.py 2>&1 | grep -v INFO > out.txt || true
cat out.txt
grep -q "without a reduction point: 0.000000 m, with \[10, 20, 5\]: 0.390" out.txt
