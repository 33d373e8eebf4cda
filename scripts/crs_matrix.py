#!/usr/bin/env python3
"""Coordinate systems through terrain_change: input and outputs, read back by pyproj and GDAL, must be the same places.

    python scripts/crs_matrix.py path/to/terrain_change        (needs laspy, lazrs, pyproj, rasterio)

For each system two small files are written, compared, and the corners of c2c.laz (the later points, in metres) are transformed to
longitude and latitude by the system that c2c.laz states, and by the one that dod.tif states, and held against the input's own corners in
the input's own system: 1 mm. Heights are held against the input's, times its vertical unit. Local grids have no longitude: their
coordinates are held against the input's, times its unit. Systems that are refused are named with the reason in REFUSED; nothing else may be.
Prints a line a system; the exit code is 1 where a system is not as it should be.
"""

import math
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import laspy
import numpy as np
import rasterio
from pyproj import CRS, Transformer
from pyproj.crs import CompoundCRS
from laspy.vlrs.vlr import VLR

MILLIMETRE = 1e-3
DEGREES_TO_METRES = 111_320.0
US_FOOT = 1200 / 3937


def epsg(code, version="WKT1_GDAL"):
    return CRS.from_user_input(code).to_wkt(version)


def bound(code):
    inner = epsg(code, "WKT2_2019")
    target = epsg("EPSG:4326", "WKT2_2019")
    shift = 'ABRIDGEDTRANSFORMATION["none",METHOD["Geocentric translations (geog2D domain)",ID["EPSG",9603]],' + ",".join(
        f'PARAMETER["{axis}-axis translation",0,ID["EPSG",{8605 + i}]]' for i, axis in enumerate("XYZ")
    ) + "]"
    return f"BOUNDCRS[SOURCECRS[{inner}],TARGETCRS[{target}],{shift}]"


def at_epoch(code, epoch):
    return f"COORDINATEMETADATA[{epsg(code, 'WKT2_2019')},EPOCH[{epoch}]]"


def engineering(unit, metres):
    length = f'LENGTHUNIT["{unit}",{metres}]'
    return f'ENGCRS["site",EDATUM["mark"],CS[Cartesian,2],AXIS["(E)",east,{length}],AXIS["(N)",north,{length}]]'


def derived(unit="US survey foot", metres="0.304800609601219"):
    base = epsg("EPSG:32617", "WKT2_2019").replace("PROJCRS[", "BASEPROJCRS[", 1)
    base = re.sub(r",CS\[Cartesian,2\].*$", "]", base, flags=re.S)
    length = f'LENGTHUNIT["{unit}",{metres}]'
    return (
        f'DERIVEDPROJCRS["plant",{base},DERIVINGCONVERSION["plant",METHOD["Affine parametric transformation",ID["EPSG",9624]],'
        'PARAMETER["A0",-600000,LENGTHUNIT["metre",1],ID["EPSG",8623]],PARAMETER["A1",1,SCALEUNIT["coefficient",1],ID["EPSG",8624]],'
        'PARAMETER["A2",0,SCALEUNIT["coefficient",1],ID["EPSG",8625]],PARAMETER["B0",-4800000,LENGTHUNIT["metre",1],ID["EPSG",8639]],'
        'PARAMETER["B1",0,SCALEUNIT["coefficient",1],ID["EPSG",8640]],PARAMETER["B2",1,SCALEUNIT["coefficient",1],ID["EPSG",8641]]],'
        f'CS[Cartesian,2],AXIS["(X)",east,ORDER[1],{length}],AXIS["(Y)",north,ORDER[2],{length}]]'
    )


ROTATED = (
    'GEOGCRS["rotated",BASEGEOGCRS["WGS 84",DATUM["World Geodetic System 1984",ELLIPSOID["WGS 84",6378137,298.257223563]]],'
    'DERIVINGCONVERSION["pole",METHOD["PROJ ob_tran o_proj=longlat"],PARAMETER["o_lat_p",30,ANGLEUNIT["degree",0.0174532925199433]]],'
    'CS[ellipsoidal,2],AXIS["longitude",east,ANGLEUNIT["degree",0.0174532925199433]],AXIS["latitude",north,'
    'ANGLEUNIT["degree",0.0174532925199433]]]'
)



