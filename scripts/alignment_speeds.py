#!/usr/bin/env python3
"""The whole alignment of two epochs by this tree and by another commit (83a5d3a or later, before `RobustIcp`), by turns: the ratio of their processor times.

    python scripts/alignment_speeds.py COMMIT [ROUNDS]

See `beside_commit.py`. Indexes, normals, all starts and the covariance of this tree beside what the other commit's program did: `alignment_speeds/main.rs`.
"""

import sys

from beside_commit import compare


def main():
    commit, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 7
    compare("alignment_speeds", commit, rounds, {"unchanged": 1, "changed": 1}, ["cloud", "compute", "registration"], ["rayon"])


if __name__ == "__main__":
    main()
