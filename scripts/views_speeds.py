#!/usr/bin/env python3
"""Times `isopach perspectives` beside opencv + simplejpeg and beside ffmpeg's v360 filter, by turns.

    views_speeds.py [--frames 16] [--rounds 3] [--threads 2] [--ffmpeg-frames 4] [--program PATH] [--keep FOLDER] [--variants NAME,...]

Makes frames of 7680 × 3840 (JPEG, quality 92; a made picture with texture), the same for all, and cuts 8 views of 1920² (90°, all around,
bilinear, JPEG of quality 95, 4:2:0) from each:

* isopach: the whole program with --threads, from its start to its end: maps, contact sheet and records count;
* opencv: one process a core, each decodes a frame once (simplejpeg), remaps it (float32 maps) and encodes (simplejpeg); maps and the start of
  processes do not count;
* ffmpeg: v360 once a view over the first --ffmpeg-frames frames.

Variants of isopach are lines of their own. Prints views a second: the median of the rounds, and all rounds. Appends to docs/benchmarks/views.jsonl
with --append. Needs scripts/views_requirements.txt and ffmpeg.
"""
import argparse, json, math, multiprocessing, pathlib, shutil, statistics, subprocess, tempfile, time

import cv2
import numpy as np
import simplejpeg
from PIL import Image

from measured import ROOT, machine

COLUMNS, ROWS, SIDE, VIEWS, QUALITY = 7680, 3840, 1920, 8, 95
VARIANTS = {
    "isopach": ["--no-masks"],
    "isopach, planes never": ["--no-masks", "--planes", "never"],
    "isopach, decoder turbo": ["--no-masks", "--decoder", "turbo"],
    "isopach, with masks": [],
    "isopach, one thread": ["--no-masks", "--threads", "1"],
    "isopach, chroma 444": ["--no-masks", "--chroma", "444"],
    "isopach, bicubic": ["--no-masks", "--interpolation", "bicubic"],
    "isopach, nearest": ["--no-masks", "--interpolation", "nearest"],
    "isopach, antialias 2": ["--no-masks", "--antialias", "2"],
    "isopach, PNG views": ["--no-masks", "--format", "png"],
}


