#!/usr/bin/env python3
"""Reading and writing of LAS, LAZ and GeoTIFF by this tree and by another commit, by turns: the ratio of their processor times.

    python scripts/file_speeds.py COMMIT [ROUNDS [OPERATION…]]

See `beside_commit.py`; the operations are those of `file_speeds/main.rs`.
"""

import sys

from beside_commit import compare

# Repetitions in a process, so that each takes about a second.
OPERATIONS = {
    "read_laz": 6,
    "read_laz_columns": 3,
    "read_las": 20,
    "read_las_columns": 15,
    "read_pointwise": 5,
    "read_extra": 3,
    "write_laz": 2,
    "write_results": 2,
    "write_sorted": 1,
    "rewrite_to_las": 2,
    "rewrite_to_laz": 2,
    "read_tif": 12,
    "write_tif": 3,
}


def main():
    commit, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 7
    operations = {name: OPERATIONS[name] for name in sys.argv[3:]} or OPERATIONS
    compare("file_speeds", commit, rounds, operations, ["cloud", "compute", "las", "raster", "tiling"])


if __name__ == "__main__":
    main()
