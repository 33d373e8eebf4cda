#!/usr/bin/env python3
"""Makes Markdown tables of the lines that scripts/on_device.sh wrote, what went wrong first, and proposes defaults.

    on_device_report.py LINES.jsonl [MORE.jsonl ...] [--title TITLE]       to standard output

Needs nothing but Python. The exit code is 1 where something went wrong on the device: the report is written all the same, and says what.
"""
import argparse, json, pathlib, sys

# The steps, and a line that each must tell.
STEPS = dict(conformance="conformance", kernels="floors", sweep="least", switches="switch", programs="program", workers="recovery", threads="threads")
# What the kernels were made for, items a second: name of the line, aim, what is counted.
AIMS = [
    ("covariances, 1.5 m", 2e8, "points/s"),
    ("nearest", 3e8, "queries/s"),
    ("M3C2 with indexes, core points", 5e7, "core points/s"),
    ("emission measure, 42 bins", 1e7, "pixels/s"),
]
LEAST_POOL_HITS = 0.9
# A choice wins or loses where its middle half of rounds lies on one side of the default, by more than this.
CLEAR = 0.02
CONTROL = "again the default"
IMAGE_CONTROLS = ("images in buffers", "images in buffers, again")


def read(paths):
    """All lines, and how many were no JSON: the last one of a program that was ended."""
    lines, broken = [], 0
    for path in paths:
        for text in pathlib.Path(path).read_text().splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                broken += 1
                continue
            if isinstance(line, dict):
                lines.append(line)
    return lines, broken


