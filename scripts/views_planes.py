#!/usr/bin/env python3
"""Compares the views that `isopach perspectives` makes from a JPEG's planes, and by way of red, green and blue, with exact views.

    views_planes.py [--program PATH] [--chroma 420,422,444] [--append]

Makes panoramas of 3840 × 1920 (red, green, blue, without loss): noise of all scales in all colours, smooth waves, and sharp edges between saturated
colours. Exact views (pycolmap.panorama's twelve, 90°, 960²) are bilinear values of these at the exact places, in single precision. The panoramas are
then encoded (JPEG, 4:2:0, 4:2:2 and 4:4:4, quality 92 and 100), and views made with --planes always and --planes never, encoded with the same resolution
of colours (quality 95 and 100). Prints a JSON line a case: of all views together the peak signal-to-noise ratio of red, green and blue and of the
brightness, the mean difference, and the difference that one value in 10,000 exceeds; the same of the frame itself beside the panorama ("frame"), which no
view can undo. Quality 100 twice is the nearest to "before encoding" that both ways have. Appends to docs/benchmarks/views.jsonl with --append. Ends
with 1 where planes that --planes auto keeps apart (4:2:0, 4:4:4) are worse by more than BOUND_DB or BOUND_SHARE. Needs scripts/views_requirements.txt.
"""
import argparse, json, math, pathlib, subprocess, sys, tempfile

import cv2
import numpy as np
from PIL import Image

from measured import ROOT, machine

COLUMNS, ROWS, SIDE = 3840, 1920, 960
# What planes may be worse by: a trifle of either ratio, and a share of the difference that one value in 10,000 exceeds.
BOUND_DB, BOUND_SHARE = 0.05, 0.03
KEPT_BY_AUTO = ("420", "444")
SUBSAMPLINGS = {"420": 2, "422": 1, "444": 0}
BRIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)


