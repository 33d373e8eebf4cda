#!/usr/bin/env python3
"""Whether the same images give the same emission measures in the forms in which astropy and sunpy hand them over.

    python3.12 -m venv venv && venv/bin/pip install "sunpy[map]==8.0.1" astropy==8.0.2 reproject
    cargo build --release --example emission
    venv/bin/python scripts/inputs_beside_sunpy.py target/release/examples/emission FLARE...

FLARE: level 1 images of six channels at one time, not aligned. Shown, one line each:

- plain, packed by gzip and compressed by RICE: the same bits
- divided by the exposure by sunpy, `m / m.exposure_time`: within 1e-6
- level 1 as it is: refused, and the same with --align is the measure for what follows
- prepped (turned, scaled and centred as aiapy's `register` does): with --align, totals of the bands within 3 %
- reprojected to the first image by sunpy: without alignment, totals of the bands within 3 %
"""

import gzip
import pathlib
import subprocess
import sys
import tempfile
import warnings

import astropy.units as u
import numpy as np
import sunpy.map
from astropy.io import fits

OPTIONS = ["--bins", "20", "--backend", "cpu", "--precision", "double", "--saturation", "keep", "--any-time"]
wrong = 0


def say(what, is_right):
    global wrong
    wrong += not is_right
    print(f"{what}: {'ok' if is_right else 'WRONG'}")


def emission(program, files, out, *options):
    command = [program, *map(str, files), *OPTIONS, "--force", "--out", str(out), *options]
    return subprocess.run(command, capture_output=True, text=True)


def cubes(program, files, out, *options):
    found = emission(program, files, out, *options)
    if found.returncode:
        sys.exit(found.stderr)
    with fits.open(pathlib.Path(out) / "emission.fits") as file:
        return {hdu.name: np.array(hdu.data) for hdu in file[1:]}


def totals(first, other, edge):
    """Sums of the bands of two results where both have numbers, away from the edges, and their ratio."""
    a, b = (cube["BANDS"][:, edge:-edge, edge:-edge] for cube in (first, other))
    both = np.isfinite(a).all(0) & np.isfinite(b).all(0)
    assert both.mean() > 0.5, both.mean()
    return b[:, both].sum(1) / a[:, both].sum(1)


def main():
    program, *names = sys.argv[1:]
    warnings.simplefilter("ignore")
    maps = [sunpy.map.Map(name) for name in names]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        # Whole numbers, as JSOC has them, in three forms.
        forms = {"plain": [], "gzip": [], "rice": []}
        for i, m in enumerate(maps):
            data = np.round(np.nan_to_num(m.data)).astype(np.int32)
            header = fits.Header({k: v for k, v in m.fits_header.items() if k not in ("", "BLANK", "COMMENT", "HISTORY", "BZERO", "BSCALE")})
            plain, packed, rice = (folder / f"{i}{end}" for end in (".fits", "_packed.fits.gz", "_rice.fits"))
            fits.PrimaryHDU(data, header).writeto(plain)
            packed.write_bytes(gzip.compress(plain.read_bytes()))
            fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(data, header, compression_type="RICE_1")]).writeto(rice)
            for kind, path in zip(forms, (plain, packed, rice)):
                forms[kind].append(path)
        found = {kind: cubes(program, files, folder / "out", "--unaligned") for kind, files in forms.items()}
        for kind in ("gzip", "rice"):
            same = all(found[kind][name].tobytes() == data.tobytes() for name, data in found["plain"].items())
            say(f"{kind}: the bits of plain files", same)

        divided = []
        for i, m in enumerate(maps):
            divided.append(folder / f"divided_{i}.fits")
            (m / m.exposure_time).save(divided[-1])
        first = cubes(program, names, folder / "out", "--unaligned")
        other = cubes(program, divided, folder / "out", "--unaligned")
        a, b = first["EMISSION"], other["EMISSION"]
        largest = np.nanmax(np.abs(a), axis=0)
        far = np.nanmax(np.abs(a - b) / largest)
        say(f"divided by sunpy: {far:.1e} of a pixel's largest", far < 1e-6)

        refused = emission(program, names, folder / "refused")
        say(f"level 1, not aligned: exit code {refused.returncode}, {refused.stderr.splitlines()[-1][:150]!r}",
            refused.returncode == 2 and "--align" in refused.stderr)
        aligned = cubes(program, names, folder / "out", "--align")

        prepped = []
        for i, m in enumerate(maps):
            scale = (m.scale[0] / (0.6 * u.arcsec / u.pix)).decompose().value
            turned = m.rotate(recenter=False, scale=scale, order=3, missing=np.nan, method="scipy")
            prepped.append(folder / f"prepped_{i}.fits")
            turned.save(prepped[-1])
        onto_level_1 = cubes(program, [names[0], *prepped[1:]], folder / "out", "--align")
        ratio = totals(aligned, onto_level_1, 6)
        say(f"prepped, --align: totals of the bands {np.round(ratio, 3)} of those of level 1", np.abs(ratio - 1).max() < 0.03)

        reprojected = [names[0]]
        for i, m in enumerate(maps[1:]):
            reprojected.append(folder / f"reprojected_{i}.fits")
            m.reproject_to(maps[0].wcs, algorithm="interpolation", order="bicubic").save(reprojected[-1])
        channels = ",".join(f"{m.wavelength.to_value('angstrom'):.0f}" for m in maps)
        exposures = ",".join(str(m.exposure_time.to_value("s")) for m in maps)
        other = cubes(program, reprojected, folder / "out", "--channel", channels, "--exposure", exposures, "--unit", "DN")
        ratio = totals(aligned, other, 6)
        say(f"reprojected by sunpy: totals of the bands {np.round(ratio, 3)} of those of --align", np.abs(ratio - 1).max() < 0.03)
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
