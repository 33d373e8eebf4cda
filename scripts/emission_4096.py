#!/usr/bin/env python3
"""A full-disc AIA set, 4096 x 4096 pixels and six channels, through the emission example in a budget of memory.

    cargo build --release --example emission
    python3 scripts/emission_4096.py SYNOPTIC_DIR OUT_DIR [--keep] [-- OPTIONS OF THE EXAMPLE]

Tiles the six 1024 x 1024 synoptic images of SYNOPTIC_DIR four by four, runs the example with 200 bins on what results, checks the sizes of what was
written, and prints one JSON line with peak memory and times. Deletes images and cubes afterwards (some 15 GB).
"""
import argparse, glob, json, os, pathlib, resource, shutil, subprocess, sys, time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCK = 2880


def card(name, value):
    return f"{name:<8}= {value:>20}".ljust(80).encode()


def tiled(source, target, times):
    """Writes a plain two-axis primary image `times` x `times` beside itself."""
    data = pathlib.Path(source).read_bytes()
    end = next(at for at in range(0, len(data), 80) if data[at:at + 80].rstrip() == b"END")
    cards = [data[at:at + 80] for at in range(0, end, 80)]
    value = lambda name: next(c for c in cards if c.startswith(name.ljust(8).encode()))[10:30]
    columns, rows, size = int(value("NAXIS1")), int(value("NAXIS2")), abs(int(value("BITPIX"))) // 8
    replaced = {b"NAXIS1  ": columns * times, b"NAXIS2  ": rows * times}
    cards = [card(c[:8].decode(), replaced[c[:8]]) if c[:8] in replaced else c for c in cards]
    header = b"".join(cards) + b"END".ljust(80)
    start = (end + 80 + BLOCK - 1) // BLOCK * BLOCK
    with open(target, "wb") as file:
        file.write(header.ljust((len(header) + BLOCK - 1) // BLOCK * BLOCK))
        for _ in range(times):
            for row in range(rows):
                at = start + row * columns * size
                file.write(data[at:at + columns * size] * times)
        file.write(bytes(-file.tell() % BLOCK))


def main():
    own, options = sys.argv[1:], []
    if "--" in own:
        own, options = own[:own.index("--")], own[own.index("--") + 1:]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("synoptic", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args(own)
    images = arguments.out / "images"
    images.mkdir(parents=True, exist_ok=True)
    for source in sorted(glob.glob(str(arguments.synoptic / "aia_synoptic*.fits"))):
        target = images / pathlib.Path(source).name
        if not target.exists():
            tiled(source, target, 4)
    found = arguments.out / "found"
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    command = [target / "release" / "examples" / "emission", *sorted(images.glob("*.fits")), "--out", found, "--bins", "200", *options]
    start = time.perf_counter()
    run = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    wall = time.perf_counter() - start
    if run.returncode:
        sys.exit(run.stderr)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    summary = json.loads((found / "summary.json").read_text())
    written = sum(path.stat().st_size for path in found.iterdir())
    keys = ["pixels", "bins", "precision", "outputs", "memory_mib", "rows_at_once", "seconds_inverting", "median_chi_squared",
            "inverted_again_with_more_digits", "saturated_by_channel"]
    line = {"run": "4096 x 4096 from FITS to FITS", "read_mb": round(sum(p.stat().st_size for p in images.iterdir()) / 1e6),
            "written_mb": round(written / 1e6), **{key: summary[key] for key in keys}, "seconds": round(wall, 1),
            "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1), "peak_rss_mib": round(usage.ru_maxrss / 1024, 1)}
    print(json.dumps(line))
    if not arguments.keep:
        shutil.rmtree(arguments.out)


if __name__ == "__main__":
    main()
