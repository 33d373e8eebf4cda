"""Tables of docs/benchmarks.md from the lines of `index_speeds.py`."""

import json
import math
import sys

TOOLS = ["this", "80a1a7a", "83a5d3a", "kiddo", "scipy", "sklearn", "pykdtree", "pynanoflann", "napf", "open3d", "small_gicp", "py4dgeo"]
AGREE = 1e-5
"""Largest relative difference between the checks of two tools; coordinates are rounded to 3.8 µm here."""


def condense(lines, out):
    """The least times of all turns, a line a cloud, tool and number of threads, written to OUT."""
    best = {}
    for line in map(json.loads, lines.read_text().splitlines()):
        key = (line["cloud"], line["tool"], line["threads"])
        known = best.setdefault(key, {**line, "turns": 0, "jobs": {}})
        if (line["version"], line["commit"]) != (known["version"], known["commit"]):
            sys.exit(f"{key}: lines of {known['version']} and {line['version']} (beside {known['commit']} and {line['commit']}); remove the older ones")
        known["turns"] += 1
        for job, times in line["jobs"].items():
            other = known["jobs"].get(job, times)
            known["jobs"][job] = {name: min(value, other[name]) if name.endswith(("_ns", "_point")) else value for name, value in times.items()}
    results = [best[key] for key in sorted(best, key=lambda key: (key[0], key[2], TOOLS.index(key[1]) if key[1] in TOOLS else len(TOOLS)))]
    for line in results:
        check_against_this(line, best)
    out.write_text("".join(json.dumps(line) + "\n" for line in results))
    return best


def check_against_this(line, best):
    """Other results are said and marked; M3C2 is left to the tests of correctness, since tools bound cylinders differently."""
    ours = best.get((line["cloud"], "this", line["threads"]))
    for job, times in line["jobs"].items():
        mine = ours and ours["jobs"].get(job, {}).get("check")
        if not mine or job.startswith("m3c2"):
            continue
        difference = abs(times["check"] - mine) / abs(mine)
        if difference > AGREE:
            times["differs"] = difference
            print(f"DIFFERS by {difference:.1e}: {line['cloud']} {line['tool']} {job}", file=sys.stderr)


def micro(nanoseconds):
    """Microseconds in three digits."""
    value = nanoseconds / 1000
    return f"{value:.{max(0, 2 - math.floor(math.log10(max(value, 1e-3))))}f}" if value < 100 else f"{value:,.0f}"


class Lines:
    def __init__(self, best):
        self.best = best
        order = ("airborne5", "airborne50", "outlier", "cliff", "face", "volume", "forest", "scanner", "scanner_cliff")
        place = lambda cloud: (order.index(cloud.split("-")[0]) if cloud.split("-")[0] in order else len(order), len(cloud), cloud)
        self.clouds = sorted({cloud for cloud, _, _ in best}, key=place)
        found = {tool for _, tool, _ in best}
        self.tools = [tool for tool in TOOLS if tool in found] + sorted(found - set(TOOLS))

    def job(self, cloud, tool, start, threads=1):
        """Times of the first job that starts so."""
        jobs = self.best.get((cloud, tool, threads), {"jobs": {}})["jobs"]
        return next((times for job, times in jobs.items() if job.startswith(start)), None)

    def label(self, tool):
        versions = {line["version"] for (_, name, _), line in self.best.items() if name == tool}
        return "isopach" if tool == "this" else tool if tool in versions else f"{tool} {' '.join(sorted(versions))}"

    def ours(self, cloud):
        """Jobs of this tree on one thread."""
        return self.best.get((cloud, "this", 1), {"jobs": {}})["jobs"]

    def commits(self, start):
        return [tool for tool in self.having(start) if self.label(tool) == tool]

    def having(self, *starts):
        return [tool for tool in self.tools if any(self.job(cloud, tool, start) for cloud in self.clouds for start in starts)]


def header(cells):
    return ["| " + " | ".join(cells) + " |", "|---|" + "--:|" * (len(cells) - 1)]


def row(cells):
    return "| " + " | ".join(cells) + " |"


def both_orders(lines, operation):
    """µs a query, ordered · shuffled."""
    starts = [f"{operation}_ordered", f"{operation}_shuffled"]
    tools = lines.having(*starts)
    rows = header(["cloud", *map(lines.label, tools)])
    for cloud in lines.clouds:
        times = [[lines.job(cloud, tool, start) for start in starts] for tool in tools]
        rows.append(row([cloud, *(" · ".join(micro(one["cpu_ns"]) for one in pair if one) for pair in times)]))
    return rows


def normals(lines):
    """ns of this tree, and the time of each commit in those of this tree, a row a set of radii."""
    commits = lines.commits("normals")
    rows = header(["cloud", "radii, m", "isopach, ns", *(f"{commit}, ratio" for commit in commits)])
    for cloud in lines.clouds:
        for job, times in lines.ours(cloud).items():
            if job.startswith("normals"):
                ratios = [ratio(lines.job(cloud, commit, job), times) for commit in commits]
                rows.append(row([cloud, job.split(":")[2].replace(",", ", "), f"{times['cpu_ns']:,.0f}", *ratios]))
    return rows


