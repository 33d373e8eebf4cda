#!/bin/sh
# safetensors 0.8.0 (Python): `get_slice` takes numpy's notation, but not its ends: a slice that starts at the end of a tensor is an error, not empty.
#
# A shard of samples holds the rows of many behind each other, and a sample is `get_slice("coord")[start:end]`. An empty sample is an empty array if it
# stands before the last row, and "index 6 out of bounds for tensor dimension #0 of size 6" if it is the last one; so is `[0:0]` of a tensor without rows, which
# `get_tensor` returns. An end beyond the rows (`[4:99]`, as of a last batch) is refused too, where numpy and PyTorch clamp it, and `[-2:]` is an
# OverflowError although `[-1]` is the last row. A step works. The documentation says "get_slice" and "lazily loads", and names no limit.
#
# Upstream: safetensors/safetensors issues 560 and 843 are about ends beyond the rows and backward slices; none names empty slices at the end. Readers of shards
# map the file and slice the array instead, or ask for rows that there are.
#
# Seen: "[2:4] (2, 2); [5:5] (0, 2); [6:6] SafetensorError; [4:99] SafetensorError; [-2:] OverflowError; [::2] (3, 2); no rows: get_tensor (0, 3), [0:0]
# SafetensorError" in one line. Exit code 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install safetensors==0.8.0 numpy==2.4.6
cd "$folder"
cat > finding.py <<'PYTHON'
import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

save_file({"rows": np.zeros((6, 2), np.float32), "none": np.zeros((0, 3), np.float32)}, "a.safetensors")
with safe_open("a.safetensors", framework="np") as file:
    rows = file.get_slice("rows")

    def said(slice_of):
        try:
            return slice_of().shape
        except Exception as error:
            return type(error).__name__

    slices = {"[2:4]": lambda: rows[2:4], "[5:5]": lambda: rows[5:5], "[6:6]": lambda: rows[6:6], "[4:99]": lambda: rows[4:99], "[-2:]": lambda: rows[-2:],
              "[::2]": lambda: rows[::2], "no rows: get_tensor": lambda: file.get_tensor("none")}
    print("; ".join(f"{name} {said(call)}" for name, call in slices.items()) + f", [0:0] {said(lambda: file.get_slice('none')[0:0])}")
PYTHON
venv/bin/python finding.py | tee out.txt
grep -q '^\[2:4\] (2, 2); \[5:5\] (0, 2); \[6:6\] SafetensorError; \[4:99\] SafetensorError; \[-2:\] OverflowError; \[::2\] (3, 2); no rows: get_tensor (0, 3), \[0:0\] SafetensorError$' out.txt
