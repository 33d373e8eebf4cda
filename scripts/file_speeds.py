#!/usr/bin/env python3
"""Reading and writing of LAS, LAZ and GeoTIFF by this tree and by another commit, by turns: the ratio of their processor times.

    python scripts/file_speeds.py COMMIT [ROUNDS [OPERATION…]]

Both are built in release from `scripts/file_speeds/main.rs` and the crates of each tree, in a temporary folder, the commit from a git worktree that is
removed at the end. Each round runs every operation once with each, in changing order; processor time is that of the process (user and system) less that
of one that does nothing. Prints a line an operation: the median ratio of this tree to the commit, its range over the rounds, and seconds.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
CRATES = ["cloud", "compute", "las", "raster", "tiling"]
# Repetitions in a process, so that each takes about a second.
OPERATIONS = {
    "read_laz": 6,
    "read_laz_columns": 3,
    "read_las": 20,
    "read_las_columns": 15,
    "write_laz": 2,
    "rewrite_to_las": 2,
    "rewrite_to_laz": 2,
    "read_tif": 12,
    "write_tif": 3,
}


def built(tree, folder):
    """The program with the crates of a tree."""
    folder.mkdir()
    profile = re.search(r"\[profile\.release\]\n(?:[^\[\n].*\n)*", (tree / "Cargo.toml").read_text()).group(0)
    paths = "".join(f'isopach-{name} = {{ path = "{tree}/crates/{name}" }}\n' for name in CRATES)
    (folder / "Cargo.toml").write_text(
        f'[package]\nname = "file_speeds"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n'
        f'[[bin]]\nname = "file_speeds"\npath = "{HERE}/scripts/file_speeds/main.rs"\n\n[dependencies]\n{paths}\n{profile}'
    )
    lock = tree / "Cargo.lock"
    (folder / "Cargo.lock").write_text(lock.read_text())  # the versions that the tree is built with
    environment = {**os.environ, "CARGO_TARGET_DIR": str(folder / "target")}
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=folder, env=environment, check=True)
    return folder / "target/release/file_speeds"


def seconds(program, operation, data, times):
    before = os.times()
    subprocess.run([program, operation, data, str(times)], check=True)
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


def main():
    commit, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 7
    operations = {name: OPERATIONS[name] for name in sys.argv[3:]} or OPERATIONS
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        other = folder / "other"
        subprocess.run(["git", "worktree", "add", "--detach", "--quiet", other, commit], cwd=HERE, check=True)
        try:
            programs = [built(HERE, folder / "a"), built(other, folder / "b")]
            compared(programs, folder, rounds, operations)
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", other], cwd=HERE, check=True)


def compared(programs, folder, rounds, operations):
    data = folder / "data"
    data.mkdir()
    subprocess.run([programs[0], "make", data, "1"], check=True)
    nothing = [statistics.median(seconds(program, "nothing", data, 1) for _ in range(5)) for program in programs]
    took = {operation: [] for operation in operations}
    for turn in range(rounds):
        for operation, times in operations.items():
            order = (0, 1) if turn % 2 == 0 else (1, 0)
            found = {which: seconds(programs[which], operation, data, times) - nothing[which] for which in order}
            took[operation].append((found[0] / times, found[1] / times))
    for operation, pairs in took.items():
        ratios = sorted(here / there for here, there in pairs)
        here, there = (statistics.median(pair[which] for pair in pairs) for which in (0, 1))
        print(
            f"{operation:17} ratio {statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f}), "
            f"{here:.3f} s against {there:.3f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
