#!/bin/sh
# CloudCompare 2.11.3 (Debian 12): the outlier filter `-SOR N` takes N - 1 neighbours, not N.
#
# "Statistical outlier removal" compares the mean distance of a point to its N nearest with that of all points. The point itself is counted as one of the N, so the
# mean is of one distance less than in PDAL and in PCL. A pair of points 20 m from all others is an outlier with two neighbours; `-SOR 2` keeps it, `-SOR 3` removes it.
# To compare with other programs, give it one more.
#
# Seen: "kept of 13 points: 13 with -SOR 2, 11 with -SOR 3". Exit code 1 if that changes. Needs Debian 12 (bookworm) with apt.
set -eu
version=2.11.3-7.1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/debs/partial" "$folder/root" "$folder/run"
# Packages that are installed already are not fetched.
apt-get install --quiet=2 --yes --download-only -o APT::Sandbox::User=root -o Dir::Cache::archives="$folder/debs" "cloudcompare=$version" > /dev/null
for package in "$folder"/debs/*.deb; do
    [ -e "$package" ] && dpkg -x "$package" "$folder/root"
done
libraries=$folder/root/usr/lib/x86_64-linux-gnu
program=$folder/root/usr/bin/CloudCompare
[ -x "$program" ] || program=CloudCompare
cd "$folder"
# Eleven points 1 m apart, and a pair 0.5 m apart, 20 m from them.
for x in 0 1 2 3 4 5 6 7 8 9 10 30 30.5; do
    echo "$x 0 0" >> points.txt
done
for number in 2 3; do
    LD_LIBRARY_PATH=$libraries:$libraries/cloudcompare QT_PLUGIN_PATH=$libraries/qt5/plugins QT_QPA_PLATFORM=offscreen XDG_RUNTIME_DIR=$folder/run "$program" -SILENT -AUTO_SAVE OFF \
        -C_EXPORT_FMT ASC -PREC 6 -NO_TIMESTAMP -O points.txt -SOR "$number" 1.0 -SAVE_CLOUDS FILE "kept$number.txt" > "log$number.txt" 2>&1
done
echo "kept of 13 points: $(wc -l < kept2.txt) with -SOR 2, $(wc -l < kept3.txt) with -SOR 3" | tee out.txt
grep -q "points: 13 with -SOR 2, 11 with -SOR 3$" out.txt
