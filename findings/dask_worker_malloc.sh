#!/bin/sh
# distributed 2026.8.0: a program that a task starts inherits the allocator's settings that the nanny makes for NumPy, and may page-fault a hundred times as often.
#
# A nanny starts its worker with `MALLOC_TRIM_THRESHOLD_=65536` (`distributed.nanny.pre-spawn-environ`; its documentation gives the reason: arrays go back to the
# system at once). The variable is inherited by every child, for instance by a compiled program that `subprocess` runs in a task. In glibc that one number also
# switches off the threshold of `mmap` that grows with what is freed (mallopt(3), M_MMAP_THRESHOLD): each buffer of 128 KiB or more is mapped, zeroed and unmapped
# anew, for as long as the program runs. Nothing is said, and the same command in a shell does not show it. A worker without a nanny (`--no-nanny`) does not have it;
# a process that makes a LocalCluster has it too from then on, also when the cluster is closed, and with it all that this process starts later.
#
# A program of 20 lines takes and writes a buffer of 1 MiB a thousand times. Alone it faults a few hundred times; started by a task of a worker with a nanny, at
# least 100 times as often; started with the variable taken out of its environment, as alone.
#
# Upstream: documented for workers ("Automatically trim memory" in Dask's documentation), not for their children.
#
# Seen with glibc 2.36: "alone 565 faults; in a task 257051; in a task without the variable 562; left by a closed LocalCluster: 65536" (the numbers vary by some).
# Exit code 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install dask==2026.8.0 distributed==2026.8.0
cd "$folder"
cat > buffers.c <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

int main(void)
{
    for (int round = 0; round < 1000; round++) {
        char *volatile buffer = malloc(1 << 20);
        if (buffer == NULL)
            return 1;
        memset(buffer, round, 1 << 20);
        free(buffer);
    }
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("%ld\n", used.ru_minflt);
    return 0;
}
C
cc -O1 -o buffers buffers.c
cat > finding.py <<'PYTHON'
import os
import subprocess
from distributed import Client, LocalCluster


def faults(names_left_out=()):
    environment = {name: value for name, value in os.environ.items() if name not in names_left_out}
    return int(subprocess.run(["./buffers"], env=environment, capture_output=True, check=True, text=True).stdout)


if __name__ == "__main__":
    os.environ.pop("MALLOC_TRIM_THRESHOLD_", None)
    alone = faults()
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        in_a_task = client.submit(faults, pure=False).result()
        without = client.submit(faults, ("MALLOC_TRIM_THRESHOLD_",), pure=False).result()
    left = os.environ.get("MALLOC_TRIM_THRESHOLD_")
    print(f"alone {alone} faults; in a task {in_a_task}; in a task without the variable {without}; left by a closed LocalCluster: {left}")
    assert alone < 2000 and without < 2000 and in_a_task > 100 * alone and left == "65536"
PYTHON
venv/bin/python finding.py
