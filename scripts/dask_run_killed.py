#!/usr/bin/env python3
"""Judges `dask_run.py` with a real scheduler and two real workers of Dask, on loopback: the results are those of one process, bit for bit.

    dask_run_killed.py PROGRAM FOLDER        PROGRAM is `terrain_change`, FOLDER has before.laz and after.laz; run by tests/dask.rs

A wrong argument ends a run at once; a program has the environment of its user; then the driver is killed, a worker is asked to end (SIGTERM), and a worker is killed (SIGKILL), each in the middle of a
run. No program outlives its worker. Needs dask and distributed (scripts/dask_requirements.txt)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
from distributed import Client

import dask_run

RESULTS = ("dod.tif", "dod_lod.tif", "m3c2.laz", "c2c.laz")
LONGEST_S = 60
SOON_S = 6


class Place:
    """Two epochs, a folder for all else, a scheduler, and workers by their name."""

    def __init__(self, program: Path, inputs: Path, folder: Path):
        self.program, self.inputs, self.folder = program, inputs, folder
        self.scheduler = folder / "scheduler.json"
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        self.processes: list[subprocess.Popen[bytes]] = []

    def arguments(self, out: str) -> list[str]:
        epochs = [str(self.inputs / f"{epoch}.laz") for epoch in ("before", "after")]
        tiles = ["--classes", "2", "--tile-size", "20", "--backend", "cpu", "--align", "none"]
        return [*epochs, *tiles, "--out", str(self.folder / out)]

    def dask(self, name: str, *more: str) -> subprocess.Popen[bytes]:
        """A process of Dask's command line; what it says goes into a file of its name."""
        with open(self.folder / f"{name}.log", "wb") as log:
            command = [sys.executable, "-m", "dask", *more, "--scheduler-file", str(self.scheduler), "--no-dashboard"]
            process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def worker(self, name: str, nanny: str) -> None:
        self.workers[name] = self.dask(name, "worker", "--name", name, "--nthreads", "1", nanny)

    def driver(self, out: str) -> subprocess.Popen[str]:
        """A run that has begun."""
        options = ["--scheduler", str(self.scheduler), "--program", str(self.program), "--runs", "12"]
        command = [sys.executable, dask_run.__file__, *options, "--", *self.arguments(out)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder)

    def programs(self, of: psutil.Process | None = None) -> list[psutil.Process]:
        """Programs that claim tiles: of a worker, or all."""
        found = psutil.process_iter() if of is None else of.children(recursive=True)
        return [process for process in found if self.claims(process)]

    def claims(self, process: psutil.Process) -> bool:
        try:
            words = process.cmdline()
        except psutil.Error:
            return False
        return words[:1] == [str(self.program)] and "--claim" in words and any(str(self.folder) in word for word in words)

    def done(self, out: str) -> int:
        return len(list((self.folder / out / ".run/tiles").glob("*.tile")))

    def results(self, out: str) -> list[bytes]:
        return [(self.folder / out / name).read_bytes() for name in RESULTS]


def end(here: Place) -> None:
    """Ends what was started, whatever came between."""
    for process in here.processes:
        children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.kill()
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        process.wait()


def until(is_so: Callable[[], object], what: str) -> None:
    latest = time.monotonic() + LONGEST_S
    while not is_so():
        assert time.monotonic() < latest, f"not within {LONGEST_S} s: {what}"
        time.sleep(0.05)


def ended(driver: subprocess.Popen[str], code: int) -> tuple[str, str]:
    """What a run printed that ended with a code."""
    output, errors = driver.communicate(timeout=LONGEST_S)
    assert driver.returncode == code, f"{driver.returncode}: {output}{errors}"
    return output, errors


def in_the_middle(here: Place, out: str, *victims: str) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """A run some of whose tiles are done, and the programs of some workers, stopped: so they cannot have ended by themselves."""
    driver = here.driver(out)
    workers = [psutil.Process(here.workers[victim].pid) for victim in victims]
    programs: list[psutil.Process] = []
    for worker in workers:
        until(lambda: driver.poll() is not None or here.done(out) > 2 and here.programs(worker), "tiles done and a program at work")
        programs += here.programs(worker)[:1]
        programs[-1].suspend()
        until(lambda: is_stopped(programs[-1]), "the program stopped")
    assert len(programs) == len(victims) and driver.poll() is None, f"it was over too soon: {driver.communicate()}"
    return driver, programs


def is_stopped(program: psutil.Process) -> bool:
    """Whether all threads are: a signal that comes before is taken, and then neither pending nor obeyed."""
    stats = Path(f"/proc/{program.pid}/task").glob("*/stat")
    try:
        return {stat.read_text().rsplit(")", 1)[1].split()[0] for stat in stats} == {"T"}
    except OSError:  # a thread has just ended
        return False


def has_sigterm(program: psutil.Process) -> bool:
    """Whether a stopped program has got SIGTERM, which it will see when it goes on."""
    status = Path(f"/proc/{program.pid}/status").read_text()
    pending = next(line.split()[1] for line in status.splitlines() if line.startswith("ShdPnd"))
    return bool(int(pending, 16) >> (signal.SIGTERM - 1) & 1)


def end_soon(programs: Sequence[psutil.Process]) -> None:
    """They are asked to end, sooner than a nanny kills a worker (8 s), and do."""
    asked = time.monotonic()
    until(lambda: all(map(has_sigterm, programs)), "SIGTERM")
    assert time.monotonic() - asked < SOON_S, "nobody passed SIGTERM on"
    for program in programs:
        program.resume()
    until(lambda: not any(map(is_at_work, programs)), "the programs ended")


