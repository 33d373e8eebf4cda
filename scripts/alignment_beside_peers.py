#!/usr/bin/env python3
"""Aligns pairs whose true pose is known by isopach and by other tools, and prints how far each ends from the truth.

    alignment_beside_peers.py DATA [--ours COMMAND] [--starts 4] [--only strip,halves] [--tools small_gicp,open3d,...]

DATA holds lidar/ and cases/science/ (../shared/data). Needs small_gicp==1.0.1, open3d==0.20.0, py4dgeo==1.2.0, laspy[lazrs], numpy.
A case is a fixed and a moving file, the true pose of the moving one, and starts up to 2 m and 2 degrees from the truth. COMMAND is
called as `COMMAND fixed.laz moving.laz --start FILE`; FILE holds {"matrix": 4x4 rows, "origin": [x, y, z]}, a transform of coordinates
less origin. It must print such an object with the key "outcome".

A line of JSON for each case, tool and start:
  error_m       root mean square distance from the true place over the moving points that the case counts
  error_z_m     the same along z alone (flat ground determines nothing else)
  start_m       error_m of the start
  converged     what the tool says of itself (null: nothing); outcome: isopach's word

Settings are those that the tools' documentation recommends for clouds of a known spacing s (median distance of neighbours):
  small_gicp    align(): PLANE_ICP and GICP, its defaults but max_correspondence_distance 2.5 m, downsampling s, 100 iterations
  open3d        registration_icp(): point to plane, normals of 20 neighbours, distance 2.5 m, 100 iterations; the same with TukeyLoss(0.1)
  py4dgeo       point_to_plane_icp() with normals of radius 4 s and the centre as reduction point; icp_with_stable_areas() is left out:
                it asks for a level of detection and supervoxel sizes that the tools above do not need
All clouds are given to the tools less their centre, so that single precision harms nobody.
"""
import argparse, json, logging, pathlib, subprocess, sys, tempfile, time
import laspy
import numpy as np
from scipy.spatial import cKDTree

REACH = 2.5
ITERATIONS = 100


# ---------------------------------------------------------------- cases

def read(path, classes=None):
    las = laspy.read(path)
    keep = np.isin(las.classification, classes) if classes else slice(None)
    return np.asarray(las.xyz, dtype=np.float64)[keep]


def halves(xyz, seed):
    order = np.random.default_rng(seed).permutation(len(xyz))
    return xyz[order[::2]], xyz[order[1::2]]


def changed(xyz, share, by):
    """The share of the points with the lowest eastings, by thirds of its northings raised, lowered and raised: one side of the survey."""
    west = xyz[:, 0] <= np.quantile(xyz[:, 0], share)
    out = xyz.copy()
    third = np.digitize(xyz[:, 1], np.quantile(xyz[:, 1], [1 / 3, 2 / 3]))
    out[:, 2] += np.where(west, np.where(third == 1, -by, by), 0.0)
    return out, ~west


def pose(rotation_deg, translation):
    """4 x 4 of small rotations about x, y, z (degrees) and a translation."""
    x, y, z = np.radians(rotation_deg)
    cx, sx, cy, sy, cz, sz = np.cos(x), np.sin(x), np.cos(y), np.sin(y), np.cos(z), np.sin(z)
    out = np.eye(4)
    out[:3, :3] = (np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]]) @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
                   @ np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]]))
    out[:3, 3] = translation
    return out


def apply(matrix, xyz):
    return xyz @ matrix[:3, :3].T + matrix[:3, 3]


def starts(count, seed):
    """The identity, then transforms of at most 2 m and 2 degrees. They turn about the centre of the moving cloud."""
    random = np.random.default_rng(seed)
    yield np.eye(4)
    for _ in range(count - 1):
        direction, axis = random.normal(size=(2, 3))
        shift = direction / np.linalg.norm(direction) * random.uniform(0.2, 2.0)
        turn = axis / np.linalg.norm(axis) * random.uniform(0.2, 2.0)
        yield pose(turn, shift)


def cases(data):
    """Name, fixed, moving, true displacement of the moving cloud, mask of its points that count (unchanged ground)."""
    science, lidar = data / "cases/science", data / "lidar"
    a, b = read(science / "strip_a.laz"), read(science / "strip_b.laz")
    yield "strip", a, b, np.zeros(3), np.ones(len(b), bool)
    a, b = read(science / "flat_a.laz"), read(science / "flat_b.laz")
    yield "flat", a, b, np.array([0.3, 0.2, 0.1]), np.ones(len(b), bool)
    for seed, (name, classes, by) in enumerate([("ttp_2015", [2], 0.3), ("topography", None, 0.7), ("bcts_1", [2], 1.0), ("megaplot", None, 1.5)]):
        a, b = halves(read(lidar / f"{name}.laz", classes), seed)
        label = f"halves of {name}{' ground' if classes else ''}"
        yield label, a, b, np.zeros(3), np.ones(len(b), bool)
        c, stable = changed(b, 0.3, by)
        yield f"{label}, 30 % changed by {by} m", a, c, np.zeros(3), stable


# ---------------------------------------------------------------- tools
# Each gets fixed and moving coordinates about a common origin, the start, and the spacing; gives the pose and what it says of itself.

def small_gicp_with(kind):
    def run(fixed, moving, start, spacing):
        import small_gicp
        result = small_gicp.align(fixed, moving, start, registration_type=kind, downsampling_resolution=spacing,
                                  max_correspondence_distance=REACH, max_iterations=ITERATIONS, num_threads=1)
        return result.T_target_source, bool(result.converged)
    return run


