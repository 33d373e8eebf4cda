#!/usr/bin/env python3
"""Compares views of `isopach perspectives` with pycolmap, py360convert and ffmpeg, and loads its rig and masks with pycolmap.

    views_beside_peers.py [--program PATH] [--append]

Makes panoramas of 3840 × 1920 (PNG) whose colours tell places, cuts a view of 90° and 960² by each tool, and reads the shift of its places back from
its colours. Prints a JSON line a check, and appends them to docs/benchmarks/views.jsonl with --append. Ends with 1 where a
check of isopach fails. Needs scripts/views_requirements.txt and ffmpeg.

A place is told by waves of 15 levels a pixel along each axis: the shift of a view is the difference of its values from those at the exact places,
divided by the slope. What 8 bits leave of it is measured by exact values that are rounded ("floor of the method").
"""
import argparse, json, math, pathlib, subprocess, sys, tempfile

import cv2
import numpy as np
import py360convert
import pycolmap
import pycolmap.panorama as pano
from PIL import Image

from measured import ROOT, machine

COLUMNS, ROWS, SIDE = 3840, 1920, 960
BOUND_PX = 0.001
failed = []


def report(**line):
    if line.get("within_bounds") is False:
        failed.append(line["check"])
    LINES.append(line)
    print(json.dumps(line), flush=True)


LINES = []


def random_cameras(count):
    """Yaw, pitch, roll and field of view in degrees, columns and rows."""
    rng = np.random.default_rng(19)
    cameras = [[180, 0, 0, 90, 96, 96], [30, 90, 0, 90, 97, 97], [-70, -90, 45, 100, 96, 64], [179.9, 2, 0, 60, 64, 96]]
    for _ in range(count):
        cameras.append([*rng.uniform([-360, -90, -180, 20], [360, 90, 180, 130]).tolist(), int(rng.integers(40, 160)), int(rng.integers(40, 160))])
    return cameras


def rotation(yaw, pitch, roll):
    """Rz(roll)·Rx(−pitch)·Ry(−yaw), by scipy-free numpy."""
    a, b, c = np.radians([-yaw, -pitch, roll])
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return about_z @ about_x @ about_y


def places_of_pycolmap(camera, size):
    """Places of all pixels, [row][column], by pycolmap's own camera and mapping."""
    yaw, pitch, roll, fov, columns, rows = camera
    focal = columns / (2 * math.tan(math.radians(fov) / 2))
    model = pycolmap.Camera(model="SIMPLE_PINHOLE", width=columns, height=rows, params=[focal, columns / 2, rows / 2])
    x, y = np.meshgrid(np.arange(columns) + 0.5, np.arange(rows) + 0.5)
    rays = np.concatenate([model.cam_from_img(np.column_stack([x.ravel(), y.ravel()])), np.ones((columns * rows, 1))], -1)
    return pano.spherical_img_from_cam(size, rays @ rotation(yaw, pitch, roll)).reshape(rows, columns, 2)


def ramp_frames():
    """Pictures whose bilinear values tell x or y: triangle waves of a period of 32 pixels of step 16 levels, at four phases."""
    x = np.arange(COLUMNS)
    y = np.arange(ROWS)
    wave = lambda at, phase: (240 - np.abs((at + phase) % 32 - 16) * 15).astype(np.uint8)
    frames = {}
    for phase in (0, 8):
        frames[f"x{phase}"] = np.broadcast_to(wave(x, phase)[None, :, None], (ROWS, COLUMNS, 3))
        frames[f"y{phase}"] = np.broadcast_to(wave(y, phase)[:, None, None], (ROWS, COLUMNS, 3))
    return frames


def bilinear(frame, places):
    """Values in float64: columns wrap, rows clamp."""
    u, v = places[..., 0] - 0.5, np.clip(places[..., 1] - 0.5, 0, ROWS - 1)
    i, j = np.floor(u).astype(int), np.minimum(np.floor(v).astype(int), ROWS - 2)
    a, b = u - i, v - j
    grey = frame[..., 0].astype(float)
    i0, i1 = i % COLUMNS, (i + 1) % COLUMNS
    return grey[j, i0] * (1 - a) * (1 - b) + grey[j, i1] * a * (1 - b) + grey[j + 1, i0] * (1 - a) * b + grey[j + 1, i1] * a * b