def by_parameters(means, base, method, parameters, unit=9001, more=()):
    """Keys without the code of a projected system: method and parameters, in the unit with this code."""
    keys = [(1024, 1), (3072, 32767), (3074, 32767), (3075, method), (3076, unit), *base, *parameters.items(), *more]
    return sorted(keys), means


WGS84, NAD83, ETRS89, RGF93 = ([(2048, code)] for code in (4326, 4269, 4258, 4171))
CLARKE_1866 = [(2048, 32767), (2050, 32767), (2057, 6378206.4), (2058, 6356583.8)]
OWN_TM = "+proj=tmerc +lat_0=31 +lon_0=-110.5 +k=0.9999 +x_0=700000 +y_0=600000 +a=6378206.4 +b=6356583.8 +to_meter=0.3048006096012192 +no_defs"

# name: well-known text, or a list of GeoTIFF keys with the text that they mean.
SYSTEMS = {
    "UTM 17N, WKT1": epsg("EPSG:32617"),
    "UTM 32N ETRS89, WKT1": epsg("EPSG:25832"),
    "Lambert-93, WKT1": epsg("EPSG:2154"),
    "British National Grid, WKT1": epsg("EPSG:27700"),
    "RD New, WKT1": epsg("EPSG:28992"),
    "LV95, WKT1": epsg("EPSG:2056"),
    "LAEA Europe, WKT1": epsg("EPSG:3035"),
    "Krovak East North, WKT1": epsg("EPSG:5514"),
    "RSO Malaysia, WKT1": epsg("EPSG:3375"),
    "California 2, US feet, WKT1": epsg("EPSG:2226"),
    "New York East, US feet, WKT1": epsg("EPSG:2260"),
    "Oregon, international feet, WKT1": epsg("EPSG:2992"),
    "Arizona, international feet, WKT1": epsg("EPSG:2223"),
    "Trinidad, Clarke's feet, WKT1": epsg("EPSG:2314"),
    "UTM 17N, WKT2": epsg("EPSG:32617", "WKT2_2019"),
    "NZTM, WKT2": epsg("EPSG:2193", "WKT2_2019"),
    "California 2, US feet, WKT2": epsg("EPSG:2226", "WKT2_2019"),
    "Oregon, international feet, WKT2 of 2015": epsg("EPSG:2992", "WKT2_2015"),
    "UTM 17N, ESRI": epsg("EPSG:32617", "WKT1_ESRI"),
    "California 2, US feet, ESRI": epsg("EPSG:2226", "WKT1_ESRI"),
    "Lambert-93, ESRI": epsg("EPSG:2154", "WKT1_ESRI"),
    "UTM 10N + NAVD88, WKT1": epsg("EPSG:6339+5703"),
    "UTM 10N + NAVD88 in US feet, WKT1": epsg("EPSG:6339+6360"),
    "New York East + NAVD88, all US feet, WKT1": epsg("EPSG:2260+6360"),
    "New York East + NAVD88, all US feet, WKT2": epsg("EPSG:2260+6360", "WKT2_2019"),
    "UTM 32N + DHHN2016, WKT2": epsg("EPSG:25832+7837", "WKT2_2019"),
    "New York East bound to WGS 84, US feet": bound("EPSG:2260"),
    "UTM 17N bound to WGS 84": bound("EPSG:26917"),
    "New York East at epoch 2010, US feet": at_epoch("EPSG:2260", 2010.0),
    "UTM 17N at epoch 2023.5": at_epoch("EPSG:32617", 2023.5),
    "compound in compound, US feet": 'COMPOUNDCRS["outer",'
    + 'COMPOUNDCRS["inner",' + bound("EPSG:2260") + "," + epsg("EPSG:6360", "WKT2_2019") + "]]",
    "UTM 17N in three dimensions, heights in US feet": CRS.from_user_input("EPSG:32617")
    .to_3d()
    .to_wkt("WKT2_2019")
    .replace('up,ORDER[3],LENGTHUNIT["metre",1,ID["EPSG",9001]]', 'up,ORDER[3],LENGTHUNIT["US survey foot",0.304800609601219]'),
    "UTM 17N, last bracket missing": epsg("EPSG:32617")[:-1],
    "Oregon, last brackets missing": re.sub(r",AUTHORITY\[\"EPSG\",\"2992\"\]\]$", "", epsg("EPSG:2992")),
    "mine grid, metres, LOCAL_CS": 'LOCAL_CS["Mine grid",LOCAL_DATUM["Mine",0],UNIT["metre",1],AXIS["X",EAST],AXIS["Y",NORTH]]',
    "mine grid, US feet, LOCAL_CS": 'LOCAL_CS["Mine grid",LOCAL_DATUM["Mine",0],UNIT["US survey foot",0.304800609601219],'
    'AXIS["X",EAST],AXIS["Y",NORTH]]',
    "site, international feet, ENGCRS": engineering("foot", 0.3048),
    "plant grid derived from UTM, US feet": derived(),
    "UTM 17N, keys": ([(1024, 1), (3072, 32617)], epsg("EPSG:32617")),
    "UTM 17N + NAVD88, keys": ([(1024, 1), (3072, 32617), (4096, 5703)], epsg("EPSG:32617+5703")),
    "California 2, US feet, keys": ([(1024, 1), (3072, 2226), (3076, 9003)], epsg("EPSG:2226")),
    "Oregon, international feet, keys without a unit": ([(1024, 1), (3072, 2992)], epsg("EPSG:2992")),
    "New York East + NAVD88, all US feet, keys": ([(3072, 2260), (4096, 6360)], epsg("EPSG:2260+6360")),
    "UTM 17N, unit key 0": ([(1024, 1), (3072, 32617), (3076, 0)], epsg("EPSG:32617")),
    "UTM 17N, parameters": by_parameters(
        epsg("EPSG:32617"), WGS84, 1, {3080: -81.0, 3081: 0.0, 3082: 500000.0, 3083: 0.0, 3092: 0.9996}
    ),
    "UTM 17N, code of the projection": ([(1024, 1), (2048, 4326), (3072, 32767), (3074, 16017)], epsg("EPSG:32617")),
    "UTM 19S, code of the projection": ([(1024, 1), (2048, 4326), (3072, 32767), (3074, 16119)], epsg("EPSG:32719")),
    "New York East + NAVD88, all US feet, parameters": by_parameters(
        epsg("EPSG:2260+6360"), NAD83, 1, {3080: -74.5, 3081: 38.8333333333333, 3082: 492125.0, 3083: 0.0, 3092: 0.9999}, 9003, [(4096, 6360)]
    ),
    "Lambert-93, parameters": by_parameters(
        epsg("EPSG:2154"), RGF93, 8, {3078: 49.0, 3079: 44.0, 3084: 3.0, 3085: 46.5, 3086: 700000.0, 3087: 6600000.0}
    ),
    "Oregon, international feet, parameters": by_parameters(
        epsg("EPSG:2992"), NAD83, 8, {3078: 43.0, 3079: 45.5, 3080: -120.5, 3081: 41.75, 3082: 1312335.958, 3083: 0.0}, 9002
    ),
    "Lambert zone II in grads about Paris, parameters": by_parameters(
        epsg("EPSG:27572"), [(2048, 4807), (2054, 9105)], 9, {3080: 0.0, 3081: 52.0, 3082: 600000.0, 3083: 2200000.0, 3092: 0.99987742}
    ),
    "Conus Albers, parameters": by_parameters(
        epsg("EPSG:5070"), NAD83, 11, {3078: 29.5, 3079: 45.5, 3080: -96.0, 3081: 23.0, 3082: 0.0, 3083: 0.0}
    ),
    "LAEA Europe, parameters": by_parameters(
        epsg("EPSG:3035"), ETRS89, 10, {3088: 10.0, 3089: 52.0, 3082: 4321000.0, 3083: 3210000.0}
    ),
    "Antarctic polar stereographic, parameters": by_parameters(epsg("EPSG:3031"), WGS84, 15, {3095: 0.0, 3081: -71.0}),
    "UPS North, parameters": by_parameters(
        epsg("EPSG:32661"), WGS84, 15, {3095: 0.0, 3081: 90.0, 3092: 0.994, 3082: 2000000.0, 3083: 2000000.0}
    ),
    "RD New, parameters": by_parameters(
        epsg("EPSG:28992"),
        [(2048, 4289)],
        16,
        {3080: 5.38763888888889, 3081: 52.1561605555556, 3082: 155000.0, 3083: 463000.0, 3092: 0.9999079},
    ),
    "Michigan oblique Mercator, parameters": by_parameters(
        epsg("EPSG:3078"),
        NAD83,
        3,
        {3088: -86.0, 3089: 45.3091666666667, 3082: 2546731.496, 3083: -4354009.816, 3093: 0.9996, 3094: 337.25556, 3096: 337.25556},
    ),
    "Singapore's Cassini grid, parameters": by_parameters(
        epsg("EPSG:24500"), [(2048, 4245)], 18, {3080: 103.853002222222, 3081: 1.28764666666667, 3082: 30000.0, 3083: 30000.0}
    ),
    "World Mercator, parameters": by_parameters(epsg("EPSG:3395"), WGS84, 7, {3080: 0.0, 3092: 1.0}),
    "Mercator of Antarctica, standard parallel": by_parameters(epsg("EPSG:3994"), WGS84, 7, {3080: 100.0, 3078: -41.0}),
    "own transverse Mercator on Clarke's ellipsoid, US feet, parameters": by_parameters(
        CRS.from_proj4(OWN_TM).to_wkt("WKT1_GDAL"),
        CLARKE_1866,
        1,
        {3080: -110.5, 3081: 31.0, 3082: 700000 / US_FOOT, 3083: 600000 / US_FOOT, 3092: 0.9999},
        9003,
    ),
    "UTM 33N on the datum's code, parameters": by_parameters(
        epsg("EPSG:25833"), [(2048, 32767), (2050, 6258)], 1, {3080: 15.0, 3081: 0.0, 3082: 500000.0, 3083: 0.0, 3092: 0.9996}
    ),
    "Swiss grid as Rosenmund's method, parameters": by_parameters(
        None, [(2048, 4149)], 5, {3088: 7.43958333333333, 3089: 46.9524055555556, 3082: 600000.0, 3083: 200000.0}
    ),
    "transverse Mercator without its meridian, parameters": by_parameters(None, WGS84, 1, {3082: 500000.0, 3092: 0.9996}),
    "longitude and latitude": epsg("EPSG:4326"),
    "geocentric": epsg("EPSG:4978"),
    "geocentric, WKT2": epsg("EPSG:4978", "WKT2_2019"),
    "rotated pole": ROTATED,
    "keys of longitude and latitude": ([(1024, 2), (2048, 4326)], None),
    "no well-known text": "UTM zone 17",
    "text cut off before its unit": epsg("EPSG:2226")[:300],
}
REFUSED = {
    "longitude and latitude": "degrees are no length",
    "geocentric": "no plane and no heights",
    "geocentric, WKT2": "no plane and no heights",
    "rotated pole": "degrees about another pole",
    "keys of longitude and latitude": "degrees are no length",
    "no well-known text": "cannot be read: a unit would be a guess",
    "text cut off before its unit": "cannot be read: a unit would be a guess",
}
# What is compared in its unit, with results that state no system and a line that says so.
UNWRITTEN = {
    "Swiss grid as Rosenmund's method, parameters": "GDAL and PROJ have no such method, either",
    "transverse Mercator without its meridian, parameters": "places are unknown without it",
}
# What pyproj does not read as it stands: the text that means the same to it.
AS_PYPROJ_READS_IT = {
    "UTM 17N, last bracket missing": epsg("EPSG:32617"),
    "Oregon, last brackets missing": epsg("EPSG:2992"),
    "New York East at epoch 2010, US feet": epsg("EPSG:2260"),
    "UTM 17N at epoch 2023.5": epsg("EPSG:32617"),
    "compound in compound, US feet": epsg("EPSG:2260+6360"),
}
# PROJ 9.5.1 takes coordinates of a derived projected system for metres, whatever unit its axes state (findings/proj_derived_axis_unit.sh), so
# the input's are given to it in metres.
IN_METRES = {"plant grid derived from UTM, US feet": derived("metre", "1")}