def open3d_with(tukey):
    def run(fixed, moving, start, spacing):
        import open3d
        registration = open3d.pipelines.registration
        clouds = [open3d.geometry.PointCloud(open3d.utility.Vector3dVector(xyz)) for xyz in (moving, fixed)]
        clouds[1].estimate_normals(open3d.geometry.KDTreeSearchParamKNN(20))
        loss = [registration.TukeyLoss(k=tukey)] if tukey else []
        result = registration.registration_icp(*clouds, REACH, start, registration.TransformationEstimationPointToPlane(*loss),
                                               registration.ICPConvergenceCriteria(max_iteration=ITERATIONS))
        return result.transformation, None
    return run


def py4dgeo_point_to_plane(fixed, moving, start, spacing):
    import py4dgeo
    reference, epoch = py4dgeo.Epoch(fixed), py4dgeo.Epoch(apply(start, moving))
    for cloud in (reference, epoch):  # the moving one, too: it ends with an error otherwise
        cloud.calculate_normals(radius=4 * spacing, orientation_vector=np.array([0.0, 0.0, 1.0]))
    found = py4dgeo.point_to_plane_icp(reference, epoch, max_iterations=ITERATIONS, reduction_point=np.zeros(3))
    matrix = np.eye(4)
    affine = found.affine_transformation
    matrix[:affine.shape[0], :4] = affine
    return matrix @ start, None


def ours_by(command):
    def run(fixed, moving, start, spacing):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            for name, xyz in (("fixed", fixed), ("moving", moving)):
                write(folder / f"{name}.laz", xyz)
            (folder / "start.json").write_text(json.dumps(dict(matrix=start.tolist(), origin=[0.0, 0.0, 0.0])))
            out = subprocess.run([*command.split(), folder / "fixed.laz", folder / "moving.laz", "--start", folder / "start.json"],
                                 capture_output=True, text=True)
            if out.returncode:
                raise RuntimeError(out.stderr.strip())
            answer = json.loads(out.stdout.strip().splitlines()[-1])
        return about_zero(answer), answer["outcome"]
    return run


def about_zero(answer):
    """The transform of coordinates less origin, as one of coordinates."""
    matrix, origin = np.array(answer["matrix"], dtype=float), np.array(answer.get("origin", [0, 0, 0]), dtype=float)
    matrix[:3, 3] += origin - matrix[:3, :3] @ origin
    return matrix


def write(path, xyz):
    header = laspy.LasHeader(point_format=6, version="1.4")
    header.scales, header.offsets = [1e-4] * 3, np.floor(xyz.min(axis=0))
    las = laspy.LasData(header)
    las.x, las.y, las.z = xyz.T
    las.classification = np.full(len(xyz), 2, np.uint8)
    las.write(path)


# ---------------------------------------------------------------- run

def measured(run, fixed, moving, truth, counts, start, spacing):
    began = time.process_time()
    matrix, said = run(fixed, moving, start, spacing)
    wrong = apply(matrix, moving)[counts] - truth[counts]
    line = dict(error_m=rms(wrong), error_z_m=rms(wrong[:, 2:]), start_m=rms(apply(start, moving)[counts] - truth[counts]))
    line["outcome" if isinstance(said, str) else "converged"] = said
    return line | dict(cpu_s=round(time.process_time() - began, 2))


def rms(wrong):
    return round(float(np.sqrt((wrong ** 2).sum(axis=1).mean())), 5)


def spacing_of(xyz):
    sample = xyz[:: max(1, len(xyz) // 5000)]
    return float(np.median(cKDTree(xyz).query(sample, k=2)[0][:, 1]))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("data", type=pathlib.Path)
    options.add_argument("--ours", help="command that aligns two files")
    options.add_argument("--starts", type=int, default=4)
    options.add_argument("--only", default="", help="cases whose names contain one of these, by commas")
    options.add_argument("--tools", default="", help="tools whose names contain one of these, by commas")
    chosen = options.parse_args()
    logging.disable(logging.ERROR)  # py4dgeo logs to the same stream
    tools = {"small_gicp plane": small_gicp_with("PLANE_ICP"), "small_gicp gicp": small_gicp_with("GICP"), "open3d plane": open3d_with(None),
             "open3d plane Tukey 0.1 m": open3d_with(0.1), "py4dgeo plane": py4dgeo_point_to_plane}
    if chosen.ours:
        tools["isopach"] = ours_by(chosen.ours)
    for name, fixed, moving, displacement, counts in cases(chosen.data):
        centre = np.round(fixed.mean(axis=0))
        fixed, moving = fixed - centre, moving - centre
        truth, spacing = moving - displacement, spacing_of(fixed)
        for number, start in enumerate(starts(chosen.starts, 7)):
            for tool, run in tools.items():
                if not named(name, chosen.only) or not named(tool, chosen.tools):
                    continue
                line = dict(case=name, tool=tool, start=number)
                try:
                    line |= measured(run, fixed, moving, truth, counts, start, spacing)
                except Exception as error:  # a tool that fails has a line, too
                    line |= dict(failed=f"{type(error).__name__}: {error}"[:300])
                print(json.dumps(line), flush=True)


def named(name, wanted):
    return not wanted or any(part in name for part in wanted.split(","))


if __name__ == "__main__":
    sys.exit(main())
