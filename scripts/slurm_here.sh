#!/bin/sh
# A Slurm cluster of one controller and two nodes on this machine, in a temporary folder, and on it the walk-through of docs/fleet.md: plan, array, merge.
#
#     scripts/slurm_here.sh        needs root, and slurmctld, slurmd, munged (Debian: slurm-wlm); BIN names the folder of the program
#
# On the way a program, a script and a task are killed. Fails unless the results are those of one process; ends everything that it started.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=${BIN:-$here/../target/debug/examples}
PATH=$(cd "$bin" && pwd):$PATH:/usr/sbin
command -v terrain_change slurmctld slurmd munged >/dev/null || { echo "SKIPPED: needs terrain_change (BIN=…), slurmctld, slurmd, munged"; exit 0; }
[ "$(id -u)" = 0 ] || { echo "SKIPPED: needs root"; exit 0; }
place=$(mktemp -d)
export SLURM_CONF="$place/slurm.conf"

down() {
    code=$?
    [ "$code" = 0 ] || tail -n 5 "$place"/killed/*.out "$place/slurmctld.log" 2>/dev/null || true
    scancel --quiet --user root 2>/dev/null || true
    sleep 2
    for pid in "$place"/*.pid; do [ ! -f "$pid" ] || kill "$(cat "$pid")" 2>/dev/null || true; done
    sleep 1
    rm -rf "$place"
    exit "$code"
}
trap down EXIT
trap 'exit 1' INT TERM

up() {
    node=$(hostname -s)
    mkdir "$place/state" "$place/n1" "$place/n2" "$place/walk" "$place/killed"
    chmod 711 "$place"
    dd if=/dev/urandom of="$place/key" bs=128 count=1 2>/dev/null
    chmod 600 "$place/key"
    # Containers have no cgroups to hand out. cred_expire is how long a requeued task waits: 120 s if not given, and if less than 5 s is given.
    cat >"$SLURM_CONF" <<CONF
ClusterName=here
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=17817
SlurmUser=root
AuthInfo=socket=$place/munge.socket,cred_expire=5
StateSaveLocation=$place/state
SlurmdSpoolDir=$place/%n
SlurmctldPidFile=$place/slurmctld.pid
SlurmdPidFile=$place/%n.pid
SlurmctldLogFile=$place/slurmctld.log
SlurmdLogFile=$place/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
ReturnToService=2
MpiDefault=none
KillWait=5
MinJobAge=3600
SchedulerParameters=sched_interval=1,bf_interval=1
NodeName=n1 NodeHostname=$node NodeAddr=127.0.0.1 Port=17818 CPUs=1
NodeName=n2 NodeHostname=$node NodeAddr=127.0.0.1 Port=17819 CPUs=1
PartitionName=all Nodes=ALL Default=YES
CONF
    munged --force --key-file="$place/key" --socket="$place/munge.socket" --pid-file="$place/munged.pid" \
        --log-file="$place/munged.log" --seed-file="$place/munged.seed"
    slurmctld
    slurmd -N n1
    slurmd -N n2
    tries=0
    until [ "$(sinfo --noheader --Node --states=idle | wc -l)" = 2 ]; do
        tries=$((tries + 1))
        [ $tries -lt 60 ] || { sinfo; cat "$place"/*.log; exit 1; }
        sleep 0.5
    done
    sinfo --version
}

# The commands of the documentation, as they stand.
walk() {
    awk '/^## /{here = /^## Slurm/} here && /^```/{block++; next} here && block == 1' "$here/../docs/fleet.md" >"$place/walk/commands"
    [ "$(grep -c sbatch "$place/walk/commands")" -ge 3 ] || { echo "docs/fleet.md shows no commands of Slurm"; exit 1; }
    cd "$place/walk"
    cp "$here/slurm_array.sh" .
    awk '/^## /{here = /^## Slurm/} here && /^```/{block++; next} here && block == 3' "$here/../docs/fleet.md" | cmp - slurm_array.sh
    sh -e commands >/dev/null
    echo "the commands of docs/fleet.md: as one process"
}

# stopped TASK: waits until the program of a task is at work and stops it there, until `goes_on`; sets `program`.
stopped() {
    tries=0
    until program=$(pgrep -f -- "terrain_change .*--out $place/killed/out .*--shard $1/6\$") && kill -STOP "$program"; do
        tries=$((tries + 1))
        [ $tries -lt 3000 ] || { echo "task $1 never ran" >&2; exit 1; }
        sleep 0.02
    done
}
goes_on() { kill -CONT "$program"; }

# slurm COMMAND…: as soon as Slurm takes it: it takes nothing for a task that it is just starting.
slurm() {
    tries=0
    until "$@" 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -lt 50 ] || { "$@"; exit 1; }
        sleep 0.2
    done
}

# Whatever is done to tasks, all are done in the end, and only then is there a merge.
killed() {
    cd "$place/killed"
    terrain_change --scene-points 400000 --out made >/dev/null
    survey="made/scene_before.laz made/scene_after.laz --classes 2 --tile-size 10 --backend cpu"
    # shellcheck disable=SC2086 # several words
    terrain_change $survey --out whole --threads 2 >/dev/null
    # shellcheck disable=SC2086
    terrain_change $survey --out "$place/killed/out" --plan >/dev/null
    # One after the other, so that each can be met while it is at work.
    # shellcheck disable=SC2086
    array=$(sbatch --parsable --array=1-6%1 --export=ALL,SHARDS=6 --output=%a.out "$here/slurm_array.sh" $survey --out "$place/killed/out")
    merge=$(sbatch --parsable --dependency="afterok:$array" --kill-on-invalid-dep=yes --output=merge.out --wrap \
        "terrain_change $survey --out $place/killed/out --merge")
    stopped 1
    kill -KILL "$program"
    echo "task 1: its program is killed"
    stopped 2
    slurm scontrol requeue "${array}_2"
    goes_on
    echo "task 2: requeued, as where its node is wanted back"
    stopped 3
    kill -USR1 "$(ps -o ppid= -p "$program" | tr -d ' ')"
    goes_on
    echo "task 3: its script gets SIGUSR1, as where its time is nearly over"
    stopped 4
    slurm scancel "${array}_4"
    goes_on
    echo "task 4: cancelled"
    tries=0
    until squeue --noheader --states=all --jobs "$merge" --format %T | grep -q CANCELLED; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || { squeue; exit 1; }
        sleep 0.2
    done
    scontrol --oneliner show job "$array" |
        sed -E 's/.*ArrayTaskId=([0-9]+) .*JobState=([A-Z]+) .*Restarts=([0-9]+) .*ExitCode=([0-9:]+) .*/task \1: \2, started again \3 times, code \4/' |
        sort
    [ ! -e out/dod.tif ] || { echo "merged without task 4"; exit 1; }
    # shellcheck disable=SC2086
    sbatch --wait --array=4 --export=ALL,SHARDS=6 --output=%a.out "$here/slurm_array.sh" $survey --out "$place/killed/out"
    # shellcheck disable=SC2086
    sbatch --wait --output=merge.out --wrap "terrain_change $survey --out $place/killed/out --merge"
    cmp out/dod.tif whole/dod.tif && cmp out/m3c2.laz whole/m3c2.laz && cmp out/c2c.laz whole/c2c.laz
    echo "tasks killed, requeued, out of time and cancelled: as one process"
}

up
walk
killed
