#!/usr/bin/env python3
"""Runs `terrain_change` on the workers of a Dask cluster: a plan, claims on every worker, a merge. See docs/fleet.md.

    dask_run.py [--scheduler ADDRESS | --local N] [--program PATH] [--runs R] [--workers W] [--retries K] [--memory 2GiB] [--gpu] -- BEFORE AFTER --out OUT …

Paths are those of the workers, which share the folder OUT. What follows `--` is for the program. Ends with the program's exit code: 0, 2 and 3 as they are;
75 where it may be tried again, also where workers were lost or no scheduler answers. From Python, with any client of `distributed`:

    import dask_run
    print(dask_run.run(client, ["before/", "after/", "--out", "/shared/out"], dask_run.Options(memory="2GiB")))

Needs dask and distributed (scripts/dask_requirements.txt), here and on the workers, and nothing else of this project but the program.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, NoReturn, TypeVar
from urllib.parse import urlsplit

import cloudpickle
import dask.config
from dask.utils import parse_bytes
from distributed import Client, Future, KilledWorker, Reschedule, Status, as_completed, get_worker

import supervised
from supervised import NEVER_AGAIN, Ended, tried

T = TypeVar("T")

TRY_AGAIN = 75
"""The exit code of what may be tried again."""

LOOK_S = 2.0
"""How often a task counts the tiles that are done."""

ENDING = (Status.closing, Status.closing_gracefully, Status.closed)
"""What a worker is that got SIGTERM, or is retired."""

for module in (supervised, sys.modules[__name__]):
    cloudpickle.register_pickle_by_value(module)


class ByValue(Generic[T]):
    """A function of these files, for workers that have no copy of them: what is unpickled there is the function itself.

    distributed 2026.8.0 tries `pickle` first, which writes but the name of a function, whatever is registered with cloudpickle."""

    def __init__(self, function: Callable[..., T]):
        self.function = function

    def __reduce__(self) -> tuple[Callable[[bytes], object], tuple[bytes]]:
        return cloudpickle.loads, (cloudpickle.dumps(self.function),)

    def __call__(self, *arguments: object) -> T:
        return self.function(*arguments)


@dataclass(frozen=True)
class Options:
    """How a run is given to the workers."""

    program: str = "terrain_change"
    """The program, as a worker finds it."""
    runs: int | None = None
    """Runs of tiles that are claimed one by one (`--claim`); 4 a task if not given."""
    workers: int | None = None
    """Tasks that claim runs at the same time; one a worker that is there if not given."""
    retries: int = 2
    """How often a program that crashed or ended with 75 is started again by its task, and how often the task then goes to another worker."""
    memory: str | None = None
    """`--memory` of the program; a task waits for a worker that has as many bytes of the resource `MEMORY` free."""
    gpu: bool = False
    """A task waits for a worker that has a `GPU` free, and the program computes on it."""

    @property
    def resources(self) -> dict[str, float]:
        """What a task takes of the resources of its worker."""
        # For the program a plain number is MiB, for Dask bytes.
        text = f"{self.memory}MiB" if (self.memory or "").isdecimal() else self.memory
        memory = {} if text is None else {"MEMORY": float(parse_bytes(text))}
        return memory | ({"GPU": 1.0} if self.gpu else {})

    def command(self, arguments: Sequence[str]) -> list[str]:
        """The program with what all of its tasks are given."""
        memory = [] if self.memory is None else ["--memory", self.memory]
        return [self.program, *arguments, *memory, *(["--backend", "gpu"] if self.gpu else [])]


class Failed(Exception):
    """The run has ended: with the exit code and the last line of the program, or with what is wrong with the cluster."""

    def __init__(self, code: int, message: str):
        super().__init__(message)
        self.code = code


class TryElsewhere(Exception):
    """The program ended on this worker with what another may not meet."""

    def __init__(self, ended: Ended):
        super().__init__(ended)
        self.ended = ended


@dataclass
class Cluster:
    """A client, and what one run needs of it."""

    client: Client
    options: Options
    topic: str = field(default_factory=lambda: f"terrain_change-{uuid.uuid4().hex}")
    futures: list[Future[Ended]] = field(default_factory=list)

    def workers(self) -> dict[str, int]:
        """Threads of each worker that has what a task takes, by its address.

        Raises `Failed` where there is none: the task would wait for ever."""
        found = self.client.scheduler_info(n_workers=-1)["workers"]
        wanted = self.options.resources
        has_them = lambda worker: all(worker["resources"].get(name, 0) >= least for name, least in wanted.items())
        able = {address: worker["nthreads"] for address, worker in found.items() if has_them(worker)}
        if not able:
            said = ",".join(f"{name}={amount:.0f}" for name, amount in wanted.items())
            said = f" with the resources of a task: start them with --resources {said}" if wanted else ""
            raise Failed(TRY_AGAIN, f"the cluster has no worker{said}")
        return able

    def submit(self, name: str, command: Sequence[str], out: str, worker: str) -> Future[Ended]:
        """Gives a command to a worker, to another where that one is lost."""
        future = self.client.submit(
            ByValue(task),
            list(command),
            self.options.retries,
            out,
            self.topic,
            key=f"{self.topic}-{name}",
            pure=False,
            retries=self.options.retries,
            resources=self.options.resources,
            workers=[worker],
            allow_other_workers=True,
        )
        self.futures.append(future)
        return future

    def all_ended(self, futures: Sequence[Future[Ended]]) -> list[Ended]:
        """Waits for tasks. Raises `Failed` as soon as one of them has."""
        return [ended_well(future) for future in as_completed(futures)]


def run(
    client: Client,
    arguments: Sequence[str],
    options: Options = Options(),
    progress: Callable[[int, int], None] = lambda done, tiles: None,
) -> str:
    """Plans, claims and merges a run on the workers of a client. What the merge printed.

    `arguments` are those of the program, without those of a share (`--plan`, `--claim`, …). `progress` is told tiles that are done, and all. Raises `Failed`.
    """
    cluster = Cluster(client, options)
    out = option(arguments, "--out", "terrain_change_out")
    command = options.command(arguments)
    try:
        workers = cluster.workers()
        first, threads = roomiest(workers)
        alone = [*command, *threads_unless_given(arguments, threads)]
        cluster.all_ended([cluster.submit("plan", [*alone, "--plan"], out, first)])
        tiles: int = client.submit(ByValue(begun), out, pure=False, workers=[first], allow_other_workers=True).result()
        with told(cluster, tiles, progress):
            cluster.all_ended(list(claims(cluster, command, arguments, out)))
        return cluster.all_ended([cluster.submit("merge", [*alone, "--merge"], out, first)])[0].output
    finally:
        # Tasks whose future is cancelled end their programs.
        client.cancel(cluster.futures, force=True)


def claims(cluster: Cluster, command: Sequence[str], arguments: Sequence[str], out: str) -> Iterator[Future[Ended]]:
    """One task a worker that claims runs of tiles until nothing is left. Its name lets it have its claims at once where it is started again elsewhere."""
    able = sorted(cluster.workers().items())
    tasks = cluster.options.workers or len(able)
    runs = cluster.options.runs or 4 * tasks
    for number in range(tasks):
        worker, threads = able[number % len(able)]
        claim = ["--claim", str(runs), "--worker", f"dask-{number}", *threads_unless_given(arguments, threads)]
        yield cluster.submit(f"claims-{number}", [*command, *claim], out, worker)


def task(command: Sequence[str], retries: int, out: str, topic: str) -> Ended:
    """On a worker: the program, while the worker stays and the task is wanted."""
    worker = get_worker()
    key = worker.get_current_task()

    def is_given_back() -> bool:
        state = worker.state.tasks.get(key)
        return worker.status in ENDING or state is None or state.state == "cancelled"

    tell = teller(out, lambda done: worker.log_event(topic, done))
    ended = tried(command, retries, is_given_back, tell, own_environment(os.environ))
    if ended.is_final:
        return ended
    raise Reschedule if is_given_back() else TryElsewhere(ended)


def own_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment without what Dask sets there for the memory of Python.

    A nanny gives its worker `MALLOC_TRIM_THRESHOLD_=65536`, so that NumPy's arrays go back to the system at once. The program would inherit it, ask the system
    for each of its buffers anew, and take a third more processor time (findings/dask_worker_malloc.sh). Another value than Dask's is the user's, and stays."""
    of_dask = dask.config.get("distributed.nanny.pre-spawn-environ", {}) or {}
    is_for_python = lambda name, value: name.startswith("MALLOC_") and value == str(of_dask.get(name))
    return {name: value for name, value in environ.items() if not is_for_python(name, value)}


