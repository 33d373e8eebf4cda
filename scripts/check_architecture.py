#!/usr/bin/env python3
"""Checks the invariants of docs/architecture.md that a compiler does not see. Exit code 1 with a line for each breach."""
import pathlib, re, sys, tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLOOR = dict(compute=0, cloud=0, crs=0, tiling=1, neighbours=1, raster=1, las=1, fits=1, npy=1, polygons=1, gpu=3, registration=2, change=2, features=2, patches=2, colour=2, emission=2, solar=2, panorama=2, remote=3,
             facade=4, program=5, survey=6, sun=6, perspectives=6, cli=7, testkit=8)
PRINTS_NOTHING = ("survey", "sun", "perspectives")  # runs tell a listener; the programs around them print through crates/program
WITHIN = {("cloud", "compute"), ("crs", "cloud"), ("las", "tiling"), ("raster", "tiling"), ("patches", "features")}  # allowed on one floor
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


def check_tests():
    """Every file of tests is a module of tests/all.rs or a program of its own: with autotests = false cargo would pass over it without a word."""
    for manifest in [ROOT / "Cargo.toml", *sorted(ROOT.glob("crates/*/Cargo.toml"))]:
        data = tomllib.loads(manifest.read_text())
        tests = manifest.parent / "tests"
        if data["package"].get("autotests", True) or not tests.is_dir():
            continue
        run = {test["name"] for test in data.get("test", [])}
        modules = set(re.findall(r"^mod (\w+);", (tests / "all.rs").read_text(), re.M))
        for path in sorted(tests.iterdir()):
            is_test = path.suffix == ".rs" or (path / "mod.rs").exists()
            helper = any(re.search(rf"^mod {path.stem};", (tests / f"{name}.rs").read_text(), re.M) for name in run)
            if is_test and path.stem not in run | modules and not helper:
                breaches.append(f"{path.relative_to(ROOT)} is not run: name it in all.rs, or as a [[test]] in {manifest.relative_to(ROOT)}")


check_tests()


def check_gpu_floors():
    """Files of crates/gpu use only lower floors, in the order of the table in its lib.rs, and no two files of a floor use each other."""
    source = ROOT / "crates/gpu/src"
    table = re.search(r"//! \| floor \|.*?\n(?!//! \|)", (source / "lib.rs").read_text(), re.S).group()
    order = [name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    uses = {}
    for file in source.glob("**/*.rs"):
        path = file.relative_to(source).with_suffix("").parts
        path = path[:-1] if path[-1] == "mod" else path
        text = re.sub(r"//.*", "", file.read_text().split("#[cfg(test)]")[0])
        paths = set()
        for root, tree in re.findall(r"use (crate|super)::(.*?);", text, re.S):
            paths |= {(("crate",) if root == "crate" else ("crate",) + path[:-1]) + tuple(p) for p in leaves(tree)}
        for child, tree in re.findall(r"^(?:pub(?:\([a-z]+\))? )?use (?!crate|super|std)(\w+)(::.*?)?;", text, re.S | re.M):
            if (file.parent / f"{child}.rs").exists() or (file.parent / child).is_dir():
                paths |= {("crate",) + path + (child,) + tuple(p) for p in leaves(tree.removeprefix("::"))}
        paths |= {tuple(found.split("::")) for found in re.findall(r"\bcrate(?:::\w+)+", text)}
        uses[path] = {p[1:] for p in paths}
    files = {path: {max((f for f in uses if f == used[:len(f)]), key=len, default=None) for used in found} - {None, path} for path, found in uses.items()}
    for path, found in files.items():
        for used in found:
            if path == ("lib",) or not path or not used:
                continue
            if path[0] != used[0] and order.index(path[0]) < order.index(used[0]):
                breaches.append(f"crates/gpu: {'/'.join(path)} (floor {path[0]}) uses {'/'.join(used)} (floor {used[0]}, above it)")
    for start in files:
        reached, stack = set(), list(files[start])
        while stack:
            here = stack.pop()
            if here not in reached:
                reached.add(here)
                stack += files[here]
        if start in reached:
            breaches.append(f"crates/gpu: {'/'.join(start)} uses itself through other files")

def leaves(tree):
    """The paths of a use tree: `a::{b, c::d}` is a::b and a::c::d."""
    tree = re.sub(r"\s+", "", tree)
    head, brace, rest = tree.partition("{")
    prefix = [part for part in head.split("::") if part]
    if not brace:
        return [prefix]
    depth, start, parts = 0, 0, []
    body = rest[: rest.rindex("}")]
    for i, c in enumerate(body + ","):
        depth += (c == "{") - (c == "}")
        if c == "," and depth == 0:
            parts.append(body[start:i])
            start = i + 1
    return [prefix + leaf for part in parts if part for leaf in leaves(part)]

check_gpu_floors()

print("\n".join(breaches) or f"{len(FLOOR)} crates keep the invariants")
sys.exit(bool(breaches))