def noise(rng):
    """All scales and colours, the amplitude growing with the scale."""
    picture = np.zeros((ROWS, COLUMNS, 3), np.float32)
    for scale in (1, 2, 4, 8, 16, 64, 256):
        small = rng.standard_normal((max(ROWS // scale, 2), max(COLUMNS // scale, 2), 3)).astype(np.float32)
        picture += cv2.resize(small, (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC) * (2.6 * scale**0.45)
    return picture + 128


def waves(_):
    """Waves of another length in each colour."""
    x, y = np.meshgrid((np.arange(COLUMNS) + 0.5) / COLUMNS, (np.arange(ROWS) + 0.5) / ROWS)
    bands = [np.sin(2 * np.pi * (i + 1) * 20 * x + i) * np.sin(np.pi * (i + 2) * 9 * y) for i in range(3)]
    return 128 + 100 * np.stack(bands, axis=-1)


def edges(rng):
    """Triangles of saturated colours."""
    picture = np.full((ROWS, COLUMNS, 3), 128, np.uint8)
    colours = [[255, 0, 0], [0, 0, 255], [0, 255, 0], [255, 255, 0], [0, 255, 255], [255, 0, 255], [0, 0, 0], [255, 255, 255]]
    for i in range(3000):
        centre = rng.uniform([0, 0], [COLUMNS, ROWS])
        corners = (centre + rng.uniform(-60, 60, (3, 2))).astype(np.int32)
        cv2.fillPoly(picture, [corners], colours[i % len(colours)], lineType=cv2.LINE_AA)
    return picture


PANORAMAS = dict(noise=noise, waves=waves, edges=edges)


def exact_view(padded, yaw, pitch):
    """Bilinear values at the exact places; `padded` has a column more on either side, from beyond the seam."""
    focal = SIDE / 2 / math.tan(math.pi / 4)
    x, y = np.meshgrid((np.arange(SIDE) + 0.5 - SIDE / 2) / focal, (np.arange(SIDE) + 0.5 - SIDE / 2) / focal)
    down, ahead = y * math.cos(pitch) - math.sin(pitch), y * math.sin(pitch) + math.cos(pitch)
    across, ahead = math.cos(yaw) * x + math.sin(yaw) * ahead, math.cos(yaw) * ahead - math.sin(yaw) * x
    u = np.mod((np.arctan2(across, ahead) / (2 * np.pi) + 0.5) * COLUMNS, COLUMNS) - 0.5
    v = np.clip((0.5 + np.arctan2(down, np.hypot(across, ahead)) / np.pi) * ROWS - 0.5, 0, ROWS - 1)
    return cv2.remap(padded, (u + 1).astype(np.float32), v.astype(np.float32), cv2.INTER_LINEAR)


def exact_views(picture):
    padded = np.concatenate([picture[:, -1:], picture, picture[:, :1]], axis=1).astype(np.float32)
    angles = [(90 * i + (45 if pitch > 0 else 0), pitch) for pitch in (-35, 0, 35) for i in range(4)]
    return [exact_view(padded, math.radians(yaw), math.radians(pitch)) for yaw, pitch in angles]


def ratio_db(difference):
    return round(10 * math.log10(255**2 / float((difference.astype(np.float64) ** 2).mean())), 3)


def differences(exact, paths):
    """Of pictures in files from exact ones."""
    all = np.stack([np.asarray(Image.open(path)).astype(np.float32) - picture for path, picture in zip(paths, exact)])
    sizes = np.abs(all)
    return dict(psnr_db=ratio_db(all), brightness_psnr_db=ratio_db(all @ BRIGHTNESS), mean=round(float(all.mean(dtype=np.float64)), 4),
                one_in_10000=round(float(np.quantile(sizes, 0.9999)), 2), largest=round(float(sizes.max()), 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", help="a program with the options of isopach perspectives; target/release/isopach if not given")
    parser.add_argument("--chroma", default=",".join(SUBSAMPLINGS), help="resolutions of colours, by commas")
    parser.add_argument("--append", action="store_true", help="append to docs/benchmarks/views.jsonl")
    o = parser.parse_args()
    program = [o.program] if o.program else [ROOT / "target/release/isopach", "perspectives"]
    lines = [dict(**machine(), panorama=[COLUMNS, ROWS], views="colmap", side=SIDE, bound_db=BOUND_DB, bound_share=BOUND_SHARE)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        (folder / "frames").mkdir()
        for name, make in PANORAMAS.items():
            picture = make(np.random.default_rng(7)).clip(0, 255).round().astype(np.uint8)
            exact = exact_views(picture)
            views = [folder / f"out/images/pano_camera{k}/frame.jpg" for k in range(len(exact))]
            for chroma in o.chroma.split(","):
                for of_frame, of_view in ((92, 95), (100, 100)):
                    Image.fromarray(picture).save(folder / "frames/frame.jpg", quality=of_frame, subsampling=SUBSAMPLINGS[chroma])
                    case = dict(check="planes beside red, green and blue", panorama=name, chroma=chroma, quality=[of_frame, of_view])
                    case["frame"] = differences([picture.astype(np.float32)], [folder / "frames/frame.jpg"])
                    for planes in ("always", "never"):
                        words = ["--views", "colmap", "--size", str(SIDE), "--chroma", chroma, "--quality", str(of_view), "--planes", planes]
                        command = [*program, folder / "frames", folder / "out", "--no-masks", "--fresh", *words]
                        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                        summary = json.loads((folder / "out/summary.json").read_text())
                        assert summary["frames"]["by_planes"] == (planes == "always"), summary["frames"]
                        case[planes] = dict(**differences(exact, views), bytes=summary["bytes"]["written"])
                    worse_db = max(case["never"][ratio] - case["always"][ratio] for ratio in ("psnr_db", "brightness_psnr_db"))
                    worse_share = case["always"]["one_in_10000"] / case["never"]["one_in_10000"] - 1
                    if chroma in KEPT_BY_AUTO:
                        case["within_bounds"] = worse_db <= BOUND_DB and worse_share <= BOUND_SHARE
                    lines.append(case)
                    print(json.dumps(case), flush=True)
    if o.append:
        with open(ROOT / "docs/benchmarks/views.jsonl", "a") as file:
            file.write("".join(json.dumps(line) + "\n" for line in lines))
    if not all(line.get("within_bounds", True) for line in lines):
        sys.exit(1)


if __name__ == "__main__":
    main()
