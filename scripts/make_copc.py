#!/usr/bin/env python3
"""Writes a LAS or LAZ file of PDRF 6 to 8 as COPC, with the writer of copclib: a peer's file to read.

    make_copc.py IN OUT [--leaf 5000]

Needs laspy, lazrs and copclib (pip install laspy[lazrs] copclib). A node keeps the first point of each of 64 x 64 cells of its cube and hands the rest to
its quadrants; one with no more than LEAF points keeps them all.
"""
import argparse

import copclib
import laspy
import numpy as np


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("input")
    a.add_argument("output")
    a.add_argument("--leaf", type=int, default=5000)
    o = a.parse_args()
    las = laspy.read(o.input)
    h = las.header
    raw = np.ascontiguousarray(las.points.array).view(np.uint8).reshape(len(las), -1)
    x, y, z = np.asarray(las.x), np.asarray(las.y), np.asarray(las.z)
    low = np.array([x.min(), y.min(), z.min()])
    half = max(np.ptp(x), np.ptp(y), np.ptp(z)) / 2 * 1.0001 + 1e-3
    config = copclib.CopcConfigWriter(h.point_format.id, copclib.Vector3(*h.scales), copclib.Vector3(*h.offsets))
    config.las_header.min, config.las_header.max = copclib.Vector3(*h.mins), copclib.Vector3(*h.maxs)
    config.copc_info.center_x, config.copc_info.center_y, config.copc_info.center_z = (low + half).tolist()
    config.copc_info.halfsize, config.copc_info.spacing = half, 2 * half / 64
    writer = copclib.FileWriter(o.output, config)
    fraction = (np.stack([x, y, z]) - low[:, None]) / (2 * half)
    nodes = [(0, 0, 0, 0, np.arange(len(las)))]
    count = 0
    while nodes:
        level, *key, members = nodes.pop()
        if len(members) > o.leaf:
            cells = np.floor(fraction[:2, members] * (64 << level)).astype(np.int64)
            _, first = np.unique(cells[0] << 32 | cells[1], return_index=True)
            kept = members[np.sort(first)]
            rest = np.setdiff1d(members, kept, assume_unique=True)
            children = np.floor(fraction[:, rest] * (2 << level)).astype(np.int64)
            code = children[0] << 42 | children[1] << 21 | children[2]
            for value in np.unique(code):
                child = [int(value >> shift & 0x1FFFFF) for shift in (42, 21, 0)]
                nodes.append((level + 1, *child, rest[code == value]))
        else:
            kept = members
        count += 1
        writer.AddNode(copclib.VoxelKey(level, *key), copclib.VectorChar(raw[kept].reshape(-1).view(np.int8)))
    writer.Close()
    print(f"{len(las)} points, {count} nodes")


main()
