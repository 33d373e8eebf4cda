#!/bin/sh
# Runs scripts/on_device.sh as on a bare machine: in a root folder that has a shell, coreutils, the GNU C library, Mesa's driver in software, and what
# scripts/pack_for_device.sh has packed; no toolchain, no network. Then once without a driver and once without a loader, which must fail with one clear line.
#
#     scripts/try_on_device.sh [FOLDER FOR THE RESULTS]     default: ./on_device_out; needs root (unshare, chroot) and Mesa (Debian: mesa-vulkan-drivers)
#
# Variables of on_device.sh (SMALL, POINTS, …) are passed on; SMALL=1 is set if it is not.
set -eu
cd "$(dirname "$0")/.."
out=${1:-./on_device_out}
mkdir -p "$out"
out=$(cd "$out" && pwd)
[ -d packed_for_device/bin ] || { echo "try_on_device: packed_for_device is not there: run scripts/pack_for_device.sh first" >&2; exit 1; }
driver_file=/usr/share/vulkan/icd.d/lvp_icd.x86_64.json
[ -e "$driver_file" ] || { echo "try_on_device: $driver_file is not there: apt-get install mesa-vulkan-drivers" >&2; exit 1; }
driver=$(sed -n 's/.*"library_path": "\(.*\)".*/\1/p' "$driver_file")

root=$(mktemp -d "${TMPDIR:-/tmp}/bare.XXXXXX")
trap 'rm -rf "$root"' EXIT

# put FILE…: a file and the libraries that it is linked with, where they are here.
put() {
    for file in "$@"; do
        mkdir -p "$root$(dirname "$file")"
        cp -L "$file" "$root$file"
        ldd "$file" 2>/dev/null | sed -n 's/^[^/]*\(\/[^ ]*\) (0x.*/\1/p' | while read -r library; do
            mkdir -p "$root$(dirname "$library")"
            [ -e "$root$library" ] || cp -L "$library" "$root$library"
        done
    done
}
put /bin/sh "$driver" "$driver_file"
for name in cat cp date dirname ls mkdir mktemp rm sleep tail tee timeout tr uname env; do put "$(command -v "$name")"; done
mkdir -p "$root/tmp" "$root/proc" "$root/dev" "$root/out" "$root/isopach"
cp -r packed_for_device/. "$root/isopach/"
for program in "$root"/isopach/bin/*; do
    # The C library and what belongs to it: not more than any machine has.
    ldd "$program" | sed -n 's/^[^/]*\(\/[^ ]*\) (0x.*/\1/p' | while read -r library; do [ -e "$root$library" ] || { mkdir -p "$root$(dirname "$library")"; cp -L "$library" "$root$library"; }; done
done

# bare WORDS…: a command in that root, without a network.
bare() {
    unshare --mount --net --pid --fork sh -c '
        mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev"
        exec chroot "$0" /usr/bin/env -i PATH=/bin:/usr/bin OUT=/out GPUS=llvmpipe SMALL="${SMALL-1}" "$@"' "$root" "$@"
}
passed=$(env | sed -n '/^\(POINTS\|PIXELS\|SWEEP_POINTS\|SWEEP_PIXELS\|SWITCH_POINTS\|ROUNDS\|PROGRAM_POINTS\|PROGRAM_PIXELS\|WORKER_POINTS\|THREADS\|THREAD_POINTS\|THREAD_PIXELS\|CHECK_S\|BENCH_S\|SWEEP_S\|SWITCHES_S\|PROGRAMS_S\|WORKERS_S\|THREADS_S\|TOTAL_S\)=/p')

# must_fail WORDS OF THE MESSAGE: the script ends with another code than 0, and says why.
must_fail() {
    if bare /bin/sh /isopach/on_device.sh 2>"$root/said"; then
        echo "try_on_device: $1: it went well, but should have failed" >&2
        exit 1
    fi
    [ "$(wc -l <"$root/said")" -eq 1 ] && grep -q "$1" "$root/said" || { echo "try_on_device: expected one line with '$1', got:" >&2; cat "$root/said" >&2; exit 1; }
    echo "fails as it should: $(cat "$root/said")"
}
mv "$root$driver_file" "$root/aside"
must_fail "no Vulkan driver"
mv "$root/aside" "$root$driver_file"
mv "$root/isopach/lib" "$root/aside"
must_fail "no Vulkan loader"
mv "$root/aside" "$root/isopach/lib"
echo "no toolchain there: $(bare /bin/sh -c 'for name in cargo rustc cc gcc python3; do command -v $name; done; echo none of cargo, rustc, cc, gcc, python3')"

# shellcheck disable=SC2086 # a word a line
code=0
bare $passed /bin/sh /isopach/on_device.sh || code=$?
cp "$root"/out/* "$out/"
echo "$out: exit code $code"
exit "$code"
