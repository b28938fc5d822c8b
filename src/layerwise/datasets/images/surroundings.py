"""What is around the digit on a picture: a desk, which is taken away, or hardly any paper, which is added.

Both show in the histogram: the picture has two shades, and the rarer one is far from rare. Otsu's threshold [1]_
parts them; which of them is ink, the frame of the picture tells.

References
----------
.. [1] N. Otsu, "A threshold selection method from gray-level histograms", IEEE Transactions on Systems, Man, and
   Cybernetics 9 (1979), 62–66.
"""

from __future__ import annotations

import numpy as np

from layerwise.datasets.images.pixels import connected_parts, enlarge, frame, quantile, reduce, thicken
from layerwise.typing import Array

SHEET_SIDE = 128  # a sheet is told from a desk on a reduction of this size
TWO_SHADES = 0.8  # of the variance is between two shades: of a desk and a sheet, or of much ink and paper
DESK = 0.3  # of the picture's frame, at least: a digit that runs to the edge covers less
RECTANGLE = 0.85  # a sheet fills this share of the rectangle around it; an ellipse does not
MUCH_INK = 0.15  # of a picture: more than leaves wide margins


def drop_desk(grey: Array) -> tuple[Array, int, int]:
    """Return the sheet of paper alone, if what is around it is as dark (or as light) as the ink on it.

    With it, the row and the column that it begins at; the picture itself, and zeros, if there is no desk.
    """
    small = reduce(grey, SHEET_SIDE)
    light, clearness = _two_shades(small)
    for desk in (~light, light) if clearness > TWO_SHADES else ():
        parts = connected_parts(desk)
        around = desk & np.isin(parts, frame(parts))
        parts = connected_parts(~around)
        sheet = parts == np.bincount(parts[~around]).argmax()
        ink = desk[sheet].mean()
        edged = thicken(~sheet, 2.5)  # with the blurred edge of the sheet
        if (
            frame(around).mean() > DESK
            and edged.mean() < 0.8
            and 0.002 < ink < 0.3
            and _rectangularity(sheet) > RECTANGLE
        ):
            beyond = enlarge(edged, -(-max(grey.shape) // SHEET_SIDE), grey.shape)
            rows, columns = (np.flatnonzero(~beyond.all(axis=other)) for other in (1, 0))
            flat = np.where(beyond, quantile(small[sheet], 0.5), grey)
            return flat[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], int(rows[0]), int(columns[0])
    return grey, 0, 0


def complete_margin(grey: Array) -> tuple[Array, int]:
    """Return the picture with paper added on all sides, if it was cut so tightly that ink covers much of it.

    With it, how many pixels of paper were added on each side.
    """
    light, clearness = _two_shades(grey)
    ink = ~light if light.mean() < frame(light).mean() else light  # there is less of it on the frame than within
    shadow = frame(ink).mean() > 0.8 * ink.mean() and grey.shape[0] < 2.2 * grey.shape[1]  # and no upright 1
    if clearness < TWO_SHADES or not MUCH_INK < ink.mean() < 1 - MUCH_INK or shadow:
        return grey, 0
    margin = max(grey.shape) // 4
    return np.pad(grey, margin, constant_values=quantile(grey[~ink], 0.5)), margin


def _two_shades(grey: Array) -> tuple[Array, float]:
    """Return the light side of Otsu's threshold [1]_, and how much of the variance is between the two sides."""
    count = np.bincount(grey.astype(np.uint8).ravel(), minlength=256)
    dark, total = np.cumsum(count), np.cumsum(count * np.arange(256.0))
    between = (total[-1] / grey.size * dark - total) ** 2 / np.maximum(dark * (grey.size - dark), 1)
    threshold = int(between.argmax())
    return np.asarray(grey >= threshold + 1), float(between[threshold] / max(grey.var(), 1e-9))


def _rectangularity(mask: Array) -> float:
    """Return its share of the smallest rectangle around it, upright or turned."""
    angle = np.deg2rad(np.arange(0, 90, 3))
    turns = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    sides = np.ptp(np.tensordot(np.argwhere(mask), turns, 1), axis=0) + 1
    return float(mask.sum() / sides.prod(axis=0).min())
