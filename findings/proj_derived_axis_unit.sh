#!/bin/sh
# PROJ ignores the axis unit of a derived projected coordinate system.
#
# WKT 2 (ISO 19162) gives the axes of a DERIVEDPROJCRS units of their own. PROJ 9.5.1 (pyproj 3.7.2) transforms coordinates of such a system
# by the deriving conversion alone: the same numbers come out for axes in metres and in US survey feet. Expected: coordinates in feet are
# multiplied by 0.3048006096 before the inverse affine transformation. Seen on valid input: (100000, 50000) US survey feet of a plant grid are
# taken to be 100 km east and 50 km north of its origin instead of 30.5 km and 15.2 km.
#
# Installs a pinned public package into a folder of its own, runs it, and fails if the behaviour is another one by now.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install pyproj==3.7.2
"$folder/venv/bin/python" - <<'PYTHON'
import re

import pyproj
from pyproj import CRS, Transformer

base = CRS.from_epsg(32617).to_wkt("WKT2_2019").replace("PROJCRS[", "BASEPROJCRS[", 1)
base = re.sub(r",CS\[Cartesian,2\].*$", "]", base, flags=re.S)


def plant(unit, metres):
    length = f'LENGTHUNIT["{unit}",{metres}]'
    coefficients = "".join(
        f',PARAMETER["{name}",{value},{kind},ID["EPSG",{code}]]'
        for name, value, kind, code in [
            ("A0", -600000, 'LENGTHUNIT["metre",1]', 8623),
            ("A1", 1, 'SCALEUNIT["coefficient",1]', 8624),
            ("A2", 0, 'SCALEUNIT["coefficient",1]', 8625),
            ("B0", -4800000, 'LENGTHUNIT["metre",1]', 8639),
            ("B1", 0, 'SCALEUNIT["coefficient",1]', 8640),
            ("B2", 1, 'SCALEUNIT["coefficient",1]', 8641),
        ]
    )
    return CRS.from_wkt(
        f'DERIVEDPROJCRS["plant",{base},DERIVINGCONVERSION["plant",METHOD["Affine parametric transformation",ID["EPSG",9624]]'
        f'{coefficients}],CS[Cartesian,2],AXIS["(X)",east,ORDER[1],{length}],AXIS["(Y)",north,ORDER[2],{length}]]'
    )


print("PROJ", pyproj.proj_version_str)
found = {}
for unit, metres in [("metre", 1), ("US survey foot", 0.304800609601219)]:
    crs = plant(unit, metres)
    found[unit] = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True).transform(100_000, 50_000)
    print(f"(100000, 50000) with axes in {crs.axis_info[0].unit_name}: {found[unit]}")
assert found["metre"] == found["US survey foot"], "PROJ now honours the unit: update scripts/crs_matrix.py"
print("the same place: the unit of the axes is ignored")
PYTHON