def cylinders(lines):
    """ns of this tree, mean · median, by axes, and the time of each commit in those of this tree."""
    commits, axes = lines.commits("cylinders"), ("vertical", "slanted", "horizontal")
    rows = header(["cloud", *(f"{axis}, ns" for axis in axes), *(f"{commit}, {axis}" for commit in commits for axis in axes)])
    for cloud in lines.clouds:
        ours = lines.ours(cloud)
        jobs = {axis: [job for job in ours if job.startswith("cylinders") and job.endswith(axis)] for axis in axes}
        times = [" · ".join(f"{ours[job]['cpu_ns']:,.0f}" for job in jobs[axis]) for axis in axes]
        ratios = [" · ".join(ratio(lines.job(cloud, commit, job), ours[job]) for job in jobs[axis]) for commit in commits for axis in axes]
        rows.append(row([cloud, *times, *ratios]))
    return rows


def ratio(other, ours):
    return f"{other['cpu_ns'] / ours['cpu_ns']:.2f}" if other else ""


def m3c2(lines):
    """µs a core point, indexes included."""
    tools = lines.having("m3c2")
    rows = header(["cloud", "radii, m", "cylinder, m", *(f"{lines.label(tool)}, µs" for tool in tools)])
    for cloud in lines.clouds:
        for job in (job for job in lines.ours(cloud) if job.startswith("m3c2")):
            _, _, radii, cylinder, _ = job.split(":")
            times = [lines.job(cloud, tool, job) for tool in tools]
            rows.append(row([cloud, radii.replace(",", ", "), cylinder.replace(",", " × "), *(micro(one["cpu_ns"]) if one else "" for one in times)]))
    return rows


def indexes(lines):
    """ns a point to build · bytes a point."""
    tools = lines.having("build")
    rows = header(["cloud", *map(lines.label, tools)])
    for cloud in lines.clouds:
        pairs = [(lines.job(cloud, tool, "build"), lines.job(cloud, tool, "memory")) for tool in tools]
        text = lambda build, memory: f"{build['cpu_ns']:,.0f}" + (f" · {memory['bytes_a_point']:.0f}" if memory else "")
        rows.append(row([cloud, *(text(*pair) if pair[0] else "" for pair in pairs)]))
    return rows


def growth(lines):
    """Time a query at 1.2 million points over that at 300,000, in ratios of the logarithms of the two."""
    step = math.log(1_200_000) / math.log(300_000)
    starts = ["knn:within_ordered", "knn:within_shuffled", "nearest:compared_ordered", "nearest:compared_shuffled"]
    tools = [tool for tool in lines.having(starts[0]) if tool in ("this", "80a1a7a", "83a5d3a", "kiddo", "scipy")]
    rows = header(["scene", "query", *map(lines.label, tools)])
    for cloud in (cloud for cloud in lines.clouds if cloud.endswith("-300k")):
        scene = cloud.removesuffix("-300k")
        for start in starts:
            pairs = [(lines.job(cloud, tool, start), lines.job(f"{scene}-1200k", tool, start)) for tool in tools]
            ratios = [f"{many['cpu_ns'] / few['cpu_ns'] / step:.2f}" if few and many else "" for few, many in pairs]
            rows.append(row([scene, start.replace(":", ", ").split("_")[0].split(",")[0] + ", " + start.split("_")[1], *ratios]))
    return rows


def threads(lines):
    """Wall µs a query on one thread · on two."""
    start = "knn:within_shuffled"
    clouds = [cloud for cloud in lines.clouds if lines.job(cloud, "this", start, 2)]
    tools = [tool for tool in lines.tools if any(lines.job(cloud, tool, start, 2) for cloud in clouds)]
    if not clouds:
        return ["(not measured: `run --threads 1,2 --parts search`)"]
    rows = header(["cloud", *map(lines.label, tools)])
    for cloud in clouds:
        pairs = [[lines.job(cloud, tool, start, count) for count in (1, 2)] for tool in tools]
        rows.append(row([cloud, *(" · ".join(micro(one["wall_ns"]) for one in pair if one) for pair in pairs)]))
    return rows


def write_table(page, name, rows):
    text = page.read_text()
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    if begin not in text or end not in text:
        sys.exit(f"{page}: has no place {begin} … {end}")
    head, rest = text.split(begin)
    page.write_text(head + begin + "\n" + "\n".join(rows) + "\n" + end + rest.split(end)[1])


def write_tables(best, page):
    lines = Lines(best)
    tables = {
        "index-knn": both_orders(lines, "knn:within"),
        "index-nearest": both_orders(lines, "nearest:compared"),
        "index-growth": growth(lines),
        "index-normals": normals(lines),
        "index-cylinders": cylinders(lines),
        "index-m3c2": m3c2(lines),
        "index-memory": indexes(lines),
        "index-threads": threads(lines),
    }
    for name, rows in tables.items():
        write_table(page, name, rows)
        print(f"\n{name}\n" + "\n".join(rows))
