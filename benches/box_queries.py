#!/usr/bin/env python3
"""How much of a file is decoded for a box of 1 % of its area: a COPC file, and a LAZ file in flight lines with an index of its chunks.

    box_queries.py SCENE_DIR [--python PYTHON]

Makes both from SCENE_DIR/before.laz under target/boxes (the flight lines have five points for each of the scene's), asks for nine boxes of each
with the example las_extract, and writes docs/benchmarks/boxes.jsonl. PYTHON has laspy, lazrs and copclib.
"""
import argparse, json, pathlib, re, subprocess, sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
FLIGHT_LINES = """
import sys, laspy, numpy as np
las = laspy.read(sys.argv[1]); r = np.random.default_rng(1); n = 5 * len(las)
pick = r.integers(0, len(las), n)
x, y = (np.asarray(a)[pick] + r.normal(0, 1, n) for a in (las.x, las.y))
line = np.floor((x - x.min()) / 50).astype(int)
along = np.where(line % 2 == 0, y, -y)  # there and back
order = np.lexsort((along, line))
h = laspy.LasHeader(point_format=6, version="1.4"); h.scales, h.offsets = las.header.scales, las.header.offsets
out = laspy.LasData(h); out.x, out.y, out.z = x[order], y[order], np.asarray(las.z)[pick][order]
out.classification = np.asarray(las.classification)[pick][order]
out.write(sys.argv[2])
"""


def run(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("scene", type=pathlib.Path)
    a.add_argument("--python", default=sys.executable)
    o = a.parse_args()
    folder = ROOT / "target/boxes"
    folder.mkdir(parents=True, exist_ok=True)
    source, copc, lines = o.scene.resolve() / "before.laz", folder / "scene.copc.laz", folder / "lines.laz"
    if not copc.exists():
        run(o.python, ROOT / "scripts/make_copc.py", source, copc, "--leaf", 2000)
    if not lines.exists():
        run(o.python, "-c", FLIGHT_LINES, source, lines)
    run("cargo", "build", "--release", "--locked", "--example", "las_extract", "--example", "las_info")
    programs = ROOT / "target/release/examples"
    rows = []
    for path in (copc, lines):
        info = json.loads(run(programs / "las_info", path, "--json", "--header-only"))
        low, high = info["min"], info["max"]
        run(programs / "las_extract", path, folder / "part.laz", "--index", "--within", "0,0,1,1")
        size = [0.1 * (high[i] - low[i]) for i in (0, 1)]
        for column in range(3):
            for row in range(3):
                corner = [low[i] + (0.1 + 0.3 * (column, row)[i]) * (high[i] - low[i]) for i in (0, 1)]
                box = ",".join(map(str, [*corner, corner[0] + size[0], corner[1] + size[1]]))
                said = run(programs / "las_extract", path, folder / "part.laz", "--within", box)
                kept, points, decoded, chunks = map(int, re.match(r"(\d+) of (\d+) points; (\d+) of (\d+) chunks", said).groups())
                rows.append(dict(file=path.name, points=points, kept=kept, chunks=chunks, decoded=decoded, percent=round(100 * decoded / chunks, 2)))
    commit = run("git", "-C", ROOT, "rev-parse", "--short", "HEAD").strip()
    about = dict(commit=commit, box="1 % of the area, nine places", scene=o.scene.name)
    (ROOT / "docs/benchmarks/boxes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [about, *rows]))
    for name in (copc.name, lines.name):
        shares = [row["percent"] for row in rows if row["file"] == name]
        print(f"{name}: {min(shares)} to {max(shares)} % of {next(r['chunks'] for r in rows if r['file'] == name)} chunks decoded")


main()
