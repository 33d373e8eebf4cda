"""What scripts that measure say of the machine and of the code, and the surveys that they run."""

import json
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ("dod.tif", "dod_lod.tif", "m3c2.laz", "c2c.laz")
"""The files of a run of `terrain_change` that are compared byte by byte."""


def machine():
    """Processor, cores and commit; the latter ends in + where files differ from it."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    git = lambda *words: subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True).stdout.strip()
    commit = git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
    return dict(processor=model[1] if model else "unknown", cores=os.cpu_count(), commit=commit)


def survey(bin, folder, points, files, is_indexed):
    """Makes a survey of FILES × FILES flight-line files an epoch, with an index of the chunks of each file if it is to be; the folders of both epochs."""
    subprocess.run([bin / "make_survey", "make", folder, "--points", str(points), "--files", str(files)], check=True, stdout=subprocess.DEVNULL)
    epochs = [folder / "before", folder / "after"]
    for file in (file for epoch in epochs for file in sorted(epoch.glob("*.laz")) if is_indexed):
        # The index is made; what is extracted is of no interest.
        command = [bin / "las_extract", file, folder / "extracted.laz", "--index", "--classes", "2", "--within", "0,0,1000,1000"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return epochs


def timed(command):
    """Wall and processor seconds and peak memory (MiB) of a command."""
    return timed_output(command)[0]


def timed_output(command):
    """Wall and processor seconds and peak memory (MiB) of a command, and what it printed."""
    ran = subprocess.run(["/usr/bin/time", "-v", *map(str, command)], capture_output=True, text=True)
    if ran.returncode:
        raise SystemExit(ran.stderr[-2000:])
    seen = lambda name: re.search(name + r".*: ([\d.:]+)\n", ran.stderr).group(1)
    clock = [float(part) for part in seen("Elapsed").split(":")]
    wall = sum(part * 60**i for i, part in enumerate(reversed(clock)))
    cpu = float(seen("User time")) + float(seen("System time"))
    return dict(wall_s=round(wall, 1), cpu_s=round(cpu, 1), peak_rss_mib=round(int(seen("Maximum resident")) / 1024)), ran.stdout


def said(command):
    """The JSON line that a command prints."""
    return json.loads(subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout)