def judged(text):
    """The system of a text: pyproj reads no coordinate metadata and no compound in a compound."""
    text = re.sub(r"^COORDINATEMETADATA\[(.*),EPOCH\[[^]]*\]\]$", r"\1", text, flags=re.S)
    text = re.sub(r'^COMPOUNDCRS\["outer",(COMPOUNDCRS.*)\]$', r"\1", text, flags=re.S)
    return CRS.from_wkt(text)


def plane_of(crs):
    """The horizontal part, out of what wraps it."""
    while True:
        if crs.is_bound:
            crs = crs.source_crs
        elif crs.is_compound:
            crs = crs.sub_crs_list[0]
        else:
            return crs


def units_of(crs):
    plane = plane_of(crs)
    height = plane
    if crs.is_compound:
        height = crs.sub_crs_list[-1]
        height = height.source_crs if height.is_bound else height
    return plane.axis_info[0].unit_conversion_factor, height.axis_info[-1].unit_conversion_factor


def is_local(crs):
    return plane_of(crs).is_engineering


def written(path, system, origin, rise, factor):
    """A lattice of 40 × 40 points a metre apart, in the system's unit."""
    header = laspy.LasHeader(point_format=6, version="1.4")
    keys = isinstance(system, tuple)
    if keys:
        header = laspy.LasHeader(point_format=1, version="1.2")
    header.scales, header.offsets = [1e-5] * 3, [*np.floor(origin), 0.0]
    rng = np.random.default_rng(7)
    i = np.arange(1600)
    las = laspy.LasData(header)
    east = (i % 40 + rng.uniform(-0.3, 0.3, 1600)) / factor[0]
    north = (i // 40 + rng.uniform(-0.3, 0.3, 1600)) / factor[0]
    las.x, las.y = origin[0] + east, origin[1] + north
    las.z = (100.0 + rise + 0.05 * np.sin(i) + (i % 40) * 0.1) / factor[1]
    if keys:
        doubles = [value for _, value in system[0] if isinstance(value, float)]
        directory = [1, 1, 0, len(system[0])]
        place = 0
        for key, value in system[0]:
            directory += [key, 34736, 1, place] if isinstance(value, float) else [key, 0, 1, value]
            place += isinstance(value, float)
        header.vlrs.append(VLR("LASF_Projection", 34735, "", struct.pack(f"<{len(directory)}H", *directory)))
        if doubles:
            header.vlrs.append(VLR("LASF_Projection", 34736, "", struct.pack(f"<{len(doubles)}d", *doubles)))
    else:
        header.vlrs.append(VLR("LASF_Projection", 2112, "", system.encode() + b"\0"))
        header.global_encoding.wkt = True
    las.header.vlrs = header.vlrs
    las.write(str(path))


def corners(points):
    """Three points that are the same whatever the unit and order."""
    x, y = points[:, 0], points[:, 1]
    return points[[np.argmin(x + y), np.argmax(x + y), np.argmax(x - y)]]


def read(path):
    las = laspy.read(str(path))
    return np.column_stack([las.x, las.y, las.z]), las


def text_of(las):
    for vlr in list(las.header.vlrs) + list(las.header.evlrs or []):
        if vlr.user_id == "LASF_Projection" and vlr.record_id == 2112:
            return vlr.string
    return None


def degrees(crs, points):
    to = Transformer.from_crs(plane_of(crs), plane_of(crs).geodetic_crs, always_xy=True)
    return np.column_stack(to.transform(points[:, 0], points[:, 1]))


def apart(a, b):
    """Metres between places in longitude and latitude."""
    difference = (a - b) * DEGREES_TO_METRES * np.array([math.cos(math.radians(a[0][1])), 1.0])
    return float(np.hypot(*difference.T).max())


def origin_of(crs):
    plane = plane_of(crs)
    if plane.is_engineering or plane.is_derived and plane.coordinate_operation is None:
        return 5000.0, 7000.0
    area = plane.area_of_use
    if area is None:
        known = {"plant": (120_000.0, 110_000.0)}
        return known.get(plane.name, (500_000.0, 4_500_000.0))
    west, south, east, north = area.bounds
    to = Transformer.from_crs(plane.geodetic_crs, plane, always_xy=True)
    return to.transform((west + east) / 2, (south + north) / 2)


def compared(program, name, system, folder):
    """What is wrong with a system's outputs: nothing, or a sentence."""
    means = AS_PYPROJ_READS_IT.get(name, system[1] if isinstance(system, tuple) else system)
    if name in REFUSED or name in UNWRITTEN:
        crs, origin, factor = None, (500_000.0, 4_500_000.0), (1.0, 1.0)
    else:
        crs = judged(means)
        origin, factor = origin_of(crs), units_of(crs)
    paths = [folder / "a.las", folder / "b.las"]
    for path, rise in zip(paths, (0.0, 0.5)):
        written(path, system, origin, rise, factor)
    options = "--backend cpu --align none --cell 2 --core-spacing 5 --cylinder-radius 2 --normal-radii 3 --statistic mean".split()
    run = subprocess.run([program, *map(str, paths), *options, "--out", str(folder / "out")], capture_output=True, text=True)
    if name in REFUSED:
        told = "--crs" in run.stderr and str(paths[0]) in run.stderr
        return None if run.returncode == 2 and told else f"not refused with file and remedy: {run.returncode} {run.stderr}"
    if run.returncode != 0:
        return f"refused: {run.stderr.strip()}"
    points, las = read(folder / "out/c2c.laz")
    if name in UNWRITTEN:
        with rasterio.open(folder / "out/dod.tif") as raster:
            stated = raster.crs and CRS.from_wkt(raster.crs.to_wkt())
        is_placed = stated and not stated.is_engineering  # a plane in metres, somewhere
        told = "results state none" in run.stderr + run.stdout and "--crs" in run.stderr + run.stdout
        return None if told and text_of(las) is None and not is_placed else f"{stated} {text_of(las)} {run.stderr}"
    ours, theirs = corners(points), corners(read(paths[1])[0])
    text = text_of(las)
    if text is None or not las.header.global_encoding.wkt:
        return "c2c.laz has no well-known text"
    out = judged(text)
    if any(abs(unit - 1.0) > 1e-12 for unit in units_of(out)):
        return f"c2c.laz states units of {units_of(out)} m"
    heights = float(np.abs(ours[:, 2] - theirs[:, 2] * factor[1]).max())
    if heights > MILLIMETRE:
        return f"heights are {heights} m off"
    with rasterio.open(folder / "out/dod.tif") as raster:
        if raster.crs is None:
            return "dod.tif has no system for GDAL"
        tif = CRS.from_wkt(raster.crs.to_wkt())
        bounds = raster.bounds
    if not (bounds.left - 2 <= ours[0][0] <= bounds.right + 2 and bounds.bottom - 2 <= ours[0][1] <= bounds.top + 2):
        return f"dod.tif is at {bounds}"
    if is_local(crs):
        off = float(np.abs(ours[:, :2] - theirs[:, :2] * factor[0]).max())
        metres = plane_of(tif).axis_info[0].unit_conversion_factor == 1.0
        return None if off < MILLIMETRE and is_local(out) and metres else f"{off} m off; {out}; {tif}"
    if name in IN_METRES:
        crs, theirs = judged(IN_METRES[name]), theirs * [factor[0], factor[0], factor[1]]
    here, there = degrees(crs, theirs), degrees(out, ours)
    if (off := apart(here, there)) > MILLIMETRE:
        return f"c2c.laz is {off} m off"
    if (off := apart(here, degrees(tif, ours))) > MILLIMETRE:
        return f"dod.tif is {off} m off"
    return None


def main():
    program, wrong = sys.argv[1], 0
    for name, system in SYSTEMS.items():
        with tempfile.TemporaryDirectory() as folder:
            try:
                problem = compared(program, name, system, Path(folder))
            except Exception as error:  # the judge itself could not read something: that is a finding, too
                problem = f"{type(error).__name__}: {error}"
        wrong += problem is not None
        kept = "ok"
        if name in REFUSED:
            kept = "refused: " + REFUSED[name]
        elif name in UNWRITTEN:
            kept = "no system in results: " + UNWRITTEN[name]
        print(f"{'WRONG' if problem else kept:50} {name}{': ' + problem if problem else ''}", flush=True)
    right = len(SYSTEMS) - len(REFUSED) - len(UNWRITTEN) - wrong
    told = f"{len(REFUSED)} refused and {len(UNWRITTEN)} unwritten as listed"
    print(f"{right} of {len(SYSTEMS)} systems within 1 mm, {told}, {wrong} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
