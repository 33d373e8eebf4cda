"""One program built with the crates of this tree and with those of another commit, run by turns: the ratio of their processor times, and that
of their wall times with all threads.

For `file_speeds.py`, `emission_speeds.py`, `alignment_speeds.py` and `index_speeds.py`. Both are built in release, with the tree's own profile and locked versions, in a
temporary folder, the commit from a git worktree that is removed at the end. The program is run as `PROGRAM OPERATION FOLDER TIMES`; `make` puts files into
the folder, `nothing` does what every operation does before it begins. With crates that have this tree's names the program has the feature `this`; without it
it uses the names of 83a5d3a.
"""

import contextlib
import os
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]


def built(name, tree, folder, crates, packages, features):
    """The program `scripts/NAME/main.rs` with the crates of a tree; a package is of the locked version, or that of `package@version`."""
    folder.mkdir()
    profile = re.search(r"\[profile\.release\]\n(?:[^\[\n].*\n)*", (tree / "Cargo.toml").read_text()).group(0)
    paths = "".join(f'isopach-{crate} = {{ path = "{tree}/crates/{crate}" }}\n' for crate in crates)
    versions = (package.partition("@") for package in packages)
    others = "".join(f'{package} = "{"=" if version else "*"}{version}"\n' for package, _, version in versions)
    (folder / "Cargo.toml").write_text(
        f'[package]\nname = "{name}"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n[features]\nthis = []\n\n'
        f'[[bin]]\nname = "{name}"\npath = "{HERE}/scripts/{name}/main.rs"\n\n[dependencies]\n{paths}{others}\n{profile}'
    )
    (folder / "Cargo.lock").write_text((tree / "Cargo.lock").read_text())
    environment = {**os.environ, "CARGO_TARGET_DIR": str(folder / "target")}
    check = ["cargo", "check", "--quiet", "--features", "this"]
    if crates and not features and subprocess.run(check, cwd=folder, env=environment, capture_output=True).returncode == 0:
        features = ["--features", "this"]  # a commit after the names were changed
    subprocess.run(["cargo", "build", "--release", "--quiet", *features], cwd=folder, env=environment, check=True)
    return folder / "target/release" / name


@contextlib.contextmanager
def worktree(commit, folder):
    """The tree of a commit in a new folder, removed at the end."""
    subprocess.run(["git", "worktree", "add", "--detach", "--quiet", folder, commit], cwd=HERE, check=True)
    try:
        yield folder
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", folder], cwd=HERE, check=True)


def seconds(program, operation, data, times):
    """Processor time of a process, user and system, and its wall time."""
    before, start = os.times(), time.monotonic()
    subprocess.run([program, operation, data, str(times)], check=True)
    after = os.times()
    processor = after.children_user - before.children_user + after.children_system - before.children_system
    return processor, time.monotonic() - start


def compare(name, commit, rounds, operations, crates, packages=()):
    """Prints a line an operation (name: repetitions in a process): the median ratio, its range over the rounds, seconds."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        with worktree(commit, folder / "other") as other:
            programs = [
                built(name, HERE, folder / "a", crates, packages, ["--features", "this"]),
                built(name, other, folder / "b", crates, packages, []),
            ]
            by_turns(programs, folder / "data", rounds, operations)


def by_turns(programs, data, rounds, operations):
    data.mkdir()
    subprocess.run([programs[0], "make", data, "1"], check=True)
    idle = [[seconds(program, "nothing", data, 1) for _ in range(5)] for program in programs]
    nothing = [[statistics.median(of_kind) for of_kind in zip(*runs)] for runs in idle]
    took = {operation: [] for operation in operations}
    for turn in range(rounds):
        for operation, times in operations.items():
            pair = [None, None]
            for which in (0, 1) if turn % 2 == 0 else (1, 0):
                found = seconds(programs[which], operation, data, times)
                pair[which] = [(all_ - empty) / times for all_, empty in zip(found, nothing[which])]
            took[operation].append(pair)
    for operation, pairs in took.items():
        words = [compared([(here[kind], there[kind]) for here, there in pairs]) for kind in (0, 1)]
        print(f"{operation:17} ratio {words[0]}; wall {words[1]}", flush=True)


def compared(pairs):
    """The median ratio of pairs of times, its range, and the median times."""
    ratios = sorted(here / there for here, there in pairs)
    here, there = (statistics.median(pair[which] for pair in pairs) for which in (0, 1))
    return f"{statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f}), {here:.3f} s against {there:.3f} s"
