#!/bin/sh
# small_gicp 1.0.1: a cloud in projected coordinates is thinned to one point, and two of them are "converged" without a pair.
#
# `voxelgrid_sampling` numbers voxels with 21 bits an axis, about zero. A point farther out than 2^20 voxels gets a line "voxel coord is out of range!!" on
# the terminal and the number of no voxel; all of those are then averaged as if they shared one, and the cloud that comes back is one of them. With UTM's
# northing of 5,400,000 m every voxel below 5.15 m does this, and `align` thins to 0.25 m unless told otherwise: then an easting of 500,000 m is
# enough. `align` warns that the clouds are too small, and returns the identity with `converged` True and `num_inliers` 0. Subtract a point of the survey from both clouds
# first; look at `num_inliers`, not at `converged`. Documentation and the function's text in Python do not name the limit.
#
# Seen: "about zero: 9905 of 20000 points, 0.000 m off; 5400000 m north: 1 of 20000 points, converged with 0 pairs, 0.374 m off". Exit code 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install small_gicp==1.0.1 numpy==2.4.6
cd "$folder"
cat > finding.py <<'PYTHON'
import numpy as np
import small_gicp

random = np.random.default_rng(1)


def epoch():
    plan = random.uniform(0, 100, (20_000, 2))
    return np.c_[plan, 4 * np.sin(plan[:, 0] / 7) + 4 * np.cos(plan[:, 1] / 9)]


before, after = epoch(), epoch()
shift = np.array([0.2, -0.1, 0.3])


def thinned(cloud):
    return small_gicp.voxelgrid_sampling(cloud, 1.0).size()


def aligned(origin):
    """The alignment at the default thinning, and how far off it leaves the shifted epoch, metres."""
    found = small_gicp.align(before + origin, after + shift + origin)
    turn, moved = found.T_target_source[:3, :3], found.T_target_source[:3, 3]
    off = (after + shift + origin) @ turn.T + moved - origin - after
    return found, float(np.sqrt((off**2).sum(axis=1).mean()))


here, there = np.zeros(3), np.array([500_000.0, 5_400_000.0, 300.0])
(near, near_off), (far, far_off) = aligned(here), aligned(there)
print(
    f"about zero: {thinned(before + here)} of {len(before)} points, {near_off:.3f} m off; 5400000 m north: {thinned(before + there)} of {len(before)} points, "
    f"{'converged' if far.converged else 'not converged'} with {far.num_inliers} pairs, {far_off:.3f} m off"
)
PYTHON
"$folder/venv/bin/python" finding.py 2>/dev/null | grep -v "^warning" | tee out.txt
grep -q "about zero: .* points, 0.000 m off; 5400000 m north: 1 of 20000 points, converged with 0 pairs, 0.374 m off" out.txt
