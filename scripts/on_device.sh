#!/bin/sh
# What minutes on a graphics processor have to decide, in order of worth, as JSON lines.
#
#     OUT=FOLDER on_device.sh            on a bare x86-64 Linux machine with a driver: no toolchain, no network, no Python
#     SMALL=1 GPUS=llvmpipe on_device.sh the same at sizes for a device in software, to try it
#
# Runs the programs that scripts/pack_for_device.sh has laid beside it (or in ../packed_for_device). Writes $OUT/lines.jsonl, a line as soon as it is known, and
# $OUT/messages.txt (./on_device_out if OUT is not set); scripts/on_device_report.py makes tables of the lines. Every step has its own time limit, cut to what
# is left of TOTAL_S seconds. The last line tells what each step took and whether it ended well. The exit code is 0 only where every step did: a device that
# declines, does nothing or differs fails its step, and so does a missing loader or driver.
#
# Variables: GPUS (name or number of the device; the best in hardware if not set), TOTAL_S, and sizes and limits of the steps, below.
set -u
here=$(cd "$(dirname "$0")" && pwd)
packed=$here
[ -d "$packed/bin" ] || packed=$here/../packed_for_device
bin=$packed/bin
OUT=${OUT:-./on_device_out}
GPUS=${GPUS:-}

if [ -n "${SMALL:-}" ]; then
    : "${POINTS:=10000}" "${PIXELS:=600}" "${SWEEP_POINTS:=4096}" "${SWEEP_PIXELS:=256}" "${SWITCH_POINTS:=2000}" "${ROUNDS:=3}"
    : "${PROGRAM_POINTS:=30000}" "${PROGRAM_PIXELS:=1024}" "${WORKER_POINTS:=4000}" "${THREADS:=1,2}" "${THREAD_POINTS:=50000}" "${THREAD_PIXELS:=2000}"
    # There, compiling kernels takes most of the time.
    : "${CHECK_S:=200}" "${BENCH_S:=90}" "${SWEEP_S:=60}" "${SWITCHES_S:=180}" "${PROGRAMS_S:=120}" "${WORKERS_S:=35}" "${THREADS_S:=30}"
fi
: "${POINTS:=4000000}" "${PIXELS:=400000}" "${SWEEP_POINTS:=1048576}" "${SWEEP_PIXELS:=131072}" "${SWITCH_POINTS:=1000000}" "${ROUNDS:=40}"
: "${PROGRAM_POINTS:=4000000}" "${PROGRAM_PIXELS:=1048576}" "${WORKER_POINTS:=1000000}" "${THREADS:=1,2,4,8,16}" "${THREAD_POINTS:=1000000}" "${THREAD_PIXELS:=20000}"
: "${CHECK_S:=60}" "${BENCH_S:=120}" "${SWEEP_S:=60}" "${SWITCHES_S:=120}" "${PROGRAMS_S:=75}" "${WORKERS_S:=30}" "${THREADS_S:=45}"
: "${TOTAL_S:=510}"

fail() {
    echo "on_device: $1" >&2
    [ -d "$OUT" ] && echo "on_device: $1" >>"$OUT/messages.txt"
    exit 2
}

mkdir -p "$OUT" || fail "$OUT cannot be made: set OUT to a folder that can be written to"
lines=$OUT/lines.jsonl
messages=$OUT/messages.txt
: >"$lines"
: >"$messages"
for program in devices switches terrain_change emission; do
    [ -x "$bin/$program" ] || fail "$bin/$program is not there: run scripts/pack_for_device.sh where there is a toolchain, and bring its folder"
done
command -v timeout >/dev/null || fail "there is no program timeout (coreutils) here: no step could be ended"
began=$(date +%s)
deadline=$((began + TOTAL_S))
place=$(mktemp -d "${TMPDIR:-/tmp}/on_device.XXXXXX") || fail "no folder for results that are thrown away could be made: set TMPDIR"
trap 'rm -rf "$place"' EXIT
# Loaders and drivers look for these. Mesa 22.3.6 keeps what it compiled in the home folder of the list of users, whatever HOME says: on a machine without
# such a list every program would compile all kernels anew.
export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-$place}" HOME="${HOME:-$place}" XDG_CACHE_HOME="${XDG_CACHE_HOME:-$place}" __GL_SHADER_DISK_CACHE_PATH="$place"

# --- the loader and the driver -------------------------------------------------------------------------------------------------------------------------

# The machine's own loader, or the one that was packed.
loader=
for folder in $(echo "${LD_LIBRARY_PATH:-}" | tr : ' ') /usr/lib/x86_64-linux-gnu /lib/x86_64-linux-gnu /usr/lib64 /lib64 /usr/lib /lib /usr/local/lib; do
    [ -e "$folder/libvulkan.so.1" ] && { loader=$folder/libvulkan.so.1; break; }
done
if [ -z "$loader" ] && [ -e "$packed/lib/libvulkan.so.1" ]; then
    loader=$packed/lib/libvulkan.so.1
    export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$packed/lib"
fi
[ -n "$loader" ] || fail "no Vulkan loader: libvulkan.so.1 is neither on this machine nor in $packed/lib"

