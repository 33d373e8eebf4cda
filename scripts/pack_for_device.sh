#!/bin/sh
# Builds, strips and lays into one folder what scripts/on_device.sh needs on a machine that has nothing but a driver, and refuses to make it too large.
#
#     scripts/pack_for_device.sh                   packed_for_device/, release build
#     PROFILE=dev scripts/pack_for_device.sh       a debug build, to try the scripts
#     scripts/pack_for_device.sh --offline         words after it go to cargo
#
# Needs the Vulkan loader (Debian: libvulkan1; another file with LOADER=/path/libvulkan.so.1). The programs need a C library as new as the one here, or newer.
set -eu
cd "$(dirname "$0")/.."
most_mib=48
to=packed_for_device
profile=${PROFILE:-release}
built=target/$([ "$profile" = dev ] && echo debug || echo "$profile")/examples
programs="devices switches terrain_change emission"

fail() {
    echo "pack_for_device: $1" >&2
    exit 1
}

loader=${LOADER:-}
for folder in /usr/lib/x86_64-linux-gnu /usr/lib64 /usr/lib; do
    [ -z "$loader" ] && [ -e "$folder/libvulkan.so.1" ] && loader=$folder/libvulkan.so.1
done
[ -n "$loader" ] && [ -e "$loader" ] || fail "no Vulkan loader here: apt-get install libvulkan1, or name the file with LOADER=…/libvulkan.so.1"
[ "$(uname -m)" = x86_64 ] || fail "this is $(uname -m): the programs are for x86-64 machines, build them on one"

# What the programs say that they were built from.
commit=$(git rev-parse --short HEAD)
[ -z "$(git status --porcelain --untracked-files=no)" ] || commit=$commit+
export ISOPACH_COMMIT="$commit"
# Optimised across all crates at once: a tenth smaller.
# shellcheck disable=SC2046 # words
cargo build --config 'profile.release.lto="fat"' --profile "$profile" --locked -p isopach -p isopach-gpu $(for program in $programs; do echo "--example $program"; done) "$@"

rm -rf "$to"
mkdir -p "$to/bin" "$to/lib"
for program in $programs; do
    strip -o "$to/bin/$program" "$built/$program"
done
cp -L "$loader" "$to/lib/libvulkan.so.1"
cp scripts/on_device.sh "$to/"

bytes=0
for file in "$to"/bin/* "$to"/lib/* "$to/on_device.sh"; do
    size=$(wc -c <"$file")
    bytes=$((bytes + size))
    printf '%8.1f MiB  %s\n' "$(echo "$size" | awk '{ print $1 / 1048576 }')" "$file"
done
glibc=$(cat "$to"/bin/* | grep -ao 'GLIBC_2\.[0-9]*' | sort -Vu | tail -1)
echo "$((bytes / 1048576)) of $most_mib MiB, commit $commit, needs ${glibc#GLIBC_} or newer of the GNU C library"
[ "$bytes" -le $((most_mib * 1048576)) ] || fail "$to is larger than $most_mib MiB: build it in release, or leave something out"
