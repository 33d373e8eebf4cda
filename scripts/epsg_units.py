#!/usr/bin/env python3
"""Writes crates/cloud/data/epsg_units.csv: the projected and vertical systems of EPSG whose unit is not the metre.

Needs pyproj (pip install pyproj). Codes between two of one unit that EPSG has not given out are taken in, so that a line is a range.
"""

from pathlib import Path

from pyproj import CRS
from pyproj.database import get_database_metadata, query_crs_info
from pyproj.enums import PJType

UNITS = {"metre": "metre", "foot": "foot", "US survey foot": "us_survey_foot"}
KINDS = {"projected": PJType.PROJECTED_CRS, "vertical": PJType.VERTICAL_CRS}


def ranges(kind: PJType):
    codes = sorted(int(info.code) for info in query_crs_info(auth_name="EPSG", pj_types=[kind], allow_deprecated=True))
    runs = []
    for code in codes:
        unit = UNITS.get(CRS.from_epsg(code).axis_info[-1].unit_name, "other")
        if runs and runs[-1][2] == unit:
            runs[-1][1] = code
        else:
            runs.append([code, code, unit])
    return [run for run in runs if run[2] != "metre"]


def main():
    version = get_database_metadata("EPSG.VERSION")
    lines = [f"# kind, first code, last code, unit; EPSG {version}, made by scripts/epsg_units.py"]
    for name, kind in KINDS.items():
        lines += [f"{name},{first},{last},{unit}" for first, last, unit in ranges(kind)]
    target = Path(__file__).parent.parent / "crates/cloud/data/epsg_units.csv"
    target.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
