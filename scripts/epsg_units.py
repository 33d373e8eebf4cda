#!/usr/bin/env python3
"""Writes what isopach-cloud and isopach-crs know of EPSG beside the definitions of systems: crates/cloud/data/epsg_units.csv, crates/crs/data/epsg_names.tsv.

epsg_units.csv: the projected and vertical systems whose unit is not the metre.
epsg_names.tsv: datums by all their names, vertical systems by name, and the datum of each vertical system.

Needs pyproj (pip install pyproj). Codes between two of one unit that EPSG has not given out are taken in, so that a line is a range.
"""

import sqlite3
from collections import defaultdict
from pathlib import Path

from pyproj import CRS
from pyproj.database import get_database_metadata, query_crs_info
from pyproj.datadir import get_data_dir
from pyproj.enums import PJType

UNITS = {"metre": "metre", "foot": "foot", "US survey foot": "us_survey_foot", "Clarke's foot": "clarke_foot"}
KINDS = {"projected": PJType.PROJECTED_CRS, "vertical": PJType.VERTICAL_CRS}
CRATES = Path(__file__).parent.parent / "crates"


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


def key(name: str) -> str:
    """A name as crates/las/src/epsg.rs compares it."""
    name = name.lower().removeprefix("d_").removesuffix(" ensemble")
    return "".join(letter for letter in name if letter.isascii() and letter.isalnum())


def names(database, table: str):
    """Names that one code alone has, with that code; a name of its own goes before an alias."""
    own = database.execute(f"SELECT name, code, deprecated FROM {table} WHERE auth_name = 'EPSG'").fetchall()
    aliases = database.execute(
        "SELECT alt_name, code FROM alias_name WHERE table_name = ? AND auth_name = 'EPSG'", (table,)
    ).fetchall()
    found = {}
    for rank in ([(n, c) for n, c, old in own if not old], [(n, c) for n, c, old in own if old], aliases):
        codes = defaultdict(set)
        for name, code in rank:
            codes[key(name)].add(int(code))
        found.update({name: min(one) for name, one in codes.items() if name and name not in found and len(one) == 1})
    return sorted(found.items())


def main():
    version = get_database_metadata("EPSG.VERSION")
    lines = [f"# kind, first code, last code, unit; EPSG {version}, made by scripts/epsg_units.py"]
    for name, kind in KINDS.items():
        lines += [f"{name},{first},{last},{unit}" for first, last, unit in ranges(kind)]
    (CRATES / "cloud/data/epsg_units.csv").write_text("\n".join(lines) + "\n")

    database = sqlite3.connect(Path(get_data_dir()) / "proj.db")
    lines = [f"# kind, name or code, code, more names; EPSG {version}, made by scripts/epsg_units.py"]
    for table, kind in [("geodetic_datum", "geodetic"), ("vertical_datum", "vertical"), ("vertical_crs", "system")]:
        lines += [f"{kind}\t{name}\t{code}" for name, code in names(database, table)]
    systems = database.execute(
        "SELECT v.code, v.datum_code, v.name, d.name FROM vertical_crs v JOIN vertical_datum d "
        "ON d.auth_name = v.datum_auth_name AND d.code = v.datum_code WHERE v.auth_name = 'EPSG' ORDER BY v.code"
    )
    lines += [f"datum_of\t{code}\t{datum}\t{name}\t{of}" for code, datum, name, of in systems]
    (CRATES / "crs/data/epsg_names.tsv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
