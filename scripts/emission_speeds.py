#!/usr/bin/env python3
"""Inversion to emission measure by this tree and by another commit, by turns: the ratio of their processor times.

    python scripts/emission_speeds.py COMMIT [ROUNDS [OPERATION…]]

See `beside_commit.py`; the operations are those of `emission_speeds/main.rs`: 42 bins of AIA's six channels, the defaults of each tree, on one thread.
"""

import sys

from beside_commit import compare

# Repetitions in a process, so that each takes about two seconds.
OPERATIONS = {"f32": 60, "f64": 30, "f32_errors": 40, "f64_errors": 20, "f64_all": 10}


def main():
    commit, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 7
    operations = {name: OPERATIONS[name] for name in sys.argv[3:]} or OPERATIONS
    compare("emission_speeds", commit, rounds, operations, ["compute", "emission"], ["ndarray", "rayon"])


if __name__ == "__main__":
    main()
