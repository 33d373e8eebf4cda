#!/usr/bin/env python3
"""Runs the property tests of the workspace with other seeds than CI's: what fails for one seed in a hundred fails here and not in somebody's pull request.

    python3 scripts/more_properties.py [--rounds 20] [--first-seed 1] [--only TEXT]

Builds the tests, finds those that are written with `proptest!`, and runs them once a round, each round with the next seed. Prints a line a round and the seed of
what fails: `PROPTEST_RNG_SEED=SEED cargo test NAME` repeats it. Ends with 1 where something failed.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def names():
    """Functions that stand in a `proptest!` block, in any file."""
    found = set()
    for source in ROOT.glob("**/*.rs"):
        if "target" in source.relative_to(ROOT).parts:
            continue
        lines = iter(source.read_text().splitlines())
        for line in lines:
            if not re.match(r"\s*(proptest::)?proptest! \{", line):
                continue
            end = line[: len(line) - len(line.lstrip())] + "}"
            for inner in lines:
                if inner == end:
                    break
                found.update(re.findall(r"^\s*fn (\w+)\(", inner))
    return found


def programs():
    command = ["cargo", "test", "--workspace", "--locked", "--no-run", "--message-format=json"]
    built = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    messages = map(json.loads, built.splitlines())
    return sorted({(m["executable"], m["manifest_path"]) for m in messages if m.get("executable") and m["profile"]["test"]})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--only", default="", help="part of a test's name")
    given = parser.parse_args()
    wanted = {name for name in names() if given.only in name}
    tests = []
    for program, manifest in programs():
        listed = subprocess.run([program, "--list"], check=True, capture_output=True, text=True).stdout
        found = [line.removesuffix(": test") for line in listed.splitlines() if line.endswith(": test")]
        found = [name for name in found if name.rsplit("::", 1)[-1] in wanted]
        if found:
            tests.append((program, Path(manifest).parent, found))
    count = sum(len(found) for *_, found in tests)
    print(f"{count} property tests in {len(tests)} programs", flush=True)
    failures = 0
    for seed in range(given.first_seed, given.first_seed + given.rounds):
        environment = {**os.environ, "PROPTEST_RNG_SEED": str(seed), "PROPTEST_DISABLE_FAILURE_PERSISTENCE": "true"}
        failed = 0
        for program, folder, found in tests:
            command = [program, "--exact", *found]
            ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
            if ran.returncode != 0:
                failed += 1
                print(f"seed {seed}, {Path(program).name}:\n{ran.stdout[-4000:]}", flush=True)
        failures += failed
        print(f"seed {seed}: {failed} programs failed", flush=True)
    sys.exit(count == 0 or failures > 0)


main()
