#!/usr/bin/env python3
"""Reads a COPC file from S3 on the own machine beside the same file on a disk, and runs a survey by way of a store. A JSON line a measure.

    object_store.py [COPC] [--points 10000000] [--times 5] [--profile release] [--skip-fleet]

The server is moto (pip install moto[server] boto3), on loopback, in a process of its own that is not counted. Without COPC one is made of a scene of POINTS
points by make_copc.py (pip install laspy[lazrs] copclib). Measured:

  box    bytes that `las_info ADDRESS --within` fetches for a box of 1 % of the file's area about its middle, of those that the file has
  whole  processor time of `las_info ADDRESS`, which decodes all points, over that of `las_info PATH`: by turns, the ratio of medians
  fleet  docs/object-stores.md: plan, two shards in folders of their own, merge, by way of the store; the results are compared byte by byte
"""
import argparse, json, os, pathlib, re, statistics, subprocess, sys, tempfile

from measured import machine

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUCKET = "isopach"


def seconds(command, environment):
    """Processor time of a process, user and system, and what it printed."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, env=environment, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            sys.exit(f"{command} ended with {status}")
        output.seek(0)
        return usage.ru_utime + usage.ru_stime, output.read().decode()


def client(endpoint):
    """A client of the server."""
    import boto3

    return boto3.client("s3", endpoint_url=endpoint, aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")


def served(paths):
    """Starts moto with these files in a bucket; the process, and what programs need to find it."""
    process = subprocess.Popen(["moto_server", "-H", "127.0.0.1", "-p", "0"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    for line in process.stderr:
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            endpoint = found[0]
            break
    else:
        sys.exit("moto_server did not start")
    # What it logs is read away, so that it never waits.
    subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL)
    keys = dict(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_REGION="us-east-1")
    s3 = client(endpoint)
    s3.create_bucket(Bucket=BUCKET)
    for name, path in paths.items():
        s3.upload_file(str(path), BUCKET, name)
    return process, {**os.environ, **keys, "AWS_ENDPOINT": endpoint, "AWS_ALLOW_HTTP": "true"}


def made_copc(folder, programs, points):
    """A COPC file of a made scene."""
    subprocess.run([programs / "terrain_change", "--scene-points", str(points), "--out", folder / "made", "--plan"], check=True, stdout=subprocess.DEVNULL)
    copc = folder / "scene.copc.laz"
    subprocess.run([sys.executable, ROOT / "scripts/make_copc.py", folder / "made/scene_before.laz", copc, "--leaf", "10000"], check=True, stdout=subprocess.DEVNULL)
    return copc


def box(info, copc, environment):
    """A box of 1 % of the area about the middle."""
    about = json.loads(subprocess.run([info, copc, "--json", "--header-only"], capture_output=True, check=True).stdout)
    low, high = about["min"][:2], about["max"][:2]
    corners = [[low[a] + (high[a] - low[a]) * part for a in (0, 1)] for part in (0.45, 0.55)]
    within = ",".join(str(value) for corner in corners for value in corner)
    command = lambda name: [info, name, "--json", f"--within={within}"]
    here = json.loads(subprocess.run(command(copc), capture_output=True, check=True).stdout)
    there = json.loads(subprocess.run(command(f"s3://{BUCKET}/{copc.name}"), env=environment, capture_output=True, check=True).stdout)
    if here["points_by_class"] != there["points_by_class"]:
        sys.exit("other points from the store than from the disk")
    size = copc.stat().st_size
    return dict(measure="box", points=about["points"], file_bytes=size, bytes_fetched=there["bytes_fetched"], requests=there["requests"],
                share=round(there["bytes_fetched"] / size, 4), points_within=sum(there["points_by_class"].values()))


def whole(info, copc, environment, times):
    """All points, by turns."""
    taken = {"disk": [], "store": []}
    for _ in range(times):
        for where, name in (("disk", copc), ("store", f"s3://{BUCKET}/{copc.name}")):
            taken[where].append(seconds([info, name, "--json"], environment)[0])
    median = {where: statistics.median(values) for where, values in taken.items()}
    return dict(measure="whole", file_bytes=copc.stat().st_size, times=times, disk_seconds=round(median["disk"], 3), store_seconds=round(median["store"], 3),
                ratio=round(median["store"] / median["disk"], 3), range=[round(s / d, 3) for s, d in zip(taken["store"], taken["disk"])])


def documented(block):
    """The commands of a block of the documentation."""
    text = (ROOT / "docs/object-stores.md").read_text()
    return re.search(rf"```sh {block}\n(.*?)```", text, re.S)[1]


def fleet(folder, programs, environment):
    """The commands of the documentation: a run by way of the store, and inputs that lie there."""
    here = folder / "fleet"
    here.mkdir()
    environment = {**environment, "PATH": f"{programs}:{os.environ['PATH']}", "BUCKET": BUCKET}
    run = lambda commands: subprocess.run(["sh", "-e", "-c", commands], cwd=here, env=environment, check=True, stdout=subprocess.DEVNULL)
    run(documented("fleet"))
    for name in ("before.laz", "after.laz"):
        client(environment["AWS_ENDPOINT"]).upload_file(str(here / name), BUCKET, name)
    run(documented("survey"))
    count = sum(len(documented(block).strip().splitlines()) for block in ("fleet", "survey"))
    return dict(measure="fleet", results="equal", lines=count)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("copc", nargs="?", type=pathlib.Path)
    a.add_argument("--points", type=int, default=10_000_000)
    a.add_argument("--times", type=int, default=5)
    a.add_argument("--profile", default="release", choices=["release", "dev"])
    a.add_argument("--skip-fleet", action="store_true")
    o = a.parse_args()
    examples = [] if o.skip_fleet and o.copc else ["--example", "terrain_change", "--example", "tiles_in_store"]
    # The same packages as in the tests, so that what was built for them is built.
    build = ["cargo", "build", "--locked", "--workspace", "--features", "isopach/remote", "--profile", o.profile, "--example", "las_info", *examples]
    subprocess.run(build, cwd=ROOT, check=True)
    programs = ROOT / "target" / {"release": "release", "dev": "debug"}[o.profile] / "examples"
    info, about = programs / "las_info", machine() | dict(profile=o.profile, server="moto " + __import__("moto").__version__)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        copc = o.copc.resolve() if o.copc else made_copc(folder, programs, o.points)
        process, environment = served({copc.name: copc})
        try:
            print(json.dumps(box(info, copc, environment) | about), flush=True)
            print(json.dumps(whole(info, copc, environment, o.times) | about), flush=True)
            if not o.skip_fleet:
                print(json.dumps(fleet(folder, programs, environment) | about), flush=True)
        finally:
            process.terminate()
            process.wait()


main()