def make_frames(folder, count):
    """Frames of noise whose amplitude grows with its scale, each turned further."""
    rng = np.random.default_rng(7)
    picture = np.zeros((ROWS, COLUMNS, 3), np.float32)
    for scale in (1, 2, 4, 8, 16, 64, 256, 1024):
        noise = rng.standard_normal((max(ROWS // scale, 2), max(COLUMNS // scale, 2), 3)).astype(np.float32)
        picture += cv2.resize(noise, (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC) * (2.6 * scale**0.45)
    picture = (picture + 128).clip(0, 255).astype(np.uint8)
    for i in range(count):
        Image.fromarray(np.roll(picture, i * 331, axis=1)).save(folder / f"frame_{i:03d}.jpg", quality=92)


def maps():
    """The places of the views, as opencv counts them: from the centre of the first pixel."""
    focal = SIDE / 2 / math.tan(math.pi / 4)
    x, y = np.meshgrid((np.arange(SIDE) + 0.5 - SIDE / 2) / focal, (np.arange(SIDE) + 0.5 - SIDE / 2) / focal)
    made = []
    for k in range(VIEWS):
        yaw = 2 * math.pi * k / VIEWS
        across, ahead = np.cos(yaw) * x + np.sin(yaw), np.cos(yaw) - np.sin(yaw) * x
        u = (np.arctan2(across, ahead) / (2 * np.pi) + 0.5) * COLUMNS - 0.5
        v = (0.5 + np.arctan2(y, np.hypot(across, ahead)) / np.pi) * ROWS - 0.5
        made.append((u.astype(np.float32), v.astype(np.float32)))
    return made


MAPS = []


def cut_by_opencv(job):
    """One frame, decoded once; views are written as isopach names them."""
    path, out = job
    frame = simplejpeg.decode_jpeg(path.read_bytes())
    for k, (u, v) in enumerate(MAPS):
        view = cv2.remap(frame, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        encoded = simplejpeg.encode_jpeg(view, quality=QUALITY, colorsubsampling="420")
        (out / f"pano_camera{k}" / path.name).write_bytes(encoded)


def time_opencv(frames, out, threads):
    cv2.setNumThreads(1)
    if not MAPS:
        MAPS.extend(maps())
    for k in range(VIEWS):
        (out / f"pano_camera{k}").mkdir(parents=True)
    with multiprocessing.get_context("fork").Pool(threads) as pool:
        pool.map(abs, range(threads))
        began = time.perf_counter()
        pool.map(cut_by_opencv, [(path, out) for path in frames], chunksize=1)
        return time.perf_counter() - began


def time_ffmpeg(frames, out, threads):
    out.mkdir(parents=True)
    began = time.perf_counter()
    for k in range(VIEWS):
        yaw = 360 * k / VIEWS
        filters = f"v360=input=e:output=flat:h_fov=90:v_fov=90:yaw={yaw if yaw <= 180 else yaw - 360}:w={SIDE}:h={SIDE}:interp=linear"
        command = ["ffmpeg", "-nostdin", "-v", "error", "-threads", str(threads), "-start_number", "0", "-i", frames[0].parent / "frame_%03d.jpg",
                   "-frames:v", str(len(frames)), "-vf", filters, "-filter_threads", str(threads), "-q:v", "2", out / f"{k}_%03d.jpg"]
        subprocess.run(command, check=True)
    return time.perf_counter() - began


def time_isopach(program, frames, out, threads, words):
    """Seconds, and summary.json."""
    command = [*program, frames[0].parent, out, "--views", f"ring:{VIEWS}", "--size", str(SIDE), "--quality", str(QUALITY), "--memory", "4GiB",
               "--most-frames", str(len(frames))]
    if "--threads" not in words:
        command += ["--threads", str(threads)]
    began = time.perf_counter()
    subprocess.run([*command, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seconds = time.perf_counter() - began
    return seconds, json.loads((out / "summary.json").read_text())


def line_of(tool, frames, took, **more):
    views = [frames * VIEWS / seconds for seconds in took]
    return dict(tool=tool, frames=frames, views_per_s=round(statistics.median(views), 2), rounds=[round(v, 2) for v in views], **more)


def stages(summary):
    """Seconds of the stages of all workers together, and the share of the wall that is accounted for."""
    seconds = summary["seconds"]
    parts = {name: round(seconds[name], 3) for name in ("starting", "maps", "frames", "finishing", "all")}
    workers = {name: round(value, 3) for name, value in seconds["of_workers"].items()}
    return dict(accounted=round(summary["accounted"], 4), seconds=parts, seconds_of_workers=workers, peak_mib=round(summary["peak_mib"]))


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--frames", type=int, default=16)
    a.add_argument("--rounds", type=int, default=3)
    a.add_argument("--threads", type=int, default=2)
    a.add_argument("--ffmpeg-frames", type=int, default=4)
    a.add_argument("--program", help="a program with the options of isopach perspectives; target/release/isopach if not given")
    a.add_argument("--keep", type=pathlib.Path, help="folder of frames that are kept and used again")
    a.add_argument("--make", action="store_true", help="make the frames in --keep, and end")
    a.add_argument("--variants", default="isopach", help="variants of isopach by name, separated by ;, or all")
    a.add_argument("--peers", default="opencv,ffmpeg")
    a.add_argument("--append", action="store_true", help="append to docs/benchmarks/views.jsonl")
    a.add_argument("--remark", default="")
    o = a.parse_args()
    program = [o.program] if o.program else [ROOT / "target/release/isopach", "perspectives"]
    variants = list(VARIANTS) if o.variants == "all" else o.variants.split(";")
    with tempfile.TemporaryDirectory() as temporary:
        folder = o.keep or pathlib.Path(temporary) / "frames"
        folder.mkdir(exist_ok=True)
        if len(list(folder.glob("*.jpg"))) < o.frames:
            make_frames(folder, o.frames)
        if o.make:
            return
        frames = sorted(folder.glob("*.jpg"))
        frames = frames[: o.frames]
        out = pathlib.Path(temporary) / "out"
        seconds, summaries = {}, {}
        for _ in range(o.rounds):
            for name in [*variants, *filter(None, o.peers.split(","))]:
                if name == "opencv":
                    took = time_opencv(frames, out, o.threads)
                elif name == "ffmpeg":
                    took = time_ffmpeg(frames[: o.ffmpeg_frames], out, o.threads)
                else:
                    took, summaries[name] = time_isopach(program, frames, out, o.threads, VARIANTS[name])
                seconds.setdefault(name, []).append(took)
                shutil.rmtree(out)
    versions = dict(opencv=cv2.__version__, simplejpeg=simplejpeg.__version__,
                    ffmpeg=subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True).stdout.split()[2])
    lines = [dict(**machine(), panorama=[COLUMNS, ROWS], views=VIEWS, side=SIDE, quality=QUALITY, threads=o.threads, frames=o.frames, rounds=o.rounds,
                  mean_frame_bytes=round(statistics.mean(f.stat().st_size for f in frames)), remark=o.remark, **versions)]
    for name, took in seconds.items():
        count = o.ffmpeg_frames if name == "ffmpeg" else len(frames)
        more = stages(summaries[name]) if name in summaries else {}
        lines.append(line_of(name, count, took, **more))
    by_name = {line["tool"]: line["views_per_s"] for line in lines[1:]}
    for name in variants:
        ratios = {peer: round(by_name[name] / by_name[peer], 3) for peer in ("opencv", "ffmpeg") if peer in by_name}
        if ratios:
            lines.append(dict(tool=name, times_as_fast_as=ratios))
    text = "".join(json.dumps(line) + "\n" for line in lines)
    print(text, end="")
    if o.append:
        with open(ROOT / "docs/benchmarks/views.jsonl", "a") as file:
            file.write(text)


if __name__ == "__main__":
    main()
