#!/usr/bin/env python3
"""The rasters of a run in QGIS: each is opened as a user opens it, and must be shown as its style means it.

    terrain_change A.laz B.laz --rasters before,after,count-before,count-after,significant,status --out OUT
    QT_QPA_PLATFORM=offscreen python3 scripts/results_in_qgis.py OUT [PICTURES]        (needs QGIS 3 with its Python)

For every OUT/*.tif: QGIS finds the style beside it by itself; the renderer, its breaks, colours and labels are those that the program wrote
beside the raster; the pixels that QGIS draws have the colour that their value has in the style, and no-data is transparent; and the legend has the labels.
With PICTURES, a picture of each with its legend is written there to look at. Prints a line a raster; the exit code is 1 where one is wrong.
"""

import math
import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.append("/usr/share/qgis/python")

from qgis.core import (  # noqa: E402
    Qgis,
    QgsApplication,
    QgsLayerTree,
    QgsLayerTreeModel,
    QgsLegendRenderer,
    QgsLegendSettings,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsRasterLayer,
    QgsRenderContext,
)
from qgis.PyQt.QtCore import QSize, Qt  # noqa: E402
from qgis.PyQt.QtGui import QColor, QImage, QPainter  # noqa: E402

# Loss, nothing, gain; light to dark.
DIVERGING = "#960320 #c43e3a #e17a62 #f3b8a0 #eceae8 #a8c3e0 #6e98d0 #4169b8 #223a94".split()
RISING = "#ffffcc #a1dab4 #41b6c4 #2c7fb8 #253494".split()
STATUSES = 10
UNITS = {"count_before": "", "count_after": ""}
SIZE = 400


def require(is_so, what):
    if not is_so:
        raise AssertionError(what)


def values_of(layer):
    """Its values row by row, NaN where there is no data."""
    provider = layer.dataProvider()
    block = provider.block(1, layer.extent(), layer.width(), layer.height())
    nan = math.nan
    return [
        [nan if block.isNoData(row, column) else block.value(row, column) for column in range(layer.width())]
        for row in range(layer.height())
    ]


def drawn(layer):
    """What its renderer makes of each cell."""
    block = layer.renderer().block(1, layer.extent(), layer.width(), layer.height(), None)
    return [[QColor.fromRgba(block.color(row, column)) for column in range(layer.width())] for row in range(layer.height())]


def between(items, value):
    """The colour of a value on a ramp."""
    value = min(max(value, items[0].value), items[-1].value)
    for low, high in zip(items, items[1:]):
        if value <= high.value:
            share = (value - low.value) / (high.value - low.value)
            parts = zip(low.color.getRgb()[:3], high.color.getRgb()[:3])
            return [a + share * (b - a) for a, b in parts]
    return None


def check_ramp(name, renderer, values):
    shader = renderer.shader().rasterShaderFunction()
    items = shader.colorRampItemList()
    diverging = name in ("dod", "dod_significant")
    colours = DIVERGING if diverging else RISING
    require([item.color.name() for item in items] == colours, f"colours {[item.color.name() for item in items]}")
    require(shader.colorRampType() == shader.Interpolated and not shader.clip(), "values between breaks are interpolated, none is cut off")
    steps = [b.value - a.value for a, b in zip(items, items[1:])]
    require(max(steps) - min(steps) < 1e-9 * max(map(abs, steps)) and steps[0] > 0, f"even breaks: {steps}")
    low, high = items[0].value, items[-1].value
    there = [value for row in values for value in row if not math.isnan(value)]
    if diverging:
        require(abs(low + high) < 1e-12 and items[4].value == 0, f"white is no change: {low} to {high}")
    elif name.startswith("count"):
        require(low == 0 and high >= max(there), f"from no point to most: {low} to {high}")
        require(all(item.value == int(item.label) for item in items), "whole points")
    elif name in ("before", "after"):
        require(abs(low - min(there)) < 1e-6 * high and abs(high - max(there)) < 1e-6 * high, f"the heights that there are: {low} to {high}")
    unit = UNITS.get(name, " m")
    for item in items:
        require(item.label.endswith(unit), f"label {item.label!r} lacks its unit")
        number = float(item.label.removesuffix(unit))
        require(abs(number - item.value) <= max(0.005, 0.005 * abs(high - low)), f"label {item.label!r} of {item.value}")
    labels = [item.label for item in items]
    require(len(set(labels)) == len(labels), f"labels that are one: {labels}")
    return items, lambda value: between(items, value)