def teller(out: str, tell: Callable[[int], None]) -> Callable[[], None]:
    """Tells how many tiles are done where that has changed, and looks no more often than is worth it in a folder of very many."""
    latest, told_last = 0.0, -1

    def look() -> None:
        nonlocal latest, told_last
        start = time.monotonic()
        if start < latest:
            return
        done = done_tiles(out)
        latest = time.monotonic() + max(LOOK_S, 20 * (time.monotonic() - start))
        if done != told_last:
            told_last = done
            tell(done)

    return look


def done_tiles(out: str) -> int:
    """Tiles that are done: one may be cut into parts, whose files are named TILE-PART-OF.tile."""
    try:
        names = os.listdir(Path(out) / ".run/tiles")
    except OSError:
        return 0
    parts = [name.removesuffix(".tile").rsplit("-", 1)[-1] for name in names if name.endswith(".tile") and name[0] != "."]
    return int(sum(1 / int(of) for of in parts if of.isdigit() and int(of) > 0) + 1e-6)


def begun(out: str) -> int:
    """On a worker, when a run is planned: how many tiles it has. Claims of a run that was given up are removed: nobody would take them over for a while."""
    for claim in (Path(out) / ".run/claims").glob("*.claim"):
        claim.unlink(missing_ok=True)
    return len(json.loads((Path(out) / "plan.json").read_text())["tiles"])


