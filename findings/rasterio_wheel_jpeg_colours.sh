#!/bin/sh
# rasterio 1.4.4 (wheel, GDAL 3.10.3): colours of JPEG at half the resolution (4:2:0) are read as IJG's libjpeg 9 enlarges them, not as libjpeg-turbo does.
#
# The wheel brings libjpeg.so.9. From version 7 on, IJG's library enlarges the two colour channels by a larger inverse transform of each block, where libjpeg-turbo (and
# libjpeg 6b) interpolate between the samples. The pictures differ most in the pixels on both sides of the borders of 16 × 16 pixels, where the transform of a
# block knows nothing of the next one. GDAL of most distributions is linked with libjpeg-turbo, so the same file has other values there than in the wheel, and values
# of Pillow, OpenCV and browsers are those of libjpeg-turbo. Files without colours at half the resolution differ by rounding alone. An overview of a JPEG GeoTIFF
# shows it more than the image, because colours change more from pixel to pixel.
#
# Seen: "4:2:0: 12 levels at most, 2.3 on average beside borders of 16 pixels, 1.0 elsewhere; 4:4:4: 1 at most" (libjpeg.so.9.6.0 beside libjpeg-turbo 3.2.0).
# Exit code 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install rasterio==1.4.4 pillow==13.0.0 numpy==2.3.5
cd "$folder"
cat > finding.py <<'PYTHON'
import pathlib, sys, warnings
import numpy as np
import rasterio
from PIL import Image, features

warnings.simplefilter("ignore")
libraries = [file.name for file in (pathlib.Path(rasterio.__file__).parent.parent / "rasterio.libs").glob("libjpeg*")]
print(f"rasterio {rasterio.__version__}, GDAL {rasterio.__gdal_version__}, {libraries}; libjpeg-turbo {features.version('libjpeg_turbo')}")
rows, columns = np.mgrid[:96, :96]
waves = np.stack([np.sin(columns / 4.5 + band) + np.cos(rows / 3.5 - band) for band in range(3)], axis=-1)
picture = Image.fromarray((127.5 + 60 * waves).clip(0, 255).astype("u1"))


def differences(subsampling):
    picture.save("a.jpg", quality=90, subsampling=subsampling)
    with rasterio.open("a.jpg") as file:
        read = np.moveaxis(file.read(), 0, 2).astype(int)
    return np.abs(read - np.asarray(Image.open("a.jpg").convert("RGB")).astype(int))


half, whole = differences("4:2:0"), differences("4:4:4")
is_border = lambda at: (at % 16 == 0) | (at % 16 == 15)
beside = is_border(rows) | is_border(columns)
print(f"4:2:0: {half.max()} levels at most, {half[beside].mean():.1f} on average beside borders of 16 pixels, {half[~beside].mean():.1f} elsewhere; 4:4:4: {whole.max()} at most")
sys.exit(0 if half.max() > 5 and half[beside].mean() > 2 * half[~beside].mean() and whole.max() <= 2 else 1)
PYTHON
"$folder/venv/bin/python" finding.py
