#!/bin/sh
# Open3D 0.20.0: its two interfaces remove other outliers at the same parameters.
#
# `PointCloud.remove_radius_outlier` (open3d.geometry) keeps a point with at least nb_points *other* points within the radius; `remove_radius_outliers` of the tensor
# interface (open3d.t) counts the point itself, so that it keeps points with one neighbour fewer. `remove_statistical_outlier` removes points whose
# nearest points are all at their own place (mean distance 0: duplicates, the densest places), `remove_statistical_outliers` of the tensor interface keeps them.
# Code that moves from one to the other filters other points without a word.
#
# Seen: "radius, 34 points: 0 kept by geometry, 4 by t; four points at one place: 0 kept by geometry, 4 by t". Exit code 1 if that changes. Needs python3 with venv and pip.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check open3d==0.20.0 numpy==2.4.6
cat > "$folder/both.py" <<'PYTHON'
import numpy as np, open3d

# Four points at one place, and thirty 0.1 m apart on a line.
points = np.concatenate([np.zeros((4, 3)), [[0.1 * i, 1, 0] for i in range(30)]])
classic = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(points))
tensor = open3d.t.geometry.PointCloud(open3d.core.Tensor(points))
near = [len(classic.remove_radius_outlier(4, 0.15)[1]), int(tensor.remove_radius_outliers(4, 0.15)[1].numpy().sum())]
kept = [np.isin(range(4), classic.remove_statistical_outlier(3, 2.0)[1]).sum(), tensor.remove_statistical_outliers(3, 2.0)[1].numpy()[:4].sum()]
print(f"radius, 34 points: {near[0]} kept by geometry, {near[1]} by t; four points at one place: {kept[0]} kept by geometry, {kept[1]} by t")
PYTHON
"$folder/venv/bin/python" "$folder/both.py" | tee "$folder/out.txt"
grep -q "34 points: 0 kept by geometry, 4 by t; four points at one place: 0 kept by geometry, 4 by t$" "$folder/out.txt"