def check_statuses(renderer, values):
    classes = renderer.classes()
    require([entry.value for entry in classes] == list(range(STATUSES)), f"classes {[entry.value for entry in classes]}")
    colours = {entry.value: entry.color.getRgb()[:3] for entry in classes}
    require(len(set(colours.values())) == STATUSES, f"one colour for several statuses: {colours}")
    for entry in classes:
        require(entry.label.startswith(f"{entry.value:.0f}: ") and len(entry.label) > 5, f"label {entry.label!r}")
    return classes, lambda value: colours.get(value)


def legend_of(layer):
    """The labels of its legend, and its picture."""
    root = QgsLayerTree()
    tree = root.addLayer(layer)
    model = QgsLayerTreeModel(root)
    labels = [node.data(Qt.DisplayRole) for node in model.layerLegendNodes(tree)]
    legend = QgsLegendRenderer(model, QgsLegendSettings())
    image = QImage(QSize(SIZE, SIZE), QImage.Format_ARGB32)
    image.setDotsPerMeterX(3780)
    image.setDotsPerMeterY(3780)
    image.fill(Qt.white)
    painter = QPainter(image)
    painter.scale(1.9, 1.9)
    context = QgsRenderContext.fromQPainter(painter)
    context.setScaleFactor(3.78)
    legend.drawLegend(painter)
    painter.end()
    return labels, image


def map_of(layer):
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setOutputSize(QSize(SIZE, SIZE))
    settings.setExtent(layer.extent())
    settings.setDestinationCrs(layer.crs())
    settings.setBackgroundColor(QColor(255, 0, 255))  # nothing of a style is magenta: it shows where there is no data
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    return job.renderedImage()


def check(path, pictures):
    layer = QgsRasterLayer(str(path), path.stem)
    require(layer.isValid(), "QGIS does not open it")
    require(path.with_suffix(".qml").exists(), "there is no style beside it")
    values, name = values_of(layer), path.stem
    kind = layer.renderer().type()
    if name == "dod_status":
        require(kind == "paletted", f"renderer {kind}")
        entries, colour_of = check_statuses(layer.renderer(), values)
    else:
        require(kind == "singlebandpseudocolor", f"renderer {kind}")
        entries, colour_of = check_ramp(name, layer.renderer(), values)
    for row, colours in zip(values, drawn(layer)):
        for value, colour in zip(row, colours):
            if math.isnan(value):
                require(colour.alpha() == 0, "no-data is drawn")
                continue
            meant = colour_of(value)
            require(meant is not None, f"{value} has no colour")
            off = max(abs(a - b) for a, b in zip(meant, colour.getRgb()[:3]))
            require(colour.alpha() == 255 and off <= 1.01, f"{value} is drawn as {colour.name()}, meant as {meant}")
    labels, legend = legend_of(layer)
    wanted = {entry.label for entry in entries}
    require(wanted <= set(labels), f"the legend has {labels}")
    if pictures:
        image = QImage(QSize(2 * SIZE, SIZE), QImage.Format_ARGB32)
        image.fill(Qt.white)
        painter = QPainter(image)
        painter.drawImage(0, 0, map_of(layer))
        painter.drawImage(SIZE + 10, 0, legend)
        painter.end()
        image.save(str(pictures / f"{path.stem}.png"))
    return f"{kind}, {entries[0].label} to {entries[-1].label}, {layer.crs().authid() or 'no system'}"


def main():
    folder = Path(sys.argv[1])
    pictures = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    application = QgsApplication([], False)
    application.initQgis()
    rasters, wrong = sorted(folder.glob("*.tif")), 0
    for path in rasters:
        try:
            print(f"ok     {path.name}: {check(path, pictures)}")
        except AssertionError as error:
            wrong += 1
            print(f"WRONG  {path.name}: {error}")
    print(f"QGIS {Qgis.QGIS_VERSION}: {len(rasters) - wrong} of {len(rasters)} rasters are shown as meant")
    application.exitQgis()
    sys.exit(1 if wrong or not rasters else 0)


if __name__ == "__main__":
    main()