def rate(number):
    mantissa, exponent = f"{number:.1e}".split("e")
    return f"{mantissa}·10" + str(int(exponent)).translate(str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"))


def percent(share, digits=0):
    return f"{100 * share:.{digits}f} %"


def mega(number):
    return f"{number / 1e6:.1f}"


def table(head, rows, left=1):
    """Columns after the first `left` ones are numbers."""
    rule = ["---" if i < left else "--:" for i in range(len(head))]
    return ["| " + " | ".join(map(str, row)) + " |" for row in [head]] + ["|" + "|".join(rule) + "|"] + ["| " + " | ".join(map(str, row)) + " |" for row in rows]


class Lines:
    def __init__(self, lines):
        self.all = lines

    def of(self, what, **fields):
        return [line for line in self.all if line.get("what") == what and all(line.get(name) == value for name, value in fields.items())]

    def last(self, what, key):
        """The last line of each name: some are told again as rounds come."""
        return {line.get(key): line for line in self.of(what)}


def failures(lines, broken):
    found = []
    steps = lines.last("step", "step")
    for name, what in STEPS.items():
        step = steps.get(name)
        if step is None:
            found.append(f"step {name}: did not run, or its end was not told")
        elif not step["well"]:
            why = f"ended at its limit of {step['limit_s']} s" if step["code"] == 124 else f"exit code {step['code']}"
            found.append(f"step {name}: {why}")
        elif not lines.of(what):
            found.append(f"step {name}: ended well, but told nothing")
    if not lines.of("steps"):
        found.append("the last line is missing: the script itself was ended")
    if broken:
        found.append(f"{broken} lines are no JSON")
    for line in lines.of("conformance"):
        if line.get("failed"):
            found.append(f"conformance, {line['suite']}: {line['failed']}")
            continue
        if line["did_nothing"]:
            found.append(f"conformance, {line['suite']}: the device did nothing")
        if line["differences"]:
            found.append(f"conformance, {line['suite']}: {line['differences']} differences")
            found += [f"conformance, {line['suite']}, {f['operation']}: {f['what']} ({f['cases']} cases, the first: {f['first']})" for f in line["findings"] if "cannot" not in f["what"]]
    for line in lines.of("kernel"):
        if line["agrees"] is not True:
            found.append(f"{line['part']}, {line['name']}, {line['items']} items: {line['agrees']}")
    for name, line in lines.last("switch", "choice").items():
        if line["agrees"] is not True:
            found.append(f"switch, {name}: {line['agrees']}")
    for line in lines.of("program"):
        if line["agrees"] is not True:
            found.append(f"program {line['name']}: {line['agrees']}")
    for line in lines.of("workers"):
        if not line["agrees"]:
            found.append(f"{line['workers']} workers, opened {line['opened']} times: {line['jobs_of_the_same_bits']} of {line['jobs']} jobs gave the same bits")
    for line in lines.of("recovery"):
        if not line["agrees"]:
            found.append(f"recovery: {line.get('failed_after') or line.get('meanwhile') or 'other bits after the loss'}")
    return found


def about(lines):
    out = []
    for line in lines.of("adapter"):
        out.append(f"- {line['name']} ({line['kind']}, {line['interface']}, {line['driver']}): {', '.join(line['features'])}")
    measured = next((line for line in lines.all if "machine" in line), {})
    if measured:
        out.append(f"- {measured['machine']}, {measured['cpu_threads']} threads; commit {measured['commit']}")
    return out


def step_table(lines):
    rows = [[line["step"], line["seconds"], line["limit_s"], "well" if line["well"] else "**not well**"] for line in lines.of("step")]
    return table(["step", "s", "limit, s", "ended"], rows) if rows else []


def conformance(lines):
    rows, declined = [], []
    for line in lines.of("conformance"):
        if line.get("failed"):
            continue
        rows.append([line["suite"], line["differences"], line["declined"], line["dispatches"], line["given_back"], f"{line['seconds']:.1f}"])
        declined += [f"- {line['suite']}, {f['operation']}: {f['what']} ({f['cases']} cases)" for f in line["findings"] if "cannot" in f["what"]]
    if not rows:
        return []
    out = table(["suite", "differences", "declined", "kernels started", "given back to the processor", "s"], rows)
    if declined:
        out += ["", "Declined, which is no agreement:", ""] + declined
    for line in lines.of("kernels_checked"):
        out += ["", f"{line['ran']} of {line['kernels']} kernels ran in the suites; not {', '.join(line['did_not_run']) or 'one'}."]
    return out


def kernels(lines):
    out = []
    for line in lines.of("floors")[:1]:
        speeds = [f"{line[name] / 1e9:.1f}" for name in ("copy_bytes_per_s", "flops_per_s", "upload_bytes_per_s", "download_bytes_per_s")]
        out += ["Measured there: a copy moves {} GB/s, read and written counted; {} GFLOP/s in single precision; {} GB/s up and {} GB/s down.".format(*speeds), ""]
    rows = []
    for line in lines.of("kernel", part="bench"):
        if "gpu_s" not in line or line["agrees"] is not True:
            # What is wrong has no speed.
            rows.append([line["name"], line["items"], "", "", "**differs**" if "gpu_s" in line else "**failed**", "", "", "", "", ""])
            continue
        own, inside = line["own"], line.get("kernels_s")
        rows.append([
            line["name"], line["items"], rate(line["cpu_items_per_s"]), rate(line["gpu_items_per_s"]),
            f"{line['cpu_over_gpu']:.2f}",
            percent(line["floor_s"] / inside, 1) if inside else "", percent(line["floor_s"] / line["gpu_s"], 1),
            percent(own["device_share"], 1), f"{mega(own['to_device_bytes'])}, {mega(own['from_device_bytes'])}", f"{line['first_s']:.2f}",
        ])
    if not rows:
        return []
    head = ["kernel", "items", "processor, /s", "device, /s", "device faster by", "kernels' share of floor", "share of floor, all", "decided by the device", "MB up, down", "first, s"]
    return out + table(head, rows)


def aims(lines):
    rows = []
    bench = {line["name"]: line for line in lines.of("kernel", part="bench")}
    for name, aim, unit in AIMS:
        line = bench.get(name)
        if line and line.get("gpu_items_per_s") and line["agrees"] is True:
            found = line["gpu_items_per_s"]
            rows.append([f"{name}, {unit}", rate(aim), rate(found), "yes" if found >= aim else "no"])
    default = lines.last("switch", "choice").get("default")
    if default and "pool_hits_after_first_round" in default:
        hits = default["pool_hits_after_first_round"]
        rows.append(["buffers found in the pool after the first round", percent(LEAST_POOL_HITS), percent(hits, 1), "yes" if hits >= LEAST_POOL_HITS else "no"])
    for line in lines.of("program"):
        if line["agrees"] is True:
            rows.append([f"{line['name']}, processor over device", "1.00", f"{line['cpu_over_gpu']:.2f}", "yes" if line["cpu_over_gpu"] >= 1 else "no"])
    return table(["aim", "at least", "found", "reached"], rows) if rows else []


def sweep(lines):
    rows = [[line["name"], line["items"], f"{line['cpu_over_gpu']:.2f}" if line["agrees"] is True else "**differs**"] for line in lines.of("kernel", part="sweep") if "gpu_s" in line]
    return table(["work", "items", "device faster by"], rows) if rows else []


def switches(lines):
    rows = []
    for name, line in lines.last("switch", "choice").items():
        if "over_default" not in line:
            what = f"not tried: no {', no '.join(line['lacks'])}" if line.get("lacks") else "**failed**"
            rows.append([name, what, "", "", "", "", ""])
            continue
        over, rounds = line["over_default"], line["rounds"]
        bindings = line["bindings_hits"] / max(1, line["bindings_hits"] + line["bindings_misses"])
        rows.append([
            name, f"{over['median']:.2f} ({over['quartile_1']:.2f} to {over['quartile_3']:.2f})", f"{line['longer_in']} of {rounds}",
            mega(line["to_device_bytes"] / (rounds + 1)), percent(line["pool_hits_after_first_round"]), percent(bindings), f"{line['most_bytes'] / 2**20:.0f}",
        ])
    head = ["choice", "time over the default's, median (quartiles)", "longer in", "MB up a round", "buffers found after the first round", "bindings found", "MiB at most"]
    return table(head, rows) if rows else []


def kernel_shares(lines):
    rows = [[line["name"], line["calls"], f"{line['mean_ms']:.3f}", percent(line["share"], 1)] for line in lines.of("kernel_share") if line["share"] >= 0.01]
    return table(["kernel", "calls", "mean, ms", "share of the device's time"], rows) if rows else []


def image_kernels(lines):
    rows = [[line["choice"], line["name"], line["calls"], f"{line['mean_ms']:.3f}"] for line in lines.of("image_kernel_share")]
    return table(["choice", "kernel", "calls", "mean, ms"], rows, left=2) if rows else []


def programs(lines):
    rows = [[line["name"], line["items"], f"{line['cpu_s']:.2f}", f"{line['gpu_s']:.2f}", f"{line['cpu_over_gpu']:.2f}" if line["agrees"] is True else "**differs**"] for line in lines.of("program")]
    return table(["program", "items", "processor, s", "device, s", "device faster by"], rows) if rows else []


def workers(lines):
    rows = [[line["workers"], line["opened"], f"{line['seconds']:.3f}", f"{line['jobs_of_the_same_bits']} of {line['jobs']}"] for line in lines.of("workers")]
    out = table(["workers", "times opened", "s", "jobs of the same bits"], rows, left=0) if rows else []
    for line in lines.of("recovery"):
        went = f"{line['passed_on']} pieces of work went to the processor"
        out += ["", f"Lost while it was at work: {went}; opened again, the next job took {line['first_job_after_s']:.2f} s and " + ("gave the same bits." if line["same_bits_after"] else "**did not give the same bits**.")]
    return out


def threads(lines):
    found = lines.of("threads")
    counts = sorted({line["threads"] for line in found})
    rows = []
    for name in dict.fromkeys(line["name"] for line in found):
        by = {line["threads"]: line["items_per_s"] for line in found if line["name"] == name}
        first = by.get(min(by))
        rows.append([name] + [f"{rate(by[n])} ({by[n] / first:.1f} ×)" if n in by else "" for n in counts])
    return table(["operation, items/s (over the fewest threads)"] + [f"{n} thread" + "s" * (n > 1) for n in counts], rows) if rows else []


def proposals(lines):
    adapters = lines.of("adapter")
    if adapters and all(line["kind"] == "Cpu" for line in adapters):
        return ["A device in software: no default is proposed from it."]
    out = []
    for line in lines.of("least"):
        value = line["least"] if line["least"] is not None else "none: slower at every size that was tried"
        out.append(f"- `MinimumWork::ESTIMATE.{line['of']}`: {value}")
    choices = lines.last("switch", "choice")
    spread = choices.get(CONTROL, {}).get("over_default")
    if spread is None:
        return out + ["- no switch: the default was not run beside itself"]
    if spread["quartile_3"] < 1 - CLEAR or spread["quartile_1"] > 1 + CLEAR:
        return out + [f"- no switch: the default differs from itself ({spread['median']:.2f})"]
    for name, line in choices.items():
        over = line.get("over_default")
        if name in ("default", CONTROL, *IMAGE_CONTROLS) or not over or line["agrees"] is not True:
            continue
        if over["quartile_3"] < 1 - CLEAR:
            out.append(f"- **{name}**: becomes the default, {percent(1 - over['median'])} shorter")
        elif over["quartile_1"] > 1 + CLEAR:
            out.append(f"- {name}: stays off, {percent(over['median'] - 1)} longer")
        else:
            out.append(f"- {name}: cannot be told from the default")
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", nargs="+", type=pathlib.Path)
    parser.add_argument("--title", default="On a graphics processor")
    options = parser.parse_args()
    found, broken = read(options.lines)
    if not found:
        sys.exit(f"on_device_report.py: {', '.join(map(str, options.lines))}: there is not one line")
    lines = Lines(found)
    wrong = failures(lines, broken)
    out = [f"# {options.title}", "", "Made by `scripts/on_device_report.py` from " + ", ".join(f"[{path.name}]({path.name})" for path in options.lines) + ".", ""] + about(lines)
    out += ["", "## What went wrong", ""] + ([f"- {words}" for words in wrong] or ["Nothing."])
    sections = [
        ("Proposed defaults", proposals), ("Aims", aims), ("Agreement with the definitions", conformance), ("Kernels", kernels), ("From how much work on", sweep),
        ("Switches", switches), ("Where the device's time went", kernel_shares), ("Kernels of images", image_kernels), ("Programs from end to end", programs), ("Workers, and a loss", workers),
        ("The processor by threads", threads), ("Steps", step_table),
    ]
    for title, section in sections:
        rows = section(lines)
        if rows:
            out += ["", f"## {title}", ""] + rows
    print("\n".join(out))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
