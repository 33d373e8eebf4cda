"""Patches that `isopach patches` wrote, as a dataset of PyTorch; numpy alone is enough.

    python read_patches.py FOLDER        prints a line a patch

Each sample is a dict of arrays by column: coord (n, 3), color, normal, strength, features (n, 1), segment (n,); with PyTorch of
tensors, whole numbers as int64 (its losses take no shorter ones). Shards are mapped: a sample reads its own rows.
"""
import json, pathlib, sys
import numpy as np

try:
    import torch
    Dataset = torch.utils.data.Dataset
except ImportError:
    torch, Dataset = None, object
TYPES = {"F32": "<f4", "F16": "<f2", "I16": "<i2", "I64": "<i8"}


def restore(array, storage):
    """The numbers of a column that was written with --halves: floats of four bytes."""
    if not storage:
        return array
    if storage["kind"] == "half":
        return (array.astype(np.float64) * storage["scale"]).astype(np.float32)
    places = array.astype(np.float64) / storage["side"]  # on an unfolded octahedron
    up = 1 - np.abs(places).sum(1, keepdims=True)
    folded = (1 - np.abs(places[:, ::-1])) * np.copysign(1.0, places)
    normals = np.hstack([np.where(up < 0, folded, places), up])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return np.where(array[:, :1] == -32768, np.nan, normals).astype(np.float32)


def to_tensor(array):
    return torch.from_numpy(array.astype(np.int64) if array.dtype.kind in "iu" else array)


class Patches(Dataset):
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.manifest = json.loads((self.folder / "manifest.json").read_text())
        self.patches, self.shards = self.manifest["patches"], {}
        self.storage = {column["name"]: column.get("storage") for column in self.manifest["columns"]}

    def __len__(self):
        return len(self.patches)

    def __getitem__(self, i):
        patch = self.patches[i]
        if "folder" in patch:
            arrays = {file.stem: np.load(file) for file in sorted((self.folder / patch["folder"]).glob("*.npy"))}
        else:
            rows = slice(patch["first_row"], patch["first_row"] + patch["rows"])
            arrays = {name: np.array(tensor[rows]) for name, tensor in self.shard(patch["shard"]).items() if name != "offset"}
        arrays = {name: restore(array, self.storage[name]) for name, array in arrays.items()}
        return {name: to_tensor(array) for name, array in arrays.items()} if torch else arrays

    def shard(self, number):
        """The tensors of a shard, mapped: eight bytes of length, a header, the numbers."""
        if number not in self.shards:
            data = np.memmap(self.folder / self.manifest["shards"][number]["file"], np.uint8, "r")
            start = 8 + int(data[:8].view("<u8")[0])
            about = json.loads(bytes(data[8:start]))
            array = lambda t: data[start + t["data_offsets"][0] : start + t["data_offsets"][1]].view(TYPES[t["dtype"]]).reshape(t["shape"])
            self.shards[number] = {name: array(t) for name, t in about.items() if name != "__metadata__"}
        return self.shards[number]


if __name__ == "__main__":
    patches = Patches(sys.argv[1])
    for patch, sample in zip(patches.patches, (patches[i] for i in range(len(patches)))):
        columns = ", ".join(f"{name} {tuple(array.shape)} {float(np.nansum(np.asarray(array, np.float64))):.6g}" for name, array in sorted(sample.items()))
        print(f"{patch['cell'][0]} {patch['cell'][1]} {patch['rows']}: {columns}")