def is_at_work(program: psutil.Process) -> bool:
    return program.is_running() and program.status() != psutil.STATUS_ZOMBIE


def a_wrong_argument_ends_it_at_once(here: Place) -> None:
    log, counting = here.folder / "started", here.folder / "counting"
    counting.write_text(f'#!/bin/sh\necho "$@" >>"{log}"\nexec "{here.program}" "$@"\n')
    counting.chmod(0o755)
    with Client(scheduler_file=str(here.scheduler)) as client:
        client.wait_for_workers(2, timeout=LONGEST_S)
        wrong = [*here.arguments("wrong"), "--depth", "-1"]
        fails(client, wrong, dask_run.Options(str(counting)), 2, "depth")
        assert len(log.read_text().splitlines()) == 1, "it was tried again"
        fails(client, wrong, dask_run.Options("no-such-program"), 2, "cannot start no-such-program")
        # A task that no worker could run would wait for ever.
        fails(client, wrong, dask_run.Options(str(counting), memory="1GiB"), 75, "--resources MEMORY=1073741824")


def a_program_has_an_environment_of_its_own(here: Place) -> None:
    """A nanny's worker has its allocator set for NumPy; its programs have not, unless the user says so."""
    log, asking = here.folder / "trim", here.folder / "asking"
    asking.write_text(f'#!/bin/sh\necho "${{MALLOC_TRIM_THRESHOLD_-unset}} $USERS_OWN" >>"{log}"\nexit 2\n')
    asking.chmod(0o755)
    with Client(scheduler_file=str(here.scheduler)) as client:
        client.wait_for_workers(1, timeout=LONGEST_S)
        nannys = next(worker["name"] for worker in client.scheduler_info()["workers"].values() if worker["nanny"])
        threshold = client.submit(os.getenv, "MALLOC_TRIM_THRESHOLD_", workers=nannys, pure=False).result()
        assert threshold == "65536", f"Dask sets {threshold} now: is own_environment still of use?"
        for given in (threshold, "1000000"):
            environ = {"MALLOC_TRIM_THRESHOLD_": given, "USERS_OWN": "kept"}
            client.submit(dask_run.ByValue(set_variables), environ, workers=nannys, pure=False).result()
            future = client.submit(dask_run.ByValue(dask_run.task), [str(asking)], 0, "out", "topic", workers=nannys, pure=False)
            assert future.result().code == 2
        client.submit(dask_run.ByValue(set_variables), {"MALLOC_TRIM_THRESHOLD_": threshold}, workers=nannys, pure=False).result()
    assert log.read_text() == "unset kept\n1000000 kept\n", log.read_text()


def set_variables(variables: dict[str, str]) -> None:
    """On a worker. (`os.environ.update` itself would be sent with a copy of this process's variables.)"""
    os.environ.update(variables)


def fails(client: Client, arguments: Sequence[str], options: dask_run.Options, code: int, words: str) -> None:
    try:
        dask_run.run(client, arguments, options)
    except dask_run.Failed as failed:
        assert failed.code == code and words in str(failed), f"{failed.code}: {failed}"
    else:
        raise AssertionError("it ended well")


def programs_end_with_their_driver(here: Place) -> None:
    driver, programs = in_the_middle(here, "out", "a", "b")
    driver.kill()
    driver.communicate()
    end_soon(programs)
    until(lambda: not here.programs(), "no others took their place")
    assert not (here.folder / "out/dod.tif").exists()


def a_worker_that_is_asked_to_end_gives_its_task_back(here: Place) -> None:
    # The same run goes on.
    driver, programs = in_the_middle(here, "out", "a")
    here.workers["a"].terminate()
    end_soon(programs)
    here.workers["a"].wait(LONGEST_S)
    is_equal(here, driver, "out")


def a_worker_that_is_killed_is_replaced(here: Place) -> None:
    driver, programs = in_the_middle(here, "again", "b")
    here.workers["b"].kill()
    end_soon(programs)
    is_equal(here, driver, "again")


def is_equal(here: Place, driver: subprocess.Popen[str], out: str) -> None:
    """The run ends well, with the results of one process, and tells how far it is."""
    output, errors = ended(driver, 0)
    assert "m3c2" in output and "look at" in output, output
    # How many lines there are depends on the time that the run takes.
    lines = [line for line in errors.splitlines() if line.startswith("tiles ")]
    assert lines, errors
    tiles = lines[-1].split()[-1]
    assert lines[-1].split() == ["tiles", tiles, "of", tiles], errors
    assert here.results(out) == here.results("whole")


def main(program: Path, inputs: Path) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        here = Place(program, inputs, Path(folder))
        try:
            judge_all(here)
        finally:
            end(here)


def judge_all(here: Place) -> None:
    here.dask("scheduler", "scheduler", "--host", "127.0.0.1", "--port", "0")
    here.worker("a", "--nanny")
    here.worker("b", "--no-nanny")
    subprocess.run([here.program, *here.arguments("whole")], check=True, stdout=subprocess.DEVNULL)
    timed(here, a_wrong_argument_ends_it_at_once)
    timed(here, a_program_has_an_environment_of_its_own)
    timed(here, programs_end_with_their_driver)
    timed(here, a_worker_that_is_asked_to_end_gives_its_task_back)
    here.worker("c", "--no-nanny")
    timed(here, a_worker_that_is_killed_is_replaced)


def timed(here: Place, judge: Callable[[Place], None]) -> None:
    start = time.monotonic()
    judge(here)
    print(f"{judge.__name__}: {time.monotonic() - start:.1f} s", flush=True)


if __name__ == "__main__":
    main(*(Path(word).resolve() for word in sys.argv[1:3]))
