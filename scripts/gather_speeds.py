#!/usr/bin/env python3
"""A view of 90 degrees out of a panorama of 8 bits, on one thread, by turns: the definition, the portable version, the one with registers, and opencv's
remap with the same places as float32. Both are run twice in each turn: once after memory as large as the panorama was written (as a decoder does), once again.

    gather_speeds.py [--columns 7680] [--side 1920] [--bands 3] [--samplings bilinear] [--rounds 7] [--beside NAME=PROGRAM ...]
                                                                                                   appends lines to docs/benchmarks/gather.jsonl
    gather_speeds.py --values [--program PROGRAM]                                                  values alone, small pictures of one to four bands

--beside adds builds of the example from other trees, with registers. Needs scripts/gather_requirements.txt. A line a view: milliseconds (least and median),
cycles a pixel, and how opencv's picture differs: its cubic has a = -0.75, ours -0.5.
"""
import argparse, json, os, pathlib, statistics, subprocess, sys, tempfile, time

import cv2
import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent
WAYS = ("widest", "portable", "opencv")
SAMPLINGS = {"nearest": cv2.INTER_NEAREST, "bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--columns", type=int, default=7680)
    parser.add_argument("--side", type=int, default=1920)
    parser.add_argument("--bands", default="3", help="numbers of bands, by commas")
    parser.add_argument("--samplings", default="bilinear", help=", ".join(SAMPLINGS) + ", by commas")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--views", default="0,0;45,-35;180,0;0,90", help="yaw,pitch in degrees")
    parser.add_argument("--beside", action="append", default=[], metavar="NAME=PROGRAM")
    parser.add_argument("--values", action="store_true", help="compare nearest and linear values with opencv's, without times; exit code 1 where they differ")
    parser.add_argument("--program", default=ROOT / "target/debug/examples/gather_speeds", help="build of the example for --values")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    if options.values:
        return compare_values(options.program)
    subprocess.run(["cargo", "build", "--release", "--locked", "-p", "isopach-raster", "--example", "gather_speeds"], cwd=ROOT, check=True)
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        raw = pathlib.Path(folder) / "panorama.raw"
        for bands in map(int, options.bands.split(",")):
            panorama = make_panorama(options.columns, options.columns // 2, bands)
            panorama.tofile(raw)
            for sampling in options.samplings.split(","):
                for view in options.views.split(";"):
                    yaw, pitch = map(float, view.split(","))
                    lines.append({**machine(), **compare(panorama, raw, options, sampling, yaw, pitch)})
                    print(json.dumps(lines[-1]), flush=True)
    with open(ROOT / "docs/benchmarks/gather.jsonl", "a") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


def machine():
    """Model of the processor, cores, and commit."""
    model = next(line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    git = lambda *arguments: subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True).stdout.strip()
    commit = git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
    return dict(processor=model, cores=os.cpu_count(), commit=commit, opencv=cv2.__version__)


def make_panorama(columns, rows, bands):
    """Waves and noise, as photographs have them."""
    random = numpy.random.default_rng(3)
    across, down = numpy.arange(columns), numpy.arange(rows)
    panorama = numpy.empty((rows, columns, bands), numpy.uint8)
    for band in range(bands):
        waves = 127 + 60 * numpy.sin(across / 37 + band)[None, :] + 50 * numpy.cos(down / 29 - band)[:, None]
        panorama[..., band] = (waves + random.integers(-15, 16, (rows, columns))).clip(0, 255)
    return panorama


def places(columns, side, yaw, pitch):
    """Places from the first centre, as the example computes them."""
    at = (numpy.arange(side) + 0.5 - side / 2) / (side / 2)
    x, y = numpy.meshgrid(at, at)
    z = numpy.ones_like(x)
    cos, sin = numpy.cos(numpy.radians(pitch)), numpy.sin(numpy.radians(pitch))
    y, z = y * cos - z * sin, y * sin + z * cos
    cos, sin = numpy.cos(numpy.radians(yaw)), numpy.sin(numpy.radians(yaw))
    x, z = x * cos + z * sin, z * cos - x * sin
    u = (numpy.arctan2(x, z) / (2 * numpy.pi) + 0.5) * columns - 0.5
    v = (numpy.arctan2(y, numpy.hypot(x, z)) / numpy.pi + 0.5) * (columns // 2) - 0.5
    return u.astype(numpy.float32), v.astype(numpy.float32)


def compare(panorama, raw, options, sampling, yaw, pitch):
    rows, columns, bands = panorama.shape
    side = options.side
    u, v = places(columns, side, yaw, pitch)
    picture = numpy.empty((side, side, bands), numpy.uint8)
    memory = numpy.zeros(panorama.size // 8)
    arguments = list(map(str, [raw, columns, rows, bands, side, yaw, pitch, sampling]))
    start_example = lambda program: subprocess.Popen([program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    example = start_example(ROOT / "target/release/examples/gather_speeds")
    beside = {name: start_example(program) for name, program in (word.split("=", 1) for word in options.beside)}

    def ask(words, of=example):
        of.stdin.write(words + "\n")
        of.stdin.flush()
        return float(of.stdout.readline())

    def run(way):
        if way in beside:
            return ask("widest", beside[way])
        if way != "opencv":
            return ask(way)
        start = time.perf_counter()
        cv2.remap(panorama, u, v, SAMPLINGS[sampling], dst=picture, borderMode=cv2.BORDER_WRAP)
        return time.perf_counter() - start

    ways = (*WAYS, *beside)
    times = {(way, state): [] for way in ways for state in ("cold", "warm")}
    for _ in range(options.rounds):
        for way in ways:
            memory += 1
            for state in ("cold", "warm"):
                times[way, state].append(run(way))
    hertz = statistics.median(ask("clock") for _ in range(3))
    definition = ask("definition")
    view = raw.with_name("view.raw")
    ask(f"widest {view}")
    ours = numpy.fromfile(view, numpy.uint8).reshape(picture.shape)
    # Beyond the last row of centres opencv mixes in the opposite pole.
    inner = (v >= 0) & (v <= rows - 1)
    difference = numpy.abs(ours.astype(int) - picture)[inner]
    for process in (example, *beside.values()):
        process.stdin.close()
        process.wait()
    result = dict(sampling=sampling, bands=bands, columns=columns, rows=rows, side=side, yaw=yaw, pitch=pitch, rounds=options.rounds, definition_ms=round(1e3 * definition, 1))
    for (way, state), seconds in times.items():
        result[f"{way}_{state}_ms"] = [round(1e3 * min(seconds), 2), round(1e3 * statistics.median(seconds), 2)]
    result["clock_ghz"] = round(hertz / 1e9, 2)
    result["widest_warm_cycles_a_pixel"] = round(min(times["widest", "warm"]) * hertz / side**2, 1)
    result["opencv_over_widest"] = {state: round(statistics.median(times["opencv", state]) / statistics.median(times["widest", state]), 2) for state in ("cold", "warm")}
    result["largest_difference"] = int(difference.max())
    result["share_that_differs"] = round(float((difference > 0).mean()), 6)
    return result


def compare_values(program):
    """Nearest pixels are the same, but where single precision moves a place across a border; linear values are at most a level off: places are whole 1/2048
    pixel here. Beyond the outer rows of centres opencv mixes in the opposite pole."""
    columns, side, all_well = 1280, 320, True
    for bands in (1, 2, 3, 4):
        panorama = make_panorama(columns, columns // 2, bands)
        with tempfile.TemporaryDirectory() as folder:
            raw, view = pathlib.Path(folder) / "panorama.raw", pathlib.Path(folder) / "view.raw"
            panorama.tofile(raw)
            for sampling in ("nearest", "bilinear"):
                for yaw, pitch in ((0, 0), (180, 0), (45, -35), (0, 90)):
                    arguments = map(str, [program, raw, columns, columns // 2, bands, side, yaw, pitch, sampling])
                    subprocess.run(list(arguments), input=f"widest {view}\n", text=True, check=True, stdout=subprocess.DEVNULL)
                    u, v = places(columns, side, yaw, pitch)
                    theirs = cv2.remap(panorama, u, v, SAMPLINGS[sampling], borderMode=cv2.BORDER_WRAP).reshape(side, side, bands)
                    difference = numpy.abs(numpy.fromfile(view, numpy.uint8).reshape(theirs.shape).astype(int) - theirs)
                    counted = (v >= 0) & (v <= columns // 2 - 1)
                    if sampling == "nearest":
                        border = lambda at: numpy.abs((at + 0.5) - numpy.round(at + 0.5)) < 1 / 1024
                        counted &= ~border(u) & ~border(v)
                    largest = int(difference[counted].max())
                    within = largest <= (0 if sampling == "nearest" else 1)
                    all_well &= within
                    result = dict(sampling=sampling, bands=bands, yaw=yaw, pitch=pitch, counted=int(counted.sum()), of=side * side, largest_difference=largest)
                    print(json.dumps({**result, "within_bounds": within}), flush=True)
    return 0 if all_well else 1


sys.exit(main())
