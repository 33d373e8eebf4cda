#!/usr/bin/env python3
"""Counts the instructions of each operation of the bench example with callgrind, one thread, so that a change that costs 3 % is seen on any machine.

    instructions.py SCENE_DIR [--only read,dod,...]        writes docs/benchmarks/instructions.jsonl

SCENE_DIR holds before.laz and after.laz (100,000 points each are plenty: `make_scene.py SCENE_DIR --points 100000`). Needs valgrind. `decode` keeps no
point and `filter` those of one class in one half, so what gathering and filtering cost is the difference to `read`. M3C2, C2C, ICP and kNN include reading both
files: take read off. Counts of the same binary and files repeat to some parts in a hundred thousand.
"""
import argparse, json, pathlib, re, subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("scene", type=pathlib.Path)
    a.add_argument("--only", default="decode,read,filter,read_all,dod,m3c2,c2c,icp,knn")
    o = a.parse_args()
    subprocess.run(["cargo", "build", "--release", "--example", "bench", "--locked"], cwd=ROOT, check=True)
    files = [str((o.scene / name).resolve()) for name in ("before.laz", "after.laz")]
    git = lambda *arguments: subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True).stdout.strip()
    commit = git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
    bench, lines = ROOT / "target/release/examples/bench", []
    points = json.loads(subprocess.run([bench, *files, "--one", "read"], capture_output=True, text=True, check=True).stdout)["points_read"]
    for operation in o.only.split(","):
        command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", bench, *files, "--threads", "1", "--one", operation]
        log = subprocess.run(command, capture_output=True, text=True, check=True).stderr
        count = int(re.search(r"I\s+refs:\s+([\d,]+)", log)[1].replace(",", ""))
        lines.append(dict(operation=operation, instructions=count, points=points, instructions_per_point=round(count / points), commit=commit))
        print(json.dumps(lines[-1]), flush=True)
    (ROOT / "docs/benchmarks/instructions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


main()
