#!/usr/bin/env python3
"""Checks the invariants of docs/architecture.md that a compiler does not see. Exit code 1 with a line for each breach."""
import pathlib, re, sys, tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLOOR = dict(compute=0, cloud=0, crs=0, tiling=1, neighbours=1, raster=1, las=1, fits=1, npy=1, polygons=1, gpu=3, registration=2, change=2, emission=2, solar=2, remote=3,
             facade=4, program=5, survey=6, sun=6, cli=7, testkit=8)
PRINTS_NOTHING = ("survey", "sun")  # runs tell a listener; the programs around them print through crates/program
WITHIN = {("cloud", "compute"), ("crs", "cloud"), ("las", "tiling"), ("raster", "tiling")}  # allowed on one floor
LAZ_ONLY_IN, TILE_LOOP_ONLY_IN = "las", "tiling"
breaches = []

for manifest in sorted(ROOT.glob("crates/*/Cargo.toml")):
    crate = manifest.parent.name
    if crate not in FLOOR:
        breaches.append(f"crates/{crate} has no floor: add it to FLOOR in this script and to the code map of docs/architecture.md")
        continue
    data = tomllib.loads(manifest.read_text())
    for dependency in data.get("dependencies", {}):
        if dependency in ("laz", "las") and crate != LAZ_ONLY_IN:
            breaches.append(f"{crate} names the LAZ codec ({dependency}); only {LAZ_ONLY_IN} may")
        if dependency == "fitskit" and crate != "fits":
            breaches.append(f"{crate} names the FITS codec; only fits may")
        if dependency == "wgpu" and crate != "gpu":
            breaches.append(f"{crate} names wgpu; only gpu may")
        if dependency == "isopach" or dependency.startswith("isopach-"):
            on = "facade" if dependency == "isopach" else dependency.removeprefix("isopach-")
            if on not in FLOOR:
                breaches.append(f"{crate} depends on {dependency}, which has no floor")
            elif FLOOR[on] >= FLOOR[crate] and (crate, on) not in WITHIN:
                breaches.append(f"{crate} (floor {FLOOR[crate]}) depends on {on} (floor {FLOOR[on]})")
    if data.get("lints", {}).get("workspace") is not True:
        breaches.append(f"{crate} does not inherit the workspace's lints")
    for source in manifest.parent.glob("src/**/*.rs"):
        text = source.read_text()
        where = source.relative_to(ROOT)
        if FLOOR[crate] == 2 and re.search(r"std::(fs|env|net)\b|ThreadPoolBuilder", text):
            breaches.append(f"{where}: floor 2 does no I/O, reads no environment, spawns no pool")
        if crate in PRINTS_NOTHING and re.search(r"^(?!\s*//).*\b(e?print(ln)?!|std(out|err)\(\))", text, re.M):
            breaches.append(f"{where}: a run prints nothing: it tells its listener")
        if FLOOR[crate] < FLOOR["facade"] and re.search(r"env::var\b", text):
            breaches.append(f"{where}: no environment variable below the facade")
        if re.search(r"\b(mod|struct|enum|trait) dem\b", text, re.I):
            breaches.append(f"{where}: 'DEM' means two things here; nothing is called that")
        for name in re.findall(r"pub (?:struct|enum|trait) (\w*(?:Manager|Processor|Orchestrator|Helper|Utils|Engine|Strategy|Config)\b)", text):
            breaches.append(f"{where}: {name} says nothing; see the words in docs/architecture.md")
        if "allow(unsafe_code)" in text and "SAFETY" not in text:
            breaches.append(f"{where}: unsafe without its SAFETY argument")

print("\n".join(breaches) or f"{len(FLOOR)} crates keep the invariants")
sys.exit(bool(breaches))