def shifts(view, frame, places, axis):
    """Mean shift of a view's values against the exact places, pixels, where the wave rises by 15 levels a pixel: its bias and largest block mean."""
    grey = view[..., 0].astype(float)
    exact = bilinear(frame, places)
    step = np.zeros(2)
    step[axis] = 1e-3
    slope = (bilinear(frame, places + step) - bilinear(frame, places - step)) / 2e-3
    # Away from the turns of the wave, and from the poles.
    is_steep = (np.abs(np.abs(slope) - 15) < 1e-6) & (np.abs(places[..., 1] / ROWS - 0.5) < 0.45)
    found = np.where(is_steep, (grey - exact) / np.where(is_steep, slope, 1), np.nan)
    # The rounding of values (±0.03 pixel) averages out over blocks of 32 × 32 pixels.
    blocks = found[: SIDE // 32 * 32, : SIDE // 32 * 32].reshape(SIDE // 32, 32, SIDE // 32, 32)
    means = np.nanmean(blocks, axis=(1, 3))
    return float(np.nanmean(found)), float(np.nanmax(np.abs(means))), float(np.nanmax(np.abs(found)))


def views_of_tools(program, folder, frames):
    """Views of 90° straight ahead, turned 33° right and 20° up, by tool and frame."""
    source = folder / "ramps"
    source.mkdir()
    for name, frame in frames.items():
        Image.fromarray(np.ascontiguousarray(frame)).save(source / f"{name}.png")
    (folder / "one.txt").write_text("33 20 0 90 960 960\n")
    out = folder / "ramp_views"
    subprocess.run([*program, source, out, "--views", folder / "one.txt", "--format", "png", "--antialias", "1", "--no-masks"], check=True, stdout=subprocess.DEVNULL)
    places = places_of_pycolmap([33, 20, 0, 90, SIDE, SIDE], (COLUMNS, ROWS))
    maps = [np.ascontiguousarray(places[..., k] - 0.5, dtype=np.float32) for k in (0, 1)]
    tools = {"isopach": {}, "pycolmap + opencv": {}, "py360convert": {}, "ffmpeg v360": {}, "floor of the method": {}}
    for name, frame in frames.items():
        frame = np.ascontiguousarray(frame)
        tools["isopach"][name] = np.asarray(Image.open(out / f"images/pano_camera0/{name}.png"))
        tools["pycolmap + opencv"][name] = cv2.remap(frame, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        tools["py360convert"][name] = py360convert.e2p(frame, fov_deg=(90, 90), u_deg=33, v_deg=20, out_hw=(SIDE, SIDE), mode="bilinear")
        view = folder / f"ffmpeg_{name}.png"
        filters = f"v360=input=e:output=flat:h_fov=90:v_fov=90:yaw=33:pitch=20:w={SIDE}:h={SIDE}:interp=linear"
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", source / f"{name}.png", "-vf", filters, "-pix_fmt", "rgb24", view], check=True)
        tools["ffmpeg v360"][name] = np.asarray(Image.open(view))
        tools["floor of the method"][name] = np.repeat(np.floor(bilinear(frame, places) + 0.5)[..., None], 3, -1)
    return tools, places


def check_colours(program, folder):
    """Systematic shifts of the views of all tools against exact places."""
    frames = ramp_frames()
    tools, places = views_of_tools(program, folder, frames)
    for tool, views in tools.items():
        shift = {name: shifts(views[name], frames[name], places, 0 if name[0] == "x" else 1) for name in frames}
        line = dict(check="shift of views", tool=tool, panorama=[COLUMNS, ROWS], side=SIDE)
        for axis in "xy":
            of_axis = [shift[f"{axis}{phase}"] for phase in (0, 8)]
            line[f"mean_{axis}_px"] = round(float(np.mean([mean for mean, _, _ in of_axis])), 5)
            line[f"largest_block_{axis}_px"] = round(max(block for _, block, _ in of_axis), 4)
            line[f"largest_{axis}_px"] = round(max(most for _, _, most in of_axis), 3)
        if tool == "isopach":
            line["within_bounds"] = all(abs(line[f"mean_{axis}_px"]) <= BOUND_PX for axis in "xy")
        report(**line)


def check_places_of_maps(example, folder):
    """Places of maps for random cameras: an example prints them as float64, and pycolmap computes them again."""
    cameras = random_cameras(20)
    views = folder / "random.txt"
    views.write_text("".join(" ".join(map(repr, camera)) + "\n" for camera in cameras))
    size = (7680, 3840)
    numbers = subprocess.run([example, *map(str, size), views], check=True, capture_output=True).stdout
    found = np.frombuffer(numbers, "<f8").reshape(-1, 4)
    start, worst = 0, np.zeros(2)
    for camera in cameras:
        expected = places_of_pycolmap(camera, size).reshape(-1, 2)
        ours = found[start : start + len(expected)]
        start += len(expected)
        for k, of in enumerate((ours[:, :2], ours[:, 2:])):
            across = of[:, 0] - expected[:, 0]
            across -= np.round(across / size[0]) * size[0]
            worst[k] = max(worst[k], np.abs(across).max(), np.abs(of[:, 1] - expected[:, 1]).max())
    assert start == len(found)
    report(check="places against pycolmap.panorama", cameras=len(cameras), pixels=len(found), largest_px_of_geometry=float(worst[0]),
           largest_px_of_maps=float(worst[1]), within_bounds=bool((worst <= BOUND_PX).all()))


def check_rig(program, folder):
    """The twelve views of pycolmap.panorama: rig_config.json and masks as pycolmap makes them, loaded by pycolmap."""
    frames = folder / "rig_frames"
    frames.mkdir()
    rng = np.random.default_rng(3)
    noise = cv2.resize(rng.integers(0, 255, (64, 128, 3), np.uint8), (1024, 512), interpolation=cv2.INTER_CUBIC)
    for i in range(3):
        Image.fromarray(np.roll(noise, 40 * i, 1)).save(frames / f"{i}.png")
    out, theirs = folder / "rig_views", folder / "rig_theirs"
    subprocess.run([*program, frames, out, "--views", "colmap", "--format", "png", "--antialias", "1"], check=True, stdout=subprocess.DEVNULL)
    names = sorted(path.name for path in frames.iterdir())
    rendered = pano.render_perspective_images(names, frames, theirs / "images", theirs / "masks", pano.PANO_RENDER_OPTIONS[pano.PanoRenderType.PERSPECTIVE_OVERLAPPING], False)
    [config] = pycolmap.read_rig_config(out / "rig_config.json")
    angle, params = 0.0, 0.0
    for ours, of_pycolmap in zip(config.cameras, rendered.rig_config.cameras, strict=True):
        assert ours.image_prefix == of_pycolmap.image_prefix and ours.ref_sensor == of_pycolmap.ref_sensor
        if not ours.ref_sensor:
            turn = ours.cam_from_rig.rotation.matrix() @ of_pycolmap.cam_from_rig.rotation.matrix().T
            angle = max(angle, float(np.abs(turn - np.eye(3)).max()))
        params = max(params, float(np.abs(np.array(ours.camera.params) - of_pycolmap.camera.params).max()))
    differing, mask_pixels, view_levels, only_ours = 0, 0, 0, 0
    for k in range(12):
        for name in names:
            [a, b] = [np.asarray(Image.open(root / f"masks/pano_camera{k}/{name}.png")) for root in (out, theirs)]
            differing += int((a != b).sum())
            only_ours += int(((a == 255) & (b == 0)).sum())
            mask_pixels += a.size
            [a, b] = [np.asarray(Image.open(root / f"images/pano_camera{k}/{name}")).astype(int) for root in (out, theirs)]
            view_levels = max(view_levels, int(np.abs(a - b).max()))
    database = folder / "db.db"
    reader = pycolmap.ImageReaderOptions(mask_path=out / "masks", camera_model="SIMPLE_PINHOLE", camera_params=config.cameras[0].camera.params_to_string())
    extraction = pycolmap.FeatureExtractionOptions(use_gpu=False, num_threads=1)
    pycolmap.extract_features(database, out / "images", reader_options=reader, camera_mode=pycolmap.CameraMode.PER_FOLDER, extraction_options=extraction)
    with pycolmap.Database.open(database) as db:
        pycolmap.apply_rig_config([config], db)
        rigs, images, frames_of_rigs = db.num_rigs(), db.num_images(), db.num_frames()
        outside = 0
        for image in db.read_all_images():
            mask = np.asarray(Image.open(out / f"masks/{image.name}.png"))
            for x, y in db.read_keypoints(image.image_id)[:, :2]:
                outside += mask[min(int(y), mask.shape[0] - 1), min(int(x), mask.shape[1] - 1)] == 0
    report(check="rig and masks in pycolmap", largest_of_rotations=angle, largest_of_parameters=params, mask_pixels=mask_pixels, mask_pixels_that_differ=differing,
           of_them_used_by_isopach_alone=only_ours, largest_level_of_views=view_levels, rigs=rigs, images=images, frames=frames_of_rigs, keypoints_in_masked_pixels=int(outside),
           within_bounds=bool(angle < 1e-12 and params < 1e-9 and differing <= 1e-4 * mask_pixels and (rigs, images, frames_of_rigs) == (1, 36, 3) and outside == 0))


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--program", help="a program with the options of isopach perspectives; target/release/isopach if not given")
    a.add_argument("--places", default=ROOT / "target/release/examples/print_places", help="the example print_places of isopach-perspectives")
    a.add_argument("--append", action="store_true", help="append to docs/benchmarks/views.jsonl")
    o = a.parse_args()
    program = [o.program] if o.program else [ROOT / "target/release/isopach", "perspectives"]
    ffmpeg = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True).stdout.split()[2]
    report(**machine(), pycolmap=pycolmap.__version__, opencv=cv2.__version__, py360convert=py360convert.__version__, ffmpeg=ffmpeg)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        check_places_of_maps(o.places, folder)
        check_colours(program, folder)
        check_rig(program, folder)
    if o.append:
        with open(ROOT / "docs/benchmarks/views.jsonl", "a") as file:
            file.write("".join(json.dumps(line) + "\n" for line in LINES))
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
