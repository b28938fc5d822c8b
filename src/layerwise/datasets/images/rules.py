"""Straight lines that span a picture: those of ruled paper, of a form's boxes, of a table.

A line is looked for in a mask of ink, at each of a few slopes, in the numbers of ink pixels along parallel lines: one
that spans the picture stands out. It is taken away run by run, as from the staves of printed music [1]_: where ink runs
across the line for no longer than the line is thick, it is the line; where it runs on, a stroke crosses it and stays.

References
----------
.. [1] C. Dalitz, M. Droettboom, B. Pranzas, I. Fujinaga, "A comparative study of staff removal algorithms", IEEE
   Transactions on Pattern Analysis and Machine Intelligence 30 (2008), 753–766.
"""

from __future__ import annotations

import numpy as np

from layerwise.datasets.images.pixels import run_lengths
from layerwise.typing import Array

SLOPES = np.linspace(-0.12, 0.12, 25)
SPAN = 0.8  # of the picture's side
MOST = 40  # lines in a direction
THICKEST = 0.04  # of the picture's side


def rules(ink: Array) -> Array:
    """Return a mask of the straight lines in a mask of ink that span the picture, without the strokes across them."""
    return np.asarray(_horizontal(ink) | _horizontal(ink.T).T)


def _horizontal(ink: Array) -> Array:
    height, width = ink.shape
    found = np.zeros_like(ink)
    y, x = np.nonzero(ink)
    if len(y) < SPAN * width or len(y) > 0.5 * ink.size:
        return found
    drops = np.rint(SLOPES[:, None] * (x - width / 2)).astype(np.intp)
    reach = int(np.abs(drops).max()) + 3
    bins = height + 2 * reach
    place = y - drops + reach + bins * np.arange(len(SLOPES))[:, None]  # of each pixel, at each slope
    thick = run_lengths(ink.T).T[y, x]  # of the ink from above to below
    left = np.ones(len(y), bool)
    most_thick = max(2.0, THICKEST * height)
    for _ in range(MOST):
        count = np.bincount(place[:, left].ravel(), minlength=bins * len(SLOPES)).reshape(-1, bins)
        slope, at = np.unravel_index(count.argmax(), count.shape)
        peak = count[slope, at]
        if peak < SPAN * width:
            break
        rows = count[slope]
        top, bottom = at, at
        while top > 0 and rows[top - 1] > 0.3 * peak:
            top -= 1
        while bottom < bins - 1 and rows[bottom + 1] > 0.3 * peak:
            bottom += 1
        distance = place[slope] - bins * slope
        on = left & (distance >= top - 1) & (distance <= bottom + 1)
        left &= ~on
        thickness = bottom - top + 1
        if thickness <= most_thick:
            line = on & (thick <= thickness + 2)
            found[y[line], x[line]] = True
    return found
