#!/bin/sh
# distributed 2026.8.0: `Client.submit` does not send functions of a module that cloudpickle was told to send by value.
#
# `cloudpickle.register_pickle_by_value(module)` is what a program calls whose functions (around PDAL, laspy, a program of its own) are in a file that
# workers do not have. `Client.run(module.function)` honours it. `Client.submit(module.function)` does not: distributed pickles the graph with `pickle` first, which succeeds by
# writing the function's name alone, so the worker looks for the module and the task ends with "Error during deserialization of the task graph".
# A lambda around the same function works, since `pickle` fails on a lambda and cloudpickle follows.
#
# Seen: "run: 42; submit of a lambda around it: 42; submit: RuntimeError: Error during deserialization of the task graph". Exit code 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install dask==2026.8.0 distributed==2026.8.0 cloudpickle==3.1.2
mkdir "$folder/here" "$folder/there"
cat > "$folder/here/survey.py" <<'PYTHON'
def answer():
    return 42
PYTHON
cat > "$folder/here/finding.py" <<'PYTHON'
import subprocess
import sys

import cloudpickle
import survey
from distributed import Client

python, there = sys.executable, sys.argv[1]
address = "tcp://127.0.0.1:18786"
start = lambda *words: subprocess.Popen([python, "-m", "dask", *words], cwd=there, stderr=subprocess.DEVNULL)
scheduler = start("scheduler", "--host", "127.0.0.1", "--port", "18786", "--no-dashboard")
worker = start("worker", address, "--nthreads", "1", "--no-dashboard")
try:
    with Client(address, timeout=60) as client:
        client.wait_for_workers(1, timeout=60)
        cloudpickle.register_pickle_by_value(survey)

        def said(ask):
            try:
                return ask()
            except Exception as error:
                return f"{type(error).__name__}: {str(error).split(chr(10))[0].rstrip('.').split('.')[0]}"

        run = said(lambda: list(client.run(survey.answer).values())[0])
        around = said(lambda: client.submit(lambda: survey.answer(), pure=False).result(timeout=60))
        submit = said(lambda: client.submit(survey.answer, pure=False).result(timeout=60))
        print(f"run: {run}; submit of a lambda around it: {around}; submit: {submit}")
finally:
    worker.terminate()
    scheduler.terminate()
PYTHON
cd "$folder/here"
"$folder/venv/bin/python" finding.py "$folder/there" 2>/dev/null | tee out.txt
grep -q "^run: 42; submit of a lambda around it: 42; submit: RuntimeError: Error during deserialization of the task graph" out.txt