@contextmanager
def told(cluster: Cluster, tiles: int, progress: Callable[[int, int], None]) -> Iterator[None]:
    """Tells of tiles that are done while tasks are at work."""
    most = 0

    def hear(event: tuple[float, int]) -> None:
        nonlocal most
        if event[1] > most:
            most = event[1]
            progress(most, tiles)

    cluster.client.subscribe_topic(cluster.topic, hear)
    try:
        yield
    finally:
        cluster.client.unsubscribe_topic(cluster.topic)
    progress(tiles, tiles)


def ended_well(future: Future[Ended]) -> Ended:
    """What a task that is over returned."""
    try:
        ended: Ended = future.result()
    except TryElsewhere as error:
        raise Failed(error.ended.code, error.ended.last_line) from error
    except KilledWorker as error:
        raise Failed(TRY_AGAIN, f"one task after the other lost its worker: {error}".splitlines()[0]) from error
    if ended.code != 0:
        raise Failed(ended.code, ended.last_line)
    return ended


def roomiest(workers: dict[str, int]) -> tuple[str, int]:
    """A worker of the machine that has most threads, and how many: all others of the run are idle while it plans or merges."""
    threads = Counter[str]()
    for address, number in workers.items():
        threads[host(address)] += number
    most = max(workers, key=lambda address: threads[host(address)])
    return most, threads[host(most)]


def host(address: str) -> str:
    """The machine of a worker's address."""
    return urlsplit(address).hostname or address


def option(arguments: Sequence[str], name: str, otherwise: str) -> str:
    """The value of an option of the program."""
    for argument, following in zip(arguments, [*arguments[1:], otherwise]):
        if argument == name:
            return following
        if argument.startswith(f"{name}="):
            return argument.removeprefix(f"{name}=")
    return otherwise


def threads_unless_given(arguments: Sequence[str], threads: int) -> list[str]:
    """As many threads as the worker has: there may be others on its machine."""
    return [] if option(arguments, "--threads", "") else ["--threads", str(threads)]


def show(done: int, tiles: int) -> None:
    """One line of progress, written over itself on a terminal."""
    begin, end = ("\r", "" if done < tiles else "\n") if sys.stderr.isatty() else ("", "\n")
    print(f"{begin}tiles       {done} of {tiles}", end=end, file=sys.stderr, flush=True)


def parsed(words: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """The options before `--`, and the arguments of the program behind it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--scheduler", help="address of the scheduler, tcp://HOST:8786, or its --scheduler-file")
    where.add_argument("--local", type=int, metavar="N", help="N workers on this machine; the default, with one a core")
    parser.add_argument("--program", default=Options.program, help="the program, as workers find it (%(default)s)")
    parser.add_argument("--runs", type=int, help="runs of tiles that are claimed one by one; 4 a task if not given")
    parser.add_argument("--workers", type=int, help="tasks at once; one a worker that is there if not given")
    parser.add_argument("--retries", type=int, default=Options.retries, help="tries after the first (%(default)s)")
    parser.add_argument("--memory", help="of each program: 2GiB; workers declare it as the resource MEMORY, in bytes")
    parser.add_argument("--gpu", action="store_true", help="compute on a GPU; workers declare the resource GPU")
    parser.add_argument("arguments", nargs="+", help="of the program, behind --")
    options = parser.parse_args(words)
    return options, options.arguments


def connected(chosen: argparse.Namespace, options: Options) -> Client:
    """A client of the scheduler, or of workers on this machine, which share its cores.

    Those are threads of this process: a task does nothing but wait for its program, and a Python of its own takes 2 s of processor time to start."""
    if chosen.scheduler and Path(chosen.scheduler).is_file():
        return Client(scheduler_file=chosen.scheduler)
    if chosen.scheduler:
        return Client(chosen.scheduler)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    number = chosen.local or cores
    threads = max(1, cores // number)
    # A worker's tasks hold no data; a limit would be one on this whole process.
    local = dict(n_workers=number, threads_per_worker=threads, processes=False, memory_limit=None)
    return Client(**local, resources=options.resources, dashboard_address=None)


def end(*_: object) -> NoReturn:
    """SIGTERM: the run is given up, and may be tried again."""
    raise SystemExit(TRY_AGAIN)


def main() -> int:
    """From the command line; the exit code."""
    chosen, arguments = parsed(sys.argv[1:])
    options = Options(chosen.program, chosen.runs, chosen.workers, chosen.retries, chosen.memory, chosen.gpu)
    signal.signal(signal.SIGTERM, end)
    try:
        with connected(chosen, options) as client:
            client.wait_for_workers(1, timeout=60)
            print(run(client, arguments, options, show), end="")
    except Failed as error:
        print(error, file=sys.stderr)
        return error.code
    except ValueError as error:  # of the address, or of --memory
        print(f"dask_run: {error}", file=sys.stderr)
        return NEVER_AGAIN[0]
    except OSError as error:  # a time-out among them
        print(f"dask_run: no scheduler with workers: {error}", file=sys.stderr)
        return TRY_AGAIN
    return 0


if __name__ == "__main__":
    sys.exit(main())