# Whether what `devices` lists has the device that is wanted.
listed=
is_there() {
    listed=$(timeout 30 "$bin/devices" --json 2>>"$messages")
    case $listed in
    *'"kind":"DiscreteGpu"'* | *'"kind":"IntegratedGpu"'* | *'"kind":"VirtualGpu"'* | *'"kind":"Other"'*) return 0 ;;
    *'"kind":"Cpu"'*) [ -n "$GPUS" ] ;;
    *) return 1 ;;
    esac
}

# A driver file of our own, for a library that is there without one. NVIDIA's needs no X libraries under the name of EGL.
own_driver_file() {
    printf '{"file_format_version":"1.0.0","ICD":{"library_path":"%s","api_version":"1.3.0"}}\n' "$1" >"$place/driver.json"
    echo "$place/driver.json"
}

find_device() {
    is_there && return
    # A driver that was named is the one.
    [ -z "${VK_DRIVER_FILES:-}" ] || return
    for file in /usr/local/nvidia/share/vulkan/icd.d/*.json /usr/local/nvidia/vulkan/icd.d/*.json /opt/*/share/vulkan/icd.d/*.json; do
        [ -e "$file" ] || continue
        export VK_DRIVER_FILES="$file"
        is_there && return
    done
    for name in libEGL_nvidia.so.0 libGLX_nvidia.so.0; do
        for folder in /usr/lib/x86_64-linux-gnu /usr/lib64 /usr/lib /usr/local/nvidia/lib64 /usr/local/nvidia/lib; do
            [ -e "$folder/$name" ] || continue
            VK_DRIVER_FILES=$(own_driver_file "$folder/$name")
            export VK_DRIVER_FILES
            is_there && return
        done
    done
    unset VK_DRIVER_FILES
    is_there
}

if ! find_device; then
    case $listed in
    *'"kind":"Cpu"'*) fail "there is only a device in software; name it to try this script on it: GPUS=llvmpipe" ;;
    *) fail "no Vulkan driver: the loader $loader finds no device (driver files are looked for in /usr/share/vulkan/icd.d, /etc/vulkan/icd.d and VK_DRIVER_FILES; $messages has what it said)" ;;
    esac
fi
printf '%s\n' "$listed" >>"$lines"
echo "on_device: loader $loader, driver file ${VK_DRIVER_FILES:-as the loader finds it}" >>"$messages"

# --- the steps -----------------------------------------------------------------------------------------------------------------------------------------

steps=
all_well=true

# Seconds that a step of so many may take now.
within() {
    left=$((deadline - $(date +%s)))
    if [ "$1" -lt "$left" ]; then echo "$1"; else echo "$left"; fi
}

# step NAME LIMIT PROGRAM WORDS…
step() {
    name=$1
    limit=$(within "$2")
    shift 2
    program=$1
    shift
    start=$(date +%s)
    echo "== $name, at most $limit s" | tee -a "$messages" >&2
    if [ "$limit" -lt 3 ]; then
        code=125
        echo "on_device: $name was not begun: $TOTAL_S s are over" | tee -a "$messages" >&2
    else
        timeout -k 3 "$limit" "$bin/$program" "$@" >>"$lines" 2>>"$messages"
        code=$?
    fi
    took=$(($(date +%s) - start))
    # A program that was ended may have left half a line.
    [ -z "$(tail -c 1 "$lines")" ] || echo >>"$lines"
    well=true
    [ "$code" -eq 0 ] || { well=false; all_well=false; }
    line="\"step\":\"$name\",\"seconds\":$took,\"limit_s\":$limit,\"code\":$code,\"well\":$well"
    echo "   $took s, $(if [ "$well" = true ]; then echo well; elif [ "$code" -eq 124 ]; then echo "ENDED AT ITS LIMIT"; else echo "NOT WELL: code $code"; fi)" | tee -a "$messages" >&2
    echo "{\"what\":\"step\",$line}" >>"$lines"
    steps="${steps:+$steps,}{$line}"
}

on=
[ -z "$GPUS" ] || on="--gpus $GPUS"
# shellcheck disable=SC2086 # two words
{
    step conformance "$CHECK_S" devices --check --json $on
    step kernels "$BENCH_S" devices --bench --json $on --points "$POINTS" --pixels "$PIXELS"
    step sweep "$SWEEP_S" devices --sweep --json $on --points "$SWEEP_POINTS" --pixels "$SWEEP_PIXELS" --repeat 2
    step switches "$SWITCHES_S" switches "$SWITCH_POINTS" "$ROUNDS" "${GPUS:-best}" "$(($(within "$SWITCHES_S") - 10))"
    step programs "$PROGRAMS_S" devices --programs --json $on --points "$PROGRAM_POINTS" --pixels "$PROGRAM_PIXELS" --repeat 2 --folder "$place"
    step workers "$WORKERS_S" devices --workers --json $on --points "$WORKER_POINTS"
    step threads "$THREADS_S" devices --threads "$THREADS" --json --points "$THREAD_POINTS" --pixels "$THREAD_PIXELS" --repeat 2
}
printf '{"what":"steps","well":%s,"seconds":%s,"steps":[%s]}\n' "$all_well" "$(($(date +%s) - began))" "$steps" >>"$lines"
echo "on_device: $(($(date +%s) - began)) s, $lines" >&2
[ "$all_well" = true ]
