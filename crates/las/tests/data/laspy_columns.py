"""What laspy reads from each file given: a JSON line a file, two numbers a column.

The first argument is the decoder to use: Lazrs or Laszip. The numbers are sums over the points of the value and of the value times its position (from 1), as whole numbers modulo 2^64; floats by their
bits. Coordinates are the stored integers.
"""
import json, sys
import laspy, numpy as np


def sums(values):
    values = np.ascontiguousarray(values)
    bits = values.view(np.uint64) if values.dtype.kind == "f" else values.astype(np.int64).view(np.uint64)
    position = np.arange(1, len(bits) + 1, dtype=np.uint64)
    with np.errstate(over="ignore"):
        return [str(int(bits.sum(dtype=np.uint64))), str(int((bits * position).sum(dtype=np.uint64)))]


DECODER = laspy.LazBackend[sys.argv[1]]
WAVES = ["wavepacket_index", "wavepacket_offset", "wavepacket_size", "return_point_wave_location", "x_t", "y_t", "z_t"]

for path in sys.argv[2:]:
    try:
        las = laspy.read(path, laz_backend=DECODER)
    except BaseException as error:  # a panic of the decoder is no Exception
        print(json.dumps(dict(path=path, error=str(error))))
        continue
    columns = dict(x=las.X, y=las.Y, z=las.Z, classification=np.asarray(las.classification), intensity=las.intensity,
                   return_number=np.asarray(las.return_number), number_of_returns=np.asarray(las.number_of_returns),
                   point_source=las.point_source_id)
    names = set(las.point_format.dimension_names)
    angle = las.scan_angle if "scan_angle" in names else las.scan_angle_rank
    flag = lambda name, bit: np.asarray(las[name]).astype(np.int64) << bit if name in names else 0
    columns["flags"] = (flag("synthetic", 0) | flag("key_point", 1) | flag("withheld", 2) | flag("overlap", 3) | flag("scanner_channel", 4)
                        | flag("scan_direction_flag", 6) | flag("edge_of_flight_line", 7))
    columns.update(scan_angle_steps=np.asarray(angle), user_data=las.user_data)
    if "nir" in names:
        columns["nir"] = las.nir
    if "gps_time" in names:
        columns["gps_time"] = las.gps_time
    if "red" in names:
        columns.update(red=las.red, green=las.green, blue=las.blue)
    columns.update({"wave:" + name: np.asarray(las[name], np.float64) for name in WAVES if name in names})
    none = {}
    for vlr in las.header.vlrs.get("ExtraBytesVlr"):
        for extra in map(bytes, vlr.extra_bytes_structs):
            if extra[3] & 1:  # which laspy reads, but does not apply
                name, kind = extra[4:36].split(b"\0")[0].decode(), "<f8" if extra[2] in (9, 10) else "<i8"
                none[name] = np.frombuffer(extra[40:48], kind)[0]
    for extra in las.point_format.extra_dimensions:
        values = np.array(las[extra.name], dtype=np.float64)
        if values.ndim == 1:
            if extra.name in none:
                values[las.points.array[extra.name] == none[extra.name]] = np.nan
            columns["extra:" + extra.name] = values
        else:
            columns.update({f"extra:{extra.name}[{i}]": values[:, i] for i in range(values.shape[1])})
    print(json.dumps(dict(path=path, points=len(las), columns={name: sums(np.asarray(v)) for name, v in columns.items()})))
