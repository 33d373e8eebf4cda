"""Runs a program for a task of a cluster: it ends with the process of the task, however that ends, and its exit code says whether it is tried again.

For `dask_run.py`, and for a Ray task (docs/fleet.md). Only the standard library.

A worker that is killed cannot end its children. So between worker and program there is a small process that reads from a pipe: the pipe ends when the worker
does, and the program gets SIGTERM then. (PR_SET_PDEATHSIG would do it on Linux alone, is bound to the thread that started the program, not to the process,
and needs a `preexec_fn`, which is not safe in a process with threads, as workers are.)
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

NEVER_AGAIN = (2, 3)
"""Exit codes after which the program would end in the same way again: docs/fleet.md."""

PAUSE_S = 0.2
"""How often it is looked whether the task is still wanted."""

LONGEST_WAIT_S = 30
"""Between two tries, at most; the first time 1 s, then twice as long each time."""

MOST_BYTES = 1 << 16
"""Of what the program printed, the end."""

SUPERVISOR = """
import os, signal, subprocess, sys, threading, time
program = None
def ask(*_):
    if program:
        program.terminate()
def watch():
    sys.stdin.buffer.read()
    ask()
    time.sleep(30)
    program.kill()
signal.signal(signal.SIGTERM, ask)
try:
    program = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
except OSError as error:
    print(f"cannot start {sys.argv[1]}: {error.strerror}", file=sys.stderr, flush=True)
    os._exit(2)
threading.Thread(target=watch, daemon=True).start()
code = program.wait()
os._exit(code if code >= 0 else 128 - code)
"""
"""The process between: the command is its arguments, the pipe its standard input."""


@dataclass(frozen=True)
class Ended:
    """How a program ended."""

    code: int
    """Its exit code; 128 + N where signal N ended it."""
    output: str
    """What it printed on its standard output, the last 64 KiB."""
    last_line: str
    """The last line that it printed on its standard error."""

    @property
    def is_final(self) -> bool:
        """Whether another try would end in the same way."""
        return self.code == 0 or self.code in NEVER_AGAIN


def supervised(
    command: Sequence[str],
    is_given_back: Callable[[], bool],
    tell: Callable[[], None],
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Runs a program to its end, in an environment, or in that of this process.

    `is_given_back` says whether somebody else does the task now, or nobody wants it: then the program gets SIGTERM. `tell` is called meanwhile, some times a
    second. Where this raises, or its process ends, the program gets SIGTERM too, and SIGKILL half a minute later.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", SUPERVISOR, *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=errors,
            env=environment,
            start_new_session=True,  # Ctrl-C in the terminal of a worker is for the worker
        )
        with process:  # closes the pipe in the end, and waits
            while True:
                try:
                    process.wait(PAUSE_S)
                    break
                except subprocess.TimeoutExpired:
                    if process.stdin and is_given_back():
                        process.stdin.close()
                    tell()
        lines = end_of(errors).splitlines()
        return Ended(process.returncode, end_of(output), next((line for line in reversed(lines) if line.strip()), ""))


def tried(
    command: Sequence[str],
    retries: int = 2,
    is_given_back: Callable[[], bool] = lambda: False,
    tell: Callable[[], None] = lambda: None,
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """As `supervised`, and again, `retries` times at most, where the program crashed or ended with "try again" (75)."""
    for number in range(retries + 1):
        ended = supervised(command, is_given_back, tell, environment)
        if ended.is_final or number == retries or is_given_back():
            break
        time.sleep(min(2**number, LONGEST_WAIT_S))
    return ended


def end_of(file: IO[bytes]) -> str:
    """The last of what is in a file."""
    length = file.seek(0, 2)
    file.seek(max(0, length - MOST_BYTES))
    return file.read().decode(errors="replace")
