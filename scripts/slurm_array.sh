#!/bin/sh
#SBATCH --job-name=terrain_change
#SBATCH --array=1-24
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@60
# One shard a task of the array, as docs/fleet.md says: sbatch slurm_array.sh BEFORE AFTER --out OUT …
#
# SHARDS says how many there are, --array which of them are run: some can be submitted again alone.
shards=${SHARDS:-24}

# SIGUSR1: the time limit is near. SIGTERM: scancel, or a requeue that Slurm has decided on. The program ends with 75 and what it has done is kept.
again='' over=''
trap 'again=yes; kill -TERM "$child" 2>/dev/null' USR1
trap 'over=yes; kill -TERM "$child" 2>/dev/null' TERM

# Tried here first: a task that is requeued waits for two minutes.
for try in 1 2 3; do
    terrain_change "$@" --threads "${SLURM_CPUS_PER_TASK:-1}" --shard "$SLURM_ARRAY_TASK_ID/$shards" &
    child=$!
    wait "$child"
    code=$?
    # A signal ends the wait, not the program.
    while kill -0 "$child" 2>/dev/null; do
        wait "$child"
        code=$?
    done
    case $code in 0 | 2 | 3) exit "$code" ;; esac
    [ -z "$again$over" ] || break
done

# A task that is cancelled must not come back, so not after SIGTERM. Five times at most.
[ -n "$over" ] || [ "${SLURM_RESTART_COUNT:-0}" -ge 5 ] || scontrol requeue "$SLURM_JOB_ID"
exit "$code"
