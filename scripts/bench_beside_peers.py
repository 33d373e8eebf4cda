#!/usr/bin/env python3
"""Times isopach and other tools on the same two files, by turns, and writes what docs/benchmarks.md may quote.

    bench_beside_peers.py SCENE_DIR --peers ../shared/peers/bench_peers.py [--python PYTHON] [--threads 2] [--rounds 3]
                          [--only read,m3c2,...] [--name peers-1m] [--add]

SCENE_DIR holds before.laz and after.laz. Each round runs every tool once, so that a machine that slows down slows down all of them; the
best of the rounds counts. Writes docs/benchmarks/NAME.jsonl (a first line with machine, commit and parameters, then one a tool and
operation) and the table between the markers of that name in docs/benchmarks.md. PYTHON has the packages of the peers' requirements.txt.
--add keeps what earlier calls of the same commit, machine and threads have measured, so that rounds and operations can be spread over quiet minutes.
Neighbours on other kinds of clouds: index_speeds.py.
"""
import argparse, json, os, pathlib, platform, subprocess, sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MEASURED = ["Cargo.lock", "Cargo.toml", "crates", "examples", "src"]


def lines(command):
    out = subprocess.run(command, capture_output=True, text=True, cwd="/tmp")
    if out.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{out.stderr}")
    return [json.loads(line) for line in out.stdout.splitlines() if line.startswith("{")]


def machine():
    model = next((l.split(": ")[1] for l in open("/proc/cpuinfo").read().splitlines() if l.startswith("model name")), platform.processor())
    return f"{model}, {os.cpu_count()} cores, {platform.machine()} {platform.system().lower()}"


def git(*arguments):
    return subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True).stdout.strip()


def table(results):
    ours = {r["operation"]: r for r in results if r["peer"] == "isopach"}
    rows = ["| operation | tool | wall, s | processor, s | peak memory, MB | isopach is faster by |", "|---|---|--:|--:|--:|--:|"]
    for operation, mine in ours.items():
        for r in [mine] + [r for r in results if r["operation"] == operation and r is not mine]:
            label = "isopach" if r is mine else f"{r['peer']} {r.get('version') or ''}".strip()
            ratio = "" if r is mine else f"{r['wall_s'] / mine['wall_s']:.1f} ×"
            rows.append(f"| {operation} | {label} | {r['wall_s']:.3f} | {r['cpu_s']:.2f} | {r['peak_rss_mb']:.0f} | {ratio} |")
    return rows


def write_table(name, rows):
    page = ROOT / "docs/benchmarks.md"
    text = page.read_text()
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    head, rest = text.split(begin)
    page.write_text(head + begin + "\n" + "\n".join(rows) + "\n" + end + rest.split(end)[1])


def earlier(path, about):
    """What was measured before at the same commit, machine, threads and scene; rounds are added up."""
    if not path.exists():
        return {}
    before, *results = map(json.loads, path.read_text().splitlines())
    if any(before.get(key) != value for key, value in about.items() if key != "rounds"):
        return {}
    about["rounds"] += before["rounds"]
    return {(r["operation"], r["peer"]): r for r in results}


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("scene", type=pathlib.Path)
    a.add_argument("--peers", type=pathlib.Path, required=True)
    a.add_argument("--python", default=sys.executable)
    a.add_argument("--threads", type=int, default=2)
    a.add_argument("--rounds", type=int, default=3)
    a.add_argument("--only", default="read,m3c2,c2c,icp,dod,knn")
    a.add_argument("--name", default="peers-1m")
    a.add_argument("--add", action="store_true")
    o = a.parse_args()
    subprocess.run(["cargo", "build", "--release", "--example", "bench", "--locked"], cwd=ROOT, check=True)
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[: o.threads]))  # some tools have threads of their own choice
    common = ["--threads", str(o.threads), "--repeat", "1"]
    scene = o.scene.resolve()
    files, operations = [scene / "before.laz", scene / "after.laz"], o.only.split(",")
    tools = [[ROOT / "target/release/examples/bench", *files, "--only", o.only, *common]]
    theirs = [operation for operation in operations if operation != "read_all"]
    if theirs:
        tools += [[o.python, o.peers.resolve(), scene, "--only", ",".join(theirs), *common]]
    if "read_all" in operations:  # which the peers' script does not have
        tools += [[o.python, ROOT / "benches/read_all_peers.py", *files, "--backend", b, "--threads", o.threads] for b in ("LazrsParallel", "Laszip")]
    dirty = "+" if git("status", "--porcelain", "--untracked-files=no", "--", *MEASURED) else ""
    about = dict(machine=machine(), commit=git("log", "-1", "--format=%h", "--", *MEASURED) + dirty, date=git("log", "-1", "--format=%cs"), threads=o.threads,
                 rounds=o.rounds, scene=scene.name, files_mb=[round((scene / f).stat().st_size / 1e6, 2) for f in ("before.laz", "after.laz")])
    out = ROOT / "docs/benchmarks" / f"{o.name}.jsonl"
    best = earlier(out, about) if o.add else {}
    for _ in range(o.rounds):
        for result in (r for tool in tools for r in lines(list(map(str, tool)))):
            key = (result["operation"], result["peer"])
            if "wall_s" in result and (key not in best or result["wall_s"] < best[key]["wall_s"]):
                best[key] = result
    order = ["read", "read_all", "m3c2", "c2c", "icp", "dod", "knn"]
    results = sorted(best.values(), key=lambda r: order.index(r["operation"]))
    out.write_text("".join(json.dumps(r) + "\n" for r in [about, *results]))
    rows = table(results)
    write_table(o.name, rows)
    print("\n".join(rows))


main()
