#!/bin/sh
# safetensors 0.8.0: files that it saves can be read by their owner alone, whatever the umask; and those that it replaces lose the rights they had.
#
# `save_file` (Python) and `serialize_to_file` (Rust) write a temporary file and rename it. The temporary file has mode 600, which stays. A training set that is
# written to a shared folder is then refused to the others there, with "No such file or directory" or "Permission denied" in the loader, while numpy's
# files beside it open. Save to bytes (`save`, `serialize`) and write those, or change the mode behind it.
#
# Upstream: safetensors/safetensors issue 782 (open; pull request 789), since pull request 764; the notes of the release do not name it.
#
# Seen: "umask 022: numpy 644, safetensors 600; a file of mode 664 that is saved again: 600". Exit code 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install safetensors==0.8.0 numpy==2.4.6
cd "$folder"
cat > finding.py <<'PYTHON'
import os
import numpy as np
from safetensors.numpy import save_file

os.umask(0o022)
mode = lambda name: f"{os.stat(name).st_mode & 0o777:o}"
rows = np.zeros((2, 3), np.float32)
np.save("rows.npy", rows)
save_file({"rows": rows}, "rows.safetensors")
first = mode("rows.safetensors")
os.chmod("rows.safetensors", 0o664)
save_file({"rows": rows}, "rows.safetensors")
print(f"umask 022: numpy {mode('rows.npy')}, safetensors {first}; a file of mode 664 that is saved again: {mode('rows.safetensors')}")
PYTHON
venv/bin/python finding.py | tee out.txt
grep -q '^umask 022: numpy 644, safetensors 600; a file of mode 664 that is saved again: 600$' out.txt
