#!/bin/sh
# The same survey, cut up in every way: prints a line of hashes a run (cells of each raster, sorted points of each file), and fails unless all
# are equal.
#
#     scripts/equal.sh [POINTS] [FOLDER]        default: a million points an epoch, target/equal
#
# BIN names a folder with the two programs, if they are not to be built.
set -eu
points=${1:-1000000}
folder=${2:-target/equal}
[ -n "${BIN:-}" ] || cargo build --release --quiet --example make_survey --example terrain_change
bin=${BIN:-target/release/examples}
rm -rf "$folder"
"$bin/make_survey" make "$folder/nine" --points "$points" --files 3
mkdir -p "$folder/one"
for epoch in before after; do "$bin/make_survey" join "$folder/nine/$epoch" "$folder/one/$epoch.laz"; done
nine="$folder/nine/before $folder/nine/after"
one="$folder/one/before.laz $folder/one/after.laz"
mkdir -p "$folder/small"
for epoch in before after; do "$bin/make_survey" join "$folder/nine/$epoch" "$folder/small/$epoch.laz" --chunk-points 7777; done
small="$folder/small/before.laz $folder/small/after.laz"

# run NAME FILES OPTIONS…: compares the epochs into $folder/NAME, prints its hashes, and removes it.
run() {
    name=$1 files=$2
    shift 2
    # shellcheck disable=SC2086 # two paths in one word
    "$bin/terrain_change" $files --backend cpu --align none --classes 2 --out "$folder/$name" "$@" >"$folder/$name.log" 2>&1 || { cat "$folder/$name.log"; exit 1; }
}
hash() {
    line=$("$bin/make_survey" hash "$folder/$1")
    echo "$line" | sed "s|  $folder/|  |"
    rm -rf "${folder:?}/$1"
    echo "${line%  *}" >>"$folder/hashes"
}
for tile in inf 500 100 33.3; do
    for threads in 1 2 5; do
        run "tile-$tile-threads-$threads" "$nine" --tile-size "$tile" --threads "$threads"
        hash "tile-$tile-threads-$threads"
    done
done
for tile in 500 100 33.3; do
    run "one-file-tile-$tile" "$one" --tile-size "$tile" && hash "one-file-tile-$tile"
    # Every tile waits for the whole file, and memory does not hold it.
    run "on-disk-tile-$tile" "$one" --tile-size "$tile" --memory 32MiB
    grep -q '"bytes_spilled": [1-9]' "$folder/on-disk-tile-$tile/summary.json" || { echo "nothing went to disk"; exit 1; }
    hash "on-disk-tile-$tile"
done
run "chunks-of-7777" "$small" --tile-size 100 && hash "chunks-of-7777"
run "chunks-of-7777-on-disk" "$small" --tile-size 100 --memory 32MiB && hash "chunks-of-7777-on-disk"
run "nine-files-little-memory" "$nine" --memory 32MiB && hash "nine-files-little-memory"
for number in 2 3 1; do run shards "$nine" --tile-size 100 --shard "$number/3"; done
run shards "$nine" --tile-size 100 --merge && hash shards
[ "$(sort -u "$folder/hashes" | wc -l)" = 1 ] || { echo "not equal"; exit 1; }
echo "all $(wc -l <"$folder/hashes") equal"
