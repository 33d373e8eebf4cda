#!/bin/sh
# CloudCompare 2.11.3 (Debian 12): the curvature of a surface changes when the cloud is turned.
#
# The mean and Gaussian curvature (`-CURV`) come from a quadric that is fitted to the neighbours of a point. Its height is
# measured along x, y or z, whichever is nearest to the normal, and not along the normal; so is the distance that the fit minimises. Between axes the fit is
# another one: a bowl with the mean curvature 0.5 at its lowest point has 0.5 only while it faces along an axis. Turn a cliff or a wall so that it faces along an axis before its curvature is compared with that of level ground.
#
# Seen: "mean curvature of one bowl, turned by 0, 40 and 70 degrees: 0.5000 0.4843 0.4970". Exit code 1 if that changes. Needs Debian 12 (bookworm) with apt.
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
cat > bowls.py <<'PYTHON'
from math import cos, radians, sin

steps = [i / 20 - 1 for i in range(41)]
for degrees in (0, 40, 70):
    c, s = cos(radians(degrees)), sin(radians(degrees))
    with open(f"bowl{degrees}.txt", "w") as file:
        for y in steps:
            for x in steps:
                z = 0.25 * (x * x + y * y)
                file.write(f"{x * c + z * s:.6f} {y:.6f} {z * c - x * s:.6f}\n")
PYTHON
python3 bowls.py
for degrees in 0 40 70; do
    LD_LIBRARY_PATH=$libraries:$libraries/cloudcompare QT_PLUGIN_PATH=$libraries/qt5/plugins QT_QPA_PLATFORM=offscreen XDG_RUNTIME_DIR=$folder/run "$program" -SILENT -AUTO_SAVE OFF \
        -C_EXPORT_FMT ASC -PREC 6 -NO_TIMESTAMP -O "bowl$degrees.txt" -CURV MEAN 0.5 -SAVE_CLOUDS FILE "bowl$degrees.asc" > "log$degrees.txt" 2>&1
done
# The lowest point of the bowl is the 841st.
values=$(for degrees in 0 40 70; do sed -n 841p "bowl$degrees.asc" | awk '{ printf "%.4f ", $4 }'; done)
echo "mean curvature of one bowl, turned by 0, 40 and 70 degrees: $values" | sed 's/ $//' | tee out.txt
grep -q "degrees: 0.5000 0.4843 0.4970$" out.txt
